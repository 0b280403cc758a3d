"""What a store must not tell of customers, by whatever way their ids and words come into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit import BenchkitError, Dataset, enrich, open_dataset
from benchkit.dataset import About, Audit, as_excluded
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources.mapping import Mapping
from benchkit.sources.mapping.draft import sketch
from benchkit.sources.raw import open_raw
from benchkit.store import ingest
from benchkit.store.concealing import concealed

KEY = bytes(32)
CUSTOMER = "anna@x.org"
LOG: dict[str, Any] = {
    "name": "log",
    "every": {
        "conversation_id": "case",
        "at": "time",
        "brand": {"given": "brand"},
        "channel": {"constant": "chat"},
        "sender_id": "resource",
        "kind": {
            "column": "activity",
            "values": {"wrote": "customer", "replied": "agent", "Closed": "closed", "Assigned": "assigned"},
        },
    },
}
LOG_ROWS = """case,activity,resource,time
a,wrote,anna@x.org,2026-03-02T09:00Z
a,replied,Mia,2026-03-02T09:10Z
a,Closed,anna@x.org,2026-03-02T09:20Z
a,Closed,Mia,2026-03-02T09:30Z
a,Closed,zoe@x.org,2026-03-02T09:40Z
"""


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def stored(folder: Path, told: dict[str, Any], path: Path, **options: Any) -> Dataset:
    """What the store keeps of an export that a mapping reads."""
    mapping = Mapping.from_mapping(told).save(folder / "mapping.toml")
    ingest(str(mapping), path, name="acme", root=folder / "store", brand="Acme", **options)
    return open_dataset("acme", root=folder / "store")


def everything(folder: Path) -> str:
    """All that stands in the store, in one text."""
    place = folder / "store"
    frames = [pl.read_parquet(file).rows() for file in place.rglob("*.parquet")]
    return " ".join([str(frames), *(file.read_text() for file in place.rglob("*.json"))])


def actors(data: Dataset) -> list[str | None]:
    assert data.events is not None
    return data.events.collect()["actor_id"].to_list()


def messages_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Messages of one conversation, with what is the same in all of them filled in."""
    same = {"conversation_id": "a", "brand": "Acme", "channel": "x", "sent_at": "2026-03-02T09:00:00"}
    frame = pl.DataFrame([{**same, "message_id": str(n), **row} for n, row in enumerate(rows)])
    at = pl.col("sent_at").str.to_datetime(time_unit="us", time_zone="UTC")
    return frame.with_columns(at).cast({name: MESSAGES.all_columns[name] for name in frame.columns})


def events_of(*who: str | None) -> pl.DataFrame:
    rows = [
        {"conversation_id": "a", "at": f"2026-03-02T1{n}:00:00", "kind": "closed"} for n in range(len(who))
    ]
    at = pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC")
    told = pl.DataFrame(rows).with_columns(at, actor_id=pl.Series(who, dtype=pl.String))
    return told.cast(dict(EVENTS.all_columns))


ASKED = {"sender": "customer", "sender_id": CUSTOMER}
ANSWERED = {"sender": "agent", "sender_id": "Mia"}


def test_an_actor_is_hashed_unless_known_to_act_for_the_brand() -> None:
    events = events_of("Mia", "Acme/Tom", CUSTOMER, "zoe@x.org", "Other/Tom", None)
    data = Dataset.from_messages(messages_of(ASKED, ANSWERED), about=About("m"), events=events)
    shown = actors(concealed(data, KEY, keep_text=False))
    assert shown[:2] == ["Mia", "Acme/Tom"]
    assert shown[5] is None
    assert [len(str(name)) for name in shown[2:5]] == [24, 24, 24]
    assert shown[2] == concealed(data, KEY, keep_text=False).messages.collect()["sender_id"][0]
    assert actors(concealed(data, None, keep_text=False)) == actors(data)


def test_a_customer_called_as_an_agent_would_be_is_hashed() -> None:
    messages = messages_of({**ASKED, "sender_id": "Acme/anna"}, ANSWERED)
    data = Dataset.from_messages(messages, about=About("m"), events=events_of("Acme/anna"))
    assert actors(concealed(data, KEY, keep_text=False)) != ["Acme/anna"]


@pytest.mark.parametrize(
    ("who", "is_kept"), [(CUSTOMER, False), ("zoe@x.org", False), ("Mia", True), (7, False)]
)
def test_an_actor_of_a_row_left_out_is_hashed_unless_an_agent(who: object, is_kept: bool) -> None:
    row = json.dumps({"conversation_id": "a", "kind": "closed", "actor_id": who})
    excluded = as_excluded(pl.DataFrame({"kind": ["rule"], "reason": ["in the future"], "row": [row]}))
    data = Dataset.from_messages(
        messages_of(ASKED, ANSWERED), about=About("m"), audit=Audit(3, 0, excluded), events=events_of(None)
    )
    told = json.loads(concealed(data, KEY, keep_text=False).audit.excluded["row"].item())
    assert (told["actor_id"] == who) == is_kept
    assert len(told["actor_id"]) == (3 if is_kept else 24)


@pytest.mark.parametrize(
    ("customer", "theirs", "ours", "is_kept"),
    [
        ("anna_s", None, "https://x.com/anna_s/status/1", False),
        ("@Anna_S", None, "https://x.com/anna_s/status/1", False),
        (CUSTOMER, None, "https://desk.example/?from=anna%40x.org", False),
        ("123456", "https://x.com/anna_s/status/2", "https://x.com/anna_s/status/2", False),
        ("123456", "https://x.com/anna_s/status/2", "http://www.x.com/Anna_S/status/3", False),
        ("123456", "https://x.com/anna_s/status/2", "https://x.com/AcmeHelp/status/3", True),
        ("123456", None, "https://x.com/AcmeHelp/status/3", True),
        (None, None, "https://x.com/AcmeHelp/status/3", True),
    ],
)
def test_permalinks_that_lead_to_the_customer_are_not_stored(
    customer: str | None, theirs: str | None, ours: str, is_kept: bool
) -> None:
    asked = {"sender": "customer", "sender_id": customer, "permalink": theirs}
    data = Dataset.from_messages(messages_of(asked, {**ANSWERED, "permalink": ours}), about=About("m"))
    links = concealed(data, KEY, keep_text=False).messages.collect()["permalink"].to_list()
    assert links == [None, ours if is_kept else None]
    kept = concealed(data, None, keep_text=False).messages.collect()["permalink"].to_list()
    assert kept == [theirs, ours]


def test_rows_left_out_have_no_permalink() -> None:
    row = json.dumps({"sender": "agent", "permalink": "https://x.com/anna_s/status/1"})
    excluded = as_excluded(pl.DataFrame({"kind": ["rule"], "reason": ["in the future"], "row": [row]}))
    data = Dataset.from_messages(messages_of(ASKED), about=About("m"), audit=Audit(2, 0, excluded))
    assert "anna_s" not in concealed(data, KEY, keep_text=False).audit.excluded["row"].item()
