"""Months: what a wait belongs to, in its brand's time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from benchkit.errors import BenchkitError, show

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Period:
    """A stretch of local time, from `start` up to but not including `end`."""

    label: str
    start: datetime
    end: datetime

    @property
    def number(self) -> int:
        """Months counted from the year 0, so that those of two periods can be subtracted."""
        return 12 * self.start.year + self.start.month


def parse_month(month: str) -> Period:
    """Read a month written as 2026-10.

    >>> parse_month("2026-02").end
    datetime.datetime(2026, 3, 1, 0, 0)
    """
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", str(month).strip(), re.ASCII)
    if match is None or not "1000" <= match[1] < "9999":
        raise BenchkitError(f"{show(month)} is not a month; write year and month as 2026-10")
    year, number = int(match[1]), int(match[2])
    start = datetime(year, number, 1)  # noqa: DTZ001 (local time)
    end = datetime(year + number // 12, number % 12 + 1, 1)  # noqa: DTZ001
    return Period(match[0], start, end)


def no_such_month(month: str, months: Sequence[str], name: str) -> BenchkitError:
    """The error for a month without data, which names those there are."""
    listed = ", ".join(months[-12:])
    earlier = f" and {len(months) - 12:,} earlier ones from {months[0]}" if len(months) > 12 else ""
    return BenchkitError(f"no waits in {month} in {show(name)}; the months there are: {listed}{earlier}")


def local_time(column: str, time_zones: Mapping[str, str]) -> pl.Expr:
    """A UTC time as the brand's clock shows it; UTC where the brand has no zone."""
    local = pl.col(column).dt.replace_time_zone(None)
    for zone in sorted(set(time_zones.values())):
        brands = [brand for brand, its_zone in time_zones.items() if its_zone == zone]
        shifted = pl.col(column).dt.convert_time_zone(zone).dt.replace_time_zone(None)
        local = pl.when(pl.col("brand").cast(pl.String).is_in(brands)).then(shifted).otherwise(local)
    return local


def in_month(month: str, local: pl.Expr) -> pl.Expr:
    """Whether a local time is in a month, written as 2026-10; every one is without a month."""
    if not month:
        return pl.lit(True)
    period = parse_month(month)
    return (local >= period.start) & (local < period.end)
