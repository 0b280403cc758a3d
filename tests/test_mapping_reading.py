"""Exports read through mappings: waits worked out by hand, and what becomes of dirt."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit import Dataset, find_waits
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.mapping import Mapping

LONG: dict[str, Any] = {
    "name": "long",
    "timezone": "UTC",
    "every": {
        "conversation_id": "Thread",
        "message_id": "ID",
        "customer_id": "Author",
        "agent_id": {"column": "Agent", "optional": True},
        "kind": {
            "column": "Direction",
            "values": {"in*": "customer", "out*": "agent", "auto*": "bot", "note": "ignored"},
        },
        "channel": "Network",
        "at": "Sent",
    },
}
WIDE: dict[str, Any] = {
    "name": "wide",
    "timezone": "Europe/Berlin",
    "every": {"conversation_id": "Ticket", "customer_id": "Requester", "channel": {"constant": "email"}},
    "turns": [
        {"kind": "customer", "at": "Created"},
        {"kind": "agent", "at": "First reply", "agent_id": "Assignee"},
        {"kind": "closed", "at": {"column": "Solved", "time": "day first"}, "agent_id": "Assignee"},
    ],
}


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(told: dict[str, Any], path: str | Path | list[Path], **options: Any) -> Dataset:
    data = Mapping.from_mapping(told).read(path, **{"brand": "Acme", **options})
    check(data.messages, MESSAGES)
    if data.events is not None:
        check(data.events, EVENTS)
    return data


def waits(data: Dataset) -> dict[str, tuple[str, int, str | None]]:
    """Outcome, seconds and agent of each conversation's first wait."""
    frame = find_waits(data).frame.filter("is_first")
    told = frame.select("conversation_id", "outcome", "wait_seconds", "agent_id").collect()
    return {
        conversation: (outcome, seconds, agent) for conversation, outcome, seconds, agent in told.iter_rows()
    }


def left_out(data: Dataset) -> list[tuple[int, str]]:
    return sorted(data.audit.excluded.select("line", "reason").rows())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def padding(n: int, row: str) -> str:
    """Rows without fault, so that the faults are few."""
    return "".join(row.format(n=n, minute=n % 60) for n in range(1000, 1000 + n))


DIRTY_LONG = """Thread,ID,Author,Agent,Direction,Network,Sent
a,1,ann,,inbound,facebook,2026-03-02 09:00:00
a,2,Acme Support,Mia,Outbound,facebook,2026-03-02T10:40:00+01:00
a,2,Acme Support,Mia,Outbound,facebook,2026-03-02T10:40:00+01:00
b,4,,,inbound,,2026-03-02 09:30
b,3,bob,,inbound,facebook,2026-03-02 09:00
b,5,,N/A,outbound,facebook,2026-03-02 11:00
c,6,cat,,inbound,facebook,soon
c,7,cat,,inbound,facebook,
c,8,cat,,inbound,facebook,2026-03-02 12:00
,9,dan,,inbound,facebook,2026-03-02 12:00
d,,dan,,inbound,facebook,2026-03-02 12:00
d,10,dan,,inbound,facebook,2026-03-02 12:00
d,11,dan,,auto-reply,facebook,2026-03-02 12:01
d,12,,Tom,outbound,facebook,2026-03-02 12:30
d,13,,Tom,note,facebook,2026-03-02 12:05
d,14,,Tom,reaction,facebook,2026-03-02 12:06
e,15,-,,inbound,facebook,2026-03-02 12:00
f,16,fay,,inbound,facebook,2099-03-02 12:00
g,17,gus,,inbound,facebook,2026-03-02 12:00
g,18,eve,,inbound,facebook,2026-03-02 12:10
g,19,,Mia,outbound,twitter,2026-03-02 13:00
g,20,,Mia,outbound,facebook,2026-03-02 14:00
too,few
"""


