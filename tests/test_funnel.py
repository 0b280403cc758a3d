"""Funnels, the variance between units and shrinkage: published numbers, other routes, simulated truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from benchkit.errors import BenchkitError
from benchkit.stats.funnel import funnel, funnel_limits
from benchkit.stats.shrinkage import beta_binomial, between_variance

GOLDEN = Path(__file__).parent / "golden"

units = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda pair: (min(pair), pair[1])),
    min_size=1,
    max_size=8,
)


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def test_the_funnel_of_twelve_hospitals() -> None:
    case = golden("eb_ranks_surgical12")
    found, expected = funnel(case["deaths"], case["operations"]), case["funnel_arcsine"]
    assert found.target == pytest.approx(expected["p0"])
    np.testing.assert_allclose(found.z, expected["z"], rtol=1e-6)
    assert found.phi == pytest.approx(expected["phi"])
    assert found.tau2 == pytest.approx(expected["tau2"])


def test_the_funnel_step_by_step() -> None:
    y, n, effect, goal = [3, 40, 9, 70, 12], [10, 90, 30, 200, 15], [1.0, 2, 1, 4, 1], 0.4
    errors = [1 / (2 * (size / d) ** 0.5) for size, d in zip(n, effect, strict=True)]
    z = [(np.arcsin((a / b) ** 0.5) - np.arcsin(goal**0.5)) / s for a, b, s in zip(y, n, errors, strict=True)]
    low, high = np.quantile(z, [0.1, 0.9])
    phi = sum(min(max(value, low), high) ** 2 for value in z) / 5
    w = [1 / s**2 for s in errors]
    tau2 = max(0.0, (5 * phi - 4) / (sum(w) - sum(v * v for v in w) / sum(w)))
    found = funnel(y, n, deff=effect, target=goal)
    np.testing.assert_allclose(found.z, z)
    assert (found.phi, found.tau2) == (pytest.approx(phi), pytest.approx(tau2))
    spread = [(s**2 + tau2) ** 0.5 for s in errors]
    lines = [np.sin(np.arcsin(goal**0.5) + 1.96 * s) ** 2 for s in spread]
    np.testing.assert_allclose(found.inner_upper, lines)
    np.testing.assert_allclose(found.adjusted_z, np.array(z) * errors / spread)


@given(units, st.floats(0.5, 4))
def test_outside_means_beyond_the_lines_drawn(rows: list[tuple[int, int]], deff: float) -> None:
    y, n = np.array(rows, dtype=float).T
    found, share = funnel(y, n, deff=deff), y / n
    margin = 1e-9
    assert (share[found.outside == 2] > found.outer_upper[found.outside == 2] - margin).all()
    assert (share[found.outside >= 1] > found.inner_upper[found.outside >= 1] - margin).all()
    assert (share[found.outside == -2] < found.outer_lower[found.outside == -2] + margin).all()
    within = found.outside == 0
    assert (share[within] <= found.inner_upper[within] + margin).all()
    assert (share[within] >= found.inner_lower[within] - margin).all()
    assert (found.outer_lower <= found.inner_lower).all()
    assert (found.inner_upper <= found.outer_upper).all()
    drawn = funnel_limits(found.target, n, deff=deff, tau2=found.tau2)
    np.testing.assert_array_equal(drawn.outer_upper, found.outer_upper)


@pytest.mark.parametrize(("y", "n"), [([0], [1]), ([0, 0, 0], [5, 9, 1]), ([5, 9], [5, 9]), ([3], [7])])
def test_a_funnel_without_differences(y: list[int], n: list[int]) -> None:
    found = funnel(y, n)
    assert (found.phi, found.tau2) == (pytest.approx(0), 0)
    assert not found.outside.any()
    assert all(np.isfinite(part).all() for part in found)


def equal_brands(rng: np.random.Generator, spread: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """200 brands of one true share, whose waits of a day fail together; the design effect is known."""
    days = rng.integers(20, 31, 200)
    per_day = rng.integers(5, 60, 200)
    concentration = 1 / spread - 1
    shares = rng.beta(0.4 * concentration, 0.6 * concentration, (200, 30))
    answered = rng.binomial(per_day[:, np.newaxis], shares) * (np.arange(30) < days[:, np.newaxis])
    deff = 1 + (per_day - 1) * spread
    return np.stack([answered.sum(axis=1), days * per_day]), deff


def test_equal_brands_are_not_accused() -> None:
    """Taking waits as independent accuses a third of them; with the design effect, next to none are."""
    rng = np.random.default_rng(11)
    false_alarms, naive, expected = [], [], []
    for _ in range(60):
        (y, n), deff = equal_brands(rng, 0.3)
        false_alarms.append(np.abs(funnel(y, n, deff=deff).outside) == 2)
        naive.append(np.abs(funnel(y, n, target=0.4).z) > 3.09)
        expected.append(2 * stats.norm.sf(3.09 / np.sqrt(deff)))
    assert np.mean(false_alarms) <= 0.01
    assert np.mean(naive) > 0.3
    assert np.mean(naive) == pytest.approx(np.mean(expected), abs=0.03)


def test_real_differences_are_found_as_tau() -> None:
    """Drawing z in to its 10 % and 90 % quantiles leaves two thirds of a normal's variance."""
    rng = np.random.default_rng(3)
    n, sigma = np.full(4000, 1000), 0.05
    truth = np.sin(np.arcsin(0.4**0.5) + rng.normal(0, sigma, n.size)) ** 2
    cut = stats.norm.ppf(0.9)
    kept = stats.norm.expect(lambda x: np.clip(x, -cut, cut) ** 2)
    w = 4 * 1000
    assert funnel(rng.binomial(n, truth), n).tau2 == pytest.approx(
        (kept * (1 + sigma**2 * w) - 1) / w, rel=0.05
    )


