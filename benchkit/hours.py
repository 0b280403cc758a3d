"""How much of each wait was in opening hours, by the calendars there are and the definition's rule."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchkit.calendars import Calendars
from benchkit.definitions.definition import Definition
from benchkit.schema import WAITS, watched_until

COLUMNS = ("business_seconds", "business_watched_seconds", "business_queue_seconds", "in_opening_hours")
_TYPES = {name: WAITS.all_columns[name] for name in COLUMNS}


def with_opening_hours(
    waits: pl.LazyFrame, calendars: Calendars | None, definition: Definition, as_of: datetime
) -> pl.LazyFrame:
    """Say of each wait what of it was in opening hours; null where there are none to say it by.

    `business_seconds` is what passed in opening hours until the end, or until the extract was
    taken, `business_watched_seconds` until that in any case, and `business_queue_seconds` until
    the assignment; `in_opening_hours` is whether the wait is in figures of opening hours.
    """
    if calendars is None:
        return waits if definition.without_hours == "unknown" else waits.with_columns(_zeros())
    key = pl.col("agent_id" if calendars.by == "agent" else calendars.by).cast(pl.String)
    taken_at = watched_until(waits, as_of).alias("taken_at")
    facts = pl.struct(key.alias("key"), "started_at", "ended_at", "assigned_at", "outcome", taken_at)

    def answer(batch: pl.Series) -> pl.Series:
        return _hours(batch.struct.unnest(), calendars, definition).to_struct()

    told = facts.map_batches(answer, return_dtype=pl.Struct(_TYPES)).alias("hours")
    known = waits.with_columns(told).with_columns(pl.col("hours").struct.field(*COLUMNS)).drop("hours")
    if definition.without_hours == "unknown":
        return known
    is_unknown = pl.col("business_seconds").is_null()
    return known.with_columns(
        pl.when(is_unknown).then(zero).otherwise(name).alias(name)
        for name, zero in zip(COLUMNS, _zeros(), strict=True)
    )


def _hours(waits: pl.DataFrame, calendars: Calendars, definition: Definition) -> pl.DataFrame:
    key, started, ended, taken_at = (waits[name] for name in ("key", "started_at", "ended_at", "taken_at"))
    queued_until = pl.max_horizontal("started_at", "assigned_at")
    assigned = waits.select(pl.when(pl.col("assigned_at").is_not_null()).then(queued_until)).to_series()
    business = calendars.elapsed(key, started, ended.fill_null(taken_at))
    if definition.opening_hours == "by the start":
        counts = calendars.is_open(key, started)
    elif definition.opening_hours == "by the reply's time":
        counts = calendars.is_open(key, ended) & (waits["outcome"] == "replied")
    else:
        counts = business.is_not_null()
    return pl.DataFrame(
        {
            "business_seconds": business,
            "business_watched_seconds": calendars.elapsed(key, started, taken_at),
            "business_queue_seconds": calendars.elapsed(key, started, assigned),
            "in_opening_hours": counts.fill_null(False),
        },
        schema=_TYPES,
    )


def _zeros() -> list[pl.Expr]:
    return [pl.lit(dtype == pl.Boolean()).cast(dtype).alias(name) for name, dtype in _TYPES.items()]
