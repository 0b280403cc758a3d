"""A first mapping of an unknown export: what each column seems to be, by its name and its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.schema import DIMENSIONS, EVENT_KINDS
from benchkit.sources.delimited import name_of
from benchkit.sources.mapping.aggregates import refuse_aggregates
from benchkit.sources.mapping.draft_words import kinds_of, likeness
from benchkit.sources.values.columns import Column, look_at

if TYPE_CHECKING:
    from benchkit.sources.raw import Raw

LONG, EVENT_LOG, WIDE, UNKNOWN = "long", "event log", "wide", "unknown"
SHAPES = {
    LONG: "a long table: a row for each message",
    EVENT_LOG: "an event log: a row for each thing that happened",
    WIDE: "a wide table: a row for each conversation",
    UNKNOWN: "nothing that its columns tell",
}
"""What a file may be, in words."""

MOMENTS = {"first_reply": "agent", "assigned": "assigned", "closed": "closed", "reopened": "reopened"}
"""The further columns of a wide table that are turns, and of what kind."""

_UNASKABLE = re.compile(r"\.|\*$|\^.*\$$|\s*$")
"""Names that mean something else in a mapping, or nothing, or several columns to polars."""

CARRIED = tuple(name for name in DIMENSIONS if name != "mention")


@dataclass(frozen=True)
class Sketch:
    """What an export seems to be: its shape, and its columns by their roles.

    `records` is the path of the list that holds the records, where a file has several, and `each`
    that of the list within each record that holds the rows. `kinds` are the words of the
    column `kind`, and what each says that a turn is ("": it does not say).
    """

    name: str
    shape: str
    columns: Mapping[str, Column]
    roles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    each: str = ""
    n_rows: int = 0
    clock: str = ""
    records: str = ""

    @property
    def summary(self) -> str:
        """How many rows there are, and what they look like."""
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
    columns = {name: look_at(frame[name]) for name in frame.columns[3:]}
    roles = _ids(columns)
    kinds: dict[str, str] = {}
    moments = _moments(columns, roles)
    is_of_items = "conversation_id" in roles and columns[roles["conversation_id"]].is_unique
    if "created" in moments and is_of_items and {"first_reply", "closed"} & set(moments):
        shape, roles = WIDE, roles | moments
    else:
        name, kinds = _kind(columns)
        roles |= ({"kind": name} if name else {}) | _time(columns)
        is_log = any(kind in EVENT_KINDS for kind in kinds.values())
        shape = UNKNOWN if not {"kind", "time"} <= set(roles) else EVENT_LOG if is_log else LONG
    roles |= _persons(columns, roles)
    for role in ("brand", "channel", *CARRIED):
        roles |= _best(columns, role, roles, _is_topic if role == "topic" else _is_name)
    roles |= _best(columns, "text", roles, lambda column: column.holds in ("words", "ids", "text"))
    return Sketch(name_of(path), shape, columns, roles, kinds, each, frame.height, _clock(columns, roles))


def _best(
    columns: Mapping[str, Column], role: str, taken: Mapping[str, str], fits: Callable[[Column], bool]
) -> dict[str, str]:
    """The column that is likeliest to have a role, if any is, as `{role: name}`."""
    likely = [
        (found, name)
        for name, column in columns.items()
        if name not in taken.values() and fits(column) and (found := likeness(name, role)) is not None
    ]
    return {role: min(likely, key=lambda one: one[0])[1]} if likely else {}


def _is_name(column: Column) -> bool:
    return column.holds in ("ids", "numbers", "words", "text")


def _is_topic(column: Column) -> bool:
    """Whether its values come again and again, as subject lines do not."""
    return 0 < 2 * len(column.words) <= column.n


def _ids(columns: Mapping[str, Column]) -> dict[str, str]:
    """The columns with the ids of messages and conversations: those of messages are unique."""
    roles = _best(columns, "in_reply_to", {}, _is_name)
    roles |= _best(
        columns, "conversation_id", roles, lambda column: _is_name(column) and not column.is_unique
    )
    roles |= _best(columns, "message_id", roles, lambda column: _is_name(column) and column.is_unique)
    unnamed = "conversation_id" not in roles
    if unnamed and "in_reply_to" not in roles:
        roles.pop("message_id", None)
        roles |= _best(columns, "conversation_id", roles, _is_name)
    return roles


def _time(columns: Mapping[str, Column]) -> dict[str, str]:
    return _best(columns, "time", {}, lambda column: bool(column.forms))


def _moments(columns: Mapping[str, Column], ids: Mapping[str, str]) -> dict[str, str]:
    """The moments of a wide table: when conversations began, and times or durations of what followed."""
    moments = _best(columns, "created", ids, lambda column: bool(column.forms))
    durations = ("durations", "clock times", "numbers")
    for role in MOMENTS:
        taken = {**ids, **moments}
        times = _best(columns, role, taken, lambda column: bool(column.forms))
        spans = _best(columns, role, taken, lambda column: column.holds in durations)
        moments |= times or (spans if role in ("first_reply", "closed") else {})
    return moments


def _kind(columns: Mapping[str, Column]) -> tuple[str, dict[str, str]]:
    """The column whose words say who spoke, or what happened, and what each of them means."""
    found = []
    for name, column in columns.items():
        kinds = kinds_of(name, column.words)
        said = set(kinds.values())
        if not ("agent" in said and said & {"customer", "opened"}):
            continue
        known = sum(kind != "" for kind in kinds.values()) / len(kinds)
        names = [likeness(name, role) for role in ("kind", "activity")]
        is_named = any(place is not None for place in names)
        if known == 1 or (is_named and known >= 0.5):
            place = min((place for place in names if place is not None), default=9)
            found.append((not is_named, -known, place, name, kinds))
    if not found:
        return "", {}
    *_, name, kinds = min(found, key=lambda one: one[:3])
    if "customer" not in kinds.values():
        kinds = {word: "customer" if kind == "opened" else kind for word, kind in kinds.items()}
    return name, kinds


def _persons(columns: Mapping[str, Column], roles: Mapping[str, str]) -> dict[str, str]:
    agent = _best(columns, "agent_id", roles, _is_name)
    return agent | _best(columns, "customer_id", {**roles, **agent}, _is_name)


def _clock(columns: Mapping[str, Column], roles: Mapping[str, str]) -> str:
    """The column with the clock times of dates that have none, if there is one."""
    days = columns.get(roles.get("time") or roles.get("created") or "")
    if days is None or not days.is_dates:
        return ""
    return _best(columns, "time", roles, lambda column: column.holds == "clock times").get("time", "")
