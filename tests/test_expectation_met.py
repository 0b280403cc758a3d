"""Answered within the time expected: worked numbers, both forms of the bounds, and what the dot rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, interpolate, stats

from benchkit.errors import BenchkitError
from benchkit.stats.expectation import bound_weights, expectation_met

CASE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "golden" / "expectation_met_hand.json").read_text()
)

WEEK = 7 * 86_400
times = st.lists(st.sampled_from([0, 30, 60, 61, 300, 3600, 86_400, WEEK, 2 * WEEK]), min_size=1, unique=True)
waits = st.lists(
    st.one_of(st.sampled_from([0, 1, 30, 60, 300, 3600, 86_400, WEEK, np.inf]), st.integers(0, 3 * WEEK)),
    min_size=1,
    max_size=30,
)


@st.composite
def surveys(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    seconds = sorted(draw(times))
    shares = draw(st.lists(st.integers(0, 20), min_size=len(seconds), max_size=len(seconds)))
    return seconds, [share / 20 for share in sorted(shares)]


def shares_within(reply: np.ndarray[Any, Any], seconds: list[int]) -> tuple[list[float], float]:
    return [float((reply <= t).mean()) for t in seconds], float(np.isfinite(reply).mean())


def test_the_bounds_worked_by_hand() -> None:
    met = expectation_met(
        np.array(CASE["survey_hours"]) * 3600,
        CASE["survey_share"],
        CASE["reply_share"],
        reply_ever=CASE["reply_ever"],
        se_lower=CASE["se_lower"],
        se_upper=CASE["se_upper"],
    )
    assert met.lower == pytest.approx(CASE["lower"])
    assert met.upper == pytest.approx(CASE["upper"])
    assert met.upper - met.lower == pytest.approx(CASE["width"])
    assert met.critical == pytest.approx(CASE["critical"])
    assert met.interval == pytest.approx(tuple(CASE["interval"]))


@given(surveys(), waits)
@settings(deadline=None)
def test_bounds_as_sums_over_the_survey_and_as_means_over_waits(
    survey: tuple[list[int], list[float]], waits: list[float]
) -> None:
    (seconds, expected), reply = survey, np.array(waits, dtype=float)
    within, ever = shares_within(reply, seconds)
    met = expectation_met(seconds, expected, within, reply_ever=ever)
    d_expected = np.diff([0, *expected, 1])
    g = [within[0] if seconds[0] == 0 else 0.0, *within, ever]  # a survey's point at 0 is its t_0, too
    assert met.lower == pytest.approx(d_expected @ g[:-1], abs=1e-12)
    assert met.upper == pytest.approx(d_expected @ g[1:], abs=1e-12)
    assert met.upper - met.lower == pytest.approx(d_expected @ np.diff(g), abs=1e-12)
    weights = bound_weights(reply, seconds, expected)
    assert weights.lower.mean() == pytest.approx(met.lower, abs=1e-12)
    assert weights.upper.mean() == pytest.approx(met.upper, abs=1e-12)


@given(surveys(), waits)
@settings(deadline=None)
def test_the_dot_lies_inside_the_bounds(survey: tuple[list[int], list[float]], waits: list[float]) -> None:
    (seconds, expected), reply = survey, np.array(waits, dtype=float)
    within, ever = shares_within(reply, seconds)
    steps = np.unique(reply[np.isfinite(reply)])
    curve = (reply[:, np.newaxis] <= steps).mean(axis=0)
    coarse = expectation_met(seconds, expected, within, reply_ever=ever)
    fine = expectation_met(seconds, expected, within, reply_ever=ever, curve_seconds=steps, curve_share=curve)
    for met in (coarse, fine):
        assert met.lower - 1e-9 <= met.estimate <= met.upper + 1e-9


def test_any_expectation_that_fits_the_survey_lies_inside() -> None:
    """And the bounds are reached: by everyone wanting it at once, or just before the next time."""
    rng = np.random.default_rng(1)
    seconds, expected = [300, 3600, 86_400], [0.13, 0.4, 0.79]
    reply = np.where(rng.random(400) < 0.8, rng.lognormal(9, 2, 400), np.inf)
    within, ever = shares_within(reply, seconds)
    met = expectation_met(seconds, expected, within, reply_ever=ever)
    mass = np.diff([0, *expected, 1])
    begin, end = np.array([0, *seconds]), np.array([*seconds, 1e12])
    for place in (1e-9, 0.2, 0.7, 1.0):
        wanted = begin + place * (end - begin)
        share = sum(m * (reply <= t).mean() for m, t in zip(mass, wanted, strict=True))
        assert met.lower - 1e-12 <= share <= met.upper + 1e-12
    assert share == pytest.approx(met.upper)
    early = sum(m * (reply <= t).mean() for m, t in zip(mass, begin, strict=True))
    assert early == pytest.approx(met.lower)


def test_the_dot_is_the_integral_of_the_interpolated_expectation() -> None:
    seconds, expected = np.array([3600, 86_400]), [0.4, 0.79]
    reply = stats.lognorm(2.0, scale=7200)
    ever = 0.8
    grid = np.geomspace(1, 1e8, 20_001)
    met = expectation_met(
        seconds,
        expected,
        ever * reply.cdf(seconds),
        reply_ever=ever,
        curve_seconds=np.sort(np.append(grid, seconds)),
        curve_share=ever * reply.cdf(np.sort(np.append(grid, seconds))),
    )
    curve = interpolate.PchipInterpolator(np.log([60, 3600, 86_400, WEEK]), [0, *expected, 1])

    def density(log_t: float) -> float:
        wanted = curve(min(max(log_t, np.log(60)), np.log(WEEK)))
        return float((1 - wanted) * reply.pdf(np.exp(log_t)) * np.exp(log_t))

    exact, _ = integrate.quad(density, 0, 18, points=np.log([60, 3600, 86_400, WEEK]), limit=200)
    assert met.estimate == pytest.approx(ever * exact, abs=2e-4)


def test_without_a_curve_replies_are_even_over_log_time() -> None:
    seconds, expected, within, ever = [3600, 86_400], [0.4, 0.79], [0.3, 0.7], 0.8
    edges = [60, 3600, 86_400, WEEK]
    share = np.interp(np.log(grid := np.geomspace(60, WEEK, 200_001)), np.log(edges), [0, *within, ever])
    curve = interpolate.PchipInterpolator(np.log(edges), [0, *expected, 1])
    middle = np.sqrt(grid[1:] * grid[:-1])
    direct = ((1 - curve(np.log(middle))) * np.diff(share)).sum()
    met = expectation_met(seconds, expected, within, reply_ever=ever)
    assert met.estimate == pytest.approx(direct, abs=1e-4)


def test_a_curve_that_ends_leaves_the_rest_spread_until_seven_days() -> None:
    survey = ([3600, 86_400], [0.4, 0.79], [0.0, 0.0])
    none_yet = expectation_met(*survey, reply_ever=0.5, curve_seconds=[], curve_share=[])
    assert none_yet.estimate == expectation_met(*survey, reply_ever=0.5).estimate
    later = expectation_met(*survey, reply_ever=0.5, curve_seconds=[100_000], curve_share=[0.5])
    assert later.estimate == pytest.approx(0.5 * (1 - 0.79), rel=0.1)


@pytest.mark.parametrize(
    ("seconds", "shares", "sure", "after"),
    [([0, 3600], [0.2, 0.5], 1.0, 0.0), ([60], [0.2], 0.8, 0.0), ([30, WEEK], [0.2, 0.9], 0.8, 0.1)],
)
def test_surveys_that_reach_as_far_as_the_anchors(
    seconds: list[int], shares: list[float], sure: float, after: float
) -> None:
    at_once = expectation_met(
        seconds, shares, np.ones(len(seconds)), reply_ever=1, curve_seconds=[0], curve_share=[1]
    )
    assert at_once.estimate == pytest.approx(sure)
    long_after = expectation_met(
        seconds, shares, np.zeros(len(seconds)), reply_ever=1, curve_seconds=[4 * WEEK], curve_share=[1]
    )
    assert long_after.estimate == pytest.approx(after)


def test_nobody_and_everybody_answered() -> None:
    nobody = expectation_met([3600], [0.4], [0], reply_ever=0)
    assert (nobody.lower, nobody.estimate, nobody.upper) == (0, 0, 0)
    everybody = expectation_met([3600], [0.0], [1], reply_ever=1)
    assert (everybody.lower, everybody.estimate, everybody.upper) == (1, 1, 1)
    assert (nobody.interval, nobody.critical) == (None, None)


def test_imbens_manski_between_one_and_two_sides() -> None:
    def critical(g: list[float], se: float) -> float | None:
        return expectation_met([3600], [0.5], g[:1], reply_ever=g[1], se_lower=se, se_upper=se / 2).critical

    assert critical([0.2, 0.2], 0.01) == pytest.approx(stats.norm.ppf(0.95), abs=1e-6)  # wide bounds
    nearly_a_point = [1e-9, 1e-9]
    assert critical(nearly_a_point, 0.1) == pytest.approx(stats.norm.ppf(0.975), abs=1e-6)
    assert critical([0.2, 0.2], 0) == pytest.approx(stats.norm.ppf(0.95))
    assert critical([0.0, 0.0], 0) == pytest.approx(stats.norm.ppf(0.975))
    mid = critical([0.02, 0.02], 0.02)
    assert mid is not None
    assert stats.norm.cdf(mid + 0.5) - stats.norm.cdf(-mid) == pytest.approx(0.95)  # a width of half an error


def test_the_interval_holds_the_share_wherever_it_lies() -> None:
    rng = np.random.default_rng(4)
    survey, g, n = ([3600], [0.5]), np.array([0.3, 0.34]), 400
    truth = expectation_met(*survey, g[:1], reply_ever=g[1])
    held = []
    for _ in range(600):
        within, ever = np.cumsum(rng.multinomial(n, [g[0], g[1] - g[0], 1 - g[1]])[:2]) / n
        weights = np.repeat(
            [0.5, 0.0, 0.0], [round(within * n), round((ever - within) * n), n - round(ever * n)]
        )
        upper = np.repeat(
            [1.0, 0.5, 0.0], [round(within * n), round((ever - within) * n), n - round(ever * n)]
        )
        met = expectation_met(
            *survey,
            [within],
            reply_ever=ever,
            se_lower=weights.std() / n**0.5,
            se_upper=upper.std() / n**0.5,
        )
        assert met.interval is not None
        held.append([met.interval[0] <= share <= met.interval[1] for share in (truth.lower, truth.upper)])
    assert np.mean(held, axis=0).min() > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 600)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: expectation_met([], [], [], reply_ever=1),
        lambda: expectation_met([3600], [np.nan], [0.1], reply_ever=1),
        lambda: expectation_met([-1, 3600], [0.1, 0.2], [0.1, 0.2], reply_ever=1),
        lambda: expectation_met([3600, 60], [0.1, 0.2], [0.1, 0.2], reply_ever=1),
        lambda: expectation_met([60, 60], [0.1, 0.2], [0.1, 0.2], reply_ever=1),
        lambda: expectation_met([60, 3600], [0.3, 0.2], [0.1, 0.2], reply_ever=1),
        lambda: expectation_met([60, 3600], [0.1, 1.2], [0.1, 0.2], reply_ever=1),
        lambda: expectation_met([60, 3600], [0.1, 0.2], [0.3, 0.2], reply_ever=1),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=0.2),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=np.nan),
        lambda: expectation_met([60], [0.1], [0.1, 0.3], reply_ever=1),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=1, level=95),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=1, se_lower=0.1),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=1, se_lower=0.1, se_upper=-0.1),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=1, curve_seconds=[60]),
        lambda: expectation_met([60], [0.1], [0.3], reply_ever=1, curve_seconds=[60], curve_share=[0.4]),
        lambda: expectation_met(
            [60], [0.1], [0.3], reply_ever=1, curve_seconds=[60, 5], curve_share=[0.3, 1]
        ),
        lambda: bound_weights([-1], [60], [0.1]),
        lambda: bound_weights([np.nan], [60], [0.1]),
    ],
)
def test_what_is_no_survey_is_refused_in_one_sentence(refused: Any) -> None:
    with pytest.raises(BenchkitError) as caught:
        refused()
    assert "\n" not in str(caught.value)
