"""The events of some groups counted time by time, and what single waits add to the error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Counts, Floats, Ints

IN_CAUSE, ENDED, CENSORED, ENTERED = range(4)
"""The kinds of marks that waits leave, in the order in which they come at one tick: ends before all else."""


@dataclass(frozen=True, eq=False)
class Rows:
    """For each group a row for its origin and one for each time something happened.

    `key` is a group's number and, in its last `bits`, a tick plus 1; `first` says where each
    group's rows begin. `kind` is that of each mark the waits left, in the order of their keys;
    `wait` says whose they are, and `begin` where those of each row begin. `ended` and `caused`
    count what happened, and `only_cause` says that they are the same. `a` and `b` are the running
    sums that errors are made of. Counts are no wider than they need be: all this is kept.
    """

    bits: int
    kind: Counts
    wait: Counts
    first: Ints
    key: Ints
    begin: npt.NDArray[np.signedinteger[Any]]
    at_risk: npt.NDArray[np.signedinteger[Any]]
    ended: npt.NDArray[np.signedinteger[Any]]
    caused: npt.NDArray[np.signedinteger[Any]]
    only_cause: bool
    estimate: Floats
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

    @property
    def jump(self) -> Floats:
        """What one wait ended in the cause adds to the estimate, by row."""
        return _jumps(_still(self.at_risk, self.ended, self.first), self.at_risk)

    def steps(self) -> list[Floats]:
        """What a mark adds to P and, where it is not -P, to Q, by row and kind.

        A wait's influence is (F a - b) G + F P + Q, where G is 1 while the wait is under observation
        and 0 else, and F, a and b are those of the row asked for. Where nothing but the cause ends
        waits, b is a and Q is -P: the influence is (F a - b) G + (F - 1) P.
        """
        left = self.at_risk - self.ended
        own = np.divide(1.0, left, out=np.zeros(left.size), where=left > 0)
        p, q = self.a - own, own * self.estimate - self.b
        of_p = np.stack((p, p, self.a, -self.a), axis=1)
        return [of_p] if self.only_cause else [of_p, np.stack((q + self.jump, q, -self.b, self.b), axis=1)]

    def factors(self) -> list[Floats]:
        """By row the factors of G, P and, where it is not -P, Q in influences."""
        of_g = self.estimate * self.a - self.b
        return [of_g, self.estimate - 1.0] if self.only_cause else [of_g, self.estimate, np.ones(of_g.size)]

    def variance(self) -> Floats:
        """The sum of squares of influences at every row, of waits that all were watched from the origin."""
        size = _sizes(self.begin, self.kind.size)
        n = np.stack([self.caused, self.ended - self.caused, size - self.ended, np.zeros_like(size)], axis=1)
        of_g, *factors = self.factors()
        variance = of_g**2 * (self.at_risk - size)
        sums = zip(self.steps(), factors, strict=True)
        for (one, factor), (two, other) in combinations_with_replacement(sums, 2):
            total = _running(np.add, (n * one * two).sum(axis=1), self.first)
            variance += (1 if one is two else 2) * factor * other * total
        return variance

    def clustered(self, cluster: Counts, n_clusters: int) -> Clustered:
        """Bring the marks into the order of their clusters, which are by wait and numbered from 0."""
        bits = (4 * self.key.size).bit_length()
        narrow = np.min_scalar_type(-(self.first.size * n_clusters << bits))  # sorted in half the time
        first_run = np.repeat(np.arange(self.first.size) * n_clusters, _sizes(self.first, self.key.size))
        of_row = (first_run << bits) + 4 * np.arange(self.key.size)
        places = np.repeat(of_row.astype(narrow), _sizes(self.begin, self.kind.size))
        places += self.kind
        places += cluster.take(self.wait).astype(narrow) << bits
        places.sort()
        begins = _begins(places >> bits)
        sizes = _sizes(begins, places.size)
        ends = begins + sizes
        seen = -np.arange(1.0, places.size + 1)
        if (self.kind == ENTERED).any():
            seen += 2 * np.cumsum((places & 3) == ENTERED)
        none = seen[ends - 1]  # in the end none is under observation
        seen -= np.repeat(none, sizes)
        sums = [Sum(seen, np.diff(-none, prepend=0.0))]
        row_and_kind = places & ((1 << bits) - 1)
        for steps in self.steps():
            after = np.cumsum(np.take(steps, row_and_kind))
            after -= np.repeat(np.append(0.0, after[ends - 1])[:-1], sizes)
            sums.append(Sum(after, np.zeros(begins.size)))
        return Clustered(self, *np.divmod(places[begins] >> bits, n_clusters), begins, places, bits, sums)


class Sum(NamedTuple):
    """A running sum: its value after each mark and before each run."""

    after: Floats
    before: Floats


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
        row, run = self.rows.at(ticks), self.places[self.begins] >> self.bits
        wanted = (run[:, np.newaxis] << self.bits) + (4 * row + 3).astype(run.dtype)[self.group]
        mark = np.searchsorted(self.places, wanted, side="right") - 1
        begun = mark >= self.begins[:, np.newaxis]
        influence = np.zeros(mark.shape)
        for (after, before), factor in zip(self.sums, self.rows.factors(), strict=True):
            influence += np.where(begun, after[mark], before[:, np.newaxis]) * factor[row][self.group]
        return influence

    def variance_known(self) -> Floats:
        """As `variance`, NaN for groups that tell nothing of how clusters vary."""
        unknown = np.repeat(self.in_one, _sizes(self.rows.first, self.rows.key.size))
        return np.where(unknown, np.nan, self.variance())

    def variance(self) -> Floats:
        """The sum of squares of the influences at every row."""
        first, n_rows = self.rows.first, self.rows.key.size
        row = ((self.places & ((1 << self.bits) - 1)) >> 2).astype(np.intp)
        variance = np.zeros(n_rows)
        sums = zip(self.sums, self.rows.factors(), strict=True)
        for (one, factor), (two, other) in combinations_with_replacement(sums, 2):
            product, origin = one.after * two.after, one.before * two.before
            steps = np.empty_like(product)
            np.subtract(product[1:], product[:-1], out=steps[1:])
            steps[self.begins] = product[self.begins] - origin
            added = np.asarray(np.bincount(row, steps, n_rows), dtype=np.float64)
            np.add.at(added, first[self.group], origin)
            total = _running(np.add, added, first)
            variance += (1 if one is two else 2) * factor * other * total
        return variance


def count_rows(marks: Ints, wait: Counts, origins: Ints, bits: int) -> Rows:
    """The rows of the groups that have these marks and origins (as keys)."""
    keys, kind = marks >> 2, (marks & 3).astype(np.uint8)
    ends = np.flatnonzero(kind <= ENDED)
    key_of_end = keys[ends]
    opens = _begins(key_of_end)
    key, begin, ended = key_of_end[opens], ends[opens], _sizes(opens, ends.size)
    only_cause = not (kind == ENDED).any()
    place = np.searchsorted(key, origins)
    group_begin = np.searchsorted(keys, origins)
    at_origin = ((key, origins), (begin, group_begin), (ended, 0))
    key, begin, ended = (np.insert(values, place, value) for values, value in at_origin)
    caused = ended
    if not only_cause:
        caused = np.insert(np.add.reduceat(kind[ends] == IN_CAUSE, opens, dtype=np.int64), place, 0)
    first = place + np.arange(origins.size)
    group_end = np.append(group_begin, keys.size)[1:]
    at_risk = np.repeat(group_end, _sizes(first, key.size)) - begin
    entered = kind == ENTERED
    if entered.any():
        so_far = np.append(0, np.cumsum(entered))
        at_risk -= 2 * (np.repeat(so_far[group_end], _sizes(first, key.size)) - so_far[begin])
    at_risk[first] = 1

    y, d = at_risk.astype(float), ended.astype(float)
    left = y - d
    still = _still(y, d, first)
    hazard = np.divide(d, left * y, out=np.zeros(y.size), where=left > 0)
    a = _running(np.add, hazard, first)
    if only_cause:
        estimate, b = 1.0 - still, a
    else:
        jumped = _jumps(still, y) * caused
        estimate = _running(np.add, jumped, first)
        b = _running(np.add, hazard * estimate + jumped / y, first)
    narrow = np.min_scalar_type(-marks.size)
    begin, at_risk, ended = (counts.astype(narrow) for counts in (begin, at_risk, ended))
    caused = ended if only_cause else caused.astype(narrow)
    return Rows(bits, kind, wait, first, key, begin, at_risk, ended, caused, only_cause, estimate, a, b)


def _still(at_risk: npt.NDArray[Any], ended: npt.NDArray[Any], first: Ints) -> Floats:
    """The share that nothing ended up to each row."""
    return _running(np.multiply, (at_risk - ended) / at_risk, first)


def _jumps(still: Floats, at_risk: npt.NDArray[Any]) -> Floats:
    return np.asarray(np.append(1.0, still[:-1]) / at_risk, dtype=np.float64)


def _begins(ordered: Ints) -> Ints:
    """Where each number begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])


def _sizes(begins: npt.NDArray[np.signedinteger[Any]], end: int) -> Ints:
    """How many there are from each beginning to the next."""
    return np.diff(begins, append=end)


def _running(ufunc: np.ufunc, values: Floats, first: Ints) -> Floats:
    """A running sum or product along the rows that starts anew with each group."""
    result = np.empty_like(values)
    for start, stop in pairwise([*first.tolist(), values.size]):
        ufunc.accumulate(values[start:stop], out=result[start:stop])
    return result
