from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert

from benchkit import charts, find_waits, synthesize
from benchkit.comparisons import beside_published
from benchkit.errors import UnknownNameError
from benchkit.tables import CHART_TYPE

HOSTILE = ["</script><script>alert(1)</script>", '<b>"q\'s"</b>', "N" * 200, "고객센터", "datum.group"]
SEEN, QUOTED = "seen on the publisher's page", "quoted in an article; the original not seen"


@pytest.fixture(autouse=True)
def renderer() -> Iterator[None]:
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        yield


def make_beside(*rows: dict[str, Any]) -> pl.DataFrame:
    row = {
        "publisher": "Acme Index",
        "year": 2026,
        "industry": "Airlines",
        "value": 0.2,
        "unit": "share",
        "seen": SEEN,
        "our_industry": "Airlines",
        "answer": "yes",
        "caveats": [],
        "marks": [],
        "ours": "Response rate within 7 d",
        "estimate": 0.3,
        "lower": 0.25,
        "upper": 0.35,
        "n": 100,
        "status": "final",
    }
    return pl.DataFrame(
        [row | changes for changes in rows],
        schema_overrides={"caveats": pl.List(pl.String()), "marks": pl.List(pl.String())},
    )


CAVEATED = {
    "our_industry": "Banks",
    "answer": "with caveats",
    "caveats": ["It is of 2013, ours of 2026.", "It is of banks only."],
    "marks": ["a", "b"],
    "year": 2013,
    "seen": QUOTED,
}
REFUSED = {"our_industry": "Hotels", "answer": "no", "reason": "It is a mean, ours a median."}


def draw(beside: pl.DataFrame, **options: Any) -> dict[str, Any]:
    return charts.beside_published(beside, **options).to_dict()


def rows_of(spec: dict[str, Any], layers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for layer in layers for row in spec["datasets"][layer["data"]["name"]]]


def diamonds(spec: dict[str, Any], fill: str) -> list[dict[str, Any]]:
    marks = [layer for layer in spec["layer"] if layer["mark"].get("shape") == "diamond"]
    return rows_of(spec, [layer for layer in marks if layer["mark"]["fill"] == fill])


def groups_of(spec: dict[str, Any]) -> list[str]:
    return spec["layer"][0]["encoding"]["y"]["scale"]["domain"]


def test_comparable_ones_are_solid_caveated_hollow_and_others_not_there() -> None:
    spec = draw(make_beside({}, CAVEATED, REFUSED), month="2026-10")
    assert spec["title"]["text"] == "How many are answered, beside what was published?"
    assert " ".join(spec["title"]["subtitle"]) == (
        "All who wrote, answered or not, October 2026 "
        "Dot and line: ours, with a 95% interval; diamond: published, hollow where caveats apply, by the "
        "letters that the text under the chart spells out"
    )
    assert groups_of(spec) == ["Airlines", "Banks"]
    assert [(row["group"], row["at"]) for row in diamonds(spec, "#d55e00")] == [("Airlines", 0.2)]
    assert [(row["group"], row["at"]) for row in diamonds(spec, "white")] == [("Banks", 0.2)]
    assert "Hotels" not in json.dumps(spec)
    assert spec["description"] == (
        "How many are answered, beside what was published? Airlines: 30.0%, published 20.0% "
        "(Acme Index 2026); Banks: 30.0%, published 20.0% (Acme Index 2013, with caveats)."
    )


def test_caveats_and_status_are_in_the_tooltip_and_beside_the_mark() -> None:
    spec = draw(make_beside(CAVEATED))
    (hollow,) = diamonds(spec, "white")
    assert hollow["told"] == "It is of 2013, ours of 2026. It is of banks only."
    assert hollow["seen"] == QUOTED
    assert (hollow["text"], hollow["short"]) == ("2013, quoted: a, b", "2013, quoted")
    layer = next(layer for layer in spec["layer"] if layer["mark"].get("fill") == "white")
    assert [tip["field"] for tip in layer["encoding"]["tooltip"]] == [
        "industry",
        "figure",
        "source",
        "seen",
        "told",
    ]