def test_a_dirty_long_table_gives_the_waits_of_its_clean_rows(tmp_path: Path) -> None:
    filler = padding(300, "z{n},z{n},u{n},,inbound,facebook,2026-03-01 08:{minute:02}\n")
    data = read(LONG, write(tmp_path, DIRTY_LONG + filler), as_of="2026-03-03")
    found = waits(data)
    assert {name: found[name] for name in "abcdeg"} == {
        "a": ("replied", 40 * 60, "Acme/Mia"),
        "b": ("replied", 2 * 3_600, "Acme/unsigned"),
        "c": ("awaiting", 12 * 3_600, None),
        "d": ("replied", 30 * 60, "Acme/Tom"),
        "e": ("awaiting", 12 * 3_600, None),
        "g": ("replied", 2 * 3_600, "Acme/Mia"),
    }
    assert left_out(data) == [
        (4, "duplicate message_id"),
        (8, "no time"),
        (9, "an empty time"),
        (11, "an empty conversation_id"),
        (12, "an empty message_id"),
        (17, "a kind that the mapping does not name"),
        (19, "in the future"),
        (22, "another channel than its conversation began with"),
        (24, data.audit.excluded.filter(line=24)["reason"].item()),
    ]
    assert data.audit.rows_read == 323
    assert (
        data.audit.notes["messages of a further customer in a conversation, counted as its first one's"] == 1
    )
    people = data.messages.filter(sender="customer").select("conversation_id", "sender_id").unique().collect()
    assert {who: whose for who, whose in people.iter_rows() if len(who) == 1} == {
        "a": "ann",
        "b": "bob",
        "c": "cat",
        "d": "dan",
        "e": "e",
        "g": "gus",
    }
    bots = data.messages.filter(pl.col("sender") == "bot").collect()
    assert bots["sender_id"].to_list() == ["Acme/bot"]


def test_an_excluded_row_tells_what_could_be_read_and_no_text_unless_it_is_kept(tmp_path: Path) -> None:
    told = {**LONG, "every": {**LONG["every"], "text": "Text"}}
    rows = "Thread,ID,Author,Agent,Direction,Network,Sent,Text\na,1,ann,,inbound,facebook,soon,secret\n"
    filler = padding(30, "z{n},z{n},u{n},,inbound,facebook,2026-03-01 08:{minute:02},hello\n")
    path = write(tmp_path, rows + filler)
    for keep_text in (False, True):
        data = read(told, path, keep_text=keep_text)
        row = json.loads(data.audit.excluded["row"].item())
        known = {"message_id": "1", "conversation_id": "a", "channel": "facebook"}
        known |= {"sender": "customer", "sender_id": "ann"}
        text = {"text": "secret"} if keep_text else {}
        assert {name: value for name, value in row.items() if value is not None} == known | text
        assert ("text" in data.messages.collect_schema()) == keep_text
        assert data.audit.excluded["file"].to_list() == [None]


DIRTY_WIDE = """Ticket;Requester;Created;First reply;Solved;Assignee;Minutes
1;ann;02.03.2026 10:00;02.03.2026 10:10;02.03.2026 13:00;Mia;10
2;bob;02.03.2026 10:00;;;Mia;
3;;02.03.2026 10:00;;02.03.2026 11:00;;
4;dan;29.03.2026 01:30;29.03.2026 03:30;;Tom;60
5;eve;13.03.2026 10:00;n/a;-;—;1,5
6;fay;;14.03.2026 10:00;;Mia;
7;gus;31.02.2026 10:00;;;Mia;
8;hal;02.03.2026 10:00;02.03.2026 09:00;;Mia;-60
2;bob;02.03.2026 10:00;;;Mia;
"""


