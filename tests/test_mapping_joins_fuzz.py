"""Whatever two files that are joined hold, or do not hold: a Dataset, or one of benchkit's own errors."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from benchkit import find_waits
from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.exports import read_export
from tests.fuzzing import fuzz

Records = list[dict[str, Any]]


def assert_sound(format_name: str, path: Path) -> Dataset | None:
    """Read an export: a Dataset whose waits can be found, or a sentence (None)."""
    try:
        data = read_export(format_name, path, brand="Acme", timezone="UTC")
    except BenchkitError as error:
        said = str(error)
    else:
        said = ""
    assert said.isprintable()
    if said:
        return None
    check(data.messages, MESSAGES)
    if data.events is not None:
        check(data.events, EVENTS)
    find_waits(data).frame.collect()
    return data


def optional(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


KEY = st.sampled_from([1, 2, 3, "1", "2", " 1", "1.0", "01", "", "-", None, True, 1.0, 2.5, 1e300, -1])
ODD_KEY = KEY | st.integers(-(2**70), 2**70) | st.text(max_size=4) | st.lists(st.integers(0, 2), max_size=2)
NESTED = st.dictionaries(st.sampled_from(["id", "x"]), st.integers(0, 2), max_size=2)
MOMENT = st.integers(0, 99).map(lambda minute: f"2026-03-02T{9 + minute // 60:02}:{minute % 60:02}:00Z")
ODD = st.sampled_from(
    ["", None, "x", "9999-12-31T00:00:00Z", "0001-01-01", 1772442000, True, [], {}, "\u202e"]
)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A usual value 29 times of 30: where more is odd, the whole export is refused."""
    return st.sampled_from([*[usual] * 29, odd]).flatmap(lambda strategy: strategy)


TIME = mostly(MOMENT, ODD)
FLAG = mostly(st.booleans(), st.sampled_from([None, "true", 0, ""]))
REPLY = st.builds(
    lambda told, more: told | more,
    st.fixed_dictionaries(
        {
            "id": mostly(st.integers(1, 9), ODD_KEY | NESTED),
            "ticket_id": mostly(st.integers(1, 3), ODD_KEY | NESTED),
            "created_at": TIME,
            "user_id": mostly(st.integers(70, 72), ODD_KEY | NESTED),
            "incoming": FLAG,
            "private": FLAG,
            "source": mostly(st.integers(0, 9), ODD),
        }
    ),
    optional({"body_text": st.text(max_size=4) | ODD, "tickets": NESTED, "tickets.id": KEY}),
)
TICKET = st.builds(
    lambda told, more: told | more,
    st.fixed_dictionaries(
        {
            "id": mostly(st.just("its number"), ODD_KEY | NESTED),
            "created_at": TIME,
            "requester_id": mostly(st.integers(50, 52), ODD_KEY | NESTED),
            "source": mostly(st.integers(1, 12), ODD),
            "stats": st.fixed_dictionaries(
                {"resolved_at": TIME | st.none()},
                optional={"first_responded_at": TIME, "closed_at": TIME, "reopened_at": TIME},
            ),
        }
    ),
    optional(
        {
            "spam": FLAG,
            "deleted": FLAG,
            "type": st.text(max_size=3) | ODD,
            "conversations": st.lists(REPLY, max_size=2) | NESTED | ODD,
            "replies": NESTED | KEY,
        }
    ),
)
WITHOUT = mostly(
    st.none(), st.sampled_from(["id", "ticket_id", "created_at", "stats", "requester_id", "incoming"])
)


def written(records: Records, shape: str) -> bytes:
    """The records as a file: a list, lines, or an object of one list."""
    if shape == "lines":
        return "".join(json.dumps(record) + "\n" for record in records).encode()
    return json.dumps(records if shape == "list" else {"results": records, "total": 7}).encode()


def lay(folder: Path, files: dict[str, bytes | None], *, packed: bool = False) -> Path:
    """Put files into an empty place, or into one archive; those that are None are missing."""
    there = {name: content for name, content in files.items() if content is not None}
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    if packed:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            for name, content in there.items():
                members.writestr(name, content)
        there = {"export.zip": archive.getvalue()}
    for name, content in there.items():
        (folder / name).write_bytes(content)
    return folder


