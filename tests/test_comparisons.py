"""Comparisons against plain loops, identities, and what must not be compared."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from benchkit import Dataset, Waits, expectations, find_waits, measure, measure_months, synthesize
from benchkit.calendars import Calendar
from benchkit.comparisons import (
    changes,
    compare,
    control_chart,
    expected_time,
    promises,
)
from benchkit.comparisons.hours import hours_of_week
from benchkit.comparisons.strata import strata
from benchkit.definitions import BENCHKIT
from benchkit.errors import BenchkitError
from benchkit.pseudonyms import pseudonymise
from benchkit.sources.timelines import from_timelines

MONTH = "2026-10"
DAY = 86_400


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return synthesize()


@pytest.fixture(scope="module")
def waits(demo: Dataset) -> Waits:
    return find_waits(demo).collect()


@pytest.fixture(scope="module")
def own(waits: Waits) -> Waits:
    return waits.only("Mumblecell").collect()


@pytest.fixture(scope="module")
def answered(waits: Waits) -> Waits:
    """The same, said to hold only what was answered."""
    return replace(waits, about=replace(waits.about, selection="Only what was answered is here."))


def rows_of(waits: Waits, month: str = MONTH) -> list[dict[str, object]]:
    """The month's waits that need a reply, one by one."""
    needed = waits.frame.filter("needs_reply", pl.col("started_at").dt.strftime("%Y-%m") == month)
    return needed.collect().to_dicts()


def in_time(row: dict[str, object], seconds: int) -> bool:
    return row["outcome"] == "replied" and int(str(row["wait_seconds"])) <= seconds


def test_cells_are_as_fine_as_the_waits_allow() -> None:
    hours = [datetime(2026, 10, 5, tzinfo=UTC).replace(tzinfo=None) + timedelta(hours=h) for h in range(168)]
    few = pl.DataFrame({"local": hours, "of_channel": "x"})
    many = pl.concat([few] * 7)
    assert strata(many, least=7).n_cells == 168
    assert strata(few, least=20) == strata(few.reverse(), least=20)._replace(
        cell=pytest.approx(strata(few, least=20).cell)
    )
    quarters = strata(few, least=12)
    assert (quarters.n_cells, quarters.words) == (8, "channel and quarter of the day, weekends apart")
    saturday_morning = quarters.cell[[h.weekday() == 5 and h.hour == 7 for h in hours]]
    sunday_noon = quarters.cell[[h.weekday() == 6 and h.hour == 11 for h in hours]]
    assert saturday_morning == sunday_noon
    assert strata(few, least=200).words == "channel"


def test_mix_and_service_make_up_the_whole_change(own: Waits) -> None:
    months = measure_months(own, month=MONTH)
    found = changes(own, months, month=MONTH)
    assert set(found["before"]) == {"2026-09", "2025-10"}
    shares = found.filter(pl.col("mix").is_not_null())
    assert shares.height == 6
    np.testing.assert_allclose(shares["mix"] + shares["rate"], shares["estimate"], atol=1e-12)
    estimates = dict(months.select(pl.concat_str("month", "metric"), "estimate").rows())
    for metric, before, change in found.select("metric", "before", "estimate").rows():
        assert change == pytest.approx(estimates[MONTH + metric] - estimates[before + metric])
    assert (found["lower"] < found["estimate"]).all()
    assert (found["estimate"] < found["upper"]).all()


