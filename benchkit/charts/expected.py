"""How many were answered within the time they expect, by the surveys that asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt
import polars as pl

from benchkit.charts.dots import row_axis
from benchkit.charts.rows import across, groups_in_order
from benchkit.charts.style import NOTHING_TO_DRAW, PALETTE, labels, layers, notes, require, values
from benchkit.schema import ESTIMATES
from benchkit.series import group_columns, group_label
from benchkit.words import percent, span

_COLUMNS = ("year", "bound_lower", "bound_upper", *ESTIMATES)
_SHAPES = ("circle", "diamond", "square", "triangle-up")
_LANE, _BETWEEN_ROWS, _BAR = 18, 14, 10
_MOST_TOLD = 10
_READING = (
    "the share lies in the bar, give or take the thin line (95%): the dot is a best guess, the upright end "
    "is right if “within the hour” means minute 60"
)
_POPULATION = "Surveys asked people at large, not these customers"
_TOOLTIP = [
    alt.Tooltip("group:N", title="Who"),
    alt.Tooltip("year:N", title="Survey of"),
    alt.Tooltip("bounds:N", title="Between"),
    alt.Tooltip("guess:N", title="Best guess"),
    alt.Tooltip("literal:N", title="Taken literally"),
    alt.Tooltip("interval:N", title="95% interval"),
    alt.Tooltip("n:Q", title="Waits", format=","),
    alt.Tooltip("status:N", title="Status"),
]


def expected_time(met: pl.DataFrame, *, month: str = "", most: int = 20, width: int = 720) -> alt.LayerChart:
    """Draw how many were answered within the time they expect: between which shares, by each survey.

    >>> met = pl.DataFrame({"metric": "answered_within_expected_time", "year": [2022], "estimate": 0.4,
    ...                     "lower": 0.3, "upper": 0.6, "bound_lower": 0.31, "bound_upper": 0.52, "n": 80,
    ...                     "n_replied": 60, "status": "final", "method": "", "definition": ""})
    >>> expected_time(met).description
    'How many were answered within the time they expect? All together: 31.0–52.0% (2022).'

    `met` is what `comparisons.expected_time` gives, a row for each group and `year` of a survey:
    the bounds that are certain, the upper of which is the literal reading, the interpolated
    `estimate` between them, and the 95% interval of the bounds. Groups stand in the tables'
    order, those with most waits first, at most `most` of them; those without figures are not
    drawn.

    Raises `UnknownNameError` for a column that is not there.
    """
    require(met, _COLUMNS, where="in these estimates")
    met = met.select(pl.exclude("year"), "year")
    every, listed = _rows(met), groups_in_order(met)
    with_figure = set(every["group"])
    groups = [group for group in listed if group in with_figure][:most]
    rows = every.filter(pl.col("group").is_in(groups))
    years = rows["year"].unique().sort().to_list() or [0]  # an axis needs something to stand on
    placed, x = across(rows, "share", title="Share answered in time")
    by = f", by {' and '.join(group_columns(met))}" if group_columns(met) else ""
    cut = f"The {most:,} with most waits; the table has all {len(listed):,}"
    return layers(
        *_marks(placed, years, x, row_axis(groups, own=False)),
        question=f"How many were answered within the time they expect{by}?",
        notes=[
            *notes(rows, month=month, among_answered=False, key=_READING, nothing=_nothing(met)),
            _POPULATION if groups else "",
            cut if len(groups) < len(with_figure) else "",
            _left_out(met, set(listed) - with_figure),
        ],
        alt_text=_in_words(rows, groups),
        width=width,
        height=max(len(groups), 1) * (_LANE * len(years) + _BETWEEN_ROWS),
    )


def _rows(met: pl.DataFrame) -> pl.DataFrame:
    """The rows that have bounds, in numbers and in words; what is drawn of an interval holds the bounds."""
    drawn = met.filter(pl.col("bound_lower").is_not_null(), pl.col("bound_upper").is_not_null())
    records = drawn.select("estimate", "lower", "upper", "bound_lower", "bound_upper").rows()
    return drawn.select(
        group_label(drawn).alias("group"),
        "year",
        pl.col("estimate", "bound_lower", "bound_upper").round(4),
        pl.min_horizontal("lower", "bound_lower").round(4).alias("lower"),
        pl.max_horizontal("upper", "bound_upper").round(4).alias("upper"),
        "n",
        pl.col("status").cast(pl.String),
        pl.Series("guess", [percent(estimate) for estimate, *_ in records], pl.String),
        pl.Series("interval", [span(lower, upper, "share") for _, lower, upper, *_ in records], pl.String),
        pl.Series("bounds", [span(low, high, "share") for *_, low, high in records], pl.String),
        pl.Series("short", [f"{100 * low:.0f}–{100 * high:.0f}%" for *_, low, high in records], pl.String),
        pl.Series("literal", [percent(upper) for *_, upper in records], pl.String),
    )


def _marks(
    placed: pl.DataFrame, years: Sequence[int], x: Mapping[str, alt.X], y: alt.Y
) -> Iterator[alt.Chart]:
    """Of each year a bar, a line, an upright and a dot, in a lane of its own, and the bounds beside them."""
    colours, shapes = ([looks[i % len(looks)] for i in range(len(years))] for looks in (PALETTE, _SHAPES))
    legend = alt.Legend(title="Survey of", symbolOpacity=1) if len(years) > 1 else None
    colour = alt.Color("year:N", scale=alt.Scale(domain=years, range=colours), legend=legend)
    shape = alt.Shape("year:N", scale=alt.Scale(domain=years, range=shapes), legend=legend)
    for i, year in enumerate(years):
        lane = _LANE * (i - (len(years) - 1) / 2)
        of_year = placed.filter(year=year)
        at_bounds = of_year.with_columns(low="bound_lower", high="bound_upper", at="bound_upper")
        beside = of_year.select("group", "bounds", "short", to_left=False, colour=pl.lit(colours[i]))
        whole, certain = (alt.Chart(values(rows)).encode(y=y, color=colour) for rows in (of_year, at_bounds))
        yield certain.mark_rule(strokeWidth=_BAR, opacity=0.35, yOffset=lane, aria=False).encode(
            x=x["low"], x2="high:Q"
        )
        yield whole.mark_rule(strokeWidth=1.5, yOffset=lane, aria=False).encode(x=x["low"], x2="high:Q")
        yield certain.mark_tick(
            thickness=3, size=_BAR + 6, orient="vertical", yOffset=lane, aria=False
        ).encode(x=x["at"])
        yield whole.mark_point(
            filled=True, size=75, opacity=1, stroke="white", strokeWidth=1, yOffset=lane
        ).encode(x=x["at"], shape=shape, tooltip=_TOOLTIP)
        yield from labels(beside, x=alt.value("width"), y=y, text="bounds", short="short", dy=round(lane))


def _nothing(met: pl.DataFrame) -> str:
    refusals = met.filter(pl.col("status") == "refused")["method"].unique().sort()
    return f"Nothing to draw: {' or '.join(refusals)}" if refusals.len() else NOTHING_TO_DRAW


def _left_out(met: pl.DataFrame, groups: set[str]) -> str:
    """How many groups have no figure, and why."""
    withheld = met.filter(group_label(met).is_in(sorted(groups)), pl.col("status") == "withheld")
    reasons = " or ".join(withheld["method"].unique().sort())
    return f"Not drawn: {len(groups):,} with {reasons}" if reasons else ""


def _in_words(rows: pl.DataFrame, groups: Sequence[str]) -> str:
    """The bounds of the first groups by each survey, for those who do not see the picture."""
    told = []
    for group in groups[:_MOST_TOLD]:
        found = rows.filter(group=group).sort("year").select("bounds", "year").rows()
        told.append(f"{group}: {', '.join(f'{bounds} ({year})' for bounds, year in found)}")
    if len(groups) > _MOST_TOLD:
        told.append(f"and {len(groups) - _MOST_TOLD:,} more")
    return f"{'; '.join(told) or 'Nothing to draw'}."
