"""Tickets as conversations: the newest of each, who asks whom where, and which are none of ours."""

from __future__ import annotations

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.sources.zendesk.tables import Tables
from benchkit.sources.zendesk.vias import channel_of
from benchkit.times import iso_time

REASONS = {
    "a deleted ticket": "rule",
    "a ticket without an id": "unreadable",
    "a ticket without a requester": "unreadable",
    "a ticket of a brand that is not among the brands": "unreadable",
    "a ticket that says no channel": "unreadable",
    "a ticket merged into another one": "rule",
    "a side conversation": "rule",
    "a sample ticket": "rule",
}
"""What a ticket and all in it is left out for, and of which kind that is; of several, the first."""

_ADDRESS = r"^(https://[a-z0-9.-]+)/api/v2/tickets/(\d+)(?:\.json)?$"


def tickets_of(tables: Tables, *, brand: str, channel: str) -> pl.DataFrame:
    """One row per ticket: customer, brand, channel, queue, and the `reason` that it is left out for, if any.

    A ticket comes on several pages where it changed while they were fetched: the newest by
    `updated_at` is taken, and of equals the last.
    """
    times = (iso_time(pl.col(name)).alias(name) for name in ("created_at", "updated_at"))
    read = tables.frame("tickets").with_columns(*times)
    in_order = read.sort("updated_at", nulls_last=False, maintain_order=True)
    is_newest = pl.col("conversation_id").is_null() | pl.col("conversation_id").is_last_distinct()
    tickets = in_order.filter(is_newest).with_columns(
        pl.coalesce(_named(tables, "brands", "brand_id"), pl.lit(brand or None, pl.String)).alias("brand"),
        _channel(read, channel).alias("channel"),
        _named(tables, "groups", "group_id").alias("queue"),
        pl.when(pl.col("url").str.contains(_ADDRESS))
        .then(pl.col("url").str.replace(_ADDRESS, "$1/agent/tickets/$2"))
        .alias("permalink"),
    )
    gone = tables.frame("deleted")["conversation_id"].drop_nulls()
    tests = (
        pl.col("status").is_in(("deleted", "scrubbed")) | pl.col("conversation_id").is_in(gone.implode()),
        pl.col("conversation_id").is_null(),
        pl.col("requester_id").is_null(),
        pl.col("brand").is_null(),
        pl.col("channel").is_null(),
        pl.col("is_merged"),
        pl.col("code") == "side_conversation",
        pl.col("code").is_in(("sample_ticket", "sample_interactive_ticket")),
    )
    applies = (pl.when(test).then(pl.lit(reason)) for reason, test in zip(REASONS, tests, strict=True))
    return tickets.with_columns(pl.coalesce(applies).alias("reason"))


def left_out(tickets: pl.DataFrame) -> pl.DataFrame:
    """The tickets that are left out, as rows of `EXCLUDED`."""
    row = pl.struct("conversation_id", pl.col("requester_id").alias("sender_id"), "brand", "channel")
    kind = pl.col("reason").replace_strict(REASONS, default=None, return_dtype=pl.String)
    return as_excluded(
        tickets.filter(pl.col("reason").is_not_null()).select(
            "file", "line", kind.alias("kind"), "reason", row.struct.json_encode().alias("row")
        )
    )


def merged_into(tables: Tables, tickets: pl.DataFrame) -> dict[str, str]:
    """Of tickets that were merged, into which, as far as anything says.

    The export of ticket events names the merged ones at the ticket that stayed. The comment that
    a merge adds names the other ticket; which of them was closed, its tag `closed_by_merge` says.
    """
    there = set(tickets["conversation_id"].drop_nulls())
    closed = set(tickets.filter("is_merged")["conversation_id"].drop_nulls())
    into: dict[str, str] = {}
    for source, target, is_certain in tables.rows("merges"):
        if source in there and target in there and (is_certain or (source in closed) != (target in closed)):
            swapped = not is_certain and target in closed
            into.setdefault(*((target, source) if swapped else (source, target)))
    last = {}
    for source, target in into.items():
        seen = {source}
        while target in into and target not in seen:
            seen.add(target)
            target = into[target]
        if target not in seen:
            last[source] = target
    return last


def _named(tables: Tables, table: str, column: str) -> pl.Expr:
    """The names of brands or groups by their ids."""
    names = tables.frame(table).drop_nulls().unique("id", keep="last", maintain_order=True)
    if names.is_empty():
        return pl.lit(None, pl.String)
    return pl.col(column).replace_strict(names["id"], names["name"], default=None, return_dtype=pl.String)


def _channel(tickets: pl.DataFrame, channel: str) -> pl.Expr:
    """The channels in benchkit's words, looked up once for each way that a ticket came."""
    way = pl.struct("code", "rel", "service").struct.json_encode()
    ways = (
        tickets.filter(pl.col("code").is_not_null())
        .select("code", "rel", "service", way.alias("way"))
        .unique()
    )
    words = [channel_of(code, rel, service) for code, rel, service, _ in ways.iter_rows()]
    found = way.replace_strict(ways["way"], pl.Series(words, dtype=pl.String), default=None)
    return pl.coalesce(found, pl.lit(channel or None, pl.String))
