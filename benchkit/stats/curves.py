"""Curves of shares over time: step functions with their errors, limits and medians."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import UnknownNameError
from benchkit.stats.arrays import Bools, Counts, Floats, Ints, in_threads
from benchkit.stats.lifetable import LifeTable, first_where, slices
from benchkit.stats.rows import Clustered

_ROUNDING = 1e-12
_TIMES_AT_ONCE = 100_000


class Values(NamedTuple):
    """The values of a curve at some times, or of many curves by group and time."""

    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats


class Median(NamedTuple):
    """A median and its interval; None where the curve does not reach one half."""

    estimate: float | None
    lower: float | None
    upper: float | None


class Medians(NamedTuple):
    """A median and its interval by group; NaN where the curve does not reach one half."""

    estimate: Floats
    lower: Floats
    upper: Floats


class Curve(NamedTuple):
    """A right-continuous step function of time with its pointwise errors and limits.

    `time` holds the times at which something happened; before the first, the value is `start`.
    """

    time: Floats
    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats
    at_risk: Ints
    start: float

    def at(self, seconds: npt.ArrayLike) -> Values:
        """The estimate, its error and its limits at any times."""
        step = np.searchsorted(self.time, np.asarray(seconds, dtype=float), side="right")
        before = (self.start, 0.0, self.start, self.start)
        return Values(*(np.append(b, part)[step] for b, part in zip(before, self[1:5], strict=True)))

    def median(self) -> Median:
        """When one half is reached, and when each limit reaches it (Brookmeyer and Crowley 1982).

        Where the curve itself is 0 or 1 its error is unknown, so it does not end the interval.
        """
        found = _medians(self, np.array([0, self.time.size]))
        return Median(*(None if np.isnan(part[0]) else part[0].item() for part in found))


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves of many groups, one after the other in flat arrays.

    Group `groups[g]` has the places `offsets[g]` to `offsets[g + 1]` of `time`, `estimate`,
    `at_risk`, `se`, `lower` and `upper`; before its first time the value is `start`. Errors and
    limits are computed when first asked for. `clock` tells the seconds of the table's ticks
    where they are not whole seconds themselves.
    """

    groups: npt.NDArray[Any]
    offsets: Ints
    time: Floats
    estimate: Floats
    at_risk: Ints
    start: float
    table: LifeTable
    cluster: Counts | None
    quantile: float
    clock: Floats | None

    @cached_property
    def se(self) -> Floats:
        """The standard error at each time, of survival Greenwood's; NaN for a group all in one cluster."""
        if self.start == 1.0:
            return np.asarray(self.estimate * np.sqrt(self.table.of_events(lambda rows: rows.a)))
        return self.table.errors(self.clustered)

    @cached_property
    def lower(self) -> Floats:
        """The lower pointwise limit at each time."""
        return self._limits[0]

    @cached_property
    def upper(self) -> Floats:
        """The upper pointwise limit at each time."""
        return self._limits[1]

    def curve(self, group: object) -> Curve:
        """The curve of one group, by its label."""
        place = np.flatnonzero(self.groups == group)
        if not place.size:
            raise UnknownNameError("group", group, self.groups.tolist())
        own = slice(self.offsets[place[0]], self.offsets[place[0] + 1])
        return Curve(
            self.time[own],
            self.estimate[own],
            self.se[own],
            self.lower[own],
            self.upper[own],
            self.at_risk[own],
            self.start,
        )

    def share(self, seconds: npt.ArrayLike) -> Floats:
        """The estimate at any times, in an array of shape (groups, times), without its error."""
        return self._picked(seconds, (self.estimate, self.start))[0]

    def at(self, seconds: npt.ArrayLike) -> Values:
        """The values at any times, in arrays of shape (groups, times)."""
        start = self.start
        series = ((self.estimate, start), (self.se, 0.0), (self.lower, start), (self.upper, start))
        return Values(*self._picked(seconds, *series))

    def median(self) -> Medians:
        """Each group's median, as `Curve.median`."""
        return _medians(self, self.offsets)

    @cached_property
    def clustered(self) -> list[Clustered] | None:
        """The table by the curves' clusters; None where every wait is its own."""
        return None if self.cluster is None else self.table.clustered(self.cluster)

    def influence(self, seconds: npt.ArrayLike, clustered: list[Clustered]) -> Floats:
        """How much each cluster moves the incidence, by group, cluster and time, of ascending times."""
        return self.table.influence(self._ticks(seconds), clustered)

    def _ticks(self, seconds: npt.ArrayLike) -> Ints:
        wanted = np.atleast_1d(np.asarray(seconds, dtype=float))
        if self.clock is None:
            return np.asarray(np.floor(np.maximum(np.fmin(wanted, 2.0**62), -1.0)), dtype=np.int64)
        return np.asarray(np.searchsorted(self.clock, wanted, side="right") - 1, dtype=np.int64)

    def _picked(self, seconds: npt.ArrayLike, *series: tuple[Floats, float]) -> list[Floats]:
        step = self.table.passed(self._ticks(seconds))
        began = step > self.offsets[:-1, np.newaxis]
        picked = [np.full(step.shape, before) for _, before in series]
        for values, (part, _) in zip(picked, series, strict=True):
            values[began] = part[step[began] - 1]
        return picked

    @cached_property
    def _limits(self) -> tuple[Floats, Floats]:
        estimate, se = self.estimate, self.se
        lower, upper = np.empty_like(se), np.empty_like(se)

        def fill(own: slice) -> None:
            lower[own], upper[own] = limits(estimate[own], se[own], self.quantile)
            lower[own][np.isnan(se[own])] = upper[own][np.isnan(se[own])] = np.nan

        in_threads(fill, slices(se.size, _TIMES_AT_ONCE))
        return lower, upper


def limits(share: Floats, se: Floats, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Limits of a share that stay within 0 and 1: share^exp(±q se / (share ln share)).

    >>> [limit.round(3).tolist() for limit in limits(np.array([0.25, 1.0]), np.array([0.1, 0.0]), 1.96)]
    [[0.087, 1.0], [0.455, 1.0]]
    """
    inside = (share > _ROUNDING) & (share < 1 - _ROUNDING)
    safe = np.where(inside, share, 0.5)
    spread = np.exp(np.minimum(np.where(inside, quantile * se / (safe * -np.log(safe)), 0.0), 700.0))
    return np.where(inside, safe**spread, share), np.where(inside, safe ** (1.0 / spread), share)


def _medians(curves: Curve | Curves, offsets: Ints) -> Medians:
    rising = curves.start < 0.5
    estimate, time = curves.estimate, np.append(curves.time, np.nan)

    def reached(values: Floats) -> Bools:
        return values >= 0.5 - _ROUNDING if rising else values <= 0.5 + _ROUNDING

    unsure = (estimate > _ROUNDING) & (estimate < 1 - _ROUNDING)
    first, last = (curves.upper, curves.lower) if rising else (curves.lower, curves.upper)
    marks = (reached(estimate), reached(first), reached(last) & unsure)
    return Medians(*(time[first_where(mark, offsets)] for mark in marks))
