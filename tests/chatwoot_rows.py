"""A small Chatwoot, made up: its tables as PostgreSQL holds them, and the same as its API gives it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.postgres import READER

DAY = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
MIA, KIM, OTHER_KIM, LEFT = 9, 10, 11, 12
SECRETS = (
    "lena@example.com",
    "+49301234567",
    "token-of-mia",
    "pw-hash-of-mia",
    "Lena Customer",
    "a secret note",
)

SCHEMA = [
    "CREATE TABLE accounts (id int, name varchar, support_email varchar)",
    "CREATE TABLE inboxes (id int, account_id int, name varchar, channel_type varchar, email_address varchar,"
    " working_hours_enabled boolean, timezone varchar)",
    "CREATE TABLE users (id int, name varchar, email varchar, encrypted_password varchar, tokens json)",
    "CREATE TABLE contacts (id int, name varchar, email varchar, phone_number varchar)",
    "CREATE TABLE conversations (id int, account_id int, display_id int, inbox_id int, contact_id bigint,"
    " status int, priority int, assignee_id int, created_at timestamp, updated_at timestamp,"
    " last_activity_at timestamp, additional_attributes jsonb, cached_label_list text)",
    "CREATE TABLE messages (id int, account_id int, inbox_id int, conversation_id int, message_type int,"
    " private boolean, status int, content text, content_attributes json, additional_attributes jsonb,"
    " sender_type varchar, sender_id bigint, created_at timestamp, updated_at timestamp)",
    "CREATE TABLE reporting_events (id int, name varchar, conversation_id int, user_id int,"
    " event_end_time timestamp, created_at timestamp)",
    "CREATE TABLE working_hours (id int, inbox_id bigint, day_of_week int, closed_all_day boolean,"
    " open_all_day boolean, open_hour int, open_minutes int, close_hour int, close_minutes int)",
]
GRANTS = [
    f"GRANT SELECT (id, name) ON accounts, users TO {READER}",
    f"GRANT SELECT (id, name, channel_type, working_hours_enabled, timezone) ON inboxes TO {READER}",
    f"GRANT SELECT ON conversations, messages, reporting_events, working_hours TO {READER}",
]

ACCOUNTS = [{"id": 1, "name": "Acme", "support_email": SECRETS[0]}]
INBOXES = [
    {"id": 3, "account_id": 1, "name": "Acme on Facebook", "channel_type": "Channel::FacebookPage",
     "working_hours_enabled": True, "timezone": "Europe/Berlin"},
    {"id": 4, "account_id": 1, "name": "=1+1", "channel_type": "Channel::WebWidget",
     "working_hours_enabled": False, "timezone": "UTC"},
]  # fmt: skip
USERS = [
    {"id": MIA, "name": "Mia", "email": "mia@example.com", "encrypted_password": SECRETS[3],
     "tokens": {"client": SECRETS[2]}},
    {"id": KIM, "name": "Kim", "email": "kim@example.com"},
    {"id": OTHER_KIM, "name": "Kim", "email": "kim2@example.com"},
]  # fmt: skip
CONTACTS = [{"id": 7, "name": SECRETS[4], "email": SECRETS[0], "phone_number": SECRETS[1]}]
WORKING_HOURS = [
    {"id": day, "inbox_id": 3, "day_of_week": day, "closed_all_day": day in (0, 6), "open_all_day": day == 5,
     "open_hour": 0 if day == 5 else 9, "open_minutes": 0, "close_hour": 23 if day == 5 else 17,
     "close_minutes": 59 if day == 5 else 30}
    for day in range(7)
]  # fmt: skip


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def conversation(
    number: int, inbox: int, contact: int | None, status: int, begins: str, **more: Any
) -> dict[str, Any]:
    last = more.pop("last", begins)
    return {
        "id": 100 + number, "account_id": 1, "display_id": number, "inbox_id": inbox, "contact_id": contact,
        "status": status, "priority": None, "assignee_id": None, "created_at": at(begins),
        "updated_at": at(last), "last_activity_at": at(last), "additional_attributes": {},
        "cached_label_list": None,
    } | more  # fmt: skip


CONVERSATIONS = [
    conversation(1, 3, 7, 0, "9:00", last="12:00", priority=3, cached_label_list="refund,vip"),
    conversation(2, 4, 13, 0, "10:00", last="10:23", priority=9),
    conversation(3, 3, None, 1, "13:00", last="13:10"),
    conversation(4, 4, 7, 0, "14:00", last="14:20"),
    conversation(5, 4, 14, 1, "15:00", last="15:40"),
    conversation(6, 4, 15, 0, "15:59", last="16:00"),
    conversation(7, 3, 16, 1, "20:00", last="22:00", assignee_id=KIM),
]


def message(
    number: int,
    of: int,
    clock: str,
    kind: int,
    sender: tuple[str, int] | None = None,
    text: str = "…",
    **more: Any,
) -> dict[str, Any]:
    sender_type, sender_id = sender or (None, None)
    return {
        "id": number, "account_id": 1, "inbox_id": 3, "conversation_id": 100 + of, "message_type": kind,
        "private": False, "status": 0, "content": text, "content_attributes": {}, "additional_attributes": {},
        "sender_type": sender_type, "sender_id": sender_id, "created_at": at(clock), "updated_at": at(clock),
    } | more  # fmt: skip


def contact(number: int) -> tuple[str, int]:
    return "Contact", number


def user(number: int) -> tuple[str, int]:
    return "User", number


BOT, CAPTAIN = ("AgentBot", 2), ("Captain::Assistant", 1)
BY_MIA = "Conversation was marked resolved by Mia"
REOPENED = "System reopened the conversation due to a new incoming message."
RESOLVED = {"activity": {"type": "conversation_status_changed", "status": "resolved"}}

MESSAGES = [
    message(1, 1, "9:00", 0, contact(7), '=HYPERLINK("http://example.com")'),
    message(2, 1, "9:05", 0, contact(7)),
    message(3, 1, "9:06", 1, user(MIA), SECRETS[5], private=True),
    message(4, 1, "9:07", 1, BOT),
    message(5, 1, "9:08", 2, None, "Assigned to Mia by Kim"),
    message(6, 1, "9:30", 1, user(MIA)),
    message(7, 1, "9:31", 2, None, BY_MIA, content_attributes=RESOLVED),
    message(8, 1, "11:00", 0, contact(8)),  # of a contact that was merged into 7
    message(9, 1, "11:00", 2, None, REOPENED),
    message(10, 1, "11:05", 1, user(MIA), content_attributes=json.dumps({"deleted": True})),
    message(11, 1, "11:10", 1, user(MIA), status=3),
    message(12, 1, "12:00", 1, user(KIM)),
    message(20, 2, "10:00", 1, user(MIA), "Hello! May we help?"),
    message(21, 2, "10:20", 0, contact(13)),
    message(22, 2, "10:21", 1, user(MIA), content_attributes=json.dumps({"automation_rule_id": 5})),
    message(23, 2, "10:22", 1, user(MIA), additional_attributes={"campaign_id": 3}),
    message(24, 2, "10:23", 1),
    message(30, 3, "13:00", 0, contact(30)),
    message(31, 3, "13:10", 2, None, "Mia marcó la conversación como resuelta", content_attributes=RESOLVED),
    message(40, 4, "14:00", 0, contact(7)),
    message(41, 4, "14:00", 3, None, "We typically reply in a few hours"),
    message(42, 4, "14:01", 1, CAPTAIN),
    message(43, 4, "14:03", 0, contact(7), "👍", content_attributes={"is_reaction": True}),
    message(44, 4, "14:20", 1, None, content_attributes={"external_echo": True}),
    message(50, 5, "15:00", 0, contact(14), content_attributes={"email": {"text": '"deleted": true'}}),
    message(60, 6, "15:59", 1, user(LEFT)),
    message(61, 6, "16:00", 0, contact(15)),
    *(message(200 + 2 * n, 7, f"20:{n * 3:02}", 0, contact(16)) for n in range(20)),
    *(message(201 + 2 * n, 7, f"20:{n * 3 + 1:02}", 1, user(OTHER_KIM)) for n in range(20)),
    message(250, 7, "22:00", 2, None, BY_MIA, content_attributes=RESOLVED),
    message(1, 1, "9:00", 0, contact(7)),  # twice
    message(300, 899, "16:30", 0, contact(7)),  # of a conversation that is not there
    message(301, 1, "16:31", 9, contact(7)),
    message(302, 1, "16:32", 0, contact(7), created_at=datetime(1970, 1, 1, tzinfo=UTC)),
]


def event(number: int, name: str, of: int, agent: int | None, clock: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "name": name, "conversation_id": 100 + of, "user_id": agent,
        "event_end_time": at(clock), "created_at": at(clock),
    } | more  # fmt: skip


EVENTS = [
    event(1, "conversation_resolved", 1, MIA, "9:31"),
    event(2, "first_response", 1, MIA, "9:30"),
    event(3, "conversation_bot_handoff", 4, None, "14:02"),
    event(4, "conversation_resolved", 7, KIM, "22:00", event_end_time=None),
]


def statements(tables: dict[str, Sequence[dict[str, Any]]] | None = None) -> list[str]:
    """What makes the database."""
    return [*SCHEMA, *GRANTS, *(insert(table, rows) for table, rows in (tables or TABLES).items() if rows)]


TABLES: dict[str, Sequence[dict[str, Any]]] = {
    "accounts": ACCOUNTS,
    "inboxes": INBOXES,
    "users": USERS,
    "contacts": CONTACTS,
    "conversations": CONVERSATIONS,
    "messages": MESSAGES,
    "reporting_events": EVENTS,
    "working_hours": WORKING_HOURS,
}


def insert(table: str, rows: Sequence[dict[str, Any]]) -> str:
    names = list(rows[0])
    values = ", ".join("(" + ", ".join(literal(row.get(name)) for name in names) + ")" for row in rows)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {values}"


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S}'"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith("{") and isinstance(value, str):
        text = json.dumps(text)  # as Rails writes it: JSON within a JSON text
    return "'" + text.replace("'", "''") + "'"


def api_conversation(row: dict[str, Any], messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A conversation, as `GET conversations` gives it, with all of these messages."""
    inbox = next(each for each in INBOXES if each["id"] == row["inbox_id"])
    statuses = ("open", "resolved", "pending", "snoozed")
    person = {"id": row["contact_id"], "name": SECRETS[4], "email": SECRETS[0], "phone_number": SECRETS[1]}
    labels = row["cached_label_list"]
    return {
        "meta": {"sender": person if row["contact_id"] else None, "channel": inbox["channel_type"]},
        "id": row["display_id"],
        "account_id": 1,
        "inbox_id": row["inbox_id"],
        "status": statuses[row["status"]],
        "created_at": epoch(row["created_at"]),
        "last_activity_at": epoch(row["last_activity_at"]),
        "first_reply_created_at": 0,
        "waiting_since": 0,
        "additional_attributes": row["additional_attributes"],
        "priority": "urgent" if row["priority"] == 3 else None,
        "labels": labels.split(",") if labels else [],
        "messages": [api_message(each) for each in messages],
    }


