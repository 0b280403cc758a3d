"""The funnel plot: who stands apart from the others, further than few waits can explain."""

from __future__ import annotations

import math

import altair as alt
import polars as pl

from benchkit.charts.rows import is_among_answered
from benchkit.charts.style import (
    FAINT,
    INK,
    LINE_HEIGHT,
    PALETTE,
    QUIET,
    apart,
    cut,
    heading,
    labels,
    layers,
    require,
    share_axis,
    tooltip,
    top_of,
    values,
)
from benchkit.charts.units import Compared, compared_units, same_work
from benchkit.words import percent, shortened

_LIMITS = {"inner": "95% limits", "outer": "99.8% limits"}
_DASHES = ([6, 3], [2, 3])
_ENDS = ("lower", "upper")
_SHAPES = {0: "circle", 1: "diamond", 2: "square"}
_COLOURS = {0: QUIET, 1: PALETTE[0], 2: PALETTE[3]}
_BAND = "#e3e7ec"
_WHERE = {
    -2: "below the limits of 99.8%",
    -1: "below the limits of 95%",
    0: "inside the limits",
    1: "above the limits of 95%",
    2: "above the limits of 99.8%",
}
_HEIGHT, _PANEL_HEIGHT = 320, 160
_MOST_PANELS, _COLUMNS, _GUTTER, _ROW_GAP = 8, 2, 60, 80
_MOST_NAMED, _MOST_OF_A_NAME, _MOST_OF_A_TITLE = 8, 18, 30
_TICKS, _FEWEST_TICKS = ((1, 10), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)), 4


def funnel(
    units: pl.DataFrame, lines: pl.DataFrame, *, month: str = "", own: str = "", width: int = 720
) -> alt.LayerChart | alt.ConcatChart:
    """Draw who stands apart from the others of their set, further than few waits can explain.

    >>> from benchkit import find_waits, synthesize
    >>> from benchkit.comparisons.units import compare
    >>> compared = compare(find_waits(synthesize(messages=50_000)), month="2026-10", within="industry")
    >>> funnel(*compared, own="Mumblecell").title.text
    'Which brands stand apart from their industry?'

    `units` and `lines` are what `compare` gives. A unit is a dot at its number of waits and its
    share (of agents, that on the same work), and a line is the share of its set as a whole. The
    grey band is where chance alone would leave units, and the dashed limits allow for how much
    they differ anyway: who is outside is named, and so is the reader's `own`, of which only the
    set is drawn. Without it, the sets with most waits have a panel each.

    Raises `UnknownNameError` for a column or an `own` that is not there.
    """
    ends = [f"{name}_{end}" for name in ("chance", *_LIMITS) for end in _ENDS]
    require(lines, ["within", "n", *ends], where="in these lines")
    judged = ("target", "inner_lower", "inner_upper", "z", "outside", "adjusted_for")
    require(units, ["ratio", "adjusted", "adjusted_lower", "adjusted_upper"], where="in this comparison")
    of_one_work = units["ratio"].is_not_null().any()
    found = compared_units(_adjusted(units) if of_one_work else units, *judged, own=own)
    drawn = found.largest(sets=_MOST_PANELS)
    lines = lines.filter(pl.col("within").is_in(drawn.sets)).sort("within", "n")
    question = (
        f"Which {drawn.unit}s stand apart from {f'their {drawn.set_of}' if drawn.set_of else 'the others'}?"
    )
    work = same_work(drawn.rows) if of_one_work else ""
    told = drawn.notes(month, _how_to_read(drawn, lines), work, _who_is_named(drawn))
    alt_text = _in_words(drawn)
    x = _size_axis(lines, drawn)
    if len(drawn.sets) < 2:
        parts = _parts(drawn, lines, x, height=_HEIGHT)
        return layers(*parts, question=question, notes=told, alt_text=alt_text, width=width, height=_HEIGHT)
    panels = [
        alt.LayerChart(
            layer=_parts(
                drawn._replace(rows=drawn.rows.filter(within=name)),
                lines.filter(within=name),
                x,
                height=_PANEL_HEIGHT,
            ),
            title=alt.Title(
                f"{shortened(name, width=_MOST_OF_A_TITLE)}: {_whole(drawn, name)}",
                fontSize=13,
                frame="group",
                offset=8,
            ),
            width=width // _COLUMNS - _GUTTER,
            height=_PANEL_HEIGHT,
        )
        for name in drawn.sets
    ]
    return alt.ConcatChart(
        concat=panels,
        columns=_COLUMNS,
        **heading(question, told),
        description=f"{question} {alt_text}",
        bounds="flush",
        spacing={"row": _ROW_GAP, "column": _GUTTER},
    )


