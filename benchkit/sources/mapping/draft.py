"""A first mapping of an unknown export: what each column seems to be, by its name and its values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from benchkit.schema import DIMENSIONS, EVENT_KINDS
from benchkit.sources.delimited import name_of
from benchkit.sources.mapping.aggregates import refuse_aggregates
from benchkit.sources.mapping.draft_persons import (
    apart,
    best,
    doubts_of,
    is_name,
    is_of_person,
    persons,
)
from benchkit.sources.mapping.draft_words import kinds_of, likeness
from benchkit.sources.values.columns import Column, look_at
from benchkit.sources.values.forms import stripped

if TYPE_CHECKING:
    from benchkit.sources.raw import Raw

LONG, EVENT_LOG, WIDE, UNKNOWN = "long", "event log", "wide", "unknown"
SHAPES = {
    LONG: "a long table: a row for each message",
    EVENT_LOG: "an event log: a row for each thing that happened",
    WIDE: "a wide table: a row for each conversation",
    UNKNOWN: "a table of which something is still to be said",
}
"""What a file may be, in words."""

MOMENTS = {"first_reply": "agent", "assigned": "assigned", "closed": "closed", "reopened": "reopened"}
"""The further columns of a wide table that are turns, and of what kind."""

_NEEDED = {
    "conversation_id": "what belongs to one conversation",
    "time": "when",
    "kind": "who wrote, a customer or an agent (or when it was answered, with a row for each conversation)",
}
"""What a file must say to be read, by role."""

_UNASKABLE = re.compile(r"\.|\*$|\^.*\$$|\s*$")
"""Names that mean something else in a mapping, or nothing, or several columns to polars."""

_MOST_SPEAKERS = 4
"""More words than these, in a column that may name persons, are persons."""

CARRIED = tuple(name for name in DIMENSIONS if name != "mention")


@dataclass(frozen=True)
class Sketch:
    """What an export seems to be: its shape, and its columns by their roles.

    `records` is the path of the list that holds the records, where a file has several, and `each`
    that of the list within each record that holds the rows. `kinds` are the words of the
    column `kind`, and what each says that a turn is ("": it does not say); `n_silent` rows have
    none. `doubts` are questions about guesses that are not near certain, by their roles.
    """

    name: str
    shape: str
    columns: Mapping[str, Column]
    roles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    n_silent: int = 0
    each: str = ""
    n_rows: int = 0
    clock: str = ""
    records: str = ""

    @property
    def summary(self) -> str:
        """How many rows there are, and what they look like or lack."""
        if self.shape == UNKNOWN:
            rows = "1 row, which cannot" if self.n_rows == 1 else f"{self.n_rows:,} rows, which cannot"
            lacking = ", nor ".join(what for role, what in _NEEDED.items() if role not in self.roles)
            return f"{rows} be read yet: no column says {lacking}"
        rows = "1 row looks" if self.n_rows == 1 else f"{self.n_rows:,} rows look"
        return f"{rows} like {SHAPES[self.shape]}"

    def column(self, role: str) -> Column | None:
        """The column of a role, if there is one."""
        return self.columns[self.roles[role]] if role in self.roles else None


def sketch(raw: Raw, path: str | Path, records: str = "") -> Sketch:
    """Say what the columns of an export seem to be, from their names and a sample of their values.

    Raises `InputError` for a vendor's report of averages, of which nothing can be made.
    """
    refuse_aggregates(raw.names, path)
    plain = [name for name in raw.names if "[]" not in name and not _UNASKABLE.match(name)]
    lists = [name.partition("[]")[0] for name in raw.names if name.count("[]") == 1]
    of_lists = [_sketch(raw, path, plain, each) for each in dict.fromkeys(lists)]
    good = [guess for guess in of_lists if guess.shape in (LONG, EVENT_LOG)]
    return replace(good[0] if good else _sketch(raw, path, plain, ""), records=records)


def _sketch(raw: Raw, path: str | Path, plain: Sequence[str], each: str) -> Sketch:
    inside = f"{each}[]"
    within = [name.removeprefix(inside) for name in raw.names if name.startswith(f"{inside}.")]
    own = [name for name in within if "[]" not in name] if each else []
    frame = raw.take([*own, *plain], each=each)
    cells = frame[:, 3:]
    different = cells.unique(maintain_order=True) if cells.columns else cells
    columns = {name: look_at(different[name]) for name in cells.columns}
    roles = _ids(columns)
    kinds: dict[str, str] = {}
    moments = _moments(columns, roles)
    is_of_items = "conversation_id" in roles and columns[roles["conversation_id"]].is_unique
    if "created" in moments and is_of_items and {"first_reply", "closed"} & set(moments):
        shape, roles = WIDE, {"conversation_id": roles["conversation_id"]} | moments
    else:
        name, kinds = _kind(columns)
        roles |= ({"kind": name} if name else {}) | _time(columns)
        is_log = any(kind in EVENT_KINDS for kind in kinds.values())
        shape = UNKNOWN if not {"kind", "time"} <= set(roles) else EVENT_LOG if is_log else LONG
    roles |= persons(columns, roles, is_wide=shape == WIDE)
    for role in ("brand", "channel", *CARRIED):
        roles |= best(columns, role, roles, _is_topic if role == "topic" else is_name)
    roles |= best(columns, "text", roles, lambda column: column.holds in ("words", "ids", "text"))
    return Sketch(
        name_of(path),
        shape,
        columns,
        roles,
        kinds,
        doubts_of(frame, columns, roles, kinds, is_wide=shape == WIDE),
        n_silent=stripped(cells[roles["kind"]].cast(pl.String)).null_count() if "kind" in roles else 0,
        each=each,
        n_rows=frame.height,
        clock=_clock(columns, roles),
    )


def _is_topic(column: Column) -> bool:
    """Whether its values come again and again, as subject lines do not."""
    return 0 < 2 * len(column.words) <= column.n


def _ids(columns: Mapping[str, Column]) -> dict[str, str]:
    """The columns with the ids of messages and conversations: those of messages are unique.

    Where rows are elements of a record, what is unique among them is no conversation's id.
    """
    elements, records = apart(columns)
    roles = best(columns, "in_reply_to", {}, is_name)
    again = best(
        elements or columns, "conversation_id", roles, lambda column: _is_id(column) and not column.is_unique
    )
    roles |= again
    if elements and (of_record := best(records, "conversation_id", {}, _is_id)):
        places = [likeness(one["conversation_id"], "conversation_id") for one in (again, of_record) if one]
        roles |= of_record if places[-1] == min(places) else {}  # type: ignore[type-var]
    elif not elements and not again and "in_reply_to" not in roles:
        roles |= best(columns, "conversation_id", roles, _is_id)
    return roles | best(
        elements or columns, "message_id", roles, lambda column: _is_id(column) and column.is_unique
    )


def _is_id(column: Column) -> bool:
    return is_name(column) and not is_of_person(column.name)


def _time(columns: Mapping[str, Column]) -> dict[str, str]:
    elements, records = apart(columns)
    found = best(elements, "time", {}, lambda column: bool(column.forms))
    return found or best(records, "time", {}, lambda column: bool(column.forms))


def _moments(columns: Mapping[str, Column], ids: Mapping[str, str]) -> dict[str, str]:
    """The moments of a wide table: when conversations began, and times or durations of what followed."""
    moments = best(columns, "created", ids, lambda column: bool(column.forms))
    durations = ("durations", "clock times", "numbers")
    for role in MOMENTS:
        taken = {**ids, **moments}
        times = best(columns, role, taken, lambda column: bool(column.forms))
        spans = best(columns, role, taken, lambda column: column.holds in durations)
        moments |= times or (spans if role in ("first_reply", "closed") else {})
    return moments


def _kind(columns: Mapping[str, Column]) -> tuple[str, dict[str, str]]:
    """The column whose words say who spoke, or what happened, and what each of them means."""
    elements, others = apart(columns)
    records = others if elements else {}
    found = []
    for name, column in columns.items():
        kinds = kinds_of(name, column.words)
        said = set(kinds.values())
        if not ("agent" in said and said & {"customer", "opened"}):
            continue
        known = sum(kind != "" for kind in kinds.values()) / len(kinds)
        names = [likeness(name, role) for role in ("kind", "activity")]
        is_named = any(place is not None for place in names)
        if is_of_person(name):
            is_likely = known == 1 and len(kinds) <= _MOST_SPEAKERS
        else:
            is_likely = known == 1 or (is_named and known >= 0.5)
        if is_likely:
            place = min((place for place in names if place is not None), default=9)
            is_of_record = name in records
            found.append((is_of_record, not is_named, -known, place, name, kinds))
    if not found:
        return "", {}
    *_, name, kinds = min(found, key=lambda one: one[:4])
    if "customer" not in kinds.values():
        kinds = {word: "customer" if kind == "opened" else kind for word, kind in kinds.items()}
    return name, kinds


def _clock(columns: Mapping[str, Column], roles: Mapping[str, str]) -> str:
    """The column with the clock times of dates that have none, if there is one."""
    days = columns.get(roles.get("time") or roles.get("created") or "")
    if days is None or not days.is_dates:
        return ""
    return best(columns, "time", roles, lambda column: column.holds == "clock times").get("time", "")
