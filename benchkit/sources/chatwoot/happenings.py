"""What happened to Chatwoot's conversations: closings, reopenings, hand-offs and assignments."""

from __future__ import annotations

import polars as pl

from benchkit.schema import EVENTS
from benchkit.sources.chatwoot.tables import ACTIVITY, Tables

REPORTED = {
    "conversation_resolved": "closed",
    "conversation_opened": "reopened",
    "conversation_bot_handoff": "handed_off",
}
"""Names of reporting events that tell what happened."""

_BECAME = {"resolved": "closed", "open": "reopened", "snoozed": "snoozed"}
_TOLD = {
    r"^Conversation was (?:marked )?resolved ": "closed",
    r"^(?:Conversation was (?:reopened|marked open) |System reopened )": "reopened",
    r"^Conversation was snoozed ": "snoozed",
    r"^Assigned to .+ by | self-assigned this conversation$": "assigned",
}
_ASSIGNED_TO = (r"^Assigned to (.+?)(?: via .+)? by ", r"^(.+) self-assigned this conversation$")
_KIND = EVENTS.columns["kind"]

NOT_READ = (
    "activities were not understood, not one of them being in English, so that closings and "
    "assignments may be missing"
)
CLOSED_WHEN = "conversations are resolved with no record of when, and count as closed at their last activity"


def events_of(tables: Tables, names: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The events by `conversation`, and notes on what had to be supposed.

    What Chatwoot reported counts; of a conversation of which it reported no change of a kind,
    the activities that stand among its messages do, by the status they hold or, in English, by
    their words. `names` are agents by `agent` and by `name`, as they are shown.
    """
    activities, n_unread = _activities(tables, names)
    reported = _reported(tables, names)
    unreported = activities.join(reported, on=["conversation", "kind"], how="anti")
    known = pl.concat([reported, unreported])
    supposed = _closed_in_the_end(tables, known)
    notes = {NOT_READ: n_unread, CLOSED_WHEN: supposed.height}
    events = pl.concat([known, supposed]).filter(pl.col("at").is_not_null())
    return events.unique().sort("conversation", "at", "kind"), {note: n for note, n in notes.items() if n}


def _reported(tables: Tables, names: pl.DataFrame) -> pl.DataFrame:
    shown = names.select("agent", pl.col("shown").alias("actor_id"))
    kind = pl.col("name").replace_strict(REPORTED, default=None, return_dtype=_KIND)
    happened = tables.happened.with_columns(kind.alias("kind")).filter(pl.col("kind").is_not_null())
    return happened.join(shown, on="agent", how="left").select(_COLUMNS)


def _activities(tables: Tables, names: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The activities that tell an event, and how many there are if none of them could be understood."""
    words = pl.col("activity")
    by_words = pl.coalesce(
        pl.when(words.str.contains(form)).then(pl.lit(kind)) for form, kind in _TOLD.items()
    )
    kind = pl.col("became").replace_strict(_BECAME, default=None, return_dtype=pl.String)
    kind = pl.when(pl.col("became").is_null()).then(by_words).otherwise(kind)
    rows = tables.messages.filter(pl.col("message_type") == ACTIVITY).select(
        "conversation",
        pl.col("sent_at").alias("at"),
        kind.cast(_KIND).alias("kind"),
        pl.coalesce(words.str.extract(form) for form in _ASSIGNED_TO).alias("name"),
    )
    told = rows.filter(pl.col("kind").is_not_null())
    n_unread = 0 if told.height else rows.height
    alone = names.filter(~pl.col("name").is_duplicated())
    named = told.join(alone.select("name", pl.col("shown").alias("actor_id")), on="name", how="left")
    is_known = (pl.col("kind") != "assigned") | pl.col("actor_id").is_not_null()  # else it went to a team
    return named.filter(is_known).select(_COLUMNS), n_unread


def _closed_in_the_end(tables: Tables, known: pl.DataFrame) -> pl.DataFrame:
    """A closing for each conversation that is resolved though nothing says when."""
    resolved = tables.conversations.filter(pl.col("status") == "resolved")
    without = resolved.join(known.filter(pl.col("kind") == "closed"), on="conversation", how="anti")
    last = tables.messages.group_by("conversation").agg(pl.col("sent_at").max().alias("last"))
    return without.join(last, on="conversation", how="left").select(
        "conversation",
        pl.coalesce("last_activity_at", "last").alias("at"),
        pl.lit("closed").cast(_KIND).alias("kind"),
        pl.lit(None, pl.String).alias("actor_id"),
    )


_COLUMNS = ("conversation", "at", "kind", "actor_id")
