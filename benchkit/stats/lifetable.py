"""Aalen-Johansen for many groups in one sorted pass, with errors summed over clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Floats, Ints

_CELLS_AT_ONCE = 4_000_000


class Influence(NamedTuple):
    """How much each wait moves the estimate: its infinitesimal-jackknife value at any row m.

    Over by m, it is F_m slope + level; still going at m, F_m A_m - B_m less what it missed
    before it came under observation, F_m missed_a - missed_b.
    """

    slope: Floats
    level: Floats
    missed_a: Floats
    missed_b: Floats


class Waits(NamedTuple):
    """The waits of a table in its order: by group, and in each by when they ended."""

    order: Ints
    group: Ints
    key: Ints
    begin: Ints | None
    happened: Bools
    in_cause: Bools


@dataclass(frozen=True, eq=False)
class LifeTable:
    """The cumulative incidence of one cause: for each group its origin and its event times.

    `key` numbers the rows by group and tick, `first` says where each group's rows begin;
    `a` and `b` are the running sums that errors are made of. Ticks are whole numbers from 0.
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
    waits: Waits

    def at(self, ticks: npt.ArrayLike) -> Floats:
        """The cumulative incidence by group and tick."""
        estimate: Floats = self.estimate[self._rows(ticks)]
        return estimate

    def reached(self, share: Floats) -> Floats:
        """By group: the first tick at which the incidence is at least its `share`; inf without one."""
        result = np.full(self.first.size, np.inf)
        for group, rows in enumerate(_slices(self.first, self.key.size)):
            place = int(np.searchsorted(self.estimate[rows], share[group] - 1e-12))
            if place < rows.stop - rows.start:
                result[group] = self.key[rows.start + place] % self.reach - 1
        return np.where(result < 0, 0.0, result)

    def error(self, ticks: npt.ArrayLike, cluster: Ints | None = None) -> Floats:
        """The standard error by group and tick, of ascending ticks.

        `cluster` numbers the cluster of each wait from 0; without it every wait is its own.
        """
        wanted = np.asarray(ticks, dtype=np.int64)
        n_clusters = 1 if cluster is None else int(cluster.max(initial=0)) + 1
        step = max(1, _CELLS_AT_ONCE // (self.first.size * n_clusters))
        parts = [wanted[start : start + step] for start in range(0, wanted.size, step)]
        variances = [self._variance(part, cluster, n_clusters) for part in parts]
        nothing = np.empty((self.first.size, 0))
        return np.asarray(np.sqrt(np.concatenate([nothing, *variances], axis=1)), dtype=np.float64)

    @cached_property
    def influence(self) -> Influence:
        """What each wait adds to the estimate's error."""
        waits = self.waits
        last = _last_row(self.key, waits.key)
        own = np.where(waits.happened, self.tail[last] / self.at_risk[last], 0.0)
        level = own * self.estimate[last] - self.b[last] + np.where(waits.in_cause, self.jump[last], 0.0)
        if waits.begin is None:
            nothing = np.zeros(1)
            return Influence(self.a[last] - own, level, nothing, nothing)
        since = _last_row(self.key, waits.group * self.reach + waits.begin + 1)
        a, b = self.a[since], self.b[since]
        return Influence(self.a[last] - a - own, level + b, a, b)

    def _rows(self, ticks: npt.ArrayLike) -> Ints:
        groups = np.arange(self.first.size)[:, np.newaxis]
        wanted = groups * self.reach + np.minimum(np.asarray(ticks) + 1, self.reach - 1)
        return _last_row(self.key, wanted)

    def _variance(self, ticks: Ints, cluster: Ints | None, n_clusters: int) -> Floats:
        each, waits = self.influence, self.waits
        rows = self._rows(ticks)
        f, a, b = (values[rows][:, np.newaxis, :] for values in (self.estimate, self.a, self.b))
        shape = (self.first.size, n_clusters, ticks.size + 1)
        member = waits.group * n_clusters + (0 if cluster is None else cluster[waits.order])
        begun = member * shape[2] + (0 if waits.begin is None else np.searchsorted(ticks, waits.begin))
        over = member * shape[2] + np.searchsorted(ticks, waits.key - waits.group * self.reach - 1)

        def so_far(cell: Ints, weight: Floats | None = None) -> Floats:
            counted = np.bincount(cell, weight, minlength=int(np.prod(shape))).reshape(shape)
            return np.cumsum(counted, axis=-1, dtype=np.float64)[..., :-1]

        def going(weight: Floats | None = None) -> Floats:
            if weight is not None and not weight.any():
                return np.zeros((1, 1, 1))
            return so_far(begun, weight) - so_far(over, weight)

        u, v, whole = each.missed_a, each.missed_b, f * a - b
        if cluster is not None:
            total = f * so_far(over, each.slope) + so_far(over, each.level)
            total += going() * whole - f * going(u) + going(v)
            return np.asarray((total**2).sum(axis=1))
        squares = (
            f**2 * so_far(over, each.slope**2)
            + 2 * f * so_far(over, each.slope * each.level)
            + so_far(over, each.level**2)
            + going() * whole**2
            - 2 * whole * (f * going(u) - going(v))
            + f**2 * going(u**2)
            - 2 * f * going(u * v)
            + going(v**2)
        )
        return np.maximum(squares[:, 0], 0.0)


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
    keys = group * reach + tick + 1
    order = np.argsort(keys)
    keys, kind = keys[order], outcome[order]
    waits = Waits(order, group[order], keys, None if entry is None else entry[order], kind > 0, kind == cause)
    origins = np.arange(n_groups, dtype=np.int64) * reach
    rows = np.sort(np.concatenate([origins, keys[waits.happened]]))
    rows = rows[np.concatenate([[True], rows[1:] != rows[:-1]])]  # much faster than np.unique
    first = np.searchsorted(rows, origins)

    before, upto = np.searchsorted(keys, rows), np.searchsorted(keys, rows, side="right")
    ended, in_cause = (_counted(which, before, upto) for which in (waits.happened, waits.in_cause))
    after = np.searchsorted(keys, origins + reach)[rows // reach]
    at_risk = after - before
    if entry is not None:
        at_risk = at_risk - (after - np.searchsorted(np.sort(group * reach + entry + 1), rows))
    at_risk = np.maximum(at_risk, 1)  # an origin without waits

    remaining = 1.0 - ended / at_risk
    tail = np.where(remaining > 0, 1.0 / np.where(remaining > 0, remaining, 1.0), 0.0)
    still = _running(np.cumprod, remaining, first)
    jump = np.concatenate([[1.0], still[:-1]]) / at_risk
    jump[first] = 1.0 / at_risk[first]
    estimate = _running(np.cumsum, jump * in_cause, first)
    hazard = tail * ended / at_risk / at_risk
    a = _running(np.cumsum, hazard, first)
    b = _running(np.cumsum, hazard * estimate + jump * in_cause / at_risk, first)
    return LifeTable(rows, first, reach, at_risk, estimate, jump, tail, a, b, waits)


def _last_row(rows: Ints, keys: Ints) -> Ints:
    return np.asarray(np.searchsorted(rows, keys, side="right") - 1, dtype=np.int64)


def _counted(happened: npt.NDArray[np.bool_], before: Ints, upto: Ints) -> Ints:
    running = np.concatenate([[0], np.cumsum(happened)])
    counted: Ints = running[upto] - running[before]
    return counted


def _slices(first: Ints, size: int) -> list[slice]:
    return [slice(int(s), int(e)) for s, e in zip(first, [*first[1:], size], strict=True)]


def _running(accumulate: Callable[..., Floats], values: Floats, first: Ints) -> Floats:
    """A running sum or product that starts anew with each group."""
    result = np.empty_like(values)
    for rows in _slices(first, values.size):
        accumulate(values[rows], out=result[rows])
    return result
