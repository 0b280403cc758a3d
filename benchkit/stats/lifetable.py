"""Aalen-Johansen for many groups in one sorted pass, with errors summed over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Counts, Floats, Ints, in_threads, narrow
from benchkit.stats.rows import ENTERED, Clustered, Rows, count_rows

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

    def of_events(self, values: Callable[[Rows], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What there is by row, for the rows of events only, group after group."""
        return np.concatenate([np.delete(values(part), part.first) for part in self.parts])

    def offsets(self) -> Ints:
        """Where the events of each group begin, and where the last end."""
        sizes = [np.diff(part.first, append=part.key.size) - 1 for part in self.parts]
        return np.concatenate([[0], np.cumsum(np.concatenate(sizes))])

    def at(self, ticks: npt.ArrayLike) -> Floats:
        """The cumulative incidence by group and tick."""
        wanted = np.asarray(ticks, dtype=np.int64)
        return np.concatenate([part.estimate[part.at(wanted)] for part in self.parts])

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
        variances = zip(self.parts, self._variances(clustered), strict=True)
        return np.concatenate([_roots(np.delete(square, part.first)) for part, square in variances])

    def error(self, ticks: npt.ArrayLike, cluster: Ints | None = None) -> Floats:
        """The standard error by group and tick."""
        wanted = np.asarray(ticks, dtype=np.int64)
        if cluster is None:
            variances = zip(self.parts, self._variances(None), strict=True)
            return np.concatenate([_roots(square[part.at(wanted)]) for part, square in variances])
        variance = np.zeros((self.n_groups, wanted.size))
        for part in self.clustered(cluster):
            group = part.rows.groups[part.group]
            step = max(1, _CELLS_AT_ONCE // max(1, group.size))
            for some in (slice(start, start + step) for start in range(0, wanted.size, step)):
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

    def _variances(self, clustered: list[Clustered] | None) -> list[Floats]:
        if clustered is not None:
            return in_threads(Clustered.variance_known, clustered)
        if not self.entries:
            return in_threads(Rows.variance, self.parts)
        return in_threads(Clustered.variance, self.clustered(np.arange(self.n_waits)))


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
    bits = int(tick.max(initial=0) + 1).bit_length()
    packed = _keys(group, tick, bits)
    for bit_of_kind in (outcome == cause, outcome > 0):
        packed <<= 1
        packed += bit_of_kind
    if entry is not None:
        packed = np.concatenate([packed, 4 * _keys(group, entry, bits) + ENTERED])
    marks, wait = _in_order(packed, group.size)
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


def _keys(group: Ints, tick: Ints, bits: int) -> Ints:
    keys = group << bits
    keys += tick
    keys += 1
    return keys


def _in_order(marks: Ints, n_waits: int) -> tuple[Ints, Counts]:
    """The marks in order, and whose each is; the `n_waits` first come first, and again in turn."""
    bits = n_waits.bit_length()
    if int(marks.max(initial=0)).bit_length() + bits > 63:
        order = np.argsort(marks)
        return marks[order], narrow(order % n_waits)
    marks <<= bits
    marks.reshape(-1, max(n_waits, 1))[:] += np.arange(max(n_waits, 1))
    marks.sort()  # much faster than np.argsort
    wait = np.empty(marks.size, np.min_scalar_type(n_waits))
    np.bitwise_and(marks, (1 << bits) - 1, out=wait, casting="unsafe")
    marks >>= bits
    return marks, wait


def _reached(rows: Rows, share: Floats) -> Floats:
    enough = rows.estimate >= share[rows.key >> rows.bits] - 1e-12
    row = first_where(enough, np.append(rows.first, enough.size))
    return np.asarray(np.maximum(np.append(rows.ticks, np.inf)[row], 0.0), dtype=np.float64)


def _roots(variance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)
