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


def in_order(messages: pl.DataFrame, *by: pl.Expr) -> pl.DataFrame:
    """Conversations in order of their ids; the messages of each stand together already, in order of time."""
    return messages.sort(*by, CONVERSATION, maintain_order=True)


def by_month(tables: Tables) -> dict[str, Tables]:
    """The conversations, in order, by the month in which they began: their messages, or else their events.

    The messages of a conversation must stand together, in order of time.
    """
    month, is_first = pl.col("month"), ~SAME_CONVERSATION
    began = pl.when(is_first).then("sent_at").forward_fill().dt
    messages = tables.messages.with_columns((12 * began.year() + began.month() - 1).alias("month"))
    messages = in_order(messages, month)
    of_messages = messages.filter(is_first).select(CONVERSATION, "month")
    alone = tables.events.join(of_messages, on=CONVERSATION, how="anti").group_by(CONVERSATION)
    earliest = pl.col("at").min().dt
    of_events = alone.agg((12 * earliest.year() + earliest.month() - 1).alias("month"))
    events = tables.events.join(pl.concat([of_messages, of_events]), on=CONVERSATION, how="left")
    months = pl.concat([messages["month"], events["month"]]).unique().sort()
    return {
        f"{number // 12:04}-{number % 12 + 1:02}": Tables(
            _run_of(messages, number), events.filter(month == number).drop("month")
        )
        for number in months
    }


def _run_of(messages: pl.DataFrame, month: int) -> pl.DataFrame:
    """The rows of a month, among rows in the order of months."""
    first, last = (messages["month"].search_sorted(month, side=side) for side in ("left", "right"))
    return messages.slice(first, last - first).drop("month")


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