def test_a_dirty_wide_table_gives_the_waits_of_its_moments(tmp_path: Path) -> None:
    filler = padding(100, "z{n};u{n};20.03.2026 08:{minute:02};;;;\n")
    path = write(tmp_path, DIRTY_WIDE + filler)
    data = read(WIDE, path, as_of="2026-04-01T00:00Z")
    found = waits(data)
    midnight = at("2026-04-01")
    assert {name: found.get(name) for name in "1234578"} == {
        "1": ("replied", 600, "Acme/Mia"),
        "2": ("awaiting", (midnight - at("2026-03-02T09:00")).total_seconds(), None),
        "3": ("closed", 3_600, None),
        "4": ("replied", 3_600, "Acme/Tom"),
        "5": ("awaiting", (midnight - at("2026-03-13T09:00")).total_seconds(), None),
        "7": None,
        "8": None,
    }
    reasons = dict(left_out(data))
    assert reasons == {7: "an empty time", 8: reasons[8], 10: "duplicate message_id"}
    assert data.events is not None
    assert data.events.collect()["actor_id"].to_list() == ["Acme/Mia", None]

    in_minutes = {"column": "Minutes", "after": "Created", "unit": "minutes"}
    turns = [WIDE["turns"][0], {"kind": "agent", "at": in_minutes, "agent_id": "Assignee"}]
    found = waits(read({**WIDE, "turns": turns}, path, as_of="2026-04-01T00:00Z"))
    assert [found[name][:2] for name in "145"] == [("replied", 600), ("replied", 3_600), ("replied", 90)]


def test_an_event_log_says_which_activities_open_answer_and_close(tmp_path: Path) -> None:
    log = {
        "name": "log",
        "every": {
            "conversation_id": "case",
            "at": "timestamp",
            "agent_id": "resource",
            "channel": {"constant": "chat"},
            "kind": {
                "column": "activity",
                "values": {
                    "register": "customer",
                    "answer*": "agent",
                    "assign": "assigned",
                    "close": "closed",
                    "reopen": "reopened",
                    "*": "ignored",
                },
            },
        },
    }
    rows = """case,activity,resource,timestamp
a,register,,2026-03-02T09:00:00Z
a,assign,Mia,2026-03-02T09:05:00Z
a,Answer by mail,Mia,2026-03-02T09:20:00Z
a,invoice,Mia,2026-03-02T09:21:00Z
a,close,Mia,2026-03-02T09:30:00Z
b,close,Tom,2026-03-02T12:00:00Z
b,register,,2026-03-02T10:00:00Z
b,register,,2026-03-02T10:00:00Z
c,assign,Tom,2026-03-02T10:00:00Z
"""
    data = read(log, write(tmp_path, rows))
    assert waits(data) == {"a": ("replied", 1_200, "Acme/Mia"), "b": ("closed", 7_200, None)}
    assert data.messages.collect()["message_id"].to_list() == [
        *("a/2026-03-02T09:00:00/customer", "a/2026-03-02T09:20:00/agent", "b/2026-03-02T10:00:00/customer")
    ]
    assert left_out(data) == [(9, "duplicate message_id")]
    assert data.messages.collect()["sender_id"].to_list() == ["a", "Acme/Mia", "b"]
    found = find_waits(data).frame.filter(conversation_id="a").collect()
    assert found["assigned_at"].item() == at("2026-03-02T09:05")


