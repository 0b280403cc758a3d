from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import polars as pl
import pytest

import benchkit as bk
from benchkit import statements, tables
from benchkit.errors import UnknownNameError
from benchkit.sources.timelines import from_timelines

HOSTILE = "<img src=x onerror=alert(1)>"
SELECTION = "Only threads that were answered were collected, so nothing can be said of the others."


def unspanned(html: str) -> str:
    """Without the marks of lines that must not be broken."""
    return re.sub("</?span[^>]*>", "", html)


def make_waits(*, brand: str = "Example", days: float = 30) -> bk.Waits:
    """Forty answered after half an hour, forty never."""
    return bk.find_waits(from_timelines(*["C0 A30"] * 40, *["C0"] * 40, brand=brand, days=days)).collect()


def selected(waits: bk.Waits) -> bk.Waits:
    return replace(waits, about=replace(waits.about, selection=SELECTION))


def test_the_headline_gives_figures_with_intervals_and_the_target() -> None:
    html = tables.headline(bk.measure(make_waits(), target="80% in 1h")).html
    assert "<bdi>Waits</bdi></th><td>80</td>" in html
    assert (
        "<bdi>Answered within 1 h</bdi></th><td>50.0%</td><td>95% interval, likely too narrow <small>" in html
    )
    assert ": missed, 95% interval, likely too narrow <small>" in html


def test_without_a_target_there_is_no_attainment() -> None:
    assert "SLA" not in tables.headline(bk.measure(make_waits())).html


def test_of_selected_data_the_headline_is_among_answered() -> None:
    html = tables.headline(bk.measure(selected(make_waits()))).html
    assert "Replied within 1 h, of those answered</bdi></th><td>100%</td>" in html
    assert "<bdi>Answered within" not in html
    assert "Awaiting" not in html
    assert SELECTION not in html


def test_groups_with_too_few_waits_are_listed_with_their_number() -> None:
    by_brand = bk.measure(make_waits(brand=HOSTILE), by="brand", min_waits=81)
    enough = bk.measure(make_waits(), by="brand")
    html = tables.by_group(pl.concat([by_brand, enough])).html
    assert html.count("<tr>") == 2
    assert html.endswith(f"No figures with fewer than 81 waits: <bdi>{escape(HOSTILE)}</bdi> (80).</p>")
    assert "<table" not in tables.by_group(by_brand).html


def test_a_single_figure_withheld_is_a_dash_with_its_reason() -> None:
    html = tables.by_group(bk.measure(make_waits(), by="brand", min_waits=41)).html
    assert html.count("<td>–</td>") == 1
    assert '<p class="note">–: fewer than 41 answered first waits.</p>' in html
    assert html.endswith("95% intervals: waits taken as independent, likely too narrow.</p>")


def test_a_withheld_headline_says_why() -> None:
    assert (
        "<td>–</td><td>fewer than 81 waits</td>"
        in tables.headline(bk.measure(make_waits(), min_waits=81)).html
    )


def test_what_was_never_reached_is_said() -> None:
    metrics = [metric for metric in bk.CATALOGUE if metric.name == "reply_seconds_median_all"]
    waits = bk.find_waits(from_timelines("C0 A30", *["C0"] * 40))
    estimates = bk.measure(waits, by="brand", metrics=metrics).with_columns(
        metric=pl.lit("first_reply_seconds_median")
    )
    shown = unspanned(tables.by_group(estimates).html)
    assert "<td>– <small>not reached</small></td>" in shown


def test_the_largest_group_comes_first() -> None:
    estimates = bk.measure(make_waits(), by="brand", metrics=["waits", "answered_within_1h"])
    small = estimates.with_columns(brand=pl.lit("A small one"), n=pl.lit(40, pl.Int64))
    html = tables.by_group(pl.concat([small, estimates])).html
    assert html.index("Example") < html.index("A small one")


def test_the_curve_is_told_at_a_few_times() -> None:
    html = tables.curve(bk.expectation_curve(make_waits())).html
    header = re.findall(r'<th scope="col">([^<]*)', html)
    assert header == ["Brand", "Waits", "1 min", "15 min", "1 h", "4 h", "24 h", "7 d"]
    assert "<td>50.0% <small>" in html


