"""From an export to a Dataset: its turns without what cannot be read, filled from their conversations."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from benchkit.dataset import About, Audit, Dataset
from benchkit.errors import BenchkitError, InputError, show
from benchkit.schema import EVENT_KINDS, EVENTS, RuleError
from benchkit.sources.delimited import UNREADABLE_SHARE, name_of, untimely_rows
from benchkit.sources.mapping.aside import IS_MESSAGE, UNNAMED, Aside
from benchkit.sources.mapping.conversations import with_conversations
from benchkit.sources.mapping.filling import (
    BOOLEANS,
    as_messages,
    brands_own,
    count_subjects,
    first_in_conversation,
    with_actors,
    with_customers,
    with_message_ids,
)
from benchkit.sources.mapping.personal import personal_columns
from benchkit.sources.mapping.turns import Told, read_turns
from benchkit.sources.secrets import is_connection, refuse_uri
from benchkit.times import Moment, newest_time, parse_as_of

if TYPE_CHECKING:
    from benchkit.sources.mapping.mapping import Mapping as ExportMapping
    from benchkit.sources.raw import Raw

ONE_OF_EACH = {"brand": "Acme", "channel": "facebook"}
"""What a conversation has one of, with an example."""

_FURTHER = "messages of a further customer in a conversation, counted as its first one's"
_SUBJECTS = "subject lines not kept, since they are text"


def read(
    mapping: ExportMapping,
    path: str | Path | Sequence[str | Path],
    told: Told,
    *,
    as_of: Moment | None = None,
    name: str = "",
) -> Dataset:
    """Read an export as its mapping says: see `Mapping.read`."""
    said = None if as_of is None else parse_as_of(as_of)
    _refuse_unused(mapping, told)
    raws = _open(mapping, path)
    place = _place(path)
    turns, notes = read_turns(mapping, raws, told, place)
    if not told.keep_text and (n_subjects := count_subjects(turns)):
        turns, notes = turns.drop("topic"), notes | {_SUBJECTS: n_subjects}
    for raw in raws.values():
        notes |= {note: notes.get(note, 0) + count for note, count in raw.notes.items()}
    aside = Aside(
        place,
        (raw.malformed for raw in raws.values()),
        several_files=turns["file"].n_unique() > 1,
    )
    kinds = (mapping.cells_of(turn)["kind"] for turn in mapping.turns)
    turns = _readable(turns, aside, list(dict.fromkeys(name for cell in kinds for name in cell.names)))
    taken_at = said or newest_time(turns["at"])
    turns = aside.keep(turns, "rule", untimely_rows("at", taken_at))
    messages, changes = turns.filter(IS_MESSAGE), turns.filter(~IS_MESSAGE)
    if messages.is_empty():
        raise InputError(
            place, "holds no message from before it was taken; check as_of and what was exported"
        )

    messages = with_message_ids(messages).drop("is_made", "moment", "wording")
    is_repeated = ~pl.col("message_id").is_first_distinct()
    messages = aside.keep(messages, "rule", {"duplicate message_id": is_repeated})
    if "conversation_id" not in messages.columns:
        messages = with_conversations(messages)
        messages = aside.keep(messages, "rule", {"broadcast": pl.col("conversation_id").is_null()})
        if messages.is_empty():
            raise InputError(
                place, "holds no message of a customer, nor an answer to one; check what was exported"
            )
        changes = _with_conversations_of(messages, changes)
    messages = messages.sort("conversation_id", "at", "kind", "message_id")
    for column in ONE_OF_EACH:
        messages = _one_of_each(messages, column, mapping, told, aside)
    messages, further = with_customers(messages, of_conversation="customer_id" in mapping.every)
    events = _events(messages, changes, told, aside)
    of = {turn.of for turn in mapping.turns if turn.of in raws}
    try:
        return Dataset.from_messages(
            as_messages(messages, keep_text=told.keep_text),
            as_of=taken_at,
            about=About(name or _name(mapping, path), selection=mapping.selection or None),
            events=events,
            audit=Audit(
                rows_read=sum(raws[each].n_read for each in of),
                blank_rows=sum(raws[each].n_blank for each in of),
                excluded=aside.excluded,
                notes=notes | ({_FURTHER: further} if further else {}),
            ),
            personal=personal_columns(mapping),
        )
    except RuleError as error:
        raise InputError(place, f"{error}; mend these rows, or the mapping") from None


def _open(mapping: ExportMapping, path: str | Path | Sequence[str | Path]) -> Mapping[str, Raw]:
    for each in [path] if isinstance(path, str | Path) else path:
        refuse_uri(each)
    query = str(mapping.read_as.get("query", ""))
    if is_connection(path) != bool(query):
        raise BenchkitError(
            f"the mapping {show(mapping.name)} reads a database; give env:NAME or uri:FILE in place of a file"
            if query
            else f"the mapping {show(mapping.name)} has no query to ask a database; add it under [read]"
        )
    if is_connection(path):
        from benchkit.sources.raw.queries import open_query

        return {"": open_query(path, query)}
    from benchkit.sources.raw import open_raw

    return open_raw(path, {each.name: each.like for each in mapping.files}, mapping.read_as)


def _place(path: str | Path | Sequence[str | Path]) -> Path:
    """The first of the paths, to name in messages."""
    if isinstance(path, str | Path):
        return Path(path)
    return Path(next(iter(path), "nothing"))


def _name(mapping: ExportMapping, path: str | Path | Sequence[str | Path]) -> str:
    """What the data are called: as their file, or as the mapping where that is not one of a name."""
    if isinstance(path, str | Path) and not re.search(r"[*?\[\]:]", Path(path).name):
        return name_of(path) or mapping.name
    return mapping.name


def _refuse_unused(mapping: ExportMapping, told: Told) -> None:
    for option in ONE_OF_EACH:
        cells = [cells[option] for turn in mapping.turns if option in (cells := mapping.cells_of(turn))]
        value = getattr(told, option)
        if value and cells and all(cell.given != option for cell in cells):
            raise BenchkitError(
                f"the mapping {show(mapping.name)} takes {option} from the export; leave {option} out, "
                f'or add given = "{option}" to its cell'
            )


def _readable(turns: pl.DataFrame, aside: Aside, kinds: Collection[str]) -> pl.DataFrame:
    """The turns that have what every turn must have; `kinds` are the columns that say what they are."""
    is_nameless = pl.col("message_id").is_null() if "message_id" in turns.columns else pl.lit(False)
    has_none = pl.col("conversation_id").is_null() if "conversation_id" in turns.columns else pl.lit(False)
    answers = IS_MESSAGE & pl.col("needs_reply").is_not_null()
    is_no_answer = answers & ~pl.col("needs_reply").str.to_lowercase().is_in(list(BOOLEANS))
    if "needs_reply" not in turns.columns:
        answers = is_no_answer = pl.lit(False)
    n_answers, n_others = turns.select(answers.sum().alias("n"), is_no_answer.sum().alias("others")).row(0)
    if n_others > UNREADABLE_SHARE * n_answers:
        raise InputError(
            aside.path,
            f"{n_others:,} of {n_answers:,} values of needs_reply are neither yes nor no; "
            "name another column, or say which of its words is which, as values",
        )
    reasons = {
        UNNAMED: pl.col("kind").is_null(),
        "an empty conversation_id": has_none,
        "an empty message_id": IS_MESSAGE & is_nameless & ~pl.col("is_made"),
        "a needs_reply that is neither yes nor no": is_no_answer,
    }
    first = pl.coalesce(pl.when(test).then(pl.lit(why)) for why, test in reasons.items())
    unnamed = turns.filter(pl.col("kind").is_null())["said"]
    n_turns = turns.height + sum(part.height for part in aside.parts)
    kept = aside.keep(turns, "unreadable", pl.coalesce(first, "why"))
    aside.refuse_unreadable(n_turns, unnamed, kinds)
    return kept.drop("why", "said").with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("message_id",) if name not in turns.columns
    )


def _one_of_each(
    messages: pl.DataFrame, column: str, mapping: ExportMapping, told: Told, aside: Aside
) -> pl.DataFrame:
    """Messages with the one brand, or channel, of their conversation, or else the one that was told."""
    given = pl.lit(getattr(told, column) or None, pl.String)
    if column not in messages.columns:
        messages = messages.with_columns(pl.lit(None, pl.String).alias(column))
    first = first_in_conversation(messages, column)
    other = {f"another {column} than its conversation began with": pl.col(column) != first}
    n_messages = messages.height
    messages = aside.keep(messages.with_columns(first.alias("(first)")), "rule", other)
    if messages.height < (1 - UNREADABLE_SHARE) * n_messages:
        raise InputError(
            aside.path,
            f"{n_messages - messages.height:,} of {n_messages:,} messages are of another {column} than their "
            f"conversation began with; make conversation_id of the thread and the {column}",
        )
    filled = messages.with_columns(pl.coalesce("(first)", given).alias(column)).drop("(first)")
    if filled[column].null_count() > UNREADABLE_SHARE * filled.height:
        raise BenchkitError(
            f"{filled[column].null_count():,} of {filled.height:,} messages in {show(aside.path)} do not say "
            f"their {column}; tell it, such as --{column} {ONE_OF_EACH[column]} "
            f'({column}="{ONE_OF_EACH[column]}" in Python)'
        )
    return aside.keep(filled, "unreadable", {f"an empty {column}": pl.col(column).is_null()})


def _with_conversations_of(messages: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Changes with the conversation of the message that they are about."""
    known = messages.select(pl.col("message_id").alias("in_reply_to"), "conversation_id")
    return changes.join(known, on="in_reply_to", how="left", maintain_order="left")


