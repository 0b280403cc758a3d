"""How many were answered by when, with waits still open and waits closed taken into account."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, Ints
from benchkit.stats.lifetable import life_table


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
    at_risk: Ints
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
    at which a wait came under observation. Raises `BenchkitError` for waits that are
    negative or not a number. Source: Kaplan and Meier 1958.
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
    Raises `BenchkitError` for waits that are negative or not a number.
    Source: Aalen and Johansen 1978; Therneau and Grambsch 2000, section 7.
    """
    x, kind, late = _checked(seconds, outcome, entry)
    time = np.unique(x[kind > 0])
    tick = np.searchsorted(time, x, side="right") - 1  # what happens between events tells nothing more
    began = None if late is None else np.searchsorted(time, late, side="right") - 1
    table = life_table(np.zeros(x.size, dtype=np.int64), tick, kind, n_groups=1, cause=cause, entry=began)
    events = np.arange(time.size)
    _, member = (None, None) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)
    estimate = table.at(events)[0]
    se = table.error(events, member)[0]
    lower, upper = limits(estimate, se, float(ndtri(0.5 + level / 2)))
    return Curve(time, estimate, se, lower, upper, table.at_risk[1:], 0.0)


def limits(share: Floats, se: Floats, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Limits of a share that stay within 0 and 1: share^exp(±q se / (share ln share))."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    spread = np.where(inside, quantile * se / (safe * -np.log(safe)), 0.0)
    return np.where(inside, safe ** np.exp(spread), share), np.where(inside, safe ** np.exp(-spread), share)


def _checked(
    seconds: npt.ArrayLike, outcome: npt.ArrayLike, entry: npt.ArrayLike | None
) -> tuple[Floats, Ints, Floats | None]:
    x = np.atleast_1d(np.asarray(seconds, dtype=float))
    kind = np.atleast_1d(np.asarray(outcome)).astype(np.int64)
    late = None if entry is None else np.atleast_1d(np.asarray(entry, dtype=float))
    if x.shape != kind.shape or (late is not None and late.shape != x.shape):
        raise BenchkitError("seconds, outcome and entry must each have one entry per wait")
    wrong = int((~np.isfinite(x) | (x < 0)).sum())
    if wrong:
        raise BenchkitError(
            f"{wrong:,} of {x.size:,} waits are negative or not a number; leave them out first"
        )
    return x, kind, late
