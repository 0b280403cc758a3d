"""The tables into which pages of Zendesk's API are taken apart, text as it came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from benchkit.dataset import EXCLUDED


class Where(NamedTuple):
    """The file and line of a record."""

    file: str
    line: int | None


def _texts(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, pl.String())


_WHERE = {"file": pl.String(), "line": pl.Int64()}
COLUMNS: dict[str, dict[str, pl.DataType]] = {
    "tickets": {
        **_WHERE,
        **_texts(
            "conversation_id", "requester_id", "assignee_id", "group_id", "brand_id", "status", "priority"
        ),
        **_texts("code", "rel", "service", "created_at", "updated_at", "url"),
        "is_merged": pl.Boolean(),
    },
    "users": _texts("id", "name", "role", "updated_at"),
    "groups": _texts("id", "name"),
    "brands": _texts("id", "name"),
    "messages": {
        **_WHERE,
        **_texts("update", "type", "conversation_id", "message_id", "author_id", "said", "title"),
        **_texts("sent_at", "code", "recipients", "text"),
        **dict.fromkeys(("public", "by_machine", "by_merge"), pl.Boolean()),
    },
    "updates": _texts("conversation_id"),
    "privacy": {"message_id": pl.String(), "public": pl.Boolean()},
    "changes": _texts("conversation_id", "at", "field", "value", "previous", "author_id"),
    "clocks": _texts("conversation_id", "at", "kind"),
    "merges": {**_texts("source", "target"), "is_certain": pl.Boolean()},
    "deleted": _texts("conversation_id"),
    "suspended": {**_WHERE, **_texts("message_id", "conversation_id", "sent_at")},
    "ends": _texts("at"),
    "lost": dict(EXCLUDED),
}
"""What each table holds: `said` is the sender's type by the conversation log, `update` numbers audits."""


class Tables:
    """Rows of each of the `COLUMNS`, gathered one by one; texts of messages only with `keep_text`."""

    def __init__(self, *, keep_text: bool) -> None:
        self.keep_text = keep_text
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}

    def put(self, table: str, values: dict[str, Any]) -> None:
        """Add a row, with nothing where no value is told."""
        self._rows[table].append(tuple(map(values.get, COLUMNS[table])))

    def count(self, *tables: str) -> int:
        """How many rows these tables have."""
        return sum(len(self._rows[table]) for table in tables)

    def rows(self, table: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a table as they were added."""
        return self._rows[table]

    def frame(self, table: str) -> pl.DataFrame:
        """One of the tables as a frame."""
        return pl.DataFrame(self._rows[table], schema=COLUMNS[table], orient="row")

    def left_out(self) -> pl.DataFrame:
        """What is no record, and suspended tickets, which reached nobody, as `EXCLUDED`."""
        told = pl.struct("message_id", "conversation_id", "sent_at").struct.json_encode()
        why = {"kind": "rule", "reason": "a suspended ticket"}
        suspended = self.frame("suspended").select(
            "file", "line", *(pl.lit(value).alias(name) for name, value in why.items()), told.alias("row")
        )
        return pl.concat([self.frame("lost"), suspended])
