"""Shares of waits with intervals, for many groups at once: arrays in, arrays out, no polars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchkit.margins import (
    INDEPENDENT,
    WEEK_SECONDS,
    Texts,
    enough_weeks,
    incidence_margin,
    texts,
    weekly_margin,
)
from benchkit.sample import REPLIED, Sample
from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.stats.bands import band_limits, critical_value
from benchkit.stats.bounds import incidence_bounds
from benchkit.stats.curves import limits
from benchkit.stats.shares import clipped, residuals, wilson

MIN_OF_EACH = 5
"""From fewer waits within a time, or beyond it, a band learns nothing at that time."""


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
    se = weekly_margin(whole, sums, month_sums).se
    if not of_replied and found.provisional.any():
        of_incidence = incidence_margin(sample, np.asarray(horizons_seconds), REPLIED).se
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


def _plain_shares(sample: Sample, hits: Sample, horizons_seconds: Sequence[int], what: str) -> Estimates:
    month_sums = hits.month.weekly_within(horizons_seconds)
    margin = weekly_margin(sample, hits.weekly_within(horizons_seconds), month_sums)
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
        texts(weekly, f"{what}; ") + np.where(weekly, margin.basis, "Wilson, " + INDEPENDENT),
    )


def _incidence_shares(sample: Sample, horizons_seconds: Ints, cause: int) -> Estimates:
    """Shares by Aalen-Johansen, for months that can still change."""
    month = sample.month
    table = month.incidence(cause)
    estimate = table.at(horizons_seconds)
    margin = incidence_margin(sample, horizons_seconds, cause)
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
    basis = np.where(alike, "Wilson, " + INDEPENDENT, margin.basis)
    return Estimates(
        np.where(watched, estimate, np.nan),
        np.where(watched, np.where(alike, score.lower, lower), np.nan),
        np.where(watched, np.where(alike, score.upper, upper), np.nan),
        np.where(watched & month.month_over, bounds.lower, np.nan),
        np.where(watched & month.month_over, bounds.upper, np.nan),
        watched,
        np.where(
            watched, texts(watched, "Aalen-Johansen; ") + basis, "no wait has been watched that long yet"
        ),
    )
