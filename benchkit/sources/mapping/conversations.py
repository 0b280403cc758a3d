"""Conversations where an export names none: found by following replies to what they answer."""

from __future__ import annotations

import numpy as np
import polars as pl

from benchkit.sources.threads import NONE, Tweets, find_threads


def with_conversations(messages: pl.DataFrame) -> pl.DataFrame:
    """Messages with a `conversation_id`: that of the first message of one customer in one thread.

    What the brand says counts for the customer of the nearest message that it answers; where
    there is none above it, it was said to everybody, and its conversation_id is null.
    """
    ids = messages["message_id"]
    row = pl.DataFrame({"id": ids, "row": np.arange(len(ids))}).unique(
        "id", keep="first", maintain_order=True
    )
    parents = messages.select(pl.col("in_reply_to").alias("id")).join(
        row, on="id", how="left", maintain_order="left"
    )
    numbers = np.arange(messages.height)
    threads = find_threads(
        Tweets(
            tweet_id=numbers,
            parent_id=parents["row"].fill_null(NONE).to_numpy(),
            sent_at=messages["at"].to_physical().to_numpy(),
            from_agent=(messages["kind"] != "customer").to_numpy(),
            brand=np.full(messages.height, NONE),
        )
    )
    names = [name for name in ("customer_id", "sender_id") if name in messages.columns]
    who = (
        messages.select(pl.coalesce(*names, pl.lit("?"))).to_series()
        if names
        else pl.repeat("?", len(ids), eager=True)
    )
    asked = pl.Series(threads.asked)
    customer = who.gather(asked.set(asked == NONE, None))
    placed = messages.with_columns(
        pl.Series(threads.root).alias("(root)"),
        customer.alias("(customer)"),
        pl.lit(None, pl.String).alias("conversation_id"),
    )
    in_thread = placed.filter(pl.col("(customer)").is_not_null())
    first = in_thread.sort("at", "kind", "message_id").unique(
        ("(root)", "(customer)"), keep="first", maintain_order=True
    )
    named = first.select("(root)", "(customer)", pl.col("message_id").alias("conversation_id"))
    placed = placed.drop("conversation_id").join(
        named, on=["(root)", "(customer)"], how="left", maintain_order="left"
    )
    return placed.drop("(root)", "(customer)")
