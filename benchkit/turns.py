"""Turns: messages and the events that matter to a wait, in one order, by conversation."""

from __future__ import annotations

import polars as pl

from benchkit.dataset import Dataset
from benchkit.definitions.definition import Definition
from benchkit.definitions.rules import EVERY_CHANNEL
from benchkit.schema import SENDERS, dimensions_in

CLOSINGS = ("closed", "closed_no_reply_needed")
MARKS = ("opened", "assigned", "handed_off", "reopened")
KINDS = (*MARKS, *SENDERS, *CLOSINGS)
"""In the order in which they are taken at one instant."""

CONVERSATION, KIND, AT, NUMBER = pl.col("conversation_id"), pl.col("kind"), pl.col("at"), pl.col("number")


def numbered_turns(data: Dataset, definition: Definition) -> pl.LazyFrame:
    """A row per message and relevant event, in order, with the `number` of its conversation."""
    turns = turns_of(data.messages)
    if data.events is not None:
        turns = _with_events(turns, data.events)
    return _number_conversations(turns, definition)


def carried(turns: pl.LazyFrame) -> list[str]:
    """The dimensions that these messages have."""
    return dimensions_in(turns.collect_schema())


def told(turns: pl.LazyFrame, *names: str) -> list[str]:
    """Those of some columns that these messages have."""
    columns = turns.collect_schema()
    return [name for name in names if name in columns]


def turns_of(messages: pl.LazyFrame) -> pl.LazyFrame:
    """Messages as turns, with the `number` of their conversation where they have it."""
    columns = messages.collect_schema().names()
    return messages.select(
        "conversation_id",
        "brand",
        pl.col("industry") if "industry" in columns else pl.lit(None, pl.Categorical()).alias("industry"),
        "channel",
        pl.col("sender").cast(pl.Enum(KINDS)).alias("kind"),
        "message_id",
        "sender_id",
        pl.col("sent_at").alias("at"),
        pl.col("needs_reply").fill_null(True)
        if "needs_reply" in columns
        else pl.lit(True).alias("needs_reply"),
        *carried(messages),
        *told(messages, "person_id", "as_of", "number"),
    )


def _with_events(turns: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    """Of an event, whoever did it, or to whom it was assigned, stands as its `sender_id`."""
    kind = pl.col("kind").cast(pl.String)
    actor = pl.col("actor_id") if "actor_id" in events.collect_schema() else pl.lit(None, pl.String)
    relevant = events.filter(kind.is_in([*MARKS, *CLOSINGS])).select(
        "conversation_id", "at", kind.cast(pl.Enum(KINDS)), actor.alias("sender_id")
    )
    return pl.concat([turns, relevant], how="diagonal").sort(
        "conversation_id", "at", "kind", "message_id", maintain_order=True
    )


def _number_conversations(turns: pl.LazyFrame, definition: Definition) -> pl.LazyFrame:
    """Number the conversations; where the definition says so, a long silence parts a thread.

    It parts only where the brand spoke last: a customer still waiting goes on waiting.
    """
    new_thread = CONVERSATION.ne_missing(CONVERSATION.shift())
    silences = {name: least for name, least in definition.silence_seconds.items() if name != EVERY_CHANNEL}
    longest_silence = (
        pl.col("channel")
        .cast(pl.String)
        .replace_strict(
            silences, default=definition.silence_seconds.get(EVERY_CHANNEL), return_dtype=pl.Int64
        )
    )
    speaks_for_brand = ["agent", "bot"] if definition.bots == "answer" else ["agent"]
    brand_spoke_last = (
        pl.when(KIND.is_in(speaks_for_brand))
        .then(True)
        .when(new_thread | (KIND == "customer"))
        .then(False)
        .forward_fill()
    )
    last_message_at = pl.when(KIND.is_in(SENDERS)).then("at").forward_fill()
    begins_anew = (
        (KIND == "customer")
        & ~new_thread
        & brand_spoke_last.shift()
        & ((AT - last_message_at.shift()).dt.total_seconds() >= longest_silence)
    ).fill_null(False)
    partings = pl.col("(begins anew)").cum_sum()
    part = partings - pl.when("(new thread)").then(partings).forward_fill()
    known = turns.with_columns(new_thread.alias("(new thread)"), begins_anew.alias("(begins anew)"))
    return (
        known.with_columns(part.alias("(part)"))
        .with_columns(
            pl.when(pl.col("(part)") == 0)
            .then("conversation_id")
            .otherwise(pl.concat_str("conversation_id", pl.lit("~"), pl.col("(part)") + 1)),
            (pl.col("(new thread)") | pl.col("(begins anew)")).cum_sum().alias("number"),
        )
        .drop("(new thread)", "(begins anew)", "(part)")
    )
