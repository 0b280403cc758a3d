"""Several calendars at once, by brand, channel or agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchkit.calendars.calendar import Calendar
from benchkit.calendars.openings import Ints
from benchkit.calendars.questions import DUE, ELAPSED, IS_OPEN, ask
from benchkit.errors import BenchkitError, UnknownNameError, printable, show
from benchkit.times import Moment
from benchkit.toml import as_table, read_toml, write_toml

BY = ("brand", "channel", "agent")


@dataclass(frozen=True)
class Calendars:
    """Whose calendar is which, and which one is everybody else's.

    >>> calendars = Calendars(by="brand", of={"Acme": Calendar("UTC", {"mon-fri": "09:00-17:00"})})
    >>> names = pl.Series(["Acme", "Bolt"])
    >>> calendars.is_open(names, "2026-10-02T12:00Z").to_list()
    [True, None]

    `by` is `brand`, `channel` or `agent`, `of` holds calendars by name. A name that is missing
    or not there has the calendar `default`; without one its answers are missing, not 0.
    """

    default: Calendar | None = None
    by: str = "brand"
    of: Mapping[str, Calendar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is none, and what never answers."""
        if self.by not in BY:
            raise UnknownNameError("calendars by", self.by, BY)
        if not isinstance(self.of, Mapping):
            raise BenchkitError(f"of is {show(self.of)}; give a Calendar by name of each {self.by}")
        given = [*self.of.values()] + [self.default] * (self.default is not None)
        for calendar in given:
            if not isinstance(calendar, Calendar):
                raise BenchkitError(f"{show(calendar)} is not a calendar; give a Calendar")
        if not given:
            raise BenchkitError("there is no calendar; give one as default, or some by name")
        object.__setattr__(self, "of", {name: self.of[name] for name in sorted(self.of)})

    def __hash__(self) -> int:
        return hash((self.default, self.by, *self.of.items()))

    def elapsed(self, keys: pl.Series, start: pl.Series | Moment, end: pl.Series | Moment) -> pl.Series:
        """The open time between two times in whole seconds, each by the calendar of its name.

        As `Calendar.elapsed`; Int64.
        """
        answers: pl.Series = ask(ELAPSED, self._parts(keys), keys, start=start, end=end)
        return answers

    def due(self, keys: pl.Series, start: pl.Series | Moment, seconds: pl.Series | int) -> pl.Series:
        """The first time by which so many open seconds have passed, each by the calendar of its name.

        As `Calendar.due`; datetimes in UTC.
        """
        answers: pl.Series = ask(DUE, self._parts(keys), keys, start=start, seconds=seconds)
        return answers

    def is_open(self, keys: pl.Series, at: pl.Series | Moment) -> pl.Series:
        """Whether each name is open at a time; Boolean."""
        answers: pl.Series = ask(IS_OPEN, self._parts(keys), keys, at=at)
        return answers

    def _parts(self, keys: pl.Series) -> list[tuple[Calendar, Ints]]:
        """The rows of each calendar."""
        if not isinstance(keys, pl.Series) or keys.dtype not in _NAMES:
            raise BenchkitError(
                f"keys are {show(getattr(keys, 'dtype', keys))}; give a polars Series of names"
            )
        by_name = pl.DataFrame({"key": keys}).with_row_index("row").group_by("key").agg("row")
        parts: dict[Calendar, list[Ints]] = {}
        for name, rows in zip(by_name["key"].cast(pl.String), by_name["row"], strict=True):
            calendar = self.of.get(name, self.default)
            if calendar is not None:
                parts.setdefault(calendar, []).append(rows.to_numpy())
        return [(calendar, np.concatenate(rows)) for calendar, rows in parts.items()]

    def sentences(self) -> list[str]:
        """The hours in words, for reports, those of several names with the same calendar once.

        >>> nine_to_five = Calendar("UTC", {"mon-fri": "09:00-17:00"})
        >>> for sentence in Calendars(of={"Acme": nine_to_five, "Bolt": nine_to_five}).sentences():
        ...     print(sentence)
        Acme, Bolt: Monday to Friday 09:00-17:00, in UTC.
        No other brand has opening hours.
        """
        if self.default is not None and not self.of:
            return self.default.sentences()
        names: dict[Calendar, list[str]] = {}
        for name, calendar in self.of.items():
            names.setdefault(calendar, []).append(printable(name))
        told = [f"{', '.join(alike)}: {' '.join(of.sentences())}" for of, alike in names.items()]
        if self.default is None:
            return [*told, f"No other {self.by} has opening hours."]
        return [*told, f"Any other {self.by}: {' '.join(self.default.sentences())}"]

    def told_as(self, names: Mapping[str, str]) -> Calendars | None:
        """The calendars of some, under other names, of whom each is given; None where nobody's are left.

        >>> calendars = Calendars(of={name: Calendar("UTC", {"mon": "09:00-17:00"}) for name in "ab"})
        >>> list(calendars.told_as({"Brand A": "a"}).of)
        ['Brand A']
        """
        of = {shown: self.of[name] for shown, name in names.items() if name in self.of}
        return replace(self, of=of) if of or self.default else None

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, such as TOML and JSON have."""
        told: dict[str, Any] = {"by": self.by}
        if self.default is not None:
            told["default"] = self.default.to_mapping()
        return {**told, "calendars": {name: calendar.to_mapping() for name, calendar in self.of.items()}}

    @classmethod
    def from_mapping(cls, told: Mapping[str, Any]) -> Calendars:
        """Make calendars of plain values: of several ones, or of one, which is then everybody's.

        >>> Calendars.from_mapping({"timezone": "UTC", "hours": {"mon": "09:00-17:00"}}).by
        'brand'
        """
        if "calendars" not in told and "default" not in told:
            return cls(Calendar.from_mapping(told))
        values = as_table(told, "a file of calendars", ("by", "default", "calendars"))
        default = values.get("default")
        named = as_table(values.get("calendars", {}), "calendars")
        return cls(
            default=None if default is None else _of("default", default),
            by=values.get("by", "brand"),
            of={name: _of(show(name), table) for name, table in named.items()},
        )

    def save(self, path: str | Path) -> Path:
        """Write the calendars to a TOML file that `load` reads."""
        return write_toml(self.to_mapping(), path)

    @classmethod
    def load(cls, path: str | Path) -> Calendars:
        """Read a TOML file of one calendar or of several; `InputError` for one that is none.

        One calendar is as `Calendar.save` writes it. Several ones are tables `[calendars.Acme]`
        beside `by = "brand"`, and a table `[default]` where there is one.
        """
        return read_toml(path, cls.from_mapping)


_NAMES = (pl.String, pl.Categorical, pl.Enum, pl.Null)


def _of(name: str, told: object) -> Calendar:
    try:
        return Calendar.from_mapping(told)
    except BenchkitError as error:
        raise BenchkitError(f"calendar {name}: {error}") from None
