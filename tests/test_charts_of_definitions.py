"""The same messages by several definitions, drawn and said: what is told, folded, hollow and escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts, synthesize, verdicts
from benchkit.charts.style import PALETTE
from benchkit.comparisons.definitions import bridge, compare_definitions
from benchkit.comparisons.reconcile import reconcile
from benchkit.definitions import PRESETS, RULES
from benchkit.definitions.words import RULES_IN_SHORT
from benchkit.errors import UnknownNameError
from benchkit.html import Html
from benchkit.schema import ESTIMATES
from benchkit.sources.timelines import from_timelines
from benchkit.tables import CHART_TYPE

HOSTILE = "<script>alert(1)</script>\u202e"
TIMES = {"benchkit": 9_041.0, "zendesk": 4_270.0, "sprout": 14_752.0}
APPROXIMATE = ("zendesk", "sprout", HOSTILE)


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def compared(*brands: str, times: Mapping[str, float | None] = TIMES, method: str = "") -> pl.DataFrame:
    """What compare_definitions gives: by each definition a reply time and a share within the hour."""
    rows = []
    for rules, time in times.items():
        for i, brand in enumerate(brands):
            label = f"{rules} 1 ({'approximate, ' if rules in APPROXIMATE else ''}70146235)"
            estimate = None if time is None else time * (1 + i / 10)
            row = {
                "rules": rules,
                "brand": brand,
                "metric": "reply_seconds_as_defined",
                "estimate": estimate,
                "lower": estimate and estimate / 2,
                "upper": estimate and estimate * 2,
                "n": 500 - i,
                "n_replied": 300,
                "status": "withheld" if time is None else "final",
                "method": method or "quantile of answered waits, Woodruff interval; 13 weeks as clusters",
                "definition": label,
            }
            share = "answered_within_1h" if rules == "benchkit" else "replied_within_1h"
            rows += [row, {**row, "metric": share, "estimate": 0.4, "lower": 0.3, "upper": 0.5}]
    schema = {"rules": pl.String(), "brand": pl.String(), **ESTIMATES}
    return pl.DataFrame(rows, schema=schema)


def steps(*moves: tuple[str, float], first: float = 14_752.0, approximate: bool = True) -> pl.DataFrame:
    """What bridge gives: a first figure, and rules that move it."""
    rows: list[dict[str, Any]] = [{"rule": "", "before": "", "after": "", "estimate": first}]
    for rule, moved in moves:
        rows.append(
            {"rule": rule, "before": "Was so.", "after": "Is so.", "estimate": rows[-1]["estimate"] + moved}
        )
    label = f"sprout 1 ({'approximate, ' * approximate}cb88abd7)"
    return pl.DataFrame(rows).with_columns(
        pl.col("estimate").diff().alias("change_seconds"),
        pl.lit(400).alias("n_replied"),
        pl.lit("final").alias("status"),
        pl.lit(label).alias("definition"),
    )


MOVES = steps(("month", 2_360.0), ("credit", 0.0), ("closing", 0.2), ("statistic", -13_684.0))


def layers(chart: alt.LayerChart, mark: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    spec = chart.to_dict()
    of_kind = [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]
    return [(layer, spec["datasets"][layer["data"]["name"]]) for layer in of_kind]


def drawn(chart: alt.LayerChart, mark: str) -> list[dict[str, Any]]:
    return [row for _, rows in layers(chart, mark) for row in rows]


def subtitle(chart: alt.LayerChart) -> str:
    return " ".join(chart.to_dict()["title"]["subtitle"])


def text(html: Html) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html.html)).split())


@pytest.mark.parametrize(
    "chart",
    [
        lambda: charts.definition_spread(compared("Acme"), month="2026-10"),
        lambda: charts.definition_spread(compared(*[f"Brand {i}" for i in range(40)]), own="Brand 30"),
        lambda: charts.bridge(MOVES, month="2026-10"),
    ],
)
def test_it_asks_and_tells_and_is_drawn(chart: Any) -> None:
    bundle = chart()._repr_mimebundle_()
    spec, words = bundle[CHART_TYPE], bundle["text/plain"]
    assert re.fullmatch(r"[A-Z][^?]+\? .*\d.*\.", words)
    assert isinstance(spec["width"], int)
    json.dumps(spec, allow_nan=False)
    for layer in spec["layer"]:
        rows = spec["datasets"][layer["data"]["name"]]
        read = set(re.findall(r'"field": "(\w+)"', json.dumps(layer["encoding"])))
        assert rows
        assert all(read <= set(row) for row in rows), read - set(rows[0])
    for version in ("5.8", "6.4"):
        assert "<svg" in vl_convert.vegalite_to_svg(spec, vl_version=version)


def test_each_definition_has_a_shape_and_approximate_ones_are_hollow() -> None:
    chart = charts.definition_spread(compared("Acme"), month="2026-10")
    marks = {row["by"]: row for row in drawn(chart, "point")}
    assert set(marks) == {"benchkit", "zendesk (approximate)", "sprout (approximate)"}
    encoding = layers(chart, "point")[0][0]["encoding"]
    fills = dict(zip(encoding["fill"]["scale"]["domain"], encoding["fill"]["scale"]["range"], strict=True))
    assert fills == {
        "benchkit": PALETTE[0],
        "zendesk (approximate)": "white",
        "sprout (approximate)": "white",
    }
    assert len(set(encoding["shape"]["scale"]["range"])) == 3
    assert marks["benchkit"]["how"] == "median of answered waits"
    (band,) = drawn(chart, "bar")
    assert (band["low"], band["high"]) == (4_270, 14_750)
    assert chart.to_dict()["description"].endswith(
        "Acme: benchkit 2 h 31 min, zendesk (approximate) 1 h 11 min, sprout (approximate) 4 h 6 min."
    )
    assert "hollow: approximate" in subtitle(chart)
    assert "approximate" not in subtitle(charts.definition_spread(compared("Acme", times={"benchkit": 60.0})))


def test_no_more_groups_than_fit_ones_own_first() -> None:
    brands = [f"Brand {i}" for i in range(40)]
    chart = charts.definition_spread(compared(*brands), own="Brand 30", most=5)
    domain = layers(chart, "point")[0][0]["encoding"]["y"]["scale"]["domain"]
    assert domain == ["Brand 30", *brands[:4]]
    assert "Yours and 4 with most waits" in subtitle(chart)
    with pytest.raises(UnknownNameError, match="no group 'Brund 3' in these estimates"):
        charts.definition_spread(compared(*brands), own="Brund 3")


def test_figures_that_are_missing_are_counted_and_an_endless_interval_moves_no_axis() -> None:
    frame = compared("Acme", times={**TIMES, "meta": None}, method="fewer than 30 answered waits")
    chart = charts.definition_spread(
        frame.with_columns(pl.when(rules="sprout").then(0.0).otherwise("lower").alias("lower"))
    )
    assert subtitle(chart).endswith("No mark: fewer than 30 answered waits (1)")
    first, _ = layers(chart, "rule")[0][0]["encoding"]["x"]["scale"]["domain"]
    assert first >= 900
    nothing = compared("Acme", times={"meta": None})
    for empty in (nothing, nothing.clear()):
        shown = charts.definition_spread(empty)
        assert "Nothing to draw" in subtitle(shown)
        assert shown.to_dict()["description"].endswith("Nothing to draw.")
        assert "<svg" in vl_convert.vegalite_to_svg(shown.to_dict())


def test_a_bridge_leads_from_bar_to_bar_and_folds_what_moves_nothing() -> None:
    chart = charts.bridge(MOVES, month="2026-10")
    bars = drawn(chart, "bar")
    assert [(bar["label"], bar["from"], bar["to"], bar["told"]) for bar in bars] == [
        ("sprout (approximate)", 0, 14_752, "4 h 6 min"),
        ("month of start or reply", 14_752, 17_112, "+39 min"),
        ("mean or median", 17_112.2, 3_428.2, "−3 h 48 min"),
        ("benchkit, among answered", 0, 3_428.2, "57 min"),
    ]
    assert [bar["fill"] for bar in bars][:3] == ["white", PALETTE[1], PALETTE[0]]
    assert subtitle(chart).endswith("No difference here: who is credited, closed conversations")
    assert "hollow" in subtitle(chart)
    exact = charts.bridge(steps(("month", 60.0), approximate=False), to="ours")
    assert [bar["label"] for bar in drawn(exact, "bar")] == [
        "sprout",
        "month of start or reply",
        "ours, among answered",
    ]
    assert "hollow" not in subtitle(exact)
    assert "No difference" not in subtitle(exact)


def test_a_bridge_without_a_figure_says_so() -> None:
    gap = MOVES.with_columns(pl.when(rule="month").then(None).otherwise("estimate").alias("estimate"))
    for frame in (gap, MOVES.clear()):
        chart = charts.bridge(frame)
        assert "Nothing to draw: at some step there are too few answered waits" in subtitle(chart)
        assert chart.to_dict()["description"].endswith("? Nothing to draw.")
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict())
    none = steps(first=0.0)
    assert "<svg" in vl_convert.vegalite_to_svg(charts.bridge(none).to_dict())
    with pytest.raises(UnknownNameError, match="no column 'after' in this bridge"):
        charts.bridge(MOVES.drop("after"))


def test_every_rule_has_a_few_words() -> None:
    assert {rule.replace("_", " ") for rule in RULES} == set(RULES_IN_SHORT)
    assert max(map(len, RULES_IN_SHORT.values())) <= 26


def test_hostile_names_are_only_text() -> None:
    times = {HOSTILE: 60.0, "N" * 200: 90.0}
    frame = compared(HOSTILE, "Acme", times=times)
    label = f"{HOSTILE} 1 (approximate, 70146235)"
    hostile = MOVES.with_columns(pl.lit(label).alias("definition"), pl.lit(HOSTILE).alias("before"))
    for chart in (charts.definition_spread(frame, own=HOSTILE), charts.bridge(hostile, to=HOSTILE)):
        assert "<script" not in vl_convert.vegalite_to_svg(chart.to_dict())
    for told in (
        verdicts.definitions(frame),
        verdicts.definitions(compared(HOSTILE, times=times)),
        verdicts.bridge(hostile),
    ):
        assert "<script" not in told.html
        assert "&lt;script" in told.html


def test_definitions_are_told_by_definition_or_by_group() -> None:
    one = text(verdicts.definitions(compared("Acme")))
    assert "zendesk approximate 1 h 11 min 36 min – 2 h 22 min median of answered waits 40.0%" in one
    assert "of all" in one
    assert "The same messages: from 1 h 11 min (zendesk) to 4 h 6 min (sprout), 3.5 times as long." in one
    several = text(verdicts.definitions(compared("Acme", "Bolt")))
    assert "Reply time benchkit zendesk (approximate) sprout (approximate) Acme 2 h 31 min" in several
    assert "The furthest apart, " in several
    missing = compared("Acme", times={"meta": None, "benchkit": 60.0}, method="fewer than 30 waits")
    assert text(verdicts.definitions(missing)).endswith("–: fewer than 30 waits.")
    assert text(verdicts.definitions(missing.clear())) == "There are no reply times to compare."


def test_a_bridge_is_told_step_by_step() -> None:
    told = text(verdicts.bridge(MOVES))
    assert "sprout approximate – 4 h 6 min 400" in told
    assert "month of start or reply Was so. → Is so. +39 min 4 h 45 min 400" in told
    assert "No difference here: who is credited, closed conversations." in told
    assert told.endswith("second-hand or remembered.")
    assert text(verdicts.bridge(MOVES.clear())) == "There is no figure to begin with."


def test_a_reconciliation_says_what_it_proves() -> None:
    data = from_timelines("C0 A10", "C0 C50 A90", "C0 C5 A20")
    told = text(verdicts.reconciled(reconcile(data, value="22 min")))
    assert told.startswith("22 min: one figure is shown so, to within half of 1 min")
    assert "22 min : The reply time is the mean" in told
    assert "first unanswered" not in told
    assert told.endswith("definitions tried; a match explains the figure, and proves nothing.")
    astray = text(verdicts.reconciled(reconcile(data, value="9 h")))
    assert "none of these rules gives it; the closest come first" in astray
    assert " less: The reply time is" in astray


def test_what_the_comparisons_give_is_drawn_and_told() -> None:
    data = synthesize(messages=20_000)
    found = compare_definitions(data, PRESETS, month="2026-10", min_waits=5)
    chart = charts.definition_spread(found, month="2026-10")
    figures = found.filter(pl.col("estimate").is_not_null(), metric="reply_seconds_as_defined")
    told = dict(figures.select(pl.concat_str("rules", "brand"), pl.col("estimate").round_sig_figs(4)).rows())
    marks = {f"{row['by'].partition(' ')[0]}{row['group']}": row["estimate"] for row in drawn(chart, "point")}
    assert marks
    assert all(told[key] == value for key, value in marks.items())
    assert "times as long" in text(verdicts.definitions(found))
    way = bridge(data, "chatwoot", month="2026-10")
    ends = drawn(charts.bridge(way), "bar")
    assert [ends[0]["to"], ends[-1]["to"]] == [round(way["estimate"][place], 1) for place in (0, -1)]
    assert "chatwoot" in text(verdicts.bridge(way))
