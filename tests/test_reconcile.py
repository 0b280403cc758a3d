"""Which rules give a screen's figure: on messages whose figure by each product is known by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchkit import Calendar, Dataset, find_waits, measure, reconcile, synthesize, verdicts
from benchkit.definitions import BENCHKIT, CHATWOOT, SPROUT, ZENDESK, Definition
from benchkit.errors import BenchkitError
from benchkit.reply_times import reply_time
from benchkit.sources.timelines import from_timelines
from benchkit.times import parse_duration

MONTH = "2026-10"


DESK = Calendar("Europe/Berlin", {"mon-sat": "08:00-20:00"})


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return synthesize(messages=3_000, months=2)


def shown(data: Dataset, rules: Definition, statistic: str, which: str = "all") -> float:
    waits = find_waits(data, definition=rules)
    metric = reply_time(statistic, which=which)  # type: ignore[arg-type]
    return float(measure(waits, month=MONTH, metrics=metric, min_waits=0)["estimate"].item())


@pytest.mark.parametrize(
    ("rules", "metric", "statistic", "which"),
    [
        (CHATWOOT, "mean reply time", "mean", "all"),
        pytest.param(CHATWOOT, "average first response time", "mean", "first", marks=pytest.mark.slow),
        (ZENDESK, "median first reply time", "median", "first"),
        pytest.param(SPROUT, "mean reply time", "mean", "all", marks=pytest.mark.slow),
        pytest.param(ZENDESK, "next reply time", "mean", "next", marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_products_own_figure_is_found_and_named(
    demo: Dataset, rules: Definition, metric: str, statistic: str, which: str
) -> None:
    value = shown(demo, rules, statistic, which)
    found = reconcile(demo, value=value, metric=metric, month=MONTH)
    closest = found.frame.row(0, named=True)
    assert closest["estimate"] == pytest.approx(value)
    assert closest["matches"]
    assert rules.name in closest["presets"].split(", ")
    told = replace(found.definitions[0], name="ours")
    again = find_waits(demo, definition=told)
    as_defined = measure(again, month=MONTH, metrics=reply_time(statistic, which=which), min_waits=0)  # type: ignore[arg-type]
    assert as_defined["estimate"].item() == pytest.approx(value)


def test_rules_of_ones_own_are_found(demo: Dataset) -> None:
    ours = replace(
        BENCHKIT, name="ours", bots="answer", counted="first", unanswered="left out", statistic="median"
    )
    found = reconcile(demo, value=shown(demo, ours, "median"), metric="median reply time", month=MONTH)
    assert found.frame["matches"][0]
    assert "A bot's message ends a wait as a person's does." in found.frame["rules"][0]
    assert "Only a conversation's first wait counts" in found.frame["rules"][0]
    assert found.frame["presets"][0] == ""


@pytest.mark.slow
def test_opening_hours_are_tried_where_there_are_any(demo: Dataset) -> None:
    desk = demo.only(demo.brands()[0]).open_in(DESK)
    ours = replace(BENCHKIT, name="ours", clock="opening hours")
    value = shown(desk, ours, "mean")
    found = reconcile(desk, value=value, metric="mean first reply time", month=MONTH)
    assert "opening hours" in {rules.clock for rules in found.definitions}
    closed = reconcile(
        replace(desk, calendars=None), value=value, metric="mean first reply time", month=MONTH
    )
    assert {rules.clock for rules in closed.definitions} == {"calendar"}
    assert closed.tried < found.tried


def test_rows_are_the_closest_first_and_the_simplest_of_equals(demo: Dataset) -> None:
    found = reconcile(demo, value="5 h", month=MONTH)
    assert found.frame["off_by_seconds"].abs().is_sorted()
    assert found.frame["estimate"].is_unique().all()
    assert found.matching.height == (found.frame["off_by_seconds"].abs() <= 1_800).sum()
    html = verdicts.reconciled(found).html
    assert f"{found.tried:,} definitions tried" in html


@pytest.mark.parametrize(
    ("text", "seconds", "unit"),
    [
        ("4 h 12", 15_120, 60),
        ("4h12m", 15_120, 60),
        ("4:12", 15_120, 60),
        ("4:12:30 h", 15_150, 1),
        ("1d 3h", 97_200, 3_600),
        ("252 min", 15_120, 60),
        ("1.5 hours", 5_400, 360),
        ("90 s", 90, 1),
        (94, 94, 1),
    ],
)
def test_times_are_read_as_screens_say_them(text: str | float, seconds: float, unit: float) -> None:
    assert parse_duration(text) == (seconds, unit)


@pytest.mark.parametrize(
    "text", ["", "soon", "4", "4 m 12 h", "-3 h", "4 h 4 h", "1" * 60 + "x", "\x1b[2J", True, -1, 1e12]
)
def test_what_is_no_time_is_refused(text: str | float) -> None:
    with pytest.raises(BenchkitError, match="is no time; write one as a screen does"):
        parse_duration(text)


def test_wrong_questions_end_in_a_sentence(demo: Dataset) -> None:
    with pytest.raises(BenchkitError, match="'csat' is no figure to reconcile; name one such as"):
        reconcile(demo, value="4 h", metric="csat")
    with pytest.raises(BenchkitError, match="no reply time can be made in '2031-01'"):
        reconcile(demo, value="4 h", month="2031-01")
    with pytest.raises(BenchkitError, match="no reply time can be made of 'timelines'"):
        reconcile(from_timelines("C0"), value="4 h")
    with pytest.raises(BenchkitError, match="no brand 'Nobody'"):
        reconcile(demo, value="4 h", brand="Nobody")
