"""Rank sets against exact critical values, a slow loop, Bonferroni's bound, and simulated truth."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from benchkit.errors import BenchkitError
from benchkit.stats.ranks import RankSets, rank_sets

Array = npt.NDArray[Any]

some_units = st.lists(
    st.tuples(st.integers(-20, 20).map(lambda x: x / 4), st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.0])),
    min_size=1,
    max_size=7,
)


def slow_apart(x: Array, se: Array, critical_of: Any, family: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs (j, k) for which "k is not larger than j" is rejected, hypothesis by hypothesis."""
    still, rejected = list(family), set()
    while still:
        critical = critical_of(still)
        new = {(j, k) for j, k in still if x[k] > x[j] and x[k] - x[j] > critical * np.hypot(se[j], se[k])}
        if not new:
            break
        rejected |= new
        still = [pair for pair in still if pair not in new]
    return rejected


def slow_sets(
    x: Array, se: Array, *, level: float, stretch: float, seed: int, steps: bool = True
) -> RankSets:
    """As `rank_sets`, in plain loops with draws of its own; critical values times `stretch`."""
    p, normal = x.size, np.random.default_rng(seed).normal(size=(4000, x.size)) * se

    def critical(pairs: list[tuple[int, int]]) -> float:
        largest = np.zeros(4000)
        for j, k in pairs:
            if se[j] or se[k]:
                largest = np.maximum(largest, (normal[:, k] - normal[:, j]) / np.hypot(se[j], se[k]))
        return stretch * float(np.quantile(largest, level))

    every = list(itertools.permutations(range(p), 2))

    def ranks(family: list[tuple[int, int]], unit: int) -> tuple[int, int]:
        fixed = critical(family) if family else 0.0
        apart = slow_apart(x, se, critical if steps else lambda _: fixed, family)
        return 1 + sum(j == unit for j, _ in apart), p - sum(k == unit for _, k in apart)

    alone = np.array([ranks([pair for pair in every if unit in pair], unit) for unit in range(p)])
    together = np.array([ranks(every, unit) for unit in range(p)])
    return RankSets(*alone.T, *together.T, None)


def within(inner: RankSets, outer: RankSets) -> bool:
    """Whether every set of one lies in that of the other."""
    return bool(
        (inner.lower >= outer.lower).all()
        and (inner.upper <= outer.upper).all()
        and (inner.simultaneous_lower >= outer.simultaneous_lower).all()
        and (inner.simultaneous_upper <= outer.simultaneous_upper).all()
    )


@given(some_units, st.sampled_from([0.8, 0.95]))
@settings(max_examples=25, deadline=None)
def test_against_a_slow_loop(rows: list[tuple[float, float]], level: float) -> None:
    """Between the sets from critical values a little smaller and a little larger than the loop's own."""
    x, se = np.array(rows).T
    found = rank_sets(x, se, level=level, draws=4000)
    assert within(found, slow_sets(x, se, level=level, stretch=1.12, seed=1))
    assert within(slow_sets(x, se, level=level, stretch=0.88, seed=1), found)


def told_apart_at(p: int, se: float) -> float:
    """The studentised distance from which one unit, away from p - 1 equal ones, is surely the first."""

    def miss(distance: float) -> float:
        x = np.zeros(p)
        x[0] = distance * se * np.sqrt(2)
        sets = rank_sets(x, np.full(p, se), draws=40_000)
        return 1.0 if sets.simultaneous_upper[0] == 1 else -1.0

    return float(brentq(miss, 1.0, 8.0, xtol=1e-3))


def test_critical_value_is_the_studentised_range() -> None:
    """Without steps to gain from, equal errors give Tukey's range with infinite degrees of freedom."""
    for p in (2, 3, 12):
        tukey = stats.studentized_range.ppf(0.95, p, np.inf) / np.sqrt(2)
        assert told_apart_at(p, 0.7) == pytest.approx(tukey, abs=0.04)


def test_marginal_critical_value_against_quadrature() -> None:
    """max over k of |z_j - z_k| has a distribution function in one integral, given z_j."""
    se = np.array([0.4, 1.0, 0.2, 0.7, 0.5, 0.9])
    node, weight = np.polynomial.hermite_e.hermegauss(120)
    spread = np.hypot(se[0], se[1:])

    def held(c: float) -> float:
        upper = (se[0] * node[:, np.newaxis] + c * spread) / se[1:]
        lower = (se[0] * node[:, np.newaxis] - c * spread) / se[1:]
        inside = (stats.norm.cdf(upper) - stats.norm.cdf(lower)).prod(axis=1)
        return float(weight @ inside / weight.sum())

    exact = brentq(lambda c: held(c) - 0.95, 1, 6)
    for factor, expected in ((0.985, 6), (1.015, 5)):
        x = np.zeros(6)
        x[1] = -factor * exact * spread[0]
        assert rank_sets(x, se, draws=40_000).upper[0] == expected


