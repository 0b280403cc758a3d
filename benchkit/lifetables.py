"""Weekly life tables: how many of a week's waits ended in each span of time, and how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from benchkit.periods import local_time
from benchkit.schema import watched_until

UPTO_SECONDS = (900, 3_600, 4 * 3_600, 8 * 3_600, 86_400, 2 * 86_400, 604_800)
"""Where the spans end; the last one is open."""

KEYS = ("brand", "industry", "channel", "is_first", "needs_reply", "week")


def weekly_life_tables(waits: pl.LazyFrame, time_zones: Mapping[str, str], as_of: datetime) -> pl.LazyFrame:
    """Count waits by brand, industry, channel, kind, week (from Monday) and span, and by how they ended.

    A row for each of these, each `outcome` and each span of time, whose end is `upto_seconds` (null
    for the last): how many `waits` ended so in it, when the `first` of them began, by the brand's
    clock, and `watched_seconds`, for how long the last of them was watched.
    """
    local = local_time("started_at", time_zones)
    span = pl.lit(None, pl.Int64)
    for seconds in reversed(UPTO_SECONDS):
        span = pl.when(pl.col("wait_seconds") <= seconds).then(seconds).otherwise(span)
    watched = (watched_until(waits, as_of) - pl.col("started_at")).dt.total_seconds()
    cells = waits.select(
        *KEYS[:-1],
        local.dt.truncate("1w").dt.date().alias("week"),
        span.cast(pl.Int64).alias("upto_seconds"),
        local.alias("first"),
        watched.alias("watched_seconds"),
        "outcome",
    )
    names = [pl.col(name).cast(pl.String) for name in KEYS[:3]]
    return (
        cells.group_by(*KEYS, "outcome", "upto_seconds")
        .agg(
            pl.len().cast(pl.Int64).alias("waits"),
            pl.col("first").min(),
            pl.col("watched_seconds").min(),
        )
        .sort(*names, *KEYS[3:], "outcome", "upto_seconds")
    )
