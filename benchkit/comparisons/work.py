"""The arithmetic of a comparison: the work of each unit, and what is left of how they differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from benchkit.comparisons.in_time import InTime
from benchkit.comparisons.strata import Strata, strata
from benchkit.margins import enough_weeks
from benchkit.periods import WEEK, parse_month
from benchkit.sample import REPLIED, Sample
from benchkit.stats.arrays import Bools, Floats
from benchkit.stats.design import design_effect, intraclass_correlation
from benchkit.stats.funnel import funnel, funnel_limits
from benchkit.stats.ranks import rank_sets
from benchkit.stats.shares import carried_over, ratio_variance, wilson
from benchkit.stats.shrinkage import beta_binomial
from benchkit.stats.standardise import observed_and_expected, standardise_direct, standardise_indirect
from benchkit.study import Study

LINES = ("n", "chance_lower", "chance_upper", "inner_lower", "inner_upper", "outer_lower", "outer_upper")
_LINE_POINTS = 80
_MIN_WAITS_OF_EACH, _MIN_WAITS_OF_ALL = 3, 20
"""In the usual cell: of each unit where each has its own rate there, of all where one rate serves all."""
_MIN_COVERAGE = 0.8


class Work(NamedTuple):
    """The waits of the month that are compared, and of each unit its successes and totals.

    `correlation` is how alike waits of one week are, `weeks` how many the month has.
    """

    sample: Sample
    hit: Bools
    strata: Strata
    y: Floats
    n: Floats
    correlation: float
    weeks: float

    def deff(self, n: Floats) -> Floats:
        """The design effect of a month of so many waits."""
        return design_effect(self.correlation, n / self.weeks)


class _Adjusted(NamedTuple):
    """Shares on the same work, how many independent waits they are worth (0: none), and more to tell."""

    share: Floats
    size: Floats
    told: dict[str, Floats]


def work_of(asked: Study, share: InTime, month: str) -> Work:
    """The waits that were watched for long enough, with what is needed to compare the units."""
    everyone = asked.sample
    kept = (everyone.watched_seconds >= share.seconds) & (everyone.age_seconds >= share.least_age_seconds)
    if share.of_replied:
        kept &= everyone.outcome == REPLIED
    sample = everyone.where(kept)
    hit = (sample.outcome == REPLIED) & (sample.seconds <= share.seconds)
    n_weeks = (parse_month(month).end - parse_month(month).start) / WEEK
    y, n = sample.where(hit).month.counts.astype(float), sample.month.counts.astype(float)
    when = asked.when_and_where.filter(pl.Series(kept)).filter(pl.Series(sample.in_month))
    least = _MIN_WAITS_OF_ALL if asked.by_agent else _MIN_WAITS_OF_EACH * int((n > 0).sum())
    return Work(
        sample=sample.month,
        hit=hit[sample.in_month],
        strata=strata(when, least=least),
        y=y,
        n=n,
        correlation=_correlation(sample.where(hit).weekly_counts, sample.weekly_counts),
        weeks=n_weeks,
    )


def _correlation(hits: Floats, counts: Floats) -> float:
    """How alike the waits of a unit's week are, from the trailing weeks of all units that have enough.

    What one week hands on to the next counts as well, or a backlog would pass for many independent weeks.
    """
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits.sum(axis=1) / total
        deff = ratio_variance(hits, counts) * carried_over(hits, counts) / (share * (1 - share) / total)
        usual = (counts**2).sum(axis=1) / total
    usable = enough_weeks(counts) & np.isfinite(deff)
    return intraclass_correlation(deff[usable], usual[usable])


def side_by_side(
    work: Work, pool: Bools, shown: Bools, others: Bools, *, top: int, by_agent: bool
) -> tuple[dict[str, Floats], list[Floats]]:
    """The units `shown` of a `pool`, held against the `others`: every figure, and the funnel's lines."""
    members, told = pool & shown, pool & others
    y, n = work.y[members], work.n[members]
    deff, share = work.deff(n), work.y[told].sum() / work.n[told].sum()
    adjusted = (_of_agents if by_agent else _of_brands)(work, pool, members, share, deff)
    known = adjusted.size > 0
    compared = {name: np.where(known, values, np.nan) for name, values in adjusted.told.items()}
    compared["coverage"] = adjusted.told.get("coverage", np.full(n.size, np.nan))
    compared["target"] = np.full(n.size, share)
    if by_agent:
        judged_on, y, n, deff = known, adjusted.share * adjusted.size, adjusted.size, np.ones(n.size)
    else:
        judged_on = np.ones(n.size, dtype=bool)
    if judged_on.sum() > 1:
        judged = funnel(
            y[judged_on],
            n[judged_on],
            deff=deff[judged_on],
            target=share,
            reference=others[members][judged_on],
        )
        names = ("inner_lower", "inner_upper", "outer_lower", "outer_upper", "outside")
        found = {name: np.asarray(getattr(judged, name), dtype=float) for name in names}
        found |= {"z": judged.adjusted_z, "chance_z": judged.z}
        compared |= {name: _placed(values, judged_on) for name, values in found.items()}
    if known.sum() > 1:
        ranked = _ranked(adjusted.share[known], adjusted.size[known], top)
        compared |= {name: _placed(values, known) for name, values in ranked.items()}
    if by_agent:
        return compared, [np.empty(0)] * len(LINES)
    sizes = np.geomspace(n.min() / 1.5, n.max() * 1.2, _LINE_POINTS).round(1)
    limits = funnel_limits(share, sizes, deff=work.deff(sizes), tau2=judged.tau2)
    chance = funnel_limits(share, sizes, deff=work.deff(sizes))
    return compared, [sizes, chance.inner_lower, chance.inner_upper, *limits]


