"""The expectation curve: which share of customers has an answer, by the time since they wrote."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from benchkit.charts.marks import (
    CURVE_TOOLTIP,
    Plane,
    check_threshold,
    survey_layers,
    survey_rows,
    threshold_layers,
)
from benchkit.charts.style import (
    DAY,
    FAINT,
    HOUR,
    MINUTE,
    PALETTE,
    QUIET,
    cut,
    layers,
    notes,
    require,
    top_of,
    values,
)
from benchkit.series import group_columns, group_label
from benchkit.words import horizon, human_seconds, percent, span

_MARKED_SECONDS = (HOUR, DAY)
_CURVE_COLUMNS = ("metric", "seconds", "estimate", "lower", "upper", "n", "status")
_BAND = ("band_lower", "band_upper")
_MOST_OF_A_NAME = 18
_MAX_TIMES = 60
_MAX_BANDS = 3


def answered_within_curve(
    curve: pl.DataFrame,
    *,
    month: str = "",
    expected: pl.DataFrame | None = None,
    threshold_seconds: int | None = None,
    coloured: int = 6,
    width: int = 720,
    height: int = 340,
) -> alt.LayerChart:
    """Draw which share of customers had an answer, by the time since they wrote.

    >>> curve = pl.DataFrame({"metric": "answered_within", "seconds": [3600, 86400], "estimate": [0.2, 0.5],
    ...                       "lower": [0.1, 0.4], "upper": [0.3, 0.6], "n": 80, "status": "final"})
    >>> answered_within_curve(curve).description
    'How soon is a customer answered? All together: 20.0% within 1 h, 50.0% within 24 h.'

    `curve` is what `expectation_curve` gives: a line for each group, the `coloured` ones with
    most waits in colour and named, the others grey. Up to three are shaded, of more the one
    pointed at: from `band_lower` to `band_upper` where the curve has a band, else from `lower`
    to `upper`. Groups without figures are not drawn. `expected` holds what surveys found: a
    point for each row of `year`, `threshold` (in words), `seconds`, `share` and `source`, with
    steps between those of a year. At `threshold_seconds`, one of the curve's times, the named
    groups' shares are written.

    Raises `UnknownNameError` for a column that is not there, and `BenchkitError` for a
    threshold that is none of the curve's times.
    """
    require(curve, _CURVE_COLUMNS, where="in this curve")
    if threshold_seconds is not None:
        check_threshold(curve, threshold_seconds)
    marked = (*_MARKED_SECONDS, *([] if threshold_seconds is None else [threshold_seconds]))
    rows, groups = _curve_rows(curve, marked)
    has_band = bool(rows["band_lower"].is_not_null().any())
    shade_lower, shade_upper = ("band_lower", "band_upper") if has_band else ("lower", "upper")
    named = groups[:coloured]
    colours = {group: PALETTE[i % len(PALETTE)] for i, group in enumerate(named)}
    rows = rows.with_columns(pl.col("group").replace_strict(colours, default=FAINT).alias("colour"))
    first, last = min(rows["seconds"], default=MINUTE), max(rows["seconds"], default=7 * DAY)
    surveys = survey_rows(expected, first=first, last=last, threshold_seconds=threshold_seconds)
    among_answered = "replied_within" in curve["metric"]
    with_bands = len(groups) <= _MAX_BANDS
    rows_named = rows.filter(pl.col("group").is_in(named))
    plane = Plane(
        first=first,
        last=last,
        top=top_of([*rows["estimate"], *rows_named[shade_upper].drop_nulls(), *(surveys["share"] + 0.02)]),
        height=height,
        y_title="Share of the answered" if among_answered else "Share answered",
    )
    x, y = plane.x, plane.y("estimate")
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
    ends = rows_named.group_by("group", maintain_order=True).last()
    ends = ends.with_columns(cut(ends["group"], width=_MOST_OF_A_NAME))
    names = alt.Chart(values(plane.apart(ends, "estimate"))).encode(x=x, y=plane.y("label_at"), color=colour)
    points = lines.mark_point(filled=True, size=130, opacity=0, aria=False)
    asked = "When an answer came, how soon" if among_answered else "How soon is a customer answered"
    by = f", by {' and '.join(group_columns(curve))}" if len(groups) > 1 else ""
    question = f"{asked}{by}?"
    thresholds = [] if threshold_seconds is None else threshold_layers(rows_named, threshold_seconds, plane)
    return layers(
        marks.mark_rule(color=QUIET, strokeDash=[2, 3]),
        lines.mark_area(clip=True, aria=False).encode(
            y=plane.y(shade_lower), y2=f"{shade_upper}:Q", opacity=band_opacity
        ),
        lines.mark_line(aria=False).encode(y=y, strokeWidth=line_width),
        points.encode(y=y, tooltip=CURVE_TOOLTIP).add_params(pointed_at),
        names.mark_text(align="left", dx=7, limit=0).encode(text="shown:N"),
        *survey_layers(surveys, plane),
        *thresholds,
        question=question,
        notes=[
            *notes(
                rows,
                month=month,
                among_answered=among_answered,
                key=_key(len(named), len(groups), has_band=has_band),
            ),
            _sources(surveys),
        ],
        alt_text=_in_words(rows_named, named, marked, surveys),
        width=width,
        height=height,
    )


def _curve_rows(curve: pl.DataFrame, marked: Sequence[int]) -> tuple[pl.DataFrame, list[str]]:
    """What is drawn, in words too, and the groups: those with most waits first, and drawn last."""
    no_band = [pl.lit(None, pl.Float64).alias(name) for name in _BAND if name not in curve.columns]
    drawn = curve.filter(pl.col("estimate").is_not_null()).with_columns(
        group_label(curve).alias("group"), *no_band
    )
    groups = (
        drawn.group_by("group").agg(pl.col("n").max()).sort("n", "group", descending=[True, False])["group"]
    )
    times = drawn["seconds"].unique().sort().to_list()
    kept = {*(times if len(times) <= _MAX_TIMES else times[::2]), *marked, *times[-1:]}
    rows = drawn.filter(pl.col("seconds").is_in(sorted(kept))).sort(
        pl.col("group").cast(pl.Enum(groups.reverse())), "seconds"
    )
    records = rows.select("seconds", "estimate", "lower", "upper").rows()
    rows = rows.select(
        "group",
        "seconds",
        pl.col("estimate", "lower", "upper", *_BAND).round(4),
        "n",
        "status",
        pl.Series("within", [human_seconds(seconds) for seconds, *_ in records], pl.String),
        pl.Series("share", [percent(estimate) for _, estimate, *_ in records], pl.String),
        pl.Series("interval", [span(lower, upper, "share") for *_, lower, upper in records], pl.String),
    )
    return rows, groups.to_list()


def _key(n_named: int, n_groups: int, *, has_band: bool) -> str:
    if n_groups > n_named:
        return f"in colour: the {n_named:,} with most waits; grey: {n_groups - n_named:,} more"
    shade = "holds the whole curve with 95% confidence" if has_band else "95% interval"
    return f"shaded: {shade}" if n_groups <= _MAX_BANDS else ""


def _sources(surveys: pl.DataFrame) -> str:
    years = surveys["year"].unique().sort().to_list()
    if not years:
        return ""
    listed = " and ".join(part for part in (", ".join(map(str, years[:-1])), str(years[-1])) if part)
    return (
        f"Points, then steps: how many expect an answer by then (surveys of {listed}); "
        "above a curve, more expect one than got one"
    )


def _in_words(rows: pl.DataFrame, named: Sequence[str], marked: Sequence[int], surveys: pl.DataFrame) -> str:
    """The shares at the marked times, for those who do not see the picture, and what surveys found."""
    at_marks = rows.filter(pl.col("seconds").is_in(sorted(set(marked)))).sort("seconds")
    told = []
    for group in named:
        points = at_marks.filter(group=group).select("share", "seconds").rows()
        told.append(f"{group}: " + ", ".join(f"{share} within {horizon(s)}" for share, s in points))
    found = surveys.select("percent", "threshold", "year").rows()
    answers = [f"{share} expect an answer within {threshold} ({year})" for share, threshold, year in found]
    in_surveys = f" In surveys {', '.join(answers)}." if answers else ""
    return f"{'; '.join(told) or 'Nothing to draw'}.{in_surveys}"
