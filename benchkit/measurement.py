"""From waits to tidy estimates: one row per group and metric, each with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from benchkit import estimates as est
from benchkit.catalogue import CATALOGUE, find_metrics
from benchkit.errors import BenchkitError
from benchkit.margins import WEEK_SECONDS
from benchkit.metrics import Count, Metric, OpenPart, Share, Statistic, Target, Time, Volume, Which
from benchkit.periods import parse_month
from benchkit.reply_estimates import (
    means_of_replied,
    medians_of_all,
    parts_of_replied,
    quantiles_of_replied,
    trimmed_means_of_replied,
)
from benchkit.sample import AWAITING, CLOSED, REPLIED, Sample
from benchkit.schema import BAND
from benchkit.series import OPEN_TIME
from benchkit.stats.arrays import Ints
from benchkit.study import NOT_BY_AGENT, Study, study
from benchkit.tidy import Rows, figured, tidy, unfigured
from benchkit.waits import Waits

HISTORY_WEEKS = 13
MIN_WAITS = 30
_HUMAN_SECONDS = {900, 3_600, 14_400, 86_400}
CURVE_SECONDS = sorted(_HUMAN_SECONDS.union(np.geomspace(60, WEEK_SECONDS, 97).round().astype(int).tolist()))
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

    `month` is written 2026-10 (without one: the whole period), and is by the definition that held
    when it ended; `by` names brand, industry,
    channel, agent or a dimension the messages carry. Intervals are at 95%, learnt from how
    the trailing `history_weeks` vary where 8 or more of them have waits; `method` says how.
    Groups with fewer than `min_waits` waits have status withheld and no figure; what the
    data cannot say has status refused and the reason in `method`. Times are in seconds.

    Raises `UnknownNameError` for a metric or dimension there is not, and `BenchkitError`
    for a month or target that cannot be read or a month without waits.
    """
    chosen = find_metrics(metrics)
    if metrics is CATALOGUE and isinstance(waits, Waits) and not waits.has_opening_hours:
        chosen = tuple(metric for metric in chosen if not metric.in_opening_hours)
    if not chosen:
        raise BenchkitError("no metrics were named; name one, or leave them out for all")
    goal = None if target is None else Target.parse(target)
    with_volumes = any(isinstance(metric.computes, Volume) for metric in chosen)
    asked = study(waits, month=month, by=by, history_weeks=history_weeks, with_volumes=with_volumes)
    return tidy(asked, [_rows(asked, metric, goal, min_waits) for metric in chosen])


def measure_months(
    waits: Waits,
    *,
    month: str,
    months: int = 13,
    by: str | Sequence[str] | None = None,
    metrics: str | Metric | Sequence[str | Metric] = CATALOGUE,
    target: str | None = None,
    min_waits: int = MIN_WAITS,
) -> pl.DataFrame:
    """Measure a month and those before it: as `measure`, with a first column `month`.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10"))
    >>> measure_months(waits, month=waits.latest_month(), metrics="waits").select("month", "estimate").rows()
    [('2026-03', 1.0)]

    Of the `months` calendar months that end with `month`, those without waits are left out. Where
    the definition follows another one, months before its day are measured by that, and the
    month of the change by both.
    """
    last = parse_month(month)
    ago = {label: last.number - parse_month(label).number for label in waits.months()}
    wanted = [*(label for label in ago if 0 < ago[label] < months), last.label]
    return pl.concat(
        measure(ruled, month=label, by=by, metrics=metrics, target=target, min_waits=min_waits).select(
            pl.lit(label).alias("month"), pl.all()
        )
        for label in wanted
        for ruled in waits.ruling(label)
    )