def test_two_files_are_joined_on_their_keys(tmp_path: Path) -> None:
    told = {
        "name": "two",
        "files": [
            {"name": "messages", "like": "*message*", "key": "Conversation ID"},
            {"name": "conversations", "like": "conv*", "key": "ID", "optional": True},
        ],
        "every": {
            "conversation_id": "Conversation ID",
            "customer_id": {"column": "conversations.Contact", "optional": True},
            "topic": {"column": "conversations.Topic", "optional": True},
            "channel": {"constant": "chat"},
        },
        "turns": [
            {"of": "messages", "kind": "Who", "at": "At", "message_id": "No"},
            {
                "of": "conversations",
                "kind": "closed",
                "at": "Closed",
                "conversation_id": "ID",
                "only": {"column": "Closed", "is": "*"},
            },
        ],
    }
    told["turns"][1] |= {"customer_id": "Contact", "topic": "Topic"}
    messages = [
        "7,1,Customer,2026-03-02T09:00Z",
        "7,2,AGENT,2026-03-02T09:03Z",
        "8,3,customer,2026-03-02T09:00Z",
    ]
    write(tmp_path, "\n".join(["Conversation ID,No,Who,At", *messages, ""]), "Messages March.csv")
    alone = read(told, tmp_path)
    assert waits(alone) == {"7": ("replied", 180, "Acme/unsigned"), "8": ("awaiting", 180, None)}
    conversations = ["7,old,refund,", "7,ann,delivery,2026-03-02T10:00Z", "9,,,", "8,,,2026-03-02T09:02Z"]
    write(tmp_path, "\n".join(["ID,Contact,Topic,Closed", *conversations, ""]), "conversations.csv")
    data = read(told, tmp_path)
    assert waits(data) == {"7": ("replied", 180, "Acme/unsigned"), "8": ("closed", 120, None)}
    first = data.messages.collect().row(0, named=True)
    assert (first["sender_id"], first["topic"]) == ("ann", "delivery")
    assert set(data.audit.excluded["file"]) <= {"Messages March.csv", "conversations.csv"}
    del told["files"][1]["optional"]
    (tmp_path / "conversations.csv").unlink()
    with pytest.raises(InputError, match="holds no file of the kind 'conversations'"):
        read(told, tmp_path)


def test_nested_records_give_a_turn_for_each_element(tmp_path: Path) -> None:
    told = {
        "name": "nested",
        "every": {"conversation_id": "id", "customer_id": "who[0].id", "channel": {"constant": "chat"}},
        "turns": [
            {"kind": "customer", "at": {"column": "created", "time": "epoch"}},
            {
                "each": "parts",
                "at": {"column": ".at", "time": "epoch"},
                "message_id": ".id",
                "agent_id": ".by.name",
                "kind": {
                    "join": [".type", ".by.is_bot"],
                    "missing": "-",
                    "values": {"close *": "closed", "say true": "bot", "say *": "agent"},
                },
            },
        ],
    }
    start = 1_772_442_000
    records = [
        {
            "id": 100 + n,
            "created": start,
            "who": [{"id": f"u{n}"}],
            "parts": [
                {
                    "id": f"{n}a",
                    "at": (start + 60) * 1_000,
                    "type": "say",
                    "by": {"name": "Bo", "is_bot": True},
                },
                {
                    "id": f"{n}b",
                    "at": (start + 600) * 1_000,
                    "type": "say",
                    "by": {"name": "Mia", "is_bot": False},
                },
                {"id": f"{n}c", "at": (start + 660) * 1_000, "type": "close", "by": None},
            ][: n % 4],
        }
        for n in range(8)
    ]
    data = read(
        told, write(tmp_path, json.dumps({"conversations": records}), "mine.json"), as_of="2026-03-03T09:00Z"
    )
    answered, open_wait = ("replied", 600, "Acme/Mia"), ("awaiting", 86_400, None)
    assert waits(data) == {str(100 + n): answered if n % 4 > 1 else open_wait for n in range(8)}
    assert data.messages.filter(sender="customer").collect()["sender_id"].to_list() == [
        f"u{n}" for n in range(8)
    ]
    assert find_waits(data).frame.collect()["bot_seconds"].drop_nulls().to_list() == [60] * 6


