from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.measurement import CURVE_SECONDS
from benchkit.tables import CHART_TYPE

HOSTILE = "</script><script>alert(1)</script>"


def make_curve(names: list[str], *, status: str = "final", metric: str = "answered_within") -> pl.DataFrame:
    """A curve for each name, those named first with most waits and the highest ends."""
    rows = []
    for i, name in enumerate(names):
        for seconds in CURVE_SECONDS:
            share = (0.9 - 0.01 * i) * math.log(seconds) / math.log(CURVE_SECONDS[-1])
            figures = [None] * 3 if status == "withheld" else [share, max(share - 0.05, 0), share + 0.05]
            rows.append([name, metric, seconds, *figures, 1_000 - 10 * i, status])
    floats = dict.fromkeys(("estimate", "lower", "upper"), pl.Float64())
    schema = {"brand": None, "metric": None, "seconds": None, **floats, "n": None, "status": None}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def draw(curve: pl.DataFrame, **options: Any) -> dict[str, Any]:
    return charts.answered_within_curve(curve, **options).to_dict()


def rows_of(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    layer = next(layer for layer in spec["layer"] if layer["mark"]["type"] == mark)
    return spec["datasets"][layer["data"]["name"]]


@pytest.mark.parametrize(
    ("metric", "status", "title", "subtitle"),
    [
        (
            "answered_within",
            "final",
            "How soon is a customer answered?",
            ["All who wrote, answered or not, October 2026", "Shaded: 95% interval"],
        ),
        (
            "answered_within",
            "provisional",
            "How soon is a customer answered?",
            ["All who wrote, answered or not, October 2026", "Provisional, shaded: 95% interval"],
        ),
        (
            "replied_within",
            "final",
            "When an answer came, how soon?",
            ["Messages that were answered, October 2026", "Shaded: 95% interval"],
        ),
    ],
)
def test_it_says_what_it_shows(metric: str, status: str, title: str, subtitle: list[str]) -> None:
    spec = draw(make_curve(["A"], metric=metric, status=status), month="2026-10")
    assert spec["title"] == {"text": title, "subtitle": subtitle}
    assert spec["description"] == f"{title} A: 55.4% within 1 h, 76.8% within 24 h."


def test_a_missing_column_is_an_error_and_no_empty_picture() -> None:
    curve = make_curve(["A"]).rename({"estimate": "estimates"})
    with pytest.raises(
        UnknownNameError, match="no column 'estimate' in this curve; did you mean 'estimates'"
    ):
        charts.answered_within_curve(curve)


def test_of_many_groups_the_largest_are_named_and_coloured() -> None:
    names = [f"Brand {i}" for i in range(100)]
    spec = draw(make_curve(names), coloured=4)
    assert {row["group"] for row in rows_of(spec, "text")} == set(names[:4])
    colours = {row["group"]: row["colour"] for row in rows_of(spec, "line")}
    assert set(colours) == set(names)
    assert [colours[name] for name in names[:4]] == list(charts.PALETTE[:4])
    assert len({colours[name] for name in names[4:]}) == 1
    assert spec["title"]["subtitle"][1] == "In colour: the 4 with most waits; grey: 96 more"


def test_names_beside_the_lines_do_not_lie_on_each_other() -> None:
    spec = draw(make_curve(list("ABCDEF")), height=300)
    places = sorted(row["label_at"] for row in rows_of(spec, "text"))
    top = spec["layer"][1]["encoding"]["y"]["scale"]["domain"][1]
    gaps = [(above - below) / top * 300 for below, above in pairwise(places)]
    assert min(gaps) >= 14.9
    assert places[-1] <= top


def test_groups_without_figures_are_not_drawn() -> None:
    curve = pl.concat([make_curve(["A"]), make_curve(["B"], status="withheld")])
    assert {row["group"] for row in rows_of(draw(curve), "line")} == {"A"}


def test_with_nothing_to_draw_it_says_so() -> None:
    spec = draw(make_curve(["A"], status="withheld"))
    assert spec["title"]["subtitle"][1] == "Nothing to draw: nobody has enough waits"
    assert "<svg" in vl_convert.vegalite_to_svg(spec)


def test_all_groups_together_make_one_line() -> None:
    spec = draw(make_curve(["A"]).drop("brand"))
    assert {row["group"] for row in rows_of(spec, "line")} == {"All together"}


def test_its_svg_has_human_times_and_escaped_names() -> None:
    svg = vl_convert.vegalite_to_svg(draw(make_curve([HOSTILE, "고객센터", "カスタマー"])))
    times = ("1 min", "15 min", "1 h", "24 h", "7 d")
    for words in (*times, "60%", "Time since the customer wrote", "고객센터"):
        assert words in svg
    assert "<script" not in svg
    assert 'width="720"' in svg


def test_it_is_stored_for_jupyterlab_beside_its_words() -> None:
    chart = charts.answered_within_curve(make_curve(["A"]))
    bundle = chart._repr_mimebundle_()
    assert set(bundle) == {CHART_TYPE, "text/plain"}
    assert bundle["text/plain"] == chart.to_dict()["description"]
    assert isinstance(bundle[CHART_TYPE]["width"], int)
    json.dumps(bundle, allow_nan=False)


def with_band(curve: pl.DataFrame) -> pl.DataFrame:
    return curve.with_columns(
        (pl.col("lower") - 0.02).clip(0).alias("band_lower"), (pl.col("upper") + 0.06).alias("band_upper")
    )


def test_a_band_is_shaded_where_there_is_one_and_the_pointwise_interval_is_told() -> None:
    spec = draw(with_band(make_curve(["A", "B"])))
    area = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "area")
    assert (area["encoding"]["y"]["field"], area["encoding"]["y2"]["field"]) == ("band_lower", "band_upper")
    assert spec["title"]["subtitle"][-1] == "Shaded: holds the whole curve with 95% confidence"
    assert spec["layer"][0]["encoding"]["x"]["field"] == "seconds"
    assert spec["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 1]
    told = next(row for row in rows_of(spec, "point") if (row["group"], row["seconds"]) == ("A", 3_600))
    assert told["interval"] == "50.4–60.4%"


def test_without_a_band_the_pointwise_interval_is_shaded() -> None:
    curve = make_curve(["A"])
    nothing = pl.lit(None, pl.Float64)
    for without in (curve, curve.with_columns(band_lower=nothing, band_upper=nothing)):
        spec = draw(without)
        area = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "area")
        assert (area["encoding"]["y"]["field"], area["encoding"]["y2"]["field"]) == ("lower", "upper")
        assert spec["title"]["subtitle"][-1] == "Shaded: 95% interval"


