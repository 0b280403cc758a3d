"""Limits that hold for a whole curve at once, not at each time by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, check_level, columns, in_threads
from benchkit.stats.curves import Curves, limits
from benchkit.stats.incidence import estimate_curves

DRAWS = 5_000
"""Enough to go through every pattern of signs of up to 13 clusters."""

_DEALT_CLUSTERS = 200
_SIGNS_AT_ONCE = 4_000_000
_GROUPS_AT_ONCE = 100
_NO_ERROR = 1e-10

Singles = npt.NDArray[np.float32]


class Band(NamedTuple):
    """A curve at some times, and limits between which the whole of it lies with the level's confidence.

    `critical` is what errors are multiplied by. With groups all but `time` have a row for each.
    """

    time: Floats
    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats
    critical: Floats


def confidence_band(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    at: npt.ArrayLike,
    *,
    cause: int = 1,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Band:
    """Simultaneous limits of the cumulative incidence at the times `at`, which are put in order.

    >>> rng = np.random.default_rng(1)
    >>> week = np.repeat(np.arange(13), 20)
    >>> band = confidence_band(rng.exponential(5, 260), np.ones(260), [1, 5, 10], cluster=week)
    >>> bool((band.lower < band.estimate).all()), bool(2.2 < band.critical < 4)
    (True, True)

    F^exp(±c se / (F ln F)), c from `critical_value`; made monotone, as the curve itself is.
    Waits, `cluster` and `groups` are as in `cumulative_incidence`; errors carry the
    small-number factor B / (B - 1). Waits without `cluster` are dealt at random into at most
    200 clusters to learn c, and keep their own errors. Memory: groups x clusters x times.
    Raises `BenchkitError` as `cumulative_incidence` does.
    """
    curves = estimate_curves(seconds, outcome, cause=cause, entry=entry, cluster=cluster, groups=groups)
    band = band_of(curves, at, level=level, draws=draws, seed=seed)
    return band if groups is not None else Band(band.time, *(part[0] for part in band[1:]))


def band_of(
    curves: Curves, at: npt.ArrayLike, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Band:
    """As `confidence_band`, of curves of incidence that are there already; a row for each group.

    >>> curves = estimate_curves([1, 2, 2, 3], [1, 1, 0, 1], cluster=[0, 1, 2, 3], groups=["a"] * 4)
    >>> band_of(curves, [2]).estimate
    array([[0.5]])
    """
    time = np.unique(columns(at=at)[0])
    clustered = curves.clustered
    if clustered is None:
        dealt = np.random.default_rng(seed).permutation(curves.table.n_waits) % _DEALT_CLUSTERS
        influence = curves.influence(time, curves.table.clustered(dealt))
        estimate, se = curves.at(time)[:2]
    else:
        influence = curves.influence(time, clustered)
        n_clusters = np.count_nonzero(influence.any(axis=2), axis=1)[:, np.newaxis]
        small = n_clusters / np.maximum(n_clusters - 1, 1)
        estimate, se = curves.share(time), np.sqrt(small * np.einsum("gct,gct->gt", influence, influence))
    critical = critical_value(influence, level=level, draws=draws, seed=seed)
    return Band(time, estimate, se, *band_limits(estimate, se, critical[:, np.newaxis]), critical)


def critical_value(
    influence: npt.ArrayLike, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Floats:
    """What errors are to be multiplied by for limits that hold at all times at once (sup-t).

    >>> rng = np.random.default_rng(0)
    >>> critical_value(rng.normal(size=(2, 13, 100))).round(1).tolist()  # two groups; 2.2 at one time
    [4.8, 4.7]

    `influence` has the shape (..., clusters, times): what each cluster adds to the estimate.
    Multiplier bootstrap: with random signs g, the largest over the times of
    |sum_c g_c psi_c| / sqrt(sum_c psi_c^2) = x, studentised to x sqrt((B - 1) / (B - x^2)); signs
    leave the squares, and so the error's own error, as they are. Up to 2^(B-1) = `draws`,
    every pattern of signs is gone through once. For the errors sqrt(B / (B - 1) sum_c psi_c^2).
    Clusters and times without any influence do not count; NaN below two clusters, inf where there
    are too few for the level (five or fewer at 95 %). Of 13 clusters, bands held the whole curve in
    94 to 96 % of simulated histories, where normal and Mammen multipliers held it in 86 to 92 %.
    Source: Liu 1988 (wild bootstrap); Cameron, Gelbach and Miller 2008 (signs for few clusters);
    Montiel Olea and Plagborg-Moller 2019 (sup-t).
    """
    check_level(level)
    psi = np.asarray(influence, dtype=float)
    if psi.ndim < 2 or not np.isfinite(psi).all():
        raise BenchkitError("influence must be numbers by cluster and time, none of them missing")
    each = psi.reshape(-1, *psi.shape[-2:])
    some = [each[start : start + _GROUPS_AT_ONCE] for start in range(0, len(each), _GROUPS_AT_ONCE)]
    found = in_threads(lambda part: [_critical(one, level, draws, seed) for one in part], some)
    return np.array([one for part in found for one in part], dtype=float).reshape(psi.shape[:-2])


def band_limits(estimate: Floats, se: Floats, critical: Floats) -> tuple[Floats, Floats]:
    """Simultaneous limits of a rising curve, of ascending times on the last axis.

    >>> share, se = np.array([0.0, 0.2, 0.5, 1.0]), np.array([0.0, 0.03, 0.05, 0.0])
    >>> [part.round(2).tolist() for part in band_limits(share, se, np.array(3.0))]
    [[0.0, 0.12, 0.34, 0.34], [0.3, 0.3, 0.64, 1.0]]

    Where nothing is known of the error (the share is 0 or 1, or no cluster differs), only that
    the curve rises: limits are those of the nearest time that is known.
    """
    known = (se > _NO_ERROR) & (estimate > 0) & (estimate < 1) & np.isfinite(critical)
    lower, upper = limits(estimate, np.where(known, se, 0.0), np.where(known, critical, 0.0))
    return (
        np.maximum.accumulate(np.where(known, lower, 0.0), axis=-1),
        np.minimum.accumulate(np.where(known, upper, 1.0)[..., ::-1], axis=-1)[..., ::-1],
    )


def _critical(influence: Floats, level: float, draws: int, seed: int) -> float:
    errors = np.sqrt((influence**2).sum(axis=0))
    shares = influence[:, errors > _NO_ERROR] / errors[errors > _NO_ERROR]
    shares = shares[shares.any(axis=1)].T.astype(np.float32)
    n_times, n_clusters = shares.shape
    if n_clusters < 2 or not n_times:
        return np.nan
    every = 2 ** (n_clusters - 1) <= draws
    sums = (
        [_sums_of_every(shares)] if every else (shares @ signs for signs in _drawn(n_clusters, draws, seed))
    )
    largest = np.concatenate([np.square(some, out=some).max(axis=0) for some in sums])
    rank = math.ceil(level * largest.size) - 1
    square = float(np.partition(largest, rank)[rank])
    left = n_clusters - square
    return float(np.sqrt(square * (n_clusters - 1) / left)) if left > 1e-4 else np.inf


def _sums_of_every(shares: Singles) -> Singles:
    """By time, the sums under every pattern of signs once; turned about, a pattern gives the same.

    Sums over some clusters are added to those over the others: much faster than one large product.
    """
    n_times, n_clusters = shares.shape
    some = n_clusters // 3
    left = shares[:, :some] @ _patterns(some)
    right = shares[:, some:] @ _patterns(n_clusters - some)[:, : 2 ** (n_clusters - some - 1)]
    return (left[:, :, np.newaxis] + right[:, np.newaxis, :]).reshape(n_times, -1)


@lru_cache(maxsize=16)
def _patterns(n_clusters: int) -> Singles:
    """Every pattern of signs, one per column; in the first half of them the last sign is up."""
    down = (np.arange(2**n_clusters) >> np.arange(n_clusters)[:, np.newaxis]) & 1
    return np.asarray(1 - 2 * down, dtype=np.float32)


def _drawn(n_clusters: int, draws: int, seed: int) -> Iterator[Singles]:
    rng, step = np.random.default_rng(seed), max(1, _SIGNS_AT_ONCE // n_clusters)
    for start in range(0, draws, step):
        drawn = rng.integers(0, 2, (n_clusters, min(step, draws - start)), dtype=np.int8)
        yield (1 - 2 * drawn).astype(np.float32)
