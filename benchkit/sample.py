"""Waits of many groups as plain arrays, with the counts that every estimate starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.stats.lifetable import LifeTable, life_table

AWAITING, REPLIED, CLOSED, LATE = 0, 1, 2, 3
"""As `schema.OUTCOMES` are in order; and, where the definition has a cut-off, replied after it."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Waits of a month and of the weeks before it, an entry per wait.

    `group` and `week` are integers from 0; `watched_seconds` is how long the wait could be
    seen until the extract was taken, whatever became of it, by the clock of `seconds`, and
    `age_seconds` the same in calendar time.
    """

    group: Ints
    week: Ints
    seconds: Ints
    outcome: Ints
    watched_seconds: Ints
    age_seconds: Ints
    in_month: Bools
    n_groups: int
    n_weeks: int
    month_over: bool

    def where(self, rows: Bools | slice) -> Sample:
        """The same groups and weeks with some of the waits."""
        return replace(
            self,
            group=self.group[rows],
            week=self.week[rows],
            seconds=self.seconds[rows],
            outcome=self.outcome[rows],
            watched_seconds=self.watched_seconds[rows],
            age_seconds=self.age_seconds[rows],
            in_month=self.in_month[rows],
        )

    @cached_property
    def month(self) -> Sample:
        """The waits of the month itself."""
        return self if self.in_month.all() else self.where(self.in_month)

    @cached_property
    def replied(self) -> Sample:
        """The waits that were answered."""
        return self.where(self.outcome == REPLIED)

    def watched_for(self, seconds: int) -> Sample:
        """The waits of which it is known what became of them within so many seconds."""
        return self.where(self.watched_seconds >= seconds)

    @cached_property
    def counts(self) -> Ints:
        """Waits per group."""
        return np.bincount(self.group, minlength=self.n_groups)

    @cached_property
    def weekly_counts(self) -> Floats:
        """Waits by group and week."""
        return self.weekly_sums(None)

    def incidence(self, cause: int) -> LifeTable:
        """The incidence of one outcome, the others competing with it."""
        if cause not in self._tables:
            self._tables[cause] = life_table(
                self.group, self.seconds, self.outcome, n_groups=self.n_groups, cause=cause
            )
        return self._tables[cause]

    @cached_property
    def _tables(self) -> dict[int, LifeTable]:
        return {}

    def weekly_sums(self, weight: npt.NDArray[Any] | None) -> Floats:
        """Sums of `weight` by group and week."""
        cell = self.group * self.n_weeks + self.week
        size = self.n_groups * self.n_weeks
        return np.bincount(cell, weight, size).reshape(self.n_groups, self.n_weeks).astype(float)

    def weekly_within(self, horizons_seconds: Sequence[int]) -> Floats:
        """Waits that lasted no longer than each horizon, by group, horizon and week."""
        n_horizons = len(horizons_seconds)
        within = np.searchsorted(np.asarray(horizons_seconds), self.seconds)
        cell = (self.group * (n_horizons + 1) + within) * self.n_weeks + self.week
        shape = (self.n_groups, n_horizons + 1, self.n_weeks)
        return (
            np.bincount(cell, minlength=int(np.prod(shape)))
            .reshape(shape)
            .cumsum(axis=1)[:, :-1]
            .astype(float)
        )

    @cached_property
    def shortest_open(self) -> Floats:
        """By group: the shortest time that a wait of the month, still open, was watched; inf without one."""
        return self._least_of_open(self.watched_seconds)

    @cached_property
    def youngest_open(self) -> Floats:
        """By group: the least age of a wait of the month that is still open; inf without one."""
        return self._least_of_open(self.age_seconds)

    def _least_of_open(self, seconds: Ints) -> Floats:
        waiting = self.in_month & (self.outcome == AWAITING)
        least = np.full(self.n_groups, np.inf)
        np.minimum.at(least, self.group[waiting], seconds[waiting])
        return least

    @cached_property
    def longest_watched(self) -> Floats:
        """By group: the longest time that a wait of the month was watched."""
        longest = np.zeros(self.n_groups)
        np.maximum.at(longest, self.month.group, self.month.watched_seconds)
        return longest

    def provisional(self, horizons_seconds: Sequence[int]) -> Bools:
        """By group and horizon: whether the month's share within it can still change."""
        shortest = self.shortest_open[:, np.newaxis]
        return (shortest < np.asarray(horizons_seconds)) | (not self.month_over)

    def unsettled(self, age_seconds: int) -> Bools:
        """By group: whether a wait of the month is still open that has not reached an age; a column."""
        return (self.youngest_open[:, np.newaxis] < age_seconds) | (not self.month_over)


@dataclass(frozen=True)
class SortedTimes:
    """The times of a sample in order, group after group."""

    seconds: Floats
    start: Ints
    size: Ints

    @classmethod
    def of(cls, sample: Sample) -> SortedTimes:
        """Sort once for all groups."""
        reach = int(sample.seconds.max(initial=0)) + 1
        key = np.sort(sample.group * reach + sample.seconds)
        size = sample.counts
        return cls((key % reach).astype(float), np.cumsum(size) - size, size)

    def interpolated(self, share: Floats) -> Floats:
        """The quantile of each group at its own `share`, linear between neighbours."""
        place = np.nan_to_num(share) * np.maximum(self.size - 1, 0)
        below = self._at(np.floor(place))
        return below + (self._at(np.ceil(place)) - below) * (place - np.floor(place))

    def reached(self, count: Floats) -> Floats:
        """The time of each group's `count`-th wait, rounded up; inf where there are not so many."""
        place = np.maximum(np.ceil(np.nan_to_num(count, nan=np.inf) - 1e-9), 1.0)
        return np.where(place <= self.size, self._at(np.minimum(place, np.maximum(self.size, 1)) - 1), np.inf)

    def _at(self, place: Floats) -> Floats:
        if not self.seconds.size:
            return np.full(self.size.size, np.nan)
        index = np.minimum(self.start + place.astype(np.int64), self.seconds.size - 1)
        return np.where(self.size > 0, self.seconds[index], np.nan)
