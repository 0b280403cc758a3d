from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.measurement import CURVE_SECONDS
from benchkit.schema import ESTIMATES
from benchkit.tables import CHART_TYPE

HOSTILE = [
    "</script><script>alert(1)</script>",
    '<b>"quote\'d"</b>',
    "a.b[c]['d']\\ ${x}",
    "N" * 200,
    "고객센터",
    "カスタマー",
    "datum.group",
]
SHARES = {"answered_within_1h": 0.2, "answered_within_24h": 0.5, "answered_within_7d": 0.55}
AMONG_ANSWERED = {"replied_within_1h": 0.4, "replied_within_24h": 0.9}
TIMES = {"first_reply_seconds_median": 4_000.0, "reply_seconds_median": 3_000.0}
ALL = {**SHARES, **AMONG_ANSWERED, **TIMES}


def make(
    groups: dict[str, list[str]], *, told: dict[str, float] = ALL, status: str = "final"
) -> pl.DataFrame:
    """Estimates of groups, those named first with most waits, each a little slower than the one before."""
    frames = []
    for i, group in enumerate(zip(*groups.values(), strict=True)):
        for metric in ALL:
            is_told = metric in told
            value = ALL[metric] * (1 - i / 200) if is_told and status != "withheld" else None
            row = {
                **dict(zip(groups, group, strict=True)),
                "metric": metric,
                "estimate": value,
                "lower": value and 0.9 * value,
                "upper": value and 1.1 * value,
                "n": 1_000 - i,
                "n_replied": 500,
                "status": status if is_told else "refused",
                "method": "fewer than 30 waits" if status == "withheld" else "",
                "definition": "",
            }
            frames.append(row)
    schema = {**dict.fromkeys(groups, pl.String()), **ESTIMATES}
    return pl.DataFrame(frames, schema=schema, orient="row")


def by(column: str, n: int, **options: Any) -> pl.DataFrame:
    return make({column: [f"Group {i}" for i in range(n)]}, **options)


