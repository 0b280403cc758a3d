"""What Zendesk's API gives, in its own shapes, dirt included, against waits derived by hand."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from benchkit import open_dataset
from benchkit.dataset import Dataset
from benchkit.definitions import ZENDESK
from benchkit.errors import BenchkitError, InputError
from benchkit.finding import find_waits
from benchkit.sources.zendesk import read_zendesk
from benchkit.sources.zendesk.vias import channel_of, code_of
from benchkit.store import ingest
from tests.fuzzing import fuzz

ACME, GLOBEX = 360001, 360002
MIA, BEN, ZOE, OTHER_MIA, LENA = 201, 202, 203, 204, 205
HOME = "https://acme.zendesk.com/api/v2"
TAKEN_AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
MINUTE = 60
EMAIL = {"channel": "email", "source": {"from": {"address": "a@example.com"}, "to": {}, "rel": None}}
DM = {"channel": "twitter", "source": {"from": {}, "to": {}, "rel": "direct_message"}}
TRIGGER = {
    "channel": "rule",
    "source": {
        "to": {},
        "from": {"id": 61, "title": "Notify requester of received request"},
        "rel": "trigger",
    },
}
MERGE_OF_6 = {
    "channel": "system",
    "source": {"from": {"ticket_id": 6, "subject": "again"}, "to": {}, "rel": "merge"},
}

Object = dict[str, Any]


def at(clock: str) -> str:
    return f"2026-03-02T{clock if clock.count(':') == 2 else clock + ':00'}Z"


def user(number: int, role: str = "end-user", name: str | None = None, **more: Any) -> Object:
    url = f"{HOME}/users/{number}.json"
    return {
        "id": number,
        "url": url,
        "name": name or f"Customer {number}",
        "role": role,
        "active": True,
    } | more


USERS = [
    user(MIA, "agent", "Mia"),
    user(BEN, "admin", "Ben"),
    user(ZOE, "end-user", "Zoe"),  # left, and was made an end-user, as Zendesk advises
    user(OTHER_MIA, "agent", "Mia"),
    user(LENA, "agent", "Lena", role_type=1, only_private_comments=True),  # a light agent
    *(user(1000 + number) for number in range(1, 200)),
]


def ticket(number: int, clock: str, via: Object = EMAIL, **more: Any) -> Object:
    return {
        "url": f"{HOME}/tickets/{number}.json",
        "id": number,
        "via": via,
        "created_at": at(clock),
        "updated_at": at("14:00"),
        "requester_id": 1000 + number,
        "submitter_id": 1000 + number,
        "assignee_id": MIA,
        "group_id": 48,
        "brand_id": ACME,
        "status": "open",
        "priority": "high",
        "tags": ["order"],
        "satisfaction_rating": {"score": "good", "comment": "thanks"},
    } | more


def comment(
    number: int, author: int | None, body: str = "Hello", *, public: Any = True, **more: Any
) -> Object:
    return {
        "id": number,
        "type": "Comment",
        "author_id": author,
        "body": body,
        "html_body": f"<div class='zd-comment'>{body}</div>",
        "public": public,
        "attachments": [],
    } | more


def change(number: int, field: str, value: Any, previous: Any) -> Object:
    told = {"field_name": field, "value": value, "previous_value": previous}
    return {"id": number, "type": "Change", **told}


def audit(number: int, of: int, author: int, clock: str, *events: Object, **more: Any) -> Object:
    return {
        "id": number,
        "ticket_id": of,
        "created_at": at(clock),
        "author_id": author,
        "metadata": {"system": {"ip_address": "10.0.0.1"}, "custom": {}},
        "via": EMAIL,
        "events": list(events),
    } | more


def says(number: int, of: int, author: int, clock: str, *events: Object, **more: Any) -> Object:
    """An audit with one public comment, whose id is its own times ten."""
    return audit(number, of, author, clock, comment(number * 10, author, **more), *events)


def solved(number: int, previous: str = "open") -> Object:
    return change(number, "status", "solved", previous)


def notice(number: int, *recipients: int) -> Object:
    told = {"subject": "Received", "body": "We have received your request", "recipients": list(recipients)}
    return {"id": number, "type": "Notification", "via": TRIGGER, **told}


TICKETS = [
    ticket(1, "10:00"),
    ticket(2, "09:00", DM),
    ticket(3, "08:00", submitter_id=BEN),
    ticket(4, "10:00", {"channel": "facebook", "source": {"rel": "post"}}),
    ticket(6, "10:20", status="closed", tags=["closed_by_merge"]),
    ticket(10, "09:00", {"channel": "instagram_dm", "source": {}}, assignee_id=ZOE),
    ticket(11, "09:00", {"channel": "whatsapp", "source": {}}, brand_id=str(GLOBEX), group_id=None),
    ticket(12, "10:00"),
]
AUDITS = [
    says(101, 1, 1001, "10:00", notice(9001, 1001), notice(9002, MIA)),
    says(102, 6, 1006, "10:20"),
    audit(103, 1, MIA, "10:30", comment(1030, MIA, "#6 was merged", public=False, via=MERGE_OF_6)),
    says(104, 1, MIA, "10:40", change(9003, "status", "pending", "new"), notice(9004, 1001)),
    says(105, 1, 1001, "11:00", change(9005, "status", "open", "pending")),
    audit(106, 1, MIA, "11:05", comment(1060, MIA, "who knows this?", public=False)),
    audit(107, 1, LENA, "11:06", comment(1070, LENA, "I do", public=False)),
    says(108, 1, BEN, "12:30", solved(9006), change(9007, "assignee_id", str(BEN), str(MIA))),
    says(201, 2, 1002, "09:00"),
    says(202, 2, 1002, "09:10"),
    says(203, 2, MIA, "09:30", solved(9008)),
    says(204, 2, 1002, "13:00", change(9009, "status", "open", "solved")),
    says(301, 3, BEN, "08:00"),
    says(302, 3, 1003, "09:00"),
    says(303, 3, BEN, "09:20", solved(9010)),
    audit(304, 3, -1, "14:00", change(9011, "status", "closed", "solved"), via=TRIGGER),
    says(401, 4, 1004, "10:00"),
    audit(402, 4, MIA, "10:30", solved(9012)),
    says(1001, 10, 1010, "09:00"),
    says(1002, 10, 1199, "09:05"),  # in copy
    says(1003, 10, ZOE, "09:45"),
    says(1101, 11, 1011, "09:00"),
    says(1102, 11, OTHER_MIA, "09:00:30"),
    says(1201, 12, MIA, "09:59:58"),  # a clock that goes ahead
    says(1202, 12, 1012, "10:00"),
]
WAITS = [
    ("1", True, "replied", "Acme/Mia (201)", 40 * MINUTE, 2),  # 10:00 and, merged, 10:20, to 10:40
    ("1", False, "replied", "Acme/Ben", 90 * MINUTE, 1),  # 11:00 to 12:30
    ("2", True, "replied", "Acme/Mia (201)", 30 * MINUTE, 2),  # 09:00 and 09:10 to 09:30
    ("2", False, "awaiting", None, 120 * MINUTE, 1),  # 13:00 to 15:00, when the page ended
    ("3", False, "replied", "Acme/Ben", 20 * MINUTE, 1),  # the brand began; 09:00 to 09:20
    ("4", True, "closed", None, 30 * MINUTE, 1),  # 10:00, solved at 10:30
    ("10", True, "replied", "Acme/Zoe", 45 * MINUTE, 2),  # 09:00 and, in copy, 09:05, to 09:45
    ("11", True, "replied", "Globex/Mia (204)", 30, 1),
    ("12", False, "awaiting", None, 300 * MINUTE, 1),  # 10:00 to 15:00: the reply came before it
]
BRANDS = {"brands": [{"id": ACME, "name": "Acme"}, {"id": GLOBEX, "name": "Globex"}], "count": 2}
GROUPS = {"groups": [{"id": 48, "name": "Orders", "deleted": False}], "next_page": None, "count": 1}
END = int(TAKEN_AT.timestamp())


def padding(n_tickets: int) -> tuple[list[Object], list[Object]]:
    """Plain tickets, each asked and answered, beside which little dirt is little."""
    tickets, audits = [], []
    for number in range(100, 100 + n_tickets):
        tickets.append(ticket(number, "07:00", requester_id=1100))
        asked = comment(number * 1000 + 1, 1100)
        answered = comment(number * 1000 + 2, BEN)
        audits += [
            audit(number * 1000, number, 1100, "07:00", asked),
            audit(number * 1000 + 9, number, BEN, "07:05", answered),
        ]
    return tickets, audits


def page(kind: str, *objects: Object, **more: Any) -> Object:
    return {kind: list(objects), "next_page": None, "count": len(objects)} | more


def write(folder: Path, **documents: object) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A folder of pages as the API gives them, without dirt."""
    half = len(TICKETS) // 2
    cursor = {"after_url": f"{HOME}/incremental/tickets/cursor.json?cursor=abc", "after_cursor": "abc"}
    return write(
        tmp_path / "acme",
        tickets_1={"tickets": TICKETS[:half], "end_of_stream": False, **cursor},
        tickets_2={"tickets": TICKETS[half:], "end_of_stream": True, **cursor},
        users=page("users", *USERS, end_time=END, end_of_stream=True),
        brands=BRANDS,
        groups=GROUPS,
        audits=page("audits", *AUDITS),
    )


