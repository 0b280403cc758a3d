"""What a pool of peers says of one's own figures, in tables and sentences; every cell is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from benchkit.catalogue import find_metrics, headline
from benchkit.html import Cell, Html, escape, note, table
from benchkit.metrics import Metric
from benchkit.words import NOTHING, change, change_span, count, figure, month_name, span

_WORDS = {"share": ("below", "above"), "seconds": ("shorter", "longer")}
_OF_CHANNELS = ("answered_within_24h", "replied_within_24h")


def beside_pool(beside: pl.DataFrame, *, month: str, own: str = "") -> Html:
    """Show one's own figures beside those of a pool, and say where they are apart.

    >>> row = {"industry": "Airlines", "channel": None, "metric": "answered_within_24h", "estimate": 0.31,
    ...        "lower": 0.28, "upper": 0.34, "n": 900, "status": "final", "method": "",
    ...        "pool_estimate": 0.4, "pool_lower": 0.38, "pool_upper": 0.42, "pool_n": 9_000,
    ...        "pool_status": "final", "pool_method": "",
    ...        "pool_month": "2026-09", "brands": 12, "difference": -0.09, "difference_lower": -0.12,
    ...        "difference_upper": -0.06, "unlike": ""}
    >>> "below" in beside_pool(pl.DataFrame([row]), month="2026-10", own="Acme").html
    True

    `beside` is what `comparisons.beside_pool` gives of the brand `own`, or of all together, in a
    `month`.
    """
    with_industry = beside["industry"].n_unique() > 1
    of_channel = pl.col("metric").is_in(_OF_CHANNELS) & (not with_industry)
    told = beside.filter(pl.col("channel").is_null() | of_channel)
    alike = told.filter(pl.col("pool_estimate").is_not_null() | pl.col("estimate").is_not_null(), unlike="")
    by_place = alike.sort(pl.col("channel").is_not_null(), maintain_order=True).to_dicts()
    rows = [_row(row, with_industry) for row in by_place if _is_shown(row, by_place)]
    header = ("Figure", own or "All together", "Pool", "Difference")
    shown = table(header, rows).html if rows else note("Nothing of the pool stands beside these figures.")
    return Html(shown + "".join(note(escape(line)) for line in _notes(beside, alike, month)))


def _is_shown(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Shares among answered waits stand in only where the others cannot be told."""
    told = {other["metric"] for other in rows}
    return not row["metric"].startswith("replied_within") or row["metric"] in headline(told)


def _row(row: Mapping[str, Any], with_industry: bool) -> Sequence[Cell]:
    metric = find_metrics(row["metric"])[0]
    place = [row["industry"]] if with_industry else []
    place += [f"on {row['channel']}"] if row["channel"] is not None else []
    return (
        (metric.label, ", ".join(place)),
        _side(row, metric, ""),
        _side(row, metric, "pool_"),
        _apart(row, metric),
    )


def _side(row: Mapping[str, Any], metric: Metric, whose: str) -> Cell:
    """A figure with its interval, or why there is none."""
    value = row[f"{whose}estimate"]
    if value is None:
        return NOTHING, row[f"{whose}method"].partition(":")[0]
    limits = span(row[f"{whose}lower"], row[f"{whose}upper"], metric.unit)
    provisional = "provisional" if row[f"{whose}status"] == "provisional" else ""
    return figure(value, metric.unit), "\n".join(part for part in (limits, provisional) if part)


def _apart(row: Mapping[str, Any], metric: Metric) -> Cell:
    lower, upper = row["difference_lower"], row["difference_upper"]
    if row["difference"] is None:
        return NOTHING
    verdict = "no evidence of a difference"
    if lower is not None and lower > 0:
        verdict = _WORDS[metric.unit][1]
    elif upper is not None and upper < 0:
        verdict = _WORDS[metric.unit][0]
    limits = change_span(lower, upper, metric.unit)
    return verdict, change(row["difference"], metric.unit) + (f", interval {limits}" if limits else "")


def _notes(beside: pl.DataFrame, alike: pl.DataFrame, month: str) -> list[str]:
    notes = []
    whole = alike.filter(pl.col("channel").is_null(), pl.col("pool_n").is_not_null())
    for (industry,), rows in whole.group_by("industry", maintain_order=True):
        n, brands, of = rows.select(pl.col("pool_n", "brands").max(), pl.col("pool_month").first()).row(0)
        told = f"Pool: {industry}, {month_name(of)}, {count(n)} waits of {count(brands)} brands or more."
        notes.append(told if of == month else f"{told} It has no {month_name(month)} of it.")
    others = alike.filter(pl.col("channel").is_not_null(), pl.col("pool_month") != month)
    for channel, of in others.select("channel", "pool_month").unique().sort("channel").rows():
        notes.append(f"On {channel} the pool is of {month_name(of)}.")
    if notes:
        notes.append(
            "Intervals are at 95%; that of a difference is made from both, as if this brand were not "
            "in the pool: if it is, they are nearer to each other than brand and others are."
        )
    for reason in beside.filter(pl.col("unlike") != "")["unlike"].unique(maintain_order=True):
        of = beside.filter(unlike=reason)
        where = of["channel"].drop_nulls().unique().sort().to_list()
        scope = "" if of["channel"].null_count() else f" ({', '.join(where)})"
        notes.append(f"Not beside the pool{scope}: {reason}")
    return notes
