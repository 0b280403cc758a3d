"""Shares and means with the uncertainty of the process that made them: whole weeks vary together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.stats.arrays import Floats


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
    weeks: npt.NDArray[np.int64]
    effective: Floats


def wilson(successes: npt.ArrayLike, totals: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The score interval of a share of independent waits; too narrow where a bad day fails many at once.

    >>> wilson(15, 148).upper.round(4).item()
    0.1605

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), elementwise.
    Source: Wilson 1927; Newcombe 1998, method 3.
    """
    y, n = np.asarray(successes, dtype=float), np.asarray(totals, dtype=float)
    z = float(ndtri(0.5 + level / 2))
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
    weeks = np.count_nonzero(n, axis=-1)
    total = n.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = y.sum(axis=-1) / total
        residual = y - ratio[..., np.newaxis] * n
        variance = (residual**2).sum(axis=-1) / total**2 * (weeks / (weeks - 1.0)) * (total / month)
        se = np.where(weeks > 1, np.sqrt(variance), np.nan)
    return WeeklyError(se, weeks, effective_weeks(n))


def effective_weeks(counts: Floats) -> Floats:
    """How many weeks of equal size would tell as much as these, which are on the last axis.

    >>> effective_weeks(np.array([10.0, 10, 10, 0])).item()
    3.0
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(counts.sum(axis=-1) ** 2 / (counts**2).sum(axis=-1))
