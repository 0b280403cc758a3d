"""Like held against like: shares of units that had different kinds of waits to answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, amounts, check_level, numbered, parts_of
from benchkit.stats.shares import Interval, wilson


class Workload(NamedTuple):
    """What each unit did, and what anyone would have done on average with the same waits.

    `variance` is that of observed less expected, by chance alone; 0 for a unit that was alone
    in every cell, of which nothing can be said.
    """

    observed: Floats
    expected: Floats
    variance: Floats


class Standardised(NamedTuple):
    """The share of each unit on the common mix, and how much of that mix it could be seen on.

    `size` is how many independent waits would tell as much.
    """

    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats
    coverage: Floats
    size: Floats


def observed_and_expected(unit: npt.ArrayLike, cell: npt.ArrayLike, success: npt.ArrayLike) -> Workload:
    """Successes by unit, and those expected had each wait gone as waits of its cell go on average.

    >>> load = observed_and_expected(unit=[0, 0, 1, 1], cell=[0, 1, 0, 0], success=[True, False, True, False])
    >>> load.observed.tolist(), load.expected.round(2).tolist(), load.variance.round(2).tolist()
    ([1.0, 1.0], [0.67, 1.33], [0.15, 0.15])

    E_u = sum over the unit's waits of p_c = (successes / waits) of the cell, over all units, and
    the variance of O_u - E_u is sum over cells of n_uc (1 - n_uc / n_c) p_c (1 - p_c). An
    entry per wait; `unit` and `cell` (a channel x hour of the week, say) as numbers from 0.
    A unit's own waits are among all: one that has most of a cell is held against itself
    there, which pulls O/E towards 1. Over all units, O and E sum to the same.
    """
    unit_number, cell_number = numbered(unit=unit, cell=cell)
    (hit,) = amounts(success=success)
    if hit.shape != unit_number.shape or (hit > 1).any():
        raise BenchkitError(
            "success must be True or False for each wait, as many as there are units and cells"
        )
    waits = np.bincount(cell_number)
    rate = np.bincount(cell_number, hit) / np.maximum(waits, 1)
    of_unit = np.bincount(unit_number * waits.size + cell_number)[unit_number * waits.size + cell_number]
    apart = 1.0 - of_unit / waits[cell_number]
    p = rate[cell_number]
    by_unit = (np.bincount(unit_number, each) for each in (hit, p, apart * p * (1 - p)))
    return Workload(*(np.asarray(total, dtype=float) for total in by_unit))


def standardise_indirect(
    observed: npt.ArrayLike, expected: npt.ArrayLike, *, deff: npt.ArrayLike = 1.0, level: float = 0.95
) -> Interval:
    """Observed over expected with exact Poisson limits: how a unit did on the work it got.

    >>> ratio = standardise_indirect(observed=[10, 0], expected=[8.0, 2.0])
    >>> ratio.estimate.tolist(), ratio.lower.round(3).tolist(), ratio.upper.round(3).tolist()
    ([1.25, 0.0], [0.599, 0.0], [2.299, 1.844])

    O/E, with limits chi²(a/2; 2O) / 2E and chi²(1 - a/2; 2O + 2) / 2E, a = 1 - level; with
    `deff` (above 0) those of O/deff on E/deff. An entry per unit, in any shape that fits.
    NaN where nothing is expected. Poisson varies more than a share does: for an event that
    is the rule rather than the exception the limits are wide, so count the failures. Ratios
    of units with different mixes compare with 1, not with each other.
    Source: Garwood 1936; Breslow and Day 1987, chapter 2.
    """
    o, e, effect = amounts(observed=observed, expected=expected, deff=deff)
    _check_effect(effect)
    tail = (1 - check_level(level)) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        counted, scale = o / effect, np.where(e > 0, e / effect, np.nan)
        lower = np.where(counted > 0, gammaincinv(counted, tail), 0.0) / scale
        upper = gammaincinv(counted + 1.0, 1 - tail) / scale
        return Interval(counted / scale, lower, upper)


def standardise_direct(
    successes: npt.ArrayLike,
    totals: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    deff: npt.ArrayLike = 1.0,
    level: float = 0.95,
) -> Standardised:
    """The share each unit would have on one fixed mix of strata, so that units can be compared.

    >>> on_one_mix = standardise_direct([[40, 5], [9, 0]], [[50, 10], [10, 0]], weights=[0.5, 0.5])
    >>> on_one_mix.estimate.round(3).tolist(), on_one_mix.coverage.tolist()
    ([0.65, 0.9], [1.0, 0.5])

    p_u = sum w p_us / sum w over the strata s in which the unit has waits; `coverage` is the
    weight of these in the mix. Below 1, p_u says nothing of the rest: units of different
    coverage are not on the same mix.

    Variance: deff_u sum w² p(1-p)/(n-1) / (sum w)², unbiased for independent waits within a
    stratum; one with a single wait takes p(1-p) of all the unit's waits, so that many small
    strata do not pass for certainty. Limits: Wilson's on p(1-p)/variance waits, or, where no
    stratum varies, on (sum w)² / (deff sum w²/n).

    `successes` and `totals` are units x strata, `weights` has an entry per stratum (any
    scale), `deff` one for all or an entry per unit. All but `coverage` is NaN for a unit
    without a wait in the mix. Source: Breslow and Day 1987, chapter 2; Cochran
    1977, section 5A.12 on single units; Korn and Graubard 1998 on the limits.
    """
    y, n = parts_of(successes, totals)
    if y.ndim != 2:
        raise BenchkitError("successes and totals must be tables of units x strata")
    (effect,), (mix,) = amounts(deff=deff), amounts(weights=weights)
    _check_effect(effect)
    if effect.shape not in ((), (len(y),)):
        raise BenchkitError(f"deff must be one for all, or {len(y):,}, one for each unit")
    if mix.shape != y.shape[1:] or not mix.sum() > 0:
        raise BenchkitError(f"weights must be {y.shape[1]:,}, one for each stratum, and not all 0")
    covered = (n > 0) & (mix > 0)
    y, n, w = (np.where(covered, part, 0.0) for part in (y, n, np.broadcast_to(mix, n.shape)))
    weight = w.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(covered, y / n, 0.0)
        overall = (y.sum(axis=1) / n.sum(axis=1))[:, np.newaxis]
        each = np.where(n > 1, p * (1 - p) / (n - 1), overall * (1 - overall))
        estimate = (w * p).sum(axis=1) / weight
        variance = effect * np.where(covered, w**2 * each, 0.0).sum(axis=1) / weight**2
        if_alike = weight**2 / (effect * np.where(covered, w**2 / n, 0.0).sum(axis=1))
        effective = np.where(variance > 0, estimate * (1 - estimate) / variance, if_alike)
    limits = wilson(estimate * effective, effective, level=level)
    return Standardised(
        estimate, np.sqrt(variance), limits.lower, limits.upper, weight / mix.sum(), effective
    )


def _check_effect(deff: Floats) -> None:
    if (deff <= 0).any():
        raise BenchkitError("deff must be above 0; it is 1 for independent waits")
