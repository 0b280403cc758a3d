"""Published figures beside one's own, where they mean the same."""

from __future__ import annotations

import polars as pl

from benchkit.measurement import MIN_WAITS, measure
from benchkit.metrics import answered_within
from benchkit.published import industry_figures
from benchkit.waits import Waits


def beside_published(waits: Waits, *, month: str, min_waits: int = MIN_WAITS) -> pl.DataFrame:
    """What was published of how industries answer, and one's own figure where both mean the same.

    >>> from benchkit import find_waits, synthesize
    >>> found = beside_published(find_waits(synthesize(messages=10_000)), month="2026-10")
    >>> found.filter(pl.col("estimate").is_not_null()).select("publisher", "year", "industry").rows()
    [('Sprout Social', 2015, 'All')]

    `published.industry_figures`, and beside those of all industries that are not `unlike`
    ours the `estimate`, `lower`, `upper`, `n` and `status` of the share of the month's waits
    that were answered within the same time.
    """
    published = industry_figures()
    is_alike = (pl.col("unlike") == "") & (pl.col("industry") == "All")
    times = published.filter(is_alike)["seconds"].unique().sort().to_list()
    metrics = {seconds: answered_within(minutes=seconds / 60) for seconds in times}
    ours = measure(waits, month=month, metrics=list(metrics.values()), min_waits=min_waits).select(
        pl.Series("seconds", times, pl.Int64), "estimate", "lower", "upper", "n", "status"
    )
    beside = published.filter(is_alike).join(ours, on="seconds", how="left", maintain_order="left")
    return pl.concat([beside, published.filter(~is_alike)], how="diagonal")
