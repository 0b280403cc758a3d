"""Mappings of Intercom, Freshdesk and IBM's dialogues: dirty exports in their shape, waits found by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.finding import find_waits
from benchkit.sources.exports import read_export
from benchkit.sources.mapping import Mapping

Record = dict[str, object]
Wait = tuple[str, str | None, float, float, str, str | None, bool]

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday, from which all minutes below are counted."""

AS_OF = NINE + timedelta(days=2)
OPEN_AT_FIRST = 2 * 24 * 60
"""Minutes from then until the extract was taken."""


def epoch(minute: float) -> int:
    return int(NINE.timestamp() + 60 * minute)


def iso(minute: float) -> str:
    return f"{NINE + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"


def write(path: Path, records: object) -> Path:
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def waits(data: Dataset) -> dict[str, list[Wait]]:
    """By conversation: first message, reply, minute, minutes waited, outcome, who replied, whether first."""
    frame = find_waits(data).frame.select(
        "conversation_id",
        "opening_message_id",
        "reply_message_id",
        ((pl.col("started_at") - NINE).dt.total_seconds() / 60).alias("minute"),
        pl.col("wait_seconds") / 60,
        pl.col("outcome").cast(pl.String),
        "agent_id",
        "is_first",
    )
    found: dict[str, list[Wait]] = {}
    for conversation, *wait in frame.sort("conversation_id", "minute").collect().iter_rows():
        found.setdefault(conversation, []).append(tuple(wait))
    return found


def minutes_waited(found: dict[str, list[Wait]]) -> list[float]:
    return [wait[3] for some in found.values() for wait in some]


def events(data: Dataset) -> list[tuple[object, ...]]:
    assert data.events is not None
    minute = ((pl.col("at") - NINE).dt.total_seconds() / 60).alias("minute")
    kind = pl.col("kind").cast(pl.String)
    return data.events.select("conversation_id", minute, kind, "actor_id").collect().rows()


def excluded(data: Dataset) -> list[tuple[object, ...]]:
    """Reason, message and conversation of each row that was left out, and in which record it stood."""
    rows = data.audit.excluded.select("reason", "row", "line").rows()
    told = [(reason, json.loads(row or "{}"), line) for reason, row, line in rows]
    return sorted(
        ((reason, row.get("message_id"), row.get("conversation_id"), line) for reason, row, line in told),
        key=str,
    )


def channels(data: Dataset) -> dict[str, str]:
    return dict(
        data.messages.select("conversation_id", pl.col("channel").cast(pl.String))
        .unique()
        .collect()
        .iter_rows()
    )


@pytest.mark.parametrize("name", ["intercom", "freshdesk", "ibm"])
def test_a_mapping_says_where_its_export_is_found_and_what_is_not_known(name: str) -> None:
    mapping = Mapping.shipped(name)
    assert mapping.name == name
    assert mapping.found
    assert mapping.sources
    assert mapping.unsure
    assert Mapping.from_mapping(mapping.to_mapping()) == mapping


# Intercom

CUSTOMER: Record = {"type": "user", "id": "ada", "name": "Ada Example", "email": "ada@customer.example"}
MARTA: Record = {"type": "admin", "id": "7", "name": "Marta Example", "email": "marta@acme.example"}
OLU: Record = {"type": "admin", "id": "8", "name": "=HYPERLINK(1)", "email": "olu@acme.example"}
FIN: Record = {
    "type": "bot",
    "id": "99",
    "name": "Fin",
    "email": "operator+x1@intercom.io",
    "from_ai_agent": True,
}
OPERATOR: Record = {"type": "admin", "id": "98", "name": "Operator", "email": "operator+x1@intercom.io"}
NOBODY: Record = {}


def part(minute: float, part_type: str, author: Record, body: str | None = None, **more: object) -> Record:
    return {
        "type": "conversation_part",
        "part_type": part_type,
        "body": body,
        "created_at": epoch(minute),
        "updated_at": epoch(minute),
        "notified_at": epoch(minute),
        "assigned_to": None,
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        **more,
    }