@pytest.mark.parametrize("method", ["moments", "paule-mandel"])
def test_variance_between_units_against_its_equation(method: Literal["moments", "paule-mandel"]) -> None:
    rng = np.random.default_rng(5)
    variance = rng.uniform(0.5, 2, 4000)
    value = rng.normal(3, np.sqrt(variance + 1.7))
    tau2 = between_variance(value, variance, method=method)
    assert tau2 == pytest.approx(1.7, rel=0.1)
    if method == "paule-mandel":
        w = 1 / (variance + tau2)
        assert (w * (value - np.average(value, weights=w)) ** 2).sum() == pytest.approx(3999)
    assert between_variance(1e3 * value, 1e6 * variance, method=method) == pytest.approx(1e6 * tau2)


@pytest.mark.parametrize("method", ["moments", "paule-mandel"])
def test_units_alike_have_no_variance_between_them(method: Literal["moments", "paule-mandel"]) -> None:
    assert between_variance([1.0], [2.0], method=method) == 0
    assert between_variance([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], method=method) == 0
    equal = between_variance([0.0, 1.0, 5.0], [1.0, 1.0, 1.0], method=method)
    assert equal == pytest.approx(np.var([0, 1, 5], ddof=1) - 1)  # with equal errors, both are this


def test_shrinking_twelve_hospitals() -> None:
    case = golden("eb_ranks_surgical12")
    fit = beta_binomial(case["deaths"], case["operations"])
    assert fit.loglik == pytest.approx(case["loglik"], abs=1e-4)
    for found, name in ((fit.estimate, "posterior_mean"), (fit.lower, "lower95"), (fit.upper, "upper95")):
        np.testing.assert_allclose(found, case[name], atol=case["tol"])


def test_the_likelihood_of_baseball_is_flat_and_its_top_is_found() -> None:
    case = golden("eb_baseball_efron_morris")
    hits, n = np.array(case["hits"]), case["at_bats"]
    fit = beta_binomial(hits, np.full(hits.size, n))
    published = stats.betabinom.logpmf(hits, n, case["a"], case["b"]).sum()
    assert fit.loglik == pytest.approx(published, abs=1e-4)
    assert fit.loglik == pytest.approx(stats.betabinom.logpmf(hits, n, fit.a, fit.b).sum())