SHAPE = st.sampled_from(["list", "lines", "object"])


@fuzz(
    tickets=mostly(st.lists(TICKET, min_size=3, max_size=5), st.lists(TICKET, max_size=2)),
    replies=mostly(st.lists(REPLY, min_size=1, max_size=6), st.just([])),
    missing=WITHOUT,
    shapes=st.tuples(SHAPE, SHAPE),
    absent=mostly(st.just(""), st.sampled_from(["tickets.json", "conversations.json"])),
    packed=st.booleans(),
)
def test_any_tickets_and_conversations_of_freshdesk(
    tmp_path: Path,
    tickets: Records,
    replies: Records,
    missing: str | None,
    shapes: tuple[str, str],
    absent: str,
    packed: bool,
) -> None:
    for number, ticket in enumerate(tickets, 1):
        ticket["id"] = number if ticket["id"] == "its number" else ticket["id"]
    for record in (*tickets, *replies):
        record.pop(missing or "", None)
    files: dict[str, bytes | None] = {
        "tickets.json": written(tickets, shapes[0]),
        "conversations.json": written(replies, shapes[1]),
    }
    files |= {absent: None} if absent else {}
    assert_sound("freshdesk", lay(tmp_path / "export", files, packed=packed))


ID = st.sampled_from(["a", "b", "c", "A", " a ", "", "-", "1", "1.0", "NULL", '"', "\u00e9", "x" * 300])
LOCAL = MOMENT.map(lambda at: at[:16].replace("T", " "))
MESSAGE_CELLS = {
    "Message ID": mostly(st.integers(1, 9).map(str), ID),
    "Conversation ID": mostly(st.sampled_from("ab1"), ID),
    "Direction": mostly(st.sampled_from(["inbound", "outbound", "Inbound "]), st.sampled_from(["note", ""])),
    "Created at": mostly(LOCAL, st.sampled_from(["", "x", "46083.5", "2.3.2026", "9999-12-31"])),
    "Medium": mostly(st.just("TWITTER_DM"), ID),
    "Contact Primary Identifier": mostly(st.sampled_from(["ann", "ben"]), ID),
    "Agent Name": st.sampled_from(["", "Mia", "Bo VA", "a"]),
}
CONVERSATION_CELLS = {
    "Conversation ID": mostly(st.sampled_from("ab1"), ID),
    "Contact Profile ID": ID,
    "Medium": ID,
}
MESSAGE, CONVERSATION = st.fixed_dictionaries(MESSAGE_CELLS), st.fixed_dictionaries(CONVERSATION_CELLS)
KEY_TYPES: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "text": (pl.String, str),
    "whole": (pl.Int64, len),
    "decimal": (pl.Float64, lambda key: len(key) / 2),
    "boolean": (pl.Boolean, lambda key: key == "a"),
    "category": (pl.Categorical, str),
    "binary": (pl.Binary, str.encode),
    "date": (pl.Date, lambda key: date(2026, 3, 1 + len(key) % 9)),
    "list": (pl.List(pl.String), lambda key: [key]),
    "nothing": (pl.Null, lambda _: None),
}
"""In what a key may stand in a table that knows types."""

DROPPED = mostly(st.none(), st.sampled_from([*MESSAGE_CELLS, *CONVERSATION_CELLS]))


