"""Published figures, each with its source."""

from __future__ import annotations

import polars as pl

from benchkit.resources import shipped

MINUTES = 5
"""What `within minutes` is taken to be where the survey did not say how many."""

_YEARS = (2020, 2022)


def expectations(*, minutes: float = MINUTES) -> pl.DataFrame:
    """What share of customers expects an answer by when, by the survey's years.

    >>> expectations().select("year", "threshold", "share").rows()[:2]
    [(2020, '1 h', 0.4), (2020, '24 h', 0.79)]

    A row for each point: `year`, `threshold`, `seconds`, `share`, `source`. The survey of
    2022 said "within minutes" and never how many: `minutes` is what that is taken to be.
    Source: Sprout Social Index 2020 and 2022 (`data/published/expectations.csv`, which has
    what others asked, too).
    """
    published = pl.read_csv(shipped("published", "expectations.csv"))
    is_unstated = pl.col("threshold_seconds").is_null()
    hours = (pl.col("threshold_seconds") // 3_600).cast(pl.String) + " h"
    return (
        published.filter((pl.col("publisher") == "Sprout Social") & pl.col("year").is_in(_YEARS))
        .with_columns(pl.col("threshold_seconds").fill_null(round(60 * minutes)).alias("seconds"))
        .select(
            "year",
            pl.when(is_unstated)
            .then(pl.lit(f"minutes (taken as {minutes:g})"))
            .otherwise(hours)
            .alias("threshold"),
            "seconds",
            "share",
            pl.concat_str("edition", pl.lit(", "), "status").alias("source"),
        )
        .sort("year", "seconds")
    )
