"""A sketch of an export as the text of a mapping: each guess with its reason, each doubt as a question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from textwrap import wrap

from benchkit.errors import show
from benchkit.sources.mapping.draft import CARRIED, MOMENTS, UNKNOWN, WIDE, Sketch
from benchkit.sources.mapping.draft_words import plain
from benchkit.sources.mapping.questions import MARK
from benchkit.sources.values.columns import Column

BY_NAME, BY_VALUES = "by its name", "by its values"
_UNITS = {
    "seconds": "s sec secs second seconds sekunden secondes segundos secondi seconden",
    "minutes": "m min mins minute minutes minuten minutos minuti",
    "hours": "h hr hrs hour hours std stunde stunden heures horas ore uur",
}
_WIDTH = 100
_BINDING = "\N{NO-BREAK SPACE}"


def draft(guess: Sketch) -> str:
    """The text of a mapping in TOML, with a comment on every guess.

    No text and no id of anybody is in it: only names of columns, and the words of the one
    column that says who spoke or what happened.
    """
    rows = _wide(guess) if guess.shape == WIDE else _rows(guess)
    lines = chain(_head(guess), [""], _every(guess), [""], rows, [""], _unused(guess))
    return "\n".join(lines) + "\n"


def _head(guess: Sketch) -> Iterator[str]:
    yield from _comment(
        f"A draft by `benchkit map`, of {len(guess.columns):,} columns: {guess.summary}. "
        "Every guess says why."
    )
    yield f"# A comment {MARK} is a question: settle it and delete its mark; nothing is read before that."
    yield f"name = {_quoted(guess.name)}"
    used = [guess.columns[name] for name in guess.roles.values()]
    if any(column.forms and not column.is_zoned for column in used):
        yield (
            f'timezone = "UTC"  {MARK} the times name no time zone: '
            'say which one its clock shows, such as "Europe/Berlin"'
        )
    yield "version = 1"
    if guess.records:
        yield from ("", "[read]", f"records = {_quoted(guess.records)}")


def _every(guess: Sketch) -> Iterator[str]:
    yield "[every]"
    ids = guess.column("conversation_id")
    if ids is not None:
        yield _named(guess, "conversation_id")
    elif {"message_id", "in_reply_to"} <= set(guess.roles):
        yield "# conversations are found by following replies, as no column names them"
    else:
        yield _line("conversation_id", '"?"', "", "which column says what belongs together?")
    brand, channel = guess.roles.get("brand"), guess.roles.get("channel")
    brand_cell = f'{{ column = {_quoted(brand)}, given = "brand" }}' if brand else '{ given = "brand" }'
    yield _line("brand", brand_cell, BY_NAME if brand else "no column names it: tell it when reading")
    if channel:
        yield _line("channel", _quoted(channel), BY_NAME)
    else:
        yield _line("channel", '{ constant = "unknown" }', "", 'no column names it: say it, such as "chat"')
    if "customer_id" in guess.roles:
        yield _named(guess, "customer_id")
    elif "sender_id" not in guess.roles:
        yield "# customer_id: no column names customers, so each conversation counts as a customer's own"
    for role in CARRIED:
        if role in guess.roles:
            yield _line(role, _quoted(guess.roles[role]), BY_NAME)


def _rows(guess: Sketch) -> Iterator[str]:
    """One block for all rows of a long table or an event log."""
    yield "[[turns]]"
    if guess.each:
        yield _line(
            "each", _quoted(guess.each), "", "is the first message in this list, or in the record itself?"
        )
    yield _line("at", _moment(guess, "time"), *_why(guess, "time"))
    for role in ("message_id", "in_reply_to"):
        if role in guess.roles:
            yield _line(role, _quoted(guess.roles[role]), BY_NAME)
    yield _named(guess, "sender_id") if "sender_id" in guess.roles else _agent(guess)
    if text := guess.roles.get("text"):
        yield _line("text", f"{{ column = {_quoted(text)}, optional = true }}", BY_NAME)
    yield "[turns.kind]"
    kind = guess.column("kind")
    if kind is None:
        yield _line("column", '"?"', "", "which column says whether a customer or an agent wrote?")
        return
    yield _line("column", _quoted(kind.name), "by its words", guess.doubts.get("kind", ""))
    yield "[turns.kind.values]"
    said: dict[str, tuple[str, str]] = {}
    for word, meant in guess.kinds.items():
        said.setdefault(word.strip().lower(), (word, meant))
    for word, meant in said.values():
        doubt = "" if meant else "what is this? customer, agent, bot, closed, assigned ... or ignored"
        yield _line(_quoted(word), _quoted(meant or "ignored"), "", doubt)
    if guess.n_silent:
        yield _line('""', '"ignored"', "", f"{guess.n_silent:,} rows say nothing here")


def _wide(guess: Sketch) -> Iterator[str]:
    """A block for each moment of a wide table."""
    yield "[[turns]]"
    yield 'kind = "customer"'
    yield _line("at", _moment(guess, "created"), *_why(guess, "created"))
    if text := guess.roles.get("text"):
        yield _line("text", f"{{ column = {_quoted(text)}, optional = true }}", BY_NAME)
    for role, kind in MOMENTS.items():
        column = guess.column(role)
        if column is None:
            if role == "first_reply":
                yield ""
                yield f"{MARK} no column says when an agent first replied: nothing counts as answered"
            continue
        yield ""
        yield "[[turns]]"
        yield _line("kind", _quoted(kind), "an empty value means that it did not happen")
        if column.forms:
            yield _line("at", _moment(guess, role), *_why(guess, role))
        else:
            unit, doubt = _unit(column)
            after = f"after = {_moment(guess, 'created')}, unit = {_quoted(unit)}"
            yield _line(
                "at", f"{{ column = {_quoted(column.name)}, {after} }}", "a duration, by its values", doubt
            )
        if kind != "closed":
            yield _agent(guess)


def _agent(guess: Sketch) -> str:
    if "agent_id" in guess.roles:
        return _named(guess, "agent_id")
    return "# agent_id: no column names who answered, so all replies are one agent's"


def _named(guess: Sketch, role: str) -> str:
    """The line of a column that was found by its name."""
    why = f"{BY_NAME}: customers and agents alike" if role == "sender_id" else BY_NAME
    return _line(role, _quoted(guess.roles[role]), why, guess.doubts.get(role, ""))


def _moment(guess: Sketch, role: str) -> str:
    """The cell of a time."""
    column = guess.column(role)
    if column is None:
        return '"?"'
    if guess.clock and role in ("time", "created"):
        return f"{{ join = [{_quoted(column.name)}, {_quoted(guess.clock)}] }}"
    form = column.forms[0] if len(column.forms) == 1 else _order_of_others(guess)[0]
    if form in ("", "epoch"):
        return _quoted(column.name)
    return f"{{ column = {_quoted(column.name)}, time = {_quoted(form)} }}"


def _order_of_others(guess: Sketch) -> tuple[str, str]:
    """Whether the columns that show it have the day first or the month first, and which one does."""
    shown = {column.order: column.name for column in guess.columns.values() if column.order}
    return next(iter(shown.items())) if len(shown) == 1 else ("", "")


def _why(guess: Sketch, role: str) -> tuple[str, str]:
    """Why a column is taken for a time, and what is in doubt."""
    column = guess.column(role)
    if column is None:
        return "", "which column says when?"
    if len(column.forms) > 1:
        order, other = _order_of_others(guess)
        if order in column.forms:
            return "", f"its values do not show it, but those of {show(other)} have the {order}"
        ways = " or ".join(f"time = {_quoted(form)}" for form in column.forms)
        return "", f"its values can be read in two ways: write {{ column = …, {ways} }}"
    if column.forms[0] not in ("", "epoch"):
        return "by its name", f"are these really times, in the form {column.forms[0]}?"
    others = [
        other.name
        for other in guess.columns.values()
        if other.forms and other.name not in guess.roles.values()
    ]
    if role == "time" and others:
        listed = ", ".join(show(name) for name in others[:3])
        return "", f"by its name; {listed} {'holds' if len(others) == 1 else 'hold'} times too"
    return "by its name and its values", ""


def _unit(column: Column) -> tuple[str, str]:
    words = set(plain(column.name).split())
    named = next((unit for unit, names in _UNITS.items() if words & set(names.split())), "")
    if column.holds == "durations" or (named and column.holds == "numbers"):
        return named or "seconds", ""
    if column.holds == "clock times":
        return named or "hours", "is 4:12 4 hours (hours) or 4 minutes (minutes), or a time of day?"
    return "seconds", "seconds, minutes or hours?"


def _unused(guess: Sketch) -> Iterator[str]:
    used = {*guess.roles.values(), guess.clock}
    rest = [show(name) for name in guess.columns if name not in used]
    if rest:
        yield from _comment("Not used: " + ", ".join(rest))
    if guess.shape == UNKNOWN:
        yield from _comment(
            'Put the names of columns in place of "?"; README says what else a mapping can say.'
        )


def _line(key: str, value: str, why: str = "", doubt: str = "") -> str:
    said = f"{MARK} {doubt}" if doubt else why and f"# {why}"
    return f"{key} = {value}" + (f"  {said}" if said else "")


def _comment(text: str) -> list[str]:
    """Lines of a comment, of which none begins with a question mark and so is taken for a question."""
    bound = text.replace(" ?", f"{_BINDING}?")
    lines = wrap(bound, _WIDTH, break_on_hyphens=False, break_long_words=False)
    return [f"# {line}".replace(_BINDING, " ") for line in lines]


def _quoted(text: str) -> str:
    """Text as TOML writes it.

    >>> _quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
