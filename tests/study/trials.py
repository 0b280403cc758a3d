"""One trial after another: what benchkit says of synthetic months, held against their truth.

Each function makes a batch of trials and returns a row per trial and question: `value` is an
error (estimate less truth), or the share of what was to hold that did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import polars as pl
from histories import DAY, HOUR, MONTH, MONTH_BEFORE, Scenario, Served, Truth, history, waits_of

from benchkit.comparisons import units, work
from benchkit.comparisons.changes import changes
from benchkit.measurement import CURVE_SECONDS, expectation_curve, measure, measure_months
from benchkit.sources.synthetic_brands import Brand
from benchkit.stats.arrays import Bools, Floats
from benchkit.stats.funnel import INNER, OUTER
from benchkit.stats.ranks import RankSets, rank_sets
from benchkit.stats.shares import wilson

Row = tuple[str, float]

BRAND = Brand("brand", "Airlines", 0.27)
SHARES = {"1 h": HOUR, "24 h": DAY}
WITHIN_A_DAY, MEDIAN = "answered_within_24h", "first_reply_seconds_median"
PROVISIONAL_SECONDS = 12 * HOUR

EQUAL_BRANDS, LEAST_PER_DAY, MOST_PER_DAY = 200, 3.0, 60.0
"""Brands of a funnel trial, and between how many messages a day they get; in a queue `BUSY_PER_DAY` each."""
PAIRS, TOP = 10, 5
REPLY_PROBABILITIES, STAFFINGS = np.linspace(0.2, 0.425, PAIRS), np.linspace(0.3, 0.75, PAIRS)
"""What the brands that are ranked differ in, the latter in a queue; each has one equal to it."""
BUSY_PER_DAY, QUIET_PER_DAY, LARGE_PER_DAY = 22.0, 3.0, 150.0
"""Messages a day of the brands."""

_QUESTIONS = {f"answered_within_{name.replace(' ', '')}": name for name in SHARES}
_AMONG_ANSWERED = {f"replied_within_{name.replace(' ', '')}": name for name in SHARES}


def judge_months(scenario: Scenario, per_day: float, truth: Truth, numbers: Sequence[int]) -> list[Row]:
    """Months of one brand: errors and coverage of shares, medians, provisional months and curves."""
    served = Served(scenario, BRAND, per_day)
    histories = {
        f"{number:05}": history(served, _seed(scenario, 2, int(per_day), number)) for number in numbers
    }
    final = waits_of(histories)
    metrics = [*_QUESTIONS, *_AMONG_ANSWERED, MEDIAN]
    told = measure(final, month=MONTH, by="brand", metrics=metrics, min_waits=1)
    alone = measure(final, month=MONTH, by="brand", metrics=list(_QUESTIONS), min_waits=1, history_weeks=0)
    taken_early = waits_of(histories, watched_seconds=PROVISIONAL_SECONDS)
    early = measure(taken_early, month=MONTH, by="brand", metrics=WITHIN_A_DAY, min_waits=1)
    rows: list[Row] = []
    for metric, name in _QUESTIONS.items():
        true, of_month = truth.within(SHARES[name]), _of(told, metric)
        score = wilson(of_month.estimate * of_month.n, of_month.n)
        rows += _each(f"bias {name}", of_month.estimate - true)
        rows += _each(f"coverage {name}", of_month.holds(true))
        rows += _each(f"width {name}", of_month.upper - of_month.lower)
        rows += _each(f"Wilson coverage {name}", (score.lower <= true) & (true <= score.upper))
        rows += _each(f"own weeks coverage {name}", _of(alone, metric).holds(true))
    within_a_day, at_once = _of(told, WITHIN_A_DAY), _of(early, WITHIN_A_DAY)
    rows += _each("provisional bias", at_once.estimate - within_a_day.estimate)
    rows += _each("provisional coverage", at_once.holds(truth.within(DAY)))
    rows += _each("bounds hold", _within(within_a_day.estimate, at_once))
    for metric, name in _AMONG_ANSWERED.items():
        rows += _each(f"answered-only bias {name}", _of(told, metric).estimate - truth.within(SHARES[name]))
    median = _of(told, MEDIAN)
    rows += _each("coverage median", median.holds(truth.median_seconds))
    curve = expectation_curve(final, month=MONTH, by="brand", min_waits=1)
    band = [curve[name].to_numpy().reshape(-1, len(CURVE_SECONDS)) for name in ("band_lower", "band_upper")]
    inside = (band[0] <= truth.share) & (truth.share <= band[1])
    return rows + _each("band", np.asarray(inside.all(axis=1)))


def judge_changes(scenario: Scenario, per_day: float, numbers: Sequence[int]) -> list[Row]:
    """Months like the one before them: whether a change is told of."""
    rows: list[Row] = []
    for number in numbers:
        waits = waits_of(
            {"brand": history(Served(scenario, BRAND, per_day), _seed(scenario, 3, int(per_day), number))}
        )
        months = measure_months(waits, month=MONTH, months=2, metrics=list(_QUESTIONS), min_waits=1)
        told = changes(waits, months, month=MONTH).filter(before=MONTH_BEFORE)
        for metric, lower, upper in told.select("metric", "lower", "upper").iter_rows():
            rows.append((f"change told {_QUESTIONS[metric]}", float(lower > 0 or upper < 0)))
    return rows


def judge_funnel(scenario: Scenario, number: int, n_brands: int = EQUAL_BRANDS) -> list[Row]:
    """Equal brands of many sizes: which of them the funnel says are not."""
    rng = np.random.default_rng(_seed(scenario, 4, number))
    per_day = np.exp(rng.uniform(np.log(LEAST_PER_DAY), np.log(MOST_PER_DAY), n_brands))
    if scenario.staffing is not None:
        per_day = np.full(n_brands, BUSY_PER_DAY)  # a larger queue is another process
    waits = waits_of(
        {
            f"{place:04}": history(Served(scenario, BRAND, float(rate)), _seed(scenario, 4, number, place))
            for place, rate in enumerate(per_day)
        }
    )
    with _ranks_recorded(draws=100):
        judged = units.compare(waits, month=MONTH).units
    outside, chance = np.abs(judged["outside"].to_numpy()), judged.drop_nulls("estimate")
    share, n = chance["estimate"].to_numpy(), chance["n"].to_numpy()
    goal = (share * n).sum() / n.sum()
    naive = np.abs(np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(goal))) * 2 * np.sqrt(n)
    return [
        ("outside the outer limits", float(np.mean(outside == 2))),
        ("outside the inner limits", float(np.mean(outside >= 1))),
        ("outside naive outer limits", float(np.mean(naive > OUTER))),
        ("outside naive inner limits", float(np.mean(naive > INNER))),
    ]


def judge_ranks(scenario: Scenario, number: int) -> list[Row]:
    """Brands that differ, but for pairs: whether rank sets hold the ranks of their true shares."""
    pair = np.repeat(np.arange(PAIRS), 2)
    waits = waits_of(
        {
            f"{place:02}": history(_ranked(scenario, int(better)), _seed(scenario, 5, number, place))
            for place, better in enumerate(pair)
        }
    )
    with _ranks_recorded() as recorded:
        units.compare(waits, month=MONTH, top=TOP)
    (sets,) = recorded
    best = 1 + (pair > pair[:, None]).sum(axis=1)
    worst = pair.size - (pair < pair[:, None]).sum(axis=1)
    alone = (sets.lower <= best) & (worst <= sets.upper)
    together = (sets.simultaneous_lower <= best) & (worst <= sets.simultaneous_upper)
    assert sets.top is not None
    return [
        ("rank set", float(alone.mean())),
        ("rank sets at once", float(together.all())),
        ("top set", float(sets.top[best <= TOP].all())),
        ("ranks in a set", float((1 + sets.upper - sets.lower).mean() / pair.size)),
    ]


def _ranked(scenario: Scenario, better: int) -> Served:
    """A brand that replies to more of what is written to it, or in a queue has more agents' hours."""
    if scenario.staffing is not None:
        return Served(replace(scenario, staffing=float(STAFFINGS[better])), BRAND, BUSY_PER_DAY)
    brand = replace(BRAND, reply_probability=float(REPLY_PROBABILITIES[better]))
    return Served(scenario, brand, BUSY_PER_DAY)