def expectation_curve(
    waits: Waits,
    *,
    month: str | None = None,
    by: str | Sequence[str] | None = "brand",
    at: Iterable[int] = (),
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

    One row per group and time (`seconds`), those given as `at` among them. Beside each time's
    own interval are `band_lower` and `band_upper`, between which the whole curve lies at 95%
    (null with fewer than 8 weeks). On data selected
    on being answered, and by agent, it is the curve among answered waits, and `metric` says
    `replied_within`. It is in calendar time, as what customers expect is, whatever the clock of
    the definition.
    """
    asked = study(waits, month=month, by=by, history_weeks=history_weeks)
    of_replied = asked.only_answered is not None or asked.by_agent
    curves = est.shares_of_replied if of_replied else est.shares
    name = "replied_within" if of_replied else "answered_within"
    times = sorted({*CURVE_SECONDS, *at})
    sample = asked.of("all", "calendar")
    found = curves(sample, times)
    rows = [
        figured(name, found.horizon(place), sample, of_replied=of_replied, min_waits=min_waits)
        for place in range(len(times))
    ]
    told = tidy(asked, rows, times)
    band = est.bands(sample, found, times, of_replied=of_replied)
    limits = {name: pl.Series(values.ravel()).fill_nan(None) for name, values in zip(BAND, band, strict=True)}
    has_figure = pl.col("estimate").is_not_null()
    return told.with_columns(pl.when(has_figure).then(limit).alias(name) for name, limit in limits.items())


def _rows(asked: Study, metric: Metric, goal: Target | None, min_waits: int) -> Rows:
    metric = _as_defined(metric, asked.statistic)
    computes, refusal = metric.computes, _refusal(asked, metric, goal)
    if refusal is not None:
        return unfigured(metric.name, asked.sample, "refused", refusal)
    if isinstance(computes, Count | Volume):
        counted = _count(asked, computes)
        status = "final" if asked.sample.month_over else "provisional"
        return replace(unfigured(metric.name, asked.sample, status, "count"), estimate=counted.astype(float))
    which: Which = computes.which if isinstance(computes, Time) else "all"
    if isinstance(computes, OpenPart):
        sample, inside = asked.inside()
        found = parts_of_replied(sample, inside)
    else:
        sample = asked.of(which, computes.clock)
        found = _estimate(computes, sample, goal)
    if (computes.clock or asked.clock) == "opening hours":
        found = found._replace(method=OPEN_TIME + found.method)
    return figured(
        metric.name,
        found,
        sample,
        of_replied=computes.of_replied,
        min_waits=min_waits,
        which=which,
        clock=computes.clock,
    )


def _as_defined(metric: Metric, statistic: Statistic) -> Metric:
    computes = metric.computes
    if not isinstance(computes, Time) or computes.statistic != "as defined":
        return metric
    return replace(metric, computes=replace(computes, statistic=statistic))


def _refusal(asked: Study, metric: Metric, goal: Target | None) -> str | None:
    if metric.needs_unanswered and asked.only_answered is not None:
        return asked.only_answered
    if metric.in_opening_hours and "opening hours" not in asked.clocks:
        return "no opening hours are known; give a calendar"
    of_customers = isinstance(metric.computes, Volume) and metric.computes.column in (
        "customers",
        "messages_in",
    )
    if asked.by_agent and (metric.needs_unanswered or of_customers):
        return NOT_BY_AGENT
    if isinstance(metric.computes, Share) and metric.computes.within_seconds is None and goal is None:
        return "no target was given; pass one such as target='80% in 1h'"
    return None


def _count(asked: Study, computes: Count | Volume) -> Ints:
    month = asked.sample.month
    if isinstance(computes, Volume):
        return asked.volumes[computes.column]
    if not computes.needs_reply:
        return asked.unneeded
    if computes.outcome is None:
        return month.counts
    return month.where(month.outcome == _OUTCOMES[computes.outcome]).counts


def _estimate(computes: Share | Time, sample: Sample, goal: Target | None) -> est.Estimates:
    if isinstance(computes, Share):
        if computes.within_seconds is None and goal is not None:
            return _against(goal, est.shares(sample, [goal.within_seconds]))
        horizons = [computes.within_seconds or 0]
        if computes.of_replied:
            return est.shares_of_replied(sample, horizons)
        return est.shares(sample, horizons, cause=_OUTCOMES[computes.outcome])
    if computes.statistic == "mean":
        return means_of_replied(sample)
    if computes.statistic == "mean of the fastest 90%":
        return trimmed_means_of_replied(sample, 0.9)
    if computes.of_replied:
        return quantiles_of_replied(sample, {"median": 0.5, "p90": 0.9}[computes.statistic])
    return medians_of_all(sample)


def _against(goal: Target, found: est.Estimates) -> est.Estimates:
    verdict = np.select(
        [found.lower >= goal.share, found.upper < goal.share], ["met", "missed"], "too close to call"
    )
    said = np.where(np.isnan(found.estimate), "", f"; target {goal}: " + verdict.astype(object))
    return found._replace(method=found.method + said)
