"""The simulation study works, and what falls short of an aim is told."""

import runpy
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from benchkit import find_waits, measure, synthesize

STUDY = Path(__file__).parent / "study"


@pytest.fixture(autouse=True)
def _can_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(STUDY)


def test_a_tiny_study_has_every_row_in_every_column() -> None:
    run = runpy.run_path(str(STUDY / "run.py"))
    size = run["Size"](
        months=6, changes=2, funnels=1, brands=12, rankings=1, long_runs=1, days_per_run=7 * 30
    )
    with ThreadPoolExecutor(1) as pool:
        results, _ = run["study"](size, pool)

    asked = 3 * len(run["OF_MONTHS"]) + len(run["OF_CHANGES"]) + len(run["OF_UNITS"])
    rows = [line for line in results.splitlines() if "±" in line]
    assert len(rows) == asked
    assert all(line.count("±") == len(run["SCENARIOS"]) for line in rows)
    assert "nan" not in results


def test_what_falls_short_is_told_apart_from_chance() -> None:
    from questions import COVERED, OF_CHANGES, Rate, table, verdict

    assert verdict(Rate(95, 0.7), COVERED) == ""
    assert verdict(Rate(92.5, 0.7), COVERED) == "within chance"
    assert verdict(Rate(90.5, 0.7), COVERED) == "FALLS SHORT"
    assert verdict(Rate(98.9, 0.5), COVERED) == "FALLS SHORT"
    assert verdict(Rate(89.9, 5), COVERED) == "FALLS SHORT"
    assert verdict(Rate(20, 1), None) == ""

    names = ["calm", "autocorrelated"]
    rates = {(question.trial, name): Rate(30, 1) for question in OF_CHANGES for name in names}
    written, short = table(OF_CHANGES, names, rates)
    assert short == [f"{question.words}, calm: 30.0 ± 1.0" for question in OF_CHANGES]
    assert "| 30.0 ± 1.0 (FALLS SHORT) | 30.0 ± 1.0 |" in written


def test_a_rate_comes_with_its_monte_carlo_error() -> None:
    from questions import Rate

    rate = Rate.of([1.0] * 90 + [0.0] * 10 + [np.nan])

    assert rate == pytest.approx((90.0, 3.0))


@pytest.mark.parametrize("name", ["calm", "day to day", "autocorrelated"])
def test_the_truth_of_first_replies_is_that_of_a_long_run(name: str) -> None:
    run = runpy.run_path(str(STUDY / "run.py"))
    from histories import DAY, HOUR, Served, long_run, truth
    from trials import BRAND

    (scenario,) = (one for one in run["SCENARIOS"] if one.name == name)
    served = Served(scenario, BRAND, 100.0)
    true, seen = truth(served), long_run(served, runs=1, days_per_run=7 * 1_000)

    assert seen.median_seconds == pytest.approx(true.median_seconds, rel=0.06)
    for seconds in (HOUR, DAY):
        assert seen.within(seconds) == pytest.approx(true.within(seconds), abs=0.012)


def test_the_waits_are_those_that_benchkit_finds_in_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    import histories
    from trials import BRAND, MEDIAN, WITHIN_A_DAY

    data = synthesize(brands=[BRAND], months=5, messages=6_000)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(histories, "_START", start)
    monkeypatch.setattr(histories, "_N_DAYS", 153)
    monkeypatch.setattr(histories, "_SETTLING_DAYS", 0)
    served = histories.Served(histories.Scenario("day to day"), BRAND, 6_000 / 153)
    straight = histories.waits_of({"brand": histories.history(served, (0, *b"brand"), 153)})

    told = [
        measure(waits, month="2026-10", by="brand", metrics=["waits", WITHIN_A_DAY, MEDIAN])
        for waits in (straight, find_waits(data))
    ]
    assert_frame_equal(*told)
