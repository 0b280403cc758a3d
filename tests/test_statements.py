from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import benchkit as bk
from benchkit import statements
from benchkit.dataset import Audit, as_excluded
from benchkit.sources.timelines import from_timelines

SELECTION = "Only threads that were answered were collected, so nothing can be said of the others."


def make_waits(*, days: float = 30) -> bk.Waits:
    """Forty answered after half an hour, forty never."""
    return bk.find_waits(from_timelines(*["C0 A30"] * 40, *["C0"] * 40, days=days)).collect()


def selected(waits: bk.Waits) -> bk.Waits:
    return replace(waits, about=replace(waits.about, selection=SELECTION))


def test_remarks_say_once_what_a_reader_must_know() -> None:
    waits = selected(make_waits(days=2))
    lost = as_excluded(pl.DataFrame({"line": [7], "kind": ["unreadable"], "reason": ["no time"]}))
    waits = replace(waits, audit=Audit(rows_read=81, excluded=lost))
    together, by_brand = bk.measure(waits, month="2026-03"), bk.measure(waits, month="2026-03", by="brand")
    html = statements.remarks(waits, together, by_brand).html
    assert html.count("<li>") == 3
    assert html.count(SELECTION) == 1
    assert "as of 2026-03-04 00:00 UTC" in html
    assert "in no figure: 1." in html


def test_with_nothing_to_remark_there_is_nothing() -> None:
    waits = make_waits()
    assert statements.remarks(waits, bk.measure(waits)) is None


def test_definitions_are_of_the_figures_shown() -> None:
    waits = selected(make_waits())
    html = statements.definitions(waits).html
    assert "Replied within 24 h, of those answered</b>" in html
    assert "<b>Answered within 24 h" not in html
    assert waits.definition.label in html


def test_a_month_that_is_not_whole_is_called_that() -> None:
    early, late = make_waits(days=2), make_waits()
    assert (
        "March 2026 is not whole: the data were taken on 2026-03-04"
        in statements.remarks(early, month="2026-03").html
    )
    assert statements.remarks(late, month="2026-03") is None
    weeks_later = replace(late, frame=late.frame.with_columns(pl.col("started_at") + pl.duration(days=20)))
    assert "not whole: the data begin on 2026-03-22" in statements.remarks(weeks_later, month="2026-03").html


@pytest.mark.parametrize("named", [True, False])
def test_a_comparison_says_who_is_named(named: bool) -> None:
    said = statements.naming(bk.pseudonymise(make_waits(), name_peers=named)).html
    assert ("by their names" in said) is named
    assert ("by letters" in said) is not named
    assert "at least 5 brands" in said
