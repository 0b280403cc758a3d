"""Times of replies with intervals, for many groups at once: means, quantiles, and parts of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchkit.estimates import Estimates
from benchkit.margins import (
    INDEPENDENT,
    LEVEL,
    WEEK_SECONDS,
    Margin,
    Texts,
    incidence_margin,
    or_else,
    texts,
    weekly_margin,
)
from benchkit.sample import REPLIED, Sample, SortedTimes
from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.stats.shares import carried_over, clipped, t_quantile, wilson


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
        alone = Margin(np.sqrt(squares / (n - 1) / n), t_quantile(n - 1, LEVEL), texts(n, INDEPENDENT))
    weekly = weekly_margin(sample, sample.weekly_sums(values), month.weekly_sums(of_month))
    return mean, or_else(weekly, alone)


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
    margin = incidence_margin(sample, ticks, REPLIED)
    groups = np.arange(sample.n_groups)
    spread = (margin.quantile * margin.se)[groups, own]
    return estimate, replies.reached(half - spread), replies.reached(half + spread), margin.basis[groups, own]


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
    margin = weekly_margin(sample, weekly_below, month_below)
    n = sample.month.counts
    score = wilson(share * n, n)
    half = margin.quantile * margin.se * np.sqrt(carried_over(weekly_below, sample.weekly_counts))
    lower, upper = clipped(share, half)
    weekly = margin.se > 0
    return (
        np.where(weekly, lower, score.lower),
        np.where(weekly, upper, score.upper),
        np.where(weekly, margin.basis, INDEPENDENT).astype(object),
    )


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
