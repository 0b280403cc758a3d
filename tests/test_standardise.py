"""Standardised shares and split changes against exact probabilities, slow loops and simulated truth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchkit.errors import BenchkitError
from benchkit.stats.decompose import kitagawa
from benchkit.stats.shares import wilson
from benchkit.stats.standardise import observed_and_expected, standardise_direct, standardise_indirect

NAN = math.nan

cells = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8
).filter(lambda rows: any(row[0] for row in rows) and any(row[1] for row in rows))


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_limits_are_exact_poisson(level: float) -> None:
    """At the lower limit as many or more, at the upper as many or fewer, have a chance of exactly a/2."""
    observed = np.array([1, 2, 7, 40, 300])
    found = standardise_indirect(observed, 10.0, level=level)
    tail = (1 - level) / 2
    np.testing.assert_allclose(stats.poisson.sf(observed - 1, 10 * found.lower), tail)
    np.testing.assert_allclose(stats.poisson.cdf(observed, 10 * found.upper), tail)


def test_nothing_observed_and_nothing_expected() -> None:
    found = standardise_indirect([0, 0, 3], [4.0, 0.0, 0.0])
    assert (found.estimate[0], found.lower[0]) == (0, 0)
    assert found.upper[0] == pytest.approx(-math.log(0.025) / 4)
    assert np.isnan(np.array(found)[:, 1:]).all()


def test_indirect_limits_widen_with_the_design_effect() -> None:
    plain, clustered = (
        standardise_indirect([5, 8], [4, 10.0]),
        standardise_indirect([10, 8], [8, 10.0], deff=[2, 1]),
    )
    np.testing.assert_allclose(clustered, plain)


def test_expected_is_what_all_units_do_with_the_same_waits() -> None:
    rng = np.random.default_rng(1)
    unit, cell, hit = rng.integers(0, 4, 200), rng.integers(0, 6, 200), rng.random(200) < 0.4
    found = observed_and_expected(unit, cell, hit)
    for u in range(4):
        assert found.observed[u] == sum(h for h, v in zip(hit, unit, strict=True) if v == u)
        expected = sum(hit[cell == cell[i]].mean() for i in range(200) if unit[i] == u)
        assert found.expected[u] == pytest.approx(expected)
    assert found.expected.sum() == pytest.approx(found.observed.sum())


def test_case_mix_is_not_held_against_an_agent() -> None:
    """Agent 1 is as good as agent 0 at everything, but has most of the night."""
    night = np.repeat([0, 1, 0, 1], [80, 20, 20, 80])
    hit = np.concatenate(
        [np.arange(k) < k * share for k, share in ((80, 0.9), (20, 0.3), (20, 0.9), (80, 0.3))]
    )
    agent = np.repeat([0, 1], 100)
    assert hit[agent == 0].mean() > hit[agent == 1].mean() + 0.3
    np.testing.assert_allclose(
        standardise_indirect(*observed_and_expected(agent, night, hit)[:2]).estimate, 1
    )
    place = np.ravel_multi_index((agent, night), (2, 2))
    tables = (np.bincount(place, weight, 4).reshape(2, 2) for weight in (hit, None))
    np.testing.assert_allclose(standardise_direct(*tables, [0.5, 0.5]).estimate, 0.6)


def test_direct_standardisation_is_the_formula_unit_by_unit() -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(0, 5, (30, 6))
    y, mix, deff = rng.binomial(n, 0.6), rng.integers(0, 5, 6), rng.uniform(1, 3, 30)
    found = standardise_direct(y, n, mix, deff=deff)
    for u in range(30):
        seen = [s for s in range(6) if n[u, s] and mix[s]]
        weight = sum(mix[s] for s in seen)
        overall = sum(y[u, s] for s in seen) / sum(n[u, s] for s in seen)
        share, variance = 0.0, 0.0
        for s in seen:
            p = y[u, s] / n[u, s]
            share += mix[s] / weight * p
            one = overall * (1 - overall) if n[u, s] == 1 else p * (1 - p) / (n[u, s] - 1)
            variance += (mix[s] / weight) ** 2 * one * deff[u]
        assert found.estimate[u] == pytest.approx(share)
        assert found.se[u] == pytest.approx(math.sqrt(variance))
        assert found.coverage[u] == pytest.approx(weight / mix.sum())
        if variance:
            effective = share * (1 - share) / variance
            score = wilson(share * effective, effective)
            assert [found.lower[u], found.upper[u]] == pytest.approx(np.array(score[1:]))


def test_direct_standardisation_of_next_to_nothing() -> None:
    y, n = [[5, 3], [0, 0], [0, 0], [9, 0]], [[5, 3], [0, 0], [4, 4], [9, 9]]
    found = standardise_direct(y, n, [3, 3])
    assert found.coverage.tolist() == [1, 0, 1, 1]
    assert (found.estimate[0], found.upper[0]) == (1, 1)
    assert found.lower[0] == pytest.approx(wilson(7.5, 7.5).lower)
    assert np.isnan([found.estimate[1], found.se[1], found.lower[1], found.upper[1]]).all()
    assert (found.estimate[2], found.lower[2]) == (0, 0)
    assert found.upper[2] == pytest.approx(wilson(0, 8).upper)
    assert found.estimate[3] == 0.5
    assert found.lower[3] == pytest.approx(wilson(9, 18).lower)


def test_limits_cover_a_mix_of_many_small_strata() -> None:
    """A wait or two in each of 60 strata: the plain binomial error covers half the time."""
    rng = np.random.default_rng(3)
    truth, mix = 1 / (1 + np.exp(rng.normal(-0.5, 1.2, 60))), rng.dirichlet(np.full(60, 3))
    for waits, least in ((1, 0.94), (20, 0.93)):
        n = rng.poisson(waits, (2_000, 60))
        found = standardise_direct(rng.binomial(n, truth), n, mix)
        covered = (n > 0) * mix
        share = (covered @ truth) / covered.sum(axis=1)
        assert least < ((found.lower <= share) & (share <= found.upper)).mean() < 0.985
        assert found.se.mean() == pytest.approx((found.estimate - share).std(), rel=0.12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: standardise_indirect([1, NAN], [1, 1]), "1 of 2 observed are not a number"),
        (lambda: standardise_indirect([1, 2], [1, -1]), "1 of 2 expected are not a number, 0 or more"),
        (lambda: standardise_indirect([1, 2], [1, 1, 1]), "do not fit each other"),
        (lambda: standardise_indirect([1], [1], deff=0), "deff must be above 0"),
        (lambda: standardise_indirect([1], [1], level=95), "level is 95"),
        (lambda: observed_and_expected([0, 1], [0, 0.5], [1, 0]), "unit|cell must be whole numbers"),
        (lambda: observed_and_expected([0, 1], [0, 0], [1, 2]), "True or False for each wait"),
        (lambda: observed_and_expected([0, 1], [0, 0], [1]), "True or False for each wait"),
        (lambda: standardise_direct([1, 2], [2, 2], [1, 1]), "tables of units x strata"),
        (lambda: standardise_direct([[1, 3]], [[2, 2]], [1, 1]), "1 of 2 successes are more"),
        (lambda: standardise_direct([[1, NAN]], [[2, 2]], [1, 1]), "1 of 2 successes are not a number"),
        (lambda: standardise_direct([[1, 2]], [[2, 2]], [1, 1, 1]), "weights must be 2"),
        (lambda: standardise_direct([[1, 2]], [[2, 2]], [0, 0]), "not all 0"),
        (lambda: standardise_direct([[1, 2]], [[2, 2]], [1, 1], deff=[0]), "deff must be above 0"),
        (
            lambda: standardise_direct([[1, 2]], [[2, 2]], [1, 1], deff=[1, 1]),
            "deff must be one for all, or 1",
        ),
        (lambda: kitagawa([1, 1], [1, 1], [0.5, NAN], [0.5, 0.5]), "1 of 2 cells have waits but no share"),
        (lambda: kitagawa([1, -1], [1, 1], [0.5, 0.5], [0.5, 0.5]), "1 of 2 weights_0 are not a number"),
        (lambda: kitagawa([1, 1], [1, 1], [0.5], [0.5, 0.5]), "as many cells as each other"),
        (lambda: kitagawa(1, 1, 0.5, 0.5), "as many cells as each other"),
    ],
)
def test_what_cannot_be_standardised_is_refused(call: Any, said: str) -> None:
    with pytest.raises(BenchkitError, match=said):
        call()


def test_kitagawa_by_hand() -> None:
    case = json.loads((Path(__file__).parent / "golden" / "kitagawa_decomposition_hand.json").read_text())
    given_in = [np.array(case[key]) for key in ("w0", "w1", "p0", "p1")]
    expected = [case[key] for key in ("total", "mix", "rate")]
    np.testing.assert_allclose(kitagawa(*given_in), expected, rtol=1e-6)
    in_counts = kitagawa(given_in[0] * 40, given_in[1] * 90, *given_in[2:])
    np.testing.assert_allclose(in_counts, expected, rtol=1e-6)
    of_groups = kitagawa(*(np.stack([part, part[::-1]]) for part in given_in))
    np.testing.assert_allclose(np.array(of_groups).T, [expected, expected], rtol=1e-6)


@given(cells)
def test_the_parts_sum_to_the_change(rows: Any) -> None:
    n0, n1, p0, p1 = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    change = kitagawa(n0, n1, np.where(n0 > 0, p0, NAN), np.where(n1 > 0, p1, NAN))
    total = n1 @ p1 / n1.sum() - n0 @ p0 / n0.sum()
    assert change.total == pytest.approx(total, abs=1e-12)
    assert change.mix + change.rate == pytest.approx(total, abs=1e-12)
    back = kitagawa(n1, n0, np.where(n1 > 0, p1, NAN), np.where(n0 > 0, p0, NAN))
    np.testing.assert_allclose(back, -np.array(change), atol=1e-12)


def test_what_is_all_mix_and_what_is_all_rate() -> None:
    a_new_cell = kitagawa([10, 0], [5, 5], [0.6, NAN], [0.6, 0.2])
    assert (a_new_cell.rate, a_new_cell.mix) == (0, pytest.approx(-0.2))
    same_mix = kitagawa([10, 20], [5, 10], [0.6, 0.2], [0.7, 0.1])
    assert (same_mix.mix, same_mix.rate) == (0, pytest.approx(same_mix.total))
    never_seen = kitagawa([1, 0], [1, 0], [0.5, NAN], [0.7, NAN])
    assert never_seen.total == pytest.approx(0.2)
    assert np.isnan(kitagawa([0, 0], [1, 1], [NAN, NAN], [0.5, 0.5])).all()
