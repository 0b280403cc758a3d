"""Chatwoot: its database and its API's JSON, against waits worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit import find_waits, open_dataset
from benchkit.calendars import Calendar, Calendars
from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, InputError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.chatwoot import read_chatwoot
from benchkit.sources.chatwoot.happenings import CLOSED_WHEN, NOT_READ
from benchkit.sources.chatwoot.rules import NO_SENDER, OTHER_CONTACT
from benchkit.store import ingest
from tests import chatwoot_rows as rows
from tests.chatwoot_rows import at
from tests.postgres import OWNER, PASSWORD, Server, running_server

WAITS = [
    ("1/1", True, "replied", "09:00", "09:30", 1800, "Acme/Mia", 420, 2),
    ("1/1", False, "replied", "11:00", "12:00", 3600, "Acme/Kim (10)", None, 1),
    ("1/2", False, "awaiting", "10:20", None, None, None, 60, 1),
    ("1/3", True, "closed", "13:00", "13:10", 600, None, None, 1),
    ("1/4", True, "replied", "14:00", "14:20", 1200, "Acme/unsigned", 0, 1),
    ("1/5", True, "closed", "15:00", "15:40", 2400, None, None, 1),
    ("1/6", False, "awaiting", "16:00", None, None, None, None, 1),
    *(
        ("1/7", n == 0, "replied", f"20:{3 * n:02}", f"20:{3 * n + 1:02}", 60, "Acme/Kim (11)", None, 1)
        for n in range(20)
    ),
]
"""Of each conversation: its first wait or not, how it ended, from when to when, seconds, agent, seconds to a
bot's message, messages in it."""

EXCLUDED = {
    "a created_at that is no time": "302",
    "a message_type that is none of 0 to 3": "301",
    "a reaction, which is no message": "43",
    "deleted": "10",
    "duplicate message_id": "1",
    "not delivered": "11",
    "of a conversation that is not there": "300",
}
_ROW = dict.fromkeys(("message_id", "conversation_id", "sender_id", "sent_at"), pl.String())
HOURS = Calendar("Europe/Berlin", {"mon-thu": "09:00-17:30", "fri": "00:00-24:00"})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        running.database("chatwoot", *rows.statements())
        yield running