def _seed(scenario: Scenario, *numbers: int) -> tuple[int, ...]:
    return (*scenario.name.encode(), *numbers)


class _Figures(NamedTuple):
    """One metric of many months."""

    estimate: Floats
    lower: Floats
    upper: Floats
    bound_lower: Floats
    bound_upper: Floats
    n: Floats

    def holds(self, true: float) -> Floats:
        """Whether each interval holds the truth."""
        return ((self.lower <= true) & (true <= self.upper)).astype(float)


def _of(told: pl.DataFrame, metric: str) -> _Figures:
    rows = told.filter(metric=metric).select(*_Figures._fields).cast(pl.Float64)
    return _Figures(*(column.to_numpy() for column in rows))


def _within(share: Floats, early: _Figures) -> Floats:
    """Whether the final share is within the bounds of each month that had any."""
    known = ~np.isnan(early.bound_lower)
    held = (early.bound_lower - 1e-12 <= share) & (share <= early.bound_upper + 1e-12)
    return held[known].astype(float)


def _each(question: str, values: Floats | Bools) -> list[Row]:
    return [(question, float(value)) for value in values]


@contextmanager
def _ranks_recorded(draws: int = 10_000) -> Iterator[list[RankSets]]:
    """What the comparison's own call of `rank_sets` gives, the simultaneous sets included."""
    found: list[RankSets] = []

    def recording(estimate: Floats, se: Floats, *, top: int) -> RankSets:
        found.append(rank_sets(estimate, se, top=top, draws=draws))
        return found[-1]

    with patch.object(work, "rank_sets", recording):
        yield found