def test_what_has_no_value_or_no_figure_of_ours_is_not_drawn() -> None:
    nothing = {"value": None}, {"estimate": None, "status": "withheld"}, {"unit": "seconds", "value": 60.0}
    spec = draw(make_beside({}, *nothing))
    assert groups_of(spec) == ["Airlines"]


def test_every_figure_has_a_row_of_its_own_all_together_first() -> None:
    together = {"our_industry": None, "industry": "All"}
    spec = draw(make_beside({}, {"year": 2013}, {"year": 2013}, together, {**together, "year": 2017}))
    groups = groups_of(spec)
    assert groups == ["All together, 2026", "All together, 2017", "Airlines, 2026", "Airlines, 2013",
                      "Airlines, 2013 (2)"]  # fmt: skip
    assert all(len(group) <= 20 for group in groups)


def test_times_are_on_a_log_axis_among_the_answered() -> None:
    times = {"unit": "seconds", "value": 36_000.0, "estimate": 7_200.0, "lower": 3_600.0, "upper": 14_400.0}
    spec = draw(make_beside(times), unit="seconds", own="Acme")
    assert spec["title"]["text"] == "How long until a reply, beside what was published?"
    assert spec["title"]["subtitle"][0] == "Messages that were answered"
    assert "Dot and line: Acme, with a 95% interval" in " ".join(spec["title"]["subtitle"])
    assert "Airlines: 2 h, published 10 h" in spec["description"]


def test_every_field_it_reads_is_in_its_data() -> None:
    spec = draw(make_beside({}, CAVEATED))
    for layer in spec["layer"]:
        encoded = json.dumps(layer["encoding"])
        read = {*re.findall(r'"field": "(\w+)"', encoded), *re.findall(r"datum\.(\w+)", str(layer["mark"]))}
        rows = spec["datasets"][layer["data"]["name"]]
        assert rows
        assert all(read <= set(row) for row in rows), read


def test_with_nothing_to_draw_it_says_so() -> None:
    for beside in (make_beside(REFUSED), make_beside({}).clear()):
        spec = draw(beside)
        assert "Nothing to draw: nothing that was published" in " ".join(spec["title"]["subtitle"])
        assert spec["description"].endswith("Nothing to draw.")
        assert vl_convert.vegalite_to_png(spec)


def test_a_missing_column_or_unit_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no column 'caveats' in these figures"):
        draw(make_beside({}).drop("caveats"))
    with pytest.raises(UnknownNameError, match="no unit 'count'; there are 'share', 'seconds'"):
        draw(make_beside({}), unit="count")


def test_hostile_names_are_only_text() -> None:
    rows = [{"our_industry": name, "publisher": name, "industry": name, "caveats": [name], "marks": ["a"],
             "answer": "with caveats"} for name in HOSTILE]  # fmt: skip
    bundle = charts.beside_published(make_beside(*rows), own=HOSTILE[0])._repr_mimebundle_()
    for version in ("5.8", "6.4"):
        svg = vl_convert.vegalite_to_svg(bundle[CHART_TYPE], vl_version=version)
        assert "<script" not in svg
        assert re.search(r">N+…<", svg)
        assert "고객센터" in svg


@pytest.mark.parametrize("unit", ["share", "seconds"])
def test_it_draws_what_the_comparison_gives(unit: str) -> None:
    found = beside_published(find_waits(synthesize()), month="2026-10")
    spec = draw(found, unit=unit, month="2026-10")
    drawn = found.filter(pl.col("unit") == unit, pl.col("answer") != "no").drop_nulls(["value", "estimate"])
    assert [row["estimate"] for row in diamonds(spec, "white")] == pytest.approx(
        drawn.sort("our_industry", "year", descending=[False, True], maintain_order=True)["value"].to_list()
    )
    assert drawn.height >= 6
    assert diamonds(spec, "#d55e00") == []
    assert "<svg" in vl_convert.vegalite_to_svg(spec)