@pytest.fixture
def read(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dataset]:
    """Read the database with rights to no column that holds an address, a number or a token."""
    monkeypatch.setenv("CHATWOOT_URI", server.uri(database="chatwoot"))
    return lambda **options: read_chatwoot("env:CHATWOOT_URI", **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the API gives: two pages of conversations, one conversation alone, messages, inboxes."""
    conversations = rows.api_conversations()
    for number, page in enumerate((conversations[:3], conversations[3:6])):
        write(tmp_path / f"page {number}.json", {"data": {"meta": {"all_count": 7}, "payload": page}})
    write(tmp_path / "conversation 7.json", conversations[6])
    alone = [row for row in rows.MESSAGES if row["conversation_id"] in (101, 999)]
    messages = {"meta": {"labels": []}, "payload": [rows.api_message(row) for row in alone]}
    write(tmp_path / "messages.json", messages)
    write(tmp_path / "inboxes.json", rows.api_inboxes())
    return tmp_path


def write(path: Path, told: object) -> Path:
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def waits_of(data: Dataset) -> list[tuple[Any, ...]]:
    clock = (pl.col(name).dt.strftime("%H:%M") for name in ("started_at", "ended_at"))
    seconds = pl.when(pl.col("outcome") != "awaiting").then("wait_seconds").alias("seconds")
    frame = find_waits(data).frame.sort("conversation_id", "started_at")
    columns = ("conversation_id", "is_first", "outcome", *clock, seconds, "agent_id", "bot_seconds")
    return frame.select(*columns, "messages_in_wait").collect().rows()


def told(data: Dataset) -> str:
    """All that is kept, as text."""
    frames = [data.messages.collect(), data.audit.excluded]
    frames += [] if data.events is None else [data.events.collect()]
    return " ".join(frame.cast(pl.String).write_csv() for frame in frames) + repr(data) + data._repr_html_()


def test_waits_of_the_database_are_those_worked_out_by_hand(read: Callable[..., Dataset]) -> None:
    data = read()
    assert waits_of(data) == WAITS
    check(data.messages, MESSAGES)
    assert data.events is not None
    check(data.events, EVENTS)
    excluded = data.audit.excluded
    assert (
        dict(excluded.select("reason", pl.col("row").str.json_path_match("$.message_id")).rows()) == EXCLUDED
    )
    assert excluded["file"].unique().to_list() == ["messages"]
    left_out = excluded["row"].str.json_decode(pl.Struct(_ROW)).struct.unnest().rows()
    assert ("10", "1/1", "9", "2026-03-02T11:05:00+00:00") in left_out
    assert ("300", "999", "7", "2026-03-02T16:30:00+00:00") in left_out
    assert excluded.filter(kind="unreadable")["line"].sort().to_list() == [301, 302]
    assert data.audit.rows_read == len(rows.MESSAGES)
    assert data.audit.notes == {NO_SENDER: 1, OTHER_CONTACT: 1, CLOSED_WHEN: 1}
    assert abs((data.as_of - datetime.now(UTC)).total_seconds()) < 60


def test_who_spoke_where_and_to_whom(read: Callable[..., Dataset]) -> None:
    frame = read().messages.collect()
    spoken = frame.filter(pl.col("conversation_id") != "1/7").sort(pl.col("message_id").cast(pl.Int64))
    assert dict(spoken.select("message_id", pl.format("{} {}", "sender", "sender_id")).rows()) == {
        "1": "customer 7",
        "2": "customer 7",
        "4": "bot Acme/agentbot 2",
        "6": "agent Acme/Mia",
        "8": "customer 7",
        "12": "agent Acme/Kim (10)",
        "20": "agent Acme/Mia",
        "21": "customer 13",
        "22": "bot Acme/automation",
        "23": "bot Acme/automation",
        "24": "bot Acme/bot",
        "30": "customer 30",
        "40": "customer 7",
        "41": "bot Acme/template",
        "42": "bot Acme/captainassistant 1",
        "44": "agent Acme/unsigned",
        "50": "customer 14",
        "60": "agent Acme/user 12",
        "61": "customer 15",
    }
    of = ("conversation_id", "brand", "channel", "queue", "priority", "topic")
    assert frame.select(of).unique().sort("conversation_id").rows() == [
        ("1/1", "Acme", "facebook", "Acme on Facebook", "urgent", "refund, vip"),
        ("1/2", "Acme", "chat", "=1+1", None, None),
        ("1/3", "Acme", "facebook", "Acme on Facebook", None, None),
        ("1/4", "Acme", "chat", "=1+1", None, None),
        ("1/5", "Acme", "chat", "=1+1", None, None),
        ("1/6", "Acme", "chat", "=1+1", None, None),
        ("1/7", "Acme", "facebook", "Acme on Facebook", None, None),
    ]


def test_what_happened_is_what_was_reported_or_else_what_activities_say(read: Callable[..., Dataset]) -> None:
    events = read().events
    assert events is not None
    assert events.sort("at").collect().rows() == [
        ("1/1", at("9:08"), "assigned", "Acme/Mia"),
        ("1/1", at("9:31"), "closed", "Acme/Mia"),
        ("1/1", at("11:00"), "reopened", None),
        ("1/3", at("13:10"), "closed", None),
        ("1/4", at("14:02"), "handed_off", None),
        ("1/5", at("15:40"), "closed", None),
        ("1/7", at("22:00"), "closed", "Acme/Kim (10)"),
    ]


@pytest.mark.parametrize("source", ["database", "files"])
def test_who_only_acts_for_the_brand_keeps_the_name_in_the_store(
    server: Server, monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path, source: str
) -> None:
    """And customers' ids are hashes there, whatever they did."""
    zoe = {"id": 77, "name": "Zoe"}
    acts = [
        rows.message(400, 6, "16:05", 2, None, "Assigned to Zoe by Kim"),
        rows.message(401, 6, "16:06", 2, None, f"Conversation was reopened by {rows.SECRETS[4]}"),
    ]
    if source == "database":
        added = [rows.insert("users", [zoe]), rows.insert("messages", acts)]
        monkeypatch.setenv("ACTING", server.database("acting", *rows.statements(), *added))
        ingest("chatwoot", "env:ACTING", name="acme", root=tmp_path)
    else:
        path = folder / "page 1.json"
        page = json.loads(path.read_text(encoding="utf-8"))
        sixth = page["data"]["payload"][2]
        sixth["meta"]["assignee"] = zoe
        sixth["messages"] += [rows.api_message(act) for act in acts]
        write(path, page)
        ingest("chatwoot", folder, name="acme", root=tmp_path, brand="Acme")
    data = open_dataset("acme", root=tmp_path)
    assert data.events is not None
    sixth_events = data.events.filter(conversation_id="1/6").sort("at").select("kind", "actor_id")
    assert sixth_events.collect().rows() == [("assigned", "Acme/Zoe"), ("reopened", None)]
    assert data.events.select(pl.col("actor_id").str.starts_with("Acme/").all()).collect().item()
    customers = data.messages.filter(sender="customer").select("sender_id").collect().to_series()
    assert customers.str.contains("^[0-9a-f]{24}$").all()


def test_the_api_gives_the_same_waits(read: Callable[..., Dataset], folder: Path) -> None:
    stored, given = read(), read_chatwoot(folder, brand="Acme")
    assert waits_of(given) == WAITS
    assert given.messages.collect().equals(stored.messages.collect())
    assert given.calendars == stored.calendars == Calendars(by="channel", of={"facebook": HOURS})
    assert given.audit.excluded["reason"].sort().to_list() == sorted(EXCLUDED)
    assert given.audit.notes == stored.audit.notes
    assert given.as_of == at("22:00")


def test_conversations_in_lines_or_in_one_list_are_read_too(folder: Path) -> None:
    conversations = rows.api_conversations()
    whole = write(folder / "list.json", conversations)
    lines = folder / "lines.ndjson"
    lines.write_text("\n".join(json.dumps(each) for each in conversations), encoding="utf-8")
    for path in (whole, lines):
        data = read_chatwoot(path, brand="Acme", timezone="Europe/Berlin")
        assert waits_of(data) == WAITS
        assert data.calendars is None
        assert data.time_zones == {"Acme": "Europe/Berlin"}


@pytest.mark.parametrize("source", ["database", "files"])
def test_no_text_is_kept_unless_asked_for_and_nothing_personal_ever(
    read: Callable[..., Dataset], folder: Path, source: str
) -> None:
    def reading(**options: Any) -> Dataset:
        return read(**options) if source == "database" else read_chatwoot(folder, brand="Acme", **options)

    plain, kept = reading(), reading(keep_text=True)
    assert "text" not in plain.messages.collect_schema()
    assert "HYPERLINK" not in told(plain)
    texts = dict(kept.messages.select("message_id", "text").collect().rows())
    assert texts["1"] == '=HYPERLINK("http://example.com")'
    for secret in (*rows.SECRETS, PASSWORD, "hunter2"):
        assert secret not in told(plain)
        assert secret not in told(kept)
    assert waits_of(kept) == WAITS


def test_what_changed_since_is_read_whole_and_makes_the_rest_as_it_was(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = "DELETE FROM messages WHERE message_type = 9 OR created_at < '2000-01-01'"
    monkeypatch.setenv("LATER", server.database("later", *rows.statements(), clean))
    before = read_chatwoot("env:LATER")
    server.run(
        f"UPDATE conversations SET status = 0, updated_at = {rows.literal(at('23:00'))} WHERE id = 105",
        rows.insert("messages", [rows.message(400, 5, "23:00", 0, rows.contact(14))]),
        rows.insert("reporting_events", [rows.event(9, "conversation_opened", 5, None, "23:00")]),
        database="later",
    )
    since, whole = read_chatwoot("env:LATER", since="2026-03-02T22:30:00"), read_chatwoot("env:LATER")

    def merged(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is newer with the rest of what was there before, and all that is there now."""
        old, new, now = (getattr(data, name).collect() for data in (before, since, whole))
        rest = old.join(new.select("conversation_id").unique(), on="conversation_id", how="anti")
        return pl.concat([rest, new]).sort(now.columns), now.sort(now.columns)

    assert set(since.messages.collect()["conversation_id"]) == {"1/1", "1/2", "1/4", "1/5", "1/6"}
    for name in ("messages", "events"):
        together, now = merged(name)
        assert together.equals(now)
    assert waits_of(whole)[5] == ("1/5", True, "awaiting", "15:00", None, None, None, None, 2)


def test_the_database_may_lack_what_is_not_needed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an old version does, or where the user may read only what is."""
    bare = [
        "ALTER TABLE conversations DROP display_id, DROP status, DROP last_activity_at, DROP priority",
        "ALTER TABLE conversations DROP additional_attributes, DROP cached_label_list, DROP updated_at",
        "ALTER TABLE messages DROP private, DROP status, DROP content, DROP content_attributes",
        "ALTER TABLE messages DROP additional_attributes, DROP updated_at",
        "ALTER TABLE inboxes DROP name, DROP timezone",
        "DROP TABLE users, accounts, reporting_events, working_hours",
        "DELETE FROM messages WHERE message_type = 9 OR created_at < '2000-01-01'",
    ]
    monkeypatch.setenv("BARE", server.database("bare", *rows.statements(), *bare))
    for since in (None, "2026-03-01"):
        data = read_chatwoot("env:BARE", since=since)
        waits = waits_of(data)
        assert waits[0] == ("1/101", True, "replied", "09:00", "09:06", 360, "account 1/user 9", None, 2)
        assert data.brands() == ["account 1"]
        assert data.events is not None
        assert data.events.collect().is_empty()


def test_what_is_no_chatwoot_is_told_in_a_sentence(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", server.database("other", "CREATE TABLE messages (id int, words text)"))
    with pytest.raises(BenchkitError, match="is no Chatwoot that can be read: its user sees no column"):
        read_chatwoot("env:OTHER")
    monkeypatch.setenv("EMPTY", server.database("empty", *rows.SCHEMA, *rows.GRANTS))
    with pytest.raises(InputError, match="holds no message"):
        read_chatwoot("env:EMPTY")
    monkeypatch.setenv("OTHER", server.uri(OWNER, PASSWORD + "x", "chatwoot"))
    with pytest.raises(BenchkitError, match="password authentication failed for user") as caught:
        read_chatwoot("env:OTHER")
    assert "hunter2" not in str(caught.value)
    for direct in (f"uri:{server.uri()}", server.uri(), Path(server.uri())):
        with pytest.raises(BenchkitError, match="env:NAME") as caught:
            read_chatwoot(direct)
        assert "hunter2" not in str(caught.value)


def test_too_many_unreadable_messages_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "UPDATE messages SET message_type = 4 WHERE id > 220"
    monkeypatch.setenv("WRONG", server.database("wrong", *rows.statements(), wrong))
    with pytest.raises(InputError, match="most often for a message_type that is none of 0 to 3; up to 5%"):
        read_chatwoot("env:WRONG")


def test_several_accounts_are_several_brands(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    second = [
        "INSERT INTO accounts VALUES (2, 'Bolt')",
        "INSERT INTO inboxes (id, account_id, name, channel_type) VALUES (9, 2, 'Bolt', 'Channel::Email')",
        "UPDATE conversations SET account_id = 2, inbox_id = 9 WHERE id = 106",
    ]
    monkeypatch.setenv("TWO", server.database("two", *rows.statements(), *second))
    data = read_chatwoot("env:TWO")
    assert data.brands() == ["Acme", "Bolt"]
    assert data.only("Bolt").messages.select("conversation_id").unique().collect().item() == "2/6"
    with pytest.raises(BenchkitError, match="2 accounts, each a brand by its own name"):
        read_chatwoot("env:TWO", brand="Acme")


def test_as_of_is_given_or_the_databases_own_time(read: Callable[..., Dataset], folder: Path) -> None:
    for data in (
        read(as_of="2026-03-02T09:10Z"),
        read_chatwoot(folder, brand="Acme", as_of="2026-03-02T09:10Z"),
    ):
        assert data.as_of == at("9:10")
        assert waits_of(data) == [("1/1", True, "awaiting", "09:00", None, None, None, 420, 2)]


def hours_of(
    *inboxes: tuple[str, str], disabled: str = "", **days: Any
) -> tuple[Calendars | None, dict[str, int]]:
    """The calendars of inboxes a, b, … with these brands and channels, all open alike but for `days`."""
    from benchkit.sources.chatwoot.hours import calendars_of
    from benchkit.sources.chatwoot.tables import HOURS as SCHEMA

    day = {"timezone": "UTC", "day_of_week": 1, "open_hour": 9, "open_minutes": 0, "close_hour": 17,
           "close_minutes": 0, "closed_all_day": False, "open_all_day": False}  # fmt: skip
    names = "abcdef"[: len(inboxes)]
    listed = [{**day, "inbox": name, **days.get(name, {})} for name in names if name not in disabled]
    conversations = [(brand, channel, name) for name, (brand, channel) in zip(names, inboxes, strict=True)]
    return calendars_of(
        pl.DataFrame(listed, schema=SCHEMA),
        pl.DataFrame(conversations, schema=["brand", "channel", "inbox"], orient="row"),
    )


def test_working_hours_are_a_brands_or_a_channels_or_left_out() -> None:
    open_monday = Calendar("UTC", {"mon": "09:00-17:00"})
    facebook, chat = ("Acme", "facebook"), ("Acme", "chat")
    assert hours_of(facebook, chat) == (Calendars(of={"Acme": open_monday}), {})
    assert hours_of(facebook, chat, disabled="b") == (
        Calendars(by="channel", of={"facebook": open_monday}),
        {},
    )
    assert hours_of(facebook, chat, disabled="ab") == (None, {})
    calendars, notes = hours_of(facebook, facebook, b={"close_hour": 18})
    assert calendars is None
    assert list(notes.values()) == [2]
    later = {"open_hour": 17, "close_hour": 9}
    calendars, notes = hours_of(facebook, ("Bolt", "chat"), a=later)
    assert calendars == Calendars(of={"Bolt": open_monday})
    assert list(notes.values()) == [1]
    for wrong in (later, {"day_of_week": 7}, {"day_of_week": -1}, {"open_hour": None}, {"timezone": "Mars"}):
        assert hours_of(facebook, a=wrong)[0] is None
    assert hours_of(facebook, a={"open_all_day": True}) == (
        Calendars(of={"Acme": Calendar("UTC", {"mon": "00:00-24:00"})}),
        {},
    )


def test_activities_in_no_known_language_are_counted(tmp_path: Path) -> None:
    conversation = rows.api_conversations()[0]
    conversation["messages"] = [each for each in conversation["messages"] if each["id"] < 300]
    for message in conversation["messages"]:
        if message["message_type"] == 2:
            message |= {"content": "Mia a clos la conversation", "content_attributes": {}}
    data = read_chatwoot(write(tmp_path / "one.json", [conversation]), brand="Acme")
    assert data.audit.notes[NOT_READ] == 3


def test_last_messages_alone_are_refused(tmp_path: Path) -> None:
    conversations = rows.api_conversations()
    for each in conversations:
        each["messages"] = each["messages"][-1:]
    page = write(tmp_path / "page.json", {"data": {"payload": conversations}})
    with pytest.raises(InputError, match="the last messages of most conversations only"):
        read_chatwoot(page, brand="Acme")


def test_files_that_cannot_be_meant_are_refused_in_a_sentence(folder: Path) -> None:
    page, alone = folder / "page 0.json", folder / "messages.json"
    with pytest.raises(BenchkitError, match="does not name the brand"):
        read_chatwoot(page)
    with pytest.raises(BenchkitError, match="since is for a database"):
        read_chatwoot(page, brand="Acme", since="2026-03-01")
    with pytest.raises(InputError, match="holds no conversations"):
        read_chatwoot(alone, brand="Acme")
    with pytest.raises(InputError, match="holds no messages"):
        read_chatwoot(folder / "inboxes.json", brand="Acme")
    two = rows.api_conversations()
    two[1]["account_id"] = 2
    with pytest.raises(InputError, match="several accounts"):
        read_chatwoot(write(folder / "two.json", two), brand="Acme")