def _adjusted(units: pl.DataFrame) -> pl.DataFrame:
    """Units with the shares by which those of like work are judged: the ones on the same work."""
    return units.with_columns(
        pl.col("adjusted").clip(0.0, 1.0).alias("estimate"),
        pl.col("adjusted_lower").clip(0.0, 1.0).alias("lower"),
        pl.col("adjusted_upper").clip(0.0, 1.0).alias("upper"),
    )


def _how_to_read(drawn: Compared, lines: pl.DataFrame) -> str:
    """One sentence on what to make of a dot's place."""
    whole = f"the {drawn.set_of} as a whole" if drawn.set_of else "all of them together"
    whole += ", without yours" if drawn.has_own and drawn.unit == "brand" else ""
    one = f"an {drawn.unit}" if drawn.unit[0] in "aeiou" else f"a {drawn.unit}"
    inside = f"inside the grey funnel, chance alone can explain the distance from the line, {whole}"
    if all(lines[f"inner_{end}"].equals(lines[f"chance_{end}"]) for end in _ENDS):
        return f"{inside}; outside it, {one} stands apart"
    return (
        f"{inside}; outside the dashed lines, which allow for how much {drawn.unit}s differ anyway, "
        f"{one} stands apart"
    )


def _who_is_named(drawn: Compared) -> str:
    outside = drawn.rows.filter(pl.col("outside") != 0).group_by("within").len()
    most = max(outside["len"], default=0)
    return f"Named: at most {_MOST_NAMED} outside the lines, the furthest" if most > _MOST_NAMED else ""


def _whole(drawn: Compared, name: str) -> str:
    """The share of a set as a whole."""
    return percent(drawn.rows.filter(within=name)["target"][0])


def _size_axis(lines: pl.DataFrame, drawn: Compared) -> alt.X:
    """The number of waits, on a log scale with round ticks."""
    sizes = lines["n"].to_list() or [10.0, 1_000.0]
    first, last = min(sizes), max(sizes)
    tens = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    for steps in _TICKS:
        ticks = [step * 10**ten for ten in tens for step in steps]
        ticks = [tick for tick in ticks if first <= tick <= last and tick % 1 == 0]
        if len(ticks) >= _FEWEST_TICKS:
            break
    waits = "Answered waits" if is_among_answered(drawn.metric) else "Waits"
    return alt.X(
        "n:Q",
        title=f"{waits} in the month (log scale)",
        scale=alt.Scale(type="log", domain=[first, last], nice=False),
        axis=alt.Axis(values=ticks, format=",", grid=False, labelOverlap="greedy"),
    )


