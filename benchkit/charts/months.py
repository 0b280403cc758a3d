"""The headline shares month by month, against a target."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence

import altair as alt
import polars as pl

from benchkit.charts.rows import figure_rows, headline_shares, is_among_answered, stated
from benchkit.charts.style import (
    DAY,
    HOUR,
    INK,
    LINE_HEIGHT,
    PALETTE,
    QUIET,
    apart,
    labels,
    layers,
    notes,
    require,
    share_axis,
    tooltip,
    top_of,
    values,
)
from benchkit.errors import BenchkitError
from benchkit.metrics import Target
from benchkit.periods import parse_month
from benchkit.words import horizon, month_name

_COLOURS = {HOUR: PALETTE[0], DAY: PALETTE[1]}


def months(
    estimates: pl.DataFrame,
    *,
    month: str = "",
    target: str | None = None,
    width: int = 720,
    height: int = 260,
) -> alt.LayerChart:
    """Draw which shares were answered within the hour and within the day, month by month.

    >>> from benchkit import find_waits, measure
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0"))
    >>> estimates = measure(waits, min_waits=0).select(pl.lit("2026-10").alias("month"), pl.all())
    >>> months(estimates).description
    'Are more customers answered in time than before? Within 1 h: 33.3% in October 2026; \
within 24 h: 66.7% in October 2026.'

    `estimates` are those of one group, with a first column `month` (2026-10). The month
    asked for, by default the latest, stands out; months that may still change are hollow, and
    those without a figure leave a gap. `target` is text such as "80% in 1h"; it is not drawn
    against shares of the answered only.

    Raises `UnknownNameError` for a column or metric that is not there, and `BenchkitError` for
    more than one group, for what is no month, and for what is no target.
    """
    require(estimates, ["month"], where="in these estimates")
    if estimates.select(pl.struct("month", "metric", "definition").is_duplicated().any()).item():
        raise BenchkitError("these months are of several groups; keep the rows of one of them")
    shares = headline_shares(estimates)
    among_answered = any(map(is_among_answered, shares.values()))
    goal = Target.parse(target) if target and not among_answered else None
    rows = figure_rows(estimates, list(shares.values()), stated("month").alias("month"), pl.col("definition"))
    every = _every_month(rows["month"].to_list())
    current = month or max(every, default="")
    looks = {metric.name: seconds for seconds, metric in shares.items()}
    drawn = rows.with_columns(
        pl.col("metric").replace_strict(looks, return_dtype=pl.Int64).alias("seconds"),
        pl.col("month").replace_strict(_short(every), return_dtype=pl.String).alias("words"),
        pl.when(month=current).then(110).otherwise(45).alias("size"),
        pl.when(month=current).then(1.0).otherwise(0.45).alias("opacity"),
    ).with_columns(
        pl.col("seconds").replace_strict(_COLOURS, return_dtype=pl.String).alias("colour"),
    )
    drawn = drawn.with_columns(
        pl.when(status="provisional").then(pl.lit("white")).otherwise("colour").alias("fill")
    ).sort("seconds", "month", maintain_order=True)
    top = top_of([*drawn["estimate"], *drawn["upper"].drop_nulls(), *([goal.share] if goal else [])])
    x = _month_axis(every, current)
    y, y_lower, y_label = (
        share_axis(field, title="Share of the answered" if among_answered else "Share answered", top=top)
        for field in ("estimate", "lower", "label_at")
    )
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(values(drawn)).encode(x=x)
    lines = alt.Chart(values(_with_gaps(drawn, every))).encode(
        x=x, y=y, color=colour, detail=["seconds:N", "definition:N"]
    )
    points = base.encode(
        y=y,
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("colour:N", scale=None),
        size=alt.Size("size:Q", scale=None),
        tooltip=[*tooltip("words", title="Month"), alt.Tooltip("definition:N", title="Definition")],
    )
    return layers(
        *(_target_layers(goal, y) if goal else []),
        base.mark_rule(strokeWidth=2, aria=False).encode(
            y=y_lower, y2="upper:Q", color=colour, opacity=alt.Opacity("opacity:Q", scale=None)
        ),
        lines.mark_line(aria=False),
        points.mark_point(opacity=1, strokeWidth=2),
        *labels(
            _ends(drawn, gap=2.2 * LINE_HEIGHT * top / height, top=top),
            x=alt.value("width"),
            y=y_label,
            text="label",
            dy=-7,
        ),
        question="Do answers come sooner than before?"
        if among_answered
        else "Are more customers answered in time than before?",
        notes=[
            *notes(
                drawn,
                month="",
                among_answered=among_answered,
                key="lines: 95% interval",
                provisional="provisional months are hollow",
            ),
            _changes(drawn),
        ],
        alt_text=_in_words(drawn, current, goal),
        width=width,
        height=height,
    )


def _changes(drawn: pl.DataFrame) -> str:
    """When another definition began to hold, if one did."""
    begins = drawn.group_by("definition").agg(pl.col("month").min()).sort("month")["month"].to_list()[1:]
    told = " and ".join(map(month_name, begins))
    return f"A line breaks where another definition begins to hold: {told}, shown both ways" if told else ""


def _every_month(found: Sequence[str]) -> list[str]:
    """All months from the first to the last, also those in between of which there is nothing."""
    starts = [parse_month(month).start for month in found]
    if not starts:
        return []
    return pl.date_range(min(starts), max(starts), "1mo", eager=True).dt.strftime("%Y-%m").to_list()


def _short(every: Sequence[str]) -> dict[str, str]:
    return {month: f"{calendar.month_abbr[int(month[5:])]} {month[:4]}" for month in every}


def _month_axis(every: Sequence[str], current: str) -> alt.X:
    words = _short(every)
    is_current = f"datum.value === '{words.get(current, '')}'"
    return alt.X(
        "words:O",
        title="Month",
        sort=None,
        scale=alt.Scale(domain=list(words.values()), type="point", padding=0.15),
        axis=alt.Axis(
            grid=False,
            labelAngle=0,
            labelExpr="split(datum.label, ' ')",
            labelOverlap="greedy",
            labelSeparation=4,
            labelColor={"condition": {"test": is_current, "value": INK}, "value": QUIET},
            labelFontWeight={"condition": {"test": is_current, "value": 700}, "value": 400},
        ),
    )


def _with_gaps(drawn: pl.DataFrame, every: Sequence[str]) -> pl.DataFrame:
    """The points of each line, with an empty one for each month that has none, which breaks the line."""
    horizons = drawn.select("seconds", "colour", "definition").unique(maintain_order=True)
    months = pl.DataFrame(
        {"month": every, "words": list(_short(every).values())},
        schema={"month": pl.String, "words": pl.String},
    )
    return (
        horizons.join(months, how="cross")
        .join(
            drawn.select("month", "seconds", "definition", "estimate"),
            on=["month", "seconds", "definition"],
            how="left",
            maintain_order="left",
        )
        .drop("month")
    )


def _ends(drawn: pl.DataFrame, *, gap: float, top: float) -> pl.DataFrame:
    """What is written beside each line's last point, moved so that no two lie on each other."""
    ends = apart(drawn.group_by("seconds", maintain_order=True).last(), "estimate", gap=gap, top=top)
    texts = [
        f"{told}\nwithin {horizon(seconds)}" for told, seconds in ends.select("figure", "seconds").rows()
    ]
    return ends.select(
        "colour", "label_at", pl.Series("label", texts, pl.String), pl.lit(False).alias("to_left")
    )


