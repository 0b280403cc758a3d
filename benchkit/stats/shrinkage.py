"""How much units truly differ, and what each one's share is once chance is taken out of it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, betaln, expit, logit, psi, xlogy

from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.stats.arrays import Floats, check_level, columns, shares_of

_METHODS = ("moments", "paule-mandel")
_SIZES_TRIED = 40
_SMALLEST_SIZE = 1.0
"""A prior worth one wait; below it nothing is shrunk, and limits close around 0 and 1."""
_LARGEST_SIZE = 1e4
"""How far a + b is sought, in largest totals; beyond, the shares cannot be told from one."""
_ALIKE_SIZE = 1e9


class BetaBinomial(NamedTuple):
    """The Beta(a, b) that the units' shares come from, and each unit's share in its light."""

    a: float
    b: float
    loglik: float
    estimate: Floats
    lower: Floats
    upper: Floats


def between_variance(
    values: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    method: Literal["moments", "paule-mandel"] = "moments",
) -> float:
    """The variance of the units' true values, beyond what their own errors explain.

    >>> round(between_variance([0.1, 0.2, 0.6], [0.01, 0.01, 0.01]), 4)
    0.06

    "moments": max(0, (Q - (k-1)) / (sum w - sum w² / sum w)), w = 1 / variance and
    Q = sum w (value - weighted mean)². "paule-mandel": the tau² at which Q, with
    w = 1 / (variance + tau²), is k - 1. One entry per unit, in the values' unit squared;
    0 for one unit. Raises `BenchkitError` for variances that are not positive.
    Source: DerSimonian and Laird 1986; Paule and Mandel 1982.
    """
    if method not in _METHODS:
        raise UnknownNameError("method", method, _METHODS)
    value, variance = columns(values=values, variances=variances)
    wrong = int((variance <= 0).sum())
    if wrong:
        raise BenchkitError(
            f"{wrong:,} of {variance.size:,} variances are not positive; leave these units out"
        )

    def dispersion(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        return float(weight @ (value - weight @ value / weight.sum()) ** 2)

    excess = value.size - 1
    if value.size < 2 or dispersion(0.0) <= excess:
        return 0.0
    if method == "moments":
        return excess_variance(dispersion(0.0), 1 / variance)
    from scipy.optimize import brentq

    largest = float(((value - value.mean()) ** 2).sum()) / excess
    return float(brentq(lambda tau2: dispersion(tau2) - excess, 0.0, largest))


def excess_variance(dispersion: float, weight: Floats) -> float:
    """The variance that a sum of weighted squares, larger than its k - 1, gives away.

    >>> excess_variance(5.0, np.array([10.0, 10.0]))
    0.4
    """
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(0.0, (dispersion - (weight.size - 1)) / room) if weight.size > 1 else 0.0


def beta_binomial(successes: npt.ArrayLike, totals: npt.ArrayLike, *, level: float = 0.95) -> BetaBinomial:
    """Shares drawn towards the common one, the more so the less is known of a unit.

    >>> fit = beta_binomial([2, 30, 55, 9], [10, 100, 100, 10])
    >>> fit.estimate.round(2).tolist()
    [0.29, 0.31, 0.55, 0.77]

    (y + a) / (n + a + b), with a and b of greatest marginal likelihood
    sum ln [C(n, y) B(y + a, n - y + b) / B(a, b)], and the limits of Beta(y + a, n - y + b).
    `successes` and `totals` have one entry per unit and need not be whole: divide both by the
    design effect first. a + b is at least 1; where one share explains the units as well (as it
    does a single unit), all get the pooled share and a + b is 1e9 times the largest total. No
    unit is taken as better known than the pooled share: where n + a + b exceeds N = sum n, the
    limits are those of Beta(N m + 1/2, N (1 - m) + 1/2) around its estimate m. Otherwise the
    uncertainty of a and b is not in the limits. Raises `BenchkitError` for totals that are not
    positive or successes outside them.
    Source: Casella 1985; Gelman et al. 2013, section 5.3.
    """
    y, n = shares_of(successes, totals)
    check_level(level)
    pooled, largest, everyone = float(y.sum() / n.sum()), float(n.max()), float(n.sum())
    arrangements = -float((np.log1p(n) + betaln(n - y + 1, y + 1)).sum())
    alike = float(xlogy(y, pooled).sum() + xlogy(n - y, 1 - pooled).sum())
    a, b, loglik = pooled * largest * _ALIKE_SIZE, (1 - pooled) * largest * _ALIKE_SIZE, alike
    if 0 < pooled < 1:
        fitted = _most_likely(y, n, pooled, largest)
        if fitted[2] > alike + 1e-6:
            a, b, loglik = fitted
    estimate = (y + a) / (n + a + b)
    known = n + a + b > everyone
    size, half = np.where(known, everyone, n + a + b), np.where(known, 0.5, 0.0)
    above, below = size * estimate + half, size * (1 - estimate) + half
    tail = (1 - level) / 2
    lower, upper = betaincinv(above, below, tail), betaincinv(above, below, 1 - tail)
    return BetaBinomial(
        a, b, loglik + arrangements, estimate, np.minimum(lower, estimate), np.maximum(upper, estimate)
    )


def _most_likely(y: Floats, n: Floats, pooled: float, largest: float) -> tuple[float, float, float]:
    from scipy.optimize import minimize

    def slope(at: Floats) -> tuple[float, Floats]:
        """Minus the log-likelihood at (logit of the mean, log of a + b), and its gradient."""
        mean, size = float(expit(at[0])), float(np.exp(at[1]))
        a, b = mean * size, (1 - mean) * size
        value = float((betaln(y + a, n - y + b) - betaln(a, b)).sum())
        common = psi(size) - psi(n + size)
        by_a = float((psi(y + a) - psi(a) + common).sum())
        by_b = float((psi(n - y + b) - psi(b) + common).sum())
        return -value, -np.array([a * (1 - mean) * (by_a - by_b), a * by_a + b * by_b])

    log_size = np.linspace(np.log(_SMALLEST_SIZE), np.log(max(_LARGEST_SIZE * largest, 10.0)), _SIZES_TRIED)

    def top_from(mean: float) -> Any:
        starts = [np.array([logit(mean), size]) for size in log_size]
        return minimize(
            slope,
            min(starts, key=lambda at: slope(at)[0]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-30, 30), (log_size[0], log_size[-1])],
            options={"ftol": 1e-14, "gtol": 1e-9},
        )

    unweighted = float(((y + 0.5) / (n + 1)).mean())
    found = min(map(top_from, (pooled, unweighted)), key=lambda top: float(top.fun))
    mean, size = float(expit(found.x[0])), float(np.exp(found.x[1]))
    return mean * size, (1 - mean) * size, -float(found.fun)
