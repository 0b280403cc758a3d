"""A database ingested again and again: only what changed is read, and the store is as if all had been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from benchkit import find_waits, open_dataset
from benchkit.sources.chatwoot import read_chatwoot
from benchkit.store import ingest
from tests import chatwoot_rows as rows
from tests.chatwoot_rows import at
from tests.postgres import PASSWORD, Server, running_server

CLEAN = "DELETE FROM messages WHERE message_type = 9 OR created_at < '2000-01-01'"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def test_chatwoot_is_read_incrementally_into_the_store(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHATWOOT_URI", server.database("stored", *rows.statements(), CLEAN))
    first = ingest("chatwoot", "env:CHATWOOT_URI", name="acme", root=tmp_path)
    server.run(
        "UPDATE conversations SET status = 0, updated_at = now() AT TIME ZONE 'UTC' WHERE id = 105",
        rows.insert("messages", [rows.message(400, 5, "23:00", 0, rows.contact(14))]),
        rows.insert("reporting_events", [rows.event(9, "conversation_opened", 5, None, "23:00")]),
        database="stored",
    )
    second = ingest("chatwoot", "env:CHATWOOT_URI", name="acme", root=tmp_path)
    assert (second.changed, second.added) == (True, 1)

    manifest = json.loads((tmp_path / "acme" / "manifest.json").read_text(encoding="utf-8"))
    told = [(source["files"], source["rows_kept"]) for source in manifest["sources"]]
    assert [[file["name"] for file in files] for files, _ in told] == [["env:CHATWOOT_URI"]] * 2
    assert told[1][1] < told[0][1]  # not all of it was read again
    (span,) = manifest["watched"]
    assert (span["since"], span["as_of"]) == (first.as_of, second.as_of)
    assert span["of"] == manifest["sources"][0]["of"]

    stored, whole = open_dataset("acme", root=tmp_path), read_chatwoot("env:CHATWOOT_URI")
    assert stored.calendars == whole.calendars
    columns = [
        "wait_id",
        "conversation_id",
        "outcome",
        "started_at",
        "ended_at",
        "agent_id",
        "messages_in_wait",
    ]
    waits, now = (find_waits(data).frame.sort("started_at", "wait_id").collect() for data in (stored, whole))
    again = pl.col("conversation_id") == "1/5"
    assert waits.filter(~again).select(columns).equals(now.filter(~again).select(columns))
    # the database tells a closing that was never reported only until the conversation is opened again
    assert waits.filter(again)["outcome"].to_list() == ["closed", "awaiting"]
    assert now.filter(again)["outcome"].to_list() == ["awaiting"]
    open_until = waits.filter(outcome="awaiting").select(
        pl.col("started_at") + pl.duration(seconds="wait_seconds")
    )
    assert open_until.height == 3
    until = datetime.fromisoformat(second.as_of)
    assert all(abs((time - until).total_seconds()) < 1 for time in open_until.to_series())
    assert at("23:00") in waits["started_at"].to_list()

    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in (PASSWORD, server.uri(database="stored"), *rows.SECRETS):
        assert secret.encode() not in everything
