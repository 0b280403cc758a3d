"""The expectation curve: which share of customers has an answer, by the time since they wrote."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import polars as pl

from benchkit.charts.style import DAY, FAINT, HOUR, PALETTE, QUIET, time_axis, time_scale, values
from benchkit.errors import UnknownNameError
from benchkit.tables import group_label
from benchkit.words import human_seconds, month_name, percent, span

_MARKED_SECONDS = (HOUR, DAY)
_CURVE_COLUMNS = ("metric", "seconds", "estimate", "lower", "upper", "n", "status")
_MAX_NAME_WIDTH = 110
_MAX_TIMES = 60
_MAX_BANDS = 3


def answered_within_curve(
    curve: pl.DataFrame, *, month: str = "", coloured: int = 6, width: int = 720, height: int = 340
) -> alt.LayerChart:
    """Draw which share of customers had an answer, by the time since they wrote.

    >>> curve = pl.DataFrame({"metric": "answered_within", "seconds": [3600, 86400], "estimate": [0.2, 0.5],
    ...                       "lower": [0.1, 0.4], "upper": [0.3, 0.6], "n": 80, "status": "final"})
    >>> answered_within_curve(curve).description
    'How soon is a customer answered? All together: 20.0% within 1 h, 50.0% within 24 h.'

    `curve` is what `expectation_curve` gives: a line for each group, the `coloured` ones with
    most waits in colour and named, the others grey. Up to three show their interval; of more,
    the one pointed at does. Groups without figures are not drawn.
    """
    rows, groups = _curve_rows(curve)
    named = groups[:coloured]
    colours = {group: PALETTE[i % len(PALETTE)] for i, group in enumerate(named)}
    rows = rows.with_columns(pl.col("group").replace_strict(colours, default=FAINT).alias("colour"))
    among_answered = "replied_within" in curve["metric"]
    title = "When an answer came, how soon?" if among_answered else "How soon is a customer answered?"
    whose = "Messages that were answered" if among_answered else "All who wrote, answered or not"
    with_bands = len(groups) <= _MAX_BANDS
    rows_named = rows.filter(pl.col("group").is_in(named))
    highest = [*rows["estimate"], *rows_named["upper"].drop_nulls()]
    top = math.ceil(10 * min(max(highest, default=1.0), 1.0)) / 10
    ends = _name_places(rows_named, gap=15 * top / height, top=top)

    x = alt.X("seconds:Q", title="Time since the customer wrote", scale=time_scale(rows), axis=time_axis())
    y, y_lower = (
        alt.Y(
            f"{field}:Q",
            title="Share of the answered" if among_answered else "Share answered",
            scale=alt.Scale(domain=[0, top]),
            axis=alt.Axis(format=".0%", tickCount=5),
        )
        for field in ("estimate", "lower")
    )
    colour = alt.Color("colour:N", scale=None)
    # not `nearest`: with it Vega-Lite 6.4 loses every tooltip field that is not a number
    pointed_at = alt.selection_point(
        name="pointed_at", fields=["group"], on="pointerover", clear="pointerout"
    )
    if_pointed_at = alt.when(pointed_at, empty=False)
    band_opacity = if_pointed_at.then(alt.value(0.2)).otherwise(alt.value(0.15 if with_bands else 0))
    line_width = if_pointed_at.then(alt.value(3.5)).otherwise(alt.value(2))

    marks = alt.Chart(values(pl.DataFrame({"seconds": _MARKED_SECONDS}))).encode(x=x)
    lines = alt.Chart(values(rows.drop("status"))).encode(x=x, color=colour, detail="group:N")
    names = alt.Chart(values(ends)).encode(x=x, y=y, color=colour, text="group:N")
    points = lines.mark_point(filled=True, size=130, opacity=0, aria=False)
    return alt.LayerChart(
        layer=[
            marks.mark_rule(color=QUIET, strokeDash=[2, 3]),
            lines.mark_area(clip=True, aria=False).encode(y=y_lower, y2="upper:Q", opacity=band_opacity),
            lines.mark_line(aria=False).encode(y=y, strokeWidth=line_width),
            points.encode(y=y, tooltip=_TOOLTIP).add_params(pointed_at),
            names.mark_text(align="left", dx=7, limit=_MAX_NAME_WIDTH),
        ],
        title=alt.Title(title, subtitle=_subtitle(rows, whose, month, len(named), len(groups))),
        description=_in_words(title, rows, named),
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


_TOOLTIP = [
    alt.Tooltip("group:N", title="Who"),
    alt.Tooltip("within:N", title="Answered within"),
    alt.Tooltip("share:N", title="Share"),
    alt.Tooltip("interval:N", title="95% interval"),
    alt.Tooltip("n:Q", title="Waits", format=","),
]


def _curve_rows(curve: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """What is drawn, in words too, and the groups: those with most waits first, and drawn last."""
    for column in _CURVE_COLUMNS:
        if column not in curve.columns:
            raise UnknownNameError("column", column, curve.columns, where="in this curve")
    drawn = curve.filter(pl.col("estimate").is_not_null()).with_columns(group_label(curve).alias("group"))
    groups = (
        drawn.group_by("group").agg(pl.col("n").max()).sort("n", "group", descending=[True, False])["group"]
    )
    times = drawn["seconds"].unique().sort().to_list()
    kept = {*(times if len(times) <= _MAX_TIMES else times[::2]), *_MARKED_SECONDS, *times[-1:]}
    rows = drawn.filter(pl.col("seconds").is_in(sorted(kept))).sort(
        pl.col("group").cast(pl.Enum(groups.reverse())), "seconds"
    )
    records = rows.select("seconds", "estimate", "lower", "upper").rows()
    rows = rows.select(
        "group",
        "seconds",
        pl.col("estimate", "lower", "upper").round(4),
        "n",
        "status",
        pl.Series("within", [human_seconds(seconds) for seconds, *_ in records], pl.String),
        pl.Series("share", [percent(estimate) for _, estimate, *_ in records], pl.String),
        pl.Series("interval", [span(lower, upper, "share") for *_, lower, upper in records], pl.String),
    )
    return rows, groups.to_list()


def _name_places(rows: pl.DataFrame, *, gap: float, top: float) -> pl.DataFrame:
    """Where each line's name goes: at its end, moved so that no two lie on each other."""
    ends = rows.group_by("group", maintain_order=True).last().sort("estimate", "group")
    places: list[float] = []
    for end in ends["estimate"]:
        places.append(max(end, places[-1] + gap) if places else end)
    ceiling = top
    for i in reversed(range(len(places))):
        places[i] = min(places[i], ceiling)
        ceiling = places[i] - gap
    return ends.select("group", "seconds", pl.Series("estimate", places, pl.Float64), "colour")


def _subtitle(rows: pl.DataFrame, whose: str, month: str, n_named: int, n_groups: int) -> list[str]:
    status = ["provisional"] if "provisional" in rows["status"] else []
    first = ", ".join([whose, *([month_name(month)] if month else []), *status])
    if not n_groups:
        return [first, "Nothing to draw: nobody has enough waits"]
    if n_groups > n_named:
        return [first, f"In colour: the {n_named} with most waits; grey: {n_groups - n_named} more"]
    return [first, "Shaded: 95% interval"] if n_groups <= _MAX_BANDS else [first]


def _in_words(title: str, rows: pl.DataFrame, named: Sequence[str]) -> str:
    """The picture for those who do not see it."""
    at_marks = rows.filter(pl.col("seconds").is_in(_MARKED_SECONDS)).sort("seconds")
    told = []
    for group in named:
        points = at_marks.filter(pl.col("group") == group).select("share", "seconds").rows()
        told.append(f"{group}: " + ", ".join(f"{share} within {_mark_words(s)}" for share, s in points))
    return f"{title} {'; '.join(told) or 'Nothing to draw'}."


def _mark_words(seconds: int) -> str:
    return "24 h" if seconds == DAY else human_seconds(seconds)