def _target_layers(goal: Target, y: alt.Y) -> Iterator[alt.Chart]:
    """A line at the target's share, in the colour of the shares it is for, and what it says."""
    colour = _COLOURS.get(goal.within_seconds, INK)
    label = f"Target: {_said(goal)}"
    row = pl.DataFrame({"estimate": [goal.share], "label": label, "colour": colour, "to_left": False})
    yield alt.Chart(values(row)).mark_rule(color=colour, strokeDash=[6, 3], aria=False).encode(y=y)
    yield from labels(row, x=alt.value(0), y=y, text="label", dx=4, dy=-9)


def _said(goal: Target) -> str:
    return f"{100 * goal.share:.3g}% within {horizon(goal.within_seconds)}"


def _in_words(drawn: pl.DataFrame, current: str, goal: Target | None) -> str:
    """Each share in the month asked for, the one before it and the first, and the target."""
    told = []
    for (seconds,), line in drawn.group_by("seconds", maintain_order=True):
        figures = dict(line.select("month", "figure").iter_rows())
        before = [month for month in figures if month < current]
        chosen = dict.fromkeys(month for month in (current, *before[-1:], *before[:1]) if month in figures)
        parts = [f"{figures[month]} in {month_name(month)}" for month in chosen]
        told.append(f"within {horizon(seconds)}: {', '.join(parts)}")
    if goal and told:
        told.append(f"target: {_said(goal)}")
    sentence = "; ".join(told) or "nothing to draw"
    return f"{sentence[0].upper()}{sentence[1:]}."