def waits_of(data: Dataset) -> list[tuple[object, ...]]:
    waits = find_waits(data).frame.collect()
    named = waits.select(
        pl.col("conversation_id").str.split("~").list.first(),
        *("is_first", "outcome", "agent_id", "wait_seconds", "messages_in_wait", "started_at"),
    )
    ours = named.filter(pl.col("conversation_id").cast(pl.Int64) < 100)
    in_order = ours.sort(pl.col("conversation_id").cast(pl.Int64), "started_at")
    return in_order.drop("started_at").rows()


def reasons_of(data: Dataset) -> dict[str, int]:
    return {reason: rows for _, reason, rows, _ in data.audit.summary().iter_rows()}


def test_waits_are_those_derived_by_hand(export: Path) -> None:
    data = read_zendesk(export)
    assert data.as_of == TAKEN_AT
    assert waits_of(data) == WAITS
    assert reasons_of(data) == {}
    assert data.audit.notes == {
        "private notes, which are no messages": 3,
        "messages of tickets that were merged into another, and count in that one": 1,
        "messages of agents whose role is an end-user's by now": 1,
    }
    assert data.about.name == "acme"


def test_messages_carry_what_tickets_say(export: Path) -> None:
    messages = read_zendesk(export).messages.collect()
    assert "text" not in messages.columns
    told = messages.unique("conversation_id", keep="first").sort(pl.col("conversation_id").cast(pl.Int64))
    columns = ("conversation_id", "brand", "channel", "priority", "queue", "permalink")
    assert told.select(columns).rows() == [
        ("1", "Acme", "email", "high", "Orders", "https://acme.zendesk.com/agent/tickets/1"),
        ("2", "Acme", "direct message", "high", "Orders", "https://acme.zendesk.com/agent/tickets/2"),
        ("3", "Acme", "email", "high", "Orders", "https://acme.zendesk.com/agent/tickets/3"),
        ("4", "Acme", "facebook", "high", "Orders", "https://acme.zendesk.com/agent/tickets/4"),
        ("10", "Acme", "direct message", "high", "Orders", "https://acme.zendesk.com/agent/tickets/10"),
        ("11", "Globex", "whatsapp", "high", None, "https://acme.zendesk.com/agent/tickets/11"),
        ("12", "Acme", "email", "high", "Orders", "https://acme.zendesk.com/agent/tickets/12"),
    ]
    of_first = messages.filter(pl.col("conversation_id") == "1").select("message_id", "sender", "sender_id")
    assert of_first.rows() == [
        ("1010", "customer", "1001"),
        ("9001", "bot", "Acme/Notify requester of received request"),
        ("1020", "customer", "1001"),
        ("1040", "agent", "Acme/Mia (201)"),
        ("1050", "customer", "1001"),
        ("1080", "agent", "Acme/Ben"),
    ]


