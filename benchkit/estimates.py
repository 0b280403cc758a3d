"""Estimates with intervals for many groups at once: arrays in, arrays out, no polars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.sample import REPLIED, Sample, SortedTimes
from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.stats.bands import band_limits, critical_value
from benchkit.stats.bounds import incidence_bounds
from benchkit.stats.curves import limits
from benchkit.stats.shares import (
    carried_over,
    clipped,
    effective_weeks,
    residuals,
    t_quantile,
    weekly_error,
    wilson,
)

Texts = npt.NDArray[np.object_]

MIN_WEEKS, MIN_EFFECTIVE_WEEKS = 8, 4.0
MIN_OWN_WEEKS, MIN_EFFECTIVE_OWN_WEEKS = 4, 3.0
"""From fewer weeks, or weeks so unequal that one or two decide, nothing is learnt of how weeks vary."""

MIN_OF_EACH = 5
"""From fewer waits within a time, or beyond it, a band learns nothing at that time."""

WEEK_SECONDS = 7 * 86_400
_LEVEL = 0.95
_Z = float(ndtri(0.5 + _LEVEL / 2))
_INDEPENDENT = "waits taken as independent, likely too narrow"


class Estimates(NamedTuple):
    """A row per group and a column per horizon; NaN where there is no figure, and no bound."""

    estimate: Floats
    lower: Floats
    upper: Floats
    bound_lower: Floats
    bound_upper: Floats
    provisional: Bools
    method: Texts

    def horizon(self, place: int) -> Estimates:
        """The estimates for one of the horizons."""
        return Estimates._make(part[:, place : place + 1] for part in self)


class Margin(NamedTuple):
    """A standard error, the quantile that goes with it, and in words what it rests on."""

    se: Floats
    quantile: Floats
    basis: Texts

    @property
    def normal_se(self) -> Floats:
        """Errors so large that normal quantiles of them are Student's of these."""
        return self.se * self.quantile / _Z


def enough_weeks(counts: Floats) -> Bools:
    """Whether so many waits a week, weeks last, tell how weeks vary."""
    weeks = np.count_nonzero(counts, axis=-1)
    return np.asarray((weeks >= MIN_WEEKS) & (effective_weeks(counts) >= MIN_EFFECTIVE_WEEKS))


def shares(sample: Sample, horizons_seconds: Sequence[int], *, cause: int = REPLIED) -> Estimates:
    """The share of all waits that ended in `cause` within each horizon.

    A plain share where every wait was watched that long, else Aalen-Johansen; NaN where
    none was.
    """
    hits = sample.replied if cause == REPLIED else sample.where(sample.outcome == cause)
    plain = _plain_shares(sample, hits, horizons_seconds, "share of all waits")
    provisional = sample.provisional(horizons_seconds)
    if not provisional.any():
        return plain
    adjusted = _incidence_shares(sample, np.asarray(horizons_seconds), cause)
    chosen = (np.where(provisional, ours, theirs) for ours, theirs in zip(adjusted, plain, strict=True))
    return Estimates._make(chosen)._replace(provisional=provisional)


def bands(
    sample: Sample, found: Estimates, horizons_seconds: Sequence[int], *, of_replied: bool
) -> tuple[Floats, Floats]:
    """Limits between which the whole of a curve lies with 95% confidence; NaN from too few weeks.

    A time by which fewer than `MIN_OF_EACH` were answered, or not, has the limits of the nearest other one.
    """
    hits = sample.replied
    whole = hits if of_replied else sample
    sums, counts = hits.weekly_within(horizons_seconds), whole.weekly_counts[:, np.newaxis]
    month_sums = hits.month.weekly_within(horizons_seconds)
    se = _weekly_margin(whole, sums, month_sums).se
    if not of_replied and found.provisional.any():
        of_incidence = _incidence_margin(sample, np.asarray(horizons_seconds), REPLIED).se
        se = np.where(found.provisional, of_incidence, se)
    with np.errstate(invalid="ignore", divide="ignore"):
        influence = np.nan_to_num(residuals(sums, counts) / counts.sum(axis=-1, keepdims=True))
    early = month_sums.sum(axis=-1)
    few = np.minimum(early, whole.month.counts[:, np.newaxis] - early) < MIN_OF_EACH
    influence, se = np.where(few[..., np.newaxis], 0.0, influence), np.where(few, 0.0, np.nan_to_num(se))
    critical = critical_value(influence.swapaxes(1, 2))[:, np.newaxis]
    lower, upper = band_limits(np.nan_to_num(found.estimate), se, critical)
    drawn = enough_weeks(counts) & ~np.isnan(found.estimate)
    return np.where(drawn, lower, np.nan), np.where(drawn, upper, np.nan)


