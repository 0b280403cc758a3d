"""Estimates with intervals for many groups at once: arrays in, arrays out, no polars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from benchkit.sample import REPLIED, Bools, Floats, Sample, SortedTimes
from benchkit.stats.incidence import Curve, cumulative_incidence, limits
from benchkit.stats.shares import weekly_error, wilson

Texts = npt.NDArray[np.object_]

MIN_WEEKS = 8
WEEK_SECONDS = 7 * 86_400
_UPPER_TAIL = 0.975
_Z = float(ndtri(_UPPER_TAIL))
_INDEPENDENT = "waits taken as independent, likely too narrow"


class Estimates(NamedTuple):
    """A row per group and a column per horizon; NaN where there is no figure."""

    estimate: Floats
    lower: Floats
    upper: Floats
    provisional: Bools
    method: Texts

    def horizon(self, place: int) -> Estimates:
        """The estimates for one of the horizons."""
        estimate, lower, upper, provisional, method = self
        one = slice(place, place + 1)
        return Estimates(estimate[:, one], lower[:, one], upper[:, one], provisional[:, one], method[:, one])


class Margin(NamedTuple):
    """A standard error, the quantile that goes with it, and in words what it rests on."""

    se: Floats
    quantile: Floats
    basis: Texts


def shares(sample: Sample, horizons_seconds: Sequence[int], *, cause: int = REPLIED) -> Estimates:
    """The share of all waits that ended in `cause` within each horizon.

    A plain share where every wait was watched that long, else Aalen-Johansen; NaN where
    none was.
    """
    hits = sample.where(sample.outcome == cause)
    result = _plain_shares(sample, hits, horizons_seconds, "share of all waits")
    provisional = sample.provisional(horizons_seconds)
    for group in np.flatnonzero(provisional.any(axis=1)):
        open_ones = np.flatnonzero(provisional[group])
        row = _incidence(sample.one(int(group)), np.asarray(horizons_seconds)[open_ones], cause)
        for old, new in zip((*result[:3], result.method), (*row[:3], row.method), strict=True):
            old[group, open_ones] = new
    return result._replace(provisional=provisional)


def shares_of_replied(sample: Sample, horizons_seconds: Sequence[int]) -> Estimates:
    """The share answered within each horizon, among the waits that were answered at all."""
    replied = sample.replied()
    result = _plain_shares(replied, replied, horizons_seconds, "share of answered waits")
    settled = [max(horizon, WEEK_SECONDS) for horizon in horizons_seconds]
    return result._replace(provisional=sample.provisional(settled))


def means_of_replied(sample: Sample) -> Estimates:
    """The mean reply time among the waits that were answered."""
    replied = sample.replied()
    month = replied.month()
    n = month.counts().astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(month.group, month.seconds, sample.n_groups) / n
        squares = np.bincount(month.group, (month.seconds - mean[month.group]) ** 2, sample.n_groups)
        alone = Margin(np.sqrt(squares / (n - 1) / n), _t(n - 1), _texts(n, _INDEPENDENT))
    margin = _or_else(
        _weekly_margin(replied, replied.weekly(replied.seconds), month.weekly(month.seconds)), alone
    )
    half = margin.quantile * margin.se
    method = "mean of answered waits; " + margin.basis
    return _column(mean, np.maximum(mean - half, 0.0), mean + half, method, sample)


def quantiles_of_replied(sample: Sample, share: float) -> Estimates:
    """A quantile of the reply time among answered waits.

    The error of the share at the quantile is carried back through the distribution
    (Woodruff 1952).
    """
    replied = sample.replied()
    times = SortedTimes.of(replied.month())
    estimate = times.interpolated(np.full(sample.n_groups, share))
    low, high, basis = _around(share, replied, replied, estimate)
    method = "quantile of answered waits, Woodruff interval; " + basis
    return _column(estimate, times.interpolated(low), times.interpolated(high), method, sample)


def medians_of_all(sample: Sample) -> Estimates:
    """The time by which half of all waits were answered; NaN where fewer than half were within 7 days."""
    within = sample.where((sample.outcome == REPLIED) & (sample.seconds <= WEEK_SECONDS))
    times = SortedTimes.of(within.month())
    n = sample.month().counts()
    estimate = times.reached(n / 2)
    low, high, basis = _around(0.5, sample, within, np.where(np.isnan(estimate), WEEK_SECONDS, estimate))
    said = np.where(
        np.isnan(estimate),
        "not reached: fewer than half were answered within 7 days; ",
        "median of all waits; ",
    )
    result = _column(
        estimate, times.reached(low * n), times.reached(high * n), said.astype(object) + basis, sample
    )
    for group in np.flatnonzero(result.provisional[:, 0] & (n > 0)):
        part = sample.one(int(group))
        month = part.month()
        curve = cumulative_incidence(month.seconds, month.outcome)
        middle = _first_reaching(curve, 0.5)
        margin = _incidence_margin(part, np.array([min(middle, WEEK_SECONDS)]), REPLIED)
        half = float(margin.quantile[0] * margin.se[0])
        found = np.array([_first_reaching(curve, share) for share in (0.5, 0.5 - half, 0.5 + half)])
        for old, new in zip(result[:3], np.where(found <= WEEK_SECONDS, found, np.nan), strict=True):
            old[group, 0] = new
        reached = (
            "Aalen-Johansen median; " if middle <= WEEK_SECONDS else "not reached so far, by Aalen-Johansen; "
        )
        result.method[group, 0] = reached + margin.basis[0]
    return result


def _plain_shares(sample: Sample, hits: Sample, horizons_seconds: Sequence[int], what: str) -> Estimates:
    month_sums = hits.month().weekly_within(horizons_seconds)
    margin = _weekly_margin(sample, hits.weekly_within(horizons_seconds), month_sums)
    n = sample.month().counts()[:, np.newaxis]
    score = wilson(month_sums.sum(axis=-1), n)
    half = margin.quantile * margin.se
    weekly = margin.se > 0
    return Estimates(
        score.estimate,
        np.where(weekly, np.maximum(score.estimate - half, 0.0), score.lower),
        np.where(weekly, np.minimum(score.estimate + half, 1.0), score.upper),
        np.zeros(score.estimate.shape, dtype=bool),
        _texts(weekly, f"{what}; ") + np.where(weekly, margin.basis, "Wilson, " + _INDEPENDENT),
    )


def _weekly_margin(sample: Sample, sums: Floats, month_sums: Floats) -> Margin:
    """From the trailing weeks where there are enough of them, else from the month's own; else NaN.

    `sums` has the weeks last and the groups first; `sample` holds the waits they are sums over.
    """
    axes = tuple(range(1, sums.ndim - 1))
    counts, month_counts = (np.expand_dims(part.weekly(), axes) for part in (sample, sample.month()))
    n_month = month_counts.sum(axis=-1)
    trailing = weekly_error(sums, counts, n_month)
    own = weekly_error(month_sums, month_counts, n_month)
    enough = trailing.weeks >= MIN_WEEKS
    weeks = np.broadcast_to(np.where(enough, trailing.weeks, own.weeks), sums.shape[:-1])
    return _margin(np.where(enough, trailing.se, own.se), weeks, enough)


def _margin(se: Floats, weeks: npt.NDArray[np.int64], enough: npt.ArrayLike) -> Margin:
    with np.errstate(invalid="ignore"):
        quantile = _t(np.where(weeks > 1, weeks - 1.0, np.nan))
    short = np.where(enough, "", f" (under {MIN_WEEKS} weeks of history)").astype(object)
    return Margin(se, quantile, weeks.astype(str).astype(object) + " weeks as clusters" + short)


def _around(share: float, sample: Sample, hits: Sample, seconds: Floats) -> tuple[Floats, Floats, Texts]:
    """The interval of the share that lies below each group's own time, about `share`."""
    below = hits.where(hits.seconds <= np.nan_to_num(seconds)[hits.group])
    margin = _weekly_margin(sample, below.weekly(), below.month().weekly())
    n = sample.month().counts()
    score = wilson(share * n, n)
    half = margin.quantile * margin.se
    weekly = margin.se > 0
    return (
        np.where(weekly, np.maximum(share - half, 0.0), score.lower),
        np.where(weekly, np.minimum(share + half, 1.0), score.upper),
        np.where(weekly, margin.basis, _INDEPENDENT).astype(object),
    )


