"""What the charts of estimates draw: their figures, in numbers and in words, and whose come first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import polars as pl

from benchkit.catalogue import CATALOGUE, headline
from benchkit.charts.style import DAY, HOUR, MINUTE, TIME_TICKS, require, time_axis, time_scale
from benchkit.errors import UnknownNameError
from benchkit.metrics import Metric, Share, Unit
from benchkit.schema import ESTIMATES
from benchkit.series import group_columns, group_label
from benchkit.words import figure, span

_KNOWN = {metric.name: metric for metric in CATALOGUE}
_FINE_TICKS = (
    *(1, 2, 5, 10, 20, 30),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 4, 8, 12)),
    *(DAY * n for n in (1, 2, 4, 7, 14, 30, 90, 365)),
)


def told_metrics(estimates: pl.DataFrame) -> list[str]:
    """The names of the metrics that the data can tell; of no rows, of the whole catalogue."""
    required = [name for name in ESTIMATES if not name.startswith("bound_")]
    require(estimates, required, where="in these estimates")
    told = estimates.filter(pl.col("status") != "refused")
    return told["metric"].unique(maintain_order=True).to_list() if estimates.height else list(_KNOWN)


def first_told(estimates: pl.DataFrame, names: Sequence[str]) -> Metric:
    """The first of some metrics that the data can tell."""
    told = told_metrics(estimates)
    for name in names:
        if name in told:
            return _KNOWN[name]
    raise UnknownNameError("metric", names[0], told, where="told in these estimates")


def headline_shares(estimates: pl.DataFrame) -> dict[int, Metric]:
    """The headline's shares within the hour and within the day, by their seconds."""
    told = told_metrics(estimates)
    shares: dict[int, Metric] = {}
    for metric in (_KNOWN[name] for name in headline(told)):
        if isinstance(metric.computes, Share) and metric.computes.within_seconds in (HOUR, DAY):
            shares[metric.computes.within_seconds] = metric
    if not shares:
        raise UnknownNameError("metric", "answered_within_24h", told, where="told in these estimates")
    return shares


def is_among_answered(metric: Metric) -> bool:
    """Whether a metric leaves out the messages nobody answered."""
    return not metric.needs_unanswered


def stated(column: str) -> pl.Expr:
    """A grouping column as text, as `group_label` says it."""
    return pl.col(column).cast(pl.String).fill_null("not stated")


def own_group(estimates: pl.DataFrame, own: str) -> str:
    """The label of the group that is the reader's own: of several columns, the first names it."""
    columns = group_columns(estimates)
    if not own or not columns:
        return own
    named_so = estimates.filter(stated(columns[0]) == own)
    return str(named_so.select(group_label(named_so)).to_series().first() or own)


def figure_rows(estimates: pl.DataFrame, metrics: Sequence[Metric], *more: pl.Expr) -> pl.DataFrame:
    """The rows of some metrics that have a figure, with the group's name and the figure in words."""
    names = {metric.name: metric.label for metric in metrics}
    units = {metric.name: metric.unit for metric in metrics}
    has_figure = pl.col("metric").is_in(list(units)) & pl.col("estimate").is_not_null()
    drawn = estimates.filter(has_figure)
    records = drawn.select("metric", "estimate", "lower", "upper").rows()
    told = [figure(estimate, units[metric]) for metric, estimate, *_ in records]
    intervals = [span(lower, upper, units[metric]) for metric, _, lower, upper in records]
    return drawn.select(
        group_label(drawn).alias("group"),
        *more,
        "metric",
        pl.col("metric").replace_strict(names, return_dtype=pl.String).alias("what"),
        pl.col("estimate", "lower", "upper").round_sig_figs(4),
        "n",
        pl.col("status").cast(pl.String),
        pl.Series("figure", told, pl.String),
        pl.Series("interval", intervals, pl.String),
    )


def groups_in_order(estimates: pl.DataFrame, *, own: str = "") -> list[str]:
    """All groups as tables list them, those with most waits first, but the reader's own before them.

    Raises `UnknownNameError` for an `own` that is not among them.
    """
    waits = pl.col("n").filter(pl.col("status") != "refused").max()
    groups = (
        estimates.group_by(group_label(estimates).alias("group"))
        .agg(waits.alias("waits"))
        .sort(pl.col("group") != own, "waits", "group", descending=[False, True, False], nulls_last=True)
    )["group"].to_list()
    if own and own not in groups:
        raise UnknownNameError("group", own, groups, where="in these estimates")
    return groups


def left_out(estimates: pl.DataFrame, metrics: Sequence[Metric], groups: set[str]) -> str:
    """How many groups have no figure of these metrics, and why."""
    withheld = estimates.filter(
        group_label(estimates).is_in(sorted(groups)),
        pl.col("metric").is_in([metric.name for metric in metrics]),
        pl.col("status") == "withheld",
    )
    reasons = " or ".join(withheld["method"].unique().sort())
    return f"Not drawn: {len(groups):,} with {reasons}" if reasons else ""


def across(rows: pl.DataFrame, unit: Unit, *, title: str) -> tuple[pl.DataFrame, dict[str, alt.X]]:
    """Rows with the places of their figure and its interval's ends, `at`, `low` and `high`, and their axis.

    An interval with an open end reaches the axis' end. Shares begin at 0, times are on a log
    scale. What is in the right half has its labels `to_left`.
    """
    if unit == "share":
        shares = [share for name in ("estimate", "upper") for share in rows[name].drop_nulls()]
        first, last = 0.0, math.ceil(5 * min(max(shares, default=1.0), 1.0)) / 5 or 0.2
        middle = last / 2
        scale, axis = alt.Scale(domain=[0, last]), alt.Axis(format=".0%", tickCount=5)
    else:
        first, last = _time_ends(rows)
        middle = math.sqrt(first * last)
        coarse = [tick for tick in TIME_TICKS if first <= tick <= last]
        fine = [tick for tick in _FINE_TICKS if first <= tick <= last]
        ticks = coarse if len(coarse) >= 3 else fine
        scale, axis = time_scale(first, last), time_axis(ticks, grid=True)
    has_interval = pl.col("lower").is_not_null() | pl.col("upper").is_not_null()
    ends = {"low": pl.col("lower").fill_null(first), "high": pl.col("upper").fill_null(last)}
    placed = rows.with_columns(
        pl.col("estimate").clip(first, last).alias("at"),
        (pl.col("estimate") > middle).alias("to_left"),
        *(
            pl.when(has_interval).then(end).otherwise("estimate").clip(first, last).alias(name)
            for name, end in ends.items()
        ),
    )
    return placed, {
        field: alt.X(f"{field}:Q", title=title, scale=scale, axis=axis) for field in ("at", "low")
    }


def _time_ends(rows: pl.DataFrame) -> tuple[float, float]:
    """Ticks around all times there are."""
    times = [time for name in ("estimate", "lower", "upper") for time in rows[name].drop_nulls()]
    if not times:
        return TIME_TICKS[0], TIME_TICKS[-1]
    before = [tick for tick in _FINE_TICKS if tick < min(times)]
    after = [tick for tick in _FINE_TICKS if tick > max(times)]
    return max(before, default=1), min(after, default=2 * max(times))
