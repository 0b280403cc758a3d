"""Who is an agent, and what agents are called."""

from __future__ import annotations

import polars as pl

from benchkit.sources.zendesk.tables import Tables
from benchkit.times import iso_time

AGENTS = ("agent", "admin")


def people_of(tables: Tables) -> pl.DataFrame:
    """One row per user: `id`, `is_agent`, `is_former` for agents whose role is an end-user's by now, `name`.

    Whoever was assigned a ticket is an agent: when one leaves, Zendesk's advice is to make them
    an end-user, which their role then says of all that they ever wrote. Agents of one name are
    told apart by their ids. Those of whom nothing is told but that they were assigned are there too.
    """
    known = (
        tables.frame("users")
        .with_columns(iso_time(pl.col("updated_at")).alias("updated_at"))
        .sort("updated_at", nulls_last=False, maintain_order=True)
        .group_by("id", maintain_order=True)
        .agg(pl.col("name", "role").drop_nulls().last())
    )
    changes = tables.frame("changes").filter(pl.col("field") == "assignee_id")
    assigned = pl.concat(
        [
            tables.frame("tickets").select(pl.col("assignee_id").alias("id")),
            changes.select(pl.col("value").alias("id")),
            changes.select(pl.col("previous").alias("id")),
        ]
    ).drop_nulls()
    was_assigned = pl.col("id").is_in(assigned["id"].unique().implode())
    role = pl.col("role").str.to_lowercase()
    has_role = role.is_in(AGENTS).fill_null(False)
    people = known.join(assigned.unique("id"), on="id", how="full", coalesce=True).with_columns(
        (has_role | was_assigned).alias("is_agent"),
        (was_assigned & (role == "end-user").fill_null(False)).alias("is_former"),
        (role == "end-user").fill_null(False).alias("is_end_user"),
    )
    agents = people.filter("is_agent")
    shared = agents.filter(pl.col("name").is_duplicated())["name"].drop_nulls().unique()
    told_apart = pl.concat_str("name", pl.lit(" ("), "id", pl.lit(")"))
    name = (
        pl.when(pl.col("name").is_null())
        .then(pl.concat_str(pl.lit("agent "), "id"))
        .when(pl.col("name").is_in(shared.implode()))
        .then(told_apart)
        .otherwise("name")
    )
    return people.select("id", "is_agent", "is_former", "is_end_user", name.alias("name")).sort("id")