def conversation(
    name: str,
    *parts: Record,
    minute: float = 0,
    delivered_as: str = "customer_initiated",
    channel: str = "conversation",
    author: Record = CUSTOMER,
    contacts: Sequence[str] = ("ada",),
    **more: object,
) -> Record:
    numbered = [{"id": f"{name}-{number}", **part} for number, part in enumerate(parts, 1)]
    return {
        "type": "conversation",
        "id": name,
        "created_at": epoch(minute),
        "updated_at": epoch(minute),
        "waiting_since": None,
        "snoozed_until": None,
        "source": {
            "type": channel,
            "id": "403918332",
            "delivered_as": delivered_as,
            "subject": "",
            "body": '<p>Hello,\nmy "parcel"; is <b>late</b></p>',
            "author": author,
            "attachments": [],
            "url": None,
            "redacted": False,
        },
        "contacts": {
            "type": "contact.list",
            "contacts": [{"type": "contact", "id": contact, "external_id": None} for contact in contacts],
        },
        "admin_assignee_id": None,
        "team_assignee_id": None,
        "open": True,
        "state": "open",
        "priority": "not_priority",
        "tags": {"type": "tag.list", "tags": []},
        "statistics": None,
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": numbered,
            "total_count": len(numbered),
        },
        **more,
    }


def assigned_to(kind: str, name: str | None) -> Record:
    return {"assigned_to": {"type": kind, "id": name}}


def plain_conversations() -> list[Record]:
    """Sixty conversations that are in order: number n is answered by Marta after n minutes."""
    return [conversation(f"plain{n:02}", part(n, "comment", MARTA, "<p>Yes</p>")) for n in range(1, 61)]


DIRTY = [
    conversation(
        "answered",
        part(0.5, "default_assignment", FIN, **assigned_to("team", "5")),
        part(1, "comment", FIN, "<p>I am a bot</p>"),
        part(3, "note", MARTA, "<p>never to be seen</p>"),
        part(9, "assignment", MARTA, **assigned_to("admin", "7")),
        part(12, "comment", MARTA, "<p>On its way</p>"),
        part(20, "comment", CUSTOMER, "<p>Still\r\nnot here</p>"),
        part(26, "close", MARTA, "<p>It is now</p>"),
        part(27, "conversation_rating_changed", CUSTOMER),
    ),
    conversation(  # answered while assigning; then opened again by the customer, and closed by a rule
        "reopened",
        part(30, "assignment", OLU, "<p>Let me see</p>", **assigned_to("admin", "8")),
        part(40, "close", OLU),
        part(100, "open", CUSTOMER, "<p>And now?</p>"),
        part(130, "close", FIN),
        channel="email",
    ),
    conversation(  # the brand wrote first
        "outreach",
        part(10, "comment", CUSTOMER, "<p>What is this?</p>"),
        part(15, "comment", MARTA, "<p>An offer</p>"),
        delivered_as="admin_initiated",
        author=MARTA,
    ),
    conversation(  # a series under a person's name, then a bot that poses as one
        "series",
        part(5, "comment", CUSTOMER, "<p>Stop this</p>"),
        part(6, "comment", OPERATOR, "<p>We reply within a day</p>"),
        delivered_as="automated",
        author=OLU,
    ),
    conversation(
        "bot",
        part(1, "quick_reply", CUSTOMER, "<p>A person</p>"),
        part(2, "comment", {**OLU, "from_ai_agent": True}, "<p>Certainly</p>"),
        part(2, "language_detection_details", FIN),
        delivered_as="operator_initiated",
        author=OPERATOR,
    ),
    conversation(
        "group",
        part(4, "comment", {**CUSTOMER, "id": "ben"}, "<p>Mine too</p>"),
        part(5, "participant_added", MARTA),
        part(9, "comment", {**MARTA, "type": "team", "id": "5"}, "<p>Both</p>"),
        contacts=("ada", "ben"),
        channel="instagram",
    ),
    conversation(
        "textual",
        part(8, "comment", {**CUSTOMER, "type": "lead"}, "=1+1", created_at=str(epoch(8))),
        part(18, "comment", MARTA, None, created_at=str(epoch(18)), redacted=True),
        created_at=str(epoch(0)),
    ),
    conversation(
        "snoozed",
        part(2, "snoozed", MARTA),
        part(60, "timer_unsnooze", FIN),
        part(61, "fin_guidance_applied", FIN),
        part(62, "hologram", MARTA, "<p>Can you see me?</p>"),
        part(63, "note_and_reopen", MARTA, "<p>never to be seen</p>"),
        part(64, "assign_and_unsnooze", MARTA, **assigned_to("nobody_admin", None)),
    ),
    conversation("blank", part(5, "comment", NOBODY, "<p>who?</p>"), channel="twitter"),
    conversation(
        "timeless",
        part(5, "comment", MARTA, "<p>when?</p>", created_at=None),
        part(6, "comment", MARTA, "<p>when?</p>", created_at="yesterday"),
        part(70, "comment", MARTA, "<p>now</p>"),
    ),
    conversation("nameless", part(5, "comment", MARTA, "<p>to whom?</p>"), id=None),
    conversation("later", part(5_000_000, "comment", MARTA, "<p>soon</p>")),
    conversation("unborn", delivered_as="telepathy"),
]


