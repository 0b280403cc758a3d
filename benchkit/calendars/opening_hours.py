"""Opening hours as people write them: `{"mon-fri": "09:00-12:00, 13:00-17:30"}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError, UnknownNameError, show

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_MINUTES = 1_440

_NUMBER = {name: number for number, day in enumerate(DAYS) for name in (day[:3].lower(), day.lower())}
_SHIFT = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)")
_CLOSED = ("", "closed")


class Shift(NamedTuple):
    """From an opening to a closing, in minutes of the day on which it begins; past 1,440 is the next day."""

    opens: int
    closes: int


Shifts = tuple[Shift, ...]
Week = tuple[Shifts, ...]
"""The shifts that begin on each day, from Monday."""


def parse_shifts(text: object, day: str) -> Shifts:
    """Read the shifts of a day; one that closes no later than it opens closes on the next day.

    >>> parse_shifts("09:00-12:00, 13:00-17:30", "Monday")
    (Shift(opens=540, closes=720), Shift(opens=780, closes=1050))
    >>> parse_shifts("22:00-06:00", "Friday"), parse_shifts("closed", "Sunday")
    ((Shift(opens=1320, closes=1800),), ())

    Raises `BenchkitError` for what is no opening and closing, and for shifts that overlap.
    """
    if not isinstance(text, str):
        raise BenchkitError(f"the hours of {day} are {show(text)}; {_WAY_OUT}")
    if text.strip().lower() in _CLOSED:
        return ()
    shifts = tuple(sorted(_parse_shift(part.strip(), day) for part in text.split(",")))
    for one, other in pairwise(shifts):
        if other.opens < one.closes:
            raise BenchkitError(
                f"{write_shifts((one,))} and {write_shifts((other,))} of {day} overlap; join them into one"
            )
    return shifts


_WAY_OUT = "write them as '09:00-12:00, 13:00-17:30', or 'closed'"


def _parse_shift(text: str, day: str) -> Shift:
    found = _SHIFT.fullmatch(text)
    hour, minute, until_hour, until_minute = map(int, found.groups()) if found else (99, 0, 99, 0)
    opens, closes = 60 * hour + minute, 60 * until_hour + until_minute
    if opens >= DAY_MINUTES or closes > DAY_MINUTES:
        raise BenchkitError(f"the hours of {day} are {show(text)}; {_WAY_OUT}")
    if opens == closes:
        raise BenchkitError(
            f"{show(text)} of {day} closes when it opens; write 00:00-24:00 for all day, or 'closed'"
        )
    return Shift(opens, closes if closes > opens else closes + DAY_MINUTES)


def parse_week(hours: Mapping[str, str]) -> Week:
    """Read the hours of a week, by day or by range of days, which may run past Sunday.

    >>> [len(shifts) for shifts in parse_week({"fri-mon": "10:00-12:00, 14:00-16:00", "wed": "08:00-20:00"})]
    [2, 0, 1, 0, 2, 2, 2]

    Raises `UnknownNameError` for a day there is not, and `BenchkitError` for days given twice,
    for shifts that overlap, also those of the day after, and for hours that never open.
    """
    if not isinstance(hours, Mapping):
        raise BenchkitError(f"hours are {show(hours)}; give them by day, such as {_EXAMPLE}")
    given: dict[int, str] = {}
    shifts: dict[int, Shifts] = {}
    for days, text in hours.items():
        for day in _parse_days(str(days)):
            if day in given:
                raise BenchkitError(
                    f"{DAYS[day]} is given twice, in {show(given[day])} and in {show(days)}; give it once"
                )
            given[day] = str(days)
            shifts[day] = parse_shifts(text, DAYS[day])
    week = tuple(shifts.get(day, ()) for day in range(7))
    if not any(week):
        raise BenchkitError(f"these hours never open; give some, such as {_EXAMPLE}")
    for day, tomorrow in enumerate([*week[1:], week[0]]):
        if week[day] and tomorrow and week[day][-1].closes - DAY_MINUTES > tomorrow[0].opens:
            raise BenchkitError(
                f"{write_shifts(week[day][-1:])} of {DAYS[day]} overlaps {write_shifts(tomorrow[:1])} "
                f"of {DAYS[(day + 1) % 7]}; let one end where the other begins"
            )
    return week


_EXAMPLE = '{"mon-fri": "09:00-17:00"}'


def _parse_days(text: str) -> list[int]:
    ends = [end.strip() for end in re.split("[-–]", text.lower())]
    for end in ends if len(ends) <= 2 else [text]:
        if end not in _NUMBER:
            raise UnknownNameError("day", end, [day[:3].lower() for day in DAYS])
    first, last = _NUMBER[ends[0]], _NUMBER[ends[-1]]
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def write_shifts(shifts: Shifts) -> str:
    """Write shifts as `parse_shifts` reads them.

    >>> write_shifts(parse_shifts("13:00–17:30, 9:00–12:00", "Monday"))
    '09:00-12:00, 13:00-17:30'
    """
    return ", ".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in shifts) or "closed"


def _clock(minutes: int) -> str:
    within = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{within // 60:02}:{within % 60:02}"


def write_week(week: Week) -> dict[str, str]:
    """Write a week as `parse_week` reads it, days with the same hours together.

    >>> write_week(parse_week({"sat-mon": "10:00-14:00", "tuesday": "10:00-14:00"}))
    {'mon-tue': '10:00-14:00', 'sat-sun': '10:00-14:00'}
    """
    names = [day[:3].lower() for day in DAYS]
    return {
        names[first] if first == last else f"{names[first]}-{names[last]}": write_shifts(shifts)
        for first, last, shifts in _runs(week)
    }


def say_week(week: Week) -> str:
    """Say a week in words.

    >>> say_week(parse_week({"mon-fri": "09:00-12:00, 13:00-17:30", "sat": "10:00-14:00"}))
    'Monday to Friday 09:00-12:00 and 13:00-17:30, Saturday 10:00-14:00'
    """
    return ", ".join(f"{_say_days(first, last)} {say_shifts(shifts)}" for first, last, shifts in _runs(week))


def say_shifts(shifts: Shifts) -> str:
    """Say the shifts of a day in words.

    >>> say_shifts(parse_shifts("09:00-12:00, 13:00-17:30, 20:00-02:00", "Monday"))
    '09:00-12:00, 13:00-17:30 and 20:00-02:00'
    """
    return " and ".join(write_shifts(shifts).rsplit(", ", 1))


def _say_days(first: int, last: int) -> str:
    if first == last:
        return DAYS[first]
    if (first, last) == (0, 6):
        return "Every day"
    return f"{DAYS[first]} {'and' if last - first == 1 else 'to'} {DAYS[last]}"


def _runs(week: Week) -> list[tuple[int, int, Shifts]]:
    """First day, last day and shifts of days that have the same ones, without closed days."""
    runs = [(list(days), shifts) for shifts, days in groupby(range(7), key=lambda day: week[day])]
    return [(days[0], days[-1], shifts) for days, shifts in runs if shifts]


def open_minutes(week: Week) -> npt.NDArray[np.bool_]:
    """Which of the 10,080 minutes of a week are open; a shift late on Sunday runs into Monday.

    >>> open_minutes(parse_week({"sun": "22:00-06:00"}))[:360].all()
    np.True_
    """
    is_open = np.zeros(7 * DAY_MINUTES, dtype=bool)
    for day, shifts in enumerate(week):
        for opens, closes in shifts:
            is_open[(np.arange(opens, closes) + day * DAY_MINUTES) % len(is_open)] = True
    return is_open
