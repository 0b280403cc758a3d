"""How one definition's reply time becomes another's, rule by rule."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import altair as alt
import polars as pl

from benchkit.charts.style import (
    DAY,
    FAINT,
    HOUR,
    INK,
    MINUTE,
    PALETTE,
    QUIET,
    layers,
    require,
    time_axis,
    values,
)
from benchkit.definitions.words import called, in_short, short_name
from benchkit.words import change, figure, legible, month_name

_STEPS = ("rule", "before", "after", "estimate", "n_replied", "definition")
_MOST_OF_A_LINE = 16
_HEIGHT, _BAR, _HEADROOM, _MOST_TICKS = 36, 18, 1.5, 6
_UP = 0.2
"""How far above the middle of its bar, in bars, the first of two lines of a label stands."""

_TICKS = (
    *(1, 10, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 30 * DAY, 365 * DAY),
)
_BARS = {
    "label": pl.String,
    **dict.fromkeys(("from", "to"), pl.Float64),
    **dict.fromkeys(("told", "colour", "fill", "before", "after"), pl.String),
    "n": pl.Int64,
    "is_approximate": pl.Boolean,
}


def bridge(steps: pl.DataFrame, *, to: str = "benchkit", month: str = "", width: int = 720) -> alt.LayerChart:
    """Draw how one definition's reply time becomes another's, a bar for each rule that moves it.

    >>> from benchkit.comparisons.definitions import bridge as bridge_between
    >>> from benchkit.sources.timelines import from_timelines
    >>> steps = bridge_between(from_timelines("C0 A10", "C0 C50 A90", "C0 A5"), "sprout")
    >>> bridge(steps).description
    "What makes sprout's reply time differ from benchkit's? sprout (approximate): 35 min; mean or median: \
−25 min; benchkit, among answered: 10 min."

    `steps` is what `comparisons.bridge` gives, `to` the name of the definition it leads to. Rules that
    move the figure by less than half a second are named in the notes.

    Raises `UnknownNameError` for a column that is not there.
    """
    require(steps, _STEPS, where="in this bridge")
    bars, unmoved = _bars(steps, to)
    whose = called(steps["definition"][0])[0] if steps.height else "one"
    reading = "From above, one rule is switched at a time; blue: shorter, orange: longer"
    if bars.height and bars["is_approximate"].any():
        reading += "; hollow: approximate, some rules being second-hand or remembered"
    return layers(
        *_marks(bars),
        question=f"What makes {short_name(whose)}'s reply time differ from {short_name(to)}'s?",
        notes=[
            f"Messages that were answered, {month_name(month)}" if month else "Messages that were answered",
            reading if bars.height else "Nothing to draw: at some step there are too few answered waits",
            f"No difference here: {', '.join(unmoved)}" if bars.height and unmoved else "",
        ],
        alt_text=f"{'; '.join(map(': '.join, bars.select('label', 'told').rows())) or 'Nothing to draw'}.",
        width=width,
        height=_HEIGHT * max(bars.height, 1),
    )


def _bars(steps: pl.DataFrame, to: str) -> tuple[pl.DataFrame, list[str]]:
    """The bars from top to bottom, none where a figure is missing; and the rules that move nothing."""
    bars: list[dict[str, Any]] = []
    unmoved: list[str] = []
    rows = steps.to_dicts()
    if not rows or steps["estimate"].is_null().any():
        return pl.DataFrame(schema=_BARS), []
    name, is_approximate = called(rows[0]["definition"])
    ends = [(f"{short_name(name)}{' (approximate)' * is_approximate}", rows[0], is_approximate)]
    ends.append((f"{short_name(to)}, among answered", rows[-1], False))
    for before, row in pairwise(rows):
        begin, end = before["estimate"], row["estimate"]
        if abs(end - begin) < 0.5:
            unmoved.append(in_short(row["rule"]))
            continue
        told, colour = change(end - begin, "seconds"), PALETTE[1 if end > begin else 0]
        place = {"from": begin, "to": end, "told": told, "colour": colour, "fill": colour}
        words = {name: row[name] for name in ("before", "after")}
        bars.append({"label": in_short(row["rule"]), "n": row["n_replied"], **place, **words})
    first, last = (
        {
            "label": label,
            "from": 0.0,
            "to": row["estimate"],
            "told": figure(row["estimate"], "seconds"),
            "colour": QUIET,
            "fill": "white" if is_hollow else QUIET,
            "n": row["n_replied"],
            "is_approximate": is_hollow,
        }
        for label, row, is_hollow in ends
    )
    drawn = pl.DataFrame([first, *bars, last], schema=_BARS)
    return drawn.with_columns(pl.col("from", "to").round(1)), unmoved


def _marks(bars: pl.DataFrame) -> Iterator[alt.Chart]:
    """The bars, lines that lead from each to the next, and what each comes to on its right."""
    rows = bars.with_row_index("place").with_columns(
        pl.col("place").cast(pl.Int64),
        pl.max_horizontal("from", "to").alias("right"),
        (pl.col("place").cast(pl.Int64) + 1).alias("next"),
    )
    top = _HEADROOM * max([*bars["from"], *bars["to"]], default=float(HOUR)) or float(HOUR)
    written = [textwrap.wrap(legible(label), _MOST_OF_A_LINE)[:2] for label in bars["label"]]
    begins = [place - _UP * (len(lines) > 1) for place, lines in enumerate(written)]
    x, x_to, x_right = (
        alt.X(
            f"{field}:Q",
            title="Reply time",
            scale=alt.Scale(domain=[0, top], nice=False),
            axis=time_axis(_ticks(top), grid=True),
        )
        for field in ("from", "to", "right")
    )
    y = alt.Y(
        "place:Q",
        title=None,
        scale=alt.Scale(domain=[-0.5, max(bars.height, 1) - 0.5], reverse=True, nice=False, zero=False),
        axis=alt.Axis(
            values=begins,
            labelExpr=f"{json.dumps(written)}[ceil(datum.value)]",
            labelColor=INK,
            labelLimit=0,
            labelPadding=8,
            domain=False,
            ticks=False,
            grid=False,
        ),
    )
    drawn = alt.Chart(values(rows)).encode(y=y)
    leading = alt.Chart(values(rows.head(-1))).encode(y=y)
    yield leading.mark_rule(color=FAINT, strokeWidth=1, aria=False).encode(x=x_to, y2="next:Q")
    yield drawn.mark_bar(size=_BAR, strokeWidth=1.5, orient="horizontal").encode(
        x=x,
        x2="to:Q",
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("colour:N", scale=None),
        tooltip=[
            alt.Tooltip("label:N", title="What"),
            alt.Tooltip("told:N", title="Reply time"),
            alt.Tooltip("before:N", title="Before"),
            alt.Tooltip("after:N", title="After"),
            alt.Tooltip("n:Q", title="Answered waits", format=","),
        ],
    )
    yield drawn.mark_text(align="left", dx=6, limit=0, color=INK).encode(x=x_right, text="told:N")


def _ticks(top: float) -> list[int]:
    """Times from 0 on in equal steps, as few as can be read."""
    step = next((step for step in _TICKS if top / step <= _MOST_TICKS), _TICKS[-1])
    return [step * i for i in range(int(top / step) + 1)]
