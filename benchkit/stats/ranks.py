"""Which ranks a unit could truly hold, given how uncertain every estimate is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Bools, Floats, Ints, check_level, columns

Draws = npt.NDArray[np.float32]

_CELLS_AT_ONCE = 250_000
_FEWEST_DRAWS = 100


class RankSets(NamedTuple):
    """From which to which rank each unit could be, 1 the largest.

    `lower` and `upper` hold for any one unit looked at alone, the simultaneous ones for all
    units at once. `top` says which could be among the largest few, None if that was not asked.
    """

    lower: Ints
    upper: Ints
    simultaneous_lower: Ints
    simultaneous_upper: Ints
    top: Bools | None


class _Maxima(NamedTuple):
    """By unit and draw: the largest studentised difference in either direction, and against the order."""

    either: Draws
    against: Draws


def rank_sets(
    estimate: npt.ArrayLike,
    se: npt.ArrayLike,
    *,
    level: float = 0.95,
    top: int | None = None,
    draws: int = 10_000,
    seed: int = 0,
) -> RankSets:
    """The ranks that each unit could truly hold; 1 is the largest.

    >>> sets = rank_sets([0.9, 0.5, 0.48, 0.1], [0.02, 0.03, 0.03, 0.02], top=2)
    >>> sets.simultaneous_lower.tolist(), sets.simultaneous_upper.tolist()
    ([1, 2, 2, 4], [1, 3, 3, 4])
    >>> sets.top.tolist()
    [True, True, True, False]

    [1 + units significantly larger, p - units significantly smaller]. For every ordered pair
    "k is not larger than j" is tested by (x_k - x_j) / sqrt(se_j² + se_k²) against the `level`
    quantile of its maximum over the pairs not yet rejected, in `draws` Gaussian draws, until
    nothing more is rejected: over the pairs of one unit for `lower` and `upper`, over all pairs
    for the simultaneous sets. `top` holds every truly top unit at once with probability
    `level`: those whose simultaneous set reaches that rank. One entry per unit; estimates are
    taken as independent and normal, and se 0 as known exactly. Memory is 12 bytes per unit and
    draw. Raises `BenchkitError` for errors below 0 or not a number.
    Source: Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91, section 3.
    """
    x, error = columns(estimate=estimate, se=se)
    check_level(level)
    _check(x, error, top, draws)
    order = np.lexsort((error, -x))
    x, error = x[order], error[order]
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((x.size, draws), dtype=np.float32) * error.astype(np.float32)[:, np.newaxis]
    spread = np.hypot(error[:, np.newaxis], error)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.nan_to_num(np.abs(x[:, np.newaxis] - x) / spread, nan=0.0, posinf=np.inf)
        scale = np.where(spread > 0, 1 / spread, 0.0).astype(np.float32)

    maxima = _maxima(noise, scale)
    beyond = draws - int(np.ceil((draws - 1) * level))
    alone = np.array([_told_apart(j, distance[j], noise, scale[j], maxima, beyond) for j in range(x.size)])
    together = _all_told_apart(distance, noise, scale, maxima, beyond)
    back = np.argsort(order)
    lower, upper = (ranks[back] for ranks in _ranks(alone))
    all_lower, all_upper = (ranks[back] for ranks in _ranks(together))
    return RankSets(lower, upper, all_lower, all_upper, None if top is None else all_lower <= top)


def _check(x: Floats, error: Floats, top: int | None, draws: int) -> None:
    if not x.size:
        raise BenchkitError("there is nothing to rank: estimate and se are empty")
    wrong = int((error < 0).sum())
    if wrong:
        raise BenchkitError(f"{wrong:,} of {error.size:,} se are below 0; a standard error is 0 or more")
    if top is not None and top < 1:
        raise BenchkitError(f"top is {top}; ask for the top 1 or more")
    if draws < _FEWEST_DRAWS:
        raise BenchkitError(f"draws is {draws}; give at least {_FEWEST_DRAWS}, such as 10,000")


def _ranks(apart: Bools) -> tuple[Ints, Ints]:
    """Units are in order, so those before one and told apart from it are larger."""
    larger, smaller = np.tril(apart).sum(axis=1), np.triu(apart).sum(axis=1)
    return 1 + larger, apart.shape[0] - smaller


def _quantile(maxima: Draws, beyond: int) -> float:
    """The value that is the `beyond`-th largest."""
    place = maxima.size - beyond
    return float(np.partition(maxima, place)[place])


def _maxima(noise: Draws, scale: Draws) -> _Maxima:
    """Differences against the order are never rejected, so they bound what steps can gain."""
    n_units, n_draws = noise.shape
    maxima = _Maxima(np.zeros_like(noise), np.zeros_like(noise))
    step = max(1, _CELLS_AT_ONCE // n_units)
    for start in range(0, n_draws, step):
        part = slice(start, start + step)
        drawn = noise[:, part]
        for j in range(n_units - 1):
            after = slice(j + 1, n_units)
            difference = (drawn[after] - drawn[j]) * scale[j, after, np.newaxis]
            for largest, found in zip(maxima, (np.abs(difference), difference), strict=True):
                np.maximum(largest[after, part], found, out=largest[after, part])
                np.maximum(largest[j, part], found.max(axis=0), out=largest[j, part])
    return maxima


def _told_apart(j: int, distance: Floats, noise: Draws, scale: Draws, maxima: _Maxima, beyond: int) -> Bools:
    """Which units are told apart from the j-th when it is looked at alone."""
    apart: Bools = distance > _quantile(maxima.either[j], beyond)
    if not apart.any():
        return apart
    against = maxima.against[j]
    rows = np.flatnonzero(maxima.either[j] >= _quantile(against, beyond))  # no other draw can matter
    before = np.where(np.arange(distance.size) < j, 1, -1).astype(np.float32)
    along = (noise[:, rows] - noise[j, rows]) * (scale * before)[:, np.newaxis]
    while True:
        largest = np.maximum(against[rows], along[~apart].max(axis=0))
        more = distance > _quantile(largest, beyond)
        if (more == apart).all():
            return apart
        apart = more


def _all_told_apart(distance: Floats, noise: Draws, scale: Draws, maxima: _Maxima, beyond: int) -> Bools:
    """Which pairs are told apart when all are looked at."""
    either, against = maxima.either.max(axis=0), maxima.against.max(axis=0)
    apart: Bools = distance > _quantile(either, beyond)
    rows = np.flatnonzero(either >= _quantile(against, beyond))
    drawn = noise[:, rows]
    while apart.any():
        largest = against[rows]
        for j in range(distance.shape[0] - 1):
            near = j + 1 + np.flatnonzero(~apart[j, j + 1 :])
            along = (drawn[j] - drawn[near]) * scale[j, near, np.newaxis]
            np.maximum(largest, along.max(axis=0, initial=0), out=largest)
        more = distance > _quantile(largest, beyond)
        if (more == apart).all():
            break
        apart = more
    return apart
