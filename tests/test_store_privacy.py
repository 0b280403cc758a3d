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
from benchkit.sources.mapping.personal import personal_columns
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
    return told.cast(pl.Schema(EVENTS.all_columns))


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
    ("conversation", "is_kept"), [("a", True), (CUSTOMER, False), (f"Acme-{CUSTOMER.upper()}-7", False)]
)
def test_ids_in_which_the_customers_stands_are_hashed_whatever_is_said(
    conversation: str, *, is_kept: bool
) -> None:
    named = {"conversation_id": conversation}
    messages = messages_of({**ASKED, **named}, {**ANSWERED, **named})
    stored = concealed(Dataset.from_messages(messages, about=About("m")), KEY, keep_text=False)
    assert (set(stored.messages.collect()["conversation_id"]) == {conversation}) == is_kept
    assert ("conversation_id" in stored.personal) != is_kept


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


def test_customers_who_close_their_case_are_known_as_customers(tmp_path: Path) -> None:
    path = write(tmp_path, LOG_ROWS)
    read = Mapping.from_mapping(LOG).read(path, brand="Acme")
    assert actors(read) == [CUSTOMER, "Acme/Mia", "zoe@x.org"]
    shown = actors(stored(tmp_path, LOG, path))
    assert shown[1] == "Acme/Mia"
    assert "x.org" not in everything(tmp_path)


@pytest.mark.parametrize("also", [{}, {"customer_id": "resource"}])
def test_a_column_of_agents_that_names_customers_too_is_not_taken_at_its_word(
    tmp_path: Path, also: dict[str, str]
) -> None:
    every = {name: cell for name, cell in LOG["every"].items() if name != "sender_id"}
    told = {**LOG, "every": {**every, "agent_id": "resource", **also}}
    rows = LOG_ROWS.replace("a,Closed,zoe@x.org", "a,Assigned,Tom")
    shown = actors(stored(tmp_path, told, write(tmp_path, rows)))
    assert shown[1:] == ["Acme/Mia", "Acme/Tom"]
    assert "x.org" not in everything(tmp_path)


def test_conversations_named_after_messages_that_name_their_author_are_hashed(tmp_path: Path) -> None:
    every = {
        "message_id": {"join": ["user", "ts"], "by": "/"},
        "in_reply_to": "to",
        "customer_id": "user",
        "kind": "who",
        "at": "ts",
        "brand": {"given": "brand"},
        "channel": {"constant": "x"},
    }
    rows = [
        "user,ts,who,to",
        "anna@x.org,2026-03-02T09:00Z,customer,",
        "Mia,2026-03-02T09:10Z,agent,anna@x.org/2026-03-02T09:00Z",
        "anna@x.org,soon,customer,anna@x.org/2026-03-02T09:00Z",
        *(f"u{n}@x.org,2026-03-02T09:00Z,customer," for n in range(30)),
    ]
    data = stored(tmp_path, {"name": "m", "every": every}, write(tmp_path, "\n".join([*rows, ""])))
    assert "x.org" not in everything(tmp_path)
    assert set(data.personal) == {"sender_id", "conversation_id", "message_id", "in_reply_to"}
    answer = data.messages.collect().row(by_predicate=pl.col("sender") == "agent", named=True)
    assert answer["conversation_id"] == answer["in_reply_to"]


@pytest.mark.parametrize(
    ("cells", "personal"),
    [
        ({"conversation_id": "case", "message_id": "no"}, ()),
        ({"conversation_id": "case", "message_id": {"join": ["user", "no"]}}, ("message_id",)),
        ({"conversation_id": "user", "message_id": "no"}, ("conversation_id",)),
        (
            {"conversation_id": "user", "message_id": {"column": "no", "optional": True}},
            ("conversation_id", "message_id"),
        ),
        ({"conversation_id": "case", "message_id": "no", "in_reply_to": "user"}, ("in_reply_to",)),
        ({"conversation_id": "messages.user", "message_id": "no"}, ("conversation_id",)),
        ({"message_id": "no", "in_reply_to": "to"}, ()),
        ({"message_id": "user", "in_reply_to": "to"}, ("conversation_id", "message_id", "in_reply_to")),
    ],
)
def test_ids_made_of_a_customers_id_are_found_out(cells: dict[str, Any], personal: tuple[str, ...]) -> None:
    every = {"kind": "who", "at": "ts", "customer_id": "user", **cells}
    told = {"name": "m", "every": every, "files": [{"name": "messages"}]}
    assert personal_columns(Mapping.from_mapping(told)) == ("sender_id", *personal)


