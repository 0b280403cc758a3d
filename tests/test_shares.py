"""Shares, their differences and whole clusters, against print, slow loops and simulated truth."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchkit.errors import BenchkitError
from benchkit.stats.clusters import cluster_bootstrap, cluster_share
from benchkit.stats.shares import difference, newcombe, weekly_interval, wilson

NAN = math.nan

clustered = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=40)


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / f"{name}.json").read_text())
    return found


def test_newcombe_on_the_published_table() -> None:
    case = golden("proportion_intervals_newcombe1998")
    y1, n1, y0, n0 = ([row[key] for row in case["newcombe"]] for key in ("y1", "n1", "y2", "n2"))
    change = newcombe(y1, n1, y0, n0)
    printed = np.array([row["ci"] for row in case["newcombe"]])
    np.testing.assert_allclose(
        np.column_stack([change.lower, change.upper]), printed, atol=case["tol_published"]
    )


def test_newcombe_covers_a_difference_of_small_shares() -> None:
    rng = np.random.default_rng(2)
    change = newcombe(rng.binomial(40, 0.1, 4_000), [40] * 4_000, rng.binomial(25, 0.3, 4_000), [25] * 4_000)
    assert 0.94 < ((change.lower <= -0.2) & (change.upper >= -0.2)).mean() < 0.97


@pytest.mark.parametrize(("y", "n"), [(3, 2), (-1, 2), (0, 0), (NAN, 2), (1, NAN), ([1, 2], [4])])
def test_what_is_no_share_is_not_compared(y: Any, n: Any) -> None:
    with pytest.raises(BenchkitError):
        newcombe(1, 2, y, n)


def test_a_difference_of_symmetric_intervals_adds_their_squares() -> None:
    change = difference([10.0, 4.0], [7.0, 3.0], [13.0, 5.0], [6.0, 4.0], [2.0, 4.0], [10.0, 4.0])
    assert change.estimate.tolist() == [4, 0]
    assert change.lower.tolist() == [-1, -1]
    assert change.upper.tolist() == [9, 1]


def test_a_difference_turns_round_with_its_sides() -> None:
    one, zero = (5.0, 3.0, 9.0), (2.0, 1.5, 4.0)
    forth, back = difference(*one, *zero), difference(*zero, *one)
    assert (forth.estimate, forth.lower, forth.upper) == (-back.estimate, -back.upper, -back.lower)


def test_a_limit_that_is_not_known_leaves_the_other_side() -> None:
    not_reached = difference(37, 33, NAN, 35, 32, 39)
    assert not_reached.lower == pytest.approx(2 - math.hypot(4, 4))
    assert np.isnan(not_reached.upper)
    assert np.isnan(difference(NAN, NAN, NAN, 1, 0, 2)).all()
    assert difference(37, 33, math.inf, 35, 32, 39).upper == math.inf


def test_difference_of_medians_covers_the_truth() -> None:
    """Lopsided limits by order statistics, of lognormal times whose medians differ by 20."""
    rng = np.random.default_rng(3)
    rank = int(stats.binom.ppf(0.025, 101, 0.5))

    def median(scale: float) -> tuple[Any, Any, Any]:
        times = np.sort(scale * rng.lognormal(0, 1, (2_000, 101)), axis=1)
        return times[:, 50], times[:, rank - 1], times[:, 101 - rank]

    change = difference(*median(60), *median(40))
    assert 0.94 < ((change.lower <= 20) & (change.upper >= 20)).mean() < 0.98


def test_weekly_interval_is_the_formula_group_by_group() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(0, 60, (2, 3, 13))
    y = rng.binomial(n, 0.3)
    found = weekly_interval(y, n, y[..., -4:].sum(axis=-1), n[..., -4:].sum(axis=-1), level=0.9)
    for group in np.ndindex(2, 3):
        weeks = [(int(a), int(b)) for a, b in zip(y[group], n[group], strict=True) if b]
        total = sum(b for _, b in weeks)
        ratio = sum(a for a, _ in weeks) / total
        in_month = n[group][-4:].sum()
        variance = len(weeks) / (len(weeks) - 1) * sum((a - ratio * b) ** 2 for a, b in weeks) / total**2
        half = stats.t.ppf(0.95, len(weeks) - 1) * math.sqrt(variance * total / in_month)
        share = y[group][-4:].sum() / in_month
        assert found.estimate[group] == pytest.approx(share)
        assert found.lower[group] == pytest.approx(max(share - half, 0))
        assert found.upper[group] == pytest.approx(min(share + half, 1))


def test_weekly_interval_covers_the_process_where_wilson_does_not() -> None:
    rng = np.random.default_rng(5)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def share(effect: Any) -> Any:
        return 1 / (1 + np.exp(0.3 - 0.5 * effect))

    truth = float(weights @ share(nodes) / weights.sum())
    n = rng.poisson(150, (4_000, 13))
    y = rng.binomial(n, share(rng.normal(size=n.shape)))
    month = y[:, -4:].sum(axis=1), n[:, -4:].sum(axis=1)
    weekly, independent = weekly_interval(y, n, *month), wilson(*month)
    assert 0.93 < ((weekly.lower <= truth) & (truth <= weekly.upper)).mean() < 0.98
    assert ((independent.lower <= truth) & (truth <= independent.upper)).mean() < 0.55


def test_weekly_interval_of_next_to_nothing() -> None:
    alike = weekly_interval([[0] * 13, [9] * 13], [9] * 13, [0, 36], 36)
    score = wilson([0, 36], 36)
    assert (alike.lower.tolist(), alike.upper.tolist()) == (score.lower.tolist(), score.upper.tolist())
    one_week = weekly_interval([3], [9], 3, 9)
    assert one_week.estimate == pytest.approx(1 / 3)
    assert np.isnan([one_week.lower, one_week.upper]).all()
    assert np.isnan(weekly_interval([3, 2], [9, 8], 0, 0)).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([3, NAN], [4, 4], 3, 4), "1 of 2 successes are not a number"),
        (([3, -1], [4, 4], 3, 4), "1 of 2 successes are not a number, 0 or more"),
        (([3, 5], [4, 4], 3, 4), "1 of 2 successes are more than their totals"),
        (([3, 4], [4, 4], 5, 4), "1 of 1 successes are more than their totals"),
        (([3, 4, 4], [4, 4], 3, 4), "do not fit each other"),
    ],
)
def test_weeks_that_cannot_be_are_refused(arguments: Any, said: str) -> None:
    with pytest.raises(BenchkitError, match=said):
        weekly_interval(*arguments)


@pytest.mark.parametrize("level", [0, 1, 95, NAN])
def test_levels_are_shares(level: float) -> None:
    for estimate in (
        lambda: wilson(1, 2, level=level),
        lambda: weekly_interval([1, 2], [2, 2], 2, 2, level=level),
        lambda: cluster_share([1, 2], [2, 2], level=level),
        lambda: cluster_bootstrap([1, 2], [0, 1], level=level),
    ):
        with pytest.raises(BenchkitError, match="level"):
            estimate()


def test_a_cluster_sample_out_of_a_finite_population() -> None:
    case = golden("cluster_mean_lohr_gpa")
    sums, sizes = [sum(cluster) for cluster in case["clusters"]], [len(c) for c in case["clusters"]]
    found = cluster_share(sums, sizes, population=case["N_clusters"])
    assert found.estimate == pytest.approx(case["mean"])
    assert found.se == pytest.approx(case["se"], rel=1e-6)
    half = stats.t.ppf(0.975, 4) * case["se"]
    assert (found.lower, found.upper) == pytest.approx((case["mean"] - half, case["mean"] + half))
    assert np.isnan(found.deff)
    assert cluster_share(sums, sizes).se == pytest.approx(case["se"] / math.sqrt(0.95))


def test_a_share_of_equal_clusters_has_the_error_of_the_jackknife() -> None:
    y = np.array([3, 9, 4, 4, 8, 1, 0])
    found = cluster_share(y, [10] * y.size)
    without_one = [np.delete(y, i).sum() / 60 for i in range(y.size)]
    assert found.se**2 == pytest.approx(6 / 7 * sum((r - found.estimate) ** 2 for r in without_one))


def test_design_effects() -> None:
    """Clusters of m alike waits are worth C - 1 waits; clusters of unlike ones are worth all."""
    alike = cluster_share([12, 0, 12, 12, 0], [12] * 5)
    assert alike.deff == pytest.approx(12 * 5 / 4)
    assert cluster_share([12, 0, 12, 12, 0], [12] * 5, population=10).deff == pytest.approx(alike.deff)
    rng = np.random.default_rng(6)
    n = rng.integers(20, 60, 4_000)
    assert cluster_share(rng.binomial(n, 0.3), n).deff == pytest.approx(1, abs=0.08)


def test_clusters_that_tell_nothing_of_their_variation() -> None:
    none = cluster_share([0, 0, 0], [9, 8, 7])
    assert (none.se, none.lower, none.upper) == (0, 0, wilson(0, 24).upper)
    census = cluster_share([3, 5], [9, 9], population=2)
    assert census[:4] == (census.estimate, 0, census.estimate, census.estimate)
    one = cluster_share([3], [9])
    assert one.estimate == pytest.approx(1 / 3)
    assert np.isnan(one[1:]).all()
    assert cluster_share([1, 9, 2], [10, 10, 10]).lower == 0
    assert cluster_share([-5.0, 9, 2], [10, 10, 10]).lower < 0


@pytest.mark.parametrize(
    ("arguments", "population", "said"),
    [
        (([], []), None, "empty"),
        (([1, 2], [3, 0]), None, "1 of 2 totals are not positive"),
        (([1, NAN], [3, 3]), None, "1 of 2 successes are not a number"),
        (([1, 2, 3], [3, 3]), None, "as many entries"),
        (([1, 2], [3, 3]), 1, "population is 1, but there are 2 clusters"),
        (([1, 2], [3, 3]), NAN, "population is nan"),
    ],
)
def test_clusters_that_cannot_be_are_refused(arguments: Any, population: Any, said: str) -> None:
    with pytest.raises(BenchkitError, match=said):
        cluster_share(*arguments, population=population)


@pytest.mark.parametrize("quantile", [0.5, 0.9, None])
def test_the_bootstrap_is_that_of_all_samples_there_are(quantile: float | None) -> None:
    """Three out of four clusters with replacement: 64 samples, spelt out."""
    clusters = [[5, 9, 7], [30, 41, 22, 5], [8, 12], [60, 1, 33, 28, 9]]

    def figure(sample: Any) -> float:
        waits = np.concatenate([clusters[c] for c in sample])
        return float(
            waits.mean() if quantile is None else np.quantile(waits, quantile, method="inverted_cdf")
        )

    every = np.array([figure(sample) for sample in itertools.product(range(4), repeat=3)])
    values = np.concatenate(clusters)
    labels = np.repeat(range(4), [len(c) for c in clusters])
    found = cluster_bootstrap(values, labels, quantile=quantile, draws=60_000, level=0.5)
    assert found.estimate.item() == pytest.approx(figure(range(4)))
    assert found.se.item() == pytest.approx(every.std(), rel=0.02)
    tail = stats.norm.cdf(-stats.t.ppf(0.75, 3))
    assert (every < found.lower - 0.3).mean() <= tail <= (every <= found.lower + 0.3).mean()
    assert (every > found.upper + 0.3).mean() <= tail <= (every >= found.upper - 0.3).mean()


@given(clustered, st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]))
@settings(deadline=None, max_examples=50)
def test_bootstrapped_quantiles_are_between_those_of_the_clusters(waits: Any, quantile: float) -> None:
    values, labels = (np.array(column) for column in zip(*waits, strict=True))
    found = cluster_bootstrap(values, labels, quantile=quantile, draws=100)
    by_cluster = [
        np.quantile(values[labels == c], quantile, method="inverted_cdf") for c in np.unique(labels)
    ]
    assert found.estimate == np.quantile(values, quantile, method="inverted_cdf")
    if len(by_cluster) == 1:
        assert np.isnan([found.se, found.lower, found.upper]).all()
    else:
        assert min(by_cluster) <= found.lower <= found.upper <= max(by_cluster)


def test_a_bootstrapped_share_has_the_error_of_its_clusters() -> None:
    rng = np.random.default_rng(7)
    y = rng.binomial(50, rng.uniform(0.2, 0.6, 40))
    waits = np.concatenate([np.arange(50) < count for count in y])
    found = cluster_bootstrap(waits, np.repeat(np.arange(40), 50), quantile=None, draws=20_000)
    plain = cluster_share(y, [50] * 40)
    assert found.estimate.item() == pytest.approx(plain.estimate)
    assert found.se.item() == pytest.approx(plain.se, rel=0.02)
    assert (found.lower.item(), found.upper.item()) == pytest.approx((plain.lower, plain.upper), abs=0.01)


def test_bootstrapped_medians_of_weeks_cover_the_truth() -> None:
    rng = np.random.default_rng(8)
    months, weeks, waits = 400, 13, 40
    effect = rng.normal(0, 0.5, (months, weeks, 1))
    seconds = np.exp(8 + effect + rng.normal(0, 1.2, (months, weeks, waits)))
    found = cluster_bootstrap(
        seconds.ravel(),
        np.tile(np.repeat(np.arange(weeks), waits), months),
        groups=np.repeat(np.arange(months), weeks * waits),
        draws=400,
    )
    assert 0.91 < ((found.lower <= math.exp(8)) & (math.exp(8) <= found.upper)).mean() < 0.98
    assert found.se.mean() == pytest.approx(found.estimate.std(), rel=0.1)


def test_groups_are_bootstrapped_as_they_are_alone() -> None:
    values = np.array([5, 9, 30, 41, 8, 2, 4, 70, 1, 6, 6, 6])
    labels = np.array([0, 0, 1, 1, 2, 3, 3, 9, 9, 4, 4, 5])
    groups = np.array([0, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 3])
    found = cluster_bootstrap(values, labels, groups=groups, draws=300)
    for g in (0, 2, 3):
        alone = cluster_bootstrap(values[groups == g], labels[groups == g], draws=300)
        assert found.estimate[g] == alone.estimate
        assert found.se[g] == pytest.approx(alone.se.item(), rel=0.2)
    again = cluster_bootstrap(values[::-1], labels[::-1], groups=groups[::-1], draws=300)
    np.testing.assert_array_equal(found, again)
    assert np.isnan(np.array(found)[:, 1]).all()
    assert np.array(found)[:, 3].tolist() == [6, 0, 6, 6]
    assert cluster_bootstrap([], []).estimate.size == 0


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (([1, NAN], [0, 1]), {}, "1 of 2 values are not a number"),
        (([1, 2], [0, 0.5]), {}, "cluster must be whole numbers from 0"),
        (([1, 2], [0, 1]), {"groups": [-1, 0]}, "groups must be whole numbers from 0"),
        (([1, 2], [0]), {}, "as many entries"),
        (([1, 2], [0, 1]), {"groups": [0]}, "as many entries"),
        (([1, 2], [0, 1]), {"quantile": 50}, "quantile is 50"),
        (([1, 2], [0, 1]), {"draws": 10}, "draws is 10"),
    ],
)
def test_what_cannot_be_bootstrapped_is_refused(arguments: Any, options: Any, said: str) -> None:
    with pytest.raises(BenchkitError, match=said):
        cluster_bootstrap(*arguments, **options)
