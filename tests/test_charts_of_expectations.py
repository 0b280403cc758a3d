from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts, expectations, find_waits, synthesize
from benchkit.comparisons import expected_time
from benchkit.errors import UnknownNameError
from benchkit.schema import ESTIMATES
from benchkit.tables import CHART_TYPE

HOSTILE = ["</script><script>alert(1)</script>", '<b>"q\'s"</b>', "N" * 200, "고객센터", "datum.group"]
WITHHELD = "fewer than 30 waits"
FIGURES = ("estimate", "lower", "upper", "bound_lower", "bound_upper")


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def make_met(
    names: Sequence[str] = ("",),
    *,
    by: str = "",
    years: Sequence[int] = (2020, 2022),
    withheld: Collection[str] = (),
) -> pl.DataFrame:
    """Bounds of each group, those named first with most waits, and in 2022 wider ones."""
    rows = []
    for i, name in enumerate(names):
        for year in years:
            low, high = 0.3 - 0.01 * i, 0.5 + 0.03 * (year == 2022)
            figures = (low + 0.1, low - 0.04, high + 0.05, low, high)
            row = {
                **({by: name} if by else {}),
                "year": year,
                "metric": "answered_within_expected_time",
                **dict(zip(FIGURES, [None] * 5 if name in withheld else figures, strict=True)),
                "n": 1_000 - i,
                "n_replied": 500,
                "status": "withheld" if name in withheld else "final",
                "method": WITHHELD if name in withheld else "",
                "definition": "",
            }
            rows.append(row)
    schema = {**({by: pl.String()} if by else {}), "year": pl.Int64(), **ESTIMATES}
    return pl.DataFrame(rows, schema=schema)


def draw(met: pl.DataFrame, **options: Any) -> dict[str, Any]:
    return charts.expected_time(met, **options).to_dict()


def layers_of(spec: dict[str, Any], mark: str, *, thicker_than: float = 0) -> list[dict[str, Any]]:
    marks = [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]
    return [layer for layer in marks if layer["mark"].get("strokeWidth", 1) > thicker_than]


def rows_of(spec: dict[str, Any], layers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for layer in layers for row in spec["datasets"][layer["data"]["name"]]]


def groups_of(spec: dict[str, Any]) -> list[str]:
    return spec["layer"][0]["encoding"]["y"]["scale"]["domain"]


def subtitle(spec: dict[str, Any]) -> str:
    return " ".join(spec["title"]["subtitle"])


def test_it_asks_and_says_how_to_read_it() -> None:
    spec = draw(make_met(), month="2026-10")
    assert spec["title"]["text"] == "How many were answered within the time they expect?"
    assert subtitle(spec) == (
        "All who wrote, answered or not, October 2026 "
        "The share lies in the bar, give or take the thin line (95%): the dot is a best guess, the upright "
        "end is right if “within the hour” means minute 60 "
        "Surveys asked people at large, not these customers"
    )
    assert spec["description"] == (
        "How many were answered within the time they expect? "
        "All together: 30.0–50.0% (2020), 30.0–53.0% (2022)."
    )


def test_bounds_are_bars_in_a_lane_of_each_year() -> None:
    spec = draw(make_met())
    bars = layers_of(spec, "rule", thicker_than=5)
    assert [(row["year"], row["low"], row["high"]) for row in rows_of(spec, bars)] == [
        (2020, 0.3, 0.5),
        (2022, 0.3, 0.53),
    ]
    uprights = layers_of(spec, "tick")
    assert [row["at"] for row in rows_of(spec, uprights)] == [0.5, 0.53]
    lines = [layer for layer in layers_of(spec, "rule") if layer not in bars]
    assert [(row["low"], row["high"]) for row in rows_of(spec, lines)] == [(0.26, 0.55), (0.26, 0.58)]
    dots = layers_of(spec, "point")
    assert [row["at"] for row in rows_of(spec, dots)] == [0.4, 0.4]
    for layers in (bars, lines, uprights, dots):
        assert [layer["mark"]["yOffset"] for layer in layers] == [-9, 9]
    for look in ("color", "shape"):
        scale = dots[0]["encoding"][look]["scale"]
        assert scale["domain"] == [2020, 2022]
        assert len(set(scale["range"])) == 2


def test_every_field_it_reads_is_in_its_data() -> None:
    spec = draw(make_met(["A", "B"], by="channel"))
    for layer in spec["layer"]:
        channels = json.dumps(layer["encoding"])
        read = {*re.findall(r'"field": "(\w+)"', channels), *re.findall(r"datum\.(\w+)", str(layer["mark"]))}
        rows = spec["datasets"][layer["data"]["name"]]
        assert rows
        assert all(read <= set(row) for row in rows), read


