"""What changed from one month to another, how sure that is, and whether others wrote or service did."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchkit.catalogue import find_metrics, headline
from benchkit.comparisons.in_time import in_time
from benchkit.comparisons.strata import strata
from benchkit.errors import BenchkitError
from benchkit.metrics import Metric, Share
from benchkit.periods import parse_month
from benchkit.series import group_columns
from benchkit.stats.decompose import kitagawa
from benchkit.stats.shares import difference
from benchkit.waits import Waits

_MIN_WAITS_PER_CELL = 10
_FINAL, _TOLD = ("final", "revised"), ("final", "revised", "provisional")
_SCHEMA = {
    "metric": pl.String,
    "before": pl.String,
    "estimate": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "mix": pl.Float64,
    "rate": pl.Float64,
    "status": pl.String,
    "method": pl.String,
}


def changes(waits: Waits, estimates: pl.DataFrame, *, month: str) -> pl.DataFrame:
    """How the figures that matter most changed from the month before, and from a year before.

    >>> from benchkit import find_waits, measure_months, synthesize
    >>> waits = find_waits(synthesize(messages=50_000))
    >>> months = measure_months(waits, month="2026-10", metrics=["answered_within_24h"])
    >>> changes(waits, months, month="2026-10")["before"].to_list()
    ['2026-09', '2025-10']

    `estimates` is what `measure_months` gives for these waits without `by`. A row for each
    figure and earlier month that both have a value: `metric`, `before` (that month),
    `estimate` (this month's less that one's, in the metric's unit), `lower`, `upper`, `mix`
    and `rate` (what of a share's change comes of what was written when, and what of how it
    was answered; null where a month can still change), `status` and `method`. The interval
    is made from both months' own (Zou and Donner 2008), mix and rate by Kitagawa 1955.
    """
    if group_columns(estimates) != ["month"]:
        raise BenchkitError("changes are told of one group; pass what measure_months gives without by")
    last = parse_month(month)
    ago = {label: last.number - parse_month(label).number for label in estimates["month"].unique()}
    told = estimates.filter(pl.col("status").is_in(_TOLD), pl.col("estimate").is_not_null())
    now = {row["metric"]: row for row in told.filter(month=last.label).to_dicts()}
    ruled = waits.ruled(last.label)
    rows = []
    for metric in find_metrics(headline(now)):
        for before in sorted((label for label in ago if ago[label] in (1, 12)), key=ago.__getitem__):
            alike = {"metric": metric.name, "definition": now[metric.name]["definition"]}
            found = told.filter(month=before, **alike).to_dicts()
            if found and metric.unit != "count":
                rows.append(_change(ruled, metric, now[metric.name], found[0]))
    return pl.DataFrame(rows, schema=_SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def _change(waits: Waits, metric: Metric, now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    limits = [row[name] for row in (now, before) for name in ("estimate", "lower", "upper")]
    change = difference(*(np.nan if limit is None else limit for limit in limits))
    is_final = now["status"] in _FINAL and before["status"] in _FINAL
    mix, rate, cells = None, None, ""
    if is_final and isinstance(metric.computes, Share) and metric.computes.within_seconds is not None:
        mix, rate, cells = _mix_and_rate(waits, metric, now["month"], before["month"])
    return {
        "metric": metric.name,
        "before": before["month"],
        "estimate": float(change.estimate),
        "lower": float(change.lower),
        "upper": float(change.upper),
        "mix": mix,
        "rate": rate,
        "status": "final" if is_final else "provisional",
        "method": "from both months' intervals" + (f"; mix of {cells}" if cells else ""),
    }


def _mix_and_rate(waits: Waits, metric: Metric, month: str, before: str) -> tuple[float, float, str]:
    """What of a change is of the mix of channels and times, what of the service, and by which cells."""
    asked, is_now = in_time(waits, metric), waits.in_month(month)
    rows = (
        asked.counted(waits)
        .filter(is_now | waits.in_month(before))
        .select(
            waits.local.alias("local"),
            pl.col("channel").alias("of_channel"),
            is_now.alias("now"),
            asked.hit(waits).alias("hit"),
        )
        .collect()
    )
    cells, now, hit = strata(rows, least=_MIN_WAITS_PER_CELL), rows["now"].to_numpy(), rows["hit"].to_numpy()
    weights, shares = [], []
    for of_month in (~now, now):
        n = np.bincount(cells.cell[of_month], minlength=cells.n_cells)
        hits = np.bincount(cells.cell[of_month & hit], minlength=cells.n_cells)
        weights.append(n / n.sum())
        shares.append(np.divide(hits, n, out=np.full(n.size, np.nan), where=n > 0))
    split = kitagawa(*weights, *shares)
    return float(split.mix), float(split.rate), cells.words
