from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.tables import CHART_TYPE


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def make(*, opens: dict[int, range] | None = None, metric: str = "answered_within_1h") -> pl.DataFrame:
    """The hours of a week: more waits the later, none at night, figures from 10 waits on."""
    rows = []
    for weekday in range(1, 8):
        for hour in range(24):
            arrivals = 0 if hour < 5 else hour + weekday
            told = arrivals >= 10
            rows.append(
                {
                    "weekday": weekday,
                    "hour": hour,
                    "arrivals": arrivals,
                    "metric": metric,
                    "estimate": hour / 40 if told else None,
                    "reply_seconds_median": 300.0 * hour if told else None,
                    "n": arrivals,
                    "n_replied": arrivals,
                    "replies": hour,
                    "open": None if opens is None else float(hour in opens.get(weekday, range(0))),
                    "weeks": 13,
                    "definition": "benchkit 1 (70146235)",
                }
            )
    return pl.DataFrame(rows, schema_overrides={"open": pl.Float64})


OPENS = {**dict.fromkeys(range(1, 6), range(9, 17)), 6: range(10, 14)}


def panels(chart: alt.ConcatChart) -> list[list[tuple[dict[str, Any], list[dict[str, Any]]]]]:
    """Each panel's layers, with their rows."""
    spec = chart.to_dict()
    return [
        [
            (layer, spec["datasets"][layer.get("data", panel.get("data", spec.get("data")))["name"]])
            for layer in panel["layer"]
        ]
        for panel in spec["concat"]
    ]


def subtitle(chart: alt.ConcatChart) -> str:
    return " ".join(chart.title.subtitle)


def outlined(chart: alt.ConcatChart) -> set[tuple[int, int, int, int]]:
    _, rows = panels(chart)[0][-1]
    return {(row["weekday"], row["next_day"], row["hour"], row["next_hour"]) for row in rows}


@pytest.mark.parametrize("opens", [None, OPENS])
def test_each_map_has_the_168_hours_and_nothing_else(opens: dict[int, range] | None) -> None:
    chart = charts.hours_of_week(make(opens=opens), month="2026-10")
    spec = chart.to_dict()
    assert len(spec["concat"]) == 4
    sizes = sorted(len(rows) for rows in spec["datasets"].values())
    assert sizes == ([168] if opens is None else [2, 168])
    for layers in panels(chart):
        for layer, rows in layers:
            read = set(re.findall(r'"field": "(\w+)"', json.dumps(layer)))
            read |= set(re.findall(r"datum\.(\w+)", json.dumps(layer.get("transform", []))))
            assert read <= set(rows[0]), read - set(rows[0])


def test_it_asks_and_tells_and_is_drawn() -> None:
    bundle = charts.hours_of_week(make(opens=OPENS), month="2026-10")._repr_mimebundle_()
    spec, words = bundle[CHART_TYPE], bundle["text/plain"]
    assert re.fullmatch(r"[A-Z][^?]+\? .*\d.*\.", words)
    assert "Waits that began: most 30, Sunday 23:00–24:00, least 6, Monday 05:00–06:00" in words
    assert all(isinstance(panel["width"], int) for panel in spec["concat"])
    json.dumps(spec, allow_nan=False)
    for version in ("5.8", "6.4"):
        svg = vl_convert.vegalite_to_svg(spec, vl_version=version)
        for told in ("Mon", "Sun", "Answered within 1 h", "Median reply time", "Replies sent", "20%"):
            assert told in svg
        assert "e+" not in svg


def test_what_is_open_is_outlined_in_blocks() -> None:
    assert outlined(charts.hours_of_week(make(opens=OPENS))) == {(1, 6, 9, 17), (6, 7, 10, 14)}
    split = {1: range(9, 12), 3: range(9, 12), 4: range(9, 12)}
    assert outlined(charts.hours_of_week(make(opens=split))) == {(1, 2, 9, 12), (3, 5, 9, 12)}
    lunch = make(opens=OPENS).with_columns(pl.when(hour=12).then(0.4).otherwise("open").alias("open"))
    assert {(1, 6, 9, 12), (1, 6, 13, 17)} < outlined(charts.hours_of_week(lunch))
    assert "outlined" in subtitle(charts.hours_of_week(make(opens=OPENS)))
    assert "outlined" not in subtitle(charts.hours_of_week(make()))


def test_it_says_of_whom_and_of_which_weeks() -> None:
    told = subtitle(charts.hours_of_week(make(), month="2026-10"))
    assert told.startswith("All who wrote, answered or not, the 13 weeks that end with October 2026")
    assert "blank: too few waits" in told
    answered = subtitle(charts.hours_of_week(make(metric="replied_within_1h")))
    assert answered.startswith("Messages that were answered, the 13 weeks, by the brand's clock")


def test_maps_stand_beside_each_other_where_there_is_room() -> None:
    assert charts.hours_of_week(make(), width=720).columns == 2
    narrow = charts.hours_of_week(make(), width=400)
    assert narrow.columns == 1
    assert narrow.concat[0].width < 400


def test_hours_without_waits_are_drawn_empty() -> None:
    nothing = pl.lit(None, pl.Float64)
    empty = make().with_columns(
        pl.lit(0).alias("arrivals"),
        pl.lit(0).alias("replies"),
        nothing.alias("estimate"),
        nothing.alias("reply_seconds_median"),
    )
    for hours in (empty, empty.clear(), make().with_columns(pl.lit(None, pl.Int64).alias("arrivals"))):
        chart = charts.hours_of_week(hours)
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict())
    for hours in (empty, empty.clear()):
        chart = charts.hours_of_week(hours)
        assert "Nothing to draw: nobody wrote in these weeks" in subtitle(chart)
        assert chart.description.endswith("Nothing to draw.")


@pytest.mark.parametrize("median", [0.0, 3_600.0, 400 * 86_400.0])
def test_times_of_any_size_have_ticks_in_words(median: float) -> None:
    hours = make().with_columns(pl.when(hour=20).then(median).alias("reply_seconds_median"))
    chart = charts.hours_of_week(hours)
    layer, _ = panels(chart)[2][1]
    first, last = layer["encoding"]["fill"]["scale"]["domain"]
    assert 1 <= first < last
    assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict())


def test_what_is_not_one_week_is_refused() -> None:
    with pytest.raises(BenchkitError, match="of several groups; keep the rows of one"):
        charts.hours_of_week(pl.concat([make(), make()]))
    with pytest.raises(UnknownNameError, match="no column 'replies' in these hours"):
        charts.hours_of_week(make().drop("replies"))
