"""From waits to tidy estimates: one row per group and metric, each with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from benchkit import estimates as est
from benchkit.catalogue import CATALOGUE, find_metrics
from benchkit.errors import BenchkitError
from benchkit.metrics import Count, Metric, OpenPart, Share, Statistic, Target, Time, Volume, Which
from benchkit.peers import MIN_BRANDS
from benchkit.periods import parse_month
from benchkit.sample import AWAITING, CLOSED, REPLIED, Sample
from benchkit.schema import BAND, ESTIMATES
from benchkit.stats.arrays import Floats, Ints
from benchkit.study import NOT_BY_AGENT, Study, study
from benchkit.waits import Waits

HISTORY_WEEKS = 13
MIN_WAITS = 30
_HUMAN_SECONDS = {900, 3_600, 14_400, 86_400}
CURVE_SECONDS = sorted(
    _HUMAN_SECONDS.union(np.geomspace(60, est.WEEK_SECONDS, 97).round().astype(int).tolist())
)
"""The times of an expectation curve: 1 minute to 7 days."""

_FIGURES = ("estimate", "lower", "upper", "bound_lower", "bound_upper")
_WHICH = {"queue": "assigned", "handling": "assigned"}
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
    return _tidy(asked, [_rows(asked, metric, goal, min_waits) for metric in chosen])


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
        for ruled in by_the_rules_of(waits, label)
    )


def by_the_rules_of(waits: Waits, month: str) -> list[Waits]:
    """The waits by the definition that held in a month; by both, that before first, where it changed then."""
    period, since = parse_month(month), waits.definition.valid_from
    if waits.before is None or since is None or since < period.start.date():
        return [waits]
    earlier = by_the_rules_of(waits.before, month)
    return [*earlier, waits] if since < period.end.date() else earlier


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
    `replied_within`.
    """
    asked = study(waits, month=month, by=by, history_weeks=history_weeks)
    of_replied = asked.only_answered is not None or asked.by_agent
    curves = est.shares_of_replied if of_replied else est.shares
    name = "replied_within" if of_replied else "answered_within"
    times = sorted({*CURVE_SECONDS, *at})
    found = curves(asked.sample, times)
    rows = [
        _figures(name, found.horizon(place), asked.sample, of_replied=of_replied, min_waits=min_waits)
        for place in range(len(times))
    ]
    told = _tidy(asked, rows, times)
    band = est.bands(asked.sample, found, times, of_replied=of_replied)
    limits = {name: pl.Series(values.ravel()).fill_nan(None) for name, values in zip(BAND, band, strict=True)}
    has_figure = pl.col("estimate").is_not_null()
    return told.with_columns(pl.when(has_figure).then(limit).alias(name) for name, limit in limits.items())


@dataclass(frozen=True)
class _Rows:
    """The estimates of one metric, an entry per group."""

    metric: str
    estimate: Floats
    lower: Floats
    upper: Floats
    bound_lower: Floats
    bound_upper: Floats
    n: Ints
    n_replied: Ints
    status: npt.NDArray[np.str_]
    method: est.Texts


