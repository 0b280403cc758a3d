"""Curves, their errors and bands against published numbers, closed forms and independent routes."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtr

from benchkit.errors import BenchkitError
from benchkit.stats import lifetable
from benchkit.stats.bands import band_limits, confidence_band, critical_value
from benchkit.stats.bounds import incidence_bounds
from benchkit.stats.curves import Curve
from benchkit.stats.incidence import cumulative_incidence, estimate_curves, kaplan_meier
from benchkit.stats.lifetable import life_table

GOLDEN = Path(__file__).parent / "golden"

waits = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=40)
marked_waits = st.lists(
    st.tuples(*(st.integers(0, most) for most in (12, 2, 2, 3, 6))), min_size=1, max_size=40
)
"""Seconds, outcome, group, cluster and age at entry."""


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def in_columns(rows: list[tuple[int, ...]]) -> list[np.ndarray[Any, Any]]:
    return [np.array(part) for part in zip(*rows, strict=True)]


def weighted_incidence(
    time: np.ndarray[Any, Any],
    outcome: np.ndarray[Any, Any],
    entry: np.ndarray[Any, Any],
    weight: np.ndarray[Any, Any],
    horizon: float,
) -> float:
    """Aalen-Johansen of weighted waits, time by time."""
    still, share = 1.0, 0.0
    for t in np.unique(time[outcome > 0]):
        at_risk = weight[((entry < t) | (entry == 0)) & (time >= t)].sum()
        if t <= horizon:
            share += still * weight[(time == t) & (outcome == 1)].sum() / at_risk
        still *= 1 - weight[(time == t) & (outcome > 0)].sum() / at_risk
    return share


def test_kaplan_meier_on_the_6mp_arm() -> None:
    """Freireich 1963: the most printed survival curve there is."""
    case = golden("km_freireich_6mp")
    curve = kaplan_meier(case["time"], case["event"])
    assert curve.time.tolist() == case["event_times"]
    assert curve.at_risk.tolist() == case["at_risk"]
    np.testing.assert_allclose(curve.estimate, [float(Fraction(f)) for f in case["S_exact"]], rtol=1e-12)
    np.testing.assert_allclose(curve.estimate, case["published_S"], atol=case["tol_published"])
    np.testing.assert_allclose(curve.se, case["published_greenwood_se"], atol=case["tol_published"])
    np.testing.assert_allclose(curve.se, case["greenwood_se"], atol=case["tol"])
    np.testing.assert_allclose(curve.lower, case["loglog_lower"], atol=case["tol"])
    np.testing.assert_allclose(curve.upper, case["loglog_upper"], atol=case["tol"])
    assert curve.median() == (case["median"], *case["median_loglog_ci"])


def test_kaplan_meier_on_the_smallest_table() -> None:
    case = golden("km_hosmer_table_2_2")
    curve = kaplan_meier(case["time"], case["event"])
    for time, survival in case["S"].items():
        assert curve.at(float(time)).estimate == pytest.approx(survival)
    for time, error in case["greenwood_se"].items():
        assert curve.at(float(time)).se == pytest.approx(error, abs=case["tol_published"])


def test_waits_that_came_late_under_observation() -> None:
    case = golden("km_left_truncation_hand")
    curve = kaplan_meier(case["exit"], case["event"], entry=case["entry"])
    assert {f"{t:g}": int(y) for t, y in zip(curve.time, curve.at_risk, strict=True)} == case["at_risk"]
    for time, survival in case["S"].items():
        assert curve.at(float(time)).estimate == pytest.approx(float(Fraction(survival)))


@given(marked_waits)
def test_greenwoods_error_with_late_entries_is_what_a_loop_sums(rows: list[tuple[int, ...]]) -> None:
    time, outcome, _, _, entry = in_columns(rows)
    entry = np.where(entry < time, entry, 0)
    curve = kaplan_meier(time, outcome == 1, entry=entry)
    cumulative = 0.0
    for t, y, survival, se in zip(curve.time, curve.at_risk, curve.estimate, curve.se, strict=True):
        d = ((time == t) & (outcome == 1)).sum()
        assert y == ((time >= t) & ((entry < t) | (entry == 0))).sum()
        cumulative += d / (y * (y - d)) if y > d else 0.0
        assert se == pytest.approx(survival * cumulative**0.5, abs=1e-12)


def test_aalen_johansen_in_exact_fractions() -> None:
    case = golden("aj_exact_r_testci")
    curves = {cause: cumulative_incidence(case["time"], case["event"], cause=cause) for cause in (1, 2)}
    for cause, name in ((1, "F1"), (2, "F2")):
        expected = [float(Fraction(f)) for f in case[name]]
        np.testing.assert_allclose(curves[cause].at(case["event_times"]).estimate, expected, atol=case["tol"])
    assert curves[1].at(2).se == pytest.approx(case["ij_se_F1_at_2"], abs=case["tol"])
    assert curves[1].at(3).se == pytest.approx(case["ij_se_F1_at_3"], abs=case["tol"])
    assert curves[2].at(3).se == pytest.approx(case["ij_se_F2_at_3"], abs=case["tol"])


def test_events_at_time_zero_and_ties_between_causes() -> None:
    case = golden("aj_traps")
    first, second = case["caseA"], case["caseB"]
    for cause, name in ((1, "F1"), (2, "F2")):
        curve = cumulative_incidence(first["time"], first["event"], cause=cause)
        for time, share in first[name].items():
            assert curve.at(float(time)).estimate == pytest.approx(share)
        curve = cumulative_incidence(second["time"], second["event"], cause=cause)
        np.testing.assert_allclose(curve.at(second["grid"]).estimate, second[f"{name}_on_grid"], atol=1e-12)


def test_closing_is_not_censoring() -> None:
    """Against the closed form: Aalen-Johansen is right where 1 - Kaplan-Meier is far off."""
    case = golden("competing_exponentials")
    rng = np.random.default_rng(7)
    reply, close = rng.exponential(1 / case["l1"], 200_000), rng.exponential(1 / case["l2"], 200_000)
    time, outcome = np.minimum(reply, close), np.where(reply < close, 1, 2)
    curve = cumulative_incidence(time, outcome).at(case["t"])
    z = (curve.estimate - case["F1"]) / curve.se
    assert np.abs(z).max() < 4
    naive = 1 - kaplan_meier(time, outcome == 1).at(case["t"]).estimate
    np.testing.assert_allclose(naive, case["one_minus_km"], atol=0.005)


@given(marked_waits)
@settings(max_examples=60)
def test_the_jackknife_is_the_derivative_in_the_weights(rows: list[tuple[int, ...]]) -> None:
    """Summed over clusters, with waits that came late under observation, by groups and at any time."""
    time, outcome, group, cluster, entry = in_columns(rows)
    entry = np.where(entry < time, entry, 0)
    curves = cumulative_incidence(time, outcome, entry=entry, cluster=cluster, groups=group)
    alone = cumulative_incidence(time, outcome, entry=entry, groups=group)
    horizons = np.arange(13)
    for place, label in enumerate(curves.groups):
        mine = group == label
        x, kind, since = time[mine], outcome[mine], entry[mine]
        for horizon in horizons:
            slopes = np.zeros(x.size)
            for one in range(x.size):
                ends = []
                for step in (1e-5, -1e-5):
                    weight = np.ones(x.size)
                    weight[one] += step
                    ends.append(weighted_incidence(x, kind, since, weight, horizon))
                slopes[one] = (ends[0] - ends[1]) / 2e-5
            at_an_edge = weighted_incidence(x, kind > 0, since, np.ones(x.size), horizon) > 1 - 1e-9
            expected = weighted_incidence(x, kind, since, np.ones(x.size), horizon)
            assert curves.at(horizon).estimate[place, 0] == pytest.approx(expected)
            if not at_an_edge:  # where none is left, the curve has an edge in the weights
                assert alone.at(horizon).se[place, 0] == pytest.approx(np.linalg.norm(slopes), abs=1e-6)
                by_cluster = np.linalg.norm(np.bincount(cluster[mine], slopes))
                found = curves.at(horizon).se[place, 0]
                started = horizon >= x[kind > 0].min(initial=99)
                if np.unique(cluster[mine]).size == 1:
                    assert np.isnan(found) == started
                else:
                    assert found == pytest.approx(by_cluster, abs=1e-6)


@given(waits)
def test_without_clusters_the_jackknife_is_the_delta_formula(rows: list[tuple[int, int]]) -> None:
    """The Greenwood-type variance of a cumulative incidence (Gaynor et al. 1993), summed time by time."""
    time, outcome = in_columns(rows)
    curve = cumulative_incidence(time, outcome)
    y = np.array([(time >= t).sum() for t in curve.time])
    d = np.array([((time == t) & (outcome > 0)).sum() for t in curve.time])
    d1 = np.array([((time == t) & (outcome == 1)).sum() for t in curve.time])
    before = np.concatenate([[1.0], np.cumprod(1 - d / y)[:-1]]) if y.size else y
    for last, share in enumerate(curve.estimate):
        upto = slice(0, last + 1)
        left, n, dn, dn1, s = share - curve.estimate[upto], y[upto], d[upto], d1[upto], before[upto]
        rest = np.where(n > dn, n - dn, 1)
        variance = (
            left**2 * dn / (n * rest) + s**2 * dn1 * (n - dn1) / n**3 - 2 * left * s * dn1 / n**2
        ).sum()
        assert curve.se[last] == pytest.approx(max(variance, 0) ** 0.5, abs=1e-7)


@given(waits)
def test_weighting_by_the_censoring_gives_the_same(rows: list[tuple[int, int]]) -> None:
    """F(h) = mean of 1{replied by h} / G(X-), G the Kaplan-Meier of being censored."""
    time, outcome = in_columns(rows)
    for horizon in (3, 12):
        # events come before censorings at ties: they are no longer at risk of being censored
        still = np.ones(time.size)
        for t in np.unique(time[outcome == 0]):
            at_risk = (time > t).sum() + ((time == t) & (outcome == 0)).sum()
            still[time > t] *= 1 - ((time == t) & (outcome == 0)).sum() / at_risk
        expected = np.where((outcome == 1) & (time <= horizon), 1 / still, 0.0).mean()
        assert cumulative_incidence(time, outcome).at(horizon).estimate == pytest.approx(expected)


def test_clusters_of_one_are_no_clusters() -> None:
    rng = np.random.default_rng(3)
    time, outcome = rng.integers(0, 50, 300), rng.integers(0, 3, 300)
    alone = cumulative_incidence(time, outcome)
    clustered = cumulative_incidence(time, outcome, cluster=np.arange(300))
    np.testing.assert_allclose(alone.se, clustered.se, atol=1e-12)
    doubled = cumulative_incidence(np.tile(time, 2), np.tile(outcome, 2), cluster=np.tile(np.arange(300), 2))
    np.testing.assert_allclose(doubled.se, clustered.se, atol=1e-12)


def test_the_median_of_all_waits_may_not_be_reached() -> None:
    curve = cumulative_incidence([1, 2, 3, 4, 5], [1, 0, 0, 0, 0])
    assert curve.median().estimate is None
    assert cumulative_incidence([5], [1]).median().estimate == 5


@given(marked_waits, st.booleans(), st.booleans())
@settings(max_examples=50)
def test_groups_in_one_pass_are_groups_one_by_one(
    rows: list[tuple[int, ...]], in_quarters: bool, survival: bool
) -> None:
    time, outcome, group, cluster, entry = in_columns(rows)
    entry = np.where(entry < time, entry, 0)
    if in_quarters:  # no whole seconds
        time, entry = time / 4, entry / 4
    label = np.array(["north", "east", "west"])[group]

    def fit(which: Any, **grouped: Any) -> Any:
        if survival:
            return kaplan_meier(time[which], outcome[which] > 0, entry=entry[which], **grouped)
        return cumulative_incidence(
            time[which], outcome[which], entry=entry[which], cluster=cluster[which], **grouped
        )

    curves, seconds = fit(slice(None), groups=label), np.arange(0, 14, 0.5)
    values, median = curves.at(seconds), curves.median()
    assert curves.groups.tolist() == sorted(set(label))
    for place, name in enumerate(curves.groups):
        alone: Curve = fit(label == name)
        for ours, theirs in zip(curves.curve(name), alone, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-7)  # the root of what sums of squares round to
        for ours, theirs in zip(values, alone.at(seconds), strict=True):
            np.testing.assert_allclose(ours[place], theirs, atol=1e-7)
        for ours, theirs in zip(median, alone.median(), strict=True):
            assert ours[place] == pytest.approx(np.nan if theirs is None else theirs, nan_ok=True)


@pytest.mark.parametrize("marks_at_once", [1, 7, 40])
def test_counting_in_parts_is_counting_at_once(marks_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    group, time = rng.choice([0, 1, 3, 4, 8], 200), rng.integers(0, 30, 200)
    outcome, entry = rng.integers(0, 3, 200), rng.integers(-1, time)
    whole = life_table(group, time, outcome, n_groups=10, entry=entry)
    monkeypatch.setattr(lifetable, "_MARKS_AT_ONCE", marks_at_once)
    parts = life_table(group, time, outcome, n_groups=10, entry=entry)
    assert len(parts.parts) > len(whole.parts) == 1
    np.testing.assert_array_equal(parts.offsets(), whole.offsets())
    for name in ("key", "at_risk", "ended", "caused", "estimate", "jump", "a", "b"):
        one, other = (table.of_events(attrgetter(name)) for table in (parts, whole))
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(parts.errors(), whole.errors(), atol=1e-12)


@pytest.mark.parametrize("entries", [False, True])
def test_errors_where_nothing_but_the_cause_ends_waits_are_those_beside_other_causes(entries: bool) -> None:
    rng = np.random.default_rng(12)
    group, time, cluster = rng.integers(0, 2, 400), rng.integers(0, 30, 400), rng.integers(0, 7, 400)
    outcome = rng.integers(0, 2 + group)
    entry = rng.integers(-1, time) if entries else None
    own = group == 0
    alone = life_table(
        group[own], time[own], outcome[own], n_groups=1, entry=None if entry is None else entry[own]
    )
    beside = life_table(group, time, outcome, n_groups=2, entry=entry)
    assert [part.only_cause for part in alone.parts + beside.parts] == [True, False]
    of_own = slice(beside.offsets()[1])
    np.testing.assert_allclose(alone.errors(), beside.errors()[of_own], atol=1e-9)
    by_week, by_week_beside = alone.clustered(cluster[own]), beside.clustered(cluster)
    np.testing.assert_allclose(alone.errors(by_week), beside.errors(by_week_beside)[of_own], atol=1e-9)
    ticks = np.arange(-1, 31)
    moved = beside.influence(ticks, by_week_beside)[0]
    np.testing.assert_allclose(alone.influence(ticks, by_week)[0], moved, atol=1e-12)


@given(marked_waits)
@settings(max_examples=50)
def test_the_influence_of_clusters_squares_to_their_error(rows: list[tuple[int, ...]]) -> None:
    time, outcome, group, cluster, entry = in_columns(rows)
    begin = np.where(entry < time, entry, 0) - 1
    table = life_table(group, time, outcome, n_groups=3, entry=begin)
    ticks = np.array([0, 4, 4, 9, 12, 20])
    in_one = np.array([[np.unique(cluster[group == g]).size == 1] for g in range(3)])
    clustered = table.clustered(cluster)
    expected = np.where(in_one, np.nan, np.sqrt((table.influence(ticks, clustered) ** 2).sum(axis=1)))
    np.testing.assert_allclose(table.error(ticks, cluster), expected, atol=1e-12)
    at_events, offsets = table.errors(clustered), table.offsets()
    events = table.of_events(lambda rows: rows.ticks)
    for g, (begin_at, end_at) in enumerate(pairwise(offsets)):
        direct = table.error(events[begin_at:end_at], cluster)[g]
        np.testing.assert_allclose(at_events[begin_at:end_at], direct, atol=1e-7)
    every_wait = np.arange(time.size)
    alone = np.bincount(group, minlength=3)[:, np.newaxis] == 1
    expected = np.where(alone, np.nan, table.error(ticks))
    np.testing.assert_allclose(expected, table.error(ticks, every_wait), atol=1e-7)


def test_errors_hold_their_digits_in_a_large_sample() -> None:
    rng = np.random.default_rng(11)
    n = 200_000
    time, outcome, week = (
        rng.integers(0, 5_000, n),
        rng.choice(3, n, p=[0.3, 0.6, 0.1]),
        rng.integers(0, 13, n),
    )
    table = life_table(np.zeros(n, np.int64), time, outcome, n_groups=1)
    ticks = np.array([10, 1_000, 4_000, 4_990])
    event = np.searchsorted(table.of_events(lambda rows: rows.ticks), ticks, side="right") - 1
    np.testing.assert_allclose(
        table.errors(table.clustered(week))[event], table.error(ticks, week)[0], rtol=1e-8
    )


def sample_of_weeks(rng: np.random.Generator, share_sd: float) -> tuple[Any, ...]:
    """13 weeks of waits that are answered more or less often, and sooner or later, week by week."""
    n = rng.poisson(100, 13)
    week = np.repeat(np.arange(13), n)
    pace, logit = rng.normal(8.5, share_sd, 13), rng.normal(-0.4, share_sd, 13)
    seconds = np.exp(rng.normal(pace[week], 2.0))
    replied = rng.random(week.size) < expit(logit[week])
    watched = rng.uniform(1e5, 1e6, week.size)
    outcome = np.where(replied & (seconds <= watched), 1, 0)
    return np.where(outcome == 1, seconds, watched).astype(int), outcome, week


def test_a_band_holds_the_whole_curve_where_pointwise_limits_do_not() -> None:
    rng, sd, rounds = np.random.default_rng(4), 0.3, 120
    at = np.geomspace(60, 90_000, 25).round()
    nodes, node_weight = np.polynomial.hermite_e.hermegauss(40)
    share = (expit(-0.4 + sd * nodes) * node_weight).sum() / node_weight.sum()
    truth = share * ndtr((np.log(at + 1) - 8.5) / np.hypot(2.0, sd))  # whole seconds, rounded down
    joint = pointwise = 0
    for _ in range(rounds):
        seconds, outcome, week = sample_of_weeks(rng, sd)
        band = confidence_band(seconds, outcome, at, cluster=week)
        joint += bool(((band.lower <= truth) & (truth <= band.upper)).all())
        lower, upper = band_limits(band.estimate, band.se, np.array(2.179))
        pointwise += bool(((lower <= truth) & (truth <= upper)).all())
    assert 0.90 <= joint / rounds <= 0.99
    assert pointwise / rounds < 0.80


def test_critical_values_are_those_of_their_kind() -> None:
    """One time: Student's t. Independent times, many clusters: Sidak's normal quantile."""
    rng = np.random.default_rng(8)
    alone = critical_value(rng.normal(size=(300, 13, 1)))
    assert alone.shape == (300,)
    assert alone.mean() == pytest.approx(2.179, abs=0.05)
    independent = critical_value(rng.normal(size=(2_000, 10)))
    assert independent == pytest.approx(2.80, abs=0.12)
    one_column = rng.normal(size=(13, 1))
    assert critical_value(np.repeat(one_column, 50, axis=1)) == pytest.approx(critical_value(one_column))
    with_idle = np.vstack([one_column, np.zeros((3, 1))])
    assert critical_value(with_idle) == pytest.approx(critical_value(one_column))


def test_too_few_clusters_make_no_band() -> None:
    assert np.isnan(critical_value(np.ones((1, 3))))
    assert np.isnan(critical_value(np.zeros((13, 3))))
    assert critical_value(np.ones((4, 3))) == np.inf
    with pytest.raises(BenchkitError, match="influence must be numbers by cluster and time"):
        critical_value([[1.0, np.nan]])
    band = confidence_band([3, 5, 6], [1, 1, 0], [1, 4, 9], cluster=["one"] * 3)
    assert (band.lower.tolist(), band.upper.tolist()) == ([0, 0, 0], [1, 1, 1])


def test_a_band_lies_beside_its_curve() -> None:
    rng = np.random.default_rng(2)
    seconds, outcome, week = sample_of_weeks(rng, 0.3)
    brand = rng.choice(["a", "b"], seconds.size)
    at = [0, 600, 86_400, 3_600]
    bands = confidence_band(seconds, outcome, at, cluster=week, groups=brand)
    assert bands.time.tolist() == sorted(at)
    for place, name in enumerate("ab"):
        mine = brand == name
        curve = cumulative_incidence(seconds[mine], outcome[mine], cluster=week[mine]).at(sorted(at))
        band = confidence_band(seconds[mine], outcome[mine], at, cluster=week[mine])
        np.testing.assert_allclose(bands.lower[place], band.lower)
        np.testing.assert_allclose(bands.estimate[place], curve.estimate)
        np.testing.assert_allclose(band.se, curve.se * (13 / 12) ** 0.5)
        assert (band.lower <= curve.lower).all()
        assert (band.upper >= curve.upper).all()
    alone = confidence_band(seconds, outcome, at)
    np.testing.assert_allclose(alone.se, cumulative_incidence(seconds, outcome).at(sorted(at)).se)
    assert 2.0 < alone.critical < 2.6
    assert alone.lower.tolist() == confidence_band(seconds, outcome, at).lower.tolist()


@given(marked_waits)
def test_bounds_hold_the_curve_and_are_what_a_loop_counts(rows: list[tuple[int, ...]]) -> None:
    time, outcome, group, *_ = in_columns(rows)
    horizons = [9, 0, 4]
    bounds = incidence_bounds(time, outcome, horizons, groups=group, n_groups=4)
    for g in range(4):
        mine = group == g
        assert bounds.n[g] == mine.sum()
        for place, h in enumerate(horizons):
            answered = ((outcome == 1) & (time <= h) & mine).sum()
            young = ((outcome == 0) & (time < h) & mine).sum()
            if not mine.any():
                assert np.isnan([bounds.lower[g, place], bounds.upper[g, place]]).all()
                continue
            assert bounds.lower[g, place] == pytest.approx(answered / mine.sum())
            assert bounds.upper[g, place] == pytest.approx((answered + young) / mine.sum())
            share = cumulative_incidence(time[mine], outcome[mine]).at(h).estimate
            assert bounds.lower[g, place] - 1e-12 <= share <= bounds.upper[g, place] + 1e-12


def test_bounds_take_groups_as_numbers() -> None:
    with pytest.raises(BenchkitError, match="groups must be one whole number from 0 for each wait"):
        incidence_bounds([1, 2], [1, 1], [5], groups=[0, -1])
    with pytest.raises(BenchkitError, match="n_groups is 1, but there is a group 3"):
        incidence_bounds([1, 2], [1, 1], [5], groups=[0, 3], n_groups=1)
    assert incidence_bounds([], [], [5], n_groups=2).n.tolist() == [0, 0]


REFUSED = [
    ({"seconds": [1.0, -2.0], "outcome": [1, 1]}, "1 of 2 waits are negative; leave them out first"),
    ({"seconds": [1.0, np.nan], "outcome": [1, 1]}, "1 of 2 seconds are not a number"),
    ({"seconds": [1.0, np.inf], "outcome": [1, 1]}, "1 of 2 seconds are not a number"),
    ({"seconds": [1, 2], "outcome": [1]}, "as many entries as each other"),
    ({"seconds": [1, 2], "outcome": [1, 0.5]}, "1 of 2 outcomes are not whole numbers from 0"),
    ({"seconds": [1, 2], "outcome": [1, np.nan]}, "1 of 2 outcome are not a number"),
    ({"seconds": [1, 2], "outcome": [1, 1], "entry": [0, 2]}, "1 of 2 waits ended before they came under"),
    ({"seconds": [1, 2], "outcome": [1, 1], "entry": [-1, 1]}, "1 of 2 waits are negative"),
    ({"seconds": [1, 2], "outcome": [1, 1], "cluster": [1]}, "cluster must have one label for each of the 2"),
    ({"seconds": [1, 2], "outcome": [1, 1], "groups": ["a", None]}, "1 of 2 groups are missing"),
    ({"seconds": [1, 2], "outcome": [1, 1], "cluster": [1.0, np.nan]}, "1 of 2 cluster are missing"),
    ({"seconds": [1, 2], "outcome": [1, 1], "groups": np.array(["a", 1], object)}, "no common order"),
    ({"seconds": [1, 2], "outcome": [1, 1], "level": 95}, "level is 95; give a confidence level between"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_what_is_no_wait_is_refused_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchkitError, match=sentence):
        cumulative_incidence(**arguments)


def test_a_group_there_is_not() -> None:
    curves = kaplan_meier([1, 2], [1, 1], groups=["north", "south"])
    with pytest.raises(BenchkitError, match="no group 'nort'; did you mean 'north'"):
        curves.curve("nort")


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        ([7, -2, 7], [-2, 7]),
        ([10**12, 0, 5], [0, 5, 10**12]),
        ([True, False, True], [False, True]),
        (np.array(["2026-10-05", "2026-09-28", "2026-10-05"], "M8[D]"), None),
    ],
)
def test_labels_may_be_of_any_kind(labels: Any, known: list[Any] | None) -> None:
    curves = kaplan_meier([1, 2, 3], [1, 1, 1], groups=labels)
    assert known is None or curves.groups.tolist() == known
    assert curves.curve(curves.groups[1]).at_risk.tolist() == ([2, 1] if known != [0, 5, 10**12] else [1])


@pytest.mark.parametrize("unit", [1, 0.5])
def test_curves_are_asked_at_any_time(unit: float) -> None:
    curves = cumulative_incidence(
        unit * np.array([2, 4, 6]), [1, 1, 1], cluster=[0, 1, 1], groups=["a", "b", "a"]
    )
    at = unit * np.array([-1e9, -1, 1.9, 2, 3, 4, 1e18, np.inf])
    assert curves.share(at).tolist() == [[0, 0, 0, 0.5, 0.5, 0.5, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1]]
    for place, name in enumerate("ab"):
        assert curves.share(at)[place].tolist() == curves.curve(name).at(at).estimate.tolist()


def test_marks_too_large_to_be_numbered_are_counted_all_the_same() -> None:
    rng, n = np.random.default_rng(9), 300
    time, outcome, cluster = rng.integers(0, 40, n), rng.integers(0, 3, n), rng.integers(0, 5, n)
    entry = rng.integers(-1, time)
    late = 2**54
    near = cumulative_incidence(time, outcome, entry=np.maximum(entry, 0), cluster=cluster)
    far = cumulative_incidence(
        time + late * (time > 20), outcome, entry=np.maximum(entry, 0) + late * (entry > 20), cluster=cluster
    )
    for one, other in zip(near[1:], far[1:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_degenerate_samples() -> None:
    nobody = cumulative_incidence([5, 6], [0, 0])
    assert nobody.time.size == 0
    assert nobody.at(10).estimate == 0
    assert nobody.median() == (None, None, None)
    at_once = cumulative_incidence([0, 0, 0], [1, 1, 1])
    assert at_once.at([0]).estimate == 1
    assert at_once.se.tolist() == [0]
    assert at_once.median() == (0, 0, None)
    late = cumulative_incidence([0, 0, 5], [1, 1, 1], entry=[0, 0, 2])
    assert late.at_risk.tolist() == [2, 1]
    assert cumulative_incidence([7], [2], cause=2).at([6, 7]).estimate.tolist() == [0, 1]
    one_cluster = cumulative_incidence([1, 2, 3], [1, 0, 1], cluster=["w", "w", "w"])
    assert np.isnan([*one_cluster.se, *one_cluster.lower, *one_cluster.upper]).all()
    nothing = kaplan_meier([], [])
    assert (nothing.at(5).estimate, nothing.median().estimate) == (1, None)
    without = estimate_curves([], [], groups=[])
    assert (without.groups.size, without.at([1, 2]).estimate.shape) == (0, (0, 2))
    ties = cumulative_incidence([4] * 6, [1, 1, 2, 2, 0, 0])
    assert ties.at([3, 4]).estimate.tolist() == [0, pytest.approx(1 / 3)]
    assert ties.se == pytest.approx([(2 / 9 / 6) ** 0.5])
    band = confidence_band([0, 0, 0], [1, 1, 1], [0, 5])
    assert (band.lower.tolist(), band.upper.tolist()) == ([0, 0], [1, 1])


def test_one_half_is_reached_however_it_is_rounded() -> None:
    thirds = cumulative_incidence(np.arange(1, 11), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    assert thirds.median().estimate == 5
    assert kaplan_meier(np.arange(1, 11), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]).median().estimate == 5
