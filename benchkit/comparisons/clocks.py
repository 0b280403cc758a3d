"""The same waits by the calendar and in opening hours."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from benchkit.catalogue import CATALOGUE
from benchkit.measurement import MIN_WAITS, measure
from benchkit.schema import ESTIMATES
from benchkit.waits import Waits


def both_clocks(waits: Waits, *, month: str, min_waits: int = MIN_WAITS) -> pl.DataFrame:
    """Measure each time, and its twin in opening hours, of the waits whose opening hours are known.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A90", hours="00:00-01:00"))
    >>> found = both_clocks(waits, month="2026-03", min_waits=0)
    >>> found.filter(metric="reply_business_seconds_mean")["estimate"].item()
    3600.0

    As `measure`, by the calendar whatever the clock of the definition; `reply_time_in_opening_hours`
    is among its rows. Empty where of no wait of the month opening hours are known.
    """
    ruled = waits.ruled(month)
    metrics = [
        metric
        for metric in CATALOGUE
        if metric.in_opening_hours or any(twin.is_twin_of(metric) for twin in CATALOGUE)
    ]
    if not ruled.has_opening_hours:
        return pl.DataFrame(schema=ESTIMATES)
    known = ruled.frame.filter(pl.col("in_opening_hours").fill_null(False))
    if known.filter(ruled.in_month(month)).limit(1).collect().is_empty():
        return pl.DataFrame(schema=ESTIMATES)
    same = replace(ruled.by_calendar(), frame=known, before=None)
    return measure(same, month=month, metrics=metrics, min_waits=min_waits)
