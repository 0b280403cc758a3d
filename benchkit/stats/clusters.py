"""Ratios, means and quantiles of waits that come in clusters: weeks, days, or an agent's weeks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Floats, Ints, check_level, columns, numbered
from benchkit.stats.shares import NO_VARIATION, ratio_variance, t_quantile, wilson

LEAST_DRAWS = 100


class ClusterShare(NamedTuple):
    """A ratio with its error, its limits, and the design effect of its clusters."""

    estimate: float
    se: float
    lower: float
    upper: float
    deff: float


class Bootstrapped(NamedTuple):
    """Estimates with their errors and limits, an entry per group; NaN where there is none."""

    estimate: Floats
    se: Floats
    lower: Floats
    upper: Floats


def cluster_share(
    successes: npt.ArrayLike,
    totals: npt.ArrayLike,
    *,
    population: float | None = None,
    level: float = 0.95,
) -> ClusterShare:
    """A share or a mean with the error that whole clusters give it.

    >>> share = cluster_share([8, 2, 6, 4], [10, 10, 10, 10])
    >>> share.estimate, round(share.se, 3), round(share.deff, 2)
    (0.5, 0.129, 2.67)

    R = sum y / sum n, e = y - R n, and the variance (1 - C/N) C/(C-1) sum e² / (sum n)² with
    t of C - 1 degrees, for C clusters out of a `population` of N (without it, out of any
    number). An entry per cluster: `totals` positive, `successes` any sums over the cluster,
    in whose unit per total everything is.

    Where successes are counts out of their totals, limits stay within [0, 1], clusters that
    do not vary at all give Wilson's, and `deff` is how many times the variance p(1-p)/n of as
    many independent waits theirs is (both with the finite-population factor, which cancels);
    else it is NaN. One cluster has neither error nor limits. NaN, totals that are not
    positive and a population smaller than the sample are refused.
    Source: Lohr 2019, sections 4.1 and 5.2; Kish 1965 on the design effect.
    """
    y, n = columns(successes=successes, totals=totals)
    check_level(level)
    if not y.size:
        raise BenchkitError("there is nothing to estimate: successes and totals are empty")
    if (n <= 0).any():
        raise BenchkitError(
            f"{(n <= 0).sum():,} of {n.size:,} totals are not positive; leave empty clusters out"
        )
    if population is not None and not y.size <= population < math.inf:
        raise BenchkitError(
            f"population is {population}, but there are {y.size:,} clusters; give all there are"
        )
    unseen = 1.0 if population is None else 1.0 - y.size / population
    total = float(n.sum())
    estimate, variance = float(y.sum()) / total, float(ratio_variance(y, n))
    are_counts = bool(((y >= 0) & (y <= n) & (y == np.floor(y))).all())
    independent = estimate * (1 - estimate) / total if are_counts else 0.0
    deff = variance / independent if independent > 0 else math.nan
    se = math.sqrt(variance * unseen)
    half = float(t_quantile(y.size - 1, level)) * se
    if are_counts and variance <= NO_VARIATION**2 and unseen:
        score = wilson(y.sum(), total, level=level)
        return ClusterShare(estimate, se, float(score.lower), float(score.upper), deff)
    lowest, highest = (0.0, 1.0) if are_counts else (-math.inf, math.inf)
    lower, upper = np.clip([estimate - half, estimate + half], lowest, highest).tolist()
    return ClusterShare(estimate, se, lower, upper, deff)


def cluster_bootstrap(
    values: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    quantile: float | None = 0.5,
    draws: int = 2_000,
    seed: int = 0,
    level: float = 0.95,
) -> Bootstrapped:
    """A median, another quantile, or (`quantile=None`) a mean or share, resampled by whole clusters.

    >>> minutes, week = [5, 9, 7, 30, 41, 22, 8, 12], [0, 0, 0, 1, 1, 1, 2, 2]
    >>> median = cluster_bootstrap(minutes, week)
    >>> median.estimate.item(), median.lower.item(), median.upper.item()
    (9.0, 7.0, 30.0)

    Each draw takes C - 1 of a group's C clusters with replacement, which makes the variance
    of the draws that of the estimate without a factor C/(C-1); the limits are the quantiles
    Phi(±t) of the draws, t of C - 1 degrees. A quantile is the smallest value that at least
    that share of the waits does not exceed; it is found in every draw at once by bisecting
    the clusters' counts up to each distinct value (memory: distinct values x clusters), no
    draw being spelt out. Groups with as many clusters share their draws.

    An entry per wait: `values` in any unit (True and False for shares), `cluster` and
    `groups` as numbers from 0; results have an entry per group. Error and limits are NaN for
    one cluster, and with fewer than about eight say little. NaN is refused.
    Source: Rao and Wu 1988 on C - 1 draws; Hesterberg 2015 on Phi(±t).
    """
    number = np.zeros(np.size(values), dtype=np.int64) if groups is None else groups
    (x,) = columns(values=values)
    cluster_number, group = numbered(cluster=cluster, groups=number)
    if x.size != group.size:
        raise BenchkitError("values, cluster and groups must have as many entries as each other")
    if quantile is not None and not 0 < quantile < 1:
        raise BenchkitError(f"quantile is {quantile}; give a share between 0 and 1, such as 0.5, or None")
    if draws < LEAST_DRAWS:
        raise BenchkitError(f"draws is {draws}; give {LEAST_DRAWS} or more")
    check_level(level)
    order = np.lexsort((x, group))
    x, cluster_number, group = x[order], cluster_number[order], group[order]
    n_groups = int(group.max(initial=-1)) + 1
    ends = np.searchsorted(group, np.arange(n_groups + 1))
    rng, weights = np.random.default_rng(seed), dict[int, Ints]()
    result = np.full((4, n_groups), np.nan)
    for g in np.flatnonzero(np.diff(ends)):
        rows = slice(ends[g], ends[g + 1])
        names, member = np.unique(cluster_number[rows], return_inverse=True)
        if names.size not in weights:
            weights[names.size] = _weights(rng, names.size, draws)
        weight = weights[names.size]
        found = (
            _means(x[rows], member, weight)
            if quantile is None
            else _quantiles(x[rows], member, weight, quantile)
        )
        result[0, g] = found[0]
        if names.size > 1:
            tail = ndtr(-t_quantile(names.size - 1, level))
            result[1:, g] = found[1:].std(ddof=1), *np.quantile(found[1:], [tail, 1 - tail])
    return Bootstrapped(*result)


def _weights(rng: np.random.Generator, clusters: int, draws: int) -> Ints:
    """How often each cluster counts: once in the estimate, which is the first row, then as drawn."""
    once = np.ones((1, clusters), dtype=np.int64)
    if clusters == 1:
        return once
    drawn = rng.multinomial(clusters - 1, np.full(clusters, 1 / clusters), size=draws)
    return np.concatenate([once, drawn])


def _means(x: Floats, member: Ints, weight: Ints) -> Floats:
    sums = weight @ np.bincount(member, x)
    return np.asarray(sums / (weight @ np.bincount(member)))


def _quantiles(x: Floats, member: Ints, weight: Ints, share: float) -> Floats:
    distinct, rank = np.unique(x, return_inverse=True)
    clusters = weight.shape[1]
    at = np.bincount(rank * clusters + member, minlength=distinct.size * clusters)
    upto = at.reshape(distinct.size, clusters).cumsum(axis=0)
    wanted = np.ceil(share * (weight @ upto[-1]) - 1e-9)
    low, high = np.zeros(len(weight), dtype=np.int64), np.full(len(weight), distinct.size - 1)
    while (low < high).any():
        middle = (low + high) // 2
        reached = np.einsum("dc,dc->d", weight, upto[middle]) >= wanted
        low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
    return np.asarray(distinct[low])
