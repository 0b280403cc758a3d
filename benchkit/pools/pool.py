"""A pool of peers: how many waits of which length there were, of no brand in particular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl

from benchkit.dataset import About, Audit
from benchkit.definitions.definition import Definition
from benchkit.html import escape
from benchkit.periods import no_such_month, parse_month
from benchkit.schema import OUTCOMES, SENDERS, TIME, WAITS, Table
from benchkit.waits import Waits

MIN_POOLED_WAITS = 30
MOST_WAITS = 20_000_000
"""What a pool may hold, so that nobody's file fills the memory of whoever reads it."""

MAX_SHARE_OF_A_BRAND = 0.8
"""A cell of which one brand has more than this tells of that brand, not of its peers."""

FOLLOWED_SECONDS = 7 * 86_400
"""For how long every wait of a pool was watched; the length of those nobody had answered by then."""

CELL = ["industry", "channel", "month"]
_MONTHS_BEFORE = 3
_BRAND = "the pool"
_NAME = r"^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$"
_LONGEST_SECONDS = 3_660 * 86_400

MONTH = pl.col("day").dt.strftime("%Y-%m").alias("month")
SENSIBLE_NAMES = pl.col("industry").str.contains(_NAME) & pl.col("channel").str.contains(_NAME)

LIFE_TABLES = Table(
    name="life tables",
    key="industry",
    key_is_unique=False,
    columns={
        "industry": pl.String(),
        "channel": pl.String(),
        "is_first": pl.Boolean(),
        "outcome": pl.String(),
        "day": pl.Date(),
        "seconds": pl.Int64(),
        "waits": pl.Int64(),
    },
    rules={
        "industry and channel are names of 1 to 100 characters": SENSIBLE_NAMES,
        "day is from 2000 on": pl.col("day").is_between(date(2000, 1, 1), date(2999, 12, 31)),
        "is_first is true or false": pl.col("is_first").is_not_null(),
        "outcome is awaiting, replied or closed": pl.col("outcome").is_in(OUTCOMES),
        "seconds are from 0 to ten years": pl.col("seconds").is_between(0, _LONGEST_SECONDS),
        "what awaits a reply was followed for 7 days": (
            (pl.col("outcome") != "awaiting") | (pl.col("seconds") == FOLLOWED_SECONDS)
        ),
        "waits are 1 or more, and not beyond counting": pl.col("waits").is_between(1, MOST_WAITS),
    },
)
"""A row for each number of `waits` that began on one `day` (by the brand's clock) and ended alike."""


@dataclass(frozen=True, eq=False, repr=False)
class Pool:
    """Waits of many brands as counts, with what it takes to know what they may stand beside.

    `tables` are `LIFE_TABLES`. `brands` says by industry, channel and month of how many brands
    they are, one that is in several exports counted for each. `selection` is that of the data
    (`dataset.About`), and where there is one, or the definition leaves unanswered waits out,
    only answered waits are here. Seconds are of calendar time. The exports were taken from the
    first day of `taken` to the last; `exports` tells them apart, by month.
    """

    tables: pl.DataFrame
    brands: pl.DataFrame
    definition: Definition
    selection: str | None
    taken: tuple[date, date]
    exports: Mapping[str, Sequence[str]]

    @property
    def only_answered(self) -> str | None:
        """Why there are only answered waits, in a sentence; None where there are others."""
        return self.selection or self.definition.only_answered or None

    def months(self) -> list[str]:
        """The months there are, in order, as 2026-10."""
        return self.brands["month"].unique().sort().to_list()

    def waits(self, month: str = "") -> Waits:
        """The pool as waits of nobody in particular, for whatever measures waits of a month.

        Those of the three months before are there too, since intervals are learnt from the
        weeks before a month's end; without a month, all of them. No wait is told apart from
        another of the same row. Raises `BenchkitError` for a month that is not there.
        """
        told = self.tables
        if month:
            last = parse_month(month)
            if last.label not in self.months():
                raise no_such_month(last.label, self.months(), _BRAND)
            ago = last.number - (12 * pl.col("day").dt.year() + pl.col("day").dt.month())
            told = told.filter(ago.is_between(0, _MONTHS_BEFORE))
        each = told[np.repeat(np.arange(told.height), told["waits"].to_numpy())]
        began = pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        known: dict[str, pl.Expr] = {
            "brand": pl.lit(_BRAND).cast(pl.Categorical()),
            "industry": pl.col("industry").cast(pl.Categorical()),
            "channel": pl.col("channel").cast(pl.Categorical()),
            "is_first": pl.col("is_first"),
            "started_at": began,
            "ended_at": pl.when(pl.col("outcome") != "awaiting").then(began),
            "outcome": pl.col("outcome").cast(pl.Enum(OUTCOMES)),
            "wait_seconds": pl.col("seconds").cast(pl.Int64),
            "messages_in_wait": pl.lit(1, pl.Int64),
            "needs_reply": pl.lit(True),
        }
        columns = (known.get(name, pl.lit(None, dtype)).alias(name) for name, dtype in WAITS.columns.items())
        return Waits(
            frame=each.lazy().select(columns),
            volumes=_no_messages(),
            as_of=datetime.combine(self.taken[1], time(), UTC),
            about=About(_BRAND, selection=self.selection),
            definition=self.definition,
            audit=Audit(),
            time_zones={},
        )

    def __add__(self, other: Pool) -> Pool:
        """Both together: the counts of the same length on the same day are added."""
        if not isinstance(other, Pool):
            return NotImplemented
        exports = {
            month: sorted({*self.exports.get(month, ()), *other.exports.get(month, ())})
            for month in sorted({*self.exports, *other.exports})
        }
        days = sorted([*self.taken, *other.taken])
        return replace(
            self,
            tables=added(pl.concat([self.tables, other.tables])),
            brands=pl.concat([self.brands, other.brands])
            .group_by(CELL)
            .agg(pl.col("brands").sum())
            .sort(CELL),
            taken=(days[0], days[-1]),
            exports=exports,
        )

    def sentence(self) -> str:
        """How much there is of what, in words."""
        months, fewest = self.months(), min(self.brands["brands"].to_list())
        return (
            f"{self.tables['waits'].sum():,} waits in {self.brands.height:,} cells of industry, channel and "
            f"month, {months[0]} to {months[-1]}, each of {fewest:,} brands or more"
        )

    def __repr__(self) -> str:
        return f"Pool({self.sentence()}; {self.definition.label})"

    def _repr_html_(self) -> str:
        days = " to ".join(dict.fromkeys(day.isoformat() for day in self.taken))
        lines = [
            f"<b>Pool</b>: {self.sentence()}, taken {days}",
            f"by the definition {escape(self.definition.label)}, in calendar time",
            escape(self.only_answered or ""),
        ]
        return "<br>".join(line for line in lines if line)


def added(tables: pl.DataFrame) -> pl.DataFrame:
    """Life tables with the waits that are told alike in one row, in order."""
    alike = [name for name in LIFE_TABLES.columns if name != "waits"]
    return tables.group_by(alike).agg(pl.col("waits").sum()).sort(alike).select(list(LIFE_TABLES.columns))


def _no_messages() -> pl.LazyFrame:
    words = dict.fromkeys(("conversation_id", "message_id", "customer_id", "agent_id"), pl.String())
    names = dict.fromkeys(("brand", "industry", "channel"), pl.Categorical())
    return pl.LazyFrame(
        schema={**names, "kind": pl.Enum(SENDERS), "number": pl.UInt32(), **words, "sent_at": TIME}
    )