def _rows(asked: Study, metric: Metric, goal: Target | None, min_waits: int) -> _Rows:
    metric = _as_defined(metric, asked.statistic)
    computes, refusal = metric.computes, _refusal(asked, metric, goal)
    if refusal is not None:
        return _unfigured(metric.name, asked.sample, "refused", refusal)
    if isinstance(computes, Count | Volume):
        counted = _count(asked, computes)
        status = "final" if asked.sample.month_over else "provisional"
        return replace(_unfigured(metric.name, asked.sample, status, "count"), estimate=counted.astype(float))
    which: Which = computes.which if isinstance(computes, Time) else "all"
    if isinstance(computes, OpenPart):
        sample, inside = asked.inside()
        found = est.parts_of_replied(sample, inside)
    else:
        sample = asked.of(which, computes.clock)
        found = _estimate(computes, sample, goal)
    return _figures(
        metric.name, found, sample, of_replied=computes.of_replied, min_waits=min_waits, which=which
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
        return est.means_of_replied(sample)
    if computes.statistic == "mean of the fastest 90%":
        return est.trimmed_means_of_replied(sample, 0.9)
    if computes.of_replied:
        return est.quantiles_of_replied(sample, {"median": 0.5, "p90": 0.9}[computes.statistic])
    return est.medians_of_all(sample)


def _against(goal: Target, found: est.Estimates) -> est.Estimates:
    verdict = np.select(
        [found.lower >= goal.share, found.upper < goal.share], ["met", "missed"], "too close to call"
    )
    said = np.where(np.isnan(found.estimate), "", f"; target {goal}: " + verdict.astype(object))
    return found._replace(method=found.method + said)


def _figures(
    name: str,
    found: est.Estimates,
    sample: Sample,
    *,
    of_replied: bool,
    min_waits: int,
    which: Which = "all",
) -> _Rows:
    least = max(min_waits, 1)
    n, n_replied = sample.month.counts, sample.month.replied.counts
    withheld = (n_replied if of_replied else n) < least
    told = {name: np.where(withheld, np.nan, getattr(found, name)[:, 0]) for name in _FIGURES}
    status = np.where(withheld, "withheld", np.where(found.provisional[:, 0], "provisional", "final"))
    words = {"answered ": of_replied, f"{_WHICH.get(which, which)} ": which != "all"}
    kind = "".join(word for word, applies in words.items() if applies)
    fewer = f"fewer than {least:,} {kind}waits"
    method = np.where(withheld, fewer, found.method[:, 0])
    return _Rows(name, n=n, n_replied=n_replied, status=status, method=method, **told)


def _unfigured(name: str, sample: Sample, status: str, method: str) -> _Rows:
    nothing, n = np.full(sample.n_groups, np.nan), sample.month.counts
    return _Rows(
        name,
        n=n,
        n_replied=sample.month.replied.counts,
        status=np.full(n.size, status),
        method=np.full(n.size, method, dtype=object),
        **dict.fromkeys(_FIGURES, nothing),
    )


def _tidy(asked: Study, rows: Sequence[_Rows], seconds: Sequence[int] = ()) -> pl.DataFrame:
    """Groups in order, and within each the metrics as asked for, or the times of one."""
    keys, n_groups = asked.groups.columns, asked.groups.height
    columns = {
        field.name: np.stack([getattr(part, field.name) for part in rows], axis=1).ravel()
        for field in fields(_Rows)
        if field.name != "metric"
    }
    frame = pl.DataFrame({"metric": [part.metric for part in rows] * n_groups})
    if keys:
        group = np.repeat(np.arange(n_groups), len(rows))
        frame = asked.groups.select(pl.col(keys).cast(pl.String))[group].hstack(frame)
    if seconds:
        frame = frame.with_columns(pl.Series("seconds", list(seconds) * n_groups, pl.Int64))
    figures = pl.DataFrame({k: v.tolist() if v.dtype.kind in "OU" else v for k, v in columns.items()})
    tidy = frame.hstack(figures).select(
        *frame.columns,
        pl.col(*_FIGURES).fill_nan(None),
        pl.col("n", "n_replied"),
        pl.col("status").cast(ESTIMATES["status"]),
        "method",
        pl.lit(asked.definition).alias("definition"),
    )
    return _without_few_brands(asked, tidy, len(rows)) if asked.too_few_brands.any() else tidy


def _without_few_brands(asked: Study, tidy: pl.DataFrame, n_rows: int) -> pl.DataFrame:
    """Blank whatever would tell of too few peers, the number of their waits included."""
    too_few = pl.Series(np.repeat(asked.too_few_brands, n_rows))
    withheld = too_few & (tidy["status"] != "refused")
    return tidy.with_columns(
        pl.when(~too_few).then(pl.col(*_FIGURES, "n", "n_replied")),
        pl.when(withheld).then(pl.lit("withheld", ESTIMATES["status"])).otherwise("status").alias("status"),
        pl.when(withheld).then(pl.lit(f"fewer than {MIN_BRANDS} brands")).otherwise("method").alias("method"),
    )
