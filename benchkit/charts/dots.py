"""Groups one under the other: their shares answered in time, and their reply times."""

from __future__ import annotations

import json
from collections.abc import Mapping

import altair as alt
import polars as pl

from benchkit.charts.rows import (
    across,
    figure_rows,
    first_told,
    groups_in_order,
    headline_shares,
    is_among_answered,
    left_out,
    own_group,
)
from benchkit.charts.style import (
    DAY,
    FAINTEST,
    HOUR,
    INK,
    PALETTE,
    QUIET,
    layers,
    notes,
    tooltip,
    values,
)
from benchkit.metrics import Metric
from benchkit.series import BETWEEN, credited_to_somebody, group_columns
from benchkit.words import horizon, legible, shortened

ROW_HEIGHT = 26
_MOST_OF_A_NAME = 20
_MAX_TOLD = 10
_SHAPES = ("circle", "diamond")
OWN_NOT_DRAWN = "Yours is not drawn: it has too few waits"


def shares_by_group(
    estimates: pl.DataFrame,
    *,
    title: str = "",
    month: str = "",
    own: str = "",
    most: int = 30,
    width: int = 720,
) -> alt.LayerChart:
    """Draw which share of each group is answered within the hour, and within the day.

    >>> from benchkit import find_waits, measure
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0", brand="Acme"))
    >>> shares_by_group(measure(waits, by="brand", min_waits=0)).description
    'Which brands answer within the hour, and within the day? Acme: 33.3% within 1 h, 66.7% within 24 h.'

    `estimates` is what `measure` gives by one or more columns. Groups stand in the tables'
    order, those with most waits first, at most `most` of them; `own` is the reader's own group,
    which comes before them. Where unanswered messages cannot be told of, the shares are of the
    answered ones.

    Raises `UnknownNameError` for a column, a metric or an `own` that is not there.
    """
    shares = headline_shares(estimates)
    columns = group_columns(estimates)
    in_time = ", and ".join({HOUR: "within the hour", DAY: "within the day"}[seconds] for seconds in shares)
    asked = {
        "industry": f"Which industries answer {in_time}?",
        "brand": f"Which brands answer {in_time}?",
        "agent": f"How many of each agent's replies come {in_time}?",
        "": f"How many are answered {in_time}?",
    }
    return _dots(
        estimates,
        {metric: horizon(seconds) for seconds, metric in shares.items()},
        question=title
        or asked.get("".join(columns[:1]), f"How many are answered {in_time}, by {_listed(columns)}?"),
        x_title="Share of the answered" if any(map(is_among_answered, shares.values())) else "Share answered",
        month=month,
        own=own,
        most=most,
        width=width,
    )


def reply_times_by_group(
    estimates: pl.DataFrame,
    *,
    title: str = "",
    month: str = "",
    own: str = "",
    most: int = 30,
    width: int = 720,
) -> alt.LayerChart:
    """Draw how long each group takes to reply: the median, among answered messages.

    >>> from benchkit import find_waits, measure
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0", brand="Acme"))
    >>> reply_times_by_group(measure(waits, by="brand", min_waits=0)).description
    'How long until the first reply, by brand? Acme: 50 min.'

    It is the time to the first reply where `estimates` tell it, and to any reply otherwise, on a
    log axis. Everything else is as in `shares_by_group`.
    """
    metric = first_told(estimates, ["first_reply_seconds_median", "reply_seconds_median"])
    columns = group_columns(estimates)
    reply = "the first reply" if metric.name.startswith("first") else "a reply"
    asked = {"agent": f"How long until {reply} of each agent?", "": f"How long until {reply}?"}
    return _dots(
        estimates,
        {metric: ""},
        question=title or asked.get("".join(columns[:1]), f"How long until {reply}, by {_listed(columns)}?"),
        x_title=f"Median {reply.removeprefix('the ').removeprefix('a ')} time",
        month=month,
        own=own,
        most=most,
        width=width,
    )


def parts_of_reply_time(
    estimates: pl.DataFrame, *, month: str = "", own: str = "", most: int = 30, width: int = 720
) -> alt.LayerChart:
    """Draw how long waits were in the queue, and how long with whoever answered them.

    >>> from benchkit import find_waits, measure
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 S10 A30", "C0 S20 A50"))
    >>> parts_of_reply_time(measure(waits, by="agent", min_waits=0)).description
    'What part of a reply time is the queue? Example/A: 15 min in the queue, 25 min with the agent.'

    Medians, of answered waits that were assigned to somebody. Everything else is as in
    `reply_times_by_group`.
    """
    words = {"queue_seconds_median": "in the queue", "handling_seconds_median": "with the agent"}
    return _dots(
        estimates,
        {first_told(estimates, [name]): word for name, word in words.items()},
        question="What part of a reply time is the queue?",
        x_title="Median time, of waits that were assigned",
        month=month,
        own=own,
        most=most,
        width=width,
        preposition="",
    )


def _listed(columns: list[str]) -> str:
    return " and ".join(columns)