@pytest.mark.parametrize(
    ("author", "via", "sender"),
    [
        (1001, "web", "customer"),
        (1199, "web", "customer"),  # in copy
        (BEN, "api", "agent"),
        (BEN, "rule", "bot"),  # a trigger that comments with an admin's account
        (1001, "Automation", "bot"),
        (-1, "system", "bot"),
        (1001, {"channel": "system", "source": {"rel": "follow_up"}}, "customer"),
        (1001, "answer_bot_for_web_widget", "customer"),  # the question that the bot could not answer
        (BEN, "67", "bot"),
        (ZOE, "web", "agent"),
    ],
)
def test_who_speaks(export: Path, author: int, via: str | Object, sender: str) -> None:
    told = via if isinstance(via, dict) else {"channel": via, "source": {}}
    write(export, more=page("audits", audit(1999, 1, author, "13:30", comment(19990, author, via=told))))
    messages = read_zendesk(export).messages.collect()
    assert messages.filter(pl.col("message_id") == "19990")["sender"].to_list() == [sender]


def test_events_are_what_happened_to_tickets(export: Path) -> None:
    events = read_zendesk(export).events
    assert events is not None
    told = events.filter(pl.col("conversation_id").is_in(["1", "2", "3"])).collect()
    assert [(of, f"{when:%H:%M}", kind, actor) for of, when, kind, actor in told.iter_rows()] == [
        ("1", "10:00", "opened", None),
        ("1", "12:30", "assigned", "Acme/Ben"),
        ("1", "12:30", "closed", "Acme/Ben"),
        ("2", "09:00", "opened", None),
        ("2", "09:30", "closed", "Acme/Mia (201)"),
        ("2", "13:00", "reopened", None),
        ("3", "08:00", "opened", None),
        ("3", "09:20", "closed", "Acme/Ben"),
    ]