def _parts(drawn: Compared, lines: pl.DataFrame, x: alt.X, *, height: int) -> list[alt.Chart]:
    """The funnel of one set and its units, from the back to the front."""
    rows = drawn.rows
    shares = [share for name in ("estimate", "target", "inner_lower", "inner_upper") for share in rows[name]]
    top = top_of(shares)
    top = 1.0 if top > 0.8 else top  # where a tick is, too
    bottom = math.floor(10 * min(shares, default=0.0)) / 10
    bottom = bottom if bottom >= top / 2 else 0.0
    y, y_lower, y_target, y_label = (
        share_axis(field, title=f"Share {drawn.in_time}", top=top, bottom=bottom)
        for field in ("share", "chance_lower", "target", "label_at")
    )
    step = pl.col("outside").abs()
    is_own = drawn.is_own
    dots = rows.with_columns(
        pl.col("estimate").alias("share"),
        step.replace_strict(_SHAPES, return_dtype=pl.String).alias("shape"),
        pl.when(is_own)
        .then(pl.lit(PALETTE[1]))
        .otherwise(step.replace_strict(_COLOURS, return_dtype=pl.String))
        .alias("colour"),
        pl.when(is_own | (step > 0)).then(1.0).otherwise(0.65).alias("opacity"),
        (pl.col("n") > math.sqrt(math.prod(x["scale"]["domain"]))).alias("to_left"),
    ).sort(is_own, step)
    named = dots.filter(is_own | (step > 0)).sort(is_own, pl.col("z").abs(), descending=True)
    named = named.head(_MOST_NAMED).with_columns(
        pl.when(is_own).then("colour").otherwise(pl.lit(INK)).alias("colour")
    )
    gap = LINE_HEIGHT * (top - bottom) / height
    limits = pl.concat(
        lines.select(
            "n", pl.col(f"{name}_{end}").alias("share"), pl.lit(said).alias("limit"), pl.lit(end).alias("end")
        )
        for name, said in _LIMITS.items()
        for end in _ENDS
    )
    dash = alt.StrokeDash(
        "limit:N",
        scale=alt.Scale(domain=list(_LIMITS.values()), range=_DASHES),
        legend=alt.Legend(title=None, symbolType="stroke", symbolSize=300, symbolStrokeWidth=1.5, offset=12),
    )
    names = apart(named.with_columns(cut(named["who"], width=_MOST_OF_A_NAME)), "share", gap=gap, top=top)
    points = alt.Chart(values(dots)).mark_point(filled=True, size=80, stroke="white", strokeWidth=0.7)
    return [
        alt.Chart(values(lines))
        .mark_area(color=_BAND, clip=True, aria=False)
        .encode(x=x, y=y_lower, y2="chance_upper:Q"),
        alt.Chart(values(limits))
        .mark_line(color=QUIET, strokeWidth=1.2, clip=True, aria=False)
        .encode(x=x, y=y, strokeDash=dash, detail="end:N"),
        alt.Chart(values(rows.head(1).select("target")))
        .mark_rule(color=INK, strokeWidth=1.5, aria=False)
        .encode(y=y_target),
        alt.Chart(values(names)).mark_rule(color=FAINT, aria=False).encode(x=x, y=y, y2="label_at:Q"),
        *labels(names, x=x, y=y_label, text="shown"),
        points.encode(
            x=x,
            y=y,
            shape=alt.Shape("shape:N", scale=None),
            fill=alt.Fill("colour:N", scale=None),
            opacity=alt.Opacity("opacity:Q", scale=None),
            tooltip=tooltip("who"),
        ),
    ]


def _in_words(drawn: Compared) -> str:
    """Each set's share as a whole, and who of it stands apart."""
    told = []
    for name in drawn.sets:
        rows = drawn.rows.filter(within=name)
        apart_ = pl.col("outside") != 0
        named = rows.filter(apart_ | drawn.is_own).sort(pl.col("z").abs(), descending=True)
        who = [
            f"{who} {share}, {_WHERE[outside]}"
            for who, share, outside in named.head(_MOST_NAMED).select("who", "figure", "outside").rows()
        ]
        n_apart = rows.filter(apart_).height
        count = f"{n_apart:,} of {rows.height:,} {drawn.unit}s outside the limits"
        whole = f"{_whole(drawn, name)} as a whole"
        told.append(f"{name or 'All'}: {', '.join([whole, count, *who])}")
    return f"{'; '.join(told) or 'Nothing to draw'}."