def test_a_group_without_a_band_has_no_shade_beside_one_that_has() -> None:
    curves = with_band(make_curve(["A", "B"])).with_columns(
        pl.when(pl.col("brand") == "A").then(pl.col("band_lower", "band_upper"))
    )
    rows = rows_of(draw(curves), "area")
    assert {row["group"] for row in rows if row["band_upper"] is not None} == {"A"}
    assert "<svg" in vl_convert.vegalite_to_svg(draw(curves))


def make_expected(**changes: Any) -> pl.DataFrame:
    rows = {
        "year": [2020, 2020, 2022, 2022],
        "threshold": ["1 hour", "24 hours", "minutes, drawn at 5", "24 hours"],
        "seconds": [3_600, 86_400, 300, 86_400],
        "share": [0.4, 0.79, 0.13, 0.77],
        "source": ["Index 2020"] * 2 + ["Index 2022"] * 2,
    }
    return pl.DataFrame(rows | changes)


def test_surveys_are_points_with_labels_apart_and_in_words() -> None:
    spec = draw(make_curve(["A"]), expected=make_expected(), height=340)
    drawn = spec["datasets"][spec["layer"][-1]["data"]["name"]]
    assert spec["layer"][-1]["mark"]["type"] == "point"
    assert {(row["seconds"], row["share"], row["label"]) for row in drawn} == {
        (3_600, 0.4, "40% (2020)"),
        (86_400, 0.79, "79% (2020)"),
        (300, 0.13, "13% (2022)"),
        (86_400, 0.77, "77% (2022)"),
    }
    assert len({row["shape"] for row in drawn}) == len({row["colour"] for row in drawn}) == 2
    top = spec["layer"][1]["encoding"]["y"]["scale"]["domain"][1]
    low, high = sorted(row["label_at"] for row in drawn if row["seconds"] == 86_400)
    assert (high - low) / top * 340 >= 14.9
    assert "79% expect an answer within 24 hours (2020)" in spec["description"]
    assert " ".join(spec["title"]["subtitle"]).endswith(
        "Points, then steps: how many expect an answer by then (surveys of 2020 and 2022); "
        "above a curve, more expect one than got one"
    )


