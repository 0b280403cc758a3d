"""Shares and means with the uncertainty of the process that made them: whole weeks vary together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from benchkit.stats.arrays import Floats, Ints, check_level, parts_of, shares_of

NO_VARIATION = 1e-12
"""A standard error up to this is rounding: nothing varied, so nothing was learnt of how it varies."""


class Interval(NamedTuple):
    """An estimate with its limits."""

    estimate: Floats
    lower: Floats
    upper: Floats


class WeeklyError(NamedTuple):
    """A standard error from week to week, and the weeks it rests on; t with `weeks` - 1.

    `effective` is (sum n_w)² / sum n_w², see `effective_weeks`.
    """

    se: Floats
    weeks: Ints
    effective: Floats


def wilson(successes: npt.ArrayLike, totals: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The score interval of a share of independent waits; too narrow where a bad day fails many at once.

    >>> wilson(15, 148).upper.round(4).item()
    0.1605

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), elementwise.
    Source: Wilson 1927; Newcombe 1998, method 3.
    """
    y, n = np.asarray(successes, dtype=float), np.asarray(totals, dtype=float)
    z = float(ndtri(0.5 + check_level(level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        p = y / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    lower, upper = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    return Interval(p, np.where(y == 0, 0.0, lower), np.where(y == n, 1.0, upper))


def weekly_error(sums: npt.ArrayLike, counts: npt.ArrayLike, month_counts: npt.ArrayLike) -> WeeklyError:
    """The error of a month's ratio (a share or a mean), learnt from how whole weeks vary.

    >>> error = weekly_error([8.0, 2, 6, 4], [10, 10, 10, 10], 20)
    >>> error.se.round(4).item(), error.weeks.item()
    (0.1826, 4)

    R = sum y_w / sum n_w, e_w = y_w - R n_w, and the month's variance is
    B/(B-1) sum e_w² / (sum n_w)² · (sum n_w / n_month). `sums` and `counts` hold a week per
    entry of the last axis; a week without waits is no cluster. NaN below two weeks.
    Source: Cochran 1977, section 6.3; Kish 1965 on ultimate clusters.
    """
    y, n = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    month = np.asarray(month_counts, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(ratio_variance(y, n) * (n.sum(axis=-1) / month))
    return WeeklyError(se, np.count_nonzero(n, axis=-1), effective_weeks(n))


def carried_over(sums: Floats, counts: Floats) -> Floats:
    """By how much a variance between weeks grows where one week is like the next, at least 1.

    >>> carried_over(np.array([9.0, 8, 2, 1]), np.full(4, 10.0)).round(2).item()
    1.3

    1 + max(0, r), r the correlation of e_w = y_w - R n_w with the week after, weeks on the
    last axis in order. Source: Newey and West 1987, with one lag.
    """
    residual = residuals(sums, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        lagged = (residual[..., 1:] * residual[..., :-1]).sum(axis=-1) / (residual**2).sum(axis=-1)
    return np.asarray(1.0 + np.maximum(np.nan_to_num(lagged), 0.0))


def residuals(sums: Floats, counts: Floats) -> Floats:
    """What each cluster on the last axis has beyond the ratio of all: y - n sum y / sum n.

    >>> residuals(np.array([8.0, 2]), np.array([10.0, 10])).tolist()
    [3.0, -3.0]
    """
    total = counts.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums - sums.sum(axis=-1, keepdims=True) / total * counts)


def clipped(estimate: Floats | float, half: Floats) -> tuple[Floats, Floats]:
    """The limits of a share that lie so far to each side, within 0 and 1.

    >>> [limit.round(1).tolist() for limit in clipped(0.3, np.array([0.1, 0.8]))]
    [[0.2, 0.0], [0.4, 1.0]]
    """
    return np.maximum(estimate - half, 0.0), np.minimum(estimate + half, 1.0)


def ratio_variance(sums: Floats, counts: Floats) -> Floats:
    """The variance of sum y / sum n between the clusters on the last axis; NaN below two of them.

    >>> ratio_variance(np.array([8.0, 2, 6, 4]), np.array([10.0, 10, 10, 10])).round(4).item()
    0.0167
    """
    clusters = np.count_nonzero(counts, axis=-1)
    total = counts.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = (residuals(sums, counts) ** 2).sum(axis=-1)
        variance = squares / total**2 * (clusters / (clusters - 1.0))
    return np.asarray(np.where(clusters > 1, variance, np.nan))


def effective_weeks(counts: Floats) -> Floats:
    """How many weeks of equal size would tell as much as these, which are on the last axis.

    >>> effective_weeks(np.array([10.0, 10, 10, 0])).item()
    3.0
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(counts.sum(axis=-1) ** 2 / (counts**2).sum(axis=-1))


def weekly_interval(
    successes: npt.ArrayLike,
    totals: npt.ArrayLike,
    month_successes: npt.ArrayLike,
    month_totals: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> Interval:
    """The interval of a month's share, from how the share varied over the trailing weeks.

    >>> month = weekly_interval([8, 2, 6, 4], [10, 10, 10, 10], 12, 20)
    >>> month.estimate.item(), month.lower.round(3).item(), month.upper.item()
    (0.6, 0.019, 1.0)

    p ± t se with `weekly_error`'s se and degrees, p the month's own share, clipped to [0, 1];
    Wilson's limits where the weeks do not vary at all. `successes` and `totals` have the weeks
    (13, as a rule) on the last axis, the month's have the axes before it. Limits are NaN below
    two weeks with waits, everything is in a month without any. NaN, negative numbers and
    successes beyond their totals are refused. Source: Cochran 1977, section 6.3; Kish 1965.
    """
    y, n = parts_of(successes, totals)
    month_y, month_n = parts_of(month_successes, month_totals)
    score = wilson(month_y, month_n, level=level)
    error = weekly_error(y, n, month_n)
    lower, upper = clipped(score.estimate, t_quantile(error.weeks - 1, level) * error.se)
    alike = error.se <= NO_VARIATION
    return Interval(score.estimate, np.where(alike, score.lower, lower), np.where(alike, score.upper, upper))


def t_quantile(degrees: npt.ArrayLike, level: float) -> Floats:
    """How many standard errors lie to each side of an estimate; NaN without degrees of freedom.

    >>> t_quantile(12, 0.95).round(3).item()
    2.179
    """
    degrees = np.asarray(degrees, dtype=float)
    upper_tail = 0.5 + check_level(level) / 2
    return np.asarray(stdtrit(np.where(degrees > 0, degrees, np.nan), upper_tail))


def newcombe(
    successes_1: npt.ArrayLike,
    totals_1: npt.ArrayLike,
    successes_0: npt.ArrayLike,
    totals_0: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> Interval:
    """The interval of a difference p1 - p0 between two shares of independent waits.

    >>> change = newcombe(56, 70, 48, 80)
    >>> change.estimate.round(3), change.lower.round(4), change.upper.round(4)
    (array([0.2]), array([0.0524]), array([0.3339]))

    `difference` of two Wilson intervals. Columns of one length, an entry per comparison;
    what is no share is refused. Source: Newcombe 1998, Statistics in Medicine 17:873-890,
    method 10.
    """
    one = wilson(*shares_of(successes_1, totals_1), level=level)
    zero = wilson(*shares_of(successes_0, totals_0), level=level)
    return difference(*one, *zero)


def difference(
    estimate_1: npt.ArrayLike,
    lower_1: npt.ArrayLike,
    upper_1: npt.ArrayLike,
    estimate_0: npt.ArrayLike,
    lower_0: npt.ArrayLike,
    upper_0: npt.ArrayLike,
) -> Interval:
    """The interval of a difference e1 - e0, recovered from the interval of each (MOVER).

    >>> change = difference(37, 33, 41, 35, 32, 39)
    >>> change.estimate.item(), change.lower.round(2).item(), change.upper.item()
    (2.0, -3.66, 7.0)

    d - sqrt((e1 - l1)² + (u0 - e0)²) to d + sqrt((u1 - e1)² + (e0 - l0)²), elementwise, in
    the unit of the estimates; they must be independent of each other, their limits may be
    lopsided. NaN where a part of it is: a median whose upper limit is not reached leaves the
    difference a limit on one side. Source: Zou and Donner 2008, Statistics in Medicine
    27:1693-1702.
    """
    e1, l1, u1 = (np.asarray(part, dtype=float) for part in (estimate_1, lower_1, upper_1))
    e0, l0, u0 = (np.asarray(part, dtype=float) for part in (estimate_0, lower_0, upper_0))
    with np.errstate(invalid="ignore"):
        change = np.asarray(e1 - e0)
        lower = np.asarray(change - np.hypot(e1 - l1, u0 - e0))
        upper = np.asarray(change + np.hypot(u1 - e1, e0 - l0))
    return Interval(change, lower, upper)
