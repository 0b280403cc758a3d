"""Open intervals as instants: how long has been open by a time, and by when so long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from benchkit.calendars.opening_hours import Shifts, Week

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY_SECONDS = 86_400
MICROSECONDS = 1_000_000
LONG_AGO = -(2**62)
"""Before all times, in seconds or microseconds."""

_WEEKDAY_OF_1970 = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Openings(NamedTuple):
    """Open intervals in order, none touching the next; in microseconds of UTC since 1970.

    `before` is the open time before each opening. The first interval is empty and long ago,
    so that every time has one that began before it.
    """

    opens: Ints
    closes: Ints
    before: Ints

    def open_by(self, at: Ints) -> Ints:
        """The open time up to each of some times: H(t) = C_k + min(t, e_k) - s_k."""
        last = self._last_opened(at)
        passed: Ints = np.minimum(at, self.closes[last]) + (self.before - self.opens)[last]
        return passed

    def is_open(self, at: Ints) -> Bools:
        """Whether each of some times is open: from an opening on, and no longer at its closing."""
        return at < self.closes[self._last_opened(at)]

    def first_with(self, open_time: Ints) -> Ints:
        """The first time by which so much has been open, of at most `total`."""
        reached = np.searchsorted(self.before + self.closes - self.opens, open_time)
        return open_time - (self.before - self.opens)[reached]

    @property
    def total(self) -> int:
        """All the open time there is."""
        return int(self.before[-1] + self.closes[-1] - self.opens[-1])

    def _last_opened(self, at: Ints) -> Ints:
        return np.searchsorted(self.opens, at, side="right") - 1


def join_spells(opens: Ints, closes: Ints) -> Openings:
    """Join intervals that overlap or adjoin, given in seconds and in any order.

    >>> join_spells(np.array([50, 0, 10]), np.array([60, 10, 20])).closes[1:] // MICROSECONDS
    array([20, 60])
    """
    order = np.argsort(opens, kind="stable")
    opens, closes = opens[order], np.maximum.accumulate(closes[order])
    begins = np.append(True, opens[1:] > closes[:-1])[: opens.size]
    ends = np.append(begins[1:], True)[: opens.size]
    opened = np.append(LONG_AGO, opens[begins] * MICROSECONDS)
    closed = np.append(LONG_AGO, closes[ends] * MICROSECONDS)
    return Openings(opened, closed, np.cumsum(closed - opened) - (closed - opened))


def spells(
    zone: str, week: Week, special: Mapping[int, Shifts], first_day: int, last_day: int
) -> tuple[Ints, Ints]:
    """Openings and closings of the shifts that begin on some days, in seconds of UTC.

    Days are numbered from 1970; `special` ones have shifts of their own.
    """
    days = np.arange(first_day, last_day + 1)
    regular = days[~np.isin(days, list(special))]
    begins = [
        (regular[(regular + _WEEKDAY_OF_1970) % 7 == weekday], shift)
        for weekday, shifts in enumerate(week)
        for shift in shifts
    ]
    begins += [(days[days == day], shift) for day, shifts in special.items() for shift in shifts]
    opens, closes = (
        np.concatenate([day * DAY_SECONDS + shift[end] * 60 for day, shift in begins]) for end in (0, 1)
    )
    return (
        instants(zone, opens, first_day, last_day),
        instants(zone, closes, first_day, last_day),
    )


def instants(zone: str, walls: Ints, first_day: int, last_day: int) -> Ints:
    """When the clock of a zone first shows each of some local times, or has just jumped over it.

    Local times in seconds since 1970 began there, UTC in seconds; days are numbered from 1970,
    and local times lie within them and the next. An hour that comes twice counts the first time.

    >>> noon = 20_000 * 86_400 + 43_200
    >>> int(instants("Asia/Kathmandu", np.array([noon]), 20_000, 20_000)[0]) - noon
    -20700
    """
    begins, offsets = _changes(zone, first_day - 2, last_day + 4)
    until = np.append(begins[1:] + offsets[:-1], -LONG_AGO)
    change = np.searchsorted(until, walls, side="right")
    shown: Ints = np.maximum(begins[change], walls - offsets[change])
    return shown


@lru_cache(maxsize=64)
def _changes(zone: str, first_day: int, last_day: int) -> tuple[Ints, Ints]:
    """From when on the zone has which offset, in seconds; no two changes lie within one day."""
    clock = ZoneInfo(zone)

    def offset(second: int) -> int:
        local = (_EPOCH + timedelta(seconds=second)).astimezone(clock)
        return int((local.utcoffset() or timedelta()).total_seconds())

    begins, offsets = [LONG_AGO], [offset(first_day * DAY_SECONDS)]
    for midnight in range((first_day + 1) * DAY_SECONDS, (last_day + 1) * DAY_SECONDS, DAY_SECONDS):
        now, was = offset(midnight), offsets[-1]
        if now != was:
            day = range(midnight - DAY_SECONDS, midnight + 1)
            begins.append(day[bisect_left(day, True, key=lambda second: offset(second) != was)])
            offsets.append(now)
    return np.array(begins), np.array(offsets)