def test_of_one_survey_there_is_one_lane_and_no_legend() -> None:
    spec = draw(make_met(years=[2022]))
    (dots,) = layers_of(spec, "point")
    assert dots["mark"]["yOffset"] == 0
    assert dots["encoding"]["color"]["legend"] is None


def test_beside_each_lane_stand_its_bounds_rounded_where_it_is_narrow() -> None:
    spec = draw(make_met())
    texts = [layer for layer in layers_of(spec, "text") if "stroke" not in layer["mark"]]
    assert [(row["bounds"], row["short"]) for row in rows_of(spec, texts)] == [
        ("30.0–50.0%", "30–50%"),
        ("30.0–53.0%", "30–53%"),
    ]
    assert all("width < " in layer["mark"]["text"]["expr"] for layer in texts)


def test_without_an_interval_the_bounds_are_drawn() -> None:
    nothing = pl.lit(None, pl.Float64)
    spec = draw(make_met().with_columns(lower=nothing, upper=nothing))
    lines = rows_of(spec, layers_of(spec, "rule"))
    assert {(row["low"], row["high"]) for row in lines if row["year"] == 2020} == {(0.3, 0.5)}
    assert {row["interval"] for row in rows_of(spec, layers_of(spec, "point"))} == {""}


def test_groups_stand_as_in_the_tables_and_the_rest_is_counted() -> None:
    names = [f"Group {i}" for i in range(30)]
    met = make_met(names, by="brand", withheld=["Group 3"]).sample(fraction=1, shuffle=True, seed=1)
    spec = draw(met)
    assert spec["title"]["text"] == "How many were answered within the time they expect, by brand?"
    drawn = [name for name in names if name != "Group 3"]
    assert groups_of(spec) == drawn[:20]
    assert groups_of(draw(met, most=5)) == drawn[:5]
    assert subtitle(spec).endswith(
        "The 20 with most waits; the table has all 30 Not drawn: 1 with fewer than 30 waits"
    )
    assert spec["description"].endswith("and 10 more.")


def test_the_years_are_no_groups_wherever_they_stand() -> None:
    met = make_met(["A", "B"], by="channel")
    assert groups_of(draw(met)) == ["A", "B"]
    assert draw(met.select(pl.exclude("year"), "year")) == draw(met)


@pytest.mark.parametrize(
    ("status", "method", "said"),
    [
        (
            "withheld",
            WITHHELD,
            "Nothing to draw: nobody has enough waits Not drawn: 1 with fewer than 30 waits",
        ),
        ("refused", "only answered threads are here", "Nothing to draw: only answered threads are here"),
    ],
)
def test_with_nothing_to_draw_it_says_why(status: str, method: str, said: str) -> None:
    met = make_met(withheld=[""]).with_columns(
        status=pl.lit(status, ESTIMATES["status"]), method=pl.lit(method)
    )
    spec = draw(met)
    assert subtitle(spec) == f"All who wrote, answered or not {said}"
    assert spec["description"].endswith("Nothing to draw.")
    for chart in (spec, draw(met.clear())):
        assert vl_convert.vegalite_to_png(chart)


def test_provisional_figures_are_said_to_be() -> None:
    met = make_met().with_columns(status=pl.lit("provisional", ESTIMATES["status"]))
    assert "Provisional, the share lies in the bar" in subtitle(draw(met))


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no column 'bound_upper' in these estimates"):
        charts.expected_time(make_met().drop("bound_upper"))


def test_hostile_names_are_only_text() -> None:
    bundle = charts.expected_time(make_met(HOSTILE, by="brand"))._repr_mimebundle_()
    spec = bundle[CHART_TYPE]
    assert groups_of(spec) == HOSTILE
    for version in ("5.8", "6.4"):
        svg = vl_convert.vegalite_to_svg(spec, vl_version=version)
        assert "<script" not in svg
        assert re.search(r">N+…<", svg)
        assert "고객센터" in svg


def test_it_draws_what_the_comparison_gives() -> None:
    waits = find_waits(synthesize(messages=20_000))
    met = expected_time(waits, expectations(), month="2026-10", by="channel", min_waits=1)
    spec = draw(met, month="2026-10")
    dots = rows_of(spec, layers_of(spec, "point"))
    told = met.filter(pl.col("bound_upper").is_not_null())
    assert {(row["group"], row["year"]) for row in dots} == set(told.select("channel", "year").rows())
    assert "<svg" in vl_convert.vegalite_to_svg(spec)
