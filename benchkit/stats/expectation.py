"""How many were answered within the time they expect, when only a few points of that are published."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, check_level, columns

MINUTE_SECONDS, WEEK_SECONDS = 60.0, 604_800.0
_ROUNDING = 1e-9


class ExpectationMet(NamedTuple):
    """The share answered within the time expected: what it may be, and what it probably is.

    `lower` and `upper` are sharp bounds, `estimate` lies within them; `interval` holds the
    share at the level asked for, and `critical` is how many errors it goes beyond the bounds.
    Both are None without errors.
    """

    lower: float
    upper: float
    estimate: float
    interval: tuple[float, float] | None
    critical: float | None


class Weights(NamedTuple):
    """The probability that a reply is in time, at the least and at the most."""

    lower: Floats
    upper: Floats


def expectation_met(
    survey_seconds: npt.ArrayLike,
    survey_share: npt.ArrayLike,
    reply_share: npt.ArrayLike,
    *,
    reply_ever: float,
    se_lower: float | None = None,
    se_upper: float | None = None,
    level: float = 0.95,
    curve_seconds: npt.ArrayLike | None = None,
    curve_share: npt.ArrayLike | None = None,
) -> ExpectationMet:
    """The share of customers answered within the time they expect, as far as a survey's points tell.

    >>> met = expectation_met([3600, 86400], [0.4, 0.79], [0.3, 0.7], reply_ever=0.8)
    >>> round(met.lower, 3), round(met.estimate, 3), round(met.upper, 3)
    (0.264, 0.415, 0.561)

    With F_j of customers expecting an answer by t_j and G(t) answered by t (t_0 = 0, F_0 = 0;
    t_J+1 = inf, F_J+1 = 1): lower = sum (F_j+1 - F_j) G(t_j), upper = sum (F_j+1 - F_j) G(t_j+1),
    which is the literal reading, "within the hour" being by minute 60. `estimate` is the
    integral of 1 - F over G, F interpolated in log t by PCHIP through the survey's points and
    (1 min, 0) and (7 d, 1), either left out where the survey reaches as far.

    How soon a customer is answered is taken as independent of how soon they expect it.
    `survey_share` and `reply_share` have one entry per survey time, in ascending seconds;
    `reply_ever` is G(inf). `curve_seconds` and `curve_share` are the steps of the whole reply
    curve, as an incidence gives them; where they end, or without them, replies between two
    times are spread evenly over log t, those before the first from one minute on and those
    after the last until 7 days. `interval` is lower - c se_lower, upper + c se_upper within 0
    and 1, with ndtr(c + (upper - lower) / the larger error) - ndtr(-c) = level.

    Raises `BenchkitError` for shares that fall with time, or a curve that contradicts them.
    Source: Imbens and Manski 2004, Econometrica 72, section 4; Fritsch and Butland 1984 (PCHIP).
    """
    time, expected = _survey(survey_seconds, survey_share)
    check_level(level)
    if (se_lower is None) != (se_upper is None) or (curve_seconds is None) != (curve_share is None):
        raise BenchkitError(
            "se_lower goes with se_upper, and curve_seconds with curve_share; give both or none"
        )
    reply = _rising(
        "reply_share and reply_ever", [*np.atleast_1d(np.asarray(reply_share, dtype=float)), reply_ever]
    )
    if reply.size != time.size + 1:
        raise BenchkitError(f"reply_share has {reply.size - 1:,} entries for {time.size:,} survey times")
    bounds = _cells(time, expected)
    replied = np.diff(reply, prepend=0.0)
    lower, upper = float(replied @ bounds.lower), float(replied @ bounds.upper)

    begin, end, mass = np.concatenate([[0.0], time]), np.concatenate([time, [np.inf]]), replied
    if curve_seconds is not None and curve_share is not None:
        begin, end, mass = _steps(curve_seconds, curve_share, time, reply)
    cell = np.searchsorted(time, end)
    still_expecting = 1 - _expected_between(time, expected, begin, end)
    estimate = float(mass @ np.clip(still_expecting, bounds.lower[cell], bounds.upper[cell]))

    if se_lower is None or se_upper is None:
        return ExpectationMet(lower, upper, estimate, None, None)
    critical = _imbens_manski(upper - lower, se_lower, se_upper, level)
    interval = max(0.0, lower - critical * se_lower), min(1.0, upper + critical * se_upper)
    return ExpectationMet(lower, upper, estimate, interval, critical)


def bound_weights(
    reply_seconds: npt.ArrayLike, survey_seconds: npt.ArrayLike, survey_share: npt.ArrayLike
) -> Weights:
    """How likely replies are in time: the means over all waits are the bounds of `expectation_met`.

    >>> weights = bound_weights([600, 7200, float("inf")], [3600, 86400], [0.4, 0.79])
    >>> weights.lower.round(2).tolist(), weights.upper.round(2).tolist()
    ([0.6, 0.21, 0.0], [1.0, 0.6, 0.0])

    lower: 1 - F at the first survey time at or after the reply; upper: 1 - F at the last one
    before it. One entry per wait, in seconds, inf where no reply came. A reply in 0 seconds is
    in time for certain where the survey has a point at 0, and else as the first point says.
    Raises `BenchkitError` for times that are negative or not a number. Source: see `expectation_met`.
    """
    time, expected = _survey(survey_seconds, survey_share)
    reply = np.atleast_1d(np.asarray(reply_seconds, dtype=float))
    wrong = int((~(reply >= 0)).sum())
    if wrong:
        raise BenchkitError(f"{wrong:,} of {reply.size:,} reply_seconds are negative or not a number")
    cells, cell = _cells(time, expected), np.searchsorted(time, reply)
    came = np.isfinite(reply)
    return Weights(np.where(came, cells.lower[cell], 0.0), np.where(came, cells.upper[cell], 0.0))


def _survey(seconds: npt.ArrayLike, share: npt.ArrayLike) -> tuple[Floats, Floats]:
    time, expected = columns(survey_seconds=seconds, survey_share=share)
    if not time.size:
        raise BenchkitError("the survey has no points: survey_seconds and survey_share are empty")
    if time[0] < 0 or (np.diff(np.maximum(time, 1.0)) <= 0).any():
        raise BenchkitError("survey_seconds must rise from 0 on, with one time at most in the first second")
    return time, _rising("survey_share", expected)


def _rising(name: str, shares: npt.ArrayLike) -> Floats:
    (share,) = columns(**{name: shares})
    if (share < 0).any() or (share > 1 + _ROUNDING).any() or (np.diff(share) < -_ROUNDING).any():
        raise BenchkitError(f"{name} must be shares from 0 to 1 that never fall from one time to the next")
    return np.minimum(np.maximum.accumulate(share), 1.0)


def _cells(time: Floats, expected: Floats) -> Weights:
    """Bounds of the chance of being in time between survey times, before the first and after the last."""
    by_end = np.concatenate([[0.0 if time[0] == 0 else expected[0]], expected[1:], [1.0]])
    by_begin = np.concatenate([[0.0], expected])
    return Weights(1 - by_end, 1 - by_begin)


def _steps(
    seconds: npt.ArrayLike, share: npt.ArrayLike, time: Floats, reply: Floats
) -> tuple[Floats, Floats, Floats]:
    """Where and how many replied: at the steps of the curve, and some time after its end."""
    at, reached = columns(curve_seconds=seconds, curve_share=share)
    if (at < 0).any() or (np.diff(at) < 0).any():
        raise BenchkitError("curve_seconds must not fall, and start from 0 or later")
    curve = np.concatenate([[0.0], _rising("curve_share", reached)])
    differs = np.abs(curve[np.searchsorted(at, time, side="right")] - reply[:-1])
    if differs.max() > 1e-6 or curve[-1] > reply[-1] + 1e-6:
        raise BenchkitError("curve_share differs from reply_share or reply_ever; take all from one curve")
    last = max(float(at[-1]) if at.size else 0.0, float(time[-1]))
    rest = max(0.0, float(reply[-1] - curve[-1]))
    return np.append(at, last), np.append(at, np.inf), np.append(np.diff(curve), rest)


def _expected_between(time: Floats, expected: Floats, begin: Floats, end: Floats) -> Floats:
    """The mean of F over log t from `begin` to `end`, F itself where they are one."""
    from scipy.interpolate import PchipInterpolator

    early, late = int(time[0] > MINUTE_SECONDS), int(time[-1] < WEEK_SECONDS)
    knots = np.concatenate([[MINUTE_SECONDS] * early, time, [WEEK_SECONDS] * late])
    place = np.log(np.maximum(knots, 1.0))
    curve = PchipInterpolator(place, np.concatenate([[0.0] * early, expected, [1.0] * late]))
    area = curve.antiderivative()

    def log(seconds: Floats) -> Floats:
        return np.clip(np.log(np.maximum(seconds, 1.0)), place[0], place[-1])

    width = log(end) - log(begin)
    wide = width > _ROUNDING
    mean = (area(log(end)) - area(log(begin))) / np.where(wide, width, 1.0)
    return np.asarray(np.where(wide, mean, curve(log(end))))


def _imbens_manski(width: float, se_lower: float, se_upper: float, level: float) -> float:
    from scipy.optimize import brentq

    largest = max(se_lower, se_upper)
    if not (min(se_lower, se_upper) >= 0 and np.isfinite(largest)):
        raise BenchkitError(f"se_lower is {se_lower} and se_upper {se_upper}; a standard error is 0 or more")
    one_sided, two_sided = float(ndtri(level)), float(ndtri(0.5 + level / 2))
    if not largest:
        return one_sided if width > 0 else two_sided
    beyond = width / largest
    return float(
        brentq(lambda c: ndtr(c + beyond) - ndtr(-c) - level, one_sided - 1e-9, two_sided + 1e-9, xtol=1e-13)
    )