def shares_of_replied(sample: Sample, horizons_seconds: Sequence[int]) -> Estimates:
    """The share answered within each horizon, among the waits that were answered at all."""
    replied = sample.replied
    result = _plain_shares(replied, replied, horizons_seconds, "share of answered waits")
    unsettled = sample.provisional(horizons_seconds) | sample.unsettled(WEEK_SECONDS)
    return result._replace(provisional=unsettled)


def means_of_replied(sample: Sample) -> Estimates:
    """The mean reply time among the waits that were answered."""
    replied = sample.replied
    mean, margin = means(replied, replied.seconds)
    half = margin.quantile * margin.se
    method = "mean of answered waits; " + margin.basis
    return _column(mean, np.maximum(mean - half, 0.0), mean + half, sample=sample, method=method)


def trimmed_means_of_replied(sample: Sample, share: float) -> Estimates:
    """The mean of the fastest `share` of the reply times, the time at its edge counting in part.

    It is q - E max(q - x, 0) / share, q their quantile, whose own error does not enter
    (the influence of x is (min(x, q) - E min(x, q)) / share).
    """
    replied = sample.replied
    edge = SortedTimes.of(replied.month).reached(share * replied.month.counts.astype(float))
    edge = np.where(np.isfinite(edge), edge, np.nan)
    below, margin = means(replied, np.maximum(edge[replied.group] - replied.seconds, 0.0))
    mean, half = edge - below / share, margin.quantile * margin.se / share
    method = f"mean of the fastest {share:.0%} of answered waits; " + margin.basis
    return _column(mean, np.maximum(mean - half, 0.0), mean + half, sample=sample, method=method)


def parts_of_replied(sample: Sample, inside_seconds: Ints) -> Estimates:
    """The part of the reply times, all together, that lies inside: a ratio of sums, by its residuals."""
    answered = sample.outcome == REPLIED
    replied, inside = sample.where(answered), inside_seconds[answered]
    whole, _ = means(replied, replied.seconds)
    part, _ = means(replied, inside)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = part / whole
        _, margin = means(replied, inside - ratio[replied.group] * replied.seconds)
        lower, upper = clipped(ratio, margin.quantile * margin.se / whole)
    method = "part of the time of answered waits; " + margin.basis
    return _column(ratio, lower, upper, sample=sample, method=method)


def means(sample: Sample, values: npt.NDArray[Any]) -> tuple[Floats, Margin]:
    """By group: the month's mean of a value that each wait of the sample has, and its error."""
    month, of_month = sample.month, values[sample.in_month]
    n = month.counts.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(month.group, of_month, sample.n_groups) / n
        squares = np.bincount(month.group, (of_month - mean[month.group]) ** 2, sample.n_groups)
        alone = Margin(np.sqrt(squares / (n - 1) / n), t_quantile(n - 1, _LEVEL), _texts(n, _INDEPENDENT))
    weekly = _weekly_margin(sample, sample.weekly_sums(values), month.weekly_sums(of_month))
    return mean, _or_else(weekly, alone)


def quantiles_of_replied(sample: Sample, share: float) -> Estimates:
    """A quantile of the reply time among answered waits.

    The error of the share at the quantile is carried back through the distribution
    (Woodruff 1952).
    """
    replied = sample.replied
    times = SortedTimes.of(replied.month)
    estimate = times.interpolated(np.full(sample.n_groups, share))
    low, high, basis = _around(share, replied, estimate)
    method = "quantile of answered waits, Woodruff interval; " + basis
    return _column(estimate, times.interpolated(low), times.interpolated(high), sample=sample, method=method)