def _incidence(group: Sample, horizons_seconds: npt.NDArray[np.int64], cause: int) -> Estimates:
    """One provisional group's shares, by Aalen-Johansen."""
    month = group.month()
    nothing = np.full(horizons_seconds.size, np.nan)
    if not month.seconds.size:
        return Estimates(nothing, nothing, nothing, nothing > 0, _texts(nothing, "no waits"))
    estimate = cumulative_incidence(month.seconds, month.outcome, cause=cause).at(horizons_seconds).estimate
    margin = _incidence_margin(group, horizons_seconds, cause)
    lower, upper = limits(estimate, margin.se, margin.quantile)
    score = wilson(estimate * month.seconds.size, month.seconds.size)
    alike = margin.se == 0
    watched = month.watched_seconds.max() >= horizons_seconds
    method = np.where(alike, "Aalen-Johansen; Wilson, " + _INDEPENDENT, "Aalen-Johansen; " + margin.basis)
    return Estimates(
        np.where(watched, estimate, np.nan),
        np.where(watched, np.where(alike, score.lower, lower), np.nan),
        np.where(watched, np.where(alike, score.upper, upper), np.nan),
        watched,
        np.where(watched, method, "no wait has been watched that long yet").astype(object),
    )


def _incidence_margin(group: Sample, horizons_seconds: npt.ArrayLike, cause: int) -> Margin:
    """Jackknife errors summed over weeks: the trailing ones scaled to the month, or the month's own."""
    month = group.month()
    size = np.size(horizons_seconds)
    for part, least in ((group, MIN_WEEKS), (month, 2)):
        weeks = np.unique(part.week).size
        if weeks >= least:
            curve = cumulative_incidence(part.seconds, part.outcome, cause=cause, cluster=part.week)
            scale = np.sqrt(weeks / (weeks - 1) * part.seconds.size / month.seconds.size)
            return _margin(curve.at(horizons_seconds).se * scale, np.full(size, weeks), least == MIN_WEEKS)
    curve = cumulative_incidence(month.seconds, month.outcome, cause=cause)
    se = curve.at(horizons_seconds).se
    return Margin(se, np.full(size, _Z), _texts(se, _INDEPENDENT))


def _first_reaching(curve: Curve, share: float) -> float:
    there = np.flatnonzero(curve.estimate >= share - 1e-12)
    return float(curve.time[there[0]]) if there.size else np.inf


def _or_else(margin: Margin, other: Margin) -> Margin:
    usable = margin.se > 0
    return Margin(*(np.where(usable, ours, theirs) for ours, theirs in zip(margin, other, strict=True)))


def _column(estimate: Floats, lower: Floats, upper: Floats, method: Texts, sample: Sample) -> Estimates:
    return Estimates(
        estimate[:, np.newaxis],
        lower[:, np.newaxis],
        upper[:, np.newaxis],
        sample.provisional([WEEK_SECONDS]),
        method.astype(object)[:, np.newaxis],
    )


def _t(degrees: Floats) -> Floats:
    return np.asarray(stdtrit(degrees, _UPPER_TAIL), dtype=np.float64)


def _texts(like: npt.NDArray[Any], text: str) -> Texts:
    return np.full(np.shape(like), text, dtype=object)
