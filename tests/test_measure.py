"""Figures against their examples, against plain counts, and against the truth behind synthetic data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchkit import (
    BENCHKIT,
    CATALOGUE,
    Dataset,
    Metric,
    Waits,
    answered_within,
    expectation_curve,
    find_waits,
    glossary,
    measure,
    synthesize,
)
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.metrics import Target, replied_within
from benchkit.reply_times import reply_time
from benchkit.schema import ESTIMATES
from benchkit.sources.timelines import from_timelines

MONTH = "2026-10"
SHARES = {"answered_within_15m": 900, "answered_within_1h": 3_600, "answered_within_24h": 86_400}


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return synthesize()


@pytest.fixture(scope="module")
def waits(demo: Dataset) -> Waits:
    return find_waits(demo).collect()


def one(frame: pl.DataFrame, column: str = "estimate") -> float | None:
    value: float | None = frame[column].item()
    return value


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metrics_example_is_true(metric: Metric) -> None:
    waits = find_waits(from_timelines(*metric.example.timelines, hours=metric.example.hours))
    value = one(measure(waits, metrics=metric, target=metric.example.target, min_waits=0))
    assert value == pytest.approx(metric.example.value)


@pytest.mark.parametrize(
    "metric",
    [answered_within(minutes=5), answered_within(hours=36), replied_within(days=2), reply_time("mean")],
    ids=lambda metric: metric.name,
)
def test_a_metric_of_ones_own_has_a_true_example_too(metric: Metric) -> None:
    test_a_metrics_example_is_true(metric)


def test_every_metric_is_in_the_glossary_under_its_name() -> None:
    text = glossary()
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    for metric in CATALOGUE:
        assert f"### {metric.label} (`{metric.name}`)\n\n{metric.definition}\n" in text


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_truth_behind_synthetic_data_is_found(seed: int) -> None:
    data = synthesize(seed=seed, messages=300_000, months=14)
    waits = find_waits(data)
    estimates = measure(waits, by="brand", metrics=list(SHARES))
    z = []
    for brand, metric, estimate, upper in estimates.select(
        "brand", "metric", "estimate", "upper"
    ).iter_rows():
        truth = data.truth(brand, SHARES[metric])
        if truth > 0.02:  # below, a count of a few waits is far from normal
            z.append((estimate - truth) / ((upper - estimate) / 2))
    assert len(z) > 60
    assert np.abs(z).max() < 4
    assert abs(np.mean(z)) < 0.5


def test_the_intervals_of_months_cover_the_truth(demo: Dataset, waits: Waits) -> None:
    covered = []
    for month in waits.months()[6::3]:
        estimates = measure(
            waits, month=month, by="brand", metrics=["answered_within_1h", "answered_within_24h"]
        )
        for row in estimates.filter(pl.col("estimate").is_not_null()).iter_rows(named=True):
            truth = demo.truth(row["brand"], SHARES[row["metric"]])
            covered.append(row["lower"] <= truth <= row["upper"])
    assert len(covered) > 400
    assert 0.92 < np.mean(covered) < 0.99


def test_leaving_out_the_unanswered_would_flatter(demo: Dataset, waits: Waits) -> None:
    figures = measure(waits, month=MONTH, metrics=["answered_within_24h", "replied_within_24h"])
    answered, replied = figures["estimate"]
    assert replied - answered > 0.5


def test_a_final_month_is_a_plain_count(waits: Waits) -> None:
    frame = waits.frame.filter("needs_reply", pl.col("started_at").dt.strftime("%Y-%m") == MONTH).collect()
    in_time = (pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= 3_600)
    expected = frame.group_by(pl.col("brand").cast(pl.String)).agg(
        in_time.sum().alias("in_time"), pl.len().cast(pl.Int64).alias("waits")
    )
    found = measure(waits, month=MONTH, by="brand", metrics=["waits", "answered_within_1h"], min_waits=0)
    assert set(found["status"]) == {"final"}
    shares = found.filter(metric="answered_within_1h").join(expected, on="brand", validate="1:1")
    assert shares.height == expected.height
    assert shares["n"].to_list() == shares["waits"].to_list()
    assert shares["estimate"].to_list() == (shares["in_time"] / shares["waits"]).to_list()


def test_the_weekly_interval_by_hand(waits: Waits) -> None:
    """Section 6.3 of Cochran, worked with a group-by instead of arrays."""
    end = pl.datetime(2026, 11, 1, time_zone="UTC")
    week = ((end - pl.col("started_at")).dt.total_microseconds() - 1) // (7 * 86_400 * 1_000_000)
    in_time = (pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= 86_400)
    brand = "Bazaarling"
    mine = waits.frame.filter("needs_reply", pl.col("brand") == brand, pl.col("started_at") < end)
    weeks = (
        mine.filter(week < 13).group_by(week.alias("week")).agg(in_time.sum().alias("y"), pl.len().alias("n"))
    )
    y, n = (weeks.collect()[column].to_numpy().astype(float) for column in ("y", "n"))
    n_month = mine.filter(pl.col("started_at").dt.strftime("%Y-%m") == MONTH).collect().height
    e = y - y.sum() / n.sum() * n
    se = (13 / 12 * (e**2).sum() / n.sum() ** 2 * n.sum() / n_month) ** 0.5
    row = measure(waits, month=MONTH, by="brand", metrics="answered_within_24h").filter(brand=brand)
    t_12 = 2.178812829663418  # the 97.5 % point of Student's t with 12 degrees of freedom, from tables
    assert one(row, "upper") - one(row) == pytest.approx(t_12 * se)
    assert row["method"].item() == "share of all waits; 13 weeks as clusters"


def test_a_provisional_month_is_nearly_what_it_becomes(demo: Dataset, waits: Waits) -> None:
    early = find_waits(demo.known_at(datetime(2026, 10, 31, 12, tzinfo=UTC)))
    metrics = ["waits", "answered_within_24h", "answered_within_7d", "closed_without_reply"]
    then, later = (measure(which, month=MONTH, metrics=metrics) for which in (early, waits))
    assert set(then["status"]) == {"provisional"}
    assert set(later["status"]) == {"final"}
    assert then["method"].to_list()[1].startswith("Aalen-Johansen; 13 weeks")
    naive = early.frame.filter(
        "needs_reply", pl.col("started_at") >= datetime(2026, 10, 1, tzinfo=UTC)
    ).select(((pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= 604_800)).mean())
    for place in (1, 2, 3):
        assert then["lower"][place] <= later["estimate"][place] <= then["upper"][place]
        assert then["estimate"][place] == pytest.approx(later["estimate"][place], abs=0.012)
    assert naive.collect().item() < then["estimate"][2]


def test_nothing_is_said_of_a_time_nobody_was_watched_for(demo: Dataset) -> None:
    early = find_waits(demo.known_at(datetime(2026, 10, 3, tzinfo=UTC)))
    row = measure(early, month=MONTH, metrics="answered_within_7d")
    assert one(row) is None
    assert row["status"].item() == "provisional"
    assert row["method"].item() == "no wait has been watched that long yet"


def test_one_group_is_measured_as_it_is_among_others(waits: Waits, demo: Dataset) -> None:
    among = measure(waits, month=MONTH, by="brand").filter(brand="Bazaarling").drop("brand")
    alone = measure(find_waits(demo.only("Bazaarling")), month=MONTH)
    assert among.equals(alone)


def test_groups_add_up(waits: Waits) -> None:
    both = measure(waits, month=MONTH, by=["industry", "channel"], metrics=["waits", "messages_in"])
    all_of_them = measure(waits, month=MONTH, metrics=["waits", "messages_in"])
    assert both.group_by("metric", maintain_order=True).agg(pl.col("estimate").sum())[
        "estimate"
    ].to_list() == (all_of_them["estimate"].to_list())
    assert both.columns == ["industry", "channel", *ESTIMATES]
    assert dict(both.schema)["status"] == ESTIMATES["status"]


def test_few_waits_are_withheld_and_still_listed(waits: Waits) -> None:
    found = measure(waits, month=MONTH, by="brand", metrics=["waits", "answered_within_24h"], min_waits=100)
    few = found.filter(pl.col("n") < 100)
    assert few.filter(metric="waits")["estimate"].null_count() == 0
    shares = few.filter(metric="answered_within_24h")
    assert shares.height > 3
    assert set(shares["status"]) == {"withheld"}
    assert shares.select("estimate", "lower", "upper").null_count().row(0) == (shares.height,) * 3


def test_what_the_data_cannot_say_is_refused(demo: Dataset) -> None:
    selected = replace(demo, about=replace(demo.about, selection="only answered threads were collected"))
    found = measure(find_waits(selected), month=MONTH, target="80% in 1h").filter(
        pl.col("status") == "refused"
    )
    assert set(found["method"]) == {"only answered threads were collected"}
    assert set(found["metric"]) == {
        metric.name for metric in CATALOGUE if metric.needs_unanswered and not metric.in_opening_hours
    }
    assert "answered_within_1h" in set(found["metric"])
    curve = expectation_curve(find_waits(selected), month=MONTH)
    assert set(curve["metric"]) == {"replied_within"}


def test_nobody_is_credited_with_what_nobody_answered(waits: Waits) -> None:
    metrics = ["waits", "messages_in", "answered_within_24h", "reply_seconds_median"]
    found = measure(waits, month=MONTH, by="agent", metrics=metrics, min_waits=1)
    assert set(found.filter(pl.col("metric").is_in(metrics[1:3]))["status"]) == {"refused"}
    assert found["agent"].null_count() == len(metrics)  # the unanswered, as a group of their own
    named = found.filter(pl.col("agent").is_not_null(), metric="reply_seconds_median", status="final")
    assert named.height > 50


def test_a_target_is_met_missed_or_too_close_to_call(waits: Waits) -> None:
    share = one(measure(waits, month=MONTH, metrics="answered_within_1h"))
    targets = {"5% in 1h": "met", "90% in 1h": "missed", f"{share:.1%} within 60 min": "too close to call"}
    for target, verdict in targets.items():
        row = measure(waits, month=MONTH, metrics="sla_attainment", target=target)
        assert row["method"].item().endswith(f": {verdict}")
    without = measure(waits, month=MONTH, metrics="sla_attainment")
    assert without["status"].item() == "refused"
    assert "pass one such as" in without["method"].item()


@pytest.mark.parametrize(
    "text", ["", "fast", "80 in 1h", "0% in 1h", "101% in 1h", "80% in 0h", "80% in 1 week"]
)
def test_a_target_that_is_none(text: str) -> None:
    with pytest.raises(BenchkitError, match="is not a target; write one such as"):
        Target.parse(text)


def test_waits_that_needed_no_reply_leave_the_denominators() -> None:
    data = from_timelines("C0 A1", "C0 N5", "C0")
    left_out = measure(find_waits(data), metrics=["answered_within_1h", "no_reply_needed"], min_waits=0)
    assert left_out["estimate"].to_list() == [0.5, 1]
    counting = replace(BENCHKIT, no_reply_needed="count")
    counted = measure(
        find_waits(data, definition=counting), metrics=left_out["metric"].to_list(), min_waits=0
    )
    assert counted["estimate"].to_list() == [pytest.approx(1 / 3), 0]
    assert counted["definition"][0] != left_out["definition"][0]


def test_the_curve_goes_through_the_measured_shares(waits: Waits) -> None:
    curve = expectation_curve(waits, month=MONTH)
    for metric, seconds in SHARES.items():
        at = curve.filter(seconds=seconds).drop("seconds", "metric", "band_lower", "band_upper")
        assert at.equals(measure(waits, month=MONTH, by="brand", metrics=metric).drop("metric"))
    drawn = curve.filter(pl.col("estimate").is_not_null())
    steps = drawn.group_by("brand").agg(pl.col("estimate").diff().min().alias("least"))
    assert steps["least"].min() >= 0  # type: ignore[operator]
    assert (curve["seconds"].min(), curve["seconds"].max()) == (60, 604_800)


def test_history_too_short_for_weeks_is_said() -> None:
    data = synthesize(seed=1, messages=40_000, months=2)
    first = find_waits(data).months()[0]
    assert "too little history for more" in measure(find_waits(data), month=first)["method"][8]
    row = measure(find_waits(data), month=first, metrics="answered_within_24h", history_weeks=0)
    assert "5 weeks as clusters (too little history for more)" in row["method"].item()


def test_a_month_belongs_to_the_brands_own_clock() -> None:
    data = from_timelines("C0 A1")
    shifted = replace(
        data, messages=data.messages.with_columns(pl.col("sent_at") - timedelta(days=1, hours=1))
    )
    in_tokyo = replace(shifted, time_zones={"Example": "Asia/Tokyo"})
    counts = {"metrics": ["waits", "messages_in", "messages_out"], "month": "2026-03"}
    assert measure(find_waits(in_tokyo), **counts)["estimate"].to_list() == [1, 1, 1]  # type: ignore[arg-type]
    with pytest.raises(
        BenchkitError, match="no waits in 2026-03 in 'timelines'; the months there are: 2026-02"
    ):
        measure(find_waits(shifted), **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"month": "2017-13"}, "'2017-13' is not a month; write year and month as 2026-10"),
        ({"month": "october"}, "'october' is not a month; write year and month as 2026-10"),
        (
            {"month": "2017-10"},
            "no waits in 2017-10 in 'demo'; the months there are: 2025-11, .* and 13 earlier",
        ),
        ({"by": "brands"}, "no dimension 'brands' in demo; did you mean 'brand'?"),
        ({"metrics": "answered_within_1hour"}, "no metric 'answered_within_1hour'; did you mean 'answered_"),
        ({"history_weeks": -1}, "history_weeks is '-1'; give a whole number, 0 or more"),
    ],
)
def test_wrong_words_are_answered_with_the_way_out(
    waits: Waits, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BenchkitError, match=sentence):
        measure(waits, **options)  # type: ignore[arg-type]


def test_all_answered_at_once_and_nobody_answered() -> None:
    at_once = measure(find_waits(from_timelines(*["C0 A0"] * 40)), metrics=list(CATALOGUE))
    figures = dict(at_once.select("metric", "estimate").iter_rows())
    assert figures["answered_within_15m"] == 1
    assert figures["reply_seconds_p90"] == 0
    assert figures["reply_seconds_median_all"] == 0
    nobody = measure(find_waits(from_timelines(*["C0"] * 40)))
    by_metric = {row["metric"]: row for row in nobody.iter_rows(named=True)}
    assert by_metric["answered_within_7d"]["estimate"] == 0
    assert 0 < by_metric["answered_within_7d"]["upper"] < 0.15
    assert by_metric["reply_seconds_median"]["status"] == "withheld"
    assert by_metric["reply_seconds_median_all"]["method"].startswith("not reached")


def test_no_waits_at_all_is_one_sentence() -> None:
    with pytest.raises(BenchkitError, match="there are no waits to measure"):
        measure(find_waits(from_timelines("A0")))


def test_an_unknown_brand_is_answered_with_the_nearest(demo: Dataset) -> None:
    with pytest.raises(UnknownNameError, match=r"no brand 'Bazarling' in demo; did you mean 'Bazaarling'\?"):
        demo.only("Bazarling")