def test_without_conversations_replies_are_followed_to_what_they_answer(tmp_path: Path) -> None:
    told = {
        "name": "thread",
        "every": {
            "message_id": "id",
            "in_reply_to": "parent",
            "customer_id": "author",
            "agent_id": "agent",
            "at": "at",
            "kind": "kind",
            "channel": {"constant": "twitter"},
        },
    }
    rows = """id,parent,author,agent,kind,at
1,,ann,,customer,2026-03-02T09:00Z
2,1,,Mia,agent,2026-03-02T09:10Z
3,2,ann,,customer,2026-03-02T09:20Z
4,1,bob,,customer,2026-03-02T09:05Z
5,4,,Tom,agent,2026-03-02T09:06Z
6,,,Tom,agent,2026-03-02T08:00Z
7,99,cat,,customer,2026-03-02T08:00Z
8,7,,Mia,closed,2026-03-02T08:30Z
9,98,,Mia,closed,2026-03-02T08:30Z
"""
    data = read(told, write(tmp_path, rows))
    assert waits(data) == {
        "1": ("replied", 600, "Acme/Mia"),
        "4": ("replied", 60, "Acme/Tom"),
        "7": ("closed", 1_800, None),
    }
    assert left_out(data) == [(7, "broadcast"), (10, "an event of no message that is there")]
    with pytest.raises(InputError, match="holds no message of a customer, nor an answer to one"):
        read(told, write(tmp_path, rows.splitlines()[0] + "\n6,,,Tom,agent,2026-03-02T08:00Z\n"))


def test_made_ids_are_stable_under_order_and_overlap_and_keep_apart_what_was_said_at_once(
    tmp_path: Path,
) -> None:
    every = {name: cell for name, cell in LONG["every"].items() if name != "message_id"} | {"text": "Text"}
    header = "Thread,Author,Agent,Direction,Network,Sent,Text\n"
    rows = [
        "a,ann,,in,fb,2026-03-02 09:00,hello\n",
        "a,ann,,in,fb,2026-03-02 09:00,are you there?\n",
        "a,ann,,in,fb,2026-03-02 09:00,hello\n",
        "a,,Mia,out,fb,2026-03-02 09:10,yes\n",
        "b,bob,,in,fb,2026-03-02 09:00,\n",
        "b,bob,,in,fb,2026-03-02 09:00:00.25,hi\n",
    ]
    told = {**LONG, "every": every}
    forwards = read(told, write(tmp_path, header + "".join(rows), "a.csv"))
    backwards = read(told, write(tmp_path, header + "".join(rows[::-1]), "b.csv"), keep_text=True)
    assert forwards.messages.collect().equals(backwards.messages.collect().drop("text"))
    both = read(told, [tmp_path / "a.csv", tmp_path / "b.csv"])
    assert both.messages.collect().equals(forwards.messages.collect())
    assert set(both.audit.excluded["file"]) == {"a.csv", "b.csv"}
    ids = forwards.messages.collect()["message_id"].to_list()
    assert ids == [
        "a/2026-03-02T09:00:00/customer",
        "a/2026-03-02T09:00:00/customer/2",
        "a/2026-03-02T09:10:00/agent",
        "b/2026-03-02T09:00:00/customer",
        "b/2026-03-02T09:00:00.250/customer",
    ]


def test_columns_made_of_customers_ids_are_told(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Thread,Author,Who,Sent\nt,ann,customer,2026-03-02T09:00Z\nt,bob,customer,2026-03-02T09:00Z\n",
    )
    every = {"customer_id": "Author", "kind": "Who", "at": "Sent", "channel": {"constant": "fb"}}
    composed = {"name": "m", "every": {**every, "conversation_id": {"join": ["Thread", "Author"], "by": "/"}}}
    data = read(composed, path)
    assert data.personal == ("sender_id", "conversation_id", "message_id")
    assert data.messages.collect()["conversation_id"].to_list() == ["t/ann", "t/bob"]
    plain = read({"name": "m", "every": {**every, "conversation_id": "Thread"}}, path)
    assert plain.personal == ("sender_id",)
    assert plain.messages.collect()["sender_id"].to_list() == ["ann"]


def test_two_customers_in_one_conversation_are_refused_where_messages_name_theirs(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Thread,Author,Who,Sent\nt,ann,customer,2026-03-02T09:00Z\nt,bob,customer,2026-03-02T10:00Z\n",
    )
    every = {"conversation_id": "Thread", "at": "Sent", "channel": {"constant": "fb"}}
    told = {"name": "m", "every": every, "turns": [{"kind": "Who", "customer_id": "Author"}]}
    with pytest.raises(InputError, match="a conversation has one customer"):
        read(told, path)


