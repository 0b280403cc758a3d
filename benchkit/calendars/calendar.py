"""Opening hours: how much of a time was open, by when so much will have been, and who is open now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import polars as pl

from benchkit.calendars.days import (
    Day,
    day_number,
    parse_day,
    parse_holidays,
    public_holidays,
    say_days,
)
from benchkit.calendars.opening_hours import (
    Shifts,
    Week,
    open_minutes,
    parse_shifts,
    parse_week,
    say_shifts,
    say_week,
    write_shifts,
    write_week,
)
from benchkit.calendars.openings import (
    DAY_SECONDS,
    LONG_AGO,
    MICROSECONDS,
    Bools,
    Ints,
    Openings,
    instants,
    join_spells,
    spells,
)
from benchkit.calendars.questions import DUE, ELAPSED, IS_OPEN, Datetimes, Given, Timedeltas, ask
from benchkit.errors import BenchkitError, show
from benchkit.times import Moment, check_zone
from benchkit.toml import as_table, read_toml, write_toml


@dataclass(frozen=True)
class Calendar:
    """The hours in which somebody answers, by the clock of the place where they do.

    >>> shop = Calendar("Europe/Berlin", {"mon-fri": "09:00-12:00, 13:00-17:30"}, holidays="DE-BE")
    >>> shop.elapsed("2026-10-02T15:00Z", "2026-10-05T08:00Z")  # Friday 17:00 to Monday 10:00
    5400
    >>> shop.due("2026-10-02T15:00Z", 3600).isoformat()
    '2026-10-05T07:30:00+00:00'
    >>> shop.is_open("2026-10-02T15:00Z")
    True

    `timezone` is a name such as `"Europe/Berlin"`. `hours` go by day or range of days (`"sat"`,
    `"fri-mon"`) and are one shift or more (`"09:00-12:00, 13:00-17:30"`); one that closes
    earlier than it opens closes on the next day (`"22:00-06:00"`), `"00:00-24:00"` is all day.
    `holidays` is a country, or a country and region, whose public holidays the `holidays`
    package knows (`"DE"`, `"DE-BE"`), or a list of days. `short_days` have hours of their own,
    holiday or not (`{"2026-12-24": "09:00-12:00", "2026-12-31": "closed"}`). The hours hold from
    the day `valid_from` on, and those of the calendar `before` until then.

    A shift belongs to the day on which it begins: that of the night before a holiday runs to
    its end, that of a holiday's evening is left out; so it is with short days and `valid_from`.
    A shift begins and ends when the clock first shows the time, or has jumped over it: in the
    hour that autumn repeats, the first time; in the hour that spring leaves out, when it is
    over. So all day is 23 or 25 h where the day is.

    Times are columns (polars Series of datetimes, or numpy arrays of datetime64, in UTC where
    they name no zone) or single ones, and answers are of the same kind. An answer is missing,
    not 0, where a time is, and before the first day on which any hours hold. Raises
    `BenchkitError`, and `UnknownNameError` for a zone, day, country or region there is not.
    """

    timezone: str
    hours: Mapping[str, str]
    _: KW_ONLY
    holidays: str | Iterable[Day] | None = None
    short_days: Mapping[Any, str] = field(default_factory=dict)
    valid_from: Day | None = None
    before: Calendar | None = None

    def __post_init__(self) -> None:
        """Refuse what is none, and write all in one way, so that equal calendars are equal."""
        check_zone(self.timezone)
        if not isinstance(self.short_days, Mapping):
            raise BenchkitError(
                f"short_days are {show(self.short_days)}; give hours by day, such as {_EXAMPLE}"
            )
        short_days = {parse_day(day): parse_shifts(text, str(day)) for day, text in self.short_days.items()}
        written = {
            "hours": write_week(parse_week(self.hours)),
            "holidays": parse_holidays(self.holidays),
            "short_days": {day.isoformat(): write_shifts(short_days[day]) for day in sorted(short_days)},
            "valid_from": None if self.valid_from is None else parse_day(self.valid_from),
        }
        for name, value in written.items():
            object.__setattr__(self, name, value)
        self._check_before()

    def _check_before(self) -> None:
        if self.before is None:
            return
        if not isinstance(self.before, Calendar):
            raise BenchkitError(
                f"before is {show(self.before)}; give the Calendar that held until valid_from"
            )
        if self._first_day is None:
            raise BenchkitError(
                "another calendar came before this one; say valid_from which day this one holds"
            )
        was = self.before._first_day
        if was is not None and was >= self._first_day:
            raise BenchkitError(
                f"the calendar before holds from {self.before.valid_from}, and this one from "
                f"{self.valid_from}; let valid_from be later than that of the one before"
            )

    def __hash__(self) -> int:
        return hash((self.timezone, *self.hours.items()))

    @overload
    def elapsed(self, start: pl.Series, end: pl.Series | Moment | None) -> pl.Series: ...
    @overload
    def elapsed(self, start: Datetimes, end: Datetimes | Moment | None) -> Timedeltas: ...
    @overload
    def elapsed(self, start: Moment | None, end: Moment | None) -> int | None: ...
    def elapsed(self, start: Given, end: Given) -> Any:
        """The open time between two times in whole seconds, never more than calendar time.

        >>> desk = Calendar("UTC", {"mon-fri": "09:00-17:00"})
        >>> desk.elapsed("2026-10-03T12:00Z", "2026-10-04T12:00Z")  # Saturday to Sunday
        0

        H(end) - H(start), with H the open time up to a time; Int64 for a series, timedelta64[s]
        for an array. An end that comes before its start is refused.
        """
        return ask(ELAPSED, [(self, None)], start=start, end=end)

    @overload
    def due(self, start: pl.Series, seconds: pl.Series | int | None) -> pl.Series: ...
    @overload
    def due(self, start: Datetimes, seconds: Ints | Timedeltas | int | None) -> Datetimes: ...
    @overload
    def due(self, start: Moment | None, seconds: int | None) -> datetime | None: ...
    def due(self, start: Given, seconds: Given) -> Any:
        """The first time by which so many open seconds have passed since a start, in UTC.

        >>> desk = Calendar("UTC", {"mon-fri": "09:00-17:00"})
        >>> desk.due("2026-10-02T16:00Z", 2 * 3600).isoformat()
        '2026-10-05T10:00:00+00:00'

        After 0 seconds that is the start itself. Datetime for a series, datetime64[us] for an array.
        """
        return ask(DUE, [(self, None)], start=start, seconds=seconds)

    @overload
    def is_open(self, at: pl.Series) -> pl.Series: ...
    @overload
    def is_open(self, at: Datetimes) -> Bools: ...
    @overload
    def is_open(self, at: Moment | None) -> bool | None: ...
    def is_open(self, at: Given) -> Any:
        """Whether it is open at a time: from an opening on, and no longer at the closing.

        >>> desk = Calendar("UTC", {"mon-fri": "09:00-17:00"})
        >>> desk.is_open("2026-10-02T09:00Z"), desk.is_open("2026-10-02T17:00Z")
        (True, False)
        """
        return ask(IS_OPEN, [(self, None)], at=at)

    def hours_of_week(self) -> npt.NDArray[np.float64]:
        """The share of each hour of the week that is open by the regular hours, from Monday, 00:00 local.

        >>> shares = Calendar("UTC", {"mon": "09:30-11:00"}).hours_of_week()
        >>> shares.shape, shares[0, 8:12].tolist()
        ((7, 24), [0.0, 0.5, 1.0, 0.0])

        Holidays, short days and the calendar before are left out.
        """
        shares: npt.NDArray[np.float64] = open_minutes(self._week).reshape(7, 24, 60).mean(axis=2)
        return shares

    def sentences(self) -> list[str]:
        """The hours in words, for reports; a sentence for each calendar before, too.

        >>> Calendar("Europe/Berlin", {"mon-fri": "09:00-17:30"}, holidays="DE-BE").sentences()
        ['Monday to Friday 09:00-17:30, in Europe/Berlin, closed on the public holidays of DE-BE.']
        """
        told = [say_week(self._week), f"in {self.timezone}"]
        if isinstance(self.holidays, str):
            told.append(f"closed on the public holidays of {self.holidays}")
        elif self.holidays is not None:
            told.append(f"closed on {say_days(map(parse_day, self.holidays))}")
        alike: dict[str, list[date]] = {}
        for day, text in self.short_days.items():
            alike.setdefault(text, []).append(parse_day(day))
        for text, days in alike.items():
            hours = f"open only {say_shifts(parse_shifts(text, text))}" if text != "closed" else text
            told.append(f"{hours} on {say_days(days)}")
        if self.valid_from is not None:
            told.append(f"from {self.valid_from} on")
        earlier = self.before.sentences() if self.before else []
        return [
            ", ".join(told) + ".",
            *(f"Before that: {sentence}" for sentence in earlier[:1]),
            *earlier[1:],
        ]

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, such as TOML and JSON have; what is not set is not there."""
        told = {
            "timezone": self.timezone,
            "valid_from": self.valid_from and str(self.valid_from),
            "holidays": [*map(str, self.holidays)] if isinstance(self.holidays, tuple) else self.holidays,
            "hours": dict(self.hours),
            "short_days": dict(self.short_days),
            "before": self.before and self.before.to_mapping(),
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def from_mapping(cls, told: object) -> Calendar:
        """Make a calendar of plain values, such as TOML and JSON have.

        >>> Calendar.from_mapping({"timezone": "UTC", "hours": {"mon": "09:00-17:00"}}).timezone
        'UTC'
        """
        known = [item.name for item in fields(cls)]
        values = as_table(told, "a calendar", known, needed=("timezone", "hours"))
        if "before" in values:
            values["before"] = cls.from_mapping(values["before"])
        return cls(**values)

    def save(self, path: str | Path) -> Path:
        """Write the calendar to a TOML file that `load` reads."""
        return write_toml(self.to_mapping(), path)

    @classmethod
    def load(cls, path: str | Path) -> Calendar:
        """Read a calendar from a TOML file such as `save` writes; `InputError` for one that is none."""
        return read_toml(path, cls.from_mapping)

    @cached_property
    def _week(self) -> Week:
        return parse_week(self.hours)

    @cached_property
    def _first_day(self) -> int | None:
        return None if self.valid_from is None else day_number(parse_day(self.valid_from))

    @property
    def open_weekly(self) -> int:
        """How much is open in a regular week, in microseconds."""
        return int(open_minutes(self._week).sum()) * 60 * MICROSECONDS

    @cached_property
    def holds_since(self) -> int:
        """The first midnight from which hours are known, in microseconds of UTC since 1970."""
        if self.before is not None:
            return self.before.holds_since
        day = self._first_day
        if day is None:
            return LONG_AGO
        return int(instants(self.timezone, np.array([day * DAY_SECONDS]), day, day)[0]) * MICROSECONDS

    def openings(self, start: int, end: int) -> Openings:
        """All that is open between two times in microseconds: shifts of the days around, in any zone."""
        first_day, last_day = (int(time) // (DAY_SECONDS * MICROSECONDS) for time in (start, end))
        return join_spells(*self._spells(first_day - 2, last_day + 2))

    def _spells(self, first_day: int, last_day: int) -> tuple[Ints, Ints]:
        since = first_day if self._first_day is None else max(first_day, self._first_day)
        opens, closes = spells(self.timezone, self._week, self._special(since, last_day), since, last_day)
        if self.before is None or since == first_day:
            return opens, closes
        opened, closed = self.before._spells(first_day, min(since - 1, last_day))
        return np.append(opened, opens), np.append(closed, closes)

    def _special(self, first_day: int, last_day: int) -> dict[int, Shifts]:
        """Days with shifts of their own, or none."""
        if isinstance(self.holidays, str):
            closed = public_holidays(self.holidays, first_day, last_day)
        else:
            closed = {day_number(parse_day(day)) for day in self.holidays or ()}
        short = {day_number(parse_day(day)): parse_shifts(text, day) for day, text in self.short_days.items()}
        return dict.fromkeys(closed, ()) | short


_EXAMPLE = '{"2026-12-24": "09:00-12:00"}'
