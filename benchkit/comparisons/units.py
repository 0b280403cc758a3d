"""Brands or agents side by side, as fairly as their work and their few waits allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtr

from benchkit.comparisons.in_time import in_time
from benchkit.comparisons.work import LINES, side_by_side, work_of
from benchkit.measurement import HISTORY_WEEKS, MIN_WAITS, measure
from benchkit.metrics import Metric
from benchkit.stats.multiplicity import false_discovery
from benchkit.study import study
from benchkit.waits import MIN_COLLEAGUES, Waits

TOP = 5
_FIGURES = {
    **dict.fromkeys(("ratio", "ratio_lower", "ratio_upper"), pl.Float64),
    **dict.fromkeys(("adjusted", "adjusted_lower", "adjusted_upper", "coverage"), pl.Float64),
    **dict.fromkeys(("shrunk", "shrunk_lower", "shrunk_upper", "target"), pl.Float64),
    **dict.fromkeys(("inner_lower", "inner_upper", "outer_lower", "outer_upper"), pl.Float64),
    **dict.fromkeys(("z", "chance_z", "p_adjusted"), pl.Float64),
    **dict.fromkeys(("outside", "rank_lower", "rank_upper", "ranked", "top"), pl.Int64),
    "could_be_top": pl.Boolean,
}
_LINES = {"within": pl.String, **dict.fromkeys(LINES, pl.Float64)}


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
      set's share and what they had in time beyond the expected). Null for brands that cover
      less than 0.8 of the mix, and agents who had their work to themselves, as is whatever
      is made of it: `shrunk`, drawn to the set's as far as so few waits deserve, and
      `rank_lower`, `rank_upper` of the `ranked` (1 the largest `adjusted`), and whether it
      `could_be_top`: be among the `top` ones, at most half of them; all of them at once.
      `adjusted_for` says by which cells.
    - `target` (the set's share, one's own brand left out), `inner_…` and `outer_…` limits at
      the unit's size, which allow for how much units differ anyway, and where it stands:
      `outside` is -2 below the outer limits, -1 below the inner ones, 0, 1, 2 above. `z` goes
      with that, `chance_z` allows for chance alone, and `p_adjusted` is the p of that,
      adjusted for how many units are looked at (Benjamini and Hochberg 1995). Brands stand
      with their shares as they are, agents with what is `adjusted`.

    All of them with 95% limits, widened as far as waits of one week go well or badly
    together, by one likeness for all units. Waits not watched for long enough are left out.
    `lines` has the funnel's limits by `within` and `n`, for brands. `only` keeps one unit's
    row of all that were compared, if it is not of so few that it tells of the others.

    Raises `BenchkitError` for what cannot be compared.
    Source: see `benchkit.stats`.
    """
    share = in_time(waits, metric, hours=1 if by == "agent" else 24, by_agent=by == "agent")
    keys = [by, within] if within else [by]
    measured = measure(waits, month=month, by=keys, metrics=share.metric, min_waits=min_waits)
    asked = study(waits, month=month, by=keys, history_weeks=HISTORY_WEEKS)
    work = work_of(asked, share, month)
    sets = measured[within].fill_null("not stated") if within else pl.repeat("", measured.height, eager=True)
    shown = (work.n >= max(min_waits, 1)) & ~asked.too_few_brands()
    own = waits.peers.own if waits.peers and by == "brand" else ""
    others = (measured[by].fill_null("") != own).to_numpy()
    columns = {name: np.full(work.n.size, np.nan) for name in _FIGURES}
    lines = [pl.DataFrame(schema=_LINES)]
    for name in sets.unique(maintain_order=True):
        pool = (sets == name).to_numpy()
        if (pool & shown).sum() < (MIN_COLLEAGUES + 1 if only else 2):
            continue
        compared, line = side_by_side(work, pool, shown, others, top=top, by_agent=asked.by_agent)
        for column, values in compared.items():
            columns[column][pool & shown] = values
        drawn = pl.DataFrame(dict(zip(LINES, line, strict=True)), schema=dict.fromkeys(LINES, pl.Float64))
        lines.append(drawn.select(pl.lit(name).alias("within"), pl.all()))
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
