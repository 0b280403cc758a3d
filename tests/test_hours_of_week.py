"""Hours of the week against plain loops over waits, clocks that jump, and hours that nobody keeps."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from re import sub
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from benchkit import Dataset, Waits, find_waits, measure, synthesize, verdicts
from benchkit.calendars import Calendar, Calendars
from benchkit.comparisons.hours import Coverage, coverage, hours_of_week
from benchkit.dataset import About
from benchkit.errors import BenchkitError
from benchkit.html import Html
from benchkit.pseudonyms import pseudonymise
from benchkit.schema import MESSAGES

MONTH = "2026-10"
BERLIN = ZoneInfo("Europe/Berlin")
BEGIN, END = datetime(2026, 8, 2, tzinfo=BERLIN), datetime(2026, 11, 1, tzinfo=BERLIN)
"""October 2026 and the nine weeks before: its last day is a Saturday."""

DESK = Calendar("Europe/Berlin", {"mon-fri": "09:00-17:30", "sat": "10:00-14:00"}, holidays=["2026-10-05"])


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return synthesize()


@pytest.fixture(scope="module")
def own(demo: Dataset) -> Waits:
    return find_waits(demo.only("Mumblecell").open_in(DESK)).collect()


def at(weekday: int, hour: int, minute: int = 0, *, week: int = 0) -> datetime:
    """A time in Berlin, some weeks before the last one of October 2026, which begins on the 26th."""
    day = datetime(2026, 10, 26) + timedelta(days=weekday - 1, weeks=-week)  # noqa: DTZ001
    return day.replace(hour=hour, minute=minute, tzinfo=BERLIN)


def conversations(
    *told: tuple[datetime, float | None], brand: str = "Acme", agent: str = "Ann"
) -> pl.DataFrame:
    """A conversation for each time at which a customer wrote, answered so many minutes later, or never."""
    rows = []
    for number, (asked, minutes) in enumerate(told):
        turns = [("customer", f"c{number}", asked)]
        turns += [] if minutes is None else [("agent", agent, asked + timedelta(minutes=minutes))]
        for place, (sender, who, when) in enumerate(turns):
            name = f"{brand}{number}"
            row = (f"{name}m{place}", name, brand, "chat", sender, who, when.astimezone(UTC))
            rows.append(row)
    return pl.DataFrame(rows, schema=dict(MESSAGES.columns), orient="row")


def waits_of(*messages: pl.DataFrame, calendars: Calendars | Calendar | None = None) -> Waits:
    brands = {name for part in messages for name in part["brand"].cast(pl.String)}
    data = Dataset.from_messages(
        pl.concat(messages),
        as_of=datetime(2026, 11, 9, tzinfo=UTC),
        about=About("made up"),
        time_zones=dict.fromkeys(brands, "Europe/Berlin"),
        calendars=calendars,
    )
    return find_waits(data).collect()


def cell(hours: pl.DataFrame, weekday: int, hour: int) -> dict[str, object]:
    return hours.row(by_predicate=(pl.col("weekday") == weekday) & (pl.col("hour") == hour), named=True)


def test_every_hour_agrees_with_a_loop_over_the_waits(own: Waits) -> None:
    hours = hours_of_week(own, month=MONTH, min_waits=4)
    assert hours.select("weekday", "hour").rows() == [
        (day, hour) for day in range(1, 8) for hour in range(24)
    ]
    lasted: dict[tuple[int, int], list[float | None]] = defaultdict(list)
    for row in own.frame.filter("needs_reply").collect().to_dicts():
        began = row["started_at"].astimezone(BERLIN)
        if END - timedelta(weeks=13) <= began < END:
            seconds = row["wait_seconds"] if row["outcome"] == "replied" else None
            lasted[began.isoweekday(), began.hour].append(seconds)
    sent: dict[tuple[int, int], int] = defaultdict(int)
    for kind, when in own.volumes.select(pl.col("kind").cast(pl.String), "sent_at").collect().rows():
        local = when.astimezone(BERLIN)
        if kind == "agent" and END - timedelta(weeks=13) <= local < END:
            sent[local.isoweekday(), local.hour] += 1
    for row in hours.to_dicts():
        times = lasted[row["weekday"], row["hour"]]
        answered = [time for time in times if time is not None]
        assert (row["arrivals"], row["n"], row["n_replied"]) == (len(times), len(times), len(answered))
        assert row["replies"] == sent[row["weekday"], row["hour"]]
        within = sum(time <= 3_600 for time in answered)
        assert row["estimate"] == (pytest.approx(within / len(times)) if len(times) >= 4 else None)
        median = statistics.median(answered) if len(answered) >= 4 else None
        assert row["reply_seconds_median"] == (None if median is None else pytest.approx(median))
    assert set(hours["weeks"]) == {13}
    assert set(hours["metric"]) == {"answered_within_1h"}


def test_the_usual_week_is_open_whatever_its_holidays_and_switches() -> None:
    hours = hours_of_week(waits_of(conversations((at(1, 9), 10)), calendars=DESK), month=MONTH)
    told = {(row["weekday"], row["hour"]): row["open"] for row in hours.to_dicts()}
    regular = DESK.hours_of_week()
    for (weekday, hour), part in told.items():
        assert part == regular[weekday - 1, hour], (weekday, hour)
    assert told[1, 17] == 0.5


def test_hours_of_a_calendar_elsewhere_are_by_the_brands_own_clock() -> None:
    calendar = Calendar("Asia/Kathmandu", {"mon": "12:45-13:45"})  # 09:00 in Berlin's summer
    shop = Calendars(calendar, by="channel")
    hours = hours_of_week(waits_of(conversations((at(1, 9, week=5), 10)), calendars=shop), month="2026-09")
    assert {(day, hour) for day, hour, part in hours.select("weekday", "hour", "open").rows() if part} == {
        (1, 9)
    }
    assert cell(hours, 1, 9)["open"] == 1.0


def test_brands_are_weighted_by_their_waits_and_unknown_hours_left_out() -> None:
    acme = conversations(*[(at(1, 9, week=week), 10.0) for week in range(3)])
    bolt = conversations((at(2, 9), 10), brand="Bolt")
    other = conversations((at(3, 9), 10), brand="Cogs")
    nine, ten = (Calendar("Europe/Berlin", {"mon": f"{opens}-17:00"}) for opens in ("09:00", "10:00"))
    waits = waits_of(acme, bolt, other, calendars=Calendars(of={"Acme": nine, "Bolt": ten}))
    hours = hours_of_week(waits, month=MONTH)
    assert [cell(hours, 1, hour)["open"] for hour in (8, 9, 10)] == [0.0, 0.75, 1.0]
    unknown = hours_of_week(waits.only("Cogs"), month=MONTH)
    assert unknown["open"].is_null().all()


def test_of_agents_the_one_who_is_there_longest_counts() -> None:
    early, late = (Calendar("Europe/Berlin", {"mon": told}) for told in ("08:00-12:00", "11:30-16:00"))
    ann = conversations((at(1, 9), 10), (at(1, 18), None), (at(1, 13), 5), agent="Ann")
    bob = conversations((at(1, 13), 10), brand="Acme", agent="Bob").with_columns(
        pl.col("message_id", "conversation_id") + "b"
    )
    shifts = Calendars(by="agent", of={"Ann": early, "Bob": late})
    waits = waits_of(ann, bob, calendars=shifts)
    hours = hours_of_week(waits, month=MONTH)
    assert [cell(hours, 1, hour)["open"] for hour in (7, 8, 11, 12, 15, 16)] == [0.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    split = coverage(waits, month=MONTH, min_waits=1).split
    assert split.select("coverage", "n").rows() == [("closed", 1), ("open", 3)]


def test_few_waits_have_no_figures_and_unwatched_ones_no_share() -> None:
    told = [(at(1, 9, week=week), 10.0) for week in range(12)]
    waits = waits_of(conversations(*told))
    assert cell(hours_of_week(waits, month=MONTH, min_waits=12), 1, 9)["estimate"] == 1.0
    few = cell(hours_of_week(waits, month=MONTH, min_waits=13), 1, 9)
    assert (few["arrivals"], few["estimate"], few["reply_seconds_median"]) == (12, None, None)
    young = replace(waits, as_of=at(1, 9, 30).astimezone(UTC))
    row = cell(hours_of_week(young, month=MONTH), 1, 9)
    assert (row["arrivals"], row["n"]) == (12, 11)
    silent = hours_of_week(waits, month="2024-10")
    assert silent.height == 168
    assert (silent["arrivals"].sum(), silent["weeks"].max()) == (0, 0)


def test_where_only_answered_messages_are_known_the_share_is_of_them(own: Waits) -> None:
    answered = replace(own, about=replace(own.about, selection="Only what was answered is here."))
    hours = hours_of_week(answered, month=MONTH)
    assert set(hours["metric"]) == {"replied_within_1h"}
    assert (hours["n"] == hours["n_replied"]).all()


def test_hours_of_few_lettered_brands_tell_nothing(demo: Dataset) -> None:
    compared = pseudonymise(find_waits(demo)).collect()
    hours = hours_of_week(compared, month=MONTH, min_waits=1)
    frame = compared.frame.filter(compared.is_counted).select(
        "brand", began=pl.col("started_at").dt.replace_time_zone(None)
    )
    window = frame.filter(pl.col("began").is_between(datetime(2026, 8, 2), datetime(2026, 11, 1)))  # noqa: DTZ001
    brands = window.group_by(
        pl.col("began").dt.weekday().cast(pl.Int64).alias("weekday"),
        pl.col("began").dt.hour().cast(pl.Int64).alias("hour"),
    ).agg(pl.col("brand").n_unique())
    told = hours.join(brands.collect(), on=["weekday", "hour"], how="left")
    assert told.filter(pl.col("arrivals").is_not_null())["brand"].min() >= 5  # type: ignore[operator]
    assert told.filter(pl.col("arrivals").is_null())["replies"].is_null().all()


def test_who_found_it_closed_agrees_with_a_loop(own: Waits) -> None:
    found = coverage(own, month=MONTH)
    closed, opened = [], []
    for row in own.frame.filter("needs_reply", own.in_month(MONTH)).collect().to_dicts():
        hit = row["outcome"] == "replied" and row["wait_seconds"] <= 3_600
        (opened if DESK.is_open(row["started_at"]) else closed).append(hit)
    rows = {row["coverage"]: row for row in found.split.to_dicts()}
    for name, hits in (("closed", closed), ("open", opened)):
        assert (rows[name]["n"], rows[name]["estimate"]) == (len(hits), pytest.approx(sum(hits) / len(hits)))
        assert "13 weeks as clusters" in rows[name]["method"]
    estimate, lower, upper = found.change.row(0)
    assert estimate == pytest.approx(rows["closed"]["estimate"] - rows["open"]["estimate"])
    assert lower < estimate < upper
    whole = measure(own, month=MONTH, metrics="answered_within_1h")["estimate"][0]
    parts = sum(row["estimate"] * row["n"] for row in rows.values()) / sum(row["n"] for row in rows.values())
    assert parts == pytest.approx(whole)


def test_gaps_are_busy_hours_in_a_row_in_which_most_find_nobody() -> None:
    saturday = [(at(6, hour, minute), None) for hour in (15, 16) for minute in range(0, 60, 2)]
    evening = [(at(1, 20, minute), None) for minute in range(20)]
    lonely = [(at(7, 3, week=1), None)]
    served = [(at(2, 10, minute), 5.0) for minute in range(50)]
    waits = waits_of(conversations(*saturday, *evening, *lonely, *served), calendars=DESK)
    assert coverage(waits, month=MONTH).gaps.rows() == [
        (6, 15, 17, 60, 60),
        (1, 20, 21, 20, 20),
        (7, 3, 4, 1, 1),
    ]
    half = conversations(*[(at(5, 17, minute), None) for minute in range(0, 60, 2)])
    split = coverage(waits_of(half, calendars=DESK), month=MONTH)
    assert split.gaps.rows() == [(5, 17, 18, 30, 15)]
    assert split.split.select("coverage", "n").rows() == [("closed", 15), ("open", 15)]


def test_without_a_calendar_hours_are_staffed_in_which_replies_are_usual() -> None:
    busy = [
        (at(day, hour, 5, week=week), 5.0) for day in (1, 2, 3) for hour in range(9, 23) for week in range(13)
    ]
    once = [(at(4, 10, 5), 5.0)]
    nights = [(at(1, 3, minute), None) for minute in range(40)]
    waits = waits_of(conversations(*busy, *once, *nights))
    found = coverage(waits, month=MONTH, min_waits=1)
    rows = dict(found.split.select("coverage", "n").rows())
    in_october = sum(began.month == 10 for began, _ in busy)
    assert rows == {"usually staffed": in_october, "usually unstaffed": 41}
    assert found.gaps.row(0) == (1, 3, 4, 40, 40)
    few = coverage(waits_of(conversations(*busy[:400], *nights)), month=MONTH, min_waits=1)
    assert few.split["coverage"].to_list() == [None]
    assert few.change.row(0) == (None, None, None)
    assert few.gaps.is_empty()


def test_a_month_without_waits_is_refused() -> None:
    waits = waits_of(conversations((at(1, 9), 10)))
    with pytest.raises(BenchkitError, match="no waits in 2026-09"):
        coverage(waits, month="2026-09")
    with pytest.raises(BenchkitError, match="'October' is not a month"):
        hours_of_week(waits, month="October")


def text(html: Html) -> str:
    return " ".join(unescape(sub("<[^>]+>", " ", html.html)).split())


def said(found: Coverage) -> str:
    return text(verdicts.coverage(*found, month=MONTH))


def test_coverage_is_told_in_words(own: Waits) -> None:
    found = coverage(own, month=MONTH)
    told = said(found)
    closed = found.split.row(by_predicate=pl.col("coverage") == "closed", named=True)
    assert f"Nobody was open {closed['n']:,}" in told
    assert f"{100 * closed['estimate']:.1f}%" in told
    assert "no evidence of a difference" in told
    for row in found.gaps.to_dicts():
        assert f"{row['from_hour']:02}:00–{row['until_hour']:02}:00: {row['arrivals']:,} waits began" in told
    saturday = [(at(6, 15, minute), None) for minute in range(40)]
    served = [(at(2, 10, minute), 5.0) for minute in range(40)]
    clear = said(coverage(waits_of(conversations(*saturday, *served), calendars=DESK), month=MONTH))
    assert "Between the two −100.0 points" in clear
    assert "fewer are answered so where nobody was open" in clear
    assert "Saturday 15:00–16:00: 40 waits began, nobody was open" in clear
    few = coverage(waits_of(conversations((at(1, 9), 10))), month=MONTH)
    assert said(few).startswith("It is not known when somebody is there")
    always = coverage(waits_of(conversations((at(1, 10), 10)), calendars=DESK), month=MONTH, min_waits=1)
    assert said(always).endswith("do most find nobody.")
