"""A change of a share, split into what was asked and how it was answered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, amounts


class Change(NamedTuple):
    """A change, and the two parts it is the sum of."""

    total: Floats
    mix: Floats
    rate: Floats


def kitagawa(
    weights_0: npt.ArrayLike, weights_1: npt.ArrayLike, shares_0: npt.ArrayLike, shares_1: npt.ArrayLike
) -> Change:
    """How much of a change from 0 to 1 is another mix of waits, and how much another rate within cells.

    >>> change = kitagawa([7, 3], [5, 5], [0.60, 0.20], [0.64, 0.25])
    >>> [part.round(3).item() for part in change]
    [-0.035, -0.079, 0.044]

    mix = sum (w1 - w0)(p0 + p1)/2, rate = sum (p1 - p0)(w0 + w1)/2, total = mix + rate =
    sum w1 p1 - sum w0 p0. Cells (a channel x hour of the week, say) are on the last axis,
    any groups on those before it. Weights are scaled to sum to 1, so counts of waits will
    do; without any, the change is NaN. A cell without waits in one month may have a NaN share
    there: it takes the other month's, so that its coming or going is all mix. Any other NaN
    is refused. Source: Kitagawa 1955, Journal of the American Statistical Association
    50:1168-1194.
    """
    counts_0, counts_1 = amounts(weights_0=weights_0, weights_1=weights_1)
    given_0, given_1 = np.asarray(shares_0, dtype=float), np.asarray(shares_1, dtype=float)
    if given_0.shape != counts_0.shape or given_1.shape != counts_1.shape or not counts_0.ndim:
        raise BenchkitError("weights and shares must have as many cells as each other")
    unknown = ((counts_0 > 0) & ~np.isfinite(given_0)) | ((counts_1 > 0) & ~np.isfinite(given_1))
    if unknown.any():
        raise BenchkitError(f"{unknown.sum():,} of {unknown.size:,} cells have waits but no share")
    p0, p1 = _known(given_0, given_1), _known(given_1, given_0)
    with np.errstate(invalid="ignore"):
        w0, w1 = (counts / counts.sum(axis=-1, keepdims=True) for counts in (counts_0, counts_1))
    mix = ((w1 - w0) * (p0 + p1) / 2).sum(axis=-1)
    rate = ((p1 - p0) * (w0 + w1) / 2).sum(axis=-1)
    return Change(np.asarray(mix + rate), np.asarray(mix), np.asarray(rate))


def _known(share: Floats, other: Floats) -> Floats:
    """The share, else that of the other month, else (a cell of neither) 0."""
    return np.nan_to_num(np.where(np.isfinite(share), share, other), nan=0.0, posinf=0.0, neginf=0.0)
