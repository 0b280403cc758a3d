"""The same messages give the same waits, whatever table they come in."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchkit import Dataset, find_waits
from benchkit.dataset import About
from benchkit.schema import EVENTS, MESSAGES, SENDERS
from benchkit.sources.mapping import Mapping

START, TAKEN_AT = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
AGENTS = ("Mia", "Tom", "")
EVERY_KIND = (*SENDERS, "closed", "reopened", "assigned", "closed_no_reply_needed")


class Did(NamedTuple):
    """Somebody did something in a conversation."""

    case: str
    kind: str
    at: datetime
    who: str


def of_a_case(kinds: Iterable[str]) -> st.SearchStrategy[list[tuple[str, int, str]]]:
    happening = st.tuples(st.sampled_from(list(kinds)), st.integers(1, 900), st.sampled_from(AGENTS))
    return st.lists(happening, min_size=1, max_size=8)


def happenings(cases: list[list[tuple[str, int, str]]]) -> list[Did]:
    did = []
    for number, case in enumerate(cases):
        at = START + timedelta(minutes=number)
        for kind, minutes, who in case:
            did.append(Did(f"c{number}", kind, at, f"u{number}" if kind == "customer" else who))
            at += timedelta(minutes=minutes, seconds=number % 2)
    return did


def waits(data: Dataset) -> list[tuple[object, ...]]:
    frame = find_waits(data).frame.drop("wait_id", "opening_message_id", "reply_message_id")
    return frame.collect().sort("conversation_id", "started_at").rows()


def straight(did: list[Did]) -> Dataset:
    """The same without any mapping."""
    spoke = [each for each in did if each.kind in SENDERS]
    happened = [each for each in did if each.kind not in SENDERS]
    named = {"customer": "{}", "agent": "Acme/{}", "bot": "Acme/{}"}
    nameless = {"agent": "unsigned", "bot": "bot"}
    rows = [
        (f"m{n}", d.case, "Acme", "chat", d.kind, named[d.kind].format(d.who or nameless[d.kind]), d.at)
        for n, d in enumerate(spoke)
    ]
    events = [(d.case, d.at, d.kind, f"Acme/{d.who}" if d.who else None) for d in happened]
    return Dataset.from_messages(
        pl.DataFrame(rows, schema=dict(MESSAGES.columns), orient="row"),
        as_of=TAKEN_AT,
        about=About("straight"),
        events=pl.DataFrame(events, schema=EVENTS.all_columns, orient="row") if events else None,
    )


COMMON: dict[str, Any] = {"channel": {"constant": "chat"}}
LONG = {
    "name": "long",
    "every": COMMON
    | {"conversation_id": "Thread", "message_id": "ID", "kind": "What", "at": "When"}
    | {"customer_id": "Customer", "agent_id": "Agent"},
}
LOG = {
    "name": "log",
    "timezone": "Europe/Berlin",
    "every": COMMON
    | {
        "conversation_id": {"column": "case", "pattern": "case (.+)"},
        "agent_id": {"column": "resource", "values": {"system": ""}},
        "customer_id": "requester",
        "at": {"column": "timestamp", "time": "day first"},
        "kind": {
            "column": "activity",
            "values": {f"{kind} *": kind for kind in EVERY_KIND} | {"*": "ignored"},
        },
    },
}
NESTED = {
    "name": "nested",
    "every": COMMON | {"conversation_id": "id", "customer_id": "contact.id"},
    "turns": [
        {
            "each": "parts.list",
            "kind": {"join": [".type", ".author.type"], "values": {f"* {kind}": kind for kind in EVERY_KIND}},
            "at": {"column": ".at", "time": "epoch"},
            "message_id": ".id",
            "agent_id": {"column": ".author.name", "optional": True},
        }
    ],
}


def long(folder: Path, did: list[Did]) -> Dataset:
    table = pl.DataFrame(
        {
            "ID": [f"m{n}" for n in range(len(did))],
            "What": [each.kind.upper() for each in did],
            "Thread": [each.case for each in did],
            "When": [each.at.isoformat() for each in did],
            "Agent": [each.who if each.kind != "customer" else "" for each in did],
            "Customer": [each.who if each.kind == "customer" else "Acme" for each in did],
        }
    )
    return read(LONG, table.write_csv(), folder / "long.csv")


def event_log(folder: Path, did: list[Did]) -> Dataset:
    lines = ["case;activity;resource;requester;timestamp"]
    for each in did:
        who = "" if each.kind == "customer" else each.who or "System"
        asked = each.who if each.kind == "customer" else ""
        at = f"{each.at.astimezone(BERLIN):%d.%m.%Y %H:%M:%S}"
        lines.append(f"case {each.case};{each.kind} happened;{who};{asked};{at}")
        lines.append(f"case {each.case};printed;;;{at}")
    return read(LOG, "\n".join([*lines, ""]), folder / "log.csv")


def nested(folder: Path, did: list[Did]) -> Dataset:
    records: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(did):
        record = records.setdefault(each.case, {"id": each.case, "contact": None, "parts": {"list": []}})
        author = {"type": each.kind, "name": each.who or None}
        if each.kind == "customer":
            record["contact"], author = {"id": each.who}, {"type": "customer"}
        at = int(each.at.timestamp())
        record["parts"]["list"].append({"id": number, "type": "part", "author": author, "at": at})
    return read(NESTED, json.dumps(list(records.values())), folder / "nested.json")


def read(told: dict[str, Any], text: str, path: Path) -> Dataset:
    path.write_text(text, encoding="utf-8")
    data = Mapping.from_mapping(told).read(path, brand="Acme", as_of=TAKEN_AT)
    assert data.audit.excluded.is_empty()
    return data


limits = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@limits
@given(cases=st.lists(of_a_case(EVERY_KIND), min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_long_tables_event_logs_and_nested_records_give_the_same_waits(
    tmp_path: Path, cases: list[list[tuple[str, int, str]]], order: random.Random
) -> None:
    did = happenings([[("customer", 1, "")], *cases])
    expected = waits(straight(did))
    order.shuffle(did)
    for way in (long, event_log, nested):
        assert waits(way(tmp_path, did)) == expected, way.__name__


TICKET = st.tuples(
    st.sampled_from(AGENTS), st.none() | st.integers(1, 20_000), st.none() | st.integers(1, 20_000)
)


@limits
@given(tickets=st.lists(TICKET, min_size=1, max_size=8), order=st.randoms(use_true_random=False))
def test_a_wide_table_gives_the_same_waits_as_a_long_one(
    tmp_path: Path, tickets: list[tuple[str, int | None, int | None]], order: random.Random
) -> None:
    did, lines = [], []
    for number, (who, replied, solved) in enumerate(tickets):
        case, created = f"c{number}", START + timedelta(minutes=number)
        moments = {"customer": 0, "agent": replied, "closed": solved}
        times = {kind: created + timedelta(minutes=n) for kind, n in moments.items() if n is not None}
        did += [
            Did(case, kind, at, f"u{number}" if kind == "customer" else who) for kind, at in times.items()
        ]
        shown = [f"{times[kind]:%Y-%m-%d %H:%M}" if kind in times else "" for kind in moments]
        lines.append(",".join([case, f"u{number}", *shown, who, f"{replied or ''}"]))
    order.shuffle(lines)
    header = "ticket,requester,created,first reply,solved,assignee,minutes to first reply"
    table = "\n".join([header, *lines, ""])
    expected = waits(long(tmp_path, did))
    in_minutes = {"column": "minutes to first reply", "after": "created", "unit": "minutes"}
    for replied_at in ("first reply", in_minutes):
        wide = {
            "name": "wide",
            "timezone": "UTC",
            "every": COMMON
            | {"conversation_id": "ticket", "customer_id": "requester", "agent_id": "assignee"},
            "turns": [
                {"kind": "customer", "at": "created"},
                {"kind": "agent", "at": replied_at},
                {"kind": "closed", "at": "solved"},
            ],
        }
        assert waits(read(wide, table, tmp_path / "wide.csv")) == expected
