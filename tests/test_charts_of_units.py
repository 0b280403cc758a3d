from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit.charts import PALETTE, adjusted_ratios, enable_renderer, funnel, rank_ranges
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.tables import CHART_TYPE

HOSTILE = [
    "</script><script>alert(1)</script>",
    '<b>"quote\'d"</b>',
    "a.b[c]['d']\\ ${x}",
    "N" * 200,
    "고객센터",
    "datum.group",
]
Chart = alt.LayerChart | alt.ConcatChart


def a_set(
    name: str,
    brands: list[str],
    *,
    by: str = "brand",
    target: float = 0.4,
    size: int = 100,
    spread: float = 2.0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Units of one set, the last of them with most waits, the first beyond the outer limits."""
    k = len(brands)
    outside = [2, -1, *[0] * k][:k]
    units = pl.DataFrame(
        {
            by: brands,
            "industry": name,
            "metric": "replied_within_1h" if by == "agent" else "answered_within_24h",
            "estimate": [target + 0.05 * (6 * (step == 2) - 4 * (step == -1)) for step in outside],
            "lower": 0.1,
            "upper": 0.8,
            "n": [size + 10 * i for i in range(k)],
            "n_replied": 50,
            "status": "final",
            "method": "",
            "definition": "",
            "ratio": [1.1 + 0.01 * i if by == "agent" else None for i in range(k)],
            "ratio_lower": 0.8,
            "ratio_upper": [1.4 + 0.01 * i for i in range(k)],
            "adjusted": target,
            "adjusted_lower": target - 0.1,
            "adjusted_upper": target + 0.1,
            "target": target,
            "inner_lower": target - 0.1,
            "inner_upper": target + 0.1,
            "z": [1.5 * step for step in outside],
            "outside": outside,
            "rank_lower": [max(1, i) for i in range(k)],
            "rank_upper": [min(k, i + 2) for i in range(k)],
            "ranked": k,
            "top": min(5, max(k // 2, 1)),
            "could_be_top": [i < 5 for i in range(k)],
            "adjusted_for": "channel and hour of the week",
        }
    )
    sizes = [size * 0.7, size * 1.5, size * 3.0]
    limits = {
        f"{which}_{end}": [target + sign * width / math.sqrt(n) for n in sizes]
        for which, width in {"chance": 1.0, "inner": spread * 1.0, "outer": 4.0}.items()
        for end, sign in {"lower": -1, "upper": 1}.items()
    }
    units = units.with_columns(pl.col("ratio").cast(pl.Float64))
    return units, pl.DataFrame({"within": name, "n": sizes, **limits})


def several(n_sets: int, n_units: int = 4) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sets of units, those named first with most waits."""
    sets = [
        a_set(f"Set {i}", [f"Brand {i}.{j}" for j in range(n_units)], size=500 - 10 * i)
        for i in range(n_sets)
    ]
    units, lines = zip(*sets, strict=True)
    return pl.concat(units), pl.concat(lines)


def agents(n: int) -> pl.DataFrame:
    return a_set("", [f"Agent {i}" for i in range(n)], by="agent")[0].drop("industry")


def brands(n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    return a_set("Airlines", [f"Brand {i}" for i in range(n)])


EVERY_CHART: dict[str, Callable[[int], Chart]] = {
    "funnel": lambda n: funnel(*brands(n), own="Brand 0"),
    "funnels": lambda n: funnel(*several(3, n)),
    "ranks": lambda n: rank_ranges(brands(n)[0], own="Brand 1", most=60),
    "ranks of sets": lambda n: rank_ranges(several(3, n)[0], most=200),
    "ratios": lambda n: adjusted_ratios(agents(n), most=60),
}


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        enable_renderer()
        yield


def fields_of(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for element in part:
            yield from fields_of(element)
    elif isinstance(part, dict):
        if "field" in part:
            yield part["field"]
        if "expr" in part:
            yield from re.findall(r"datum\.(\w+)", part["expr"])
        for element in part.values():
            yield from fields_of(element)


def marks_of(chart: Chart) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every layer of every panel, with its rows."""
    spec = chart.to_dict()
    panels = spec.get("concat", [spec])
    layers = [(layer.get("data", panel.get("data")), layer) for panel in panels for layer in panel["layer"]]
    return [(layer, spec["datasets"][data["name"]]) for data, layer in layers]


def drawn(chart: Chart, mark: str) -> list[dict[str, Any]]:
    return [row for layer, rows in marks_of(chart) if layer["mark"]["type"] == mark for row in rows]


def groups_of(chart: Chart) -> list[str]:
    return next(
        layer["encoding"]["y"]["scale"]["domain"]
        for layer, _ in marks_of(chart)
        if "scale" in layer["encoding"].get("y", {})
    )


def subtitle(chart: Chart) -> str:
    return " ".join(chart.to_dict()["title"]["subtitle"])


@pytest.mark.parametrize("n", [2, 60])
@pytest.mark.parametrize("chart", EVERY_CHART.values(), ids=EVERY_CHART)
def test_every_field_it_reads_is_in_its_data(chart: Callable[[int], Chart], n: int) -> None:
    for layer, rows in marks_of(chart(n)):
        read = {*fields_of(layer["mark"]), *fields_of(layer["encoding"])}
        assert rows
        assert all(read <= set(row) for row in rows), read - set(rows[0])


@pytest.mark.parametrize("chart", EVERY_CHART.values(), ids=EVERY_CHART)
def test_it_asks_and_tells_and_is_drawn(chart: Callable[[int], Chart]) -> None:
    bundle = chart(3)._repr_mimebundle_()
    spec, words = bundle[CHART_TYPE], bundle["text/plain"]
    assert re.fullmatch(r"[A-Z][^?]+\? .*\d.*\.", words)
    assert spec["title"]["subtitle"][0] in ("All who wrote, answered or not", "Messages that were answered")
    assert all(isinstance(panel["width"], int) for panel in spec.get("concat", [spec]))
    json.dumps(spec, allow_nan=False)
    for version in ("5.8", "6.4"):
        assert "<svg" in vl_convert.vegalite_to_svg(spec, vl_version=version)


@pytest.mark.parametrize(
    "chart", [lambda u, n: funnel(u, n), lambda u, _: rank_ranges(u), lambda u, _: adjusted_ratios(u)]
)
def test_with_nothing_to_draw_it_says_so(chart: Callable[[pl.DataFrame, pl.DataFrame], Chart]) -> None:
    units, lines = brands(2)
    withheld = units.with_columns(
        *(
            pl.lit(None, dtype=units.schema[name]).alias(name)
            for name in units.columns[3:6] + units.columns[11:-1]
        ),
        status=pl.lit("withheld"),
        method=pl.lit("fewer than 30 waits"),
    )
    for empty in (withheld, units.clear()):
        shown = chart(empty, lines.clear())
        assert "Nothing to draw: nobody has enough waits" in subtitle(shown)
        assert shown.to_dict()["description"].endswith("Nothing to draw.")
        assert "<svg" in vl_convert.vegalite_to_svg(shown.to_dict())
    assert subtitle(chart(withheld, lines)).endswith("Not drawn: 2 with fewer than 30 waits")


def test_units_without_figures_are_counted_and_not_drawn() -> None:
    units, lines = brands(4)
    none = pl.lit(None, dtype=pl.Int64)
    alone = units.with_columns(
        outside=pl.when(brand=pl.lit("Brand 3")).then(none).otherwise("outside"),
        rank_lower=pl.when(brand=pl.lit("Brand 3")).then(none).otherwise("rank_lower"),
    )
    for chart in (funnel(alone, lines, own="Brand 3"), rank_ranges(alone, own="Brand 3")):
        assert "Brand 3" not in json.dumps(chart.to_dict())
        assert "Yours is not drawn" in subtitle(chart)
        assert subtitle(chart).endswith("Not drawn: 1 that cannot be compared")


def test_what_is_not_there_is_an_error() -> None:
    units, lines = brands(2)
    with pytest.raises(UnknownNameError, match="no group 'Brund 1' in these estimates"):
        funnel(units, lines, own="Brund 1")
    with pytest.raises(UnknownNameError, match="no group 'Brund 1' in these estimates"):
        rank_ranges(units, own="Brund 1")
    with pytest.raises(UnknownNameError, match="no column 'outer_upper' in these lines"):
        funnel(units, lines.drop("outer_upper"))
    with pytest.raises(UnknownNameError, match="no column 'rank_lower' in this comparison"):
        rank_ranges(units.drop("rank_lower"))


def test_hostile_names_are_only_text() -> None:
    units, lines = a_set(HOSTILE[0], HOSTILE)
    more, more_lines = brands(2)
    many = pl.concat([units, more]), pl.concat([lines, more_lines])
    for chart in (
        funnel(units, lines, own=HOSTILE[3]),
        funnel(*many),
        rank_ranges(many[0]),
        adjusted_ratios(a_set("", HOSTILE, by="agent")[0].drop("industry"), own=HOSTILE[0]),
    ):
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        assert "<script" not in svg
        assert not re.search(r">N{30,}", svg)
    assert "고객센터" in svg


def test_a_funnel_is_of_the_set_of_ones_own() -> None:
    units, lines = several(3)
    chart = funnel(units, lines, month="2026-10", own="Brand 1.2")
    assert isinstance(chart, alt.LayerChart)
    points = {row["who"]: row for row in drawn(chart, "point")}
    assert set(points) == {f"Brand 1.{j}" for j in range(4)}
    assert {(row["n"], row["share"]) for row in points.values()} == set(
        units.filter(industry="Set 1").select("n", pl.col("estimate").round_sig_figs(4)).iter_rows()
    )
    assert [points[f"Brand 1.{j}"]["shape"] for j in range(4)] == ["square", "diamond", "circle", "circle"]
    assert points["Brand 1.2"]["colour"] == PALETTE[1] != points["Brand 1.3"]["colour"]
    assert {row["shown"] for row in drawn(chart, "text")} == {"Brand 1.0", "Brand 1.1", "Brand 1.2"}
    assert drawn(chart, "area") == lines.filter(within="Set 1").to_dicts()
    assert chart.to_dict()["description"] == (
        "Which brands stand apart from their industry? Set 1: 40.0% as a whole, 2 of 4 brands outside the "
        "limits, Brand 1.0 70.0%, above the limits of 99.8%, Brand 1.1 20.0%, below the limits of 95%, "
        "Brand 1.2 40.0%, inside the limits."
    )


def test_agents_are_drawn_by_the_share_they_are_judged_by() -> None:
    units = agents(2).with_columns(adjusted=pl.Series([0.3, 1.2]))
    chart = funnel(units, brands(2)[1].with_columns(within=pl.lit("")))
    assert {row["who"]: (row["share"], row["figure"]) for row in drawn(chart, "point")} == {
        "Agent 0": (0.3, "30.0%"),
        "Agent 1": (1.0, "100%"),
    }
    assert "On the same mix of channel and hour of the week" in subtitle(chart)


def test_funnels_of_several_sets_are_panels_those_with_most_waits_first() -> None:
    spec = funnel(*several(10), width=720).to_dict()
    assert [panel["title"]["text"] for panel in spec["concat"]] == [f"Set {i}: 40.0%" for i in range(8)]
    assert " ".join(spec["title"]["subtitle"]).endswith("By industry, the 8 with most waits of 10")
    width = sum(panel["width"] + spec["spacing"]["column"] for panel in spec["concat"][: spec["columns"]])
    assert width == 720
    shared = {json.dumps(panel["layer"][0]["encoding"]["x"]["scale"]) for panel in spec["concat"]}
    assert len(shared) == 1


def test_how_to_read_a_funnel_is_said_in_one_sentence() -> None:
    wide, narrow = brands(3), a_set("Airlines", ["A", "B", "C"], spread=1.0)
    inside = "Inside the grey funnel, chance alone can explain the distance from the line, "
    assert subtitle(funnel(*wide)).endswith(
        inside + "the industry as a whole; outside the dashed lines, which allow for how much brands differ "
        "anyway, a brand stands apart"
    )
    assert subtitle(funnel(*narrow)).endswith(
        inside + "the industry as a whole; outside it, a brand stands apart"
    )
    of_agents = agents(3), narrow[1].with_columns(within=pl.lit(""))
    assert "all of them together; outside it, an agent stands apart" in subtitle(funnel(*of_agents))


def test_of_many_outside_the_furthest_are_named() -> None:
    units, lines = brands(30)
    units = units.with_columns(outside=pl.lit(1), z=pl.int_range(30).cast(pl.Float64))
    chart = funnel(units, lines)
    rows = drawn(chart, "text")
    assert {row["who"] for row in rows} == {f"Brand {i}" for i in range(22, 30)}
    assert "Named: at most 8 outside the lines, the furthest" in subtitle(chart)
    top = next(layer for layer, _ in marks_of(chart))["encoding"]["y"]["scale"]["domain"][1]
    places = sorted({row["label_at"] for row in rows})
    assert len(places) == 8
    assert min((above - below) / top * 320 for below, above in pairwise(places)) >= 14.9


def test_an_axis_of_high_shares_need_not_begin_at_0() -> None:
    spec = funnel(*a_set("Airlines", ["A", "B"], target=0.8)).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0.6, 1.0]


def test_a_bar_covers_the_places_that_a_unit_could_hold() -> None:
    units = brands(4)[0].sample(fraction=1, shuffle=True, seed=1)
    chart = rank_ranges(units)
    bars = {row["who"]: row for row in drawn(chart, "bar")}
    assert {who: (row["rank_lower"], row["rank_upper"], row["ranked"]) for who, row in bars.items()} == {
        "Brand 0": (0.5, 2.5, 4.5),
        "Brand 1": (0.5, 3.5, 4.5),
        "Brand 2": (1.5, 4.5, 4.5),
        "Brand 3": (2.5, 4.5, 4.5),
    }
    assert [group.split(" · ")[0] for group in groups_of(chart)] == [f"Brand {i}" for i in range(4)]
    assert chart.to_dict()["description"].endswith(
        "Brand 0 · Airlines: place 1 to 2 of 4; Brand 1 · Airlines: place 1 to 3 of 4; "
        "Brand 2 · Airlines: place 2 to 4 of 4; Brand 3 · Airlines: place 3 to 4 of 4."
    )


def test_units_that_a_month_cannot_tell_apart_are_in_the_order_of_their_names() -> None:
    units = brands(3)[0].with_columns(
        rank_lower=pl.lit(1), rank_upper=pl.lit(3), adjusted=pl.Series([0.1, 0.2, 0.3])
    )
    assert groups_of(rank_ranges(units)) == [f"Brand {i} · Airlines" for i in range(3)]


def test_who_could_be_in_front_is_filled() -> None:
    chart = rank_ranges(brands(12)[0])
    could = {row["who"]: row["could"] for row in drawn(chart, "bar")}
    assert [who for who, told in could.items() if told == "could be among the 5 fastest"] == [
        f"Brand {i}" for i in range(5)
    ]
    mixed = pl.concat([brands(12)[0], a_set("Sports", ["A", "B", "C", "D"])[0]])
    assert {row["could"] for row in drawn(rank_ranges(mixed), "bar")} == {
        "could be among the 2 or 5 fastest",
        "could not",
    }


def test_sets_stand_under_their_names() -> None:
    chart = rank_ranges(several(3)[0], most=8)
    groups = groups_of(chart)
    assert [groups[0], groups[5]] == ["Set 0 · ", "Set 1 · "]
    assert len(groups) == 10
    assert subtitle(chart).endswith("By industry, the 2 with most waits of 3")


def test_of_one_large_set_the_units_with_most_waits_are_drawn_and_ones_own() -> None:
    chart = rank_ranges(brands(60)[0], own="Brand 3", most=10)
    assert {row["who"] for row in drawn(chart, "bar")} == {"Brand 3", *(f"Brand {i}" for i in range(51, 60))}
    assert "Yours and 9 with most waits; the table has all 60" in subtitle(chart)
    assert {row["who"] for row in drawn(chart, "bar") if row["opacity"] == 1} == {"Brand 3"}


def test_ratios_stand_on_an_axis_as_long_on_both_sides() -> None:
    units = agents(3).with_columns(
        ratio=pl.Series([1.2, 0.0, 30.0]),
        ratio_lower=pl.Series([0.9, 0.0, 20.0]),
        ratio_upper=pl.Series([1.45, 0.3, 40.0]),
    )
    scales = [
        layer["encoding"]["x"]["scale"]["domain"]
        for kept in (units[:1], units)
        for layer, _ in marks_of(adjusted_ratios(kept))[:1]
    ]
    assert scales == [[pytest.approx(1 / 1.5), 1.5], [1 / 8, 8.0]]
    rows = {row["who"]: row for row in drawn(adjusted_ratios(units), "point")}
    assert (rows["Agent 1"]["ratio"], rows["Agent 2"]["ratio"]) == (1 / 8, 8.0)
    assert (rows["Agent 2"]["figure"], rows["Agent 2"]["interval"]) == ("30.00", "20.00–40.00")


def test_ratios_say_what_they_mean_with_ones_own_first() -> None:
    chart = adjusted_ratios(agents(5), own="Agent 1")
    assert groups_of(chart) == ["Agent 1", "Agent 4", "Agent 3", "Agent 2", "Agent 0"]
    assert subtitle(chart) == (
        "Messages that were answered 1.2 means 20% more replies within 1 h than all agents together would "
        "have had on the same work (channel and hour of the week); lines: 95% interval"
    )
    assert "Agent 1: 1.11 (0.80–1.41)" in chart.to_dict()["description"]


def test_units_whose_work_differs_have_no_ratio() -> None:
    without = brands(2)[0].with_columns(ratio=pl.lit(None, dtype=pl.Float64))
    with pytest.raises(BenchkitError, match="these units have no ratio, since their work differs"):
        adjusted_ratios(without)
