"""A newer export added to what is there: rows that changed are replaced, those it does not hold are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from benchkit.schema import EVENTS, MESSAGES, TIME

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
    messages = messages.drop("as_of").join(newest, on=CONVERSATION, how="left").sort(ORDER)
    return Tables(messages, both.events.unique().sort(CONVERSATION, "at", "kind", *_rest(both.events)))


def months_of(tables: Tables) -> pl.DataFrame:
    """The month in which each conversation began, by its messages, or else by its events."""
    times = [
        tables.messages.select(CONVERSATION, pl.col("sent_at").alias("at"), pl.lit(0).alias("rank")),
        tables.events.select(CONVERSATION, "at", pl.lit(1).alias("rank")),
    ]
    began = pl.concat(times).sort("rank", "at").unique(CONVERSATION, keep="first")
    return began.select(CONVERSATION, pl.col("at").dt.to_string("%Y-%m").alias("month"))


def _rest(events: pl.DataFrame) -> list[str]:
    return [name for name in events.columns if name not in (CONVERSATION, "at", "kind")]


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