def test_names_are_text_everywhere() -> None:
    waits = make_waits(brand=HOSTILE)
    waits = replace(waits, about=replace(waits.about, name=HOSTILE, licence=HOSTILE))
    figures = bk.measure(waits, by="brand", target="80% in 1h")
    pieces = [
        tables.by_group(figures),
        tables.curve(bk.expectation_curve(waits)),
        statements.provenance(waits, month="2026-03", brand=HOSTILE, target=HOSTILE),
        statements.definitions(waits),
    ]
    html = "".join(piece.html for piece in pieces)
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 6


def two_months() -> bk.Waits:
    """March with half answered, April with a quarter; April is followed for ten days more."""
    data = from_timelines(*["C0 A30"] * 40, *["C0"] * 40, *["C50400 A50430"] * 20, *["C50400"] * 60, days=70)
    return bk.find_waits(data).collect()


def test_the_headline_has_the_month_before_and_what_customers_expect_beside_it() -> None:
    months = bk.measure_months(two_months(), month="2026-04")
    html = tables.headline(months, expected=bk.expectations()).html
    row = re.search(r"<tr>(?:(?!<tr>).)*<bdi>Answered within 24 h</bdi>.*?</tr>", html, re.DOTALL)[0]
    assert "<td>25.0%</td>" in row
    assert "<td>March 2026: 50.0% <small>" in row
    assert "<td>Customers who expect it: 79% (2020), 77% (2022)</td>" in row
    assert "40% (2020)" in html


def test_a_month_long_before_is_not_the_month_before() -> None:
    months = bk.measure_months(two_months(), month="2026-04").with_columns(
        month=pl.col("month").replace({"2026-03": "2026-02"})
    )
    assert "February" not in tables.headline(months).html


def test_months_stand_in_order_of_time_the_latest_first() -> None:
    html = tables.by_group(bk.measure_months(two_months(), month="2026-04")).html
    assert html.index("April 2026") < html.index("March 2026")


def test_expectations_stand_beside_what_was_got() -> None:
    curve = bk.expectation_curve(make_waits(), by=None)
    html = unspanned(tables.expectations(curve, bk.expectations(minutes=15)).html)
    rows = re.findall(
        r"<tr><th scope=\"row\"><bdi>(.*?)</bdi></th><td>(.*?) <small>(.*?)</small></td><td>(.*?) ", html
    )
    assert rows == [
        ("within minutes (taken as 15)", "13%", "2022", "0%"),
        ("within 1 h", "40%", "2020", "50.0%"),
        ("within 24 h", "79%", "2020", "50.0%"),
        ("within 24 h", "77%", "2022", "50.0%"),
    ]
    assert "the original not seen" in html


def test_peers_that_are_too_few_are_listed_without_their_number() -> None:
    told = bk.pseudonymise(make_waits(), brand="Example")
    by_brand = bk.measure(told, by="brand").with_columns(
        brand=pl.lit("Brand A"),
        status=pl.lit("withheld"),
        method=pl.lit("fewer than 5 brands"),
        n=None,
        estimate=None,
    )
    assert (
        tables.by_group(by_brand).html
        == '<p class="note">No figures with fewer than 5 brands: <bdi>Brand A</bdi>.</p>'
    )


def test_what_nobody_answered_is_no_agents() -> None:
    html = tables.by_group(bk.measure(make_waits(), by="agent")).html
    assert html.count("<tr>") == 2
    assert "no agent" not in html


def test_many_groups_without_figures_are_listed_for_whoever_asks() -> None:
    by_brand = bk.measure(make_waits(), by="brand", min_waits=100)
    many = pl.concat(by_brand.with_columns(brand=pl.lit(f"Brand {i}")) for i in range(26))
    html = tables.by_group(many).html
    assert "<summary>No figures with fewer than 100 waits: 26 groups, listed here</summary>" in html
    assert html.count("(80)") == 26


def test_estimates_without_metric_are_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no column 'metric' in these estimates"):
        tables.group_label(pl.DataFrame({"metrik": ["waits"]}))
