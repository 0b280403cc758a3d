"""Whether a run of weeks is the process as it has been, or something that happened to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Bools, Floats, Ints, shares_of

SIGMAS = 3
RUN_LENGTH = 8
KEPT, BEYOND, RUN = 0, 1, 2
"""Rules: none broken; beyond three sigma; eight on one side."""
_MEAN_RANGE_OF_TWO = 1.128
"""The mean distance of two standard normal values, 2/sqrt(pi), as control charts round it."""
_ROUNDING = 1e-9


class ControlChart(NamedTuple):
    """A chart's points with their centre and limits, sigma_z, and the rule that each point breaks."""

    share: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    sigma_z: float
    rule: Ints


def laney(counts: npt.ArrayLike, totals: npt.ArrayLike) -> ControlChart:
    """Laney's p' chart: limits for shares that vary more from week to week than chance alone.

    >>> chart = laney([40, 52, 45, 58, 41, 95], [100, 110, 100, 120, 100, 120])
    >>> chart.centre[-1].round(3).item(), round(chart.sigma_z, 2), chart.upper[-1].round(3).item()
    (0.509, 2.14, 0.802)
    >>> chart.rule.tolist()
    [0, 0, 0, 0, 0, 0]

    s_i = sqrt(p(1-p)/n_i) around the centre p = sum y / sum n, z_i = (y_i/n_i - p)/s_i,
    sigma_z = mean |z_i - z_(i-1)| / 1.128, limits p ± 3 sigma_z s_i, clipped to [0, 1].
    sigma_z is used as it is: 1 gives the plain p chart, and below 1, where points vary less
    than chance, limits are narrower than the p chart's, as Laney defines them.

    `rule` is 1 for a point beyond the limits, else 2 for each of eight or more in a row on
    one side of the centre (a point on it ends a run), else 0.

    An entry per point, in order of time; leave out weeks without waits. sigma_z and limits
    are NaN, and no rule is broken, for one point, or if all or none succeeded. What is no
    share is refused. Source: Laney 2002, Quality Engineering 14:531-537; the run rule:
    Western Electric 1956, zone rule of eight.
    """
    y, n = shares_of(counts, totals)
    share, centre = y / n, y.sum() / n.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(centre * (1 - centre) / n)
        z = (share - centre) / error
    sigma_z = float(np.abs(np.diff(z)).mean()) / _MEAN_RANGE_OF_TWO if y.size > 1 else np.nan
    half = SIGMAS * sigma_z * error
    lower, upper = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    beyond = np.abs(z) > SIGMAS * sigma_z + _ROUNDING
    rule = np.where(beyond, BEYOND, np.where(_in_a_run(z), RUN, KEPT))
    return ControlChart(share, np.full_like(share, centre), lower, upper, sigma_z, rule)


def _in_a_run(z: Floats) -> Bools:
    side = np.where(np.abs(z) > _ROUNDING, np.sign(z), 0.0)
    run = np.cumsum(np.diff(side, prepend=side[0]) != 0)
    return np.asarray((np.bincount(run)[run] >= RUN_LENGTH) & (side != 0))
