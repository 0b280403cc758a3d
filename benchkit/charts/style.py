"""What all charts share: the renderer, the theme, colours, axes, headings, and where labels go."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import polars as pl

from benchkit.errors import UnknownNameError, printable
from benchkit.tables import CHART_TYPE
from benchkit.words import horizon, legible, month_name, shortened

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""

INK, QUIET, FAINT, FAINTEST = "#1d232b", "#56606d", "#ced4db", "#e8ebef"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
TIME_TICKS = (MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY)
LINE_HEIGHT = 15
NOTHING_TO_DRAW = "Nothing to draw: nobody has enough waits"
_SUBTITLE_CHARACTERS = 105
_NARROW = 330
_FONT = (
    "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, 'Apple SD Gothic Neo', "
    "'Malgun Gothic', 'Hiragino Sans', 'Yu Gothic', 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK KR', 'Noto Sans CJK JP', 'Noto Sans CJK SC', sans-serif"
)


def enable_renderer() -> None:
    """Make altair draw with benchkit's renderer and theme, in JupyterLab and in reports.

    >>> enable_renderer()
    >>> alt.renderers.active, alt.theme.active
    ('benchkit', 'benchkit')

    A picture is stored as its Vega-Lite specification beside its alt text; JupyterLab
    draws that without a network, live and when a saved notebook is opened again.
    """
    alt.renderers.register("benchkit", _mimebundle)
    alt.renderers.enable("benchkit")
    alt.theme.register("benchkit", enable=True)(_theme)


def require(frame: pl.DataFrame, columns: Sequence[str], *, where: str) -> None:
    """Refuse a frame without a column: a chart of it would be empty without a word."""
    for column in columns:
        if column not in frame.columns:
            raise UnknownNameError("column", column, frame.columns, where=where)


def values(rows: pl.DataFrame) -> dict[str, Any]:
    """A chart's rows, kept inside its specification."""
    return {"values": tuple(rows.to_dicts())}  # altair copies lists, and checks InlineData row by row


