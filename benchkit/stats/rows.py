"""The events of some groups counted time by time, and what single waits add to the error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Floats, Ints

ENDED, ENTERED, IN_CAUSE = 1, 2, 3
"""The kinds of marks that waits leave, beside 0 for censored: a bit for the cause, a bit for any end."""


@dataclass(frozen=True, eq=False)
class Rows:
    """For each group a row for its origin and one for each time something happened.

    `key` is a group's number and, in its last `bits`, a tick plus 1; `first` says where each
    group's rows begin. `marks` are what the waits left, in order: a key and a kind, packed into one
    number; `wait` says whose they are, and `begin` where those of each row begin. `ended` and
    `caused` count what happened, `jump` is what one wait ended in the cause adds to the
    `estimate`, and `a` and `b` are the running sums that errors are made of.
    """

    bits: int
    marks: Ints
    wait: Ints
    first: Ints
    key: Ints
    begin: Ints
    at_risk: Ints
    ended: Ints
    caused: Ints
    estimate: Floats
    jump: Floats
    a: Floats
    b: Floats

    @property
    def groups(self) -> Ints:
        """The numbers of the groups."""
        return self.key[self.first] >> self.bits

    @property
    def ticks(self) -> Ints:
        """The tick of each row, -1 for an origin."""
        return (self.key & ((1 << self.bits) - 1)) - 1

    def at(self, ticks: Ints) -> Ints:
        """The last row that is not later, by group and tick."""
        wanted = self.key[self.first][:, np.newaxis] + np.minimum(ticks + 1, (1 << self.bits) - 1)
        return np.asarray(np.searchsorted(self.key, wanted, side="right") - 1, dtype=np.int64)

    def steps(self) -> tuple[Floats, Floats]:
        """By row and kind: what a mark adds to P and Q, where a wait's influence is F P + Q + G (F a - b).

        G is 1 while the wait is under observation and 0 else; F, a and b are those of the row asked for.
        """
        left = self.at_risk - self.ended
        own = np.divide(1.0, left, out=np.zeros(left.size), where=left > 0)
        p, q = self.a - own, own * self.estimate - self.b
        by_kind = (self.a, p, -self.a, p), (-self.b, q, self.b, q + self.jump)
        return np.stack(by_kind[0], axis=1), np.stack(by_kind[1], axis=1)

    def variance(self) -> Floats:
        """The sum of squares of influences at every row, of waits that all were watched from the origin."""
        size = np.diff(self.begin, append=self.marks.size)
        n = np.stack([size - self.ended, self.ended - self.caused, np.zeros_like(size), self.caused])
        p, q = (step.T for step in self.steps())
        added = np.stack([(n * x).sum(axis=0) for x in (p * p, q * q, p * q)])
        pp, qq, pq = _running(np.add, added, self.first)
        f, watched = self.estimate, self.at_risk - size
        return np.asarray(f * f * pp + qq + 2 * f * pq + (f * self.a - self.b) ** 2 * watched)

    def clustered(self, cluster: npt.NDArray[np.integer[Any]], n_clusters: int) -> Clustered:
        """Bring the marks into the order of their clusters, which are by wait and numbered from 0."""
        bits = (4 * self.key.size).bit_length()
        row, group = (
            np.repeat(np.arange(begin.size), np.diff(begin, append=self.marks.size))
            for begin in (self.begin, self.begin[self.first])
        )
        run = group * n_clusters + cluster[self.wait]
        places = np.sort((run << bits) + 4 * row + (self.marks & 3))
        begins = np.flatnonzero(np.diff(places >> bits, prepend=-1))
        row_and_kind = places & ((1 << bits) - 1)
        p, q = (np.take(step, row_and_kind) for step in self.steps())
        g = np.where((places & 3) == ENTERED, 1.0, -1.0)
        watched = -np.diff(np.append(0.0, np.cumsum(g))[np.append(begins, g.size)])  # in the end none is
        nothing = np.zeros(begins.size)
        origins = (nothing, nothing, watched)
        sums = tuple(_restarted(steps, begins, at) for steps, at in zip((p, q, g), origins, strict=True))
        return Clustered(
            self, *np.divmod(places[begins] >> bits, n_clusters), begins, places, bits, sums, origins
        )


class Clustered(NamedTuple):
    """A run of marks for each `group` (of these) and `cluster`, with its running sums.

    `places` are the run, row and kind of each mark, the latter two in the last `bits`; `sums` are
    P, Q and G after each mark, and `origins` those before each run, which begin at `begins`.
    """

    rows: Rows
    group: Ints
    cluster: Ints
    begins: Ints
    places: Ints
    bits: int
    sums: tuple[Floats, ...]
    origins: tuple[Floats, ...]

    @property
    def in_one(self) -> Bools:
        """By group: whether one cluster holds all its waits, which tells nothing of how clusters vary."""
        return np.asarray(np.bincount(self.group, minlength=self.rows.first.size) == 1)

    def influence(self, ticks: Ints) -> Floats:
        """What each run adds to the estimate of its group, by run and tick."""
        rows = self.rows
        row, run = rows.at(ticks)[self.group], self.places[self.begins] >> self.bits
        wanted = (run[:, np.newaxis] << self.bits) + 4 * row + 3
        mark = np.searchsorted(self.places, wanted, side="right") - 1
        begun = mark >= self.begins[:, np.newaxis]
        p, q, g = (
            np.where(begun, after[mark], before[:, np.newaxis])
            for after, before in zip(self.sums, self.origins, strict=True)
        )
        f, a, b = (column[row] for column in (rows.estimate, rows.a, rows.b))
        return np.asarray(f * p + q + (f * a - b) * g, dtype=np.float64)

    def variance(self) -> Floats:
        """The sum of squares of the influences at every row."""
        f, first, n_rows = self.rows.estimate, self.rows.first, self.rows.key.size
        row = (self.places & ((1 << self.bits) - 1)) >> 2
        factors = (f, np.ones(n_rows), f * self.rows.a - self.rows.b)
        states = list(zip(self.sums, self.origins, factors, strict=True))
        pairs = list(combinations_with_replacement(states, 2))
        added = np.empty((len(pairs), n_rows))
        for total, ((one, start, _), (two, other_start, _)) in zip(added, pairs, strict=True):
            product, origin = one * two, start * other_start
            steps = np.diff(product, prepend=0.0)
            steps[self.begins] = product[self.begins] - origin
            total[:] = np.bincount(row, steps, n_rows)
            total += np.bincount(first[self.group], origin, n_rows)
        variance = np.zeros(n_rows)
        for total, ((one, _, factor), (two, _, other)) in zip(
            _running(np.add, added, first), pairs, strict=True
        ):
            variance += (1 if one is two else 2) * factor * other * total
        return variance


def count_rows(marks: Ints, wait: Ints, origins: Ints, bits: int) -> Rows:
    """The rows of the groups that have these marks and origins (as keys)."""
    keys, kinds = marks >> 2, marks & 3
    begin = np.flatnonzero(np.diff(keys, prepend=-1))
    ended, caused = _counted(kinds & ENDED, begin), _counted(kinds == IN_CAUSE, begin)
    happened = ended > 0
    begin, ended, caused = begin[happened], ended[happened], caused[happened]
    key = keys[begin]
    place = np.searchsorted(key, origins)
    group_begin = np.searchsorted(keys, origins)
    group_end = np.append(group_begin, keys.size)[1:]
    entered = np.append(0, np.cumsum(kinds == ENTERED))
    yet_to_enter = np.repeat(entered[group_end], np.diff(place, append=key.size)) - entered[begin]
    at_risk = np.repeat(group_end, np.diff(place, append=key.size)) - begin - 2 * yet_to_enter
    at_origin = ((key, origins), (begin, group_begin), (at_risk, 1), (ended, 0), (caused, 0))
    key, begin, at_risk, ended, caused = (np.insert(values, place, value) for values, value in at_origin)
    first = place + np.arange(origins.size)

    remaining = 1.0 - ended / at_risk
    tail = np.divide(1.0, remaining, out=np.zeros(remaining.size), where=remaining > 0)
    still = _running(np.multiply, remaining, first)
    jump = np.append(1.0, still[:-1]) / at_risk
    estimate = _running(np.add, jump * caused, first)
    hazard = tail * ended / at_risk / at_risk
    a = _running(np.add, hazard, first)
    b = _running(np.add, hazard * estimate + jump * caused / at_risk, first)
    return Rows(bits, marks, wait, first, key, begin, at_risk, ended, caused, estimate, jump, a, b)


def _counted(happened: npt.NDArray[Any], begins: Ints) -> Ints:
    """How many from each beginning to the next."""
    so_far = np.append(0, np.cumsum(happened))
    return np.asarray(np.diff(so_far[np.append(begins, happened.size)]), dtype=np.int64)


def _running(ufunc: np.ufunc, values: Floats, first: Ints) -> Floats:
    """A running sum or product along the rows that starts anew with each group."""
    result = np.empty_like(values)
    for start, stop in zip(first, np.append(first, values.shape[-1])[1:], strict=True):
        ufunc.accumulate(values[..., start:stop], axis=-1, out=result[..., start:stop])
    return result


def _restarted(steps: Floats, begins: Ints, origin: Floats) -> Floats:
    """A running sum that starts anew from `origin` at each of many places."""
    after: Floats = np.cumsum(steps)
    after += np.repeat(origin - after[begins] + steps[begins], np.diff(begins, append=steps.size))
    return after
