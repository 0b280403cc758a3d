from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts, find_waits, synthesize
from benchkit.comparisons import control_chart
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.tables import CHART_TYPE

BEYOND, RUN = "beyond three sigma", "eight on one side"
START = date(2025, 9, 1)


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def make_weeks(n: int, *, broken: dict[int, tuple[str, float]] | None = None) -> pl.DataFrame:
    """Weeks at 34% and 36% in turns, but for those broken: their rule, and their share."""
    rules = dict.fromkeys(range(n), "") | {i: rule for i, (rule, _) in (broken or {}).items()}
    shares = {i: 0.34 + 0.02 * (i % 2) for i in range(n)} | {i: s for i, (_, s) in (broken or {}).items()}
    return pl.DataFrame(
        {
            "week": [START + timedelta(weeks=i) for i in range(n)],
            "metric": "answered_within_24h",
            "estimate": [shares[i] for i in range(n)],
            "n": [100 + 10 * (i % 3) for i in range(n)],
            "centre": 0.35,
            "lower": [0.29 - 0.01 * (i % 3) for i in range(n)],
            "upper": [0.41 + 0.01 * (i % 3) for i in range(n)],
            "rule": [rules[i] for i in range(n)],
            "definition": "benchkit 1",
        }
    )


def layers_of(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def rows_of(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [row for layer in layers_of(spec, mark) for row in spec["datasets"][layer["data"]["name"]]]


def subtitle(spec: dict[str, Any]) -> str:
    return " ".join(spec["title"]["subtitle"])


def ticks_of(weekly: pl.DataFrame) -> list[str]:
    axis = charts.control_chart(weekly).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    words = json.loads(axis["labelExpr"].partition("(")[2].partition("[")[0].strip("()").replace("'", '"'))
    assert [int(day) for day in words] == axis["values"]
    return list(words.values())


def test_it_asks_and_says_how_to_read_it() -> None:
    spec = charts.control_chart(make_weeks(30)).to_dict()
    assert spec["title"]["text"] == "Is any week out of the usual?"
    assert subtitle(spec) == (
        "All who wrote, answered or not The band is how far weeks usually differ; a marked week is out of "
        "the usual, and worth asking why No week is out of the usual"
    )
    assert spec["description"] == (
        "Is any week out of the usual? No week is out of the usual. "
        "In the last of 30 weeks, from 23 Mar 2026, 36.0% answered within 24 h; on average 35.0%."
    )
    assert layers_of(spec, "point")[0]["encoding"]["color"]["legend"] is None


def test_weeks_that_break_a_rule_have_a_shape_and_a_colour_and_are_told() -> None:
    run = {i: (RUN, 0.37 + i / 1000) for i in range(10, 19)}
    weekly = make_weeks(30, broken={2: (BEYOND, 0.2), 3: (BEYOND, 0.21), 28: (BEYOND, 0.6), **run})
    spec = charts.control_chart(weekly).to_dict()
    assert subtitle(spec).partition("asking why ")[2] == (
        "Below the band: 15 to 28 Sep 2025 Above the band: 16 to 22 Mar 2026 "
        "8+ in a row above average: 10 Nov 2025 to 11 Jan 2026"
    )
    channels = layers_of(spec, "point")[0]["encoding"]
    for look in ("color", "shape"):
        scale = channels[look]["scale"]
        assert scale["domain"] == ["usual", "8+ on one side", "outside the band"]
        assert len(set(scale["range"])) == 3
    looks = [row["look"] for row in rows_of(spec, "point")]
    assert [looks.count(look) for look in channels["color"]["scale"]["domain"]] == [18, 9, 3]


def test_of_many_broken_weeks_the_latest_are_told() -> None:
    weekly = make_weeks(20, broken=dict.fromkeys(range(0, 20, 2), (BEYOND, 0.1)))
    assert subtitle(charts.control_chart(weekly).to_dict()).endswith(
        "Below the band: 5 to 11 Jan 2026, 22 to 28 Dec 2025, 8 to 14 Dec 2025 and 7 times before"
    )


def test_runs_above_and_below_that_follow_each_other_are_two() -> None:
    broken = {i: (RUN, 0.3 if i < 8 else 0.4) for i in range(16)}
    assert subtitle(charts.control_chart(make_weeks(20, broken=broken)).to_dict()).endswith(
        "8+ in a row below average: 1 Sep to 26 Oct 2025 8+ in a row above average: 27 Oct to 21 Dec 2025"
    )


def test_the_band_is_stepped_and_ends_with_the_last_week() -> None:
    weekly = make_weeks(3)
    spec = charts.control_chart(weekly).to_dict()
    area = layers_of(spec, "area")[0]
    assert area["mark"]["interpolate"] == "step-after"
    first = START.toordinal() - date(1970, 1, 1).toordinal()
    band = [(row["day"] - first, row["lower"], row["upper"]) for row in rows_of(spec, "area")]
    assert band == [(0, 0.29, 0.41), (7, 0.28, 0.42), (14, 0.27, 0.43), (21, 0.27, 0.43)]
    assert [row["middle"] - first for row in rows_of(spec, "point")] == [3.5, 10.5, 17.5]
    assert area["encoding"]["x"]["scale"]["domain"] == [first, first + 21]


@pytest.mark.parametrize(
    ("n", "ticks"),
    [
        (1, ["1 Sep"]),
        (3, ["1 Sep", "8 Sep", "15 Sep"]),
        (20, ["Sep 2025", "Oct 2025", "Nov 2025", "Dec 2025", "Jan 2026"]),
        (
            104,
            [
                "Oct 2025",
                *(f"{m} 2026" for m in ("Jan", "Apr", "Jul", "Oct")),
                "Jan 2027",
                "Apr 2027",
                "Jul 2027",
            ],
        ),
    ],
)
def test_what_is_written_below_depends_on_how_many_weeks_there_are(n: int, ticks: Sequence[str]) -> None:
    assert ticks_of(make_weeks(n)) == ticks


def stretches(spec: dict[str, Any]) -> list[int]:
    return [row["stretch"] for row in rows_of(spec, "point")]


def test_where_weeks_are_missing_line_and_band_break() -> None:
    weekly = make_weeks(30).filter(~pl.int_range(pl.len()).is_in([5, 6]))
    spec = charts.control_chart(weekly.sample(fraction=1, shuffle=True, seed=1)).to_dict()
    assert stretches(spec) == [0] * 5 + [1] * 23
    assert all(layer["encoding"]["detail"]["field"] == "stretch" for layer in layers_of(spec, "line"))
    assert rows_of(spec, "rule") == []


def test_where_the_definition_changes_line_and_band_break_at_a_rule() -> None:
    later = pl.int_range(pl.len()) >= 12
    weekly = make_weeks(30).with_columns(
        definition=pl.when(later).then(pl.lit("benchkit 2")).otherwise("definition"),
        centre=pl.when(later).then(0.3).otherwise("centre"),
    )
    spec = charts.control_chart(weekly).to_dict()
    assert stretches(spec) == [0] * 12 + [1] * 18
    days = [row["day"] for row in rows_of(spec, "point")]
    assert [row["day"] for row in rows_of(spec, "rule")] == [days[12]]
    assert {row["label"] for row in rows_of(spec, "text")} == {"average\n30.0%"}
    assert "Upright line: another definition from there on" in spec["title"]["subtitle"]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_without_limits_it_says_why_and_draws_the_weeks(missing: float | None) -> None:
    nothing = pl.lit(missing, pl.Float64)
    spec = charts.control_chart(make_weeks(1).with_columns(lower=nothing, upper=nothing)).to_dict()
    assert subtitle(spec) == "All who wrote, answered or not Too few weeks to tell what is usual"
    assert spec["description"].endswith(
        "In the week from 1 Sep 2025, 34.0% answered within 24 h; on average 35.0%."
    )
    assert len(rows_of(spec, "point")) == 1
    json.dumps(spec, allow_nan=False)
    assert "<svg" in vl_convert.vegalite_to_svg(spec)


def test_of_few_weeks_it_says_that_the_band_may_move() -> None:
    assert subtitle(charts.control_chart(make_weeks(6)).to_dict()).endswith(
        "Of only 6 weeks, the band may still move"
    )


def test_of_no_week_it_says_so() -> None:
    spec = charts.control_chart(make_weeks(3).clear()).to_dict()
    assert subtitle(spec) == "All who wrote, answered or not Nothing to draw: there is no whole week"
    assert spec["description"].endswith("Nothing to draw.")
    assert "<svg" in vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize(
    ("metric", "axis", "whose"),
    [
        ("answered_within_15m", "Share answered within 15 min", "All who wrote, answered or not"),
        ("answered_within_7d", "Share answered within 7 d", "All who wrote, answered or not"),
        ("replied_within_24h", "Share of the answered, within 24 h", "Messages that were answered"),
        ("kept", "Share kept", "All who wrote, answered or not"),
    ],
)
def test_the_axis_says_what_the_share_is_of(metric: str, axis: str, whose: str) -> None:
    spec = charts.control_chart(make_weeks(3).with_columns(metric=pl.lit(metric))).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["title"] == axis
    assert subtitle(spec).startswith(whose)


@pytest.mark.parametrize(
    ("share", "ends"), [(0.0, [0, 0.05]), (1.0, [0.95, 1]), (0.35, [0.3, 0.35]), (0.331, [0.3, 0.35])]
)
def test_the_axis_reaches_around_all_that_is_drawn(share: float, ends: list[float]) -> None:
    flat = make_weeks(9).with_columns(pl.lit(share).alias(name) for name in ("estimate", "lower", "upper"))
    domain = charts.control_chart(flat).to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert domain == ends


def test_no_time_zone_moves_a_week() -> None:
    spec = charts.control_chart(make_weeks(30)).to_dict()
    channels = [layer["encoding"]["x"] for layer in spec["layer"] if "type" in layer["encoding"]["x"]]
    assert {channel["type"] for channel in channels} == {"quantitative"}


def test_what_it_cannot_draw_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no column 'centre' in these weeks"):
        charts.control_chart(make_weeks(3).drop("centre"))
    with pytest.raises(BenchkitError, match="several groups or metrics; keep the rows of one of them"):
        charts.control_chart(pl.concat([make_weeks(3), make_weeks(3)]))


def test_hostile_definitions_are_only_text() -> None:
    hostile = "</script><script>alert(1)</script>"
    spec = charts.control_chart(make_weeks(3).with_columns(definition=pl.lit(hostile)))._repr_mimebundle_()
    assert {row["definition"] for row in rows_of(spec[CHART_TYPE], "point")} == {hostile}
    assert "<script" not in vl_convert.vegalite_to_svg(spec[CHART_TYPE])


def test_it_draws_what_the_comparison_gives() -> None:
    waits = find_waits(synthesize(messages=20_000))
    weekly = control_chart(waits, month="2026-10", weeks=40)
    bundle = charts.control_chart(weekly)._repr_mimebundle_()
    spec = bundle[CHART_TYPE]
    assert bundle["text/plain"] == spec["description"]
    assert len(rows_of(spec, "point")) == weekly.height == 40
    for version in ("5.8", "6.4"):
        assert "average" in vl_convert.vegalite_to_svg(spec, vl_version=version)