def test_who_only_acts_for_the_brand_keeps_the_name_in_the_store(export: Path, tmp_path: Path) -> None:
    """And of the requester who acts, nothing but the hash is there."""
    by_lena = audit(1990, 12, LENA, "13:00", solved(9990), change(9991, "assignee_id", str(LENA), None))
    by_requester = audit(1991, 12, 1012, "13:30", change(9992, "status", "open", "solved"))
    write(export, more=page("audits", by_lena, by_requester))
    ingest("zendesk", export, name="acme", root=tmp_path / "store")
    data = open_dataset("acme", root=tmp_path / "store")
    assert data.events is not None
    told = data.events.filter(conversation_id="12").sort("at", "kind").select("kind", "actor_id").collect()
    assert told.rows() == [
        ("opened", None),
        ("assigned", "Acme/Lena"),
        ("closed", "Acme/Lena"),
        ("reopened", None),
    ]
    customers = data.messages.filter(sender="customer").select("sender_id").collect().to_series()
    assert customers.str.contains("^[0-9a-f]{24}$").all()


def test_zendesks_own_rule_counts_from_creation(export: Path) -> None:
    first = find_waits(read_zendesk(export), definition=ZENDESK).frame
    replied = first.filter((pl.col("outcome") == "replied") & pl.col("is_first"))
    seconds = dict(replied.select("conversation_id", "wait_seconds").collect().iter_rows())
    assert seconds == {"1": 2400, "2": 1800, "3": 4800, "10": 2700, "11": 30}  # 3: to the agent's second


def as_ticket_event(of: Object) -> Object:
    """The same update as the incremental export of ticket events tells it."""
    events = []
    for event in of["events"]:
        told = dict(event, event_type=event["type"], via=event.get("via", of["via"]), via_reference_id=None)
        if event["type"] == "Change":
            told = {
                "id": event["id"],
                "via": "Mail",
                "event_type": "Change",
                "previous_value": event["previous_value"],
            }
            told[event["field_name"]] = event["value"]
        events.append(told)
    seconds = int(datetime.fromisoformat(of["created_at"]).timestamp())
    return {
        "child_events": events,
        "id": of["id"],
        "ticket_id": of["ticket_id"],
        "timestamp": seconds,
        "created_at": of["created_at"],
        "updater_id": of["author_id"],
        "via": "Mail",
        "event_type": "Audit",
    }


def single_comments() -> list[Object]:
    told = []
    for each in AUDITS:
        for event in each["events"]:
            if event["type"] == "Comment":
                whole = {"via": EMAIL, **event, "audit_id": each["id"], "created_at": each["created_at"]}
                told.append((each["ticket_id"], whole))
    return [comment | {"ticket_id": of} for of, comment in told]


def changed(export: Path, **documents: object) -> Path:
    (export / "audits.json").unlink()
    return write(export, **documents)


def metric_events() -> list[Object]:
    """The clock of the requester's wait, which tells of closings what audits tell too."""
    told = []
    clocks = [("1", "12:30", "fulfill"), ("2", "09:30", "fulfill"), ("2", "13:00", "activate")]
    clocks += [("3", "09:20", "fulfill"), ("4", "10:30", "fulfill"), ("1", "10:00", "activate")]
    for number, (of, clock, kind) in enumerate(clocks):
        metric = {"metric": "requester_wait_time", "instance_id": 1, "type": kind, "time": at(clock)}
        told.append({"id": number, "ticket_id": int(of), **metric})
    sla = {"policy": {"id": 25, "title": "Urgent"}, "target": 60, "business_hours": False}
    told.append(
        {
            "id": 90,
            "ticket_id": 1,
            "metric": "reply_time",
            "type": "apply_sla",
            "time": at("10:00"),
            "sla": sla,
        }
    )
    told.append(
        {
            "id": 91,
            "ticket_id": 4,
            "metric": "requester_wait_time",
            "type": "fulfill",
            "time": at("10:05"),
            "deleted": True,
        }
    )
    return told