def layers(
    *parts: alt.Chart, question: str, notes: Sequence[str], alt_text: str, width: int, height: int
) -> alt.LayerChart:
    """Lay parts over each other under a question, what to know of it, and the same in words."""
    return alt.LayerChart(
        layer=list(parts),
        **heading(question, notes),
        description=f"{question} {alt_text}",
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def tooltip(who: str = "group", *, title: str = "Who") -> list[alt.Tooltip]:
    """What a figure's mark tells when pointed at."""
    return [
        alt.Tooltip(f"{who}:N", title=title),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("figure:N", title="Figure"),
        alt.Tooltip("interval:N", title="95% interval"),
        alt.Tooltip("n:Q", title="Waits", format=","),
        alt.Tooltip("status:N", title="Status"),
    ]


def notes(
    rows: pl.DataFrame,
    *,
    month: str,
    among_answered: bool,
    key: str,
    provisional: str = "provisional",
    nothing: str = NOTHING_TO_DRAW,
) -> list[str]:
    """Whose messages are drawn and of which month, whether that may change, and how to read it."""
    whose = "Messages that were answered" if among_answered else "All who wrote, answered or not"
    status = provisional if "provisional" in rows["status"] else ""
    reading = ", ".join(part for part in (status, key) if part)
    return [
        f"{whose}, {month_name(month)}" if month else whose,
        reading[:1].upper() + reading[1:] if rows.height else nothing,
    ]


def heading(question: str, notes: Sequence[str]) -> dict[str, Any]:
    """A question, and notes in lines as long as fit; the report's page breaks both as its width asks."""
    told = [note for note in notes if note]
    subtitle = [line for note in told for line in textwrap.wrap(note, _SUBTITLE_CHARACTERS)]
    return {"title": alt.Title(question, subtitle=subtitle), "usermeta": {"notes": told}}


def top_of(shares: Sequence[float]) -> float:
    """Where an axis of shares ends: at the next full 10%."""
    return math.ceil(10 * min(max(shares, default=1.0), 1.0)) / 10 or 0.1


def share_axis(field: str, *, title: str, top: float, bottom: float = 0.0) -> alt.Y:
    """A vertical axis of shares."""
    return alt.Y(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(domain=[bottom, top]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )


def time_scale(first: float, last: float) -> alt.Scale:
    """A log scale of seconds."""
    return alt.Scale(type="log", domain=[first, last], nice=False)


def time_axis(ticks: Sequence[int] = TIME_TICKS, *, grid: bool = False) -> alt.Axis:
    """An axis of seconds whose ticks are in words."""
    words = ", ".join(f"'{seconds}': '{horizon(seconds)}'" for seconds in ticks)
    return alt.Axis(
        values=list(ticks),
        labelExpr=f"({{{words}}})[datum.value]",
        labelOverlap="greedy",
        labelSeparation=4,
        grid=grid,
    )


def spread(places: Sequence[float], *, gap: float, top: float) -> list[float]:
    """Move places in rising order so that each is a `gap` above the one before, the last below `top`.

    >>> spread([1.0, 1.5, 9.5], gap=1.0, top=9.0)
    [1.0, 2.0, 9.0]
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    ceiling = top
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    return moved


def apart(rows: pl.DataFrame, place: str, *, gap: float, top: float) -> pl.DataFrame:
    """Rows by rising `place`, with `label_at` where their labels do not lie on each other."""
    rising = rows.sort(place, maintain_order=True)
    return rising.with_columns(
        pl.Series("label_at", spread(rising[place].to_list(), gap=gap, top=top), pl.Float64)
    )


def labels(
    rows: pl.DataFrame, *, x: Any, y: alt.Y, text: str, short: str = "", dx: int = 8, dy: int = 0
) -> Iterator[alt.Chart]:
    """Text in its row's `colour` beside a point: on its left where `to_left`; lines do not cut it.

    Where the chart is narrow, the text is `short`, if there is one.
    """
    words = f"width < {_NARROW} ? datum.{short} : datum.{text}" if short else f"datum.{text}"
    for left in (False, True):
        beside = rows.filter(pl.col("to_left") == left)
        if beside.height:
            written = alt.Chart(values(beside)).encode(x=x, y=y)
            place: dict[str, Any] = {"align": "right", "dx": -dx} if left else {"align": "left", "dx": dx}
            place |= {"dy": dy, "limit": 0, "lineBreak": "\n", "text": {"expr": words}}
            yield written.mark_text(**place, stroke="white", strokeWidth=4, strokeJoin="round", aria=False)
            yield written.mark_text(**place).encode(color=alt.Color("colour:N", scale=None))


def cut(names: pl.Series, *, width: int = 24) -> pl.Series:
    """Names short enough to be written in a chart: Vega would cut them in the middle of a character."""
    return pl.Series("shown", [shortened(name, width=width) for name in names], pl.String)


def _mimebundle(spec: dict[str, Any]) -> dict[str, Any]:
    spec = _legible(spec)
    return {CHART_TYPE: spec, "text/plain": printable(spec.get("description", "A chart"))}


def _legible(part: Any) -> Any:
    if isinstance(part, str):
        return legible(part)
    if isinstance(part, list | tuple):
        return [_legible(value) for value in part]
    return {key: _legible(value) for key, value in part.items()} if isinstance(part, dict) else part


def _theme() -> alt.theme.ThemeConfig:
    return {
        "config": {
            "background": "white",
            "padding": {"left": 0, "top": 4, "right": 4, "bottom": 4},
            "font": _FONT,
            "view": {"stroke": None},
            "title": {
                "anchor": "start",
                "frame": "bounds",
                "color": INK,
                "fontSize": 16,
                "fontWeight": 600,
                "subtitleColor": QUIET,
                "subtitleFontSize": 12.5,
                "subtitlePadding": 5,
                "offset": 14,
            },
            "axis": {
                "labelColor": QUIET,
                "labelFontSize": 12,
                "titleColor": QUIET,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "titlePadding": 8,
                "gridColor": FAINTEST,
                "domainColor": FAINT,
                "tickColor": FAINT,
            },
            "legend": {
                "orient": "top",
                "titleOrient": "left",
                "titleColor": INK,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "labelColor": INK,
                "labelFontSize": 12,
                "symbolSize": 80,
                "columnPadding": 10,
                "offset": 6,
            },
            "text": {"font": _FONT, "fontSize": 12},
        }
    }
