"""Aalen-Johansen for many groups in one sorted pass, with errors summed over clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Floats, Ints

_CELLS_AT_ONCE = 4_000_000
_WAITS_AT_ONCE = 250_000


class State(NamedTuple):
    """What one wait or cluster adds at a row: F slope + level + going (F a - b), F, a and b the row's."""

    slope: Floats
    level: Floats
    going: Floats

    def products(self) -> Iterator[Floats]:
        """The six products of a state with itself: its square is linear in them."""
        p, q, g = self
        yield from (one * other for one, other in ((p, p), (q, q), (g, g), (p, q), (p, g), (q, g)))


class Paths(NamedTuple):
    """What each wait adds to the error, in the order of the table.

    Under observation from row `start` it adds the state `under`, over from row `end` the state `over`.
    """

    start: Ints
    under: State
    end: Ints
    over: State


@dataclass(frozen=True, eq=False)
class LifeTable:
    """The cumulative incidence of one cause: for each group its origin and its event times.

    `key` numbers the rows by group and tick, `first` says where each group's rows begin;
    `a` and `b` are the running sums that errors are made of. Ticks are whole numbers from 0.
    `waits` holds each wait's key and what came of it, packed into one number, as given, and
    `in_order` the same in order.
    """

    key: Ints
    first: Ints
    reach: int
    at_risk: Ints
    estimate: Floats
    jump: Floats
    tail: Floats
    a: Floats
    b: Floats
    waits: Ints
    in_order: Ints
    entry: Ints | None

    def at(self, ticks: npt.ArrayLike) -> Floats:
        """The cumulative incidence by group and tick."""
        estimate: Floats = self.estimate[self._rows(ticks)]
        return estimate

    def reached(self, share: Floats) -> Floats:
        """By group: the first tick at which the incidence is at least its `share`; inf without one."""
        group = self.key // self.reach
        row = first_where(self.estimate >= share[group] - 1e-12, np.append(self.first, self.key.size))
        ticks = np.append(self.key % self.reach - 1.0, np.inf)
        return np.asarray(np.maximum(ticks[row], 0.0), dtype=np.float64)

    def errors(self, cluster: Ints | None = None) -> Floats:
        """The standard error at every row, from running sums: psi squared is linear in six of them.

        `cluster` numbers the cluster of each wait from 0; without it every wait is its own.
        """
        f, w = self.estimate, self.estimate * self.a - self.b
        pp, qq, gg, pq, pg, qg = self._moments(cluster)
        variance = f * f * pp + qq + w * w * gg + 2 * (f * pq + f * w * pg + w * qg)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)

    def error(self, ticks: npt.ArrayLike, cluster: Ints | None = None) -> Floats:
        """The standard error by group and tick, of ascending ticks; `cluster` as in `errors`."""
        wanted = np.asarray(ticks, dtype=np.int64)
        if cluster is None:
            return np.asarray(self.errors()[self._rows(wanted)], dtype=np.float64)
        step = max(1, _CELLS_AT_ONCE // (self.first.size * (int(cluster.max(initial=0)) + 1)))
        parts = [
            self.influence(wanted[start : start + step], cluster) for start in range(0, wanted.size, step)
        ]
        errors = [np.sqrt((part**2).sum(axis=1)) for part in parts]
        return np.concatenate([np.empty((self.first.size, 0)), *errors], axis=1)

    @cached_property
    def order(self) -> Ints:
        """The waits by group, and in each by when they ended."""
        return np.argsort(self.waits)

    @cached_property
    def group(self) -> Ints:
        """The group of each wait, in order."""
        return self.in_order // (4 * self.reach)

    def influence(self, ticks: npt.ArrayLike, cluster: Ints) -> Floats:
        """How much each cluster moves the estimate, by group, cluster and tick, of ascending ticks.

        The sum over the clusters of its squares is the jackknife's variance.
        """
        wanted = np.asarray(ticks, dtype=np.int64)
        _, under, _, over = self.paths
        rows = self._rows(wanted)
        n_clusters = int(cluster.max(initial=0)) + 1
        shape = (self.first.size, n_clusters, wanted.size + 1)
        member = (self.group * n_clusters + cluster[self.order]) * shape[2]
        begun = member + (0 if self.entry is None else np.searchsorted(wanted, self.entry[self.order]))
        ended = member + np.searchsorted(wanted, (self.in_order >> 2) - self.group * self.reach - 1)

        def so_far(cell: Ints, weight: Floats) -> Floats:
            added = np.broadcast_to(weight, cell.shape)
            counted = np.bincount(cell, added, minlength=int(np.prod(shape))).reshape(shape)
            return np.asarray(np.cumsum(counted, axis=-1)[..., :-1], dtype=np.float64)

        slope, level, going = (
            so_far(begun, before) + so_far(ended, after - before)
            for before, after in zip(under, over, strict=True)
        )
        f, a, b = (values[rows][:, np.newaxis, :] for values in (self.estimate, self.a, self.b))
        return np.asarray(f * slope + level + going * (f * a - b), dtype=np.float64)

    @cached_property
    def paths(self) -> Paths:
        """What each wait adds to the error."""
        key, happened, in_cause = _unpacked(self.in_order)
        end = _last_row(self.key, key)
        own = np.where(happened, self.tail[end] / self.at_risk[end], 0.0)
        slope = self.a[end] - own
        level = own * self.estimate[end] - self.b[end] + np.where(in_cause, self.jump[end], 0.0)
        nothing = np.zeros(1)
        if self.entry is None:
            under = State(nothing, nothing, np.ones(1))
            return Paths(self.first[self.group], under, end, State(slope, level, nothing))
        start = _last_row(self.key, self.group * self.reach + self.entry[self.order] + 1)
        missed_a, missed_b = self.a[start], self.b[start]
        under = State(-missed_a, missed_b, np.ones(end.size))
        return Paths(start, under, end, State(slope - missed_a, level + missed_b, np.zeros(end.size)))

    def _rows(self, ticks: npt.ArrayLike) -> Ints:
        groups = np.arange(self.first.size)[:, np.newaxis]
        wanted = groups * self.reach + np.minimum(np.asarray(ticks) + 1, self.reach - 1)
        return _last_row(self.key, wanted)

    def _summed(self, cell: Ints, weight: Floats) -> Floats:
        """Running sums over the rows of each group of what is added at rows `cell`."""
        added = np.bincount(cell, np.broadcast_to(weight, cell.shape), minlength=self.key.size)
        return _running(np.cumsum, added.astype(np.float64), self.first)

    def _moments(self, cluster: Ints | None) -> Iterator[Floats]:
        """Sums over the clusters of the products of their states, at every row."""
        start, under, end, over = self.paths
        if cluster is None:
            for before, after in zip(under.products(), over.products(), strict=True):
                yield self._summed(start, before) + self._summed(end, after - before)
            return
        whose = self.group * (int(cluster.max(initial=0)) + 1) + cluster[self.order]
        row, steps = end, State(*(last - first for first, last in zip(under, over, strict=True)))
        if self.entry is not None:
            whose, row = np.tile(whose, 2), np.concatenate([start, end])
            steps = State(*(np.concatenate(parts) for parts in zip(under, steps, strict=True)))
        order = np.argsort(whose * self.key.size + row)
        whose, row = whose[order], row[order]
        begins = np.flatnonzero(np.diff(whose, prepend=-1))
        nothing = np.zeros(begins.size)
        size = np.diff(begins, append=whose.size).astype(np.float64)
        origin = State(nothing, nothing, size if self.entry is None else nothing)
        states = [
            _restarted(np.broadcast_to(step, row.shape)[order], begins, at)
            for step, at in zip(steps, origin, strict=True)
        ]
        here = State(*(after for after, _ in states))
        previously = State(*(before for _, before in states))
        origin_row = self.first[np.searchsorted(self.first, row[begins], side="right") - 1]
        for at, before, after in zip(origin.products(), previously.products(), here.products(), strict=True):
            yield self._summed(origin_row, at) + self._summed(row, after - before)


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
    reach = int(tick.max(initial=-1)) + 3
    packed = 4 * (group * reach + tick + 1) + 2 * (outcome == cause) + (outcome > 0)
    in_order = np.sort(packed)  # much faster than np.argsort
    late = None if entry is None else np.sort(group * reach + entry + 1)
    origins = np.arange(n_groups, dtype=np.int64) * reach
    begins = np.searchsorted(in_order, 4 * origins)
    blocks = np.flatnonzero(np.diff(begins // _WAITS_AT_ONCE, prepend=0))
    waits_of, origins_of = np.split(in_order, begins[blocks]), np.split(origins, blocks)
    parts = [_count(waits, at, reach, late) for waits, at in zip(waits_of, origins_of, strict=True)]
    key, at_risk, estimate, jump, tail, a, b = (np.concatenate(column) for column in zip(*parts, strict=True))
    first = np.searchsorted(key, origins)
    return LifeTable(key, first, reach, at_risk, estimate, jump, tail, a, b, packed, in_order, entry)


def _count(
    waits: Ints, origins: Ints, reach: int, late: Ints | None
) -> tuple[Ints, Ints, *tuple[Floats, ...]]:
    """The rows of some groups: what fits into a processor's cache is counted several times faster."""
    keys, happened, in_cause = _unpacked(waits)
    begins = np.flatnonzero(np.diff(keys, prepend=-1))
    ended = _counted(happened, begins)
    begins, ended, caused = begins[ended > 0], ended[ended > 0], _counted(in_cause, begins)[ended > 0]
    rows = keys[begins]
    place = np.searchsorted(rows, origins)
    size = np.diff(place, append=rows.size)
    at_risk = np.repeat(np.searchsorted(keys, origins + reach), size) - begins
    if late is not None:
        at_risk -= np.repeat(np.searchsorted(late, origins + reach), size) - np.searchsorted(late, rows)
    rows, at_risk, ended, caused = (
        np.insert(values, place, at_origin)
        for values, at_origin in ((rows, origins), (at_risk, 1), (ended, 0), (caused, 0))
    )
    first = place + np.arange(origins.size)

    remaining = 1.0 - ended / at_risk
    tail = np.where(remaining > 0, 1.0 / np.where(remaining > 0, remaining, 1.0), 0.0)
    still = _running(np.cumprod, remaining, first)
    jump = np.concatenate([[1.0], still[:-1]])[: rows.size] / at_risk
    estimate = _running(np.cumsum, jump * caused, first)
    hazard = tail * ended / at_risk / at_risk
    a = _running(np.cumsum, hazard, first)
    b = _running(np.cumsum, hazard * estimate + jump * caused / at_risk, first)
    return rows, at_risk, estimate, jump, tail, a, b


def first_where(holds: Bools, offsets: Ints) -> Ints:
    """By group: the first of its places where it holds; behind the last place of all without one.

    >>> first_where(np.array([False, True, True, False]), np.array([0, 3, 4])).tolist()
    [1, 4]
    """
    places = np.append(np.flatnonzero(holds), holds.size)
    found = places[np.searchsorted(places, offsets[:-1])]
    return np.asarray(np.where(found < offsets[1:], found, holds.size), dtype=np.int64)


def _last_row(rows: Ints, keys: Ints) -> Ints:
    return np.asarray(np.searchsorted(rows, keys, side="right") - 1, dtype=np.int64)


def _unpacked(waits: Ints) -> tuple[Ints, Bools, Bools]:
    """The key of each wait, whether it ended, and whether in the cause."""
    return waits >> 2, (waits & 1) > 0, (waits & 2) > 0


def _counted(happened: Bools, begins: Ints) -> Ints:
    if not begins.size:
        return begins
    return np.asarray(np.add.reduceat(happened, begins, dtype=np.int64))


def _running(accumulate: Callable[..., Floats], values: Floats, first: Ints) -> Floats:
    """A running sum or product that starts anew with each group."""
    result = np.empty_like(values)
    for start, stop in zip(first, np.append(first, values.size)[1:], strict=True):
        accumulate(values[start:stop], out=result[start:stop])
    return result


def _restarted(steps: Floats, begins: Ints, origin: Floats) -> tuple[Floats, Floats]:
    """A running sum that starts anew from `origin` at each of many places, after each step and before."""
    after = np.cumsum(steps)
    after += np.repeat(origin - after[begins] + steps[begins], np.diff(begins, append=steps.size))
    before = np.roll(after, 1)
    before[begins] = origin
    return after, before
