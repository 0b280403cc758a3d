"""A definition that follows another: which figures are by which, and where the series breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from benchkit import Waits, charts, comparisons, find_waits, measure, measure_months, pseudonymise, synthesize
from benchkit.corrections import corrected, uncorrected
from benchkit.definitions import BENCHKIT
from benchkit.errors import BenchkitError
from benchkit.handover import hand_over, load_waits
from benchkit.series import group_columns
from benchkit.statements import definitions as said
from benchkit.tables import by_group, headline

OLD = replace(BENCHKIT, name="ours", bots="answer")
NEW = replace(BENCHKIT, name="ours", version=2, valid_from=date(2026, 8, 12), before=OLD)
MONTH, FIGURES = "2026-10", ["waits", "answered_within_1h", "answered_within_24h"]


@pytest.fixture(scope="module")
def waits() -> Waits:
    return find_waits(synthesize(messages=20_000), definition=NEW).collect()


@pytest.fixture(scope="module")
def months(waits: Waits) -> pl.DataFrame:
    return measure_months(waits, month=MONTH, metrics=FIGURES)


def test_months_before_are_by_the_one_before_and_that_of_the_change_by_both(
    waits: Waits, months: pl.DataFrame
) -> None:
    told = months.filter(metric="answered_within_1h")
    by = dict(told.group_by("definition", maintain_order=True).agg("month").rows())
    assert by[OLD.label][-1] == by[NEW.label][0] == "2026-08"
    assert by[NEW.label] == ["2026-08", "2026-09", "2026-10"]
    old = find_waits(synthesize(messages=20_000), definition=OLD)
    alone = measure(old, month="2026-05", metrics="answered_within_1h")["estimate"].item()
    assert told.filter(month="2026-05")["estimate"].item() == alone
    both = told.filter(month="2026-08")["estimate"]
    assert both[0] > both[1]  # a bot's message answered, and does no longer


def test_a_change_from_the_first_of_a_month_shows_that_month_both_ways(waits: Waits) -> None:
    first = replace(waits, definition=replace(NEW, valid_from=date(2026, 9, 1)))
    told = measure_months(first, month=MONTH, metrics="waits")
    assert told.filter(month="2026-09").height == 2
    assert told.filter(month="2026-08")["definition"].to_list() == [OLD.label]


def test_a_definition_still_to_come_changes_nothing(waits: Waits) -> None:
    later = replace(waits, definition=replace(NEW, valid_from=date(2027, 1, 1)))
    assert measure_months(later, month=MONTH, metrics="waits")["definition"].unique().to_list() == [OLD.label]


def test_the_chart_of_months_breaks_its_lines(months: pl.DataFrame) -> None:
    drawn = charts.months(months, month=MONTH)
    assert "A line breaks where another definition begins to hold: August 2026" in str(drawn.usermeta)


def test_tables_say_by_which_definition(months: pl.DataFrame) -> None:
    assert OLD.label in by_group(months).html
    of_change = months.filter(pl.col("month") <= "2026-09")
    before = headline(
        of_change.filter(~((pl.col("month") == "2026-08") & (pl.col("definition") == NEW.label)))
    )
    assert "by another definition, ours 1" in before.html
    assert "by another definition" not in headline(months).html


def test_nothing_is_said_of_a_change_across_definitions(waits: Waits, months: pl.DataFrame) -> None:
    told = comparisons.changes(waits, months, month=MONTH)
    assert told["before"].unique().to_list() == ["2026-09"]  # not October 2025, which was by another


def test_changes_are_told_of_two_months_by_the_same_definition(waits: Waits) -> None:
    after = comparisons.changes(
        waits, measure_months(waits, month="2026-09", metrics=FIGURES), month="2026-09"
    )
    assert "2026-08" in after["before"]  # the month of the change, which is by both
    earlier = comparisons.changes(
        waits, measure_months(waits, month="2026-06", metrics=FIGURES), month="2026-06"
    )
    assert set(earlier["before"]) == {"2026-05", "2025-06"}
    assert (earlier["mix"] + earlier["rate"]).to_list() == pytest.approx(earlier["estimate"].to_list())


def test_the_control_chart_has_limits_for_each(waits: Waits) -> None:
    chart = comparisons.control_chart(waits, month=MONTH)
    eras = chart.group_by("definition", maintain_order=True).agg(
        pl.col("week").min().alias("from"), pl.col("week").max().alias("to"), pl.len()
    )
    assert eras["definition"].to_list() == [OLD.label, NEW.label]
    assert eras["to"][0] == date(2026, 8, 10)  # the week of the change began by the old rules
    assert eras["from"][1] == date(2026, 8, 17)
    assert chart.filter(definition=NEW.label)["centre"].null_count() == eras["len"][1]  # under 12 weeks
    assert chart.filter(definition=OLD.label)["centre"].null_count() == 0
    assert chart["week"].is_sorted()


def test_series_of_several_definitions_are_refused(waits: Waits, months: pl.DataFrame) -> None:
    old = measure(replace(waits, definition=OLD), month=MONTH, metrics=FIGURES, by="channel")
    new = measure(waits, month=MONTH, metrics=FIGURES, by="channel")
    for mixed in (pl.concat([old, new]), pl.concat([old[:3], new[3:]])):
        for show in (by_group, charts.shares_by_group, group_columns):
            with pytest.raises(
                BenchkitError, match=r"by several definitions, 'ours 1 .* do not mean the same"
            ):
                show(mixed)
    again = months.filter(month="2025-12").with_columns(definition=pl.lit(NEW.label))
    with pytest.raises(BenchkitError, match="several definitions"):
        charts.months(pl.concat([again, months]), month=MONTH)


def test_names_corrections_and_reports_reach_both(waits: Waits, tmp_path: Path) -> None:
    shown = pseudonymise(waits)
    assert shown.before is not None
    assert set(shown.before.speakers()) <= set(shown.speakers())
    wait = waits.frame.select("wait_id").first().collect().item()
    file = tmp_path / "corrections.csv"
    file.write_text(f"wait,action,reason,who\n{wait},leave out,a test,Kim\n", encoding="utf-8")
    mended = corrected(waits, file)
    assert mended.before is not None
    assert wait not in mended.before.frame.select("wait_id").collect().to_series()
    put_back = uncorrected(mended)
    assert put_back.before is not None
    assert wait in put_back.before.frame.select("wait_id").collect().to_series()
    asked = {"twcs": "a.csv"}
    (tmp_path / "place").mkdir()
    environment = hand_over(mended, tmp_path / "place" / "waits", asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*environment.popitem())
        read = load_waits(twcs="a.csv")
    assert read.before is not None
    assert (read.definition, read.before.definition) == (NEW, OLD)
    assert read.before.frame.collect().height == mended.before.frame.collect().height


def test_reports_say_what_held_before(waits: Waits) -> None:
    html = said(waits).html
    assert "These rules hold from 2026-08-12." in html
    assert "Until 2026-08-12 the definition ours 1" in html
    assert "ends a wait as a person" in html
    cut_off = replace(NEW, unanswered="cut off", cut_off_seconds=3_600)
    assert "<li></li>" not in said(replace(waits, definition=cut_off)).html
