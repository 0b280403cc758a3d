"""Comments, notifications and the conversation log as messages: who spoke, and what is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from benchkit.schema import SENDERS
from benchkit.sources.delimited import set_aside
from benchkit.sources.zendesk.tables import Tables
from benchkit.sources.zendesk.tickets import REASONS
from benchkit.times import iso_time

PRIVATE = "private notes, which are no messages"
MERGED = "messages of tickets that were merged into another, and count in that one"
FORMER = "messages of agents whose role is an end-user's by now"
SYSTEM = "-1"
"""The author of what Zendesk itself and its bots wrote."""

_NOTICES = ("Notification", "NotificationWithCcs")

_SENDER = pl.Enum(SENDERS)
_SAID = {"user": "customer", "end-user": "customer", "agent": "agent"}
_SAID |= dict.fromkeys(("bot", "system", "business"), "bot")
_TOLD = {
    **{name: name for name in ("message_id", "conversation_id", "sent_at")},
    "sender_id": "author_id",
}
_OWN_FAULT = {
    "a comment without an id": pl.col("message_id").is_null(),
    "a comment that belongs to no ticket": pl.col("conversation_id").is_null(),
    "a created_at that is no time": pl.col("sent_at").is_null(),
    "a public that is neither true nor false": pl.col("public").is_null(),
}
_DUPLICATE = {"duplicate message_id": ~pl.col("message_id").is_first_distinct()}
_NO_TICKET = {"a comment of a ticket that is not among the tickets": pl.col("is_there").is_null()}
_IN_UNREADABLE = {
    f"in {reason}": pl.col("reason") == reason for reason, kind in REASONS.items() if kind == "unreadable"
}
_NO_MESSAGE = {
    **{f"in {reason}": pl.col("reason") == reason for reason, kind in REASONS.items() if kind == "rule"},
    "a comment of a side conversation": pl.col("code") == "side_conversation",
    "a phone call or voicemail": pl.col("type") == "VoiceComment",
    "a transcript, whose messages stand by themselves": pl.col("code") == "chat_transcript",
    "a comment that a merge added": pl.col("by_merge"),
}
_TO_REQUESTER = (
    pl.col("recipients")
    .str.contains(pl.concat_str(pl.lit(","), "requester_id", pl.lit(",")), literal=True)
    .fill_null(False)
)
_NOBODY = {"a comment by an author who is not among the users": pl.col("sender").is_null()}


class Messages(NamedTuple):
    """The messages that are some, the rows left out, and how many were read in a way worth knowing."""

    frame: pl.DataFrame
    excluded: pl.DataFrame
    n_read: int
    notes: dict[str, int]
    told: Mapping[str, str]


def messages_of(
    tables: Tables, tickets: pl.DataFrame, people: pl.DataFrame, into: Mapping[str, str], *, keep_text: bool
) -> Messages:
    """Messages of customers, agents and bots, in the columns of `schema.MESSAGES` and some more.

    A comment that any page calls private is private on all of them. Customers go by the ticket's
    requester: who else writes as an end-user, in copy or on their behalf, speaks for them.
    """
    read = _read(tables)
    told = _TOLD | ({"text": "text"} if keep_text else {})
    readable, unreadable = set_aside(read.filter(~pl.col("is_private")), "unreadable", _OWN_FAULT, told)
    single, repeated = set_aside(readable, "rule", _DUPLICATE, told)
    placed = _in_tickets(single, tickets, into)
    addressed = placed.filter(~pl.col("is_notice") | _TO_REQUESTER)
    there, strays = set_aside(addressed, "unreadable", _NO_TICKET | _IN_UNREADABLE, told)
    messages, others = set_aside(there, "rule", _NO_MESSAGE, told)
    known, nobodies = set_aside(_with_senders(messages, people), "unreadable", _NOBODY, told)
    kept = known.filter(~(pl.col("is_notice") & pl.col("delivers")))
    notes = {
        PRIVATE: read["is_private"].sum(),
        MERGED: kept["is_moved"].sum(),
        FORMER: kept["is_former"].sum(),
    }
    n_others = placed.height - addressed.height + known.height - kept.height
    return Messages(
        frame=kept,
        excluded=pl.concat([unreadable, repeated, strays, others, nobodies]),
        n_read=read.height - n_others,
        notes={note: int(count) for note, count in notes.items() if count},
        told=told,
    )


def _read(tables: Tables) -> pl.DataFrame:
    """What pages hold, that of updates first, so that a notification stays with its comment."""
    made_private = tables.frame("privacy").filter(pl.col("public").not_())["message_id"].drop_nulls()
    is_private = pl.col("public").not_().fill_null(False)
    on_any_page = is_private.any().over("message_id") | pl.col("message_id").is_in(made_private.implode())
    is_notice = pl.col("type").is_in(_NOTICES)
    return (
        tables.frame("messages")
        .with_columns(
            iso_time(pl.col("sent_at")).alias("sent_at"),
            (is_private | (on_any_page & pl.col("message_id").is_not_null())).alias("is_private"),
            pl.when(is_notice).then(True).otherwise("public").alias("public"),
            is_notice.alias("is_notice"),
        )
        .sort(pl.col("update").is_null(), maintain_order=True)
    )


def _in_tickets(messages: pl.DataFrame, tickets: pl.DataFrame, into: Mapping[str, str]) -> pl.DataFrame:
    moved = pl.col("conversation_id").replace(into)
    placed = messages.with_columns(
        moved.alias("conversation_id"), (moved != pl.col("conversation_id")).alias("is_moved")
    )
    told = tickets.filter(pl.col("conversation_id").is_not_null()).select(
        "conversation_id",
        pl.lit(True).alias("is_there"),
        *("requester_id", "brand", "channel", "queue", "priority", "permalink", "reason"),
    )
    return placed.join(told, on="conversation_id", how="left", maintain_order="left")


def _with_senders(messages: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Who spoke: a machine, the customer or an agent; null where nothing tells.

    The requester is the customer whatever their role, for agents may ask for help too. Through
    an answer bot come its answers and customers' questions. A notification in the update in
    which an agent commented `delivers` that comment.
    """
    known = people.rename({"id": "author_id", "name": "known_as"})
    joined = messages.join(known, on="author_id", how="left", maintain_order="left")
    by_bot = pl.col("by_machine") | pl.col("is_notice") | (pl.col("author_id") == SYSTEM)
    said = pl.col("said").str.to_lowercase().replace_strict(_SAID, default=None, return_dtype=pl.String)
    sender = (
        pl.when(by_bot.fill_null(False))
        .then(pl.lit("bot"))
        .when(said.is_not_null())
        .then(said)
        .when(pl.col("author_id") == pl.col("requester_id"))
        .then(pl.lit("customer"))
        .when(pl.col("code").str.starts_with("answer_bot") & pl.col("is_end_user").not_().fill_null(True))
        .then(pl.lit("bot"))
        .when("is_agent")
        .then(pl.lit("agent"))
        .when("is_end_user")
        .then(pl.lit("customer"))
    )
    spoken = joined.with_columns(sender.cast(_SENDER).alias("sender"))
    is_agent = pl.col("sender") == "agent"
    no_name = pl.when(is_agent).then(pl.concat_str(pl.lit("agent "), "author_id"))
    called = pl.coalesce(
        pl.when(is_agent).then("known_as"), "title", no_name, pl.col("sender").cast(pl.String)
    )
    return spoken.with_columns(
        pl.when(pl.col("sender") == "customer")
        .then("requester_id")
        .otherwise(pl.concat_str("brand", pl.lit("/"), called))
        .alias("sender_id"),
        (is_agent & ~pl.col("is_notice")).any().over("update").alias("delivers"),
        (is_agent & pl.col("is_former").fill_null(False)).alias("is_former"),
    )