def api_message(row: dict[str, Any]) -> dict[str, Any]:
    """A message, as `GET conversations/ID/messages` gives it."""
    attributes = row["content_attributes"]
    told = {
        "id": row["id"],
        "content": row["content"],
        "conversation_id": row["conversation_id"] - 100,
        "message_type": row["message_type"],
        "private": row["private"],
        "created_at": epoch(row["created_at"]),
        "status": ("sent", "delivered", "read", "failed")[row["status"]],
        "content_attributes": json.loads(attributes) if isinstance(attributes, str) else attributes,
        "additional_attributes": row["additional_attributes"],
    }
    if row["sender_type"]:
        kinds = {"User": "user", "Contact": "contact", "AgentBot": "agent_bot"}
        names = {each["id"]: each["name"] for each in USERS}
        told["sender"] = {"id": row["sender_id"], "type": kinds.get(row["sender_type"], "captain_assistant")}
        if row["sender_type"] == "User" and row["sender_id"] in names:
            told["sender"]["name"] = names[row["sender_id"]]
    return told


def epoch(time: datetime) -> int:
    return int(time.timestamp())


def api_conversations() -> list[dict[str, Any]]:
    """All conversations, each with its messages."""
    by_number = {row["id"]: [] for row in CONVERSATIONS}
    for row in MESSAGES:
        if row["conversation_id"] in by_number:
            by_number[row["conversation_id"]].append(row)
    return [api_conversation(row, by_number[row["id"]]) for row in CONVERSATIONS]


def api_inboxes() -> dict[str, Any]:
    """Inboxes with their working hours, as `GET inboxes` gives them."""
    hours = (
        "day_of_week",
        "closed_all_day",
        "open_all_day",
        "open_hour",
        "open_minutes",
        "close_hour",
        "close_minutes",
    )
    days = {3: [{name: row[name] for name in hours} for row in WORKING_HOURS]}
    return {"payload": [{**row, "working_hours": days.get(row["id"], [])} for row in INBOXES]}