def by_industry_and_brand(n: int = 3, **options: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    industries = [f"Group {i}" for i in range(n) for _ in range(2)]
    brands = [f"Brand {i}" for i in range(2 * n)]
    return make({"industry": industries, "brand": brands}, **options), by("industry", n, **options)


def curve(n: int) -> pl.DataFrame:
    rows = by("brand", n, told=SHARES).filter(metric="answered_within_1h")
    times = pl.DataFrame({"seconds": CURVE_SECONDS})
    return rows.join(times, how="cross").select(
        "brand", pl.lit("answered_within").alias("metric"), "seconds", *list(ESTIMATES)[1:]
    )


EXPECTED = pl.DataFrame(
    {
        "year": [2020, 2022],
        "threshold": ["1 h", "1 d"],
        "seconds": [3_600, 86_400],
        "share": 0.5,
        "source": "x",
    }
)
EVERY_CHART: dict[str, Callable[[int], alt.LayerChart]] = {
    "curve": lambda n: charts.answered_within_curve(curve(n), expected=EXPECTED, threshold_seconds=3_600),
    "shares": lambda n: charts.shares_by_group(by("brand", n), own="Group 0", most=60),
    "shares of answered": lambda n: charts.shares_by_group(by("agent", n, told=AMONG_ANSWERED), most=60),
    "times": lambda n: charts.reply_times_by_group(by("channel", n), most=60),
    "strip": lambda n: charts.brands_by_industry(*by_industry_and_brand(n), own="Brand 0"),
    "months": lambda n: charts.months(
        make({"month": [f"{2020 + i // 12}-{i % 12 + 1:02}" for i in range(n)]}), target="80% in 1h"
    ),
}


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def fields_of(part: Any) -> Iterator[str]:
    """Every field that a layer's marks and channels read."""
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


def data_of(spec: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return spec["datasets"][layer.get("data", spec.get("data"))["name"]]


def drawn(chart: alt.LayerChart, mark: str) -> list[dict[str, Any]]:
    """The rows behind all layers of one kind of mark."""
    spec = chart.to_dict()
    layers = [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]
    return [row for layer in layers for row in data_of(spec, layer)]


def groups_of(chart: alt.LayerChart) -> list[str]:
    rows = chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert {row["group"] for row in drawn(chart, "point")} <= set(rows)
    return rows


def question(chart: alt.LayerChart) -> str:
    return chart.to_dict()["description"].partition("?")[0] + "?"


def subtitle(chart: alt.LayerChart) -> str:
    return " / ".join(chart.to_dict()["title"]["subtitle"])


@pytest.mark.parametrize("n", [1, 2, 60])
@pytest.mark.parametrize("chart", EVERY_CHART.values(), ids=EVERY_CHART)
def test_every_field_it_reads_is_in_its_data(chart: Callable[[int], alt.LayerChart], n: int) -> None:
    spec = chart(n).to_dict()
    for layer in spec["layer"]:
        rows = data_of(spec, layer)
        read = {*fields_of(layer["mark"]), *fields_of(layer["encoding"])}
        assert rows
        assert all(read <= set(row) for row in rows), read - set(rows[0])


@pytest.mark.parametrize("chart", EVERY_CHART.values(), ids=EVERY_CHART)
def test_it_asks_and_tells_and_is_drawn(chart: Callable[[int], alt.LayerChart]) -> None:
    bundle = chart(2)._repr_mimebundle_()
    spec, words = bundle[CHART_TYPE], bundle["text/plain"]
    assert words == spec["description"]
    assert re.fullmatch(r"[A-Z][^?]+\? .*\d.*\.", words)
    assert (
        spec["title"]["subtitle"][0] in ("All who wrote, answered or not", "Messages that were answered")
        or "2020" in spec["title"]["subtitle"][0]
    )
    assert isinstance(spec["width"], int)
    json.dumps(spec, allow_nan=False)
    for version in ("5.8", "6.4"):
        assert "<svg" in vl_convert.vegalite_to_svg(spec, vl_version=version)


@pytest.mark.parametrize(
    ("column", "told", "asked"),
    [
        ("industry", ALL, "Which industries answer within the hour, and within the day?"),
        ("brand", ALL, "Which brands answer within the hour, and within the day?"),
        (
            "agent",
            AMONG_ANSWERED,
            "How many of each agent's replies come within the hour, and within the day?",
        ),
        ("topic", ALL, "How many are answered within the hour, and within the day, by topic?"),
        ("topic", {"answered_within_24h": 0.5}, "How many are answered within the day, by topic?"),
    ],
)
def test_shares_ask_of_what_they_are_grouped_by(column: str, told: dict[str, float], asked: str) -> None:
    assert question(charts.shares_by_group(by(column, 2, told=told))) == asked


def test_shares_are_told_in_words() -> None:
    chart = charts.shares_by_group(by("brand", 2), month="2026-10")
    assert chart.to_dict()["description"] == (
        "Which brands answer within the hour, and within the day? "
        "Group 0: 20.0% within 1 h, 50.0% within 24 h; Group 1: 19.9% within 1 h, 49.8% within 24 h."
    )
    assert subtitle(chart) == "All who wrote, answered or not, October 2026 / Lines: 95% interval"
    assert {row["metric"] for row in drawn(chart, "point")} == {"answered_within_1h", "answered_within_24h"}


def test_where_unanswered_cannot_be_told_the_shares_are_of_the_answered() -> None:
    chart = charts.shares_by_group(by("agent", 2, told=AMONG_ANSWERED, status="provisional"))
    assert {row["metric"] for row in drawn(chart, "point")} == set(AMONG_ANSWERED)
    assert subtitle(chart) == "Messages that were answered / Provisional, lines: 95% interval"


def test_reply_times_are_of_first_replies_where_they_are_told() -> None:
    first = charts.reply_times_by_group(by("industry", 1))
    assert (
        first.to_dict()["description"] == "How long until the first reply, by industry? Group 0: 1 h 7 min."
    )
    every = charts.reply_times_by_group(by("agent", 1, told={"reply_seconds_median": 1.0}))
    assert every.to_dict()["description"] == "How long until a reply of each agent? Group 0: 50 min."
    assert every.to_dict()["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"


def test_reply_times_of_no_seconds_and_open_intervals_are_drawn() -> None:
    estimates = by("brand", 3).with_columns(
        estimate=pl.when(brand="Group 0").then(0.0).otherwise("estimate"),
        lower=pl.when(brand="Group 0").then(0.0).when(brand="Group 2").then(None).otherwise("lower"),
        upper=pl.when(brand="Group 1").then(None).otherwise("upper"),
    )
    chart = charts.reply_times_by_group(estimates)
    first, last = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
    rows = {row["group"]: row for row in drawn(chart, "point")}
    assert rows["Group 0"]["at"] == rows["Group 0"]["low"] == first == 1
    assert (rows["Group 0"]["figure"], rows["Group 1"]["interval"]) == ("0 s", "over 1 h")
    assert rows["Group 1"]["high"] == last > rows["Group 1"]["at"]
    assert rows["Group 2"]["low"] == first


@pytest.mark.parametrize("chart", [charts.shares_by_group, charts.reply_times_by_group])
def test_groups_stand_as_in_the_tables_with_the_own_before_them(chart: Callable[..., alt.LayerChart]) -> None:
    estimates = by("brand", 60).sample(fraction=1, shuffle=True, seed=1)
    names = [f"Group {i}" for i in range(60)]
    assert groups_of(chart(estimates, most=60)) == names
    cut = chart(estimates, own="Group 50", most=30)
    assert groups_of(cut) == ["Group 50", *names[:29]]
    assert subtitle(cut).endswith("Yours and 29 with most waits; the table has all 60")
    assert subtitle(chart(estimates)).endswith("The 30 with most waits; the table has all 60")
    assert {row["opacity"] for row in drawn(cut, "point") if row["group"] == "Group 50"} == {1.0}
    assert {row["opacity"] for row in drawn(cut, "point") if row["group"] != "Group 50"} == {0.5}


def test_an_own_group_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no group 'Grup 1' in these estimates; did you mean"):
        charts.shares_by_group(by("brand", 3), own="Grup 1")
    with pytest.raises(UnknownNameError, match="no brand 'Brund 1' in these estimates; did you mean"):
        charts.brands_by_industry(*by_industry_and_brand(), own="Brund 1")


def test_groups_without_a_figure_are_counted_and_not_drawn() -> None:
    few = by("brand", 5, status="withheld").filter(pl.col("brand") == "Group 4")
    estimates = pl.concat([by("brand", 4), few])
    chart = charts.shares_by_group(estimates, own="Group 4")
    assert groups_of(chart) == [f"Group {i}" for i in range(4)]
    assert subtitle(chart).endswith(
        "Yours is not drawn: it has too few waits / Not drawn: 1 with fewer than 30 waits"
    )


@pytest.mark.parametrize("empty", [by("brand", 2, status="withheld"), by("brand", 2).clear()])
def test_with_nothing_to_draw_it_says_so(empty: pl.DataFrame) -> None:
    months = empty.rename({"brand": "month"})
    industries = empty.rename({"brand": "industry"})
    brands = industries.select(pl.col("industry").alias("brand"), pl.all()).select(
        "industry", "brand", *ESTIMATES
    )
    for chart in (
        charts.shares_by_group(empty),
        charts.reply_times_by_group(empty),
        charts.months(months),
        charts.brands_by_industry(brands, industries),
    ):
        assert "Nothing to draw: nobody has enough waits" in subtitle(chart)
        assert "othing to draw" in chart.to_dict()["description"]
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict())


def test_figures_that_nothing_tells_are_an_error() -> None:
    only_times = by("brand", 2, told=TIMES)
    with pytest.raises(UnknownNameError, match="no metric 'answered_within_24h' told in these estimates"):
        charts.shares_by_group(only_times)
    with pytest.raises(UnknownNameError, match="no column 'estimate' in these estimates"):
        charts.reply_times_by_group(only_times.rename({"estimate": "estimat"}))


def test_hostile_names_are_only_text() -> None:
    n = len(HOSTILE)
    by_brand = make({"industry": HOSTILE, "brand": HOSTILE})
    by_industry = make({"industry": HOSTILE})
    title = f"{HOSTILE[0]} {HOSTILE[1]} {HOSTILE[2]}?"
    for chart in (
        charts.shares_by_group(by_industry, own=HOSTILE[3], title=title),
        charts.reply_times_by_group(by_industry, own=HOSTILE[2], title=title),
        charts.brands_by_industry(by_brand, by_industry, own=HOSTILE[0]),
    ):
        assert set(groups_of(chart)) == set(HOSTILE)
        assert len(groups_of(chart)) == n
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        assert "<script" not in svg
        assert re.search(r">N+…<", svg)
        assert not re.search(r">N{30,}", svg)
        assert "고객센터" in svg


def test_ones_own_brand_is_found_in_its_industry() -> None:
    by_brand = by("brand", 3).select(
        pl.col("brand"), pl.lit("Airlines").alias("industry"), pl.exclude("brand")
    )
    own = by_brand["brand"][-1]
    spec = charts.shares_by_group(by_brand, own=own).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"][0] == f"{own} · Airlines"
    assert spec["title"]["text"] == "Which brands answer within the hour, and within the day?"


def test_brands_stand_beside_their_industry() -> None:
    by_brand, by_industry = by_industry_and_brand(3)
    without = by_industry.with_columns(
        pl.when(industry="Group 1").then(None).otherwise("estimate").alias("estimate")
    )
    chart = charts.brands_by_industry(by_brand, without, month="2026-10")
    assert groups_of(chart) == ["Group 0", "Group 2"]
    assert {row["who"] for row in drawn(chart, "point")} == {f"Brand {i}" for i in (0, 1, 4, 5)}
    assert {row["group"] for row in drawn(chart, "tick")} == {"Group 0", "Group 2"}
    own = charts.brands_by_industry(by_brand, without, own="Brand 3")
    assert groups_of(own) == ["Group 1", "Group 0", "Group 2"]
    assert {row["who"] for row in drawn(own, "text")} == {"Brand 3"}
    assert "Group 1: 2 brands from 49.2% to 49.5%, Brand 3 49.2%" in own.to_dict()["description"]


def test_brands_are_compared_by_the_metric_asked_for() -> None:
    chart = charts.brands_by_industry(*by_industry_and_brand(), metric="reply_seconds_median")
    assert chart.to_dict()["layer"][0]["encoding"]["x"]["title"] == "Reply time, median"
    with pytest.raises(BenchkitError, match="'waits' is a count"):
        charts.brands_by_industry(*by_industry_and_brand(), metric="waits")
    with pytest.raises(UnknownNameError, match="no metric 'wait'"):
        charts.brands_by_industry(*by_industry_and_brand(), metric="wait")


def trend(**options: Any) -> pl.DataFrame:
    return make({"month": ["2026-07", "2026-08", "2026-10"]}, **options)


def test_months_are_told_from_the_one_asked_for_back_to_the_first() -> None:
    chart = charts.months(trend(), month="2026-10", target="80% in 1h")
    assert chart.to_dict()["description"] == (
        "Are more customers answered in time than before? "
        "Within 1 h: 19.8% in October 2026, 19.9% in August 2026, 20.0% in July 2026; "
        "within 24 h: 49.5% in October 2026, 49.8% in August 2026, 50.0% in July 2026; "
        "target: 80% within 1 h."
    )
    largest = [row for row in drawn(chart, "point") if row["size"] > 100]
    assert {row["words"] for row in largest} == {"Oct 2026"}
    assert any(row.get("label") == "Target: 80% within 1 h" for row in drawn(chart, "text"))
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 0.8]


def test_a_month_without_a_figure_leaves_a_gap() -> None:
    chart = charts.months(trend())
    x = next(layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "line")["encoding"]["x"]
    assert x["scale"]["domain"] == ["Jul 2026", "Aug 2026", "Sep 2026", "Oct 2026"]
    missing = [row["words"] for row in drawn(chart, "line") if row["estimate"] is None]
    assert missing == ["Sep 2026"] * 2


def test_provisional_months_are_hollow() -> None:
    last = pl.when(month="2026-10").then(pl.lit("provisional")).otherwise(pl.col("status").cast(pl.String))
    chart = charts.months(trend().with_columns(last.alias("status")))
    assert {row["words"] for row in drawn(chart, "point") if row["fill"] == "white"} == {"Oct 2026"}
    assert "Provisional months are hollow" in subtitle(chart)


def test_a_target_is_not_held_against_shares_of_the_answered() -> None:
    chart = charts.months(trend(told=AMONG_ANSWERED), target="80% in 1h")
    assert question(chart) == "Do answers come sooner than before?"
    assert "arget" not in chart.to_dict()["description"]


def test_months_of_several_groups_are_refused() -> None:
    with pytest.raises(BenchkitError, match="of several groups; keep the rows of one"):
        charts.months(pl.concat([trend(), trend()]))
    with pytest.raises(UnknownNameError, match="no column 'month'"):
        charts.months(by("brand", 2))
