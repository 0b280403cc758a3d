"""How many were answered by when, with waits still open and waits closed taken into account."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.errors import BenchkitError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class Values(NamedTuple):
    """The values of a curve at some times."""

    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats


class Median(NamedTuple):
    """A median and its interval; None where the curve does not reach one half."""

    estimate: float | None
    lower: float | None
    upper: float | None


class Curve(NamedTuple):
    """A right-continuous step function of time with its pointwise errors and limits.

    `time` holds the times at which something happened; before the first, the value is `start`.
    """

    time: Floats
    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats
    at_risk: npt.NDArray[np.int64]
    start: float

    def at(self, seconds: npt.ArrayLike) -> Values:
        """The estimate, its error and its limits at any times."""
        step = np.searchsorted(self.time, np.asarray(seconds, dtype=float), side="right")

        def pick(values: Floats, before: float) -> Floats:
            return np.concatenate([[before], values])[step]

        return Values(
            pick(self.estimate, self.start),
            pick(self.se, 0.0),
            pick(self.lower, self.start),
            pick(self.upper, self.start),
        )

    def median(self) -> Median:
        """When one half is reached, and when each limit reaches it (Brookmeyer and Crowley 1982)."""
        rising = self.start < 0.5

        def reached(values: Floats) -> float | None:
            there = np.flatnonzero(values >= 0.5 if rising else values <= 0.5)
            return float(self.time[there[0]]) if there.size else None

        first, last = (self.upper, self.lower) if rising else (self.lower, self.upper)
        return Median(reached(self.estimate), reached(first), reached(last))


def kaplan_meier(
    seconds: npt.ArrayLike, event: npt.ArrayLike, *, entry: npt.ArrayLike | None = None, level: float = 0.95
) -> Curve:
    """The share still waiting at each time, where some waits are only known to have lasted so far.

    >>> curve = kaplan_meier([6, 44, 21, 14, 62], [1, 1, 0, 1, 1])
    >>> curve.estimate.round(3).tolist()
    [0.8, 0.6, 0.3, 0.0]

    S(t) = prod over t_j <= t of (1 - d_j / Y_j), with Greenwood's error and log-log limits.
    `seconds` and `event` (1 ended, 0 censored) have one entry per wait; `entry` is the age
    at which a wait came under observation. Source: Kaplan and Meier 1958.
    """
    happened = (np.asarray(event) != 0).astype(int)
    curve = cumulative_incidence(seconds, happened, entry=entry, level=level)
    survival = 1.0 - curve.estimate
    lower, upper = limits(survival, curve.se, float(ndtri(0.5 + level / 2)))
    return curve._replace(estimate=survival, lower=lower, upper=upper, start=1.0)


def cumulative_incidence(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    cause: int = 1,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Curve:
    """The share of all waits that ended in `cause` by each time (Aalen and Johansen).

    >>> curve = cumulative_incidence([0, 0, 1, 2], [1, 1, 2, 1])
    >>> curve.at([0, 1, 2]).estimate.tolist()
    [0.5, 0.5, 0.75]

    F(t) = sum over t_j <= t of S(t_j-) d1_j / Y_j. `outcome` is 0 awaiting (censored at
    `seconds`), 1 replied, 2 closed; one entry per wait. `entry` is the age at which a wait
    came under observation: Y(t) counts entry < t <= seconds. Errors are the infinitesimal
    jackknife's, summed within `cluster` where given; limits are F^exp(±z se / (F ln F)).
    Source: Aalen and Johansen 1978; Therneau and Grambsch 2000, section 7.
    """
    x, kind, late = _checked(seconds, outcome, entry)
    time = np.unique(x[kind > 0])
    at_risk = _count_at_or_after(x, time)
    if late is not None:
        at_risk = at_risk - _count_at_or_after(late, time)
    last = np.searchsorted(time, x, side="right") - 1
    ended = np.bincount(last[kind > 0], minlength=time.size)
    in_cause = np.bincount(last[kind == cause], minlength=time.size)
    still = np.cumprod(1.0 - ended / at_risk)
    still_before = np.concatenate([[1.0], still[:-1]])[: time.size]
    estimate = np.cumsum(still_before * in_cause / at_risk)
    influence = _Influence(time, at_risk, ended, in_cause, still_before, estimate)
    first = None if late is None else np.searchsorted(time, late, side="right") - 1
    se = influence.error(last, kind, cause, first, None if cluster is None else np.asarray(cluster))
    lower, upper = limits(estimate, se, float(ndtri(0.5 + level / 2)))
    return Curve(time, estimate, se, lower, upper, at_risk, 0.0)


def limits(share: Floats, se: Floats, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Limits of a share that stay within 0 and 1: share^exp(±q se / (share ln share))."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    spread = np.where(inside, quantile * se / (safe * -np.log(safe)), 0.0)
    return np.where(inside, safe ** np.exp(spread), share), np.where(inside, safe ** np.exp(-spread), share)


class _Influence:
    """How much each wait moves the estimate: its infinitesimal-jackknife value at every time.

    A wait that is over at time m (last event index k <= m) contributes F_m a_i + b_i; one
    still going contributes F_m A_m - B_m. With delayed entry after event index e, what it
    missed, F_m A_e - B_e, is taken off.
    """

    def __init__(
        self,
        time: Floats,
        at_risk: npt.NDArray[np.int64],
        ended: Ints,
        in_cause: Ints,
        still_before: Floats,
        estimate: Floats,
    ) -> None:
        risk = at_risk.astype(float)
        not_all = ended < at_risk
        self.tail = np.where(not_all, risk / np.where(not_all, risk - ended, 1.0), 0.0)
        self.jump = still_before / risk
        self.estimate, self.risk = estimate, risk
        hazard = self.tail * ended / risk**2
        self.a = np.concatenate([[0.0], np.cumsum(hazard)])  # index 0: before the first event
        self.b = np.concatenate([[0.0], np.cumsum(hazard * estimate + self.jump * in_cause / risk)])

    def error(
        self,
        last: Ints,
        kind: npt.NDArray[np.int64],
        cause: int,
        first: Ints | None,
        cluster: npt.NDArray[np.generic] | None,
    ) -> Floats:
        began = np.zeros(last.size, dtype=np.intp) if first is None else first + 1
        over = last + 1
        at = np.maximum(last, 0)
        happened = kind > 0
        own = (
            np.where(happened, self.tail[at] / self.risk[at], 0.0) if self.risk.size else np.zeros(last.size)
        )
        slope = self.a[over] - self.a[began] - own
        level = self.b[began] - self.b[over]
        if self.risk.size:
            level = level + own * self.estimate[at] + np.where(kind == cause, self.jump[at], 0.0)
        if cluster is None:
            return np.sqrt(self._sum_of_squares(began, over, slope, level))
        _, member = np.unique(cluster, return_inverse=True)
        order = np.argsort(member, kind="stable")
        variance = np.zeros(self.estimate.size)
        for rows in np.split(order, np.flatnonzero(np.diff(member[order])) + 1):
            variance += self._sum(began[rows], over[rows], slope[rows], level[rows]) ** 2
        return np.sqrt(variance)

    def _so_far(self, index: Ints, weight: Floats | None = None) -> Floats:
        return np.cumsum(np.bincount(index, weight, minlength=self.a.size), dtype=np.float64)[1:]

    def _sum(self, began: Ints, over: Ints, slope: Floats, level: Floats) -> Floats:
        f, a, b = self.estimate, self.a, self.b
        going = self._so_far(began) - self._so_far(over)
        missed_a = self._so_far(began, a[began]) - self._so_far(over, a[began])
        missed_b = self._so_far(began, b[began]) - self._so_far(over, b[began])
        total: Floats = (
            f * self._so_far(over, slope)
            + self._so_far(over, level)
            + going * (f * a[1:] - b[1:])
            - (f * missed_a - missed_b)
        )
        return total

    def _sum_of_squares(self, began: Ints, over: Ints, slope: Floats, level: Floats) -> Floats:
        f, a, b = self.estimate, self.a[1:], self.b[1:]

        def going(weight: Floats) -> Floats:
            return self._so_far(began, weight) - self._so_far(over, weight)

        a0, b0 = self.a[began], self.b[began]
        all_of_it = f * a - b
        total: Floats = (
            f**2 * self._so_far(over, slope**2)
            + 2 * f * self._so_far(over, slope * level)
            + self._so_far(over, level**2)
            + going(np.ones(began.size)) * all_of_it**2
            - 2 * all_of_it * (f * going(a0) - going(b0))
            + f**2 * going(a0**2)
            - 2 * f * going(a0 * b0)
            + going(b0**2)
        )
        return np.fmax(total, 0.0)


def _count_at_or_after(values: Floats, time: Floats) -> npt.NDArray[np.int64]:
    return values.size - np.searchsorted(np.sort(values), time, side="left").astype(np.int64)


def _checked(
    seconds: npt.ArrayLike, outcome: npt.ArrayLike, entry: npt.ArrayLike | None
) -> tuple[Floats, npt.NDArray[np.int64], Floats | None]:
    x = np.atleast_1d(np.asarray(seconds, dtype=float))
    kind = np.atleast_1d(np.asarray(outcome)).astype(np.int64)
    late = None if entry is None else np.atleast_1d(np.asarray(entry, dtype=float))
    if x.shape != kind.shape or (late is not None and late.shape != x.shape):
        raise BenchkitError(
            "seconds, outcome and entry must have one entry per wait, each as long as the others"
        )
    if not np.isfinite(x).all() or (x < 0).any():
        wrong = int((~np.isfinite(x) | (x < 0)).sum())
        raise BenchkitError(
            f"{wrong:,} of {x.size:,} waits are negative or not a number; leave them out first"
        )
    return x, kind, late
