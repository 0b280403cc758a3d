"""What happened to tickets: opened, assigned, solved and reopened."""

from __future__ import annotations

import polars as pl

from benchkit.schema import EVENTS
from benchkit.sources.zendesk.tables import Tables
from benchkit.times import iso_time

DONE = ("solved", "closed")
CLOCK = {"fulfill": "closed", "activate": "reopened"}


def events_of(tables: Tables, tickets: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Events in the columns of `schema.EVENTS`, of these `tickets`, each once, in order.

    Solving closes a ticket, and Zendesk's later status `closed` is no second closing. Of tickets
    without a change of status in any update, the clock of the requester's wait tells the same:
    solving fulfils it, and it runs again when a ticket is reopened; it does not tell who did it.
    """
    changes = tables.frame("changes").with_columns(iso_time(pl.col("at")).alias("at"))
    status = changes.filter(pl.col("field") == "status")
    is_done, was_done = pl.col("value").is_in(DONE), pl.col("previous").is_in(DONE).fill_null(False)
    closed = status.filter(is_done & ~was_done).with_columns(kind=pl.lit("closed"), actor="author_id")
    reopened = status.filter(~is_done & was_done).with_columns(kind=pl.lit("reopened"), actor="author_id")
    assigned = changes.filter(
        (pl.col("field") == "assignee_id") & pl.col("value").is_not_null()
    ).with_columns(kind=pl.lit("assigned"), actor="value")
    opened = tickets.select("conversation_id", pl.col("created_at").alias("at"), kind=pl.lit("opened"))
    told = pl.concat([opened, closed, reopened, assigned, _by_clock(tables, status)], how="diagonal")
    agents = people.filter("is_agent")
    name = pl.col("actor").replace_strict(agents["id"], agents["name"], default=None, return_dtype=pl.String)
    return (
        told.filter(pl.col("at").is_not_null())
        .join(tickets.select("conversation_id", "brand"), on="conversation_id")
        .select(
            "conversation_id",
            "at",
            pl.col("kind").cast(EVENTS.columns["kind"]),
            pl.concat_str("brand", pl.lit("/"), name).alias("actor_id"),
        )
        .unique()
        .sort("conversation_id", "at", "kind", "actor_id")
    )


def _by_clock(tables: Tables, status: pl.DataFrame) -> pl.DataFrame:
    same_ticket = pl.col("conversation_id") == pl.col("conversation_id").shift()
    ran_out = (pl.col("kind").shift() == "fulfill") & same_ticket
    return (
        tables.frame("clocks")
        .filter(pl.col("kind").is_in(list(CLOCK)))
        .with_columns(iso_time(pl.col("at")).alias("at"))
        .join(status, on="conversation_id", how="anti")
        .unique()
        .sort("conversation_id", "at", "kind", descending=[False, False, True])
        .filter((pl.col("kind") == "fulfill") | ran_out)
        .with_columns(pl.col("kind").replace(CLOCK))
    )