def as_table(rows: Records, names: Sequence[str], ending: str, key_type: str) -> bytes:
    """The rows as CSV, or as Parquet with the key in a type."""
    columns = {name: [row[name] for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    content = io.BytesIO()
    if ending == "csv":
        frame.write_csv(content)
        return content.getvalue()
    if "Conversation ID" in names:
        dtype, made = KEY_TYPES[key_type]
        key = pl.Series("Conversation ID", [made(row["Conversation ID"]) for row in rows], dtype)
        frame = frame.with_columns(key)
    frame.write_parquet(content)
    return content.getvalue()


ENDING, KEY_TYPE = st.sampled_from(["csv", "parquet"]), st.just("text") | st.sampled_from([*KEY_TYPES])


@fuzz(
    messages=mostly(st.lists(MESSAGE, min_size=1, max_size=8), st.just([])),
    conversations=mostly(st.lists(CONVERSATION, min_size=1, max_size=5), st.just([])),
    dropped=DROPPED,
    endings=st.tuples(ENDING, ENDING),
    key_types=st.tuples(KEY_TYPE, KEY_TYPE),
    is_absent=st.booleans(),
    packed=st.booleans(),
)
def test_any_messages_and_conversations_of_hootsuite(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    messages: Records,
    conversations: Records,
    dropped: str | None,
    endings: tuple[str, str],
    key_types: tuple[str, str],
    is_absent: bool,
    packed: bool,
) -> None:
    monkeypatch.setattr("benchkit.sources.raw.typed.survives", lambda *_: True)  # they are sound
    names = [[name for name in cells if name != dropped] for cells in (MESSAGE_CELLS, CONVERSATION_CELLS)]
    files: dict[str, bytes | None] = {
        f"messages.{endings[0]}": as_table(messages, names[0], endings[0], key_types[0]),
        f"conversations.{endings[1]}": as_table(conversations, names[1], endings[1], key_types[1]),
    }
    files |= {f"conversations.{endings[1]}": None} if is_absent else {}
    data = assert_sound("hootsuite", lay(tmp_path / "export", files, packed=packed))
    if data is not None:  # a row of the messages is one message, however often its conversation is told
        n_messages = data.messages.select(pl.len()).collect().item()
        assert data.audit.rows_read == n_messages + data.audit.excluded.height <= len(messages)


TICKETS = [
    {
        "id": 1,
        "created_at": "2026-03-02T09:00:00Z",
        "requester_id": 50,
        "source": 1,
        "stats": {"resolved_at": None},
    },
    {
        "id": 2,
        "created_at": "2026-03-02T10:00:00Z",
        "requester_id": 51,
        "source": 2,
        "stats": {"resolved_at": None},
    },
]
REPLIES = [
    {
        "id": 9,
        "ticket_id": 1,
        "created_at": "2026-03-02T09:20:00Z",
        "user_id": 70,
        "incoming": False,
        "source": 0,
    },
    {
        "id": 8,
        "ticket_id": 2,
        "created_at": "2026-03-02T11:00:00Z",
        "user_id": 71,
        "incoming": False,
        "source": 0,
    },
]
MESSAGES_TABLE = b"""Message ID,Conversation ID,Direction,Created at,Medium,Contact Primary Identifier
1,a,inbound,2026-03-02 09:00,TWITTER_DM,ann
2,a,outbound,2026-03-02 09:30,TWITTER_DM,
3,b,inbound,2026-03-02 10:00,TWITTER_DM,ben
"""
CONVERSATIONS_TABLE = b"""Conversation ID,Contact Profile ID,Medium
a,p1,TWITTER_DM
b,p2,TWITTER_DM
"""
EXPORTS: dict[str, dict[str, bytes]] = {
    "freshdesk": {
        "tickets.json": json.dumps(TICKETS).encode(),
        "conversations.json": json.dumps(REPLIES).encode(),
    },
    "hootsuite": {"messages.csv": MESSAGES_TABLE, "conversations.csv": CONVERSATIONS_TABLE},
}
SPLICE = st.tuples(st.integers(0, 400), st.integers(0, 30), st.binary(max_size=20))


@pytest.mark.parametrize("format_name", EXPORTS)
def test_the_exports_that_are_damaged_are_sound_before(format_name: str, tmp_path: Path) -> None:
    data = assert_sound(format_name, lay(tmp_path / "export", {**EXPORTS[format_name]}))
    assert data is not None
    assert data.messages.select("sender").collect().to_series().to_list().count("customer") == 2
    assert not data.audit.excluded.height


@fuzz(splices=st.lists(st.tuples(st.booleans(), SPLICE), min_size=1, max_size=3))
@pytest.mark.parametrize("format_name", EXPORTS)
def test_bytes_of_either_file_may_be_damaged(
    tmp_path: Path, format_name: str, splices: list[tuple[bool, tuple[int, int, bytes]]]
) -> None:
    files: dict[str, bytes | None] = {**EXPORTS[format_name]}
    first, second = files
    for is_second, (at, n_bytes, noise) in splices:
        name = second if is_second else first
        content = files[name] or b""
        files[name] = content[:at] + noise + content[at + n_bytes :]
    assert_sound(format_name, lay(tmp_path / "export", files))