def medians_of_all(sample: Sample) -> Estimates:
    """The time by which half of all waits were answered; NaN where fewer than half were within 7 days."""
    half = np.full(sample.n_groups, 0.5)
    provisional = sample.provisional([WEEK_SECONDS])
    if provisional.any():
        estimate, lower, upper, basis = _incidence_medians(sample, half)
    else:
        times, n = SortedTimes.of(sample.month.replied), sample.month.counts
        estimate = times.reached(half * n)
        low, high, basis = _around(
            0.5, sample, np.minimum(estimate, WEEK_SECONDS), hits=sample.outcome == REPLIED
        )
        lower, upper = times.reached(low * n), times.reached(high * n)
    not_reached = "not reached: fewer than half were answered within 7 days; "
    said = np.where(estimate > WEEK_SECONDS, not_reached, "median of all waits, Woodruff interval; ")
    in_time = (np.where(figure <= WEEK_SECONDS, figure, np.nan) for figure in (estimate, lower, upper))
    return _column(*in_time, sample=sample, method=said.astype(object) + basis, provisional=provisional)


def _incidence_medians(sample: Sample, half: Floats) -> tuple[Floats, Floats, Floats, Texts]:
    replies = sample.month.incidence(REPLIED)
    estimate = replies.reached(half)
    ticks, own = np.unique(np.minimum(estimate, WEEK_SECONDS).astype(np.int64), return_inverse=True)
    margin = _incidence_margin(sample, ticks, REPLIED)
    groups = np.arange(sample.n_groups)
    spread = (margin.quantile * margin.se)[groups, own]
    return estimate, replies.reached(half - spread), replies.reached(half + spread), margin.basis[groups, own]


def _plain_shares(sample: Sample, hits: Sample, horizons_seconds: Sequence[int], what: str) -> Estimates:
    month_sums = hits.month.weekly_within(horizons_seconds)
    margin = _weekly_margin(sample, hits.weekly_within(horizons_seconds), month_sums)
    n = sample.month.counts[:, np.newaxis]
    score = wilson(month_sums.sum(axis=-1), n)
    lower, upper = clipped(score.estimate, margin.quantile * margin.se)
    weekly, unbounded = margin.se > 0, np.full(score.estimate.shape, np.nan)
    return Estimates(
        score.estimate,
        np.where(weekly, lower, score.lower),
        np.where(weekly, upper, score.upper),
        unbounded,
        unbounded,
        np.zeros(score.estimate.shape, dtype=bool),
        _texts(weekly, f"{what}; ") + np.where(weekly, margin.basis, "Wilson, " + _INDEPENDENT),
    )


def _weekly_margin(sample: Sample, sums: Floats, month_sums: Floats) -> Margin:
    """From the trailing weeks where there are enough of them, else from the month's own; else NaN.

    `sums` has the weeks last and the groups first; `sample` holds the waits they are sums over.
    """
    axes = tuple(range(1, sums.ndim - 1))
    counts, month_counts = (np.expand_dims(part.weekly_counts, axes) for part in (sample, sample.month))
    n_month = month_counts.sum(axis=-1)
    trailing = weekly_error(sums, counts, n_month)
    own = weekly_error(month_sums, month_counts, n_month)
    enough = enough_weeks(counts)
    weeks = np.broadcast_to(np.where(enough, trailing.weeks, own.weeks), sums.shape[:-1])
    own_enough = (own.weeks >= MIN_OWN_WEEKS) & (own.effective >= MIN_EFFECTIVE_OWN_WEEKS)
    own_se = np.where(own_enough, own.se, np.nan)
    return _margin(np.where(enough, trailing.se, own_se), weeks, enough)


def _margin(se: Floats, weeks: npt.NDArray[np.int64], enough: npt.ArrayLike) -> Margin:
    short = np.where(enough, "", " (too little history for more)").astype(object)
    return Margin(
        se, t_quantile(weeks - 1, _LEVEL), weeks.astype(str).astype(object) + " weeks as clusters" + short
    )


def _around(
    share: float, sample: Sample, seconds: Floats, *, hits: Bools | None = None
) -> tuple[Floats, Floats, Texts]:
    """The interval of the share (of `hits`) that lies below each group's own time, about `share`.

    Reply times carry a backlog from week to week, so it is wider where weeks are like the next.
    """
    below = sample.seconds <= np.nan_to_num(seconds)[sample.group]
    below = below if hits is None else below & hits
    month_below = sample.month.weekly_sums(below[sample.in_month])
    weekly_below = sample.weekly_sums(below)
    margin = _weekly_margin(sample, weekly_below, month_below)
    n = sample.month.counts
    score = wilson(share * n, n)
    half = margin.quantile * margin.se * np.sqrt(carried_over(weekly_below, sample.weekly_counts))
    lower, upper = clipped(share, half)
    weekly = margin.se > 0
    return (
        np.where(weekly, lower, score.lower),
        np.where(weekly, upper, score.upper),
        np.where(weekly, margin.basis, _INDEPENDENT).astype(object),
    )


