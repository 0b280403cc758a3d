"""Which months waits are of, and how far each of them was seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from benchkit.dataset import About
from benchkit.definitions.definition import Definition
from benchkit.errors import BenchkitError
from benchkit.periods import WEEK, in_month, local_time, parse_month
from benchkit.schema import watched_until


class Months:
    """What waits know of their months: `waits.Waits` has the rows and the rest."""

    frame: pl.LazyFrame
    as_of: datetime
    about: About
    definition: Definition
    time_zones: Mapping[str, str]

    @property
    def moment(self) -> str:
        """The column of the time that decides a wait's month."""
        return "ended_at" if self.definition.month == "reply" else "started_at"

    @property
    def local(self) -> pl.Expr:
        """The time that decides a wait's month, as the brand's clock shows it: null where there is none."""
        return local_time(self.moment, self.time_zones)

    def in_month(self, month: str) -> pl.Expr:
        """Whether a wait belongs to a month, written as 2026-10; every one does without a month."""
        return in_month(month, self.local)

    def months(self) -> list[str]:
        """The months in which waits started, in order, as 2026-10."""
        month = self.local.dt.truncate("1mo").dt.to_string("%Y-%m")
        return (
            self.frame.select(month.unique().alias("month"))
            .collect()
            .to_series()
            .drop_nulls()
            .sort()
            .to_list()
        )

    def latest_month(self) -> str:
        """The latest month whose every wait has been watched for 7 days, or else the last month."""
        months = self.months()
        if not months:
            raise BenchkitError(f"{self.about.name} holds no waits, so there is no month to measure")
        over = [month for month in months if self.is_over(month, since=WEEK)]
        return (over or months)[-1]

    @cached_property
    def _taken(self) -> pl.DataFrame:
        """Of each brand and channel the months of its waits, and when the newest export of it was taken."""
        taken_at = watched_until(self.frame, self.as_of).max().alias("taken_at")
        months = self.frame.group_by("brand", "channel", self.local.dt.truncate("1mo").alias("month"))
        newest = pl.col("taken_at").max().over("brand", "channel")
        return months.agg(taken_at).collect().with_columns(newest, pl.col("month").dt.to_string("%Y-%m"))

    def taken_of(self, month: str) -> datetime:
        """When what is in a month was last seen: of several brands and channels, the one longest ago."""
        if "as_of" not in self.frame.collect_schema():
            return self.as_of
        taken = self._taken.filter(month=month)["taken_at"].min()
        return taken if isinstance(taken, datetime) else self.as_of

    def is_over(self, month: str, *, since: timedelta = timedelta()) -> bool:
        """Whether all of a month's extracts were taken after its end, or so long after, in each time zone."""
        zones = {"UTC", *self.time_zones.values()}
        end, taken = parse_month(month).end + since, self.taken_of(month)
        return all(taken.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= end for zone in zones)

    def missing_of(self, month: str) -> str:
        """What of a month is not in the data, in words; nothing where it is all there."""
        period = parse_month(month)
        if not self.is_over(month):
            return f"the data were taken on {self.taken_of(month):%Y-%m-%d}, before its end"
        first = self.frame.select(self.local.min()).collect().item()
        begins_late = first is not None and period.start + timedelta(days=2) <= first < period.end
        return f"the data begin on {first:%Y-%m-%d}" if begins_late else ""
