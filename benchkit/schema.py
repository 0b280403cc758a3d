"""The tables as polars schemas with named rules, and the check that holds a frame to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show

TIME = pl.Datetime("us", "UTC")
SENDERS = ("customer", "bot", "agent")
"""In the order in which they are taken to have spoken at one instant."""

OUTCOMES = ("awaiting", "replied", "closed")
EVENT_KINDS = (
    "opened",
    "assigned",
    "handed_off",
    "snoozed",
    "closed",
    "closed_no_reply_needed",
    "reopened",
)
STATUSES = ("final", "provisional", "revised", "withheld", "refused")
DIMENSIONS: Mapping[str, pl.DataType] = {
    "mention": pl.String(),
    "topic": pl.String(),
    "priority": pl.String(),
    "queue": pl.String(),
    "language": pl.String(),
    "country": pl.String(),
    "sentiment": pl.String(),
}
"""Optional columns of a message that its wait carries on, to be measured by."""


@dataclass(frozen=True)
class Table:
    """A documented table: its columns, its key, and what must be true of every row."""

    name: str
    key: str
    key_is_unique: bool
    columns: Mapping[str, pl.DataType]
    optional: Mapping[str, pl.DataType] = field(default_factory=dict)
    rules: Mapping[str, pl.Expr] = field(default_factory=dict)

    @property
    def all_columns(self) -> dict[str, pl.DataType]:
        """The columns there must be and those there may be."""
        return {**self.columns, **self.optional}


def same_as_before(column: str) -> pl.Expr:
    """True where a row has the same value as the row above it."""
    return pl.col(column).eq_missing(pl.col(column).shift())


SAME_CONVERSATION = same_as_before("conversation_id").fill_null(False)

_FROM_CUSTOMER = pl.when(pl.col("sender") == "customer")
_LAST_ASKED = _FROM_CUSTOMER.then("conversation_id").forward_fill().shift()
_LAST_CUSTOMER = _FROM_CUSTOMER.then("sender_id").forward_fill().shift()

CUSTOMER = _FROM_CUSTOMER.then("sender_id").drop_nulls().first().over("conversation_id")
"""Who the customer of a message's conversation is."""

MESSAGES = Table(
    name="messages",
    key="message_id",
    key_is_unique=True,
    columns={
        "message_id": pl.String(),
        "conversation_id": pl.String(),
        "brand": pl.Categorical(),
        "channel": pl.Categorical(),
        "sender": pl.Enum(SENDERS),
        "sender_id": pl.String(),
        "sent_at": TIME,
    },
    optional={
        "industry": pl.Categorical(),
        "in_reply_to": pl.String(),
        "permalink": pl.String(),
        **DIMENSIONS,
        "needs_reply": pl.Boolean(),
        "text": pl.String(),
        "person_id": pl.String(),
        "as_of": TIME,
    },
    rules={
        "message_id is there": pl.col("message_id").is_not_null(),
        "conversation_id is there": pl.col("conversation_id").is_not_null(),
        "brand is there": pl.col("brand").is_not_null(),
        "channel is there": pl.col("channel").is_not_null(),
        "sender is customer, agent or bot": pl.col("sender").is_not_null(),
        "sent_at is a time": pl.col("sent_at").is_not_null(),
        "a conversation has one brand": ~SAME_CONVERSATION | same_as_before("brand"),
        "a conversation has one channel": ~SAME_CONVERSATION | same_as_before("channel"),
        "a conversation has one customer (so make its id of thread, customer and brand)": (
            (pl.col("sender") != "customer")
            | pl.col("conversation_id").ne_missing(_LAST_ASKED)
            | pl.col("sender_id").eq_missing(_LAST_CUSTOMER)
        ),
    },
)

EVENTS = Table(
    name="events",
    key="conversation_id",
    key_is_unique=False,
    columns={
        "conversation_id": pl.String(),
        "at": TIME,
        "kind": pl.Enum(EVENT_KINDS),
    },
    optional={"actor_id": pl.String()},
    rules={
        "conversation_id is there": pl.col("conversation_id").is_not_null(),
        "at is a time": pl.col("at").is_not_null(),
        "kind is one of " + ", ".join(EVENT_KINDS): pl.col("kind").is_not_null(),
    },
)