def row_axis(groups: list[str], *, own: bool) -> alt.Y:
    """A row for each group, under its name; the reader's own, if it comes first, stands out."""
    is_own = "datum.index === 0"
    firsts = [group.partition(BETWEEN)[0] for group in groups]
    written = firsts if len(set(firsts)) == len(groups) else groups
    names = json.dumps([shortened(legible(name), width=_MOST_OF_A_NAME) for name in written])
    return alt.Y(
        "group:N",
        title=None,
        scale=alt.Scale(domain=groups, type="point", padding=0.6),
        sort=None,
        axis=alt.Axis(
            domain=False,
            ticks=False,
            grid=True,
            gridColor=FAINTEST,
            labelLimit=0,
            labelExpr=f"{names}[round(datum.index * {max(len(groups) - 1, 1)})]",
            labelPadding=8,
            labelColor={"condition": {"test": is_own, "value": INK}, "value": QUIET} if own else INK,
            labelFontWeight={"condition": {"test": is_own, "value": 700}, "value": 400} if own else 400,
        ),
    )


def _dots(
    estimates: pl.DataFrame,
    series: Mapping[Metric, str],
    *,
    question: str,
    x_title: str,
    month: str,
    own: str,
    most: int,
    width: int,
    preposition: str = "within ",
) -> alt.LayerChart:
    """A row for each group, and in it a dot and an interval for each metric, told apart by horizon."""
    estimates = credited_to_somebody(estimates)
    metrics, own = list(series), own_group(estimates, own)
    listed = groups_in_order(estimates, own=own)
    rows = figure_rows(estimates, metrics)
    with_figure = set(rows["group"])
    groups = [group for group in listed if group in with_figure][:most]
    horizons = {metric.name: word for metric, word in series.items()}
    with_own = own != "" and own in groups
    rows = rows.filter(pl.col("group").is_in(groups)).with_columns(
        pl.col("metric").replace_strict(horizons, return_dtype=pl.String).alias("horizon"),
        pl.when(pl.lit(not with_own) | (pl.col("group") == own)).then(1.0).otherwise(0.5).alias("opacity"),
    )
    placed, x = across(rows, metrics[0].unit, title=x_title)
    told_apart = list(series.values())
    title = preposition.strip().capitalize() or None
    legend = alt.Legend(title=title, symbolOpacity=1) if len(series) > 1 and groups else None
    colours, shapes = (
        alt.Scale(domain=told_apart, range=looks[: len(series)]) for looks in (PALETTE, _SHAPES)
    )
    colour = alt.Color("horizon:N", scale=colours, legend=legend)
    shape = alt.Shape("horizon:N", scale=shapes, legend=legend)
    opacity = alt.Opacity("opacity:Q", scale=None, legend=None)
    parts = []
    for i, metric in enumerate(metrics):
        offset = 4 * (2 * i - len(metrics) + 1)
        of_metric = alt.Chart(values(placed.filter(pl.col("metric") == metric.name))).encode(
            y=row_axis(groups, own=with_own), color=colour, opacity=opacity
        )
        parts += [
            of_metric.mark_rule(strokeWidth=2, yOffset=offset, aria=False).encode(x=x["low"], x2="high:Q"),
            of_metric.mark_point(filled=True, size=80, yOffset=offset).encode(
                x=x["at"], shape=shape, tooltip=tooltip()
            ),
        ]
    return layers(
        *parts,
        question=question,
        notes=[
            *notes(
                rows, month=month, among_answered=is_among_answered(metrics[0]), key="lines: 95% interval"
            ),
            OWN_NOT_DRAWN if own and not with_own else "",
            _cut(len(listed), len(groups), with_own=with_own) if len(groups) < len(with_figure) else "",
            left_out(estimates, metrics, set(listed) - with_figure),
        ],
        alt_text=_in_words(
            rows, groups, {name: word and f" {preposition}{word}" for name, word in horizons.items()}
        ),
        width=width,
        height=ROW_HEIGHT * max(len(groups), 1),
    )


def _cut(n_listed: int, n_drawn: int, *, with_own: bool) -> str:
    """Which groups are drawn of those that could be."""
    which = f"Yours and {n_drawn - 1:,}" if with_own else f"The {n_drawn:,}"
    return f"{which} with most waits; the table has all {n_listed:,}"


def _in_words(rows: pl.DataFrame, groups: list[str], words: Mapping[str, str]) -> str:
    """The figures of the first groups, for those who do not see the picture."""
    figures = {
        (group, metric): told for group, metric, told in rows.select("group", "metric", "figure").rows()
    }
    told = []
    for group in groups[:_MAX_TOLD]:
        parts = [
            f"{figures[group, metric]}{word}" for metric, word in words.items() if (group, metric) in figures
        ]
        told.append(f"{group}: {', '.join(parts)}")
    if len(groups) > _MAX_TOLD:
        told.append(f"and {len(groups) - _MAX_TOLD:,} more")
    return f"{'; '.join(told) or 'Nothing to draw'}."