def _events(messages: pl.DataFrame, changes: pl.DataFrame, told: Told, aside: Aside) -> pl.DataFrame | None:
    if changes.is_empty():
        return None
    changes = aside.keep(
        changes, "rule", {"an event of no message that is there": pl.col("conversation_id").is_null()}
    )
    changes = with_actors(changes, messages)
    key = pl.struct("conversation_id", "at", "kind", "actor_id")
    changes = aside.keep(changes, "rule", {"duplicate event": ~key.is_first_distinct()})
    brands = messages.select("conversation_id", pl.col("brand").alias("(brand)"))
    of_brand = changes.join(
        brands.unique("conversation_id", keep="any"), on="conversation_id", how="left", maintain_order="left"
    )
    own = [pl.col("brand")] if "brand" in changes.columns else []
    brand = pl.coalesce("(brand)", *own, pl.lit(told.brand or None, pl.String))
    prefixed = pl.coalesce(brands_own(brand, pl.col("actor_id")), "actor_id")
    return (
        of_brand.select(
            "conversation_id",
            "at",
            pl.col("kind").cast(pl.String).cast(pl.Enum(EVENT_KINDS)),
            pl.when("is_brands").then(prefixed).otherwise("actor_id").alias("actor_id"),
        )
        .cast(pl.Schema(EVENTS.all_columns))
        .sort("conversation_id", "at", "kind")
    )
