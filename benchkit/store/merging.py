"""A newer export added to what is there: rows that changed are replaced, those it does not hold are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl

from benchkit.errors import BenchkitError, show
from benchkit.schema import CUSTOMER, EVENTS, MESSAGES, SAME_CONVERSATION, TIME

CONVERSATION = "conversation_id"
ORDER = (CONVERSATION, "sent_at", pl.col("sender").to_physical(), "message_id")


@dataclass(frozen=True)
class Tables:
    """Messages, with when their conversation was last seen (`as_of`), and events; each with its `source`."""

    messages: pl.DataFrame
    events: pl.DataFrame

    def where(self, conversations: pl.Series, *, among: bool) -> Tables:
        """The rows of some conversations, or of all others."""
        wanted = pl.col(CONVERSATION).is_in(conversations.implode())
        kept = wanted if among else ~wanted
        return Tables(self.messages.filter(kept), self.events.filter(kept))

    def without(self, sources: Collection[str]) -> Tables:
        """The rows but those that came from some sources."""
        others = ~pl.col("source").is_in(list(sources))
        return Tables(self.messages.filter(others), self.events.filter(others))


def together(parts: Sequence[Tables]) -> Tables:
    """The rows of all, with the columns that any of them has."""
    of_messages = {**MESSAGES.columns, "as_of": TIME, "source": pl.Categorical()}
    of_events = {**EVENTS.columns, "source": pl.Categorical()}
    whole = [Tables(pl.DataFrame(schema=of_messages), pl.DataFrame(schema=of_events)), *parts]
    return Tables(
        pl.concat([part.messages for part in whole], how="diagonal"),
        pl.concat([part.events for part in whole], how="diagonal"),
    )


def merged(old: Tables, new: Tables, taken: Mapping[str, datetime]) -> Tables:
    """The conversations of both, each message and each event once; `taken` is when each source was.

    Of a message that both hold, the row of the newer export stands, with what the older one said of
    columns that the newer one does not have; what it says of the conversation's name stands too.
    A conversation was watched until the newest export that held any of it.

    Raises `BenchkitError` where they mean different messages by one id.
    """
    if old.messages.is_empty() and old.events.is_empty():
        return Tables(new.messages, new.events.unique())
    shared = _shared(old.messages, new.messages, taken)
    _refuse_other_messages(shared)
    is_newer = pl.col("exported_at_new") >= pl.col("exported_at")
    old = _called(old, _renamed(shared.filter(is_newer), "conversation_id", "conversation_id_new"))
    new = _called(new, _renamed(shared.filter(~is_newer), "conversation_id_new", "conversation_id"))
    both = together([old, new])
    told_by_one = set(old.messages.columns) ^ set(new.messages.columns)
    messages = (
        both.messages.with_columns(_exported_at(taken), pl.int_range(pl.len()).alias("(turn)"))
        .sort("exported_at", "(turn)")
        .with_columns(pl.col(name).forward_fill().over("message_id") for name in sorted(told_by_one))
        .unique("message_id", keep="last", maintain_order=True)
        .drop("exported_at", "(turn)")
    )
    seen = pl.concat([part.messages.select(CONVERSATION, "as_of") for part in (old, new)])
    newest = seen.group_by(CONVERSATION).agg(pl.col("as_of").max())
    told = messages.drop("as_of").join(newest, on=CONVERSATION, how="left").sort(ORDER)
    of_events = [name for name in both.events.columns if name != "source"]
    return Tables(told, both.events.unique(of_events, keep="last", maintain_order=True))


def _exported_at(taken: Mapping[str, datetime]) -> pl.Expr:
    return pl.col("source").replace_strict(taken, return_dtype=TIME).alias("exported_at")


def _shared(old: pl.DataFrame, new: pl.DataFrame, taken: Mapping[str, datetime]) -> pl.DataFrame:
    """The messages that both hold, as the one and, in columns that end in `_new`, as the other tells them."""
    told = [
        rows.select(
            *("message_id", CONVERSATION, "brand", "channel", "sender"),
            CUSTOMER.alias("customer"),
            _exported_at(taken),
        )
        for rows in (old, new)
    ]
    return told[0].join(told[1], on="message_id", suffix="_new")


def _refuse_other_messages(shared: pl.DataFrame) -> None:
    others = shared.filter(
        pl.any_horizontal(pl.col(name) != pl.col(f"{name}_new") for name in ("brand", "channel", "sender"))
    )
    if others.height:
        raise BenchkitError(
            f"{others.height:,} messages of this export are there already as another brand's, channel's or "
            f"sender's, e.g. {show(others['message_id'].min())}; ingest it under another name"
        )


def by_month(tables: Tables) -> dict[str, Callable[[], Tables]]:
    """The conversations by the month in which they began: their messages, or else their events.

    The messages of a conversation must stand together, in order of time. The rows of a month are
    picked out when they are asked for.
    """
    messages, events, is_first = tables.messages, tables.events, ~SAME_CONVERSATION
    begun = messages.filter(is_first).select(CONVERSATION, _month(pl.col("sent_at")))
    of_messages = messages.select(pl.lit(begun["month"]).gather(is_first.cum_sum() - 1)).to_series()
    both = begun.filter(pl.col(CONVERSATION).is_in(events[CONVERSATION].implode()))
    alone = events.join(both, on=CONVERSATION, how="anti").group_by(CONVERSATION)
    begun_alone = alone.agg(_month(pl.col("at").min()))
    known = pl.concat([both, begun_alone])
    of_events = events.join(known, on=CONVERSATION, how="left", maintain_order="left")["month"]

    def begun_in(number: int) -> Tables:
        return Tables(messages.filter(of_messages == number), events.filter(of_events == number))

    return {
        f"{number // 12:04}-{number % 12 + 1:02}": partial(begun_in, number)
        for number in pl.concat([begun["month"], begun_alone["month"]]).unique().sort()
    }


def _month(time: pl.Expr) -> pl.Expr:
    """The number of a time's month, from January of the year 0."""
    return (12 * time.dt.year() + time.dt.month() - 1).alias("month")


def _renamed(shared: pl.DataFrame, name: str, newer: str) -> pl.DataFrame:
    """Conversations whose shared messages are all in just one other by the newer export: `is_called`."""
    is_same_customer = pl.col("customer").eq_missing(pl.col("customer_new"))
    return (
        shared.group_by(pl.col(name).alias(CONVERSATION))
        .agg(
            pl.col(newer).first().alias("is_called"),
            pl.col(newer).n_unique().alias("n"),
            is_same_customer.all(),
        )
        .filter(pl.col("n") == 1, "customer", pl.col("is_called") != pl.col(CONVERSATION))
        .select(CONVERSATION, "is_called")
    )


def _called(tables: Tables, names: pl.DataFrame) -> Tables:
    if names.is_empty():
        return tables

    def called(frame: pl.DataFrame) -> pl.DataFrame:
        known = frame.join(names, on=CONVERSATION, how="left", maintain_order="left")
        name = pl.coalesce("is_called", CONVERSATION).alias(CONVERSATION)
        return known.with_columns(name).drop("is_called")

    return Tables(called(tables.messages), called(tables.events))
