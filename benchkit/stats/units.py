"""The mean and the median of figures of which each unit has one, units taken as a sample of their kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, check_level
from benchkit.stats.shares import Interval, t_quantile


def mean_of_units(values: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The mean of units' figures, each weighing the same, with Student's interval.

    >>> [round(float(part), 2) for part in mean_of_units([2.0, 4.0, 6.0, 8.0])]
    [5.0, 0.89, 9.11]

    mean ± t sqrt(s² / k), k - 1 degrees of freedom: how units differ holds the error of each. No
    limits (NaN) from one unit. `values` are of any unit, of shape (k,), k from 1.

    Raises `BenchkitError` for no values, or values that are not finite.
    Source: Student 1908.
    """
    figures = _figures(values)
    k = figures.size
    mean = figures.mean()
    half = np.full((), np.nan)
    if k > 1:
        half = t_quantile(k - 1, check_level(level)) * figures.std(ddof=1) / np.sqrt(k)
    return Interval(mean, mean - half, mean + half)


def median_of_units(values: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The median of units' figures, with the interval between two of them that a sign test gives.

    >>> [float(part) for part in median_of_units([1.0, 2, 3, 5, 8, 13, 21])]
    [5.0, 1.0, 21.0]

    From the r-th smallest to the r-th largest, r the largest with P(B < r) <= (1 - level) / 2, B
    binomial with k trials at 1/2: it covers no less than `level`, whatever the distribution. No
    limits (NaN) from too few units (at 95%, fewer than 6). `values` are of any unit, of shape
    (k,), k from 1.

    Raises `BenchkitError` for no values, or values that are not finite.
    Source: Conover 1999, Practical Nonparametric Statistics, section 3.2.
    """
    figures = np.sort(_figures(values))
    k = figures.size
    tail = (1 - check_level(level)) / 2
    ranks = np.arange(1, k // 2 + 1)
    r = int(np.count_nonzero(bdtr(ranks - 1, k, 0.5) <= tail))
    nothing = np.full((), np.nan)
    lower, upper = (figures[r - 1], figures[k - r]) if r else (nothing, nothing)
    return Interval(np.asarray(np.median(figures)), lower, upper)


def _figures(values: npt.ArrayLike) -> Floats:
    figures = np.asarray(values, dtype=float).ravel()
    if not figures.size or not np.isfinite(figures).all():
        raise BenchkitError("units are averaged by their figures; give at least one, and all of them finite")
    return figures
