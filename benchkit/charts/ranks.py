"""Units one under the other: which place each could truly hold, and its ratio on the same work."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from benchkit.charts.dots import ROW_HEIGHT, row_axis
from benchkit.charts.style import FAINTEST, INK, PALETTE, layers, tooltip, values
from benchkit.charts.units import Compared, compared_units, same_work
from benchkit.errors import BenchkitError
from benchkit.series import BETWEEN

_MOST_TOLD = 10
_BAR = 13
_STEPS, _MOST_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500), 12
_HOW_TO_READ = (
    "with 95% confidence every true place lies within its bar; a bar as long as its row means that the "
    "month cannot tell"
)
_RATIOS = {1.5: (1.25,), 2.0: (1.5,), 3.0: (1.5, 2.0), 4.0: (2.0,), 8.0: (2.0, 4.0)}
"""Where an axis of ratios may end, and what is marked between 1 and there."""


def rank_ranges(
    units: pl.DataFrame, *, month: str = "", own: str = "", most: int = 30, width: int = 720
) -> alt.LayerChart:
    """Draw which places each unit could truly hold among those it is compared with.

    >>> from benchkit import find_waits, synthesize
    >>> from benchkit.comparisons.units import compare
    >>> units = compare(find_waits(synthesize(messages=50_000)), month="2026-10", within="industry").units
    >>> rank_ranges(units, own="Mumblecell").title.text
    'Which place could each brand truly hold in its industry?'

    `units` is what `compare` gives. A bar reaches from the first place that a unit could hold to
    the last one. Rows are in the order of the bars' middles and never numbered, set by set,
    those with most waits first; of the reader's `own` unit, the set is the only one. At most
    `most` units are drawn: of several sets those that fit whole, of one the units with most waits.

    Raises `UnknownNameError` for a column or an `own` that is not there.
    """
    more = ("rank_lower", "rank_upper", "ranked", "top", "could_be_top", "adjusted_for")
    drawn = compared_units(units, *more, own=own).largest(units=most)
    in_order = (pl.col("within").cast(pl.Enum(drawn.sets)), pl.col("rank_lower") + pl.col("rank_upper"))
    rows = drawn.rows.sort(*in_order, "rank_lower", "group")
    ranks = rows.select("rank_lower", "rank_upper", "ranked").rows()
    could = f"could be {_fastest(rows)}"
    last = max(rows["ranked"], default=1) + 0.5
    rows = rows.with_columns(
        pl.lit(0.5).alias("start"),
        pl.col("rank_lower") - 0.5,
        pl.col("rank_upper", "ranked") + 0.5,
        pl.when("could_be_top").then(pl.lit(could)).otherwise(pl.lit("could not")).alias("could"),
        pl.Series("place", [_place(*limits) for limits in ranks], pl.String),
        drawn.opacity,
    )
    groups, bold = _groups(rows, drawn)
    x = {
        field: alt.X(
            f"{field}:Q",
            title=f"Place, 1 = most {drawn.in_time}",
            scale=alt.Scale(domain=[0.5, last]),
            axis=alt.Axis(values=_marked_places(int(last)), format=",d", grid=False, ticks=False),
        )
        for field in ("start", "rank_lower")
    }
    looks = alt.Scale(domain=[could, "could not"], range=[PALETTE[0], "white"])
    legend = alt.Legend(
        title=None,
        direction="vertical",
        symbolType="square",
        symbolStrokeColor=PALETTE[0],
        symbolOpacity=1,
        labelLimit=0,
    )
    bars = alt.Chart(values(rows)).encode(y=_axis(groups, bold))
    who, what, figure, _, *more_of_it = tooltip("who")
    among = f" in its {drawn.set_of}" if drawn.set_of else ""
    return layers(
        bars.mark_bar(size=_BAR, color=FAINTEST, stroke=FAINTEST, strokeWidth=1.5, aria=False).encode(
            x=x["start"], x2="ranked:Q"
        ),
        bars.mark_bar(size=_BAR, stroke=PALETTE[0], strokeWidth=1.5).encode(
            x=x["rank_lower"],
            x2="rank_upper:Q",
            fill=alt.Fill("could:N", scale=looks, legend=legend if groups else None),
            opacity=alt.Opacity("opacity:Q", scale=None),
            tooltip=[who, alt.Tooltip("place:N", title="Place, 95%"), what, figure, *more_of_it],
        ),
        question=f"Which place could each {drawn.unit} truly hold{among}?",
        notes=drawn.notes(month, _HOW_TO_READ, same_work(rows)),
        alt_text=_told(rows, "{}: place {}", "group", "place"),
        width=width,
        height=ROW_HEIGHT * max(len(groups), 1),
    )


def adjusted_ratios(
    units: pl.DataFrame, *, month: str = "", own: str = "", most: int = 30, width: int = 720
) -> alt.LayerChart:
    """Draw how many more or fewer replies came in time than on the same work all together would have had.

    >>> from benchkit import find_waits, synthesize
    >>> from benchkit.comparisons.units import compare
    >>> waits = find_waits(synthesize(messages=50_000)).only("Mumblecell")
    >>> adjusted_ratios(compare(waits, month="2026-10", by="agent", min_waits=5).units).title.text
    'How do agents compare on the same work?'

    `units` is what `compare` gives by agent. Rows stand as in the tables, those with most waits
    first, at most `most` of them, and before them the reader's `own`.

    Raises `UnknownNameError` for a column or an `own` that is not there, and `BenchkitError`
    for units whose work differs so that they have no ratio.
    """
    more = ("ratio", "ratio_lower", "ratio_upper", "adjusted_for")
    drawn = compared_units(units, *more, own=own).largest(units=most)
    if not drawn.rows.height and units["adjusted"].is_not_null().any():
        raise BenchkitError("these units have no ratio, since their work differs; compare by agent")
    rows = drawn.rows.sort(~drawn.is_own, maintain_order=True)
    groups = rows["group"].to_list()
    reach = [value for pair in rows.select("ratio_lower", "ratio_upper").rows() for value in pair]
    end = _end_of_ratios(reach)
    told = [f"{ratio:.2f}" for ratio in rows["ratio"]]
    limits = [f"{low:.2f}–{high:.2f}" for low, high in rows.select("ratio_lower", "ratio_upper").rows()]
    rows = rows.with_columns(
        pl.col("ratio", "ratio_lower", "ratio_upper").clip(1 / end, end),
        pl.Series("figure", told, pl.String),
        pl.Series("interval", limits, pl.String),
        drawn.opacity,
    )
    between = (1 / end, *(1 / tick for tick in reversed(_RATIOS[end])), 1, *_RATIOS[end], end)
    x = {
        field: alt.X(
            f"{field}:Q",
            title="← fewer in time | as expected | more in time →",
            scale=alt.Scale(type="log", domain=[1 / end, end], nice=False),
            axis=alt.Axis(values=between, format=".2~f", grid=True, labelOverlap="greedy"),
        )
        for field in ("ratio", "ratio_lower")
    }
    lines = alt.Chart(values(rows)).encode(
        y=row_axis(groups, own=drawn.has_own), opacity=alt.Opacity("opacity:Q", scale=None)
    )
    who, _, _, *more_of_it = tooltip("who")
    return layers(
        alt.Chart(values(pl.DataFrame({"ratio": [1.0]})))
        .mark_rule(color=INK, strokeWidth=1.5, aria=False)
        .encode(x=x["ratio"]),
        lines.mark_rule(strokeWidth=2, color=PALETTE[0], aria=False).encode(
            x=x["ratio_lower"], x2="ratio_upper:Q"
        ),
        lines.mark_point(filled=True, size=90, color=PALETTE[0]).encode(
            x=x["ratio"], tooltip=[who, alt.Tooltip("figure:N", title="Ratio"), *more_of_it]
        ),
        question=f"How do {drawn.unit}s compare on the same work?",
        notes=drawn.notes(month, _what_it_means(rows, drawn)),
        alt_text=_told(rows, "{}: {} ({})", "who", "figure", "interval"),
        width=width,
        height=ROW_HEIGHT * max(len(groups), 1),
    )


def _groups(rows: pl.DataFrame, drawn: Compared) -> tuple[list[str], list[int]]:
    """The rows of an axis, of several sets with the name of each above its units; and which are bold."""
    if len(drawn.sets) < 2:
        groups = rows["group"].to_list()
        return groups, [i for i, group in enumerate(groups) if group == drawn.own]
    groups, bold = [], []
    for (name,), of_set in rows.group_by("within", maintain_order=True):
        bold.append(len(groups))
        groups += [f"{name}{BETWEEN}", *of_set["group"]]
    return groups, bold


def _axis(groups: list[str], bold: list[int]) -> alt.Y:
    """A row for each group, some of the names bold."""
    y = row_axis(groups, own=False)
    is_bold = f"indexof({bold}, round(datum.index * {max(len(groups) - 1, 1)})) >= 0"
    y["axis"]["labelFontWeight"] = {"condition": {"test": is_bold, "value": 700}, "value": 400}
    return y


def _marked_places(last: int) -> list[int]:
    """The first place and every so many more, as fit on an axis."""
    step = next((step for step in _STEPS if last <= step * _MOST_TICKS), last)
    return sorted({1, *range(step, last + 1, step)})


def _fastest(rows: pl.DataFrame) -> str:
    """Which places count as the top, in words."""
    tops = rows["top"].unique().sort().to_list() or [1]
    said = " or ".join(map(str, dict.fromkeys((tops[0], tops[-1]))))
    return "the fastest" if tops[-1] == 1 else f"among the {said} fastest"


def _place(lower: int, upper: int, ranked: int) -> str:
    return f"{lower} of {ranked}" if lower == upper else f"{lower} to {upper} of {ranked}"


def _what_it_means(rows: pl.DataFrame, drawn: Compared) -> str:
    work = next(iter(rows["adjusted_for"]), "")
    together = f"all {drawn.unit}s together would have had on the same work ({work})"
    in_time = drawn.in_time.removeprefix("replied ")
    return f"1.2 means 20% more replies {in_time} than {together}; lines: 95% interval"


def _end_of_ratios(ratios: Sequence[float]) -> float:
    """Where an axis ends that is as long on both sides of 1."""
    reach = max((max(ratio, 1 / max(ratio, 0.01)) for ratio in ratios), default=1.0)
    return next((end for end in _RATIOS if reach <= end), max(_RATIOS))


def _told(rows: pl.DataFrame, sentence: str, *columns: str) -> str:
    """The first rows, for those who do not see the picture."""
    told = [sentence.format(*row) for row in rows.head(_MOST_TOLD).select(columns).rows()]
    if rows.height > _MOST_TOLD:
        told.append(f"and {rows.height - _MOST_TOLD:,} more")
    return f"{'; '.join(told) or 'Nothing to draw'}."