def test_only_the_mix_changed() -> None:
    """Two channels, each answered as before, of which the slow one is written to more."""

    frames = []
    for month, fast, slow in ((9, 60, 40), (10, 40, 60)):
        for channel, number, timeline in (("fast", fast, "C0 A5"), ("slow", slow, "C0")):
            made = find_waits(from_timelines(*[timeline] * number, channel=channel)).frame.collect()
            move = datetime(2026, month, 1, 9, tzinfo=UTC) - made["started_at"].min()
            frames.append(made.with_columns(pl.col("started_at", "ended_at") + move))
    whole = find_waits(from_timelines("C0"))
    frame = pl.concat(frames).lazy()
    waits = replace(whole, frame=frame, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    months = measure_months(waits, month=MONTH, metrics="answered_within_24h")
    (row,) = changes(waits, months, month=MONTH).to_dicts()
    assert row["estimate"] == pytest.approx(-0.2)
    assert row["mix"] == pytest.approx(-0.2)
    assert row["rate"] == pytest.approx(0.0)


def test_a_month_that_can_still_change_is_not_split(demo: Dataset) -> None:
    early = find_waits(demo.known_at(datetime(2026, 11, 1, 12, tzinfo=UTC))).collect()
    months = measure_months(early, month=MONTH)
    found = changes(early, months, month=MONTH).filter(metric="answered_within_24h")
    assert set(found["status"]) == {"provisional"}
    assert found["mix"].is_null().all()


def test_weeks_are_whole_and_as_a_loop_counts_them(own: Waits) -> None:
    chart = control_chart(own, month=MONTH, weeks=200)
    assert control_chart(own, month=MONTH).height == 104
    assert chart["week"].dt.weekday().unique().to_list() == [1]
    assert chart["week"][-1] == date(2026, 10, 19)
    counted: dict[date, list[bool]] = {}
    for row in own.frame.filter("needs_reply").collect().to_dicts():
        day = row["started_at"].date()
        counted.setdefault(day - timedelta(days=day.weekday()), []).append(in_time(row, DAY))
    for week, estimate, n in chart.select("week", "estimate", "n").rows():
        assert n == len(counted[week])
        assert estimate == pytest.approx(sum(counted[week]) / n)
    assert chart["week"].n_unique() == chart.height
    # the data begin on a Tuesday, so that their first week is not whole
    assert chart["week"][0] == min(counted) + timedelta(days=7)


def test_a_week_not_watched_for_long_enough_is_left_out(demo: Dataset) -> None:
    early = find_waits(demo.known_at(datetime(2026, 10, 26, 6, tzinfo=UTC)))
    assert control_chart(early, month=MONTH)["week"][-1] == date(2026, 10, 12)
    within_the_hour = control_chart(early, month=MONTH, metric="answered_within_1h")
    assert within_the_hour["week"][-1] == date(2026, 10, 19)


BUSINESS = replace(BENCHKIT, name="business", clock="opening hours")


def test_in_opening_hours_a_week_is_watched_for_as_long_as_somebody_was_open() -> None:
    late_on_sunday = [f"C{7 * DAY // 60 * week - 60}" for week in (1, 2)]
    data = from_timelines("C0 A10", *late_on_sunday, days=14.0625, hours="09:00-10:00")
    by_calendar, by_business = (
        control_chart(find_waits(data, definition=rules), month="2026-03", metric="answered_within_1h")
        for rules in (BENCHKIT, BUSINESS)
    )
    assert by_calendar["week"].to_list() == [date(2026, 3, 2), date(2026, 3, 9)]
    assert by_business["week"].to_list() == [date(2026, 3, 2)]
    hours = hours_of_week(find_waits(data, definition=BUSINESS), month="2026-03", min_waits=1)
    assert hours.filter(weekday=7, hour=23).select("arrivals", "n").row(0) == (2, 2)  # by the calendar


def test_expected_times_are_calendar_time_whatever_the_clock(demo: Dataset) -> None:
    desk = demo.open_in(Calendar("Europe/Berlin", {"mon-fri": "09:00-17:00"}))
    by_calendar, by_business = (
        expected_time(find_waits(desk, definition=rules), expectations(), month=MONTH, by=None)
        for rules in (BENCHKIT, BUSINESS)
    )
    assert by_business.drop("definition").equals(by_calendar.drop("definition"))


def test_a_share_in_opening_hours_is_not_set_beside_calendar_time(own: Waits) -> None:
    with pytest.raises(BenchkitError, match="_in_opening_hours is in opening hours, and the"):
        control_chart(own, month=MONTH, metric="answered_within_1h_in_opening_hours")


def test_a_bad_week_breaks_a_rule(own: Waits) -> None:
    bad = date(2026, 8, 3)
    in_week = pl.col("started_at").dt.truncate("1w").dt.date() == bad
    frame = own.frame.with_columns(
        pl.when(in_week)
        .then(pl.lit("closed"))
        .otherwise(pl.col("outcome").cast(pl.String))
        .cast(pl.Enum(["awaiting", "replied", "closed"]))
        .alias("outcome")
    )
    chart = control_chart(replace(own, frame=frame), month=MONTH)
    assert chart.filter(week=bad)["rule"].item() == "beyond three sigma"


def test_a_promise_was_kept_in_nine_of_ten_weeks(own: Waits) -> None:
    found = promises(own, month=MONTH, target="80% in 2h")
    assert found["seconds"].to_list() == [900, 3_600, 7_200, 14_400, 86_400, 172_800]
    assert found["weeks"].unique().to_list() == [52]
    for row in found.to_dicts():
        weeks = control_chart(own, month=MONTH, metric=_answered(row["seconds"]), weeks=52)["estimate"]
        assert row["kept"] == (weeks >= row["share"]).sum() >= 0.9 * 52
        assert (weeks >= row["share"] + 0.01).sum() < 0.9 * 52
        assert row["assured"] <= row["share"]
        sure = max(r for r in range(1, 53) if binom.sf(r - 1, 52, 0.1) >= 0.95)
        assert row["assured"] == math.floor(100 * weeks.sort()[sure - 1]) / 100
    aimed = found.filter(seconds=7_200).to_dicts()[0]
    assert aimed["target"] == 0.8
    assert found.filter(pl.col("target").is_not_null()).height == 1


def _answered(seconds: int):
    from benchkit import answered_within

    return answered_within(minutes=seconds / 60)


def test_few_weeks_promise_little(own: Waits) -> None:
    twenty = promises(own, month=MONTH, weeks=20)
    assert twenty["assured"].is_null().all()
    assert twenty["share"].is_not_null().all()
    assert promises(own, month=MONTH, weeks=9)["share"].is_null().all()


def test_expected_time_is_the_formula(own: Waits) -> None:
    survey = expectations()
    found = expected_time(own, survey, month=MONTH)
    rows = rows_of(own)

    def answered(seconds: float) -> float:
        return sum(in_time(row, int(min(seconds, 7 * DAY))) for row in rows) / len(rows)

    for year, lower, upper, estimate in found.select("year", "bound_lower", "bound_upper", "estimate").rows():
        points = survey.filter(year=year).sort("seconds")
        expected = [0.0, *points["share"], 1.0]
        times = [0.0, *points["seconds"], math.inf]
        steps = np.diff(expected)
        got = np.array([0.0, *(answered(seconds) for seconds in times[1:])])
        assert lower == pytest.approx(float(steps @ got[:-1]))
        assert upper == pytest.approx(float(steps @ got[1:]))
        assert upper - lower == pytest.approx(float(steps @ np.diff(got)))
        assert lower < estimate < upper
    assert (found["lower"] < found["bound_lower"]).all()
    assert (found["upper"] > found["bound_upper"]).all()


def test_expected_time_of_answered_messages_is_refused(own: Waits, answered: Waits) -> None:
    by_agent = expected_time(own, expectations(), month=MONTH, by="agent")
    of_answered = expected_time(answered, expectations(), month=MONTH)
    for refused in (by_agent, of_answered):
        assert set(refused["status"]) == {"refused"}
        assert refused["bound_lower"].is_null().all()


def test_agents_together_do_what_is_expected_of_them(own: Waits) -> None:
    units = compare(own, month=MONTH, by="agent", min_waits=1).units.filter(pl.col("n_replied") > 0)
    observed = units["estimate"] * units["n_replied"]
    expected = observed / units["ratio"]
    assert observed.sum() == pytest.approx(expected.sum())
    assert (units["ratio_lower"] < units["ratio"]).all()
    assert (units["ratio"] < units["ratio_upper"]).all()
    inside = (units["rank_lower"] >= 1) & (units["rank_upper"] <= units["ranked"])
    assert inside.all()
    assert units["could_be_top"].sum() >= units["top"][0]


def test_brands_on_one_mix(waits: Waits) -> None:
    units, lines = compare(waits, month=MONTH, within="industry")
    compared = units.filter(pl.col("adjusted").is_not_null())
    assert compared.height == 43
    too_few = units.filter(pl.col("n") < 30)
    on_too_little = units.filter(pl.col("coverage") < 0.8)
    assert (too_few.height, on_too_little.height) == (2, 3)
    assert on_too_little["outside"].is_not_null().all()
    assert (compared["coverage"] <= 1 + 1e-12).all()
    assert compared["ratio"].is_null().all()
    assert set(lines["within"]) == set(compared["industry"])
    everyone_s_rows = rows_of(waits)
    for (industry,), rows in compared.group_by("industry"):
        everyone = units.filter(industry=industry)
        assert rows["ranked"].unique().to_list() == [rows.height]
        hits = sum(in_time(row, DAY) for row in everyone_s_rows if row["industry"] == industry)
        assert rows["target"][0] == pytest.approx(hits / everyone["n"].sum())
    drawn = (compared["shrunk"] - compared["target"]).abs() <= (
        compared["adjusted"] - compared["target"]
    ).abs() + 0.03
    assert drawn.all()


def test_one_channel_at_one_time_needs_no_adjusting() -> None:
    frames = [
        find_waits(from_timelines(*timelines, brand=brand))
        .frame.collect()
        .with_columns(pl.lit(brand).cast(pl.Categorical).alias("brand"))
        for brand, timelines in {"A": ["C0 A5"] * 30 + ["C0"] * 10, "B": ["C0 A5"] * 20 + ["C0"] * 20}.items()
    ]
    whole = find_waits(from_timelines("C0"))
    waits = replace(whole, frame=pl.concat(frames).lazy())
    units = compare(waits, month="2026-03").units
    assert units["adjusted"].to_list() == pytest.approx([0.75, 0.5])
    assert units["estimate"].to_list() == pytest.approx([0.75, 0.5])
    assert units["target"].to_list() == pytest.approx([0.625, 0.625])


def test_one_brand_alone_is_not_compared(own: Waits) -> None:
    units, lines = compare(own, month=MONTH)
    assert units["adjusted"].is_null().all()
    assert lines.is_empty()


def test_what_is_withheld_of_peers_is_withheld_here(waits: Waits) -> None:
    few = replace(
        waits,
        frame=waits.frame.filter(
            pl.col("brand").cast(pl.String).is_in(["Mumblecell", "Chatterwire", "Zwirbelfunk"])
        ),
    )
    lettered = pseudonymise(few, brand="Mumblecell")
    units = compare(lettered, month=MONTH, within="industry").units
    others = units.filter(pl.col("brand") != "Mumblecell")
    assert others["estimate"].is_null().all()
    assert units.select("adjusted", "target", "z", "rank_lower").null_count().row(0) == (3, 3, 3, 3)


def test_answered_waits_are_compared_among_themselves(answered: Waits) -> None:
    assert compare(answered, month=MONTH).units["metric"].unique().to_list() == ["replied_within_24h"]
    assert control_chart(answered, month=MONTH)["metric"].unique().to_list() == ["replied_within_24h"]
    assert promises(answered, month=MONTH)["metric"].to_list()[1] == "replied_within_1h"
    with pytest.raises(BenchkitError, match="Only what was answered"):
        control_chart(answered, month=MONTH, metric="answered_within_24h")


def test_what_is_no_share_within_a_time_is_refused(own: Waits) -> None:
    with pytest.raises(BenchkitError, match="'waits' is no share within a time"):
        compare(own, month=MONTH, metric="waits")
    with pytest.raises(BenchkitError, match="belongs to no agent"):
        compare(own, month=MONTH, by="agent", metric="answered_within_1h")


def test_a_provisional_share_lies_between_its_bounds(demo: Dataset, waits: Waits) -> None:
    early = find_waits(demo.known_at(datetime(2026, 11, 1, 12, tzinfo=UTC)))
    shares = ["answered_within_24h", "answered_within_7d"]
    found = measure(early, month=MONTH, by="brand", metrics=shares).drop_nulls("estimate")
    final = measure(waits, month=MONTH, by="brand", metrics=shares)
    both = found.join(final, on=["brand", "metric"], suffix="_final").drop_nulls("estimate_final")
    assert both.filter(status="provisional").height > 40
    bounded = both.filter(status="provisional")
    assert (bounded["bound_lower"] <= bounded["estimate"] + 1e-12).all()
    assert (bounded["estimate"] <= bounded["bound_upper"] + 1e-12).all()
    assert (bounded["bound_lower"] <= bounded["estimate_final"]).all()
    assert (bounded["estimate_final"] <= bounded["bound_upper"]).all()
    assert final["bound_lower"].is_null().all()


def test_data_shorter_than_a_week_have_no_chart_of_weeks() -> None:
    waits = find_waits(from_timelines("C0 A10", days=3))
    chart = control_chart(waits, month="2026-03")
    assert chart.is_empty()
    assert chart.schema == control_chart(find_waits(synthesize(messages=5_000)), month=MONTH).schema
    assert promises(waits, month="2026-03")["share"].is_null().all()
