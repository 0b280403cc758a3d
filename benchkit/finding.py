"""From messages to waits: when each began, and how it ended."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchkit.dataset import Dataset
from benchkit.definitions import BENCHKIT, Definition
from benchkit.schema import DIMENSIONS, SENDERS, WAITS
from benchkit.waits import Waits

_CLOSINGS = ("closed", "closed_no_reply_needed")
_KINDS = ("assigned", *SENDERS, *_CLOSINGS)  # in the order in which they are taken at one instant
_CONVERSATION, _KIND, _AT, _NUMBER = pl.col("conversation_id"), pl.col("kind"), pl.col("at"), pl.col("number")


def find_waits(data: Dataset, *, definition: Definition = BENCHKIT) -> Waits:
    """Find every time a customer waited for the brand, and how it ended.

    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 C2 A10 C30")  # minutes: customer, customer, agent, customer
    >>> find_waits(data).frame.select("is_first", "outcome", "messages_in_wait").collect().rows()
    [(True, 'replied', 2), (False, 'awaiting', 1)]

    Lazy: nothing is read until the waits are collected or measured. A wait opens at a
    customer's message when nothing of theirs is waiting, ends with the first message from
    a person at the brand or with the conversation's closing, and is otherwise awaiting,
    its age at `as_of` then being its `wait_seconds` (censored, not missing).
    """
    turns = _turns(data.messages)
    if data.events is not None:
        turns = _with_events(turns, data.events)
    numbered = _number_conversations(turns, definition)
    has_permalinks = "permalink" in data.messages.collect_schema()
    return Waits(
        frame=_waits(numbered, data.as_of, definition),
        volumes=_volumes(numbered),
        as_of=data.as_of,
        about=data.about,
        definition=definition,
        audit=data.audit,
        time_zones=data.time_zones,
        permalinks=data.messages.select("message_id", "permalink") if has_permalinks else None,
    )


def _turns(messages: pl.LazyFrame) -> pl.LazyFrame:
    columns = messages.collect_schema().names()
    return messages.select(
        "conversation_id",
        "brand",
        pl.col("industry") if "industry" in columns else pl.lit(None, pl.Categorical()).alias("industry"),
        "channel",
        pl.col("sender").cast(pl.Enum(_KINDS)).alias("kind"),
        "message_id",
        "sender_id",
        pl.col("sent_at").alias("at"),
        pl.col("needs_reply").fill_null(True)
        if "needs_reply" in columns
        else pl.lit(True).alias("needs_reply"),
        *_dimensions(columns),
    )


def _dimensions(columns: list[str]) -> list[str]:
    return [dimension for dimension in DIMENSIONS if dimension in columns]


def _with_events(turns: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    """Messages and the events that matter to a wait, in one order."""
    kind = pl.col("kind").cast(pl.String)
    relevant = events.filter(kind.is_in(["assigned", *_CLOSINGS])).select(
        "conversation_id", "at", kind.cast(pl.Enum(_KINDS))
    )
    return pl.concat([turns, relevant], how="diagonal").sort(
        "conversation_id", "at", "kind", "message_id", maintain_order=True
    )


def _number_conversations(turns: pl.LazyFrame, definition: Definition) -> pl.LazyFrame:
    """Number the conversations; where a thread never ends, a long silence parts it.

    It parts only where the brand spoke last: a customer still waiting goes on waiting.
    """
    new_thread = _CONVERSATION.ne_missing(_CONVERSATION.shift())
    brand_spoke_last = (
        pl.when(_KIND == "agent")
        .then(True)
        .when(new_thread | (_KIND == "customer"))
        .then(False)
        .forward_fill()
    )
    last_message_at = pl.when(_KIND.is_in(SENDERS)).then("at").forward_fill()
    begins_anew = (
        pl.col("channel").is_in(definition.endless_channels)
        & (_KIND == "customer")
        & ~new_thread
        & brand_spoke_last.shift()
        & ((_AT - last_message_at.shift()).dt.total_seconds() >= definition.silence_seconds)
    ).fill_null(False)
    partings = begins_anew.cum_sum()
    part = partings - pl.when(new_thread).then(partings).forward_fill()
    return turns.with_columns(
        pl.when(part == 0)
        .then("conversation_id")
        .otherwise(pl.concat_str("conversation_id", pl.lit("~"), part + 1)),
        (new_thread | begins_anew).cum_sum().alias("number"),
    )


def _waits(turns: pl.LazyFrame, as_of: datetime, definition: Definition) -> pl.LazyFrame:
    """Of each run of a customer's messages, the first one and what came after the last."""
    columns = turns.collect_schema().names()
    is_bot = (_KIND == "bot") & (definition.bots == "leave the wait open")
    is_assignment = _KIND == "assigned"
    speakers = turns.with_columns(
        pl.when(is_bot).then("at").backward_fill().alias("next_bot_at"),
        pl.when(is_bot).then("number").backward_fill().alias("next_bot_in"),
        pl.when(is_assignment).then("at").forward_fill().alias("assigned_at"),
        pl.when(is_assignment).then("number").forward_fill().alias("assigned_in"),
    ).filter(~is_bot & ~is_assignment)

    from_customer = _KIND == "customer"
    needing = from_customer & pl.col("needs_reply")
    same_conversation = _NUMBER.eq_missing(_NUMBER.shift())
    changes = speakers.with_columns(
        (~same_conversation).alias("is_first"),
        pl.int_range(pl.len(), 0, -1).alias("turns_left"),
        needing.cast(pl.Int64).cum_sum(reverse=True).alias("needing_left"),
    ).filter(~same_conversation | (from_customer != from_customer.shift()))

    def following(column: str) -> pl.Expr:
        return pl.col(column).shift(-1)

    is_over = _NUMBER.eq_missing(following("number"))
    was_closed = following("kind").is_in(_CLOSINGS)
    ended_at = pl.when(is_over).then(following("at"))
    wait_seconds = (ended_at.fill_null(as_of) - _AT).dt.total_seconds()
    bot_answered_at = pl.when(
        (pl.col("next_bot_in") == _NUMBER) & (pl.col("next_bot_at") <= ended_at.fill_null(as_of))
    ).then("next_bot_at")
    needs_reply = pl.col("needing_left") > following("needing_left").fill_null(0)
    told_not_to = is_over & (following("kind") == "closed_no_reply_needed")
    reply = is_over & ~was_closed
    outcome = pl.when(~is_over).then(pl.lit("awaiting")).when(was_closed).then(pl.lit("closed"))
    return (
        changes.select(
            pl.col("message_id").alias("wait_id"),
            "conversation_id",
            pl.col("sender_id").alias("customer_id"),
            "brand",
            "industry",
            "channel",
            "is_first",
            _AT.alias("started_at"),
            ended_at.alias("ended_at"),
            outcome.otherwise(pl.lit("replied")).cast(WAITS.columns["outcome"]).alias("outcome"),
            pl.col("message_id").alias("opening_message_id"),
            pl.when(reply).then(following("message_id")).alias("reply_message_id"),
            wait_seconds.alias("wait_seconds"),
            pl.lit(None, pl.Int64).alias("business_seconds"),
            (bot_answered_at - _AT).dt.total_seconds().alias("bot_seconds"),
            pl.when(is_over & (following("assigned_in") == _NUMBER))
            .then(following("assigned_at"))
            .alias("assigned_at"),
            pl.when(reply).then(following("sender_id")).alias("agent_id"),
            (pl.col("turns_left") - following("turns_left").fill_null(0)).alias("messages_in_wait"),
            (needs_reply & ~told_not_to.fill_null(False)).alias("needs_reply"),
            *_dimensions(columns),
            from_customer.alias("opens"),
        )
        .filter("opens")
        .drop("opens")
    )


def _volumes(turns: pl.LazyFrame) -> pl.LazyFrame:
    """One row per message, without its text: who wrote, in which conversation, when."""
    return turns.filter(_KIND.is_in(SENDERS)).select(
        "brand",
        "industry",
        "channel",
        "kind",
        "number",
        "conversation_id",
        "message_id",
        pl.when(_KIND == "customer").then("sender_id").alias("customer_id"),
        pl.when(_KIND == "agent").then("sender_id").alias("agent_id"),
        _AT.alias("sent_at"),
        *_dimensions(turns.collect_schema().names()),
    )
