"""The same messages by several definitions: how far their figures are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import altair as alt
import polars as pl

from benchkit.charts.dots import OWN_NOT_DRAWN, row_axis
from benchkit.charts.rows import across, groups_in_order, own_group
from benchkit.charts.style import FAINTEST, PALETTE, layers, require, values
from benchkit.definitions.words import called, short_name, statistic_of
from benchkit.reply_times import REPLY_TIME_AS_DEFINED
from benchkit.schema import ESTIMATES
from benchkit.series import group_label
from benchkit.words import figure, legible, month_name, span

_SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_MARK_GAP, _ROW_GAP = 10, 16
_MOST_TOLD = 10
_NARROW = 300
_REACH = 4
"""How many times further than all figures an axis may reach for the ends of intervals."""

_TOOLTIP = [
    alt.Tooltip("group:N", title="Who"),
    alt.Tooltip("by:N", title="Definition"),
    alt.Tooltip("figure:N", title="Reply time"),
    alt.Tooltip("how:N", title="Statistic"),
    alt.Tooltip("interval:N", title="95% interval"),
    alt.Tooltip("n_replied:Q", title="Answered waits", format=","),
    alt.Tooltip("status:N", title="Status"),
]


def definition_spread(
    compared: pl.DataFrame, *, month: str = "", own: str = "", most: int = 12, width: int = 720
) -> alt.LayerChart:
    """Draw how long the reply time is by each definition, a row for each group.

    >>> from benchkit.comparisons.definitions import compare_definitions
    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 A10", "C0 C50 A90", "C0")
    >>> definition_spread(compare_definitions(data, ["benchkit", "sprout"], min_waits=0)).description
    'How long is the average reply, and by whose definition? Example: benchkit 1 h 30 min, sprout \
(approximate) 50 min.'

    `compared` is what `compare_definitions` gives. Of a definition that is approximate the mark is
    hollow. Groups stand as in tables, those with most waits first, at most `most` of them, and
    `own`, the reader's, before them.

    Raises `UnknownNameError` for a column or an `own` that is not there.
    """
    require(compared, ["rules", *ESTIMATES], where="in these estimates")
    of_groups = compared.filter(metric=REPLY_TIME_AS_DEFINED)
    told = of_groups.drop("rules", "definition")
    own = own_group(told, own)
    rows = _figures(of_groups, group_label(told))
    has_figure = set(rows["group"])
    groups = [group for group in groups_in_order(told, own=own) if group in has_figure][:most]
    rows = rows.filter(pl.col("group").is_in(groups))
    n_definitions = max(rows["by"].n_unique(), 1)
    least, most_of_all = min(rows["estimate"], default=0.0), max(rows["estimate"], default=0.0)
    within = pl.col("lower", "upper").clip(least / _REACH, most_of_all * _REACH)
    placed, x = across(
        rows.with_columns(within),
        "seconds",
        title="Reply time (log scale)",
    )
    y = row_axis(groups, own=own in groups)
    height = _MARK_GAP * n_definitions + _ROW_GAP
    question = "How long is the average reply, and by whose definition?"
    return layers(
        *_marks(placed, x, y, height=height),
        question=question,
        notes=[
            f"The same messages, {month_name(month)}" if month else "The same messages",
            _how_to_read(rows) if groups else "Nothing to draw: nobody has enough waits",
            _cut(len(groups), with_own=own in groups) if len(groups) < len(has_figure) else "",
            OWN_NOT_DRAWN if own and own not in groups else "",
            _without_a_mark(told.filter(group_label(told).is_in(groups))),
        ],
        alt_text=_in_words(rows, groups),
        width=width,
        height=height * max(len(groups), 1),
    )


def _figures(of_groups: pl.DataFrame, group: pl.Expr) -> pl.DataFrame:
    """The reply times there are, in numbers and in words, and by whose definition they are."""
    drawn = of_groups.filter(pl.col("estimate").is_not_null())
    names = [short_name(name) for name in of_groups["rules"].unique(maintain_order=True)]
    shorts = dict(zip(of_groups["rules"].unique(maintain_order=True), names, strict=True))
    shown = shorts if len(set(names)) == len(names) else {name: legible(name) for name in shorts}
    approximate = [called(label)[1] for label in drawn["definition"]]
    by = [
        f"{shown[name]} (approximate)" if is_so else shown[name]
        for name, is_so in zip(drawn["rules"], approximate, strict=True)
    ]
    limits = drawn.select("lower", "upper").rows()
    return drawn.select(
        group.alias("group"),
        pl.Series("by", by, pl.String),
        pl.Series("is_approximate", approximate, pl.Boolean),
        pl.col("estimate", "lower", "upper").round_sig_figs(4),
        "n_replied",
        pl.col("status").cast(pl.String),
        pl.Series("how", [statistic_of(method) for method in drawn["method"]], pl.String),
        pl.Series("figure", [figure(value, "seconds") for value in drawn["estimate"]], pl.String),
        pl.Series("interval", [span(lower, upper, "seconds") for lower, upper in limits], pl.String),
    )


def _marks(placed: pl.DataFrame, x: Mapping[str, alt.X], y: alt.Y, *, height: int) -> Iterator[alt.Chart]:
    """A band from each group's shortest to its longest time, and in it a line and a mark by definition."""
    ends = placed.group_by("group", maintain_order=True).agg(
        pl.col("at").min().alias("low"), pl.col("at").max().alias("high")
    )
    yield (
        alt.Chart(values(ends))
        .mark_bar(size=height - _ROW_GAP // 2, color=FAINTEST, aria=False)
        .encode(x=x["low"], x2="high:Q", y=y)
    )
    looks = placed.select("by", "is_approximate").unique(maintain_order=True).rows()
    names = [name for name, _ in looks]
    colours = [PALETTE[(i + i // len(_SHAPES)) % len(PALETTE)] for i in range(len(looks))]
    fills = ["white" if is_so else colour for (_, is_so), colour in zip(looks, colours, strict=True)]
    shapes = [_SHAPES[i % len(_SHAPES)] for i in range(len(looks))]
    columns = {"expr": f"width < {_NARROW} ? 1 : 2"}
    legend = alt.Legend(title=None, columns=columns, labelLimit=0, symbolStrokeWidth=2) if looks else None
    stroke = alt.Stroke("by:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    fill = alt.Fill("by:N", scale=alt.Scale(domain=names, range=fills), legend=legend)
    shape = alt.Shape("by:N", scale=alt.Scale(domain=names, range=shapes), legend=legend)
    for i, name in enumerate(names):
        offset = _MARK_GAP * (2 * i - len(names) + 1) / 2
        theirs = alt.Chart(values(placed.filter(by=name))).encode(y=y, stroke=stroke)
        yield theirs.mark_rule(strokeWidth=1.5, yOffset=offset, aria=False).encode(x=x["low"], x2="high:Q")
        yield theirs.mark_point(size=60, strokeWidth=2, opacity=1, yOffset=offset).encode(
            x=x["at"], fill=fill, shape=shape, tooltip=_TOOLTIP
        )


def _how_to_read(rows: pl.DataFrame) -> str:
    hollow = "hollow: approximate, some rules being second-hand or remembered; "
    return (
        f"{'Lines: 95% interval; ' if rows['interval'].ne('').any() else ''}"
        f"{hollow if rows['is_approximate'].any() else ''}grey: from the shortest to the longest"
    ).capitalize()


def _cut(n_drawn: int, *, with_own: bool) -> str:
    return f"{f'Yours and {n_drawn - 1:,}' if with_own else f'The {n_drawn:,}'} with most waits"


def _without_a_mark(told: pl.DataFrame) -> str:
    """How many figures are missing in the rows drawn, and why."""
    missing = told.filter(pl.col("estimate").is_null())
    reasons = Counter(reason.partition(";")[0] for reason in missing["method"].sort())
    listed = "; ".join(f"{reason} ({times:,})" for reason, times in reasons.items())
    return listed and f"No mark: {listed}"


def _in_words(rows: pl.DataFrame, groups: Sequence[str]) -> str:
    told = []
    for group in groups[:_MOST_TOLD]:
        figures = rows.filter(group=group).select("by", "figure").rows()
        told.append(f"{group}: {', '.join(' '.join(pair) for pair in figures)}")
    more = [f"and {len(groups) - _MOST_TOLD:,} more"] if len(groups) > _MOST_TOLD else []
    return f"{'; '.join([*told, *more]) or 'Nothing to draw'}."
