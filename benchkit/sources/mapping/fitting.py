"""Which of the formats that benchkit knows files are of, by the columns that each cannot do without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from benchkit.errors import BenchkitError
from benchkit.schema import MESSAGES
from benchkit.sources.mapping.cells import Cell
from benchkit.sources.mapping.mapping import Mapping, shipped_names
from benchkit.sources.raw import open_apart
from benchkit.sources.raw.files import find_files

Needs = frozenset[frozenset[str]]
"""For each cell, the columns of which one must be there."""

LOOKED_AT_BYTES = 2**28
"""Of more than that, nobody waits to be told that it is another format."""

_OF_APIS = {
    "zendesk": (
        "id requester_id status created_at via.channel",
        "id ticket_id author_id created_at events[].type",
        "id ticket_id timestamp child_events[].event_type",
    ),
    "chatwoot": (
        "id inbox_id status created_at meta.channel",
        "id conversation_id inbox_id message_type private created_at",
    ),
}
"""What the records of formats without a mapping have, by the kind of the record."""


def fitting(names: Iterable[str]) -> list[tuple[str, int, int]]:
    """The formats of which half or more is there, best first: how much of what they need, of how much.

    >>> fitting(["tweet_id", "author_id", "inbound", "created_at", "text"])
    [('twcs', 5, 6)]
    """
    there = {re.sub(r"\[[0-9]+\]", "[]", name) for name in names}
    found = [(name, sum(bool(there & some) for some in needs), len(needs)) for name, needs in _needs()]
    likely = [(name, n_there, n) for name, n_there, n in found if 2 * n_there >= n and n_there > 2]
    return sorted(likely, key=lambda one: (-one[1] / one[2], -one[1], one[0]))


def formats_of(names: Sequence[str]) -> list[str]:
    """The formats that have all they need in these columns: those that need most of them.

    >>> formats_of(MESSAGES.columns)
    ['messages']

    Where no record has it, the elements of its lists are looked at.
    """
    whole = [(name, n) for name, n_there, n in fitting(names) if n_there == n]
    if not whole:
        inside = {name.partition("[].")[0] for name in names if "[]." in name}
        lists = [
            [name.removeprefix(f"{each}[].") for name in names if name.startswith(f"{each}[].")]
            for each in inside
        ]
        return sorted({name for some in lists for name in formats_of(some)})
    return sorted({name for name, n in whole if n == max(n for _, n in whole)})


def other_format(asked: str, path: str | Path | Sequence[str | Path]) -> str:
    """The one format other than the one asked for whose columns files have; "" where none or several are."""
    try:
        if sum(each.origin.stat().st_size for each in find_files(path)) > LOOKED_AT_BYTES:
            return ""
        found = {name for kind in open_apart(path) for name in formats_of(kind.raw.names)}
    except (BenchkitError, OSError):
        return ""
    return found.pop() if len(found) == 1 and asked not in found else ""


@cache
def _needs() -> list[tuple[str, Needs]]:
    from benchkit.sources.twcs import COLUMNS

    plain = [("messages", MESSAGES.columns), ("twcs", COLUMNS)]
    plain += [(name, kind.split()) for name, kinds in _OF_APIS.items() for kind in kinds]
    needs = [(name, frozenset(frozenset({column}) for column in columns)) for name, columns in plain]
    return needs + [(name, some) for name in shipped_names() for some in _needs_of(Mapping.shipped(name))]


def _needs_of(mapping: Mapping) -> Iterator[Needs]:
    """What each kind of its files must have."""
    others = tuple(f"{file.name}." for file in mapping.files)
    for of in [file.name for file in mapping.files if not file.optional] or [""]:
        turns = [turn for turn in mapping.turns if turn.of == of and not turn.optional]
        asked = [
            (turn.each, some)
            for turn in turns
            for cell in (*mapping.cells_of(turn).values(), *(condition.cell for condition in turn.only))
            for some in _asked(cell)
        ]
        yield frozenset(
            frozenset(re.sub(r"\[[0-9]+\]", "[]", _of_record(name, each)) for name in some)
            for each, some in asked
            if not any(name.startswith(others) for name in some)
        )


def _asked(cell: Cell) -> Iterator[tuple[str, ...]]:
    """The columns that a cell cannot do without; of several in one place, one is enough."""
    if cell.optional or cell.given:
        return
    if cell.column:
        yield cell.column
    for name in (*cell.join, *cell.same):
        yield (name,)
    if cell.after:
        yield from _asked(cell.after)


def _of_record(name: str, each: str) -> str:
    return f"{each}[]{name}" if name.startswith(".") else name