def test_between_a_surveys_points_there_are_steps_and_no_slopes() -> None:
    spec = draw(make_curve(["A"]), expected=make_expected())
    steps = [layer for layer in spec["layer"] if layer["mark"].get("interpolate") == "step-after"]
    last = CURVE_SECONDS[-1]
    assert [
        [(row["seconds"], row["share"]) for row in spec["datasets"][layer["data"]["name"]]] for layer in steps
    ] == [[(300, 0.13), (86_400, 0.77), (last, 0.77)], [(3_600, 0.4), (86_400, 0.79), (last, 0.79)]]
    assert len({(*layer["mark"]["strokeDash"], layer["mark"]["color"]) for layer in steps}) == 2


def label_sides(spec: dict[str, Any]) -> dict[str, str]:
    labels = [layer for layer in spec["layer"] if "expr" in layer["mark"].get("text", "")]
    return {
        row["label"]: layer["mark"]["align"]
        for layer in labels
        for row in spec["datasets"][layer["data"]["name"]]
        if "label" in row
    }


def test_a_surveys_label_keeps_off_its_steps_and_the_shares_at_a_threshold() -> None:
    curve, expected = make_curve(["A"]), make_expected()
    sides = {"13% (2022)": "left", "40% (2020)": "right", "77% (2022)": "right", "79% (2020)": "right"}
    assert label_sides(draw(curve, expected=expected)) == sides
    at_threshold = label_sides(draw(curve, expected=expected, threshold_seconds=3_600))
    assert at_threshold == {**sides, "40% (2020)": "left"}


def test_the_axis_reaches_up_to_what_surveys_found() -> None:
    low = make_curve(["A"]).with_columns(pl.col("estimate", "lower", "upper") / 10)
    spec = draw(low, expected=make_expected())
    assert spec["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, 0.9]


def test_survey_points_outside_the_axis_or_without_a_time_are_left_out() -> None:
    spec = draw(make_curve(["A"]), expected=make_expected(seconds=[0, 86_400, None, 86_400]))
    assert {row["seconds"] for row in rows_of({**spec, "layer": spec["layer"][-1:]}, "point")} == {86_400}
    assert draw(make_curve(["A"]), expected=make_expected(seconds=[0] * 4)) == draw(make_curve(["A"]))


@pytest.mark.parametrize("seconds", [60, CURVE_SECONDS[1], 3_600, 14_400, CURVE_SECONDS[-1]])
def test_a_threshold_has_each_named_lines_share(seconds: int) -> None:
    curve = make_curve(["A", "B", "C"])
    spec = draw(curve, threshold_seconds=seconds, coloured=2)
    written = spec["datasets"][spec["layer"][-1]["data"]["name"]]
    at_threshold = curve.filter(pl.col("seconds") == seconds, pl.col("brand") != "C")
    assert {row["group"]: row["estimate"] for row in written} == dict(
        at_threshold.select("brand", pl.col("estimate").round(4)).iter_rows()
    )
    assert f"{written[0]['share']} within" in spec["description"]


def test_a_threshold_between_the_curves_times_is_refused() -> None:
    with pytest.raises(
        BenchkitError, match=r"3601 seconds \(1 h\) is none of this curve's times; the nearest is 3600"
    ):
        draw(make_curve(["A"]), threshold_seconds=3_601)
