"""Brands or agents side by side, as fairly as their work and their few waits allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtr

from benchkit.comparisons.in_time import InTime, in_time
from benchkit.comparisons.strata import Strata, strata
from benchkit.estimates import MIN_EFFECTIVE_WEEKS, MIN_WEEKS
from benchkit.measurement import HISTORY_WEEKS, MIN_WAITS, measure
from benchkit.metrics import Metric
from benchkit.periods import WEEK, parse_month
from benchkit.sample import REPLIED, Sample
from benchkit.stats.arrays import Bools, Floats
from benchkit.stats.design import design_effect, intraclass_correlation
from benchkit.stats.funnel import funnel, funnel_limits
from benchkit.stats.multiplicity import false_discovery
from benchkit.stats.ranks import rank_sets
from benchkit.stats.shares import weekly_error
from benchkit.stats.shrinkage import beta_binomial
from benchkit.stats.standardise import observed_and_expected, standardise_direct, standardise_indirect
from benchkit.study import Study, study
from benchkit.waits import Waits

TOP = 5
_LINE_POINTS = 80
_MIN_WAITS_OF_EACH, _MIN_WAITS_OF_ALL = 3, 20
"""In the usual cell: of each unit where each has its own rate there, of all where one rate serves all."""
_FIGURES = {
    **dict.fromkeys(("ratio", "ratio_lower", "ratio_upper"), pl.Float64),
    **dict.fromkeys(("adjusted", "adjusted_lower", "adjusted_upper", "coverage"), pl.Float64),
    **dict.fromkeys(("shrunk", "shrunk_lower", "shrunk_upper", "target"), pl.Float64),
    **dict.fromkeys(("inner_lower", "inner_upper", "outer_lower", "outer_upper"), pl.Float64),
    **dict.fromkeys(("z", "chance_z", "p_adjusted"), pl.Float64),
    **dict.fromkeys(("outside", "rank_lower", "rank_upper", "ranked", "top"), pl.Int64),
    "could_be_top": pl.Boolean,
}
_LINES = {
    "within": pl.String,
    **dict.fromkeys(("n", "chance_lower", "chance_upper"), pl.Float64),
    **dict.fromkeys(("inner_lower", "inner_upper", "outer_lower", "outer_upper"), pl.Float64),
}


class Comparison(NamedTuple):
    """A row per unit, and for each set of peers the lines of its funnel."""

    units: pl.DataFrame
    lines: pl.DataFrame


def compare(
    waits: Waits,
    *,
    month: str,
    by: str = "brand",
    within: str = "",
    metric: str | Metric = "",
    only: str = "",
    top: int = TOP,
    min_waits: int = MIN_WAITS,
) -> Comparison:
    """Set brands or agents side by side: what chance, case mix and small numbers leave of a difference.

    >>> from benchkit import find_waits, synthesize
    >>> waits = find_waits(synthesize(messages=50_000))
    >>> units, lines = compare(waits, month="2026-10", within="industry")
    >>> units.filter(pl.col("outside") == 2).get_column("brand").to_list()
    []

    `units` has what `measure` gives for `metric`, a share (by default that answered within
    24 h, of an agent's replies that within 1 h), and beside it, for all in one `within`:

    - `ratio` (of agents): in time over what all in the set would have had in time on the
      same work, with exact Poisson limits; null for brands, whose work differs.
    - `adjusted`: the share on the same mix of channels and times (of brands, by direct
      standardisation to their set's mix, of which `coverage` is covered; of agents, the
      ratio times the set's share). `adjusted_for` says by which cells.
    - `shrunk`: `adjusted`, drawn to the set's as far as so few waits deserve.
    - `target` (the set's share, one's own brand left out), `inner_…` and `outer_…` limits at
      the unit's size, which allow for how much units differ anyway, and where it stands:
      `outside` is -2 below the outer limits, -1 below the inner ones, 0, 1, 2 above. `z` goes
      with that, `chance_z` allows for chance alone, and `p_adjusted` is the p of that,
      adjusted for how many units are looked at (Benjamini and Hochberg 1995).
    - `rank_lower`, `rank_upper` of the `ranked` (1 the largest `adjusted`), and whether it
      `could_be_top`: be among the `top` ones, at most half of them; all of them at once.

    All of them with 95% limits, widened as far as waits of one week go well or badly
    together. Waits not watched for long enough are left out. `lines` has the funnel's limits
    by `within` and `n`. `only` keeps one unit's row of all that were compared.

    Raises `BenchkitError` for what cannot be compared.
    Source: see `benchkit.stats`.
    """
    share = in_time(waits, metric, hours=1 if by == "agent" else 24, by_agent=by == "agent")
    keys = [by, within] if within else [by]
    measured = measure(waits, month=month, by=keys, metrics=share.metric, min_waits=min_waits)
    asked = study(waits, month=month, by=keys, history_weeks=HISTORY_WEEKS)
    work = _work(asked, share, month)
    sets = measured[within].fill_null("not stated") if within else pl.repeat("", measured.height, eager=True)
    shown = (work.n >= max(min_waits, 1)) & ~asked.too_few_brands
    own = waits.peers.own if waits.peers and by == "brand" else ""
    others = (measured[by].fill_null("") != own).to_numpy()
    columns: dict[str, Floats] = {name: np.full(work.n.size, np.nan) for name in _FIGURES}
    lines = [pl.DataFrame(schema=_LINES)]
    for name in sets.unique(maintain_order=True):
        pool = (sets == name).to_numpy()
        if (pool & shown).sum() < 2:
            continue
        compared, line = _side_by_side(work, pool, shown, others, top=top, by_agent=asked.by_agent)
        for column, values in compared.items():
            columns[column][pool & shown] = values
        lines.append(line.select(pl.lit(name).alias("within"), pl.all()))
    columns["p_adjusted"] = false_discovery(2 * ndtr(-np.abs(columns["chance_z"])))
    units = measured.with_columns(
        *(
            pl.Series(column, values).fill_nan(None).cast(_FIGURES[column])
            for column, values in columns.items()
        ),
        pl.lit(work.strata.words).alias("adjusted_for"),
    )
    kept = pl.lit(True) if not only else (pl.col(by) == only).fill_null(False)
    return Comparison(units.filter(kept), pl.concat(lines))


class _Work(NamedTuple):
    """The waits of the month that are compared, and of each unit its successes, totals and design effect."""

    sample: Sample
    hit: Bools
    strata: Strata
    y: Floats
    n: Floats
    correlation: float
    weeks: float

    def deff(self, n: Floats) -> Floats:
        return design_effect(self.correlation, n / self.weeks)


def _work(asked: Study, share: InTime, month: str) -> _Work:
    everyone = asked.sample
    kept = everyone.watched_seconds >= share.watched_seconds
    if share.of_replied:
        kept &= everyone.outcome == REPLIED
    sample = everyone.where(kept)
    hit = (sample.outcome == REPLIED) & (sample.seconds <= share.seconds)
    n_weeks = (parse_month(month).end - parse_month(month).start) / WEEK
    y, n = sample.where(hit).month.counts.astype(float), sample.month.counts.astype(float)
    when = asked.when_and_where.filter(pl.Series(kept)).filter(pl.Series(sample.in_month))
    least = _MIN_WAITS_OF_ALL if asked.by_agent else _MIN_WAITS_OF_EACH * int((n > 0).sum())
    return _Work(
        sample=sample.month,
        hit=hit[sample.in_month],
        strata=strata(when, least=least),
        y=y,
        n=n,
        correlation=_correlation(sample, hit, y, n, n_weeks),
        weeks=n_weeks,
    )


def _correlation(sample: Sample, hit: Bools, y: Floats, n: Floats, n_weeks: float) -> float:
    """How alike the waits of a unit's week are, from all units with enough weeks."""
    weekly = weekly_error(sample.where(hit).weekly_counts, sample.weekly_counts, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = y / n
        deff = weekly.se**2 / (share * (1 - share) / n)
    usable = (weekly.weeks >= MIN_WEEKS) & (weekly.effective >= MIN_EFFECTIVE_WEEKS) & np.isfinite(deff)
    return intraclass_correlation(deff[usable], n[usable] / n_weeks)


def _side_by_side(
    work: _Work, pool: Bools, shown: Bools, others: Bools, *, top: int, by_agent: bool
) -> tuple[dict[str, Floats], pl.DataFrame]:
    """The units `shown` of a `pool`, held against the `others`: every figure, and the funnel's lines."""
    members, told = pool & shown, pool & others
    y, n = work.y[members], work.n[members]
    deff, share = work.deff(n), work.y[told].sum() / work.n[told].sum()
    compared = _adjusted(work, pool, members, share, deff, by_agent=by_agent)
    adjusted, size = np.clip(compared["adjusted"], 0.0, 1.0), n / deff
    posterior = beta_binomial(adjusted * size, size)
    compared |= {
        "shrunk": posterior.estimate,
        "shrunk_lower": posterior.lower,
        "shrunk_upper": posterior.upper,
    }
    successes = adjusted * n if by_agent else y
    judged = funnel(successes, n, deff=deff, target=share, reference=others[members])
    for name in ("inner_lower", "inner_upper", "outer_lower", "outer_upper", "outside"):
        compared[name] = np.asarray(getattr(judged, name), dtype=float)
    compared |= {"z": judged.adjusted_z, "chance_z": judged.z}
    compared["target"] = np.full(n.size, share)
    smooth = (adjusted * size + 0.5) / (size + 1.0)
    top = max(1, min(top, n.size // 2))
    ranks = rank_sets(compared["adjusted"], np.sqrt(smooth * (1 - smooth) / size), top=top)
    compared |= {
        "rank_lower": ranks.simultaneous_lower.astype(float),
        "rank_upper": ranks.simultaneous_upper.astype(float),
        "ranked": np.full(n.size, float(n.size)),
        "top": np.full(n.size, float(top)),
        "could_be_top": np.asarray(ranks.top, dtype=float),
    }
    sizes = np.geomspace(n.min() / 1.5, n.max() * 1.2, _LINE_POINTS).round(1)
    limits = funnel_limits(share, sizes, deff=work.deff(sizes), tau2=judged.tau2)
    chance = funnel_limits(share, sizes, deff=work.deff(sizes))
    drawn = [sizes, chance.inner_lower, chance.inner_upper, *limits]
    return compared, pl.DataFrame(drawn, schema=list(_LINES)[1:])


def _adjusted(
    work: _Work, pool: Bools, members: Bools, share: float, deff: Floats, *, by_agent: bool
) -> dict[str, Floats]:
    """What each unit's share would be on the work of all: of agents by O/E, of brands on one mix."""
    group, cell = work.sample.group, work.strata.cell
    if by_agent:
        rows = pool[group]
        load = observed_and_expected(group[rows], cell[rows], work.hit[rows])
        found = standardise_indirect(work.y[members], load.expected[members[: load.expected.size]], deff=deff)
        ratio = {"ratio": found.estimate, "ratio_lower": found.lower, "ratio_upper": found.upper}
        return ratio | {name.replace("ratio", "adjusted"): value * share for name, value in ratio.items()}
    shape = (work.n.size, work.strata.n_cells)
    place = group * shape[1] + cell
    counts = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    hits = np.bincount(place[work.hit], minlength=counts.size).reshape(shape)
    direct = standardise_direct(hits[members], counts[members], counts[pool].sum(axis=0), deff=deff)
    return {
        "adjusted": direct.estimate,
        "adjusted_lower": direct.lower,
        "adjusted_upper": direct.upper,
        "coverage": direct.coverage,
    }