def _ranked(share: Floats, size: Floats, top: int) -> dict[str, Floats]:
    """Shares drawn to each other, and the places they could have."""
    posterior = beta_binomial(share * size, size)
    smooth = (share * size + 0.5) / (size + 1.0)
    top = max(1, min(top, share.size // 2))
    ranks = rank_sets(share, np.sqrt(smooth * (1 - smooth) / size), top=top)
    return {
        "shrunk": posterior.estimate,
        "shrunk_lower": posterior.lower,
        "shrunk_upper": posterior.upper,
        "rank_lower": ranks.simultaneous_lower.astype(float),
        "rank_upper": ranks.simultaneous_upper.astype(float),
        "ranked": np.full(share.size, float(share.size)),
        "top": np.full(share.size, float(top)),
        "could_be_top": np.asarray(ranks.top, dtype=float),
    }


def _of_agents(work: Work, pool: Bools, members: Bools, share: float, deff: Floats) -> _Adjusted:
    """By indirect standardisation: what each had in time beyond what all would have had on that work."""
    rows = pool[work.sample.group]
    load = observed_and_expected(work.sample.group[rows], work.strata.cell[rows], work.hit[rows])
    within = members[: load.observed.size]
    observed, expected, variance = (part[within] for part in load)
    n = work.n[members]
    ratio = standardise_indirect(observed, expected, deff=deff)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(variance > 0, share * (1 - share) * n**2 / (deff * variance), 0.0)
    adjusted = np.clip(share + (observed - expected) / n, 0.0, 1.0)
    limits = wilson(adjusted * size, size)
    told = {"ratio": ratio.estimate, "ratio_lower": ratio.lower, "ratio_upper": ratio.upper}
    told |= {"adjusted": adjusted, "adjusted_lower": limits.lower, "adjusted_upper": limits.upper}
    return _Adjusted(adjusted, size, told)


def _of_brands(work: Work, pool: Bools, members: Bools, share: float, deff: Floats) -> _Adjusted:
    """By direct standardisation to the mix of the whole pool."""
    shape = (work.n.size, work.strata.n_cells)
    place = work.sample.group * shape[1] + work.strata.cell
    counts = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    hits = np.bincount(place[work.hit], minlength=counts.size).reshape(shape)
    direct = standardise_direct(hits[members], counts[members], counts[pool].sum(axis=0), deff=deff)
    told = {"adjusted": direct.estimate, "adjusted_lower": direct.lower, "adjusted_upper": direct.upper}
    size = np.where(direct.coverage >= _MIN_COVERAGE, direct.size, 0.0)
    return _Adjusted(direct.estimate, size, told | {"coverage": direct.coverage})


def _placed(values: Floats, where: Bools) -> Floats:
    whole = np.full(where.size, np.nan)
    whole[where] = values
    return whole