def _incidence_shares(sample: Sample, horizons_seconds: Ints, cause: int) -> Estimates:
    """Shares by Aalen-Johansen, for months that can still change."""
    month = sample.month
    table = month.incidence(cause)
    estimate = table.at(horizons_seconds)
    margin = _incidence_margin(sample, horizons_seconds, cause)
    at_an_end = (estimate == 0) | (estimate == 1)
    plain = clipped(estimate, margin.quantile * margin.se)
    curved = limits(estimate, margin.se, margin.quantile)
    lower, upper = (np.where(at_an_end, *sides) for sides in zip(plain, curved, strict=True))
    n = month.counts[:, np.newaxis]
    score = wilson(estimate * n, n)
    alike = margin.se == 0
    watched = sample.longest_watched[:, np.newaxis] >= horizons_seconds
    bounds = incidence_bounds(
        month.seconds, month.outcome, horizons_seconds, cause=cause, groups=month.group, n_groups=n.size
    )
    basis = np.where(alike, "Wilson, " + _INDEPENDENT, margin.basis)
    return Estimates(
        np.where(watched, estimate, np.nan),
        np.where(watched, np.where(alike, score.lower, lower), np.nan),
        np.where(watched, np.where(alike, score.upper, upper), np.nan),
        np.where(watched & month.month_over, bounds.lower, np.nan),
        np.where(watched & month.month_over, bounds.upper, np.nan),
        watched,
        np.where(
            watched, _texts(watched, "Aalen-Johansen; ") + basis, "no wait has been watched that long yet"
        ),
    )


def _incidence_margin(sample: Sample, horizons_seconds: Ints, cause: int) -> Margin:
    """Jackknife errors summed over weeks: the trailing ones scaled to the month, or the month's own."""
    month = sample.month

    def weekly(part: Sample, least: int, least_effective: float) -> tuple[Floats, Ints]:
        counts = part.weekly_counts
        weeks = np.count_nonzero(counts, axis=1)[:, np.newaxis]
        with np.errstate(invalid="ignore", divide="ignore"):
            effective = effective_weeks(counts)[:, np.newaxis]
            scale = weeks / (weeks - 1.0) * (part.counts / month.counts)[:, np.newaxis]
            se = part.incidence(cause).error(horizons_seconds, part.week) * np.sqrt(scale)
        return np.where((weeks >= least) & (effective >= least_effective), se, np.nan), weeks

    se, weeks = weekly(sample, MIN_WEEKS, MIN_EFFECTIVE_WEEKS)
    enough = np.isfinite(se)
    if not enough.all():
        own_se, own_weeks = weekly(month, MIN_OWN_WEEKS, MIN_EFFECTIVE_OWN_WEEKS)
        se, weeks = np.where(enough, se, own_se), np.where(enough, weeks, own_weeks)
    margin = _margin(se, np.broadcast_to(weeks, se.shape), enough)
    if np.isfinite(se).all():
        return margin
    alone = month.incidence(cause).error(horizons_seconds)
    return _or_else(margin, Margin(alone, np.full(alone.shape, _Z), _texts(alone, _INDEPENDENT)))


def _or_else(margin: Margin, other: Margin) -> Margin:
    usable = np.isfinite(margin.se)
    return Margin(*(np.where(usable, ours, theirs) for ours, theirs in zip(margin, other, strict=True)))


def _column(
    estimate: Floats,
    lower: Floats,
    upper: Floats,
    *,
    sample: Sample,
    method: Texts,
    provisional: Bools | None = None,
) -> Estimates:
    unbounded = np.full((estimate.size, 1), np.nan)
    return Estimates(
        estimate[:, np.newaxis],
        lower[:, np.newaxis],
        upper[:, np.newaxis],
        unbounded,
        unbounded,
        sample.unsettled(WEEK_SECONDS) if provisional is None else provisional,
        method.astype(object)[:, np.newaxis],
    )


def _texts(like: npt.NDArray[Any], text: str) -> Texts:
    return np.full(np.shape(like), text, dtype=object)