def test_the_same_updates_in_every_shape_give_the_same_waits(export: Path, tmp_path: Path) -> None:
    def in_events() -> Path:
        pages = [as_ticket_event(each) for each in AUDITS]
        return changed(
            export,
            ticket_events_1=page("ticket_events", *pages[:13], end_time=END - 60),
            ticket_events_2=page("ticket_events", *pages[9:], end_time=END),  # pages overlap
        )

    def in_comments() -> Path:
        (export / "ticket_events_1.json").unlink()
        (export / "ticket_events_2.json").unlink()
        folder = write(export, metric=page("ticket_metric_events", *metric_events(), end_time=END))
        for of in {each["ticket_id"] for each in single_comments()}:
            own = [dict(each) for each in single_comments() if each["ticket_id"] == of]
            for each in own:
                del each["ticket_id"]  # the API's comments do not name their ticket
            write(folder / "comments", **{f"{of}": page("comments", *own)})
        return folder

    def nested() -> Path:
        folder = tmp_path / "nested"
        folder.mkdir()
        lines = []
        for each in TICKETS:
            own = [comment for comment in single_comments() if comment["ticket_id"] == each["id"]]
            clocks = [event for event in metric_events() if event["ticket_id"] == each["id"]]
            sideloaded = {
                "requester_wait_time": [event for event in clocks if event["metric"] != "reply_time"]
            }
            lines.append({**each, "comments": own, "metric_events": sideloaded})
        others = [*USERS, *(dict(each, url=f"{HOME}/brands/{each['id']}.json") for each in BRANDS["brands"])]
        text = "\n".join(json.dumps(each) for each in [*lines, *others, {"end_time": END}])
        (folder / "export.ndjson").write_text(text, encoding="utf-8")
        return folder

    assert waits_of(read_zendesk(in_events())) == WAITS
    assert waits_of(read_zendesk(in_comments())) == WAITS
    assert waits_of(read_zendesk(nested())) == WAITS


