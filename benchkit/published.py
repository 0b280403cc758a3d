"""Published figures, each with its source."""

from __future__ import annotations

import polars as pl

from benchkit.errors import BenchkitError
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
    if not 0 < minutes < 1_440:
        raise BenchkitError(
            f"minutes is {minutes}; what is meant by minutes is above 0 and below a day's 1,440"
        )
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


def industry_figures() -> pl.DataFrame:
    """What was published of how industries answer, and what sets it apart from a share of waits.

    >>> industry_figures().filter(unlike="").select("industry", "year", "value", "seconds").rows()
    [('All', 2015, 0.125, 259200)]

    A row for each figure: `publisher`, `year`, `industry` (the publisher's), `metric`,
    `statistic`, `value`, `unit`, `seconds` (within what time; null where it is not stated),
    `unlike` (why it may not stand beside the share of all waits answered within that time,
    in words; empty where it may) and `source`. Source: `data/published/industry_response.csv`.
    """
    published = pl.read_csv(shipped("published", "industry_response.csv"))
    hours = pl.col("horizon").str.extract(r"^(\d+) hours$").cast(pl.Int64)
    apart = {
        "whether closed hours count is not stated": pl.col("clock") == "not stated",
        "it is a mean over brands, not a share of messages": pl.col("statistic") == "mean over brands",
        "within what time is not stated": (pl.col("metric") == "response_rate") & hours.is_null(),
        "of which messages is not stated": pl.col("denominator").str.starts_with("not stated"),
        "it is of help-desk tickets": pl.col("population").str.contains("tickets"),
    }
    reasons = [pl.when(applies).then(pl.lit(reason)) for reason, applies in apart.items()]
    return published.select(
        *("publisher", "year", "industry", "metric", "statistic", "value", "unit"),
        (hours * 3_600).alias("seconds"),
        pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias("unlike"),
        pl.concat_str("citation", "status", separator=", ").alias("source"),
    ).sort("year", "industry", "metric", descending=[True, False, False], maintain_order=True)
