"""What a check is, what it is given, and the rows of what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from benchkit.dataset import Dataset
from benchkit.finding import find_waits
from benchkit.periods import local_time
from benchkit.schema import MESSAGES, SAME_CONVERSATION, watched_until
from benchkit.words import percent

SEVERITIES = ("error", "warning", "note")
FINDINGS: Mapping[str, pl.DataType] = {
    "check": pl.String(),
    "severity": pl.Enum(SEVERITIES),
    "brand": pl.String(),
    "channel": pl.String(),
    "agent_id": pl.String(),
    "count": pl.Int64(),
    "of": pl.Int64(),
    "share": pl.Float64(),
    "counted": pl.String(),
    "sentence": pl.String(),
    "touches": pl.String(),
    "what_to_do": pl.String(),
    "examples": pl.List(pl.String()),
}
"""The columns of findings: `brand`, `channel` and `agent_id` say where (null: anywhere), `counted`
what is counted, and `examples` are ids of messages or conversations. Sentences name nobody."""

CERTAIN_Z = 5.0
"""So many standard errors away from what is harmless: one false alarm in three million places."""
FEW = 10
"""So many and no more are never worth more than a note, where it is shares that are serious."""
EXAMPLES = 3


class Found(NamedTuple):
    """What a check found in one place: how many, of how many, and what that means in a sentence."""

    n: int
    of: int | None
    sentence: str
    brand: str | None = None
    channel: str | None = None
    agent_id: str | None = None
    examples: Sequence[str] = ()


@dataclass(frozen=True)
class Facts:
    """A dataset as checks see it, each part made once, when it is first asked for."""

    data: Dataset

    @cached_property
    def messages(self) -> pl.DataFrame:
        """Messages in order, without their text; `opens` is whether it is its conversation's first."""
        known = self.data.messages.collect_schema()
        columns = [*MESSAGES.columns, *(name for name in ("in_reply_to",) if name in known)]
        return self.data.messages.select(*columns, (~SAME_CONVERSATION).alias("opens")).collect()

    @cached_property
    def replies(self) -> pl.DataFrame | None:
        """Messages that reply to one, with its time where it is in the data; None where that is not told."""
        if "in_reply_to" not in self.messages.columns:
            return None
        messages = self.messages.lazy()
        known = messages.select(
            pl.col("message_id").alias("in_reply_to"), pl.col("sent_at").alias("parent_at")
        )
        return (
            messages.filter(pl.col("in_reply_to").is_not_null())
            .select("brand", "message_id", "in_reply_to", "sent_at")
            .join(known, on="in_reply_to", how="left", maintain_order="left")
            .collect()
        )

    @cached_property
    def arrivals(self) -> pl.DataFrame:
        """How many messages customers wrote, by brand, channel, local `date` and `hour`."""
        local = local_time("sent_at", self.data.time_zones)
        at = pl.col("at")
        return (
            self.messages.lazy()
            .filter(pl.col("sender") == "customer")
            .group_by("brand", "channel", local.dt.truncate("1h").alias("at"))
            .agg(pl.len().cast(pl.Int64).alias("n"))
            .select(
                *names_of("brand", "channel"),
                at.dt.date().alias("date"),
                at.dt.hour().cast(pl.Int64).alias("hour"),
                "n",
            )
            .sort("brand", "channel", "date", "hour")
            .collect()
        )

    @cached_property
    def waits(self) -> pl.DataFrame:
        """All waits by benchkit's definition, with the Monday of the local week in which they began."""
        local = local_time("started_at", self.data.time_zones)
        waits = find_waits(replace(self.data, calendars=None)).frame
        watched = watched_until(waits, self.data.as_of) - pl.col("started_at")
        return waits.select(
            "brand",
            "channel",
            "is_first",
            "wait_seconds",
            "outcome",
            watched.dt.total_seconds().alias("watched_seconds"),
            local.dt.truncate("1w").alias("week"),
        ).collect()

    def examples(self, column: str, ids: Sequence[str]) -> Sequence[str]:
        """A few ids of messages or conversations; none where they are made of customers' ids."""
        return () if column in self.data.personal else ids

    def by_brand(
        self, frame: pl.DataFrame, is_so: pl.Expr, *, what: str, did: str, example: str = "message_id"
    ) -> list[Found]:
        """Of each brand's rows those of which something is so, where there are any, in words."""
        counted = (
            frame.lazy()
            .select(pl.col("brand"), pl.col(example).alias("id"), is_so.fill_null(False).alias("is_so"))
            .group_by("brand")
            .agg(
                pl.col("is_so").sum().cast(pl.Int64).alias("count"),
                pl.len().cast(pl.Int64).alias("of"),
                pl.col("id").filter("is_so").head(EXAMPLES).alias("ids"),
            )
            .filter(pl.col("count") > 0)
            .select(*names_of("brand"), "count", "of", "ids")
            .sort("brand")
        )
        return [
            Found(n, of, f"{part(n, of, what)} {did}.", brand, examples=self.examples(example, ids))
            for brand, n, of, ids in counted.collect().iter_rows()
        ]


@dataclass(frozen=True)
class Check:
    """A question about data: what finds it, how bad it is, which figures it touches, and what to do.

    Where it is `serious_from` some share on, a smaller one is worth a note, and so are `FEW`.
    """

    find: Callable[[Facts], Iterable[Found]]
    severity: str
    counted: str
    touches: str
    what_to_do: str
    serious_from: float = 0.0

    @property
    def name(self) -> str:
        """What it looks for, in words."""
        return self.find.__name__.replace("_", " ")

    def rows(self, facts: Facts) -> list[dict[str, Any]]:
        """What it finds, the most first, as rows of `FINDINGS`."""
        told = sorted(self.find(facts), key=lambda found: -found.n)
        return [self._row(found) for found in told]

    def _row(self, found: Found) -> dict[str, Any]:
        share = found.n / found.of if found.of else None
        is_small = found.n <= FEW or (share is not None and share < self.serious_from)
        return {
            "check": self.name,
            "severity": "note" if self.serious_from and is_small else self.severity,
            "brand": found.brand,
            "channel": found.channel,
            "agent_id": found.agent_id,
            "count": found.n,
            "of": found.of,
            "share": share,
            "counted": self.counted,
            "sentence": found.sentence,
            "touches": self.touches,
            "what_to_do": self.what_to_do,
            "examples": [*found.examples],
        }


def names_of(*columns: str) -> list[pl.Expr]:
    """Categorical columns as text."""
    return [pl.col(column).cast(pl.String) for column in columns]


def part(n: int, of: int, what: str) -> str:
    """How many of how many, in words.

    >>> part(26, 192, "messages")
    '26 of 192 messages (13.5%)'
    """
    return f"{n:,} of {of:,} {what} ({percent(n / of)})"
