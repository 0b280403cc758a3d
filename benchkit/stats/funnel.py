"""Which units lie further from a target than chance and ordinary differences explain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, Ints, columns, shares_of
from benchkit.stats.shrinkage import excess_variance

_FARTHEST = 8.0
INNER, OUTER = 1.96, 3.09
"""About 1 in 20, and 1 in 500, of units on target lie outside."""


class Limits(NamedTuple):
    """The lines of a funnel at some sizes."""

    inner_lower: Floats
    inner_upper: Floats
    outer_lower: Floats
    outer_upper: Floats


class Funnel(NamedTuple):
    """Units against a target: `z` by chance alone, `adjusted_z` with the units' own differences.

    `outside` is -2, -1, 0, 1 or 2: below the outer or inner limit, within, above the inner or
    outer limit. `phi` is the overdispersion and `tau2` the variance between units, on the
    arcsine scale.
    """

    target: float
    z: Floats
    phi: float
    tau2: float
    adjusted_z: Floats
    inner_lower: Floats
    inner_upper: Floats
    outer_lower: Floats
    outer_upper: Floats
    outside: Ints


def funnel(
    successes: npt.ArrayLike,
    totals: npt.ArrayLike,
    *,
    deff: npt.ArrayLike = 1.0,
    target: float | None = None,
    reference: npt.ArrayLike | None = None,
) -> Funnel:
    """Units against a target share, allowing for their sizes and for how much units differ anyway.

    >>> units = funnel([30, 28, 33, 29, 31, 27, 32, 60], [100] * 8, target=0.3)
    >>> units.outside.tolist()
    [0, 0, 0, 0, 0, 0, 0, 2]

    s = 1 / (2 sqrt(n / deff)), z = (asin sqrt p - asin sqrt target) / s; phi is the mean z²
    with z drawn in to its 10 % and 90 % quantiles;
    tau² = max(0, (I phi - (I-1)) / (sum w - sum w² / sum w)), w = 1 / s²; the limits are
    sin²(asin sqrt target ± q sqrt(s² + tau²)) with q of 1.96 and 3.09. One entry per unit;
    `deff` is the design effect of the shares, one for all or one per unit; `target` is the
    pooled share unless given. It and tau² are learnt from the `reference` units, where these
    are marked, so that others are held against them: as the next one of their kind, with the
    error of their target, tau² from z as they are, and Student's t of as many as they are less
    one. Raises `BenchkitError` for what is no share.
    Source: Spiegelhalter 2005, Statistics in Medicine 24, sections 3 and 4 and appendix A.
    """
    y, n = shares_of(successes, totals)
    known = np.ones(y.size, dtype=bool) if reference is None else np.asarray(reference, dtype=bool)
    if known.shape != y.shape or not known.any():
        raise BenchkitError("reference must mark some of the units, with an entry for each")
    goal = _share(float(y[known].sum() / n[known].sum()) if target is None else target)
    variance = _error(n, deff) ** 2
    distance = _angle(y / n) - _angle(goal)
    z = distance / np.sqrt(variance)
    phi = float((np.clip(z[known], *np.quantile(z[known], [0.1, 0.9])) ** 2).mean())
    tau2 = excess_variance(known.sum() * phi, 1 / variance[known])

    weight = (n[known] / n[known].sum()) ** 2
    of_target = float(weight @ variance[known])
    untrimmed = excess_variance(float((z[known] ** 2).sum()), 1 / variance[known])
    spread = np.sqrt(variance + np.where(known, tau2, of_target + untrimmed * (1 + weight.sum())))
    degrees = float(max(int(known.sum()) - 1, 1))
    adjusted = distance / spread
    adjusted[~known] = np.clip(ndtri(stdtr(degrees, adjusted[~known])), -_FARTHEST, _FARTHEST)

    def line(width: float) -> Floats:
        reach = np.where(known, width, stdtrit(degrees, float(ndtr(width))))
        return _share_at(_angle(goal) + reach * spread)

    chance = distance / np.sqrt(variance + np.where(known, 0.0, of_target))
    width = np.abs(adjusted)
    outside = np.sign(adjusted).astype(np.int64) * ((width > INNER).astype(np.int64) + (width > OUTER))
    return Funnel(
        goal, chance, phi, tau2, adjusted, line(-INNER), line(INNER), line(-OUTER), line(OUTER), outside
    )


def funnel_limits(
    target: float, sizes: npt.ArrayLike, *, deff: npt.ArrayLike = 1.0, tau2: float = 0.0
) -> Limits:
    """The funnel's lines at any sizes, to draw it with.

    >>> lines = funnel_limits(0.3, [100, 400])
    >>> lines.inner_upper.round(3).tolist()
    [0.393, 0.346]

    sin²(asin sqrt target ± q sqrt(deff / 4n + tau²)) with q of 1.96 and 3.09, within 0 and 1.
    `deff` is one for all or one per size. Raises `BenchkitError` for sizes or design effects
    that are not positive. Source: see `funnel`.
    """
    (n,) = columns(sizes=sizes)
    spread = np.sqrt(_error(n, deff) ** 2 + tau2)
    centre = _angle(_share(target))

    def line(width: float) -> Floats:
        return _share_at(centre + width * spread)

    return Limits(line(-INNER), line(INNER), line(-OUTER), line(OUTER))


def _share_at(angle: Floats) -> Floats:
    return np.asarray(np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2)


def _angle(share: Floats | float) -> Floats:
    return np.asarray(np.arcsin(np.sqrt(share)), dtype=np.float64)


def _share(target: float) -> float:
    if not 0 <= target <= 1:
        raise BenchkitError(f"target is {target}; give a share from 0 to 1")
    return float(target)


def _error(sizes: Floats, deff: npt.ArrayLike) -> Floats:
    """The standard error of a share's angle."""
    (effect,) = columns(deff=deff)
    if effect.size not in (1, sizes.size):
        raise BenchkitError(
            f"deff has {effect.size:,} entries for {sizes.size:,} units; give one, or one each"
        )
    if (effect <= 0).any() or (sizes <= 0).any():
        raise BenchkitError("sizes and design effects must be positive; leave out units without waits")
    return np.asarray(np.sqrt(effect / sizes) / 2)