def test_pages_in_a_zip_a_glob_and_a_list(export: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in export.iterdir():
            archive.write(file, f"zendesk/{file.name}")
    assert waits_of(read_zendesk(tmp_path / "all.zip")) == WAITS
    assert waits_of(read_zendesk(sorted(export.iterdir()))) == WAITS
    listed = write(
        tmp_path / "listed", tickets=TICKETS, users=USERS, audits=AUDITS, brands=BRANDS, end={"end_time": END}
    )
    assert waits_of(read_zendesk(listed)) == WAITS
    by_glob = read_zendesk(str(export / "*.json"))
    assert waits_of(by_glob) == WAITS
    assert by_glob.about.name == "acme"


def test_dirt_is_left_out_with_its_reason_and_changes_nothing_else(export: Path) -> None:
    more_tickets, more_audits = padding(150)
    formula = "=HYPERLINK(\"http://x\")\n<script>alert('1')</script>\x1b[2J"
    side = {"channel": "side_conversation", "source": {"rel": None}}
    dirty_tickets = [
        ticket(1, "10:00", updated_at=at("10:00"), requester_id=1150),  # an older page of it
        ticket(5, "10:00", status="deleted"),
        ticket(7, "10:00", status="closed", tags=["closed_by_merge"]),  # into which, nothing says
        ticket(8, "10:00", side),
        ticket(9, "10:00", {"channel": "sample_ticket"}),
        ticket(13, "10:00", requester_id=None),
        dict(ticket(16, "10:00"), id=None),
        ticket(14, "10:00", {"channel": "chat", "source": {}}),  # its messages are in the conversation log
        None,
    ]
    dirty_audits = [
        says(501, 5, 1005, "10:00"),
        says(701, 7, 1007, "10:00"),
        says(801, 8, 1008, "10:00"),
        says(901, 9, 1009, "10:00"),
        says(1301, 13, 1013, "10:00"),
        says(1302, 999, 1013, "10:00"),  # of no such ticket
        says(1204, 1, 777, "10:05"),  # an author who is not among the users
        says(1205, 1, 1001, "10:06", public=None),
        audit(1206, 1, 1001, "10:07", comment(None, 1001)),  # type: ignore[arg-type]
        audit(1207, 1, 1001, "nonsense", comment(12070, 1001)),
        audit(1208, 1, 1001, "10:08"),
        audit(1209, 1, 1001, "10:08", events=None),
        says(105, 1, 1001, "11:00"),  # once more
        says(1210, 1, BEN, "12:31", via=side, body="ask the warehouse"),
        audit(
            1211, 1, BEN, "10:09", dict(comment(12110, BEN), type="VoiceComment", data={"call_duration": 60})
        ),
        audit(1212, 1, BEN, "10:10", comment(12120, BEN, via={"channel": "chat_transcript"})),
        audit(1213, 1, BEN, "10:11", comment(12130, BEN, "merged", via=MERGE_OF_6)),
        audit(
            1214,
            1,
            BEN,
            "10:12",
            {"id": 8, "type": "CommentPrivacyChange", "comment_id": 12150, "public": False},
        ),
        audit(1215, 1, BEN, "10:12", comment(12150, BEN, "oh no")),
        says(1216, 1, 1001, "10:13", body=formula),
        dict(says(1217, 1, 1001, "10:14"), created_at="2199-01-01T00:00:00Z"),
        dict(says(1218, "1", "1001", "10:15"), author_id="1001"),  # type: ignore[arg-type]
        audit(1220, 1, BEN, "10:17", comment(12200, 1001)),  # written by an agent on their behalf
        audit(
            1219, 1, 1001, "10:16", {"id": 9, "type": "SatisfactionRating", "score": "good", "body": "great"}
        ),
    ]
    suspended = [
        {
            "id": 41,
            "author": {"id": -1},
            "cause": "Detected as spam",
            "created_at": at("10:00"),
            "ticket_id": None,
        }
    ]
    write(
        export,
        dirty=page("tickets", *dirty_tickets, *more_tickets),
        more=page("audits", *dirty_audits, *more_audits),
        suspended=page("suspended_tickets", *suspended),
    )
    (export / "cut.ndjson").write_text('{"tickets": [{"id": 77, "req\n', encoding="utf-8")
    data = read_zendesk(export, keep_text=True)

    first, second, *others = WAITS
    assert waits_of(data) == [(*first[:-1], 5), second, *others]  # three more readable messages in ticket 1
    assert reasons_of(data) == {
        "JSON that does not parse": 1,
        "no object where a record should be": 1,
        "a ticket without an id": 1,
        "a ticket without a requester": 1,
        "in a ticket without a requester": 1,
        "a deleted ticket": 1,
        "in a deleted ticket": 1,
        "a ticket merged into another one": 1,
        "in a ticket merged into another one": 1,
        "a side conversation": 1,
        "in a side conversation": 1,
        "a sample ticket": 1,
        "in a sample ticket": 1,
        "a suspended ticket": 1,
        "a comment of a ticket that is not among the tickets": 1,
        "a comment by an author who is not among the users": 1,
        "a public that is neither true nor false": 1,
        "a comment without an id": 1,
        "a created_at that is no time": 1,
        "duplicate message_id": 1,
        "a comment of a side conversation": 1,
        "a phone call or voicemail": 1,
        "a transcript, whose messages stand by themselves": 1,
        "a comment that a merge added": 1,
        "in the future": 1,
    }
    assert data.audit.notes["private notes, which are no messages"] == 4
    assert data.audit.notes["tickets that came again, of which the newest was taken"] == 1
    told = "tickets from chat or messaging without a message, which only the conversation log has"
    assert data.audit.notes[told] == 1
    texts = data.messages.collect()["text"]
    assert formula in texts.to_list()
    assert not texts.is_in(["who knows this?", "oh no", "I do"]).any()
    rows = data.audit.excluded
    assert not rows["row"].str.contains("oh no|who knows|great").any()
    assert not read_zendesk(export).audit.excluded["row"].str.contains("text").any()
    unknown = rows.filter(pl.col("reason").str.starts_with("a comment by an author")).row(0, named=True)
    assert unknown["file"] == "more.json"
    assert json.loads(unknown["row"])["sender_id"] == "777"


def log_entry(number: int, author: Object, clock: str, **more: Any) -> Object:
    return {
        "attachments": [],
        "author": {"display_name": "Someone", **author},
        "content": {"text": "Hello", "type": "text"},
        "created_at": at(clock),
        "received_at": at(clock),
        "id": f"02JSED093DTX4RTDRRJXN2YKB{number}",
        "metadata": {"custom": {}, "system": {}, "ticket_version": 0},
        "reference": f"zen:sunco:conversation_message:6807603a38564290f5a086c{number}",
        "type": "Messaging::ConversationMessage",
    } | more


def test_messaging_is_read_from_the_conversation_log(export: Path) -> None:
    bot = {"type": "bot", "zen:support:user_id": -1, "display_name": "Helper"}
    customer = {"type": "user", "zen:support:user_id": 1015}
    pointer = {
        "type": "Comment",
        "reference": "zen:ticket_event:15010",
        "content": {"body": "<p>Conversation with web user</p>", "type": "html"},
    }
    events = [
        log_entry(1, customer, "09:00"),
        log_entry(2, bot, "09:00:02"),
        log_entry(3, customer, "09:01", metadata={"public": False}, **pointer),
        log_entry(4, {"type": "agent", "zen:support:user_id": BEN}, "09:10"),
        log_entry(5, {"type": "agent", "zen:support:user_id": 888, "display_name": "Kim"}, "09:11"),
        log_entry(6, customer, "09:12", type="Messaging::Unheard"),
    ]
    neighbours = {"next": None, "prev": f"{HOME}/tickets/15/conversation_log?page%5Bbefore%5D=abc"}
    write(
        export,
        messaging=page("tickets", ticket(15, "09:01", {"channel": "native_messaging", "source": {}})),
        log={"events": events, "links": neighbours, "meta": {"has_more": False}},
    )
    data = read_zendesk(export)
    messages = data.messages.filter(pl.col("conversation_id") == "15").collect()
    assert messages["sender_id"].to_list() == ["1015", "Acme/Helper", "Acme/Ben", "Acme/Kim"]
    assert messages["channel"].unique().to_list() == ["messaging"]
    assert waits_of(data)[-1] == ("15", True, "replied", "Acme/Ben", 10 * MINUTE, 1)
    assert find_waits(data).frame.filter(pl.col("conversation_id") == "15").collect()[
        "bot_seconds"
    ].to_list() == [2]


def test_the_export_of_events_names_merged_tickets(export: Path) -> None:
    pages = [as_ticket_event(each) for each in AUDITS if each["id"] != 103]
    joined = dict(as_ticket_event(audit(103, 1, MIA, "10:30")), merged_ticket_ids=["6"])
    untagged = [dict(each, tags=[]) for each in TICKETS]
    for file in export.glob("tickets_*.json"):
        file.unlink()
    folder = changed(export, tickets=page("tickets", *untagged), events=page("ticket_events", *pages, joined))
    assert waits_of(read_zendesk(folder)) == WAITS


def test_comments_are_told_of_even_without_their_text(export: Path) -> None:
    """Without the sideload, an update says only that there was a comment, and whether in public."""
    bare = []
    for each in AUDITS:
        told = as_ticket_event(each)
        for event in told["child_events"]:
            if event["event_type"] == "Comment":
                is_public = event["public"]
                via = event["via"]
                event.clear()
                event |= {
                    "id": each["id"] * 10,
                    "via": via,
                    "comment_present": True,
                    "comment_public": is_public,
                }
        bare.append(told)
    assert waits_of(read_zendesk(changed(export, events=page("ticket_events", *bare)))) == WAITS


@pytest.mark.parametrize(
    ("drop", "sentence"),
    [
        ("tickets_*", "holds no tickets of Zendesk"),
        ("users", "holds no users of Zendesk, so nobody's role is known"),
        ("audits", "holds no comments of Zendesk"),
        ("brands", "names no brand"),
    ],
)
def test_what_is_missing_is_said_with_the_way_out(export: Path, drop: str, sentence: str) -> None:
    for file in export.glob(f"{drop}.json"):
        file.unlink()
    with pytest.raises(InputError, match=sentence):
        read_zendesk(export)


def test_brand_and_channel_stand_in_where_tickets_name_none(export: Path) -> None:
    (export / "brands.json").unlink()
    (export / "tickets_1.json").write_text(
        json.dumps(page("tickets", *(dict(each, via=None) for each in TICKETS)))
    )
    (export / "tickets_2.json").unlink()
    data = read_zendesk(export, brand="Acme", channel="chat")
    assert data.messages.select("brand", "channel").unique().collect().rows() == [("Acme", "chat")]
    with pytest.raises(InputError, match="a ticket that says no channel"):
        read_zendesk(export, brand="Acme")


def test_times_name_their_zone() -> None:
    with pytest.raises(BenchkitError, match="leave timezone out"):
        read_zendesk("somewhere", timezone="Europe/Berlin")


def test_as_of_is_kept_to(export: Path) -> None:
    data = read_zendesk(export, as_of="2026-03-02T12:00:00Z")
    assert data.as_of == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert reasons_of(data) == {"after the extract was taken": 2}
    assert ("1", False, "awaiting", None, 60 * MINUTE, 1) in waits_of(data)


def test_more_than_a_few_unreadable_rows_are_refused(export: Path) -> None:
    customers = page("users", *(each for each in USERS if each["id"] > 1000))
    unassigned = (dict(each, assignee_id=None) for each in TICKETS)
    comments = (each for each in AUDITS if each["id"] != 108)  # which assigns the ticket
    write(export, users=customers, tickets_1=page("tickets", *unassigned), tickets_2={})
    write(export, audits=page("audits", *comments))
    with pytest.raises(InputError, match="author who is not among the users"):
        read_zendesk(export)


@pytest.mark.parametrize(
    ("channel", "rel", "service", "word"),
    [
        ("twitter", "mention", None, "twitter"),
        ("26", None, None, "direct message"),
        ("Facebook Message", None, None, "direct message"),
        ("facebook", "post", None, "facebook"),
        ("instagram_dm", None, None, "direct message"),
        ("74", None, None, "whatsapp"),
        ("web_form", None, None, "web"),
        ("native_messaging", None, None, "messaging"),
        ("any_channel", None, "Google Play", "google play"),
        ("a_new_one", None, None, "a new one"),
        ("999", None, None, "via 999"),
    ],
)
def test_channels_in_our_words(channel: str, rel: str | None, service: str | None, word: str) -> None:
    code = code_of(channel)
    assert code is not None
    assert channel_of(code, rel, service) == word


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "1", "Comment", "solved", "\ud800", "2026-03-02T10:00:00Z", "0000-01-01T00:00:00Z", [], {}]
    ),
)
PLACES = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["set", "drop", "double", "wrap"]), SCALARS), max_size=6
)


