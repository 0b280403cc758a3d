"""Control charts and many tests at once against slow loops, print and simulated truth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from benchkit.errors import BenchkitError
from benchkit.stats.control import laney
from benchkit.stats.multiplicity import false_discovery

NAN = math.nan


def test_laney_is_the_formula_point_by_point() -> None:
    y, n = [40, 52, 45, 58, 41, 110], [100, 110, 100, 120, 100, 120]
    chart = laney(y, n)
    centre = sum(y) / sum(n)
    error = [math.sqrt(centre * (1 - centre) / b) for b in n]
    z = [(a / b - centre) / s for a, b, s in zip(y, n, error, strict=True)]
    sigma_z = sum(abs(z[i] - z[i - 1]) for i in range(1, 6)) / 5 / 1.128
    assert chart.sigma_z == pytest.approx(sigma_z)
    assert chart.share.tolist() == [a / b for a, b in zip(y, n, strict=True)]
    assert chart.centre.tolist() == [centre] * 6
    assert chart.lower.tolist() == pytest.approx([max(centre - 3 * sigma_z * s, 0) for s in error])
    assert chart.upper.tolist() == pytest.approx([min(centre + 3 * sigma_z * s, 1) for s in error])


def alarms(noise: float, *, waits: int = 2_000) -> tuple[float, float, float]:
    """The part of points in control beyond the limits of Laney's and of the plain chart; mean sigma_z."""
    rng = np.random.default_rng(1)
    p = 1 / (1 + np.exp(-rng.normal(-0.3, noise, (300, 52))))
    n = rng.integers(waits // 2, waits, p.shape)
    laneys, plain, sigma_z = 0, 0, 0.0
    for y, m in zip(rng.binomial(n, p), n, strict=True):
        chart = laney(y, m)
        laneys += (chart.rule == 1).sum()
        error = np.sqrt(chart.centre * (1 - chart.centre) / m)
        plain += (np.abs(chart.share - chart.centre) > 3 * error).sum()
        sigma_z += chart.sigma_z / 300
    return laneys / p.size, plain / p.size, sigma_z


def test_weeks_that_vary_more_than_chance_set_off_the_plain_chart_only() -> None:
    laneys, plain, sigma_z = alarms(0.3)
    assert laneys < 0.01 < 0.3 < plain
    assert sigma_z > 4


def test_weeks_that_vary_by_chance_have_the_plain_chart() -> None:
    laneys, plain, sigma_z = alarms(0.0)
    assert sigma_z == pytest.approx(1, abs=0.02)
    assert laneys < 0.01
    assert plain < 0.01


def test_weeks_that_vary_less_than_chance_have_narrower_limits() -> None:
    chart = laney([50, 51, 49, 50, 51, 50], [100] * 6)
    assert 0 < chart.sigma_z < 0.5
    assert chart.upper[0] - chart.centre[0] < 3 * 0.05 * 0.5


def test_a_bad_week_and_a_lasting_change_are_seen() -> None:
    rng = np.random.default_rng(2)
    steady = rng.binomial(500, 0.4, 40)
    bad_week = steady.copy()
    bad_week[25] = 80
    assert np.flatnonzero(laney(bad_week, [500] * 40).rule == 1).tolist() == [25]
    lasting = steady.copy()
    lasting[30:] = rng.binomial(500, 0.46, 10)
    assert (laney(lasting, [500] * 40).rule[30:] != 0).all()


def test_eight_on_one_side() -> None:
    up, down, on = 52, 48, 50

    def rules(*counts: int) -> list[int]:
        """What these weeks break, with others after them that leave the centre at one half."""
        others = [on, *[up, down] * 10, on, *(2 * on - count for count in counts)]
        found: list[int] = laney([*counts, *others], [100] * (len(counts) + len(others))).rule.tolist()
        return found[: len(counts)]

    assert rules(*[up] * 7) == [0] * 7
    assert rules(*[up] * 8) == [2] * 8
    assert rules(*[down] * 9) == [2] * 9
    assert rules(*[up] * 4, on, *[up] * 4) == [0] * 9
    assert rules(down, *[up] * 8) == [0, *[2] * 8]
    assert rules(*[up] * 7, 62) == [*[2] * 7, 1]


@pytest.mark.parametrize("counts", [[3], [0, 0, 0], [9, 9, 9]])
def test_weeks_that_tell_nothing_of_their_variation(counts: list[int]) -> None:
    chart = laney(counts, [9] * len(counts))
    assert chart.centre[0] == counts[0] / 9
    assert np.isnan([*chart.lower, *chart.upper, chart.sigma_z]).all()
    assert not chart.rule.any()


def test_weeks_all_alike_break_no_rule() -> None:
    chart = laney([1, 2, 3] * 5, [10, 20, 30] * 5)
    assert chart.sigma_z == pytest.approx(0, abs=1e-12)
    assert not chart.rule.any()


@pytest.mark.parametrize(
    ("y", "n"), [([], []), ([1, NAN], [2, 2]), ([1, 0], [2, 0]), ([3], [2]), ([-1], [2])]
)
def test_weeks_that_are_no_shares_are_refused(y: Any, n: Any) -> None:
    with pytest.raises(BenchkitError):
        laney(y, n)


def test_false_discovery_on_the_published_example() -> None:
    case = json.loads((Path(__file__).parent / "golden" / "bh1995.json").read_text())
    adjusted = false_discovery(case["p"])
    np.testing.assert_allclose(adjusted, case["bh_adjusted"], rtol=1e-6)
    assert (adjusted <= 0.05).sum() == case["n_reject_bh_05"]
    assert (np.array(case["p"]) * len(case["p"]) <= 0.05).sum() == case["n_reject_bonferroni_05"]


@pytest.mark.parametrize("method", ["bh", "by"])
def test_adjusted_p_values_are_those_of_the_step_up_procedure(method: Any) -> None:
    """A test is a finding at q if its p is up to the largest p_(j) <= q j / (m c)."""
    p = np.random.default_rng(3).beta(0.4, 2, 60)
    adjusted = false_discovery(p, method=method)
    penalty = sum(1 / j for j in range(1, 61)) if method == "by" else 1
    for q in (0.01, 0.05, 0.2, 0.5):
        passed = [value for j, value in enumerate(sorted(p), 1) if value <= q * j / 60 / penalty]
        assert (adjusted <= q).tolist() == (p <= max(passed, default=-1)).tolist()


def test_few_findings_are_false() -> None:
    rng = np.random.default_rng(4)
    false = []
    for _ in range(300):
        p = np.concatenate([rng.random(150), rng.random(50) ** 12])
        found = false_discovery(p) <= 0.1
        false.append(found[:150].sum() / max(found.sum(), 1))
    assert 0.06 < np.mean(false) < 0.09


def test_tests_that_were_not_made() -> None:
    some = false_discovery([[0.01, NAN], [0.02, 0.9]])
    np.testing.assert_allclose(some, [[0.03, NAN], [0.03, 0.9]])
    assert np.isnan(false_discovery([NAN, NAN])).all()
    assert false_discovery([]).size == 0
    assert false_discovery(0.3).tolist() == 0.3


@pytest.mark.parametrize(
    ("p", "method", "said"),
    [
        ([0.1, 1.1], "bh", "between 0 and 1"),
        ([-0.1], "bh", "between 0 and 1"),
        ([0.1], "\x1b[2J", "no method"),
    ],
)
def test_what_is_no_p_value_is_refused(p: Any, method: Any, said: str) -> None:
    with pytest.raises(BenchkitError, match=said) as refused:
        false_discovery(p, method=method)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("method", ["bh", "by"])
def test_false_discovery_is_scipys(method: Any) -> None:
    p = np.random.default_rng(8).uniform(size=(40, 3)).round(2) ** 3
    ours = false_discovery(p, method=method)
    np.testing.assert_allclose(ours.ravel(), false_discovery_control(p.ravel(), method=method), rtol=1e-12)