def test_ids_made_of_a_customers_id_are_found_in_lists_too() -> None:
    every = {"kind": "who", "at": "ts", "customer_id": "people[0].id", "conversation_id": "case"}
    turns = [{"message_id": "no"}, {"each": "people", "message_id": ".id"}]
    mapping = Mapping.from_mapping({"name": "m", "every": every, "turns": turns})
    assert personal_columns(mapping) == ("sender_id", "message_id")


def table_of(n: int, *, different: int) -> pl.DataFrame:
    """Attributes of n customers, of which some are different for each."""
    values = [f"{k}@x.org" if k < different else "basic" for k in range(n)]
    return pl.DataFrame({"customer_id": [str(k) for k in range(n)], "email": values})


@pytest.mark.parametrize(
    ("table", "is_refused"),
    [
        (table_of(50, different=50), True),
        (table_of(50, different=26), True),
        (table_of(21, different=21), True),
        (table_of(50, different=25), False),
        (table_of(20, different=20), False),
        (table_of(50, different=50).rename({"email": "industry"}), True),
        (table_of(50, different=50).rename({"email": "person_id"}), False),
        (table_of(50, different=50).rename({"customer_id": "brand"}), False),
        (
            table_of(50, different=50).with_columns(email=pl.when(pl.col("customer_id") < "2").then("email")),
            False,
        ),
    ],
)
def test_attributes_that_nearly_all_differ_are_refused(table: pl.DataFrame, is_refused: bool) -> None:
    data = Dataset.from_messages(messages_of(ASKED), about=About("m"))
    if not is_refused:
        assert table.columns[1] in enrich(data, table, on=table.columns[0]).messages.collect_schema()
        return
    with pytest.raises(BenchkitError, match=r"to themselves, so it tells single people apart; leave it out"):
        enrich(data, table, on=table.columns[0])


def of_subjects(n: int, subjects: int) -> str:
    rows = [f"{k},u{k},Re: order {k % subjects} is late,in,2026-03-02T09:{k % 60:02}Z" for k in range(n)]
    rows += [f"{k},u{k},Re: order {k % subjects} is late,out,2026-03-02T11:{k % 60:02}Z" for k in range(n)]
    return "\n".join(["Ticket,Client,Sujet,Sens,Date", *rows, ""])


@pytest.mark.parametrize(
    ("n", "subjects", "is_text"), [(60, 60, True), (60, 31, True), (60, 30, False), (20, 20, False)]
)
def test_topics_that_are_subject_lines_are_text(tmp_path: Path, n: int, subjects: int, is_text: bool) -> None:
    every = {"conversation_id": "Ticket", "customer_id": "Client", "topic": "Sujet", "at": "Date"}
    kind = {"column": "Sens", "values": {"in": "customer", "out": "agent"}}
    given = {"brand": {"given": "brand"}, "channel": {"constant": "email"}}
    told = {"name": "m", "every": {**every, **given, "kind": kind}}
    path = write(tmp_path, of_subjects(n, subjects) + "x,u,Re: order 7 is late,in,soon\n")
    data = stored(tmp_path, told, path)
    assert ("is late" in everything(tmp_path)) != is_text
    assert data.audit.notes.get("subject lines not kept, since they are text", 0) == (
        2 * n + 1 if is_text else 0
    )
    kept = Mapping.from_mapping(told).read(path, brand="Acme", keep_text=True)
    assert kept.messages.collect()["topic"].null_count() == 0


@pytest.mark.parametrize(("subjects", "is_guessed"), [(60, False), (38, True), (5, True)])
def test_a_draft_takes_no_subject_lines_for_topics(tmp_path: Path, subjects: int, is_guessed: bool) -> None:
    path = write(tmp_path, of_subjects(60, subjects))
    roles = sketch(open_raw(path)[""], path).roles
    assert roles["customer_id"] == "Client"
    assert (roles.get("topic") == "Sujet") == is_guessed