@given(units)
@example([(1, 1), (1, 14)])
@settings(max_examples=40, deadline=None)
def test_no_prior_is_likelier_than_the_one_found(rows: list[tuple[int, int]]) -> None:
    y, n = np.array(rows).T
    fit = beta_binomial(y, n)
    for mean in (0.02, 0.3, 0.5, 0.8, y.sum() / n.sum()):
        for size in (1.0, 3.0, 30.0, 3000.0):
            if 0 < mean < 1:
                tried = stats.betabinom.logpmf(y, n, mean * size, (1 - mean) * size).sum()
                assert fit.loglik >= tried - 2e-6
    share = y / n
    pooled = y.sum() / n.sum()
    assert (np.abs(fit.estimate - share) <= np.abs(share - fit.a / (fit.a + fit.b)) + 1e-9).all()
    assert ((fit.lower <= fit.estimate) & (fit.estimate <= fit.upper)).all()
    assert ((fit.lower >= 0) & (fit.upper <= 1)).all()
    assert (fit.upper - fit.lower > 0).all()
    if fit.a + fit.b > 1e8 * n.max():
        np.testing.assert_allclose(fit.estimate, pooled, atol=1e-8)


@pytest.mark.parametrize(
    ("y", "n", "share"),
    [([0, 0], [5, 9], 0.0), ([5, 9], [5, 9], 1.0), ([3], [5], 0.6), ([5, 6], [10, 12], 0.5), ([1], [1], 1.0)],
)
def test_units_alike_get_the_pooled_share(y: list[int], n: list[int], share: float) -> None:
    fit = beta_binomial(y, n)
    np.testing.assert_allclose(fit.estimate, share, atol=1e-8)
    assert (fit.upper - fit.lower > 0.05).all()
    jeffreys = stats.beta.ppf([0.025, 0.975], sum(y) + 0.5, sum(n) - sum(y) + 0.5)
    expected = [min(jeffreys[0], share), max(jeffreys[1], share)]
    np.testing.assert_allclose([fit.lower[0], fit.upper[0]], expected, atol=1e-6)


def test_design_effects_shrink_further() -> None:
    y, n = np.array([20.0, 55, 48, 90]), np.array([100.0, 100, 150, 120])
    plain, fewer = beta_binomial(y, n), beta_binomial(y / 7.3, n / 7.3)
    assert np.ptp(fewer.estimate) < np.ptp(plain.estimate)


def test_shrunken_shares_are_nearer_the_truth_and_their_limits_hold() -> None:
    rng = np.random.default_rng(8)
    held, shrunken, raw = [], 0.0, 0.0
    for _ in range(60):
        truth, n = rng.beta(8, 16, 48), rng.integers(8, 120, 48)
        y = rng.binomial(n, truth)
        fit = beta_binomial(y, n)
        held.append((fit.lower <= truth) & (truth <= fit.upper))
        shrunken += float(((fit.estimate - truth) ** 2).sum())
        raw += float(((y / n - truth) ** 2).sum())
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert shrunken < 0.8 * raw


def test_limits_of_units_truly_alike() -> None:
    """Where nothing is to be told apart, the limits are no narrower than the pooled share's."""
    rng = np.random.default_rng(9)
    held = [
        (fit.lower <= 0.3) & (fit.upper >= 0.3)
        for fit in (beta_binomial(rng.binomial(50, 0.3, 12), np.full(12, 50)) for _ in range(300))
    ]
    assert np.mean(held) > 0.92


@pytest.mark.parametrize(
    "refused",
    [
        lambda: funnel([1, 2], [3]),
        lambda: funnel([np.nan], [3]),
        lambda: funnel([-1], [3]),
        lambda: funnel([4], [3]),
        lambda: funnel([0], [0]),
        lambda: funnel([], []),
        lambda: funnel([1], [3], deff=0),
        lambda: funnel([1], [3], deff=[1, 1]),
        lambda: funnel([1], [3], target=1.5),
        lambda: funnel([1], [3], target=np.nan),
        lambda: funnel_limits(0.5, [0]),
        lambda: between_variance([1, 2], [1, 0]),
        lambda: between_variance([1, np.nan], [1, 1]),
        lambda: between_variance([1, 2], [1, 1], method="REML"),  # type: ignore[arg-type]
        lambda: beta_binomial([4], [3]),
        lambda: beta_binomial([1], [3], level=1),
        lambda: beta_binomial([np.inf], [np.inf]),
    ],
)
def test_what_is_no_share_is_refused_in_one_sentence(refused: Any) -> None:
    with pytest.raises(BenchkitError) as caught:
        refused()
    assert "\n" not in str(caught.value)
