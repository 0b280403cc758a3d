"""Chatwoot's tables, straight from its PostgreSQL."""

# ruff: noqa: S608 (queries are put together of names that stand here, and of a time)

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from benchkit.errors import BenchkitError
from benchkit.sources.chatwoot import tables as t
from benchkit.sources.chatwoot.happenings import REPORTED
from benchkit.sources.raw.queries import Ask, open_snapshot

Columns = Mapping[str, frozenset[str]]
"""The columns of each table that the database's user may read."""

NEEDED = {
    "messages": ("id", "conversation_id", "message_type", "created_at", "sender_type", "sender_id"),
    "conversations": ("id", "inbox_id", "contact_id"),
    "inboxes": ("id", "channel_type"),
}
_WANTED = (*NEEDED, "accounts", "users", "reporting_events", "working_hours")


def read_database(where: str, *, since: datetime | None, keep_text: bool) -> tuple[t.Tables, datetime]:
    """The tables as they are at one moment, and that moment by the database's own clock.

    With `since`, of conversations that changed since then or are not resolved; each is whole.
    Columns that a version of Chatwoot lacks, or that the user may not read, are done without,
    where they can be. Raises `BenchkitError` for a database that is no Chatwoot.
    """
    with open_snapshot(where) as ask:
        columns = _columns(ask, where)
        chosen = "" if since is None else _changed_since(since, columns)
        return (
            t.Tables(
                messages=_messages(ask, columns, chosen, keep_text=keep_text),
                conversations=_conversations(ask, columns, chosen),
                agents=_agents(ask, columns),
                happened=_happened(ask, columns, chosen),
                hours=_hours(ask, columns),
            ),
            ask("SELECT now() AS now").item(),
        )


def _columns(ask: Ask, where: str) -> Columns:
    tables = ", ".join(f"'{table}'" for table in _WANTED)
    listed = ask(
        "SELECT table_name::text AS name, column_name::text AS part FROM information_schema.columns "
        f"WHERE table_schema = ANY (current_schemas(false)) AND table_name IN ({tables})"
    )
    columns = {table: frozenset(listed.filter(pl.col("name") == table)["part"]) for table in _WANTED}
    for table, names in NEEDED.items():
        for name in names:
            if name not in columns[table]:
                raise BenchkitError(
                    f"the database of {where} is no Chatwoot that can be read: its user sees no column "
                    f"{name} in a table {table}; name Chatwoot's own database, or let the user read it"
                )
    return columns


def _changed_since(since: datetime, columns: Columns) -> str:
    """The ids of the conversations to read."""
    at = f"TIMESTAMP '{since:%Y-%m-%d %H:%M:%S.%f}'"
    there = columns["conversations"]
    changed = [f"c.{name} >= {at}" for name in ("updated_at", "last_activity_at") if name in there]
    changed += ["c.status IS DISTINCT FROM 1"] if "status" in there else []
    written = f"SELECT conversation_id FROM messages WHERE created_at >= {at}"
    if "updated_at" in columns["messages"]:
        written += f" OR updated_at >= {at}"
    changed.append(f"c.id IN ({written})")
    if {"conversation_id", "created_at"} <= columns["reporting_events"]:
        changed.append(f"c.id IN (SELECT conversation_id FROM reporting_events WHERE created_at >= {at})")
    return f"(SELECT c.id FROM conversations AS c WHERE {' OR '.join(changed)})"


def _messages(ask: Ask, columns: Columns, chosen: str, *, keep_text: bool) -> pl.DataFrame:
    """A row's `line` is its id; of its attributes, JSON or JSON in a JSON text, only what counts is read."""
    there = columns["messages"]
    cells = {
        "line": "coalesce(m.id, 0)::bigint",
        "message_id": "m.id::text",
        "conversation": "m.conversation_id::text",
        "message_type": "m.message_type::bigint",
        "private": "m.private" if "private" in there else "false",
        "sent_at": _time("m.created_at"),
        "sender_type": "m.sender_type::text",
        "sender_id": "m.sender_id::text",
        "is_automatic": f"{_tells('automation_rule_id', _ID)} OR {_tells('campaign_id', _ID, of='a.more')}",
        "is_echo": _tells("external_echo", 'true|"[^"]|[1-9]'),
        "is_deleted": _tells("deleted", "true"),
        "is_reaction": _tells("is_reaction", "true"),
        "is_failed": f"m.status = {t.FAILED}" if "status" in there else "false",
        "became": f"CASE WHEN m.message_type = {t.ACTIVITY} THEN substring(a.told from {_BECAME}) END",
    }
    if "content" in there:
        cells["activity"] = f"CASE WHEN m.message_type = {t.ACTIVITY} THEN m.content END"
    if keep_text:
        cells["text"] = "m.content" if "content" in there else "NULL::text"
    told, more = (
        f"to_json(m.{name}) #>> '{{}}'" if name in there else "NULL::text"
        for name in ("content_attributes", "additional_attributes")
    )
    attributes = f"LATERAL (SELECT {told} AS told, {more} AS more OFFSET 0) AS a"  # once for each row
    query = f"SELECT {_list(cells)} FROM messages AS m, {attributes}"
    rows = ask(query + (f" WHERE m.conversation_id IN {chosen}" if chosen else ""))
    rows = rows.with_columns(pl.lit("messages").alias("file")).sort("line")
    return t.fitted(rows, t.MESSAGE, *(["text"] if keep_text else []))


