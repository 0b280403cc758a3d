"""Standard errors of figures of waits, by whole weeks, and in words what each rests on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.sample import Sample
from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.stats.shares import effective_weeks, t_quantile, weekly_error

Texts = npt.NDArray[np.object_]

MIN_WEEKS, MIN_EFFECTIVE_WEEKS = 8, 4.0
MIN_OWN_WEEKS, MIN_EFFECTIVE_OWN_WEEKS = 4, 3.0
"""From fewer weeks, or weeks so unequal that one or two decide, nothing is learnt of how weeks vary."""

WEEK_SECONDS = 7 * 86_400
LEVEL = 0.95
NORMAL_QUANTILE = float(ndtri(0.5 + LEVEL / 2))
INDEPENDENT = "waits taken as independent, likely too narrow"


class Margin(NamedTuple):
    """A standard error, the quantile that goes with it, and in words what it rests on."""

    se: Floats
    quantile: Floats
    basis: Texts

    @property
    def normal_se(self) -> Floats:
        """Errors so large that normal quantiles of them are Student's of these."""
        return self.se * self.quantile / NORMAL_QUANTILE


def enough_weeks(counts: Floats) -> Bools:
    """Whether so many waits a week, weeks last, tell how weeks vary."""
    weeks = np.count_nonzero(counts, axis=-1)
    return np.asarray((weeks >= MIN_WEEKS) & (effective_weeks(counts) >= MIN_EFFECTIVE_WEEKS))


def weekly_margin(sample: Sample, sums: Floats, month_sums: Floats) -> Margin:
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
    return margin_of(np.where(enough, trailing.se, own_se), weeks, enough)


def margin_of(se: Floats, weeks: npt.NDArray[np.int64], enough: npt.ArrayLike) -> Margin:
    """The margin of an error learnt from so many weeks, `enough` of them or not."""
    short = np.where(enough, "", " (too little history for more)").astype(object)
    return Margin(
        se, t_quantile(weeks - 1, LEVEL), weeks.astype(str).astype(object) + " weeks as clusters" + short
    )


def incidence_margin(sample: Sample, horizons_seconds: Ints, cause: int) -> Margin:
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
    margin = margin_of(se, np.broadcast_to(weeks, se.shape), enough)
    if np.isfinite(se).all():
        return margin
    alone = month.incidence(cause).error(horizons_seconds)
    return or_else(margin, Margin(alone, np.full(alone.shape, NORMAL_QUANTILE), texts(alone, INDEPENDENT)))


def or_else(margin: Margin, other: Margin) -> Margin:
    """One margin where it is known, else another."""
    usable = np.isfinite(margin.se)
    return Margin(*(np.where(usable, ours, theirs) for ours, theirs in zip(margin, other, strict=True)))


def texts(like: npt.NDArray[Any], text: str) -> Texts:
    """The same words for each of some figures."""
    return np.full(np.shape(like), text, dtype=object)
