"""What may be marked on an expectation curve: what surveys found, and the shares at one time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import altair as alt
import polars as pl

from benchkit.charts.style import (
    INK,
    LINE_HEIGHT,
    QUIET,
    apart,
    labels,
    require,
    share_axis,
    time_axis,
    time_scale,
    values,
)
from benchkit.errors import BenchkitError
from benchkit.words import horizon, human_seconds

_EXPECTED = {
    "year": pl.Int64(),
    "threshold": pl.String(),
    "seconds": pl.Int64(),
    "share": pl.Float64(),
    "source": pl.String(),
}
_SHAPES = ("diamond", "square", "triangle-up", "circle", "cross")
_SHADES = (INK, QUIET, "#8a949f")
_DASHES = ([1, 0], [5, 3], [1, 3])
_ROOM_FOR_A_LABEL = 0.3
CURVE_TOOLTIP = [
    alt.Tooltip("group:N", title="Who"),
    alt.Tooltip("within:N", title="Answered within"),
    alt.Tooltip("share:N", title="Share"),
    alt.Tooltip("interval:N", title="95% interval"),
    alt.Tooltip("n:Q", title="Waits", format=","),
]
_SURVEY_TOOLTIP = [
    alt.Tooltip("year:N", title="Survey of"),
    alt.Tooltip("threshold:N", title="Expect an answer within"),
    alt.Tooltip("percent:N", title="Share"),
    alt.Tooltip("source:N", title="Source"),
]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where a curve is drawn: from the first time to the last, from 0 up to the share `top`."""

    first: int
    last: int
    top: float
    height: int
    y_title: str

    @property
    def x(self) -> alt.X:
        """The time since the customer wrote."""
        scale = time_scale(self.first, self.last)
        return alt.X("seconds:Q", title="Time since the customer wrote", scale=scale, axis=time_axis())

    def y(self, field: str) -> alt.Y:
        """A share."""
        return share_axis(field, title=self.y_title, top=self.top)

    def apart(self, rows: pl.DataFrame, place: str) -> pl.DataFrame:
        """Rows with `label_at`, a line of text from each other."""
        return apart(rows, place, gap=LINE_HEIGHT * self.top / self.height, top=self.top)


def survey_rows(
    expected: pl.DataFrame | None, *, first: int, last: int, threshold_seconds: int | None = None
) -> pl.DataFrame:
    """The points of surveys between two times, with their labels, and each year's shape and shade.

    At a threshold, the shares of the curves are on the left.
    """
    if expected is None:
        expected = pl.DataFrame(schema=_EXPECTED)
    require(expected, list(_EXPECTED), where="in what is expected")
    inside = pl.col("seconds").is_between(first, last) & pl.col("share").is_not_null()
    points = expected.select(pl.col(name).cast(dtype) for name, dtype in _EXPECTED.items()).filter(inside)
    years = points["year"].unique().sort(descending=True).to_list()
    shapes = {year: _SHAPES[i % len(_SHAPES)] for i, year in enumerate(years)}
    shades = {year: _SHADES[min(i, len(_SHADES) - 1)] for i, year in enumerate(years)}
    has_room = pl.col("seconds") > first * (last / first) ** _ROOM_FOR_A_LABEL
    said = pl.Series("percent", [f"{100 * share:.3g}%" for share in points["share"]], pl.String)
    return points.with_columns(
        said,
        pl.format("{} ({})", said, "year").alias("label"),
        pl.col("year").replace_strict(shapes, return_dtype=pl.String).alias("shape"),
        pl.col("year").replace_strict(shades, return_dtype=pl.String).alias("colour"),
        (has_room & pl.col("seconds").ne_missing(threshold_seconds)).alias("to_left"),
    ).sort("seconds", "share", "year")


def survey_layers(surveys: pl.DataFrame, plane: Plane) -> Iterator[alt.Chart]:
    """The points of `survey_rows`, a step line through those of each year, and the points' labels.

    By then, and until the next point, at least that share expects an answer. A label has its
    point's step below it, or none beside it.
    """
    by_year = surveys.sort("year", descending=True).partition_by("year", maintain_order=True)
    for points, dash in zip(by_year, cycle(_DASHES), strict=False):
        steps = points.select("seconds", "share", "colour").sort("seconds", "share")
        ends = steps.tail(1).with_columns(seconds=pl.lit(plane.last, pl.Int64))
        line = alt.Chart(values(pl.concat([steps, ends])))
        yield line.mark_line(
            interpolate="step-after", strokeWidth=1.2, strokeDash=dash, color=steps["colour"][0], aria=False
        ).encode(x=plane.x, y=plane.y("share"))
    if surveys.height:
        at_one_time = surveys.partition_by("seconds", maintain_order=True)
        placed = pl.concat(plane.apart(rows, "share") for rows in at_one_time)
        for to_left, dy in ((False, -9), (True, 0)):
            beside = placed.filter(pl.col("to_left") == to_left)
            yield from labels(beside, x=plane.x, y=plane.y("label_at"), text="label", dy=dy)
        yield (
            alt.Chart(values(placed))
            .mark_point(filled=True, size=90, opacity=1, stroke="white", strokeWidth=1)
            .encode(
                x=plane.x,
                y=plane.y("share"),
                fill=alt.Fill("colour:N", scale=None),
                shape=alt.Shape("shape:N", scale=None),
                tooltip=_SURVEY_TOOLTIP,
            )
        )


def check_threshold(curve: pl.DataFrame, seconds: int) -> None:
    """Refuse a threshold that is none of a curve's times: what lies between them is not measured."""
    times = curve["seconds"].unique().sort().to_list()
    if seconds not in times:
        nearest = sorted(times, key=lambda time: abs(time - seconds))[:1]
        way_out = f"the nearest is {nearest[0]}" if nearest else "there are none"
        raise BenchkitError(
            f"{seconds} seconds ({human_seconds(seconds)}) is none of this curve's times; {way_out}"
        )


def threshold_layers(rows: pl.DataFrame, seconds: int, plane: Plane) -> Iterator[alt.Chart]:
    """A rule at one time, named above it, and the share of each line there, where lines do not yet rise."""
    has_room = math.log(seconds / plane.first) > 0.2 * math.log(plane.last / plane.first)
    points = plane.apart(rows.filter(seconds=seconds), "estimate").with_columns(to_left=has_room)
    where = pl.DataFrame({"seconds": [seconds], "threshold": horizon(seconds)})
    rule = alt.Chart(values(where)).encode(x=plane.x)
    yield rule.mark_rule(color=INK, strokeWidth=1.5, aria=False)
    yield rule.mark_text(color=INK, fontWeight=600, baseline="bottom", dy=-4).encode(
        y=alt.value(0), text="threshold:N"
    )
    yield from labels(points, x=plane.x, y=plane.y("label_at"), text="share")
    yield (
        alt.Chart(values(points))
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=plane.x,
            y=plane.y("estimate"),
            color=alt.Color("colour:N", scale=None),
            tooltip=CURVE_TOOLTIP,
        )
    )