ONE = "Thread,ID,Author,Agent,Direction,Network,Sent\na,1,ann,,inbound,facebook,2026-03-02 09:00\n"


@pytest.mark.parametrize(
    ("changes", "content", "options", "sentence"),
    [
        (
            {},
            ONE,
            {"brand": ""},
            "1 of 1 messages in '{path}' do not say their brand; tell it, such as --brand Acme",
        ),
        (
            {"channel": {"given": "channel"}},
            ONE,
            {},
            'tell it, such as --channel facebook (channel="facebook" in Python)',
        ),
        (
            {},
            ONE,
            {"channel": "x"},
            "'long' takes channel from the export; leave channel out, or add given = \"channel\"",
        ),
        ({"brand": {"constant": "B"}}, ONE, {}, "takes brand from the export"),
        ({"at": "Sent at"}, ONE, {}, "no column 'Sent at' in 'mine.csv'; did you mean 'Sent'?"),
        ({"agent_id": {"join": ["Agent", "Team"]}}, ONE, {}, "no column 'Team' in 'mine.csv'"),
        ({"agent_id": {"column": ["Team", "Teams"]}}, ONE, {}, "no column 'Team' in 'mine.csv'"),
        (
            {},
            ONE.replace("09:00", "soon"),
            {},
            "not one of the 1 values of column 'Sent' in 'mine.csv' is a time",
        ),
        ({}, ONE.replace("2026", "2099"), {}, "holds no message from before it was taken"),
        ({}, ONE, {"as_of": "2020-01-01"}, "holds no message from before it was taken"),
        (
            {},
            ONE.replace("inbound", "to us"),
            {},
            "1 of 1 rows are of a kind that the mapping does not name, with 1 different value in 'Direct",
        ),
        ({}, ONE.replace("inbound", "note"), {}, "holds no message from before"),
        (
            {},
            ONE.replace("a,1", ",1"),
            {},
            "1 of 1 rows cannot be read, most often for an empty conversation_id (line 2)",
        ),
        ({}, ONE, {"timezone": "Europe/Brlin"}, "Europe/Berlin"),
        ({"at": {"column": "Sent", "timezone": "Mars"}}, ONE, {}, "Mars"),
        ({"at": {"column": "Sent", "time": "isoo"}}, ONE, {}, "isoo"),
        (
            {},
            "Agent,Average response time\nMia,3\n",
            {},
            "averages only; no share within 1 h can be made from it",
        ),
        (
            {},
            ONE + "a,2,ann,,inbound,twitter,2026-03-02 10:00\n",
            {},
            "make conversation_id of the thread and the channel",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, changes: dict[str, Any], content: str, options: dict[str, Any], sentence: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(BenchkitError, match=re.escape(sentence.replace("{path}", str(path)))) as caught:
        read({**LONG, "every": {**LONG["every"], **changes}}, path, **options)
    assert "\n" not in str(caught.value)


def test_kinds_are_named_in_a_refusal_and_customers_are_not(tmp_path: Path) -> None:
    rows = "".join(
        f"t{n},{n},{'Jane Doe' if n % 3 else 'Joe Bloggs'},,{'survey' if n % 2 else 'poll'},facebook,"
        f"2026-03-02 09:{n % 60:02}\n"
        for n in range(60)
    )
    path = write(tmp_path, ONE.partition("\n")[0] + "\n" + rows)
    with pytest.raises(InputError, match=r"most often '(poll|survey)', '(poll|survey)' in 'Direction'; add"):
        read(LONG, path)
    for column, content, said in [
        ("Author", rows.replace("Jane Doe", "jane@x.org").replace("Joe Bloggs", "user12345"), "2 different"),
        ("ID", rows, "60 different values in 'ID'"),
    ]:
        path = write(tmp_path, ONE.partition("\n")[0] + "\n" + content)
        kind = {"column": column, "values": {"x": "customer"}}
        with pytest.raises(InputError, match=said) as caught:
            read({**LONG, "every": {**LONG["every"], "kind": kind}}, path)
        assert not [word for word in ("jane", "user1", "most often") if word in str(caught.value)]


def test_needs_reply_is_yes_or_no(tmp_path: Path) -> None:
    told = {**LONG, "every": {**LONG["every"], "needs_reply": "Open"}}
    header = ONE.partition("\n")[0] + ",Open\n"
    words = ["Yes", "no", "1", "0", "TRUE", "false", ""]
    rows = [f"t{n},{n},ann,,in,facebook,2026-03-02 09:{n:02},{words[n % 7]}\n" for n in range(42)]
    odd = "u,99,ann,,in,facebook,2026-03-02 10:00,perhaps\n"
    data = read(told, write(tmp_path, header + "".join([*rows, odd])))
    said = data.messages.sort(pl.col("message_id").cast(pl.Int64)).collect()["needs_reply"]
    assert said.to_list() == [True, False, True, False, True, False, None] * 6
    assert left_out(data) == [(44, "a needs_reply that is neither yes nor no")]
    path = write(
        tmp_path, header + "".join([*rows[:20], *[odd.replace("99", str(n)) for n in range(60, 64)]])
    )
    with pytest.raises(InputError, match="4 of 22 values of needs_reply are neither yes nor no; name"):
        read(told, path)
    answers = {"column": "Open", "values": {"perhaps": "yes"}}
    read({**told, "every": {**told["every"], "needs_reply": answers}}, path)


def test_times_without_a_zone_need_one(tmp_path: Path) -> None:
    path = write(tmp_path, ONE)
    told = {name: value for name, value in LONG.items() if name != "timezone"}
    with pytest.raises(BenchkitError, match="timezone"):
        read(told, path)
    berlin = read(told, path, timezone="Europe/Berlin")
    assert berlin.as_of == at("2026-03-02T08:00")
    assert read(LONG, path).as_of == at("2026-03-02T09:00")


def test_typed_columns_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pl.DataFrame(
        {
            "Thread": [1.0, 1.0, 2.0],
            "ID": [1, 2, 3],
            "Author": [70, None, 80],
            "Agent": [None, "Mia", None],
            "Direction": ["inbound", "outbound", "inbound"],
            "Network": ["facebook"] * 3,
            "Sent": [at("2026-03-02T09:00"), at("2026-03-02T09:05"), at("2026-03-02T09:05")],
        }
    ).write_parquet(path)
    data = read(LONG, path)
    assert waits(data) == {"1": ("replied", 300, "Acme/Mia"), "2": ("awaiting", 0, None)}
    assert data.messages.collect()["sender_id"].to_list() == ["70", "Acme/Mia", "80"]


def test_selection_and_name_come_with_the_data(tmp_path: Path) -> None:
    told = {**LONG, "selection": "Only answered messages are exported."}
    data = Mapping.from_mapping(told).read(write(tmp_path, ONE), brand="Acme", name="ours")
    assert (data.about.name, data.about.selection) == ("ours", "Only answered messages are exported.")
    assert read(LONG, tmp_path / "mine.csv").about.name == "mine"
    assert read(LONG, tmp_path).about.name == tmp_path.name
    assert (
        read(LONG, tmp_path / "*.csv").about.name == read(LONG, [tmp_path / "mine.csv"]).about.name == "long"
    )


def test_a_uri_is_refused_without_being_repeated(tmp_path: Path) -> None:
    mapping = Mapping.from_mapping({**LONG, "read": {"query": "SELECT 1"}})
    uri = "postgresql://me:secret@host/db"
    for place in (uri, Path(uri), [uri], f"env:{uri}"):
        with pytest.raises(BenchkitError, match="put the URI into an environment variable") as caught:
            mapping.read(place)
        assert "secret" not in str(caught.value)
    with pytest.raises(BenchkitError, match="'long' reads a database; give env:NAME or uri:FILE"):
        mapping.read(write(tmp_path, ONE))
    with pytest.raises(BenchkitError, match="'long' has no query to ask a database"):
        Mapping.from_mapping(LONG).read("env:SOMEWHERE")


def test_a_query_is_read_through_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "desk.db")) as desk:
        desk.execute("CREATE TABLE said (thread, id, who, at)")
        rows = [(1, 10, "customer", "2026-03-02 09:00"), (1, 11, "agent", "2026-03-02 09:07")]
        desk.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", rows)
        desk.commit()
    monkeypatch.setenv("DESK_URI", f"sqlite:///{tmp_path}/desk.db")
    told = {
        "name": "desk",
        "timezone": "UTC",
        "read": {"query": "SELECT * FROM said"},
        "every": {"conversation_id": "thread", "message_id": "id", "kind": "who", "at": "at"},
    }
    data = read(told, "env:DESK_URI", channel="chat")
    assert waits(data) == {"1": ("replied", 420, "Acme/unsigned")}
    assert data.about.name == "desk"


def test_a_missing_column_lists_those_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        read({**LONG, "every": {**LONG["every"], "at": "zzz"}}, write(tmp_path, ONE))
    assert caught.value.choices == ["Thread", "ID", "Author", "Agent", "Direction", "Network", "Sent"]


def test_a_ticket_whose_reply_is_put_right_keeps_its_messages(tmp_path: Path) -> None:
    mapping = Mapping.from_mapping(
        {
            "name": "tickets",
            "timezone": "UTC",
            "every": {
                "conversation_id": "Ticket",
                "brand": {"constant": "Acme"},
                "channel": {"constant": "mail"},
            },
            "turns": [{"kind": "customer", "at": "Created"}, {"kind": "agent", "at": "Replied"}],
        }
    )
    ids = []
    for replied in ("10:30", "11:00"):
        path = tmp_path / "tickets.csv"
        path.write_text(
            f"Ticket,Created,Replied\n1,2026-03-02 09:00,2026-03-02 {replied}\n2,2026-03-02 09:00,\n"
            "3,2026-03-02 09:00,\n3,2026-03-02 09:10,\n",
            encoding="utf-8",
        )
        ids.append(sorted(mapping.read(path).messages.collect()["message_id"]))
    assert ids[0] == ids[1] == ["1/1/customer", "1/2/agent", "2/1/customer", *_OF_TWO_ROWS]


_OF_TWO_ROWS = ["3/2026-03-02T09:00:00/customer", "3/2026-03-02T09:10:00/customer"]


@pytest.mark.parametrize("name", ["*", "^.*$", "^To.*$", "**", "^"])
def test_a_column_is_read_by_its_name_even_where_that_looks_like_a_pattern(tmp_path: Path, name: str) -> None:
    told = LONG | {"every": LONG["every"] | {"topic": name, "at": {"column": ["Sent", name]}}}
    text = f"Thread,ID,Author,Direction,Network,Sent,Topic,{name}\n"
    path = write(tmp_path, text + "1,a,7,in,chat,2026-03-02 09:00,no,2026-03-02 09:30\n")
    rows = read(told, path).messages.collect()
    assert rows["topic"].to_list() == ["2026-03-02 09:30"]
    assert rows["sent_at"].to_list() == [datetime(2026, 3, 2, 9, tzinfo=UTC)]


def test_a_column_of_another_file_is_read_by_its_name_too(tmp_path: Path) -> None:
    files = [{"name": "parts", "like": "p*", "key": "^T.*$"}, {"name": "heads", "like": "h*", "key": "*"}]
    every = LONG["every"] | {"conversation_id": "^T.*$", "topic": "heads.^.*$"}
    write(tmp_path, "^T.*$,ID,Author,Direction,Network,Sent\n1,a,7,in,chat,2026-03-02 09:00\n", "p.csv")
    write(tmp_path, "*,^.*$,Other\n1,refund,no\n", "h.csv")
    data = read(LONG | {"files": files, "every": every}, tmp_path)
    assert data.messages.collect()["topic"].to_list() == ["refund"]