@pytest.fixture(scope="module")
def of_intercom(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    records = [*plain_conversations(), *DIRTY, DIRTY[0]]  # a page was fetched twice
    path = write(tmp_path_factory.mktemp("intercom") / "conversations.json", records)
    return read_export("intercom", path, brand="Acme", as_of=AS_OF, keep_text=True)


def test_waits_of_intercom_are_those_found_by_hand(of_intercom: Dataset) -> None:
    found = waits(of_intercom)
    plain = {name: found.pop(name) for name in list(found) if name.startswith("plain")}
    assert minutes_waited(plain) == list(range(1, 61))
    assert found == {
        "answered": [
            ("conversation/answered", "answered-5", 0, 12, "replied", "Acme/7", True),
            ("answered-6", "answered-7", 20, 6, "replied", "Acme/7", False),
        ],
        "reopened": [
            ("email/reopened", "reopened-1", 0, 30, "replied", "Acme/8", True),
            ("reopened-3", None, 100, 30, "closed", None, False),
        ],
        "outreach": [("outreach-1", "outreach-2", 10, 5, "replied", "Acme/7", False)],
        "series": [("series-1", None, 5, OPEN_AT_FIRST - 5, "awaiting", None, False)],
        "bot": [("bot-1", None, 1, OPEN_AT_FIRST - 1, "awaiting", None, True)],
        "group": [("instagram/group", "group-3", 0, 9, "replied", "Acme/5", True)],
        "textual": [("conversation/textual", "textual-2", 0, 18, "replied", "Acme/7", True)],
        "snoozed": [("conversation/snoozed", None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
        "blank": [("twitter/blank", None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
        "timeless": [("conversation/timeless", "timeless-3", 0, 70, "replied", "Acme/7", True)],
        "later": [("conversation/later", None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
    }


def test_what_is_left_out_of_intercom_has_a_reason(of_intercom: Dataset) -> None:
    assert of_intercom.audit.rows_read == 74
    assert excluded(of_intercom) == [
        ("a kind that the mapping does not name", "blank-1", "blank", 69),
        ("a kind that the mapping does not name", "conversation/unborn", "unborn", 73),
        ("a kind that the mapping does not name", "snoozed-4", "snoozed", 68),
        ("an empty conversation_id", "conversation", None, 71),
        ("an empty conversation_id", "nameless-1", None, 71),
        ("an empty time", "timeless-1", "timeless", 70),
        ("duplicate event", None, "answered", 74),
        ("duplicate event", None, "answered", 74),
        ("duplicate event", None, "answered", 74),
        ("duplicate message_id", "answered-2", "answered", 74),
        ("duplicate message_id", "answered-5", "answered", 74),
        ("duplicate message_id", "answered-6", "answered", 74),
        ("duplicate message_id", "answered-7", "answered", 74),
        ("duplicate message_id", "conversation/answered", "answered", 74),
        ("in the future", "later-1", "later", 72),
        ("no time", "timeless-2", "timeless", 70),
    ]


def test_events_of_intercom(of_intercom: Dataset) -> None:
    assert events(of_intercom) == [
        ("answered", 0.5, "assigned", None),  # to a team, which is nobody in person
        ("answered", 9, "assigned", "Acme/7"),
        ("answered", 26, "closed", "Acme/7"),
        ("reopened", 30, "assigned", "Acme/8"),
        ("reopened", 40, "closed", "Acme/8"),
        ("reopened", 100, "reopened", None),  # by the customer, whose id is nobody's at the brand
        ("reopened", 130, "closed", "Acme/99"),
        ("snoozed", 2, "snoozed", "Acme/7"),
        ("snoozed", 60, "reopened", "Acme/99"),
        ("snoozed", 63, "reopened", "Acme/7"),
        ("snoozed", 64, "assigned", None),
        ("snoozed", 64, "reopened", "Acme/7"),
    ]


def test_messages_of_intercom_are_whose_they_are(of_intercom: Dataset) -> None:
    named = {
        name: (sender, sender_id)
        for name, sender, sender_id in of_intercom.messages.select(
            "message_id", pl.col("sender").cast(pl.String), "sender_id"
        )
        .collect()
        .iter_rows()
    }
    assert named["answered-2"] == ("bot", "Acme/99")
    assert named["series-2"] == ("bot", "Acme/98")  # Operator, who poses as a teammate
    assert named["bot-2"] == ("bot", "Acme/8")  # what the AI agent wrote in somebody's name
    assert named["conversation/series"] == ("agent", "Acme/unsigned")
    assert named["group-1"] == ("customer", "ada")  # who was added counts as who asked first
    assert "never" not in "".join(of_intercom.messages.select("text").collect()["text"].drop_nulls())
    assert {channel for name, channel in channels(of_intercom).items() if "plain" not in name} == {
        "chat",
        "email",
        "instagram",
        "twitter",
    }


def test_conversations_one_per_file_or_line_are_read_alike(tmp_path: Path, of_intercom: Dataset) -> None:
    folder = tmp_path / "conversations"
    folder.mkdir()
    records = plain_conversations()
    for record in records:
        write(folder / f"{record['id']}.json", record)
    lines = tmp_path / "conversations.jsonl"
    lines.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    expected = {name: some for name, some in waits(of_intercom).items() if "plain" in name}
    for path in (folder, lines):
        assert waits(read_export("intercom", path, brand="Acme", as_of=AS_OF)) == expected


def test_a_conversation_cut_short_is_left_out_and_a_document_refused(tmp_path: Path) -> None:
    records = plain_conversations()
    whole = tmp_path / "conversations.json"
    whole.write_text(json.dumps(records)[:-90], encoding="utf-8")
    with pytest.raises(InputError, match="ends in the middle of its JSON"):
        read_export("intercom", whole, brand="Acme", as_of=AS_OF)
    path = tmp_path / "conversations.ndjson"
    path.write_text("\n".join(map(json.dumps, records))[:-90], encoding="utf-8")
    data = read_export("intercom", path, brand="Acme", as_of=AS_OF)
    assert minutes_waited(waits(data)) == list(range(1, 60))
    assert data.audit.excluded["kind"].to_list() == ["unreadable"]


def test_conversations_without_parts_tell_their_first_answer(tmp_path: Path) -> None:
    """As a search gives them: a page, its conversations with statistics and without parts."""
    statistics: Record = {
        "type": "conversation_statistics",
        "time_to_admin_reply": 60,  # in office hours: not read
        "first_contact_reply_at": epoch(0),
        "first_admin_reply_at": epoch(31),
        "first_close_at": epoch(40),
        "last_close_at": epoch(90),
    }
    records = [
        conversation("asked", statistics=statistics),
        conversation("closed", statistics={**statistics, "first_admin_reply_at": None}),
        conversation("unanswered"),
        conversation(
            "outreach",
            delivered_as="admin_initiated",
            author=MARTA,
            statistics={**statistics, "first_contact_reply_at": epoch(11)},
        ),
    ]
    page = {
        "type": "conversation.list",
        "total_count": 4,
        "pages": {"type": "pages", "page": 1, "per_page": 20, "total_pages": 1},
        "conversations": [{k: v for k, v in each.items() if k != "conversation_parts"} for each in records],
    }
    path = write(tmp_path / "page1.json", page)
    found = waits(read_export("intercom", path, brand="Acme", as_of=AS_OF))
    made = "4/agent"
    assert found == {
        "asked": [("conversation/asked", f"asked/{made}", 0, 31, "replied", "Acme/unsigned", True)],
        "closed": [("conversation/closed", None, 0, 40, "closed", None, True)],
        "unanswered": [("conversation/unanswered", None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
        "outreach": [
            (
                "outreach/2026-03-02T09:11:00/customer",
                f"outreach/{made}",
                11,
                20,
                "replied",
                "Acme/unsigned",
                False,
            )
        ],
    }


def test_intercom_needs_to_be_told_the_brand(tmp_path: Path) -> None:
    path = write(tmp_path / "conversations.json", plain_conversations())
    with pytest.raises(BenchkitError, match="brand"):
        read_export("intercom", path)


# Freshdesk


def ticket(number: int | None, minute: float = 0, source: object = 1, **more: object) -> Record:
    return {
        "cc_emails": [],
        "fr_escalated": False,
        "spam": False,
        "group_id": 31,
        "priority": 1,
        "requester_id": 501,
        "responder_id": None,
        "source": source,
        "status": 2,
        "subject": "=cmd|' /C calc'!A0",
        "type": "Question",
        "id": number,
        "created_at": iso(minute),
        "updated_at": iso(minute),
        "description": '<div>My parcel\r\nis late;<br>"again"</div>',
        "custom_fields": {"cf_order": "=1+1"},
        "tags": [],
        "stats": {
            "agent_responded_at": None,
            "requester_responded_at": None,
            "first_responded_at": None,
            "status_updated_at": iso(minute),
            "reopened_at": None,
            "resolved_at": None,
            "closed_at": None,
            "pending_since": None,
            **{name: more.pop(name) for name in ("reopened_at", "resolved_at", "closed_at") if name in more},
        },
        **more,
    }


def reply(number: object, of: object, minute: float, user: int, *, source: int = 0, **more: object) -> Record:
    """What user 501 and those after wrote is incoming; the agents' ids are below."""
    return {
        "body": "<div>Please\r\nreply</div>",
        "body_text": "Please\r\nreply",
        "id": number,
        "incoming": user > 500,
        "private": False,
        "user_id": user,
        "support_email": None,
        "source": source,
        "ticket_id": of,
        "created_at": iso(minute),
        "updated_at": iso(minute),
        "from_email": "someone@example.com",
        "to_emails": [],
        "cc_emails": [],
        "bcc_emails": [],
        "attachments": [],
        **more,
    }


TICKETS = [
    ticket(1, resolved_at=iso(80), closed_at=iso(5000)),
    ticket(2, source=10, resolved_at=iso(50)),
    ticket(3, priority=4),
    ticket(4, spam=True, closed_at=iso(1)),
    ticket(5, deleted=True),
    ticket(6, type=None),
    ticket(7, source=5),
    ticket(8, closed_at=iso(90), reopened_at=iso(95)),
    ticket(9),
    ticket(10, created_at="2026-03-02T14:30:00+05:30"),
    ticket(11, created_at=None),
    ticket(None),
    ticket(13, requester_id=None),
    ticket(14, source=99),
    ticket(3, priority=4),  # pages that overlap
]

REPLIES = [
    reply(101, 1, 5, 71, source=2, private=True),
    reply(102, 1, 25, 71),
    reply(103, 1, 60, 501),
    reply(104, 1, 75, 72, source=2),
    reply(104, 1, 75, 72, source=2),  # the page was fetched twice
    reply(201, 2, 30, 501),
    reply(301, 3, 10, 71, source=8),  # forwarded to a carrier
    reply(302, 3, 40, 71),
    reply(401, 4, 1, 71),
    reply(501, 5, 2, 71),
    reply(601, 6, 3, 502),
    reply(602, 6, 8, 72),
    reply(701, 7, 6, 501, source=5),
    reply(702, 7, 9, 71, source=5),
    reply(801, 8, 10, 71),
    reply(802, 8, 85, 501, source=6),  # a survey filled in
    reply(803, 8, 86, 501),
    reply(901, 9, 5, 71, incoming=None),
    reply("902", "9", 7, 71, private="true"),
    reply("903", "9", 8, 71, source="0"),
    reply(1001, 10, 3, 71, created_at=None),
    reply(1002, 10, 4, 71, created_at="soon"),
    reply(1003, 10, 5, 71),
    reply(None, 10, 6, 501),
    reply(1101, 11, 5, 71),
    reply(1201, None, 5, 71),
    reply(1301, 13, 20, 71),
    reply(1401, 14, 5_000_000, 71),
    reply(99901, 999, 5, 71),  # its ticket is archived
]


def plain_tickets() -> tuple[list[Record], list[Record]]:
    """Seventy tickets that are in order: the n-th is answered after n minutes."""
    numbers = range(1, 71)
    return (
        [ticket(7000 + n) for n in numbers],
        [reply(90_000 + n, 7000 + n, n, 71) for n in numbers],
    )


def export_of_freshdesk(folder: Path) -> Path:
    tickets, replies = plain_tickets()
    write(folder / "tickets.json", [*tickets, *TICKETS])
    write(folder / "conversations.json", [*replies, *REPLIES])
    return folder


@pytest.fixture(scope="module")
def of_freshdesk(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = export_of_freshdesk(tmp_path_factory.mktemp("freshdesk"))
    return read_export("freshdesk", folder, brand="Acme", as_of=AS_OF, keep_text=True)


def first(number: int) -> str:
    """The id that the first message of a ticket of minute 0 gets."""
    return f"{number}/2026-03-02T09:00:00/customer"


FRESHDESK_WAITS = {
    "1": [
        (first(1), "102", 0, 25, "replied", "Acme/71", True),
        ("103", "104", 60, 15, "replied", "Acme/72", False),
    ],
    "2": [("201", None, 30, 20, "closed", None, False)],
    "3": [(first(3), "302", 0, 40, "replied", "Acme/71", True)],
    "6": [(first(6), "602", 0, 8, "replied", "Acme/72", True)],
    "7": [(first(7), "702", 0, 9, "replied", "Acme/71", True)],
    "8": [(first(8), "801", 0, 10, "replied", "Acme/71", True), ("803", None, 86, 4, "closed", None, False)],
    "9": [(first(9), "903", 0, 8, "replied", "Acme/71", True)],
    "10": [(first(10), "1003", 0, 5, "replied", "Acme/71", True)],
    "13": [(first(13), "1301", 0, 20, "replied", "Acme/71", True)],
    "14": [(first(14), None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
}


def test_waits_of_freshdesk_are_those_found_by_hand(of_freshdesk: Dataset) -> None:
    found = waits(of_freshdesk)
    plain = {name: found.pop(name) for name in list(found) if name.startswith("70")}
    assert minutes_waited(plain) == list(range(1, 71))
    assert found == FRESHDESK_WAITS


def test_what_is_left_out_of_freshdesk_has_a_reason(of_freshdesk: Dataset) -> None:
    assert excluded(of_freshdesk) == [
        ("a kind that the mapping does not name", "901", "9", 88),
        ("an empty channel", "1101", "11", 95),  # its ticket could not be read
        ("an empty conversation_id", "1201", None, 96),
        ("an empty conversation_id", "99901", None, 99),
        ("an empty conversation_id", None, None, 82),
        ("an empty message_id", None, "10", 94),
        ("an empty time", "1001", "10", 91),
        ("an empty time", None, "11", 81),
        ("duplicate message_id", "104", "1", 75),
        ("duplicate message_id", first(3), "3", 85),
        ("in the future", "1401", "14", 98),
        ("no time", "1002", "10", 92),
    ]
    assert set(of_freshdesk.audit.excluded["file"]) == {"tickets.json", "conversations.json"}


def test_tickets_of_freshdesk_have_their_channel_and_closings(of_freshdesk: Dataset) -> None:
    told = channels(of_freshdesk)
    assert {name: told[name] for name in ("1", "2", "7", "14")} == {
        "1": "email",
        "2": "email",
        "7": "twitter",
        "14": "99",
    }
    assert not {"4", "5"} & set(told)  # spam, and deleted
    assert events(of_freshdesk) == [
        ("1", 80, "closed", None),
        ("2", 50, "closed", None),
        ("8", 90, "closed", None),
        ("8", 95, "reopened", None),
    ]
    columns = of_freshdesk.messages.filter(pl.col("conversation_id") == "3").collect()
    assert columns["priority"].unique().to_list() == ["urgent"]
    assert columns["queue"].unique().to_list() == ["31"]
    assert columns["sender_id"].to_list() == ["501", "Acme/71"]


def test_conversations_inside_tickets_are_read_alike(tmp_path: Path, of_freshdesk: Dataset) -> None:
    tickets, replies = plain_tickets()
    records = [
        {
            **each,
            "conversations": [
                some for some in [*replies, *REPLIES] if str(some["ticket_id"]) == str(each["id"])
            ],
        }
        for each in [*tickets, *TICKETS]
        if each["id"] is not None
    ]
    path = write(tmp_path / "tickets.json", records)
    assert waits(read_export("freshdesk", path, brand="Acme", as_of=AS_OF)) == waits(of_freshdesk)


def test_tickets_without_conversations_tell_their_first_reply(tmp_path: Path) -> None:
    def with_stats(number: int, responded: float | None, resolved: float | None) -> Record:
        record = ticket(number, resolved_at=None if resolved is None else iso(resolved))
        stats = record["stats"]
        assert isinstance(stats, dict)
        stats["first_responded_at"] = None if responded is None else iso(responded)
        return record

    records = [with_stats(1, 17, 30), with_stats(2, None, 45), with_stats(3, None, None)]
    found = waits(
        read_export("freshdesk", write(tmp_path / "tickets.json", records), brand="Acme", as_of=AS_OF)
    )
    assert found == {
        "1": [(first(1), "1/2/agent", 0, 17, "replied", "Acme/unsigned", True)],
        "2": [(first(2), None, 0, 45, "closed", None, True)],
        "3": [(first(3), None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
    }


def test_conversations_without_tickets_and_tickets_without_stats_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "conversations.json", REPLIES)
    with pytest.raises(InputError, match="tickets"):
        read_export("freshdesk", path, brand="Acme")
    records = [{key: value for key, value in ticket(1).items() if key != "stats"}]
    with pytest.raises(UnknownNameError, match=r"stats\.resolved_at"):
        read_export("freshdesk", write(tmp_path / "tickets.json", records), brand="Acme")


# IBM

TWITTER_EPOCH = 1_288_834_974_657


def tweet(minute: float, number: int = 1) -> str:
    """The id of a tweet of that minute."""
    milliseconds = int((NINE + timedelta(minutes=minute)).timestamp() * 1000)
    return str(((milliseconds - TWITTER_EPOCH) << 22) + number)


def said(minute: float, *, client: str = "", agent: str = "", number: int = 1, **more: object) -> Record:
    return {
        **({"client": client} if client else {}),
        **({"agent": agent} if agent else {}),
        "datetime": f"{NINE + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%S.000Z}",
        "message": '=1+1 &amp; "my\\nphone"\n:(',
        "tweet_ID": tweet(minute, number),
        **more,
    }


def dialogue(name: str | None, *turns: Record, link: object, company: str | None = "AcmeHelp") -> Record:
    return {
        "agentURL": {
            "doc_id": "9417",
            "turn": str(len(turns) + 1),
            "tweet_ID": link,
            "url": "https://acme.example/help",
            "url_utterance": "@someone Please see https://acme.example/help *MX",
        },
        "dialogContent": list(turns),
        "dialogHeader": {
            "company": company,
            "conversationDateTime": turns[0]["datetime"],
            "duration": "00:00:00.0",
            "messageCount": str(len(turns) + 1),
            "sessionID": name,
        },
    }


def plain_dialogues() -> list[Record]:
    """Eighty dialogues that are in order: number n is answered after n minutes."""
    return [
        dialogue(f"plain{n:02}", said(0, client="ada", number=1000 + n), link=tweet(n, 1000 + n))
        for n in range(1, 81)
    ]


DIALOGUES = [
    dialogue("short", said(0, client="ada", number=1), said(3, client="ada", number=1), link=tweet(12, 1)),
    dialogue(
        "long",
        said(0, client="ben", number=2),
        said(5, agent="AcmeHelp", number=2),
        said(8, client="ben", number=2, datetime="2026-03-02T14:38:00.000+05:30"),
        link=tweet(20, 2),
    ),
    dialogue("began", said(0, agent="AcmeHelp", number=3), said(4, client="cyd", number=3), link=tweet(9, 3)),
    dialogue(
        "crowd", said(0, client="dot", number=4), said(2, client="eve", number=4), link=int(tweet(10, 4))
    ),
    dialogue(  # goes back to the tweets of "long"
        "again",
        said(0, client="ben", number=2),
        said(5, agent="AcmeHelp", number=2),
        said(30, client="ben", number=5),
        link=tweet(33, 5),
    ),
    dialogue("nobody", said(0, client="fay", number=6), said(1, number=6), link=tweet(7, 6)),
    dialogue(
        "timeless",
        said(0, client="gil", number=7),
        said(1, client="gil", number=7, datetime=None),
        said(2, agent="AcmeHelp", number=7, datetime="at noon"),
        link=tweet(15, 7),
    ),
    dialogue("unlinked", said(0, client="hal", number=8), link=None),
    dialogue("word", said(0, client="jon", number=10), link="1232360458130161664x"),
    dialogue(
        "idless", said(0, client="kim", number=11), said(1, client="kim", tweet_ID=""), link=tweet(2, 11)
    ),
    dialogue(None, said(0, client="lee", number=12), link=tweet(3, 12)),
    dialogue("homeless", said(0, client="mia", number=13), link=tweet(3, 13), company=None),
    dialogue("early", said(5, client="ned", number=14), link=tweet(4, 14)),
    dialogue("later", said(0, client="oda", number=15), link=tweet(5_000_000, 15)),
]


@pytest.fixture(scope="module")
def of_ibm(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = write(tmp_path_factory.mktemp("ibm") / "dev.json", [*plain_dialogues(), *DIALOGUES])
    return read_export("ibm", path, as_of=AS_OF, keep_text=True)


def test_waits_of_ibm_are_those_found_by_hand(of_ibm: Dataset) -> None:
    found = waits(of_ibm)
    plain = {name: found.pop(name) for name in list(found) if name.startswith("plain")}
    assert minutes_waited(plain) == list(range(1, 81))
    nobody = "AcmeHelp/unsigned"
    assert found == {
        "short": [(tweet(0, 1), tweet(12, 1), 0, 12, "replied", nobody, True)],
        "long": [
            (tweet(0, 2), tweet(5, 2), 0, 5, "replied", nobody, True),
            (tweet(8, 2), tweet(20, 2), 8, 12, "replied", nobody, False),
        ],
        "began": [(tweet(4, 3), tweet(9, 3), 4, 5, "replied", nobody, False)],
        "crowd": [(tweet(0, 4), tweet(10, 4), 0, 10, "replied", nobody, True)],
        "again": [(tweet(30, 5), tweet(33, 5), 30, 3, "replied", nobody, True)],
        "nobody": [(tweet(0, 6), tweet(7, 6), 0, 7, "replied", nobody, True)],
        "timeless": [(tweet(0, 7), tweet(15, 7), 0, 15, "replied", nobody, True)],
        "unlinked": [(tweet(0, 8), None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
        "word": [(tweet(0, 10), None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
        "idless": [(tweet(0, 11), tweet(2, 11), 0, 2, "replied", nobody, True)],
        "early": [(tweet(5, 14), None, 5, OPEN_AT_FIRST - 5, "awaiting", None, False)],
        "later": [(tweet(0, 15), None, 0, OPEN_AT_FIRST, "awaiting", None, True)],
    }


def test_what_is_left_out_of_ibm_has_a_reason(of_ibm: Dataset) -> None:
    assert of_ibm.audit.rows_read == 94
    assert excluded(of_ibm) == [
        ("a kind that the mapping does not name", tweet(1, 6), "nobody", 86),
        ("an empty brand", tweet(0, 13), "homeless", 92),
        ("an empty brand", tweet(3, 13), "homeless", 92),
        ("an empty conversation_id", tweet(0, 12), None, 91),
        ("an empty conversation_id", tweet(3, 12), None, 91),
        ("an empty message_id", None, "idless", 90),
        ("an empty message_id", None, "unlinked", 88),
        ("an empty time", tweet(1, 7), "timeless", 87),
        ("duplicate message_id", tweet(0, 2), "again", 85),
        ("duplicate message_id", tweet(5, 2), "again", 85),
        ("in the future", tweet(5_000_000, 15), "later", 94),
        ("no time", "1232360458130161664x", "word", 89),
        ("no time", tweet(2, 7), "timeless", 87),
    ]
    assert of_ibm.audit.notes == {
        "messages of a further customer in a conversation, counted as its first one's": 1
    }


def test_ibm_says_that_only_answered_dialogues_were_collected(of_ibm: Dataset) -> None:
    assert of_ibm.about.selection is not None
    assert "nobody answered" in of_ibm.about.selection
    assert of_ibm.brands() == ["AcmeHelp"]
    assert set(channels(of_ibm).values()) == {"twitter"}


def test_ibm_names_its_brands_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "dev.json", plain_dialogues())
    with pytest.raises(BenchkitError, match="leave brand out"):
        read_export("ibm", path, brand="Acme")


def test_dialogues_cut_short_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(plain_dialogues(), indent=4)[:-70], encoding="utf-8")
    with pytest.raises(InputError, match="ends in the middle of its JSON"):
        read_export("ibm", path, as_of=AS_OF)


@pytest.mark.parametrize(
    ("name", "file", "header"),
    [
        ("intercom", "teammates.csv", "Teammate,Conversations replied to,Median first response time"),
        ("freshdesk", "tickets by agent.csv", "Agent,Tickets assigned,Avg 1st response time"),
    ],
)
def test_reports_of_averages_are_refused(tmp_path: Path, name: str, file: str, header: str) -> None:
    path = tmp_path / file
    path.write_text(f"{header}\nMarta,12,00:12:00\n", encoding="utf-8")
    with pytest.raises(InputError, match="averages only; no share within 1 h can be made from it"):
        read_export(name, path, brand="Acme")
