"""What all charts share: the renderer, the theme, colours, axes and how words are put together."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from benchkit.tables import CHART_TYPE
from benchkit.words import human_seconds

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's colours, which colour-blind readers can tell apart."""

INK, QUIET, FAINT = "#1d232b", "#56606d", "#ced4db"
HOUR, DAY = 3_600, 86_400
TIME_TICKS = (60, 900, HOUR, 4 * HOUR, DAY, 7 * DAY)
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


def values(rows: pl.DataFrame) -> alt.InlineData:
    """A chart's rows, kept inside its specification."""
    return alt.InlineData(values=rows.to_dicts())


def time_scale(rows: pl.DataFrame) -> alt.Scale:
    """A log scale of seconds, from the first to the last."""
    ends = [min(rows["seconds"], default=60), max(rows["seconds"], default=7 * DAY)]
    return alt.Scale(type="log", domain=ends, nice=False)


def time_axis() -> alt.Axis:
    """An axis of seconds whose ticks are in words."""
    words = ", ".join(f"'{seconds}': '{human_seconds(seconds)}'" for seconds in TIME_TICKS)
    return alt.Axis(
        values=list(TIME_TICKS),
        labelExpr=f"({{{words}}})[datum.value]",
        labelOverlap="greedy",
        labelSeparation=4,
        grid=False,
    )


def _mimebundle(spec: dict[str, Any]) -> dict[str, Any]:
    return {CHART_TYPE: spec, "text/plain": spec.get("description", "A chart")}


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
                "gridColor": "#e8ebef",
                "domainColor": FAINT,
                "tickColor": FAINT,
            },
            "text": {"font": _FONT, "fontSize": 12},
        }
    }
