"""The events of some groups counted time by time, and what single waits add to the error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Counts, Floats, Ints

ENDED, ENTERED, IN_CAUSE = 1, 2, 3
"""The kinds of marks that waits leave, beside 0 for censored: a bit for the cause, a bit for any end."""


@dataclass(frozen=True, eq=False)
class Rows:
    """For each group a row for its origin and one for each time something happened.

    `key` is a group's number and, in its last `bits`, a tick plus 1; `first` says where each
    group's rows begin. `kind` is that of each mark the waits left, in the order of their keys;
    `wait` says whose they are, and `begin` where those of each row begin. `ended` and `caused`
    count what happened, and `only_cause` says that they are the same. `jump` is what one wait ended
    in the cause adds to the `estimate`, and `a` and `b` are the running sums that errors are made of.
    """

    bits: int
    kind: Counts
    wait: Counts
    first: Ints
    key: Ints
    begin: Ints
    at_risk: Ints
    ended: Ints
    caused: Ints
    only_cause: bool
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

    def steps(self) -> list[tuple[Floats, Floats]]:
        """What a mark adds to P and to Q, by row and kind, and by row the factor of P and of Q.

        A wait's influence is F P + Q + (F a - b) G, where G is 1 while the wait is under observation
        and 0 else, and F, a and b are those of the row asked for. Where nothing but the cause ends
        waits, b is a and Q is -P: the influence is (F - 1) P + (F a - b) G.
        """
        left = self.at_risk - self.ended
        own = np.divide(1.0, left, out=np.zeros(left.size), where=left > 0)
        p, q = self.a - own, own * self.estimate - self.b
        of_p = np.stack((self.a, p, -self.a, p), axis=1)
        if self.only_cause:
            return [(of_p, self.estimate - 1.0)]
        of_q = np.stack((-self.b, q, self.b, q + self.jump), axis=1)
        return [(of_p, self.estimate), (of_q, np.ones_like(q))]

    def variance(self) -> Floats:
        """The sum of squares of influences at every row, of waits that all were watched from the origin."""
        size = _sizes(self.begin, self.kind.size)
        n = np.stack([size - self.ended, self.ended - self.caused, np.zeros_like(size), self.caused], axis=1)
        watched = self.at_risk - size
        variance = (self.estimate * self.a - self.b) ** 2 * watched
        for (one, factor), (two, other) in combinations_with_replacement(self.steps(), 2):
            total = _running(np.add, (n * one * two).sum(axis=1), self.first)
            variance += (1 if one is two else 2) * factor * other * total
        return variance

    def clustered(self, cluster: Counts, n_clusters: int) -> Clustered:
        """Bring the marks into the order of their clusters, which are by wait and numbered from 0."""
        bits = (4 * self.key.size).bit_length()
        first_run = np.repeat(np.arange(self.first.size) * n_clusters, _sizes(self.first, self.key.size))
        of_row = (first_run << bits) + 4 * np.arange(self.key.size)
        places = np.repeat(of_row, _sizes(self.begin, self.kind.size))
        places += self.kind
        places += cluster[self.wait].astype(np.int64) << bits
        places.sort()
        begins = _begins(places >> bits)
        sizes = _sizes(begins, places.size)
        seen = np.cumsum(2 * ((places & 3) == ENTERED) - 1)
        none = seen[begins + sizes - 1]  # in the end none is under observation
        watched = np.diff(-none, prepend=0).astype(float)
        sums = [Sum((seen - np.repeat(none, sizes)).astype(float), watched, self.estimate * self.a - self.b)]
        nothing, row_and_kind = np.zeros(begins.size), places & ((1 << bits) - 1)
        for steps, factor in self.steps():
            after = np.cumsum(np.take(steps, row_and_kind))
            before = np.append(0.0, after)[begins]
            after -= np.repeat(before, sizes)
            sums.append(Sum(after, nothing, factor))
        return Clustered(self, *np.divmod(places[begins] >> bits, n_clusters), begins, places, bits, sums)


class Sum(NamedTuple):
    """A running sum: its value after each mark and before each run, and by row its factor in influences."""

    after: Floats
    before: Floats
    factor: Floats


class Clustered(NamedTuple):
    """A run of marks for each `group` (of these) and `cluster`, with its running sums.

    `places` are the run, row and kind of each mark, the latter two in the last `bits`; runs begin
    at `begins`. `sums` are G, P and, where it is not -P, Q.
    """

    rows: Rows
    group: Ints
    cluster: Ints
    begins: Ints
    places: Ints
    bits: int
    sums: list[Sum]

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
        influence = np.zeros(row.shape)
        for after, before, factor in self.sums:
            influence += np.where(begun, after[mark], before[:, np.newaxis]) * factor[row]
        return influence

    def variance_known(self) -> Floats:
        """As `variance`, NaN for groups that tell nothing of how clusters vary."""
        unknown = np.repeat(self.in_one, _sizes(self.rows.first, self.rows.key.size))
        return np.where(unknown, np.nan, self.variance())

    def variance(self) -> Floats:
        """The sum of squares of the influences at every row."""
        first, n_rows = self.rows.first, self.rows.key.size
        row = (self.places & ((1 << self.bits) - 1)) >> 2
        variance = np.zeros(n_rows)
        for one, two in combinations_with_replacement(self.sums, 2):
            product, origin = one.after * two.after, one.before * two.before
            steps = product.copy()
            steps[1:] -= product[:-1]
            steps[self.begins] = product[self.begins] - origin
            added = np.asarray(np.bincount(row, steps, n_rows), dtype=np.float64)
            np.add.at(added, first[self.group], origin)
            total = _running(np.add, added, first)
            variance += (1 if one is two else 2) * one.factor * two.factor * total
        return variance


def count_rows(marks: Ints, wait: Counts, origins: Ints, bits: int) -> Rows:
    """The rows of the groups that have these marks and origins (as keys)."""
    keys, kind = marks >> 2, (marks & 3).astype(np.uint8)
    begin = _begins(keys)
    ended, caused = _counted(kind & ENDED, begin), _counted(kind == IN_CAUSE, begin)
    happened = ended > 0
    begin, ended, caused = begin[happened], ended[happened], caused[happened]
    key = keys[begin]
    place = np.searchsorted(key, origins)
    group_begin = np.searchsorted(keys, origins)
    group_end = np.append(group_begin, keys.size)[1:]
    entered = np.append(0, np.cumsum(kind == ENTERED))
    yet_to_enter = np.repeat(entered[group_end], np.diff(place, append=key.size)) - entered[begin]
    at_risk = np.repeat(group_end, np.diff(place, append=key.size)) - begin - 2 * yet_to_enter
    at_origin = ((key, origins), (begin, group_begin), (at_risk, 1), (ended, 0), (caused, 0))
    key, begin, at_risk, ended, caused = (np.insert(values, place, value) for values, value in at_origin)
    first = place + np.arange(origins.size)

    only_cause = np.array_equal(ended, caused)
    remaining = 1.0 - ended / at_risk
    tail = np.divide(1.0, remaining, out=np.zeros(remaining.size), where=remaining > 0)
    still = _running(np.multiply, remaining, first)
    jump = np.append(1.0, still[:-1]) / at_risk
    estimate = _running(np.add, jump * caused, first)
    hazard = tail * ended / at_risk / at_risk
    a = _running(np.add, hazard, first)
    b = a if only_cause else _running(np.add, hazard * estimate + jump * caused / at_risk, first)
    return Rows(bits, kind, wait, first, key, begin, at_risk, ended, caused, only_cause, estimate, jump, a, b)


def _begins(ordered: Ints) -> Ints:
    """Where each number begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])


def _sizes(begins: Ints, end: int) -> Ints:
    """How many there are from each beginning to the next."""
    return np.diff(begins, append=end)


def _counted(happened: npt.NDArray[Any], begins: Ints) -> Ints:
    """How many from each beginning to the next."""
    so_far = np.append(0, np.cumsum(happened))
    return np.asarray(np.diff(so_far[np.append(begins, happened.size)]), dtype=np.int64)


def _running(ufunc: np.ufunc, values: Floats, first: Ints) -> Floats:
    """A running sum or product along the rows that starts anew with each group."""
    result = np.empty_like(values)
    for start, stop in pairwise([*first.tolist(), values.size]):
        ufunc.accumulate(values[start:stop], out=result[start:stop])
    return result
