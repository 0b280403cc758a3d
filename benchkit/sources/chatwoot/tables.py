"""What is known of Chatwoot's conversations, wherever they were read: its tables and its words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.schema import TIME

INCOMING, OUTGOING, ACTIVITY, TEMPLATE = range(4)
"""Chatwoot's `message_type`."""

STATUSES = ("open", "resolved", "pending", "snoozed")
PRIORITIES = ("low", "medium", "high", "urgent")
FAILED = 3
"""Of a message's `status`: that the channel did not take it."""

MESSAGE = pl.Schema(
    {
        "file": pl.String(),
        "line": pl.Int64(),
        "message_id": pl.String(),
        "conversation": pl.String(),
        "message_type": pl.Int64(),
        "private": pl.Boolean(),
        "sent_at": TIME,
        "sender_type": pl.String(),
        "sender_id": pl.String(),
        "is_automatic": pl.Boolean(),
        "is_echo": pl.Boolean(),
        "is_deleted": pl.Boolean(),
        "is_reaction": pl.Boolean(),
        "is_failed": pl.Boolean(),
        "became": pl.String(),
        "activity": pl.String(),
    }
)
"""A message, note or activity. `became` is the status that an activity tells, `activity` its words;
`is_automatic` is true of automation rules' and campaigns' messages, `is_echo` of what a person
sent from the network's own app."""

CONVERSATION = pl.Schema(
    {
        "conversation": pl.String(),
        "conversation_id": pl.String(),
        "brand": pl.String(),
        "inbox": pl.String(),
        "channel_type": pl.String(),
        "kind": pl.String(),
        "contact_id": pl.String(),
        "status": pl.String(),
        "last_activity_at": TIME,
        "queue": pl.String(),
        "priority": pl.String(),
        "topic": pl.String(),
    }
)
"""A conversation; `conversation` is what messages call it, `conversation_id` what people do."""

AGENT = pl.Schema({"agent": pl.String(), "name": pl.String()})
HAPPENED = pl.Schema({"conversation": pl.String(), "name": pl.String(), "at": TIME, "agent": pl.String()})
HOURS = pl.Schema(
    {
        "inbox": pl.String(),
        "timezone": pl.String(),
        "day_of_week": pl.Int64(),
        "open_hour": pl.Int64(),
        "open_minutes": pl.Int64(),
        "close_hour": pl.Int64(),
        "close_minutes": pl.Int64(),
        "closed_all_day": pl.Boolean(),
        "open_all_day": pl.Boolean(),
    }
)
"""Of inboxes that have opening hours, those of each day of the week, 0 being Sunday."""


class Tables(NamedTuple):
    """What was read, in the columns above; `text` may be one more column of `messages`."""

    messages: pl.DataFrame
    conversations: pl.DataFrame
    agents: pl.DataFrame
    happened: pl.DataFrame = HAPPENED.to_frame()
    hours: pl.DataFrame = HOURS.to_frame()
    malformed: pl.DataFrame = as_excluded(pl.DataFrame())
    n_blank: int = 0
    notes: Mapping[str, int] = MappingProxyType({})


def fitted(frame: pl.DataFrame, schema: pl.Schema, *more: str) -> pl.DataFrame:
    """The frame with the schema's columns and no others but `more`; missing where it lacks them."""
    have = frame.select(name for name in (*schema, *more) if name in frame.columns)
    times = [name for name, dtype in have.schema.items() if dtype == pl.Datetime("us")]
    have = have.with_columns(pl.col(times).dt.replace_time_zone("UTC"))
    wanted = pl.Schema({**schema, **dict.fromkeys(more, pl.String())})
    return have.cast({name: wanted[name] for name in have.columns}).match_to_schema(
        wanted, missing_columns="insert"
    )


_CHANNELS = {
    "webwidget": "chat",
    "facebookpage": "facebook",
    "twitterprofile": "twitter",
    "twiliosms": "twilio",
}
_KINDS = {"instagram_direct_message": "instagram", "direct_message": "direct message"}


def channel_of(channel_type: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """The channel of an inbox's type, such as `Channel::FacebookPage`, and a conversation's kind.

    >>> types = pl.Series(["Channel::FacebookPage", "Channel::Telegram", "Channel::TwitterProfile"])
    >>> kinds = pl.Series([None, None, "direct_message"])
    >>> pl.select(channel_of(pl.lit(types), pl.lit(kinds))).to_series().to_list()
    ['facebook', 'telegram', 'direct message']
    """
    bare = channel_type.str.strip_chars().str.replace(r"^.*::", "").str.to_lowercase()
    named = pl.when(bare != "").then(bare.replace(_CHANNELS))
    return kind.replace_strict(_KINDS, default=None, return_dtype=pl.String).fill_null(named)
