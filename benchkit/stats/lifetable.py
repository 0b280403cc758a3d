"""Aalen-Johansen for many groups in one sorted pass, with errors summed over clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Counts, Floats, Ints, Part, in_threads, narrow
from benchkit.stats.rows import CENSORED, ENTERED, Clustered, Rows, count_rows

_CELLS_AT_ONCE = 4_000_000
_MARKS_AT_ONCE = 100_000


@dataclass(frozen=True, eq=False)
class LifeTable:
    """The cumulative incidence of one cause, by group and tick.

    `parts` hold some groups each, in order; ticks are whole numbers from 0. `cluster` numbers the
    cluster of each wait from 0, and without it every wait is its own. Each group's error is of its own
    waits only, whether or not other groups share its clusters; NaN where one cluster holds them all.
    """

    parts: list[Rows]
    n_groups: int
    n_waits: int
    entries: bool

    def of_events(self, values: Callable[[Rows], npt.NDArray[Any]], kind: type = float) -> npt.NDArray[Any]:
        """What there is by row, for the rows of events only, group after group."""
        return self._of_events(values, self.parts, kind)

    def offsets(self) -> Ints:
        """Where the events of each group begin, and where the last end."""
        sizes = [np.diff(part.first, append=part.key.size) - 1 for part in self.parts]
        return np.concatenate([[0], np.cumsum(np.concatenate(sizes))])

    def at(self, ticks: npt.ArrayLike) -> Floats:
        """The cumulative incidence by group and tick."""
        wanted = np.asarray(ticks, dtype=np.int64)
        return np.concatenate([part.estimate[part.at(wanted)] for part in self.parts])

    def passed(self, ticks: Ints) -> Ints:
        """How many events come up to each tick of each group, with all those of the groups before it."""
        ends = self._ends()

        def counted(number: int) -> Ints:
            part, groups = self.parts[number], np.arange(self.parts[number].first.size)
            return part.at(ticks) + (ends[number] - part.key.size + groups.size - groups[:, np.newaxis])

        return np.concatenate(in_threads(counted, range(len(ends))))

    def reached(self, share: Floats) -> Floats:
        """By group: the first tick at which the incidence is at least its `share`; inf without one."""
        return np.concatenate([_reached(part, share) for part in self.parts])

    def clustered(self, cluster: Ints | Counts) -> list[Clustered]:
        """The parts with their marks in the order of clusters, from which errors and influences are made."""
        n_clusters = int(cluster.max(initial=0)) + 1
        of_wait = narrow(cluster)
        return in_threads(lambda part: part.clustered(of_wait, n_clusters), self.parts)

    def errors(self, clustered: list[Clustered] | None = None) -> Floats:
        """The standard error at every event."""
        return self._of_events(lambda variance: _roots(variance()), self._variances(clustered), float)

    def error(self, ticks: npt.ArrayLike, cluster: Ints | None = None) -> Floats:
        """The standard error by group and tick."""
        wanted = np.asarray(ticks, dtype=np.int64)
        if cluster is None:
            squares = in_threads(lambda variance: variance(), self._variances(None))
            found = zip(self.parts, squares, strict=True)
            return np.concatenate([_roots(square[part.at(wanted)]) for part, square in found])
        variance = np.zeros((self.n_groups, wanted.size))
        for part in self.clustered(cluster):
            group = part.rows.groups[part.group]
            step = max(1, _CELLS_AT_ONCE // max(1, group.size))
            for some in slices(wanted.size, step):
                np.add.at(variance[:, some], group, part.influence(wanted[some]) ** 2)
            variance[part.rows.groups[part.in_one]] = np.nan
        return _roots(variance)

    def influence(self, ticks: npt.ArrayLike, clustered: list[Clustered]) -> Floats:
        """How much each cluster moves the estimate, by group, cluster and tick.

        The sum over the clusters of its squares is the jackknife's variance.
        """
        wanted = np.asarray(ticks, dtype=np.int64)
        last_cluster = max(int(part.cluster.max(initial=0)) for part in clustered)
        moved = np.zeros((self.n_groups, last_cluster + 1, wanted.size))

        def fill(part: Clustered) -> None:
            moved[part.rows.groups[part.group], part.cluster] = part.influence(wanted)

        in_threads(fill, clustered)
        return moved

    def _variances(self, clustered: list[Clustered] | None) -> list[Callable[[], Floats]]:
        """What computes the variance at every row, part by part."""
        if clustered is not None:
            return [part.variance_known for part in clustered]
        if not self.entries:
            return [part.variance for part in self.parts]
        return [part.variance for part in self.clustered(np.arange(self.n_waits))]

    def _ends(self) -> list[int]:
        """Where the events of each part end."""
        return list(accumulate(part.key.size - part.first.size for part in self.parts))

    def _of_events(
        self, values: Callable[[Part], npt.NDArray[Any]], parts: Sequence[Part], kind: type
    ) -> npt.NDArray[Any]:
        ends = self._ends()
        result: npt.NDArray[Any] = np.empty(ends[-1], dtype=kind)

        def fill(number: int) -> None:
            found = np.delete(values(parts[number]), self.parts[number].first)
            result[ends[number] - found.size : ends[number]] = found

        in_threads(fill, range(len(ends)))
        return result


def life_table(
    group: Ints, tick: Ints, outcome: Ints, *, n_groups: int, cause: int = 1, entry: Ints | None = None
) -> LifeTable:
    """Count the events of every group in one sorted pass.

    >>> table = life_table(*(np.array(x) for x in ([0, 0, 0, 1], [0, 0, 2, 5], [1, 0, 1, 1])), n_groups=2)
    >>> table.at([0, 2]).round(3).tolist()
    [[0.333, 1.0], [0.0, 0.0]]

    `group` numbers from 0, `tick` is when a wait ended (whole, from -1 for before the first
    event), `outcome` how (0 censored), `entry` the last tick before it came under observation.
    """
    bits, bits_of_wait = (int(most).bit_length() for most in (tick.max(initial=0) + 1, group.size))
    numbered = n_groups << bits + 2 + bits_of_wait < 2**63
    marks = np.empty((1 if entry is None else 2, group.size), dtype=np.int64)

    def leave(own: slice) -> None:
        origin = (group[own] << bits) + 1
        ended = np.add(origin, tick[own], out=marks[0, own])
        ended *= 4
        ended += CENSORED
        ended -= outcome[own] == cause
        ended -= outcome[own] > 0
        if entry is not None:
            marks[1, own] = 4 * (origin + entry[own]) + ENTERED
        if numbered:
            marks[:, own] <<= bits_of_wait
            marks[:, own] += np.arange(own.start, own.stop)

    in_threads(leave, slices(group.size, _MARKS_AT_ONCE))
    marks, wait = _split(marks.reshape(-1), bits_of_wait) if numbered else _in_order(marks)
    origins = np.arange(n_groups, dtype=np.int64) << bits
    begins = np.searchsorted(marks, 4 * origins)
    cuts = np.flatnonzero(np.diff(begins // _MARKS_AT_ONCE)) + 1  # a processor's cache holds so many
    of_part = (np.split(marks, begins[cuts]), np.split(wait, begins[cuts]), np.split(origins, cuts))
    parts = in_threads(lambda some: count_rows(*some, bits), list(zip(*of_part, strict=True)))
    return LifeTable(parts, n_groups, group.size, entry is not None)


def first_where(holds: Bools, offsets: Ints) -> Ints:
    """By group: the first of its places where it holds; behind the last place of all without one.

    >>> first_where(np.array([False, True, True, False]), np.array([0, 3, 4])).tolist()
    [1, 4]
    """
    places = np.append(np.flatnonzero(holds), holds.size)
    found = places[np.searchsorted(places, offsets[:-1])]
    return np.asarray(np.where(found < offsets[1:], found, holds.size), dtype=np.int64)


def slices(size: int, step: int) -> list[slice]:
    """Slices of at most that many, one after the other.

    >>> slices(5, 3)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]


def _split(marks: Ints, bits: int) -> tuple[Ints, Counts]:
    """Marks in order, and whose each is, of marks that hold that in their last bits."""
    wait = np.empty(marks.size, np.min_scalar_type((1 << bits) - 1))

    def sort(own: slice) -> None:
        marks[own].sort()  # much faster than np.argsort
        np.bitwise_and(marks[own], (1 << bits) - 1, out=wait[own], casting="unsafe")
        marks[own] >>= bits

    half = max((marks.size + 1) // 2, _MARKS_AT_ONCE)
    if half < marks.size:
        marks.partition(half)
    in_threads(sort, slices(marks.size, half))
    return marks, wait


def _in_order(marks: Ints) -> tuple[Ints, Counts]:
    """Marks, of which each wait has a column, in order, and whose each is."""
    order = np.argsort(marks, axis=None)
    return marks.reshape(-1)[order], narrow(order % marks.shape[1])


def _reached(rows: Rows, share: Floats) -> Floats:
    enough = rows.estimate >= share[rows.key >> rows.bits] - 1e-12
    row = first_where(enough, np.append(rows.first, enough.size))
    return np.asarray(np.maximum(np.append(rows.ticks, np.inf)[row], 0.0), dtype=np.float64)


def _roots(variance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)
