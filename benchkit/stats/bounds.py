"""What can be said of a month that can still change, whatever becomes of its open waits."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Bools, Floats, Ints, amounts
from benchkit.stats.incidence import checked_waits


class Bounds(NamedTuple):
    """The least and the most a share can come to, by group and horizon, and the waits by group."""

    lower: Floats
    upper: Floats
    n: Ints


def incidence_bounds(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    horizons_seconds: npt.ArrayLike,
    *,
    cause: int = 1,
    groups: npt.ArrayLike | None = None,
    n_groups: int | None = None,
) -> Bounds:
    """Between what the share answered within each horizon lies, without any assumption.

    >>> bounds = incidence_bounds([60, 600, 1800, 9000], [1, 2, 0, 0], [3600])
    >>> bounds.lower.tolist(), bounds.upper.tolist()
    ([[0.25]], [[0.5]])

    lower = replied within h / n; upper adds the waits still open that are younger than h, as if all
    were answered in time. One entry per wait, `outcome` 0 awaiting (`seconds` is its age),
    1 replied, 2 closed; `groups` are whole numbers from 0, `n_groups` of them. Arrays are of
    shape (groups, horizons); NaN for a group without waits. Raises `BenchkitError` for
    entries that are missing, negative or of different lengths. Source: Manski 1989.
    """
    x, kind, _ = checked_waits(seconds, outcome, None)
    (h,) = amounts(horizons_seconds=np.atleast_1d(np.asarray(horizons_seconds)))
    group = np.zeros(x.size, dtype=np.int64) if groups is None else np.asarray(groups)
    if group.shape != x.shape or group.dtype.kind not in "iu" or (group < 0).any():
        raise BenchkitError("groups must be one whole number from 0 for each wait")
    size = int(group.max(initial=0)) + 1 if n_groups is None else n_groups
    if group.size and group.max() >= size:
        raise BenchkitError(f"n_groups is {size:,}, but there is a group {int(group.max()):,}")
    n = np.bincount(group, minlength=size)
    order = np.argsort(h)

    def counted(which: Bools, side: Literal["left", "right"]) -> Floats:
        """How many of them lasted no longer (left), or less long (right), than each horizon."""
        first = np.searchsorted(h[order], x[which], side=side)
        cell = group[which] * (h.size + 1) + first
        by_place = np.bincount(cell, minlength=size * (h.size + 1)).reshape(size, h.size + 1)
        sums = np.empty((size, h.size))
        sums[:, order] = by_place.cumsum(axis=1)[:, :-1]
        return sums

    answered, young = counted(kind == cause, "left"), counted(kind == 0, "right")
    with np.errstate(invalid="ignore"):
        whole = n[:, np.newaxis]
        return Bounds(answered / whole, (answered + young) / whole, n)
