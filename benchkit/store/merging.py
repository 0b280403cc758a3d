"""A newer export added to what is there: rows that changed are replaced, those it does not hold are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from benchkit.schema import EVENTS, MESSAGES, SAME_CONVERSATION, TIME

CONVERSATION = "conversation_id"
ORDER = (CONVERSATION, "sent_at", pl.col("sender").to_physical(), "message_id")


@dataclass(frozen=True)
class Tables:
    """Messages, each with when its conversation was last seen (`as_of`), and events."""

    messages: pl.DataFrame
    events: pl.DataFrame

    def where(self, conversations: pl.Series, *, among: bool) -> Tables:
        """The rows of some conversations, or of all others."""
        wanted = pl.col(CONVERSATION).is_in(conversations.implode())
        kept = wanted if among else ~wanted
        return Tables(self.messages.filter(kept), self.events.filter(kept))


def together(parts: Sequence[Tables]) -> Tables:
    """The rows of all, with the columns that any of them has."""
    of_messages, of_events = {**MESSAGES.columns, "as_of": TIME}, EVENTS.columns
    whole = [Tables(pl.DataFrame(schema=of_messages), pl.DataFrame(schema=of_events)), *parts]
    return Tables(
        pl.concat([part.messages for part in whole], how="diagonal"),
        pl.concat([part.events for part in whole], how="diagonal"),
    )


def merged(old: Tables, new: Tables) -> Tables:
    """The conversations of both, each message and each event once.

    Of a message that both hold, the row of the newer export stands, and its conversation goes by the
    name that it has there. A conversation was watched until the newest export that held any of it.
    """
    if old.messages.is_empty() and old.events.is_empty():
        return Tables(new.messages, new.events.unique())
    names = _renamed(old.messages, new.messages)
    old, new = (_called(part, names) for part in (old, new))
    both = together([old, new])
    messages = (
        both.messages.with_columns(pl.int_range(pl.len()).alias("(turn)"))
        .sort("as_of", "(turn)")
        .unique("message_id", keep="last", maintain_order=True)
        .drop("(turn)")
    )
    taken = pl.concat([part.messages.select(CONVERSATION, "as_of") for part in (old, new)])
    newest = taken.group_by(CONVERSATION).agg(pl.col("as_of").max())
    told = messages.drop("as_of").join(newest, on=CONVERSATION, how="left").sort(ORDER)
    return Tables(told, both.events.unique())


def by_month(tables: Tables) -> dict[str, Tables]:
    """The conversations by the month in which they began, by their messages, or else by their events.

    The messages of a conversation must stand together, in order of time.
    """
    began = pl.when(~SAME_CONVERSATION).then("sent_at").forward_fill()
    messages = tables.messages.with_columns(began.dt.to_string("%Y-%m").alias("month"))
    of_messages = messages.filter(~SAME_CONVERSATION).select(CONVERSATION, "month")
    alone = tables.events.join(of_messages, on=CONVERSATION, how="anti").group_by(CONVERSATION)
    of_events = alone.agg(pl.col("at").min().dt.to_string("%Y-%m").alias("month"))
    month = pl.concat([of_messages, of_events])
    events = tables.events.join(month, on=CONVERSATION, how="left")
    parted = [rows.partition_by("month", as_dict=True, include_key=False) for rows in (messages, events)]
    nothing = (tables.messages.clear(), tables.events.clear())
    return {
        name: Tables(*(rows.get((name,), none) for rows, none in zip(parted, nothing, strict=True)))
        for name in month["month"].unique().sort()
    }


def _renamed(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Conversations of either that go by another name in a newer export, and that name (`is_called`)."""
    columns = ("message_id", CONVERSATION, "as_of")
    shared = old.select(columns).join(new.select(columns), on="message_id", suffix="_new")
    differing = shared.filter(pl.col(CONVERSATION) != pl.col(f"{CONVERSATION}_new"))
    is_newer = pl.col("as_of_new") >= pl.col("as_of")
    theirs = pl.col(f"{CONVERSATION}_new")
    return (
        differing.select(
            pl.when(is_newer).then(CONVERSATION).otherwise(theirs).alias(CONVERSATION),
            pl.when(is_newer).then(theirs).otherwise(CONVERSATION).alias("is_called"),
        )
        .sort(CONVERSATION, "is_called")
        .unique(CONVERSATION, keep="first", maintain_order=True)
    )


def _called(tables: Tables, names: pl.DataFrame) -> Tables:
    if names.is_empty():
        return tables

    def called(frame: pl.DataFrame) -> pl.DataFrame:
        known = frame.join(names, on=CONVERSATION, how="left", maintain_order="left")
        name = pl.coalesce("is_called", CONVERSATION).alias(CONVERSATION)
        return known.with_columns(name).drop("is_called")

    return Tables(called(tables.messages), called(tables.events))
