"""The same pictures with a handle to move them by, where someone sits in front of them."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl
from IPython import get_ipython
from IPython.display import display

from benchkit import charts, tables
from benchkit.html import Html
from benchkit.words import human_seconds


def threshold_slider(
    curve: pl.DataFrame, *, month: str = "", expected: pl.DataFrame | None = None, seconds: int = 3_600
) -> None:
    """Show who was answered within a time that a slider chooses: as a chart, and as a table under it.

    In a notebook: `explore.threshold_slider(bk.expectation_curve(waits, month=month), month=month)`.

    `curve` is what `expectation_curve` gives, `expected` the surveys' points that the chart
    sets against it, `seconds` the time chosen at first. Moving the slider measures nothing
    again. Chart and table are ordinary outputs, each replaced in place: a saved notebook
    keeps the last ones.

    There is a slider where the front end that runs the cell can also ask for input, as its
    request says: JupyterLab and VS Code can. Papermill and nbconvert cannot, and store the
    chart and table alone; without IPython they are printed.

    Raises what `charts.answered_within_curve` raises, such as for a time that is not in the curve.
    """
    times = {human_seconds(time): time for time in curve["seconds"].unique().sort()}
    chosen = times.get(human_seconds(seconds), seconds)

    def views(time: int) -> tuple[alt.LayerChart, Html]:
        return (
            charts.answered_within_curve(curve, month=month, expected=expected, threshold_seconds=time),
            tables.curve(curve, seconds=[time]),
        )

    first = views(chosen)
    slider = _slider(times, chosen) if _someone_is_there() else None
    if slider:
        in_words = {"text/plain": "Run this cell to choose another time with a slider."}
        _show(slider._repr_mimebundle_() | in_words, raw=True)
    outputs = [_show(view) for view in first]

    def redraw(change: Any) -> None:
        for output, view in zip(outputs, views(change["new"]), strict=True):
            output.update(view)

    if slider:
        slider.observe(redraw, names="value")


def _slider(times: dict[str, int], chosen: int) -> Any:
    from ipywidgets.widgets.widget_selection import SelectionSlider

    return SelectionSlider(  # type: ignore[no-untyped-call]
        options=list(times.items()),
        value=chosen,
        description="Answered within",
        style={"description_width": "initial"},
        layout={"width": "720px", "max_width": "100%"},
    )


def _someone_is_there() -> bool:
    """Whether the cell that runs was sent by a front end that could ask someone for input."""
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel else {}
    return bool(request.get("content", {}).get("allow_stdin"))


def _show(view: object, *, raw: bool = False) -> Any:
    return display(view, display_id=True, raw=raw)  # type: ignore[no-untyped-call]