_ID = '"?[0-9]'
_BECAME = r"""'"conversation_status_changed".*"status"\s*:\s*"([a-z_]+)"'"""


def _tells(key: str, value: str, *, of: str = "a.told") -> str:
    """Whether attributes, which may hold whole emails, have a value like this under the key."""
    return f"""(strpos({of}, '"{key}"') > 0 AND {of} ~ '"{key}"\\s*:\\s*({value})')"""


def _conversations(ask: Ask, columns: Columns, chosen: str) -> pl.DataFrame:
    there, inboxes = columns["conversations"], columns["inboxes"]
    accounts = {"id", "name"} <= columns["accounts"] and "account_id" in there
    account = "c.account_id::text || '/' || " if "account_id" in there else ""
    cells = {
        "conversation": "c.id::text",
        "conversation_id": f"{account}c.{'display_id' if 'display_id' in there else 'id'}::text",
        "brand": "a.name::text" if accounts else "NULL::text",
        "inbox": "c.inbox_id::text",
        "channel_type": "i.channel_type::text",
        "kind": "to_json(c.additional_attributes) ->> 'type'"
        if "additional_attributes" in there
        else "NULL::text",
        "contact_id": "c.contact_id::text",
        "status": _word("c.status", t.STATUSES) if "status" in there else "NULL::text",
        "last_activity_at": _time("c.last_activity_at") if "last_activity_at" in there else "NULL::timestamp",
        "queue": "i.name::text" if "name" in inboxes else "NULL::text",
        "priority": _word("c.priority", t.PRIORITIES) if "priority" in there else "NULL::text",
        "topic": "nullif(c.cached_label_list, '')::text" if "cached_label_list" in there else "NULL::text",
    }
    joins = "LEFT JOIN inboxes AS i ON i.id = c.inbox_id"
    joins += " LEFT JOIN accounts AS a ON a.id = c.account_id" if accounts else ""
    query = f"SELECT {_list(cells)} FROM conversations AS c {joins}"
    return t.fitted(ask(query + (f" WHERE c.id IN {chosen}" if chosen else "")), t.CONVERSATION)


def _agents(ask: Ask, columns: Columns) -> pl.DataFrame:
    if not {"id", "name"} <= columns["users"]:
        return t.AGENT.to_frame()
    return t.fitted(ask("SELECT id::text AS agent, name::text AS name FROM users"), t.AGENT)


def _happened(ask: Ask, columns: Columns, chosen: str) -> pl.DataFrame:
    there = columns["reporting_events"]
    if not {"conversation_id", "name", "created_at"} <= there:
        return t.HAPPENED.to_frame()
    ended = "coalesce(event_end_time, created_at)" if "event_end_time" in there else "created_at"
    names = ", ".join(f"'{name}'" for name in REPORTED)
    cells = {
        "conversation": "conversation_id::text",
        "name": "name::text",
        "at": _time(ended),
        "agent": "user_id::text" if "user_id" in there else "NULL::text",
    }
    query = f"SELECT {_list(cells)} FROM reporting_events WHERE name IN ({names})"
    return t.fitted(ask(query + (f" AND conversation_id IN {chosen}" if chosen else "")), t.HAPPENED)


def _hours(ask: Ask, columns: Columns) -> pl.DataFrame:
    there = columns["working_hours"]
    of_days = ("day_of_week", "open_hour", "open_minutes", "close_hour", "close_minutes")
    if not {"inbox_id", *of_days} <= there or not {"working_hours_enabled", "timezone"} <= columns["inboxes"]:
        return t.HOURS.to_frame()
    cells = {"inbox": "w.inbox_id::text", "timezone": "i.timezone::text"}
    cells |= {name: f"w.{name}::bigint" for name in of_days}
    cells |= {name: f"w.{name}" for name in ("closed_all_day", "open_all_day") if name in there}
    query = (
        f"SELECT {_list(cells)} FROM working_hours AS w JOIN inboxes AS i ON i.id = w.inbox_id "
        "WHERE i.working_hours_enabled ORDER BY w.inbox_id, w.day_of_week"
    )
    return t.fitted(ask(query), t.HOURS)


def _list(cells: Mapping[str, str]) -> str:
    return ", ".join(f"{cell} AS {name}" for name, cell in cells.items())


def _time(cell: str) -> str:
    """A time, whether the column says a zone or, as Chatwoot's do, holds UTC; infinity is none."""
    return f"CASE WHEN isfinite({cell}) THEN ({cell})::timestamp END"


def _word(cell: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{listed}])[{cell} + 1]"
