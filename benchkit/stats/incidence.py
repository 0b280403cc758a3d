"""How many were answered by when, with waits still open and waits closed taken into account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchkit.errors import BenchkitError
from benchkit.stats.arrays import Bools, Ints, check_level, columns, narrow
from benchkit.stats.curves import Curve, Curves
from benchkit.stats.lifetable import life_table


@overload
def kaplan_meier(
    seconds: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = ...,
    groups: None = ...,
    level: float = ...,
) -> Curve: ...
@overload
def kaplan_meier(
    seconds: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = ...,
    groups: npt.ArrayLike,
    level: float = ...,
) -> Curves: ...
def kaplan_meier(
    seconds: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Curve | Curves:
    """The share still waiting at each time, where some waits are only known to have lasted so far.

    >>> curve = kaplan_meier([6, 44, 21, 14, 62], [1, 1, 0, 1, 1])
    >>> curve.estimate.round(3).tolist()
    [0.8, 0.6, 0.3, 0.0]

    S(t) = prod over t_j <= t of (1 - d_j / Y_j), with Greenwood's error and log-log limits.
    `seconds` and `event` (1 ended, 0 censored) have one entry per wait; `entry` and `groups`
    are as in `cumulative_incidence`, and so is what is refused. Source: Kaplan and Meier 1958;
    limits: Kalbfleisch and Prentice 2002, section 1.4.
    """
    (happened,) = _numbers(event=event)
    falling = estimate_curves(
        seconds, (happened != 0).astype(np.int64), entry=entry, groups=groups, level=level
    )
    survival = replace(falling, estimate=1.0 - falling.estimate, start=1.0)
    return survival if groups is not None else survival.curve(0)


@overload
def cumulative_incidence(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    cause: int = ...,
    entry: npt.ArrayLike | None = ...,
    cluster: npt.ArrayLike | None = ...,
    groups: None = ...,
    level: float = ...,
) -> Curve: ...
@overload
def cumulative_incidence(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    cause: int = ...,
    entry: npt.ArrayLike | None = ...,
    cluster: npt.ArrayLike | None = ...,
    groups: npt.ArrayLike,
    level: float = ...,
) -> Curves: ...
def cumulative_incidence(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    cause: int = 1,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Curve | Curves:
    """The share of all waits that ended in `cause` by each time (Aalen and Johansen).

    >>> curve = cumulative_incidence([0, 0, 1, 2], [1, 1, 2, 1])
    >>> curve.at([0, 1, 2]).estimate.tolist()
    [0.5, 0.5, 0.75]
    >>> cumulative_incidence([5, 8, 9], [1, 1, 0], groups=["a", "a", "b"]).at([5, 8]).estimate.tolist()
    [[0.5, 1.0], [0.0, 0.0]]

    F(t) = sum over t_j <= t of S(t_j-) d1_j / Y_j. One entry per wait: `outcome` is 0 awaiting
    (censored at `seconds`), 1 replied, 2 closed; `entry` is the age at which it came under
    observation, 0 from its beginning: Y(t) counts entry < t <= seconds. `groups` and `cluster`
    are any labels, one per wait; with `groups` all curves come from one sorted pass. A cluster may
    reach over several groups; the error of each is of its own waits only, those of one cluster
    summed, and NaN where one cluster holds them all. Without `cluster` every wait is its own.
    Errors are the infinitesimal jackknife's, at every time in O(n log n); limits are
    F^exp(±z se / (F ln F)), and where F is 0 or 1, F itself. Raises `BenchkitError` for
    entries that are missing, negative or of different lengths.
    Source: Aalen and Johansen 1978; Therneau and Grambsch 2000, section 7.
    """
    curves = estimate_curves(
        seconds, outcome, cause=cause, entry=entry, cluster=cluster, groups=groups, level=level
    )
    return curves if groups is not None else curves.curve(0)


def estimate_curves(
    seconds: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    cause: int = 1,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Curves:
    """The curves of all groups, or of the one group 0 where none are named.

    >>> estimate_curves([5, 8, 9], [1, 1, 0], groups=["a", "a", "b"]).estimate.tolist()
    [0.5, 1.0]
    """
    x, kind, late = checked_waits(seconds, outcome, entry)
    labels, group = numbered("groups", groups, x.size)
    member = None if cluster is None else narrow(numbered("cluster", cluster, x.size)[1])
    if labels.size * float(x.max(initial=0) + 3) < 2**58 and not _broken(x).any():
        clock, tick, began = None, x.astype(np.int64, copy=False), np.floor(late)
    else:  # what happens between events tells nothing more
        clock = np.unique(x[kind > 0])
        tick, began = (np.searchsorted(clock, when, side="right") - 1 for when in (x, late))
    begin = None if entry is None else np.where(late > 0, began, -1).astype(np.int64)
    table = life_table(group, tick, kind, n_groups=labels.size, cause=cause, entry=begin)
    return Curves(
        groups=labels,
        offsets=table.offsets(),
        time=table.of_events(lambda rows: rows.ticks if clock is None else np.append(clock, 0.0)[rows.ticks]),
        estimate=table.of_events(lambda rows: rows.estimate),
        at_risk=table.of_events(lambda rows: rows.at_risk, np.int64),
        start=0.0,
        table=table,
        cluster=member,
        quantile=float(ndtri(0.5 + check_level(level) / 2)),
        clock=clock,
    )


def numbered(name: str, labels: npt.ArrayLike | None, n_waits: int) -> tuple[npt.NDArray[Any], Ints]:
    """The labels there are, in order, and for each wait the number of its own; without labels all are 0.

    >>> [part.tolist() for part in numbered("groups", ["b", "a", "b"], 3)]
    [['a', 'b'], [1, 0, 1]]
    """
    if labels is None:
        return np.zeros(1, dtype=np.int64), np.zeros(n_waits, dtype=np.int64)
    given = np.asarray(labels)
    if given.shape != (n_waits,):
        raise BenchkitError(f"{name} must have one label for each of the {n_waits:,} waits")
    if given.dtype.kind in "iu" and given.size and given.max() - (least := given.min()) < given.size:
        place = (given - least if least else given).astype(np.int64, copy=False)
        there = np.bincount(place) > 0
        return np.flatnonzero(there) + least, place if there.all() else (np.cumsum(there) - 1)[place]
    missing = given != given  # NaN and NaT are not themselves
    if given.dtype == object:
        missing |= given == np.array(None)
    _refuse(missing, f"{name} are missing")
    try:
        known = np.unique(given)
    except TypeError:
        raise BenchkitError(f"{name} are of kinds that have no common order; make all of them text") from None
    return known, np.searchsorted(known, given)  # much faster than np.unique's own inverse


def checked_waits(
    seconds: npt.ArrayLike, outcome: npt.ArrayLike, entry: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], Ints, npt.NDArray[Any]]:
    """Seconds, outcomes and entries, once they are known to be those of waits.

    >>> [part.tolist() for part in checked_waits([5, 8], [1, 0], None)]
    [[5, 8], [1, 0], [0.0]]
    """
    given = {"seconds": seconds, "outcome": outcome} | ({} if entry is None else {"entry": entry})
    x, kind, late = (*_numbers(**given), np.zeros(1))[:3]
    if min(x.min(initial=0), late.min(initial=0)) < 0:
        _refuse((x < 0) | (late < 0), "waits are negative")
    if kind.min(initial=0) < 0 or _broken(kind).any():
        _refuse((kind < 0) | _broken(kind), "outcomes are not whole numbers from 0")
    if entry is not None:
        _refuse((late > 0) & (late >= x), "waits ended before they came under observation")
    return x, kind.astype(np.int64, copy=False), late


def _numbers(**given: npt.ArrayLike) -> Sequence[npt.NDArray[Any]]:
    """As `columns`, but whole numbers stay what they are: copies of millions cost more than their sums."""
    arrays = [np.asarray(values) for values in given.values()]
    whole = all(array.dtype.kind in "iu" and array.shape == (arrays[0].size,) for array in arrays)
    return arrays if whole else columns(**given)


def _broken(values: npt.NDArray[Any]) -> Bools:
    """Which are no whole numbers; one False for all where their kind tells."""
    return np.zeros(1, dtype=bool) if values.dtype.kind in "iu" else values != np.floor(values)


def _refuse(wrong: Bools, what: str) -> None:
    if wrong.any():
        raise BenchkitError(f"{int(wrong.sum()):,} of {wrong.size:,} {what}; leave them out first")
