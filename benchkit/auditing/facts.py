"""A dataset as checks see it: what several of them look at is made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import polars as pl

from benchkit.dataset import Dataset
from benchkit.finding import find_waits
from benchkit.periods import WEEK, local_time
from benchkit.schema import MESSAGES, SAME_CONVERSATION, watched_until
from benchkit.sources.twcs import UNSIGNED
from benchkit.words import percent

FROM_AGENT = pl.col("sender") == "agent"
FROM_CUSTOMER = pl.col("sender") == "customer"
IS_UNSIGNED = (
    pl.col("sender_id").is_null()
    | pl.col("sender_id").str.strip_chars().is_in(["", UNSIGNED])
    | pl.col("sender_id").str.ends_with(f"/{UNSIGNED}")
    | (pl.col("sender_id") == pl.col("brand").cast(pl.String))
)
"""Whether nobody can be told from who wrote: no id, `unsigned`, or the brand's own name."""

AGENT, PLACE = ("brand", "sender_id"), ("brand", "channel")
EXAMPLES = 3
_WAITS = 20


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
        """Messages that reply to one, with its time where it is in the data; None where that is not told.

        Most reply to the message before them, and the others alone are looked for in all messages.
        """
        if "in_reply_to" not in self.messages.columns:
            return None
        parent, named = pl.col("in_reply_to"), pl.col("message_id")
        at_once = pl.when(parent == named.shift()).then(pl.col("sent_at").shift())
        messages = self.messages.lazy()
        replies = (
            messages.select("brand", "message_id", "in_reply_to", "sent_at", at_once.alias("at_once"))
            .filter(parent.is_not_null())
            .collect()
            .lazy()
        )
        others = replies.filter(pl.col("at_once").is_null())
        known = messages.select(named.alias("in_reply_to"), pl.col("sent_at").alias("parent_at")).join(
            others, on="in_reply_to", how="semi"
        )
        return (
            replies.join(known, on="in_reply_to", how="left", maintain_order="left")
            .select(
                pl.exclude("at_once", "parent_at"), pl.coalesce("at_once", "parent_at").alias("parent_at")
            )
            .collect()
        )

    @cached_property
    def conversations(self) -> pl.DataFrame:
        """A row per conversation, its first message: whether the brand ever wrote is `has_brand`."""
        spoken = (~FROM_CUSTOMER).cast(pl.Int64).cum_sum()
        by_its_end = spoken.filter(pl.col("opens").shift(-1, fill_value=True))
        before = (spoken - (~FROM_CUSTOMER).cast(pl.Int64)).filter("opens")
        has_brand = self.messages.select(has_brand=by_its_end > before)["has_brand"]
        return self.messages.filter("opens").with_columns(has_brand)

    @cached_property
    def by_agent(self) -> pl.DataFrame:
        """Messages of agents with a name, each agent's together and in order of time."""
        return (
            self.messages.lazy()
            .filter(FROM_AGENT & ~IS_UNSIGNED)
            .select(*AGENT, "sent_at", "conversation_id")
            .sort(*AGENT, "sent_at", "conversation_id")
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

    @cached_property
    def weeks(self) -> pl.DataFrame:
        """Of each channel and local week, waits watched for 7 days, and those replied to by then.

        They are `n` and `answered`; channels with fewer than 20 such waits are left out.
        """
        seconds = int(WEEK.total_seconds())
        in_time = (pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= seconds)
        return (
            self.waits.filter(pl.col("watched_seconds") >= seconds)
            .group_by(*PLACE, "week")
            .agg(pl.len().cast(pl.Int64).alias("n"), in_time.sum().cast(pl.Int64).alias("answered"))
            .filter(pl.col("n").sum().over(PLACE) >= _WAITS)
            .with_columns(*names_of(*PLACE), pl.col("week").dt.date())
            .sort(*PLACE, "week")
        )

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


def names_of(*columns: str) -> list[pl.Expr]:
    """Categorical columns as text."""
    return [pl.col(column).cast(pl.String) for column in columns]


def part(n: int, of: int, what: str) -> str:
    """How many of how many, in words.

    >>> part(26, 192, "messages")
    '26 of 192 messages (13.5%)'
    """
    return f"{n:,} of {of:,} {what} ({percent(n / of)})"