@pytest.mark.parametrize(
    "truth",
    [np.zeros(8), np.arange(8) * 0.5, np.arange(8) * 4.0, np.repeat([0.0, 3.0, 3.4], [3, 3, 2])],
    ids=["equal", "close", "apart", "tied"],
)
def test_coverage(truth: Array) -> None:
    rng = np.random.default_rng(2)
    se = np.linspace(0.3, 1.2, 8)
    rank = 1 + (truth[np.newaxis] > truth[:, np.newaxis]).sum(axis=1)
    last = rank + (truth[np.newaxis] == truth[:, np.newaxis]).sum(axis=1) - 1
    alone, together, top = [], [], []
    for seed in range(400):
        sets = rank_sets(truth + se * rng.normal(size=8), se, top=3, draws=1000, seed=seed)
        alone.append((sets.lower <= rank) & (last <= sets.upper))
        together.append(((sets.simultaneous_lower <= rank) & (last <= sets.simultaneous_upper)).all())
        assert sets.top is not None
        top.append(sets.top[rank <= 3].all())
    error = np.sqrt(0.95 * 0.05 / 400)
    assert np.mean(alone, axis=0).min() > 0.95 - 3 * error
    assert np.mean(together) > 0.95 - 3 * error
    assert np.mean(top) > 0.95 - 3 * error
    if not truth.any():
        assert np.mean(together) < 0.95 + 3 * error  # exact where all are equal


@given(some_units)
@settings(max_examples=25, deadline=None)
def test_sets_lie_in_those_of_bonferroni_and_hold_the_estimate(rows: list[tuple[float, float]]) -> None:
    x, se = np.array(rows).T
    p = x.size
    sets = rank_sets(x, se, draws=2000, top=2)
    assert (sets.lower >= sets.simultaneous_lower).all()
    assert (sets.upper <= sets.simultaneous_upper).all()
    best, worst = 1 + (x > x[:, np.newaxis]).sum(axis=1), (x >= x[:, np.newaxis]).sum(axis=1)
    assert ((sets.lower <= best) & (worst <= sets.upper)).all()
    assert sets.top is not None
    assert sets.top[best <= 2].all()
    if p > 1:
        critical = 1.08 * stats.norm.isf(0.05 / (p * (p - 1)))  # 8 % for Monte-Carlo noise
        clear = x - x[:, np.newaxis] > critical * np.hypot(se, se[:, np.newaxis])
        assert (sets.simultaneous_lower >= 1 + clear.sum(axis=1)).all()
        assert (sets.simultaneous_upper <= p - clear.sum(axis=0)).all()


def test_steps_gain_on_a_single_step() -> None:
    rng = np.random.default_rng(4)
    gained = 0
    for seed in range(30):
        x, se = rng.normal(0, 2.5, 6), rng.uniform(0.2, 1.0, 6)
        sets = rank_sets(x, se, level=0.8, seed=seed)
        assert within(sets, slow_sets(x, se, level=0.8, stretch=1.05, seed=seed, steps=False))
        single = slow_sets(x, se, level=0.8, stretch=1.0, seed=seed, steps=False)
        gained += int((single.upper - single.lower).sum() - (sets.upper - sets.lower).sum())
    assert gained > 0


def test_order_shift_and_unit_do_not_matter() -> None:
    rng = np.random.default_rng(6)
    x, se = rng.normal(size=30), rng.uniform(0.05, 0.4, 30)
    sets, order = rank_sets(x, se, top=5), rng.permutation(30)
    shuffled = rank_sets(x[order], se[order], top=5)
    moved, scaled = rank_sets(x + 100, se, top=5), rank_sets(100 * x, 100 * se, top=5)
    for part, a, b, c in zip(sets, shuffled, moved, scaled, strict=True):
        np.testing.assert_array_equal(part[order], a)  # type: ignore[index]
        np.testing.assert_array_equal(part, b)
        np.testing.assert_array_equal(part, c)
    turned = rank_sets(-x, se)
    assert np.abs(31 - turned.upper - sets.lower).max() <= 1  # its draws differ


def test_more_draws_at_once_than_fit_one_chunk() -> None:
    """The chunks of a large comparison do not show: a far unit is told apart from 600 others."""
    x = np.append(np.zeros(600), 10.0)
    sets = rank_sets(x, np.ones(601), draws=1000, top=1)
    assert (sets.simultaneous_lower[-1], sets.simultaneous_upper[-1]) == (1, 1)
    assert (sets.lower[:-1] == 2).all()
    assert sets.top is not None
    assert sets.top.sum() == 1


def test_few_units_ties_and_estimates_without_error() -> None:
    one = rank_sets([0.3], [0.1], top=1)
    assert [part.tolist() for part in one if part is not None] == [[1], [1], [1], [1], [True]]
    two = rank_sets([0.3, 0.3], [0.1, 0.2])
    assert (two.lower.tolist(), two.upper.tolist(), two.top) == ([1, 1], [2, 2], None)
    exact = rank_sets([2.0, 1.0, 1.0, 0.0], [0, 0, 0, 0], top=1)
    assert exact.lower.tolist() == exact.simultaneous_lower.tolist() == [1, 2, 2, 4]
    assert exact.upper.tolist() == exact.simultaneous_upper.tolist() == [1, 3, 3, 4]
    assert exact.top is not None
    assert exact.top.tolist() == [True, False, False, False]
    mixed = rank_sets([5.0, 4.0, 0.0], [0, 0, 100.0])
    assert (mixed.lower.tolist(), mixed.upper.tolist()) == ([1, 2, 1], [2, 3, 3])


@pytest.mark.parametrize(
    "refused",
    [
        lambda: rank_sets([], []),
        lambda: rank_sets([1, np.nan], [1, 1]),
        lambda: rank_sets([1, 2], [1, np.inf]),
        lambda: rank_sets([1, 2], [1, -1]),
        lambda: rank_sets([1, 2], [1]),
        lambda: rank_sets([1, 2], [1, 1], top=0),
        lambda: rank_sets([1, 2], [1, 1], level=0),
        lambda: rank_sets([1, 2], [1, 1], draws=10),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_one_sentence(refused: Any) -> None:
    with pytest.raises(BenchkitError) as caught:
        refused()
    assert "\n" not in str(caught.value)