WAITS = Table(
    name="waits",
    key="wait_id",
    key_is_unique=True,
    columns={
        "wait_id": pl.String(),
        "conversation_id": pl.String(),
        "customer_id": pl.String(),
        "brand": pl.Categorical(),
        "industry": pl.Categorical(),
        "channel": pl.Categorical(),
        "is_first": pl.Boolean(),
        "started_at": TIME,
        "ended_at": TIME,
        "outcome": pl.Enum(OUTCOMES),
        "opening_message_id": pl.String(),
        "reply_message_id": pl.String(),
        "wait_seconds": pl.Int64(),
        "business_seconds": pl.Int64(),
        "bot_seconds": pl.Int64(),
        "assigned_at": TIME,
        "agent_id": pl.String(),
        "messages_in_wait": pl.Int64(),
        "needs_reply": pl.Boolean(),
    },
    optional={
        **DIMENSIONS,
        "credited_by_hand": pl.Boolean(),
        "involved": pl.List(pl.String()),
        "business_watched_seconds": pl.Int64(),
        "business_queue_seconds": pl.Int64(),
        "in_opening_hours": pl.Boolean(),
        "as_of": TIME,
    },
    rules={
        "a wait is never negative": pl.col("wait_seconds") >= 0,
        "a wait that is over has an end": (pl.col("outcome") == "awaiting")
        | pl.col("ended_at").is_not_null(),
        "a replied wait names its reply": (pl.col("outcome") != "replied")
        | pl.col("reply_message_id").is_not_null(),
    },
)

ESTIMATES: Mapping[str, pl.DataType] = {
    "metric": pl.String(),
    "estimate": pl.Float64(),
    "lower": pl.Float64(),
    "upper": pl.Float64(),
    "bound_lower": pl.Float64(),
    "bound_upper": pl.Float64(),
    "n": pl.Int64(),
    "n_replied": pl.Int64(),
    "status": pl.Enum(STATUSES),
    "method": pl.String(),
    "definition": pl.String(),
}
"""The columns of an estimate, after those it is grouped by.

`lower` and `upper` are its interval; `bound_lower` and `bound_upper`, where there are any, what
is certain: between them it ends up, whatever becomes of waits still open.
"""

_KNOWN = {"kind", "at", "number", *MESSAGES.all_columns, *WAITS.all_columns}


def dimensions_in(columns: Iterable[str]) -> list[str]:
    """Of the columns of messages or waits, those to measure by: benchkit's own, and what was added to them.

    >>> dimensions_in(["segment", "wait_id", "topic"])
    ['topic', 'segment']
    """
    names = list(columns)
    return [name for name in DIMENSIONS if name in names] + [name for name in names if name not in _KNOWN]


BAND = ("band_lower", "band_upper")
"""What a curve has beside: between these lies the whole of it."""


class RuleError(BenchkitError):
    """Rows that break a rule of their table."""


def check(frame: pl.LazyFrame, table: Table, *more: pl.Expr) -> dict[str, Any]:
    """Hold a frame to a table's schema and rules; return its `rows`, and what `more` says of it.

    >>> import polars as pl
    >>> check(pl.LazyFrame(schema=EVENTS.columns), EVENTS)["rows"]
    0

    Raises `UnknownNameError` for a missing column, `BenchkitError` for a wrong type, and
    `RuleError` for a broken rule, naming the rule, how many rows break it, and the keys of a
    few of them.
    """
    schema = frame.collect_schema()
    for column, dtype in table.all_columns.items():
        if column not in schema:
            if column in table.columns:
                raise UnknownNameError("column", column, schema.names(), where=f"in {table.name}")
        elif schema[column] != dtype:
            raise BenchkitError(
                f"column {column} of {table.name} is {schema[column]}, it must be {dtype}; cast it first"
            )
    broken = {sentence: ~rule.fill_null(False) for sentence, rule in table.rules.items()}
    facts = frame.select(
        *more,
        pl.len().alias("rows"),
        proves_unique(pl.col(table.key)).alias("unique"),
        *(rule.sum().alias(sentence) for sentence, rule in broken.items()),
    )
    found = facts.collect().row(0, named=True)
    if table.key_is_unique and not found["unique"]:
        sentence = f"{table.key} is unique"
        broken[sentence] = ~pl.col(table.key).is_unique()
        found[sentence] = frame.select(broken[sentence].sum()).collect().item()
    for sentence, rule in broken.items():
        if found[sentence]:
            keys = frame.filter(rule).select(table.key).head(3).collect().to_series().to_list()
            named = ", ".join(show(key) for key in keys)
            raise RuleError(
                f"{found[sentence]:,} of {found['rows']:,} rows of {table.name} break the rule "
                f"'{sentence}', e.g. {named}"
            )
    return found


def watched_until(rows: pl.LazyFrame, as_of: datetime) -> pl.Expr:
    """Until when messages or waits could be seen: when the extract was taken, or the newest of theirs."""
    taken_at = pl.lit(as_of, TIME)
    return pl.col("as_of").fill_null(taken_at) if "as_of" in rows.collect_schema() else taken_at


def proves_unique(key: pl.Expr) -> pl.Expr:
    """Whether all hashes differ: a proof in a third of the time that it takes to look for duplicates."""
    hashes = key.hash().sort()
    return (hashes != hashes.shift()).all()