def mutate(document: Any, places: list[tuple[int, str, Any]]) -> Any:
    """A copy with values anywhere within replaced, left out, doubled or put into a list."""
    copied = json.loads(json.dumps(document))
    for place, how, value in places:
        slots: list[tuple[Any, Any]] = []
        stack = [copied]
        while stack:
            node = stack.pop()
            keys = list(node) if isinstance(node, dict) else range(len(node))
            for key in keys:
                slots.append((node, key))
                if isinstance(node[key], dict | list):
                    stack.append(node[key])
        if not slots:
            break
        node, key = slots[place % len(slots)]
        if how == "set":
            node[key] = value
        elif how == "drop":
            del node[key]
        elif how == "wrap":
            node[key] = [node[key]]
        elif isinstance(node, list):
            node.append(node[key])
        else:
            node[str(value)] = node[key]
    return copied


SMALL = {
    "tickets": [TICKETS[0], TICKETS[4]],
    "users": USERS[:8],
    "audits": [AUDITS[0], AUDITS[1], AUDITS[2], AUDITS[7]],
    "ticket_events": [as_ticket_event(AUDITS[3]) | {"merged_ticket_ids": [6]}],
    "comments": single_comments()[:1],
    "events": [log_entry(1, {"type": "user", "zen:support:user_id": 1001}, "09:00", ticket_id=1)],
    "ticket_metric_events": metric_events()[:2],
    "suspended_tickets": [{"id": 1, "created_at": at("10:00")}],
    "deleted_tickets": [{"id": 5}],
    **BRANDS,
    "end_time": END,
}


@fuzz(places=PLACES, in_lines=st.booleans())
def test_any_structure_ends_in_a_dataset_or_a_sentence(
    tmp_path: Path, places: list[tuple[int, str, Any]], in_lines: bool
) -> None:
    document = mutate(SMALL, places)
    file = tmp_path / "mutated.json"
    if in_lines and isinstance(document, dict):
        file = tmp_path / "mutated.ndjson"
        lines = [each for value in document.values() if isinstance(value, list) for each in value]
        file.write_text("\n".join(map(json.dumps, lines)) or "{}", encoding="utf-8")
    else:
        file.write_text(json.dumps(document), encoding="utf-8")
    try:
        data = read_zendesk(file, keep_text=True)
    except BenchkitError:
        return
    find_waits(data).frame.collect()
