"""Who is there when customers write: by their calendars, or by when they usually reply."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from benchkit.calendars import Calendar
from benchkit.measurement import HISTORY_WEEKS
from benchkit.periods import WEEK, local_time, parse_month
from benchkit.stats.arrays import Ints
from benchkit.waits import Waits

USUAL_PART_OF_WEEKS = 0.1
"""An hour of the week is usually staffed if replies are sent in it in more of the weeks than this."""

MIN_REPLIES = 3 * 168
"""From fewer replies, three for each hour of the week, an hour without any may be chance."""

CELL = ["weekday", "hour"]
CELLS = pl.DataFrame({"weekday": range(1, 8)}).join(pl.DataFrame({"hour": range(24)}), how="cross")
"""The 168 hours of the week, from Monday's first."""

_HOUR = timedelta(hours=1)


class _Duty(NamedTuple):
    """Waits, by row number, that the same calendars serve, and the time zone in which they began."""

    calendars: tuple[Calendar, ...]
    time_zone: str
    rows: Ints


def window(waits: Waits, month: str) -> pl.DataFrame:
    """The waits that count of the 13 weeks which end with a month: a row each, with its `CELL` and `week`.

    `week` counts back from the end; `is_answered` is whether it was, and not too late to count.
    """
    end = parse_month(month).end
    began = local_time("started_at", waits.time_zones)
    return (
        waits.frame.filter(waits.is_counted, _in_weeks(waits.local, end))
        .with_columns(
            *_hour_of_week(began),
            _week(waits.local, end).alias("week"),
            pl.col("brand").alias("of_brand"),
            ((pl.col("outcome") == "replied") & ~waits.is_late).alias("is_answered"),
        )
        .collect()
    )


def replies(waits: Waits, month: str) -> pl.DataFrame:
    """What people sent in the same weeks: a row each, with its brand, `CELL` and `week`."""
    sent, end = local_time("sent_at", waits.time_zones), parse_month(month).end
    by_people = waits.volumes.filter(pl.col("kind") == "agent", _in_weeks(sent, end))
    return by_people.select("brand", *_hour_of_week(sent), _week(sent, end).alias("week")).collect()


def is_staffed(waits: Waits, began: pl.DataFrame, month: str) -> pl.Series:
    """Of each wait of a window, whether its brand's people usually reply in the hour in which it began.

    Null for brands with fewer than `MIN_REPLIES`.
    """
    sent, usual = replies(waits, month), USUAL_PART_OF_WEEKS * began["week"].n_unique()
    known = sent.group_by("brand").len().filter(pl.col("len") >= MIN_REPLIES).select("brand")
    staffed = sent.group_by("brand", *CELL).agg((pl.col("week").n_unique() > usual).alias("staffed"))
    cells = known.join(CELLS, how="cross").join(staffed, on=["brand", *CELL], how="left")
    cells = cells.with_columns(pl.col("staffed").fill_null(False))
    return began.join(cells, on=["brand", *CELL], how="left", maintain_order="left")["staffed"]


def is_open(waits: Waits, began: pl.DataFrame) -> pl.Series:
    """Of each wait of a window, whether somebody was open when it began; null where no hours are known."""
    schema = {"row": pl.UInt32, "open": pl.Int8}
    told = [pl.DataFrame(schema=schema)]
    for duty in _duties(waits, began):
        at = began["started_at"][duty.rows]
        ever = pl.max_horizontal(calendar.is_open(at).cast(pl.Int8) for calendar in duty.calendars)
        told.append(pl.select(pl.Series("row", duty.rows, pl.UInt32), ever.alias("open")))
    rows = began.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    known = rows.join(pl.concat(told), on="row", how="left", maintain_order="left")
    return known["open"].cast(pl.Boolean)


def usual_hours(waits: Waits, began: pl.DataFrame, month: str) -> list[float | None]:
    """What part of each of `CELLS` is open: the median of the weeks, so that no holiday counts.

    Of several calendars each counts as much as it has waits in the window; None where none is known.
    """
    end = parse_month(month).end
    local = pl.datetime_range(
        end - HISTORY_WEEKS * WEEK, end, _HOUR, closed="left", time_unit="us", eager=True
    )
    total, weight = np.zeros(CELLS.height), np.zeros(CELLS.height)
    for duty in _duties(waits, began):
        zoned = local.dt.replace_time_zone(duty.time_zone, ambiguous="earliest", non_existent="null")
        begins = zoned.dt.convert_time_zone("UTC")
        longest = pl.max_horizontal(calendar.elapsed(begins, begins + _HOUR) for calendar in duty.calendars)
        hours = pl.DataFrame({"local": local}).select(*_hour_of_week(pl.col("local")), longest.alias("open"))
        usual = hours.group_by(CELL).agg(pl.col("open").median() / _HOUR.total_seconds()).sort(CELL)["open"]
        total += usual.fill_null(0.0).to_numpy() * duty.rows.size
        weight += usual.is_not_null().to_numpy() * duty.rows.size
    return [part / known if known else None for part, known in zip(total, weight, strict=True)]


def _duties(waits: Waits, began: pl.DataFrame) -> list[_Duty]:
    """Whose hours are known: by brand, by channel, or of agents, any who wrote for the brand."""
    known = waits.calendars
    if known is None:
        return []
    agents: dict[str, list[str]] = {}
    for brand, agent in waits.speakers() if known.by == "agent" else ():
        agents.setdefault(brand, []).extend([agent] if agent else [])
    found: dict[tuple[tuple[Calendar, ...], str], list[Ints]] = {}
    places = began.with_row_index("row").group_by(
        pl.col("brand", "channel").cast(pl.String), maintain_order=True
    )
    for (brand, channel), rows in places:
        names = {"brand": [brand], "channel": [channel], "agent": agents.get(str(brand)) or [""]}[known.by]
        theirs = dict.fromkeys(known.of.get(str(name), known.default) for name in names)
        calendars = tuple(calendar for calendar in theirs if calendar is not None)
        if calendars:
            zone = waits.time_zones.get(str(brand), "UTC")
            found.setdefault((calendars, zone), []).append(rows["row"].to_numpy())
    return [_Duty(*key, np.concatenate(rows)) for key, rows in found.items()]


def _in_weeks(local: pl.Expr, end: datetime) -> pl.Expr:
    return (local >= end - HISTORY_WEEKS * WEEK) & (local < end)


def _week(local: pl.Expr, end: datetime) -> pl.Expr:
    return ((pl.lit(end) - local).dt.total_microseconds() - 1) // (WEEK // timedelta(microseconds=1))


def _hour_of_week(local: pl.Expr) -> list[pl.Expr]:
    weekday, hour = local.dt.weekday(), local.dt.hour()
    return [weekday.cast(pl.Int64).alias("weekday"), hour.cast(pl.Int64).alias("hour")]
