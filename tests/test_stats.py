"""Estimators against published numbers, closed forms and independent routes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit.errors import BenchkitError
from benchkit.stats import cumulative_incidence, kaplan_meier, weekly_error, wilson
from benchkit.stats.lifetable import life_table

GOLDEN = Path(__file__).parent / "golden"

waits = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=40)


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


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


@given(waits)
def test_the_jackknife_is_the_derivative_in_the_weights(rows: list[tuple[int, int]]) -> None:
    time, outcome = (np.array(part) for part in zip(*rows, strict=True))
    curve = cumulative_incidence(time, outcome)

    def weighted(weight: np.ndarray[Any, Any], horizon: float) -> float:
        still, share = 1.0, 0.0
        for t in np.unique(time[outcome > 0]):
            at_risk = weight[time >= t].sum()
            if t <= horizon:
                share += still * weight[(time == t) & (outcome == 1)].sum() / at_risk
            still *= 1 - weight[(time == t) & (outcome > 0)].sum() / at_risk
        return share

    for horizon in curve.time[:-1]:  # at the last, the curve may have an edge in the weights
        step = 1e-5
        slopes = []
        for place in range(time.size):
            up, down = np.ones(time.size), np.ones(time.size)
            up[place], down[place] = 1 + step, 1 - step
            slopes.append((weighted(up, horizon) - weighted(down, horizon)) / (2 * step))
        assert curve.at(horizon).se == pytest.approx(np.linalg.norm(slopes), abs=1e-6)


@given(waits)
def test_weighting_by_the_censoring_gives_the_same(rows: list[tuple[int, int]]) -> None:
    """F(h) = mean of 1{replied by h} / G(X-), G the Kaplan-Meier of being censored."""
    time, outcome = (np.array(part) for part in zip(*rows, strict=True))
    for horizon in (3, 12):
        # events come before censorings at ties: they are no longer at risk of being censored
        still = np.ones(time.size)
        for t in np.unique(time[outcome == 0]):
            at_risk = (time > t).sum() + ((time == t) & (outcome == 0)).sum()
            still[time > t] *= 1 - ((time == t) & (outcome == 0)).sum() / at_risk
        expected = np.where((outcome == 1) & (time <= horizon), 1 / still, 0.0).mean()
        assert cumulative_incidence(time, outcome).at(horizon).estimate == pytest.approx(expected)


@given(waits, st.data())
@settings(max_examples=50)
def test_groups_in_one_pass_are_groups_one_by_one(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    time, outcome = (np.array(part) for part in zip(*rows, strict=True))
    group = np.array(data.draw(st.lists(st.integers(0, 2), min_size=time.size, max_size=time.size)))
    week = np.array(data.draw(st.lists(st.integers(0, 3), min_size=time.size, max_size=time.size)))
    table = life_table(group, time, outcome, n_groups=3)
    ticks = np.array([0, 4, 9, 12])
    for one in range(3):
        mine = group == one
        if mine.any():
            alone = cumulative_incidence(time[mine], outcome[mine], cluster=week[mine]).at(ticks)
            np.testing.assert_allclose(table.at(ticks)[one], alone.estimate, atol=1e-12)
            np.testing.assert_allclose(table.error(ticks, week)[one], alone.se, atol=1e-7)
        else:
            assert not table.at(ticks)[one].any()


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


@pytest.mark.parametrize("seconds", [[1.0, -2.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_times_that_are_none_are_refused(seconds: list[float]) -> None:
    with pytest.raises(BenchkitError, match="1 of 2 waits are negative or not a number"):
        kaplan_meier(seconds, [1, 1])


def test_lengths_must_agree() -> None:
    with pytest.raises(BenchkitError, match="one entry per wait"):
        cumulative_incidence([1, 2], [1])


def test_degenerate_samples() -> None:
    nobody = cumulative_incidence([5, 6], [0, 0])
    assert nobody.time.size == 0
    assert nobody.at(10).estimate == 0
    assert nobody.median() == (None, None, None)
    at_once = cumulative_incidence([0, 0, 0], [1, 1, 1])
    assert at_once.at([0]).estimate == 1
    assert at_once.se.tolist() == [0]
    assert cumulative_incidence([7], [2], cause=2).at([6, 7]).estimate.tolist() == [0, 1]


def test_wilson_on_the_published_table() -> None:
    case = golden("proportion_intervals_newcombe1998")
    for row in case["wilson"]:
        interval = wilson(row["y"], row["n"])
        assert (interval.lower, interval.upper) == pytest.approx(row["ci"], abs=case["tol_published"])


def test_weekly_error_is_the_textbook_ratio_error() -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(20, 60, 13).astype(float)
    y = rng.binomial(n.astype(int), 0.3).astype(float)
    ratio = y.sum() / n.sum()
    variance = 13 / 12 * sum((a - ratio * b) ** 2 for a, b in zip(y, n, strict=True)) / n.sum() ** 2
    error = weekly_error(y, n, n.sum())
    assert error.se == pytest.approx(variance**0.5)
    assert weekly_error(y, n, n.sum() / 4).se == pytest.approx(2 * variance**0.5)
    with_an_empty_week = weekly_error(np.append(y, 0), np.append(n, 0), n.sum())
    assert with_an_empty_week[:2] == (pytest.approx(error.se), 13)
    assert weekly_error([1.0, 1, 1], [100, 1, 1], 102).effective == pytest.approx(102**2 / 10_002)
    assert np.isnan(weekly_error([3.0], [9.0], 9).se)
