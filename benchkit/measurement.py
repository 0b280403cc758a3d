"""From waits to tidy estimates: one row per group and metric, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from benchkit import estimates as est
from benchkit.catalogue import CATALOGUE, find_metrics
from benchkit.metrics import Count, Metric, Share, Target, Time, Volume
from benchkit.sample import AWAITING, CLOSED, REPLIED, Ints, Sample
from benchkit.schema import ESTIMATES
from benchkit.study import NOT_BY_AGENT, Study, study
from benchkit.waits import Waits

HISTORY_WEEKS = 13
MIN_WAITS = 30
_HUMAN_SECONDS = {900, 3_600, 14_400, 86_400}
CURVE_SECONDS = sorted(
    _HUMAN_SECONDS.union(np.geomspace(60, est.WEEK_SECONDS, 97).round().astype(int).tolist())
)
"""The times of an expectation curve: 1 minute to 7 days."""

_OUTCOMES = {"awaiting": AWAITING, "replied": REPLIED, "closed": CLOSED}


def measure(
    waits: Waits,
    *,
    month: str | None = None,
    by: str | Sequence[str] | None = None,
    metrics: str | Metric | Sequence[str | Metric] = CATALOGUE,
    target: str | None = None,
    min_waits: int = MIN_WAITS,
    history_weeks: int = HISTORY_WEEKS,
) -> pl.DataFrame:
    """Measure waits: every metric for every group, with intervals, tidy.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0"))
    >>> measure(waits, metrics="answered_within_1h", min_waits=0).select("estimate", "n").row(0)
    (0.3333333333333333, 3)

    `month` is written 2026-10 (without one: the whole period); `by` names brand, industry,
    channel, agent or a dimension the messages carry. Intervals are at 95 %, learnt from how
    the trailing `history_weeks` vary where 8 or more of them have waits; `method` says how.
    Groups with fewer than `min_waits` waits have status withheld and no figure; what the
    data cannot say has status refused and the reason in `method`. Times are in seconds.

    Raises `UnknownNameError` for a metric or dimension there is not, and `BenchkitError`
    for a month or target that cannot be read or a month without waits.
    """
    chosen = find_metrics(metrics)
    goal = None if target is None else Target.parse(target)
    with_volumes = any(isinstance(metric.computes, Volume) for metric in chosen)
    asked = study(waits, month=month, by=by, history_weeks=history_weeks, with_volumes=with_volumes)
    rows = [_rows(asked, metric, goal, min_waits) for metric in chosen]
    return _tidy(asked, pl.concat(rows))


def expectation_curve(
    waits: Waits,
    *,
    month: str | None = None,
    by: str | Sequence[str] | None = "brand",
    min_waits: int = MIN_WAITS,
    history_weeks: int = HISTORY_WEEKS,
) -> pl.DataFrame:
    """The share answered by each time from 1 minute to 7 days, with intervals, tidy.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0"))
    >>> curve = expectation_curve(waits, by=None, min_waits=0)
    >>> curve.filter(pl.col("seconds") == 3600).select("metric", "estimate").row(0)
    ('answered_within', 0.3333333333333333)

    One row per group and time (`seconds`). On data selected on being answered, and by
    agent, it is the curve among answered waits, and `metric` says `replied_within`.
    """
    asked = study(waits, month=month, by=by, history_weeks=history_weeks)
    of_replied = asked.selection is not None or asked.by_agent
    curves = est.shares_of_replied if of_replied else est.shares
    name = "replied_within" if of_replied else "answered_within"
    found = curves(asked.sample, CURVE_SECONDS)
    rows = [
        _frame(
            asked, name, found.horizon(column), asked.sample, of_replied=of_replied, min_waits=min_waits
        ).with_columns(pl.lit(seconds, pl.Int64).alias("seconds"))
        for column, seconds in enumerate(CURVE_SECONDS)
    ]
    return _tidy(asked, pl.concat(rows))


def _rows(asked: Study, metric: Metric, goal: Target | None, min_waits: int) -> pl.DataFrame:
    refusal = _refusal(asked, metric, goal)
    computes = metric.computes
    if isinstance(computes, Count | Volume):
        return _counts(asked, metric.name, computes, refusal)
    sample = asked.of(computes.which) if isinstance(computes, Time) else asked.sample
    if refusal is not None:
        return _refused(asked, metric.name, sample, refusal)
    found = _estimate(computes, sample, goal)
    return _frame(asked, metric.name, found, sample, of_replied=computes.of_replied, min_waits=min_waits)


def _refusal(asked: Study, metric: Metric, goal: Target | None) -> str | None:
    if metric.needs_unanswered and asked.selection is not None:
        return asked.selection
    of_customers = isinstance(metric.computes, Volume) and metric.computes.column == "messages_in"
    if asked.by_agent and (metric.needs_unanswered or of_customers):
        return NOT_BY_AGENT
    if isinstance(metric.computes, Share) and metric.computes.within_seconds is None and goal is None:
        return "no target was given; pass one such as target='80% in 1h'"
    return None


def _estimate(computes: Share | Time, sample: Sample, goal: Target | None) -> est.Estimates:
    if isinstance(computes, Share):
        if computes.within_seconds is None and goal is not None:
            return _against(goal, est.shares(sample, [goal.within_seconds]))
        horizons = [computes.within_seconds or 0]
        if computes.of_replied:
            return est.shares_of_replied(sample, horizons)
        return est.shares(sample, horizons, cause=_OUTCOMES[computes.outcome])
    if not computes.of_replied:
        return est.medians_of_all(sample)
    if computes.quantile is None:
        return est.means_of_replied(sample)
    return est.quantiles_of_replied(sample, computes.quantile)


def _against(goal: Target, found: est.Estimates) -> est.Estimates:
    verdict = np.select(
        [found.lower >= goal.share, found.upper < goal.share], ["met", "missed"], "too close to call"
    ).astype(object)
    return found._replace(method=found.method + f"; target {goal}: " + verdict)


def _frame(
    asked: Study, name: str, found: est.Estimates, sample: Sample, *, of_replied: bool, min_waits: int
) -> pl.DataFrame:
    n, n_replied = sample.month().counts(), sample.month().replied().counts()
    withheld = (n_replied if of_replied else n) < max(min_waits, 1)
    status = np.where(withheld, "withheld", np.where(found.provisional[:, 0], "provisional", "final"))
    waits = "answered waits" if of_replied else "waits"
    fewer = f"fewer than {max(min_waits, 1):,} {waits}"
    figures = [np.where(withheld, np.nan, part[:, 0]) for part in found[:3]]
    return _assemble(
        asked, name, figures, n, n_replied, status, np.where(withheld, fewer, found.method[:, 0])
    )


def _counts(asked: Study, name: str, computes: Count | Volume, refusal: str | None) -> pl.DataFrame:
    sample = asked.sample.month()
    if refusal is not None:
        return _refused(asked, name, asked.sample, refusal)
    if isinstance(computes, Volume):
        counted = asked.volumes[computes.column]
    elif not computes.needs_reply:
        counted = asked.unneeded
    elif computes.outcome is None:
        counted = sample.counts()
    else:
        counted = sample.where(sample.outcome == _OUTCOMES[computes.outcome]).counts()
    nothing = np.full(counted.size, np.nan)
    status = np.full(counted.size, "final" if asked.sample.month_over else "provisional")
    figures = [counted.astype(float), nothing, nothing]
    method = np.full(counted.size, "count")
    return _assemble(asked, name, figures, sample.counts(), sample.replied().counts(), status, method)


def _refused(asked: Study, name: str, sample: Sample, reason: str) -> pl.DataFrame:
    month = sample.month()
    nothing = np.full(sample.n_groups, np.nan)
    status, method = np.full(sample.n_groups, "refused"), np.full(sample.n_groups, reason)
    return _assemble(asked, name, [nothing] * 3, month.counts(), month.replied().counts(), status, method)


def _assemble(
    asked: Study,
    name: str,
    figures: Sequence[np.ndarray[tuple[int], np.dtype[np.float64]]],
    n: Ints,
    n_replied: Ints,
    status: np.ndarray[tuple[int], np.dtype[np.str_]],
    method: np.ndarray[tuple[int], np.dtype[np.object_]],
) -> pl.DataFrame:
    estimate, lower, upper = (pl.Series(figure, dtype=pl.Float64).fill_nan(None) for figure in figures)
    return asked.groups.with_columns(
        pl.lit(name).alias("metric"),
        estimate.alias("estimate"),
        lower.alias("lower"),
        upper.alias("upper"),
        pl.Series("n", n, pl.Int64),
        pl.Series("n_replied", n_replied, pl.Int64),
        pl.Series("status", status.tolist(), ESTIMATES["status"]),
        pl.Series("method", method.tolist(), pl.String),
        pl.lit(asked.definition).alias("definition"),
    )


def _tidy(asked: Study, rows: pl.DataFrame) -> pl.DataFrame:
    """Groups in order, and within each the metrics as asked for."""
    keys = asked.groups.columns
    n_groups = asked.groups.height
    place = pl.int_range(pl.len())
    ordered = rows.with_columns((place % n_groups).alias("group"), (place // n_groups).alias("place"))
    names = [*keys, *(["metric", "seconds"] if "seconds" in rows.columns else ["metric"])]
    rest = [column for column in ESTIMATES if column != "metric"]
    return ordered.sort("group", "place").select(*names, *rest).with_columns(pl.col(keys).cast(pl.String))
