"""Waits against a plain loop over messages, and by hand where a rule has an edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit import BENCHKIT, Dataset, find_waits
from benchkit.dataset import About
from benchkit.definitions import Definition
from benchkit.definitions.rules import WORDS
from benchkit.errors import BenchkitError
from benchkit.schema import EVENTS, MESSAGES, WAITS, check
from benchkit.sources.timelines import START, from_timelines

EVENT_KINDS = ["opened", "assigned", "handed_off", "reopened", "closed", "closed_no_reply_needed"]
SENDERS = ["customer", "bot", "agent"]
KINDS = [*EVENT_KINDS[:4], *SENDERS, *EVENT_KINDS[4:]]
"""In the order in which they happen at one instant."""

Turn = tuple[str, int, bool, str | None]
"""What happened, in which quarter of an hour, whether it needs a reply, and who did it or to whom it goes."""

turns = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(0, 40), st.booleans(), st.sampled_from(["mia", "ben", None])
    ),
    max_size=12,
)
silences = st.sampled_from(
    [{}, {"direct message": 7_200}, {"every channel": 7_200}, {"chat": 3_600, "every channel": 14_400}]
)
FOUND_BY = ("clock_starts", "bots", "agent_opens", "closing", "credit")
definitions = st.builds(
    lambda silence_seconds, **rules: replace(BENCHKIT, silence_seconds=silence_seconds, **rules),
    silences,
    **{rule: st.sampled_from(list(WORDS[rule])) for rule in FOUND_BY},
)


def dataset(conversations: list[list[Turn]], channel: str) -> Dataset:
    messages, events = [], []
    for number, conversation in enumerate(conversations):
        for place, (kind, quarter, needs_reply, who) in enumerate(conversation):
            at, name = START + timedelta(minutes=15 * quarter), f"c{number}"
            if kind in SENDERS:
                sender = f"customer{number}" if kind == "customer" else f"Brand/{kind} {who}"
                messages.append((f"{name}m{place:02}", name, "Brand", channel, kind, sender, at, needs_reply))
            else:
                events.append((name, at, kind, who))
    schema = {**MESSAGES.columns, "needs_reply": pl.Boolean()}
    return Dataset.from_messages(
        pl.DataFrame(messages, schema=schema, orient="row"),
        events=pl.DataFrame(events, schema=EVENTS.all_columns, orient="row"),
        as_of=START + timedelta(days=3),
        about=About("made up"),
    )


def oracle(data: Dataset, rules: Definition) -> list[dict[str, Any]]:
    """The rules as one would say them: walk each conversation and remember who waits."""
    assert data.events is not None
    merged: dict[str, list[dict[str, Any]]] = {}
    for row in data.messages.collect().iter_rows(named=True):
        turn = {**row, "at": row["sent_at"], "kind": row["sender"], "who": row["sender_id"]}
        merged.setdefault(row["conversation_id"], []).append(turn)
    for row in data.events.collect().iter_rows(named=True):
        event = {**row, "message_id": "", "who": row["actor_id"]}
        merged.setdefault(row["conversation_id"], []).append(event)
    found: list[dict[str, Any]] = []
    for name, conversation in sorted(merged.items()):
        conversation.sort(key=lambda turn: (turn["at"], KINDS.index(turn["kind"]), turn["message_id"]))
        for number, part in enumerate(parted(conversation, rules)):
            waits = list(walk(part, rules))
            involved = sorted({turn["who"] for turn in part if turn["kind"] == "agent"}) or None
            told = {"conversation_id": f"{name}~{number + 1}" if number else name, "involved": involved}
            found += [wait | told for wait in waits]
    for wait in found:
        lasted = (wait["ended_at"] or data.as_of) - wait["started_at"]
        wait["wait_seconds"] = int(lasted.total_seconds())
    return found


def parted(conversation: list[dict[str, Any]], rules: Definition) -> list[list[dict[str, Any]]]:
    """A thread in conversations, parted before a customer who comes back after a long silence."""
    parts: list[list[dict[str, Any]]] = [[]]
    last_message_at, last_word = START, "customer"
    for turn in conversation:
        if turn["kind"] == "customer" and last_word == "agent":
            silence = (turn["at"] - last_message_at).total_seconds()
            of_any = rules.silence_seconds.get("every channel", float("inf"))
            if silence >= rules.silence_seconds.get(turn["channel"], of_any):
                parts.append([])
        parts[-1].append(turn)
        if turn["kind"] in SENDERS:
            last_message_at = turn["at"]
        if turn["kind"] in ("customer", "agent"):
            last_word = turn["kind"]
        if turn["kind"] == "bot" and rules.bots == "answer":
            last_word = "agent"
    return parts


def walk(part: list[dict[str, Any]], rules: Definition) -> Iterator[dict[str, Any]]:
    waiting: dict[str, Any] | None = None
    is_anew, was_answered = True, False
    known: dict[str, Any] = dict.fromkeys(("assigned_at", "assignee", "handed_off_at", "bot_spoke_at"))
    known["created_at"] = part[0]["at"]
    for turn in part:
        at, kind = turn["at"], turn["kind"]
        by_the_brand = kind == "agent" and is_anew and rules.agent_opens == "until the second message"
        replies = (kind == "agent" and not by_the_brand) or (kind == "bot" and rules.bots == "answer")
        clears = kind == "bot" and rules.bots == "clear the wait" and was_answered
        clears |= kind == "closed" and rules.closing == "clear the wait" and was_answered
        is_outcome = rules.closing in ("outcome", "leave out")
        closes = kind == "closed_no_reply_needed" or (kind == "closed" and is_outcome)
        if kind == "customer" or by_the_brand:
            waiting = waiting or {
                "first": turn,
                "is_first": is_anew,
                "messages_in_wait": 0,
                "needs_reply": False,
                "bot_at": None,
            }
            waiting["messages_in_wait"] += 1
            waiting["needs_reply"] |= turn["needs_reply"]
            waiting["last"] = turn
        if waiting and kind == "bot" and rules.bots != "answer" and waiting["bot_at"] is None:
            waiting["bot_at"] = at
        if waiting and (replies or closes):
            yield from told(waiting, turn, known, rules)
        if replies or closes or clears:
            waiting = None
        is_anew &= not (kind == "customer" or kind == "agent" or replies or closes)
        was_answered |= kind == "agent" and replies
        if kind == "assigned":
            known |= {"assigned_at": at, "assignee": turn["who"]}
        if kind in ("handed_off", "reopened"):
            known["handed_off_at"] = at
        if kind == "bot":
            known["bot_spoke_at"] = at
    if waiting:
        yield from told(waiting, None, known, rules)


def told(
    waiting: dict[str, Any], end: dict[str, Any] | None, known: dict[str, Any], rules: Definition
) -> Iterator[dict[str, Any]]:
    """A wait and its end, by what is known by then; nothing of one whose clock never starts."""
    first, last, is_first = waiting["first"], waiting["last"], waiting["is_first"]
    of_first = {
        "conversation created": known["created_at"],
        "handed off": known["handed_off_at"] or known["bot_spoke_at"] or known["created_at"],
    }
    started_at = of_first.get(rules.clock_starts, first["at"]) if is_first else first["at"]
    if rules.clock_starts == "last unanswered":
        started_at = last["at"]
    if rules.clock_starts == "assigned":
        started_at = known["assigned_at"] and max(known["assigned_at"], first["at"])
    if started_at is None:
        return
    reply = end if end is not None and not end["kind"].startswith("closed") else None
    by_assignee = rules.credit == "assignee" or (rules.credit.startswith("replier of") and not is_first)
    bot_at = waiting["bot_at"]
    yield {
        "wait_id": first["message_id"],
        "customer_id": first["who"] if first["kind"] == "customer" else None,
        "is_first": is_first,
        "started_at": started_at,
        "ended_at": end and end["at"],
        "outcome": "replied" if reply else "closed" if end else "awaiting",
        "opening_message_id": (last if rules.clock_starts == "last unanswered" else first)["message_id"],
        "reply_message_id": reply and reply["message_id"],
        "bot_seconds": bot_at and max(int((bot_at - started_at).total_seconds()), 0),
        "assigned_at": end and known["assigned_at"],
        "agent_id": reply and (known["assignee"] if by_assignee else reply["who"]),
        "messages_in_wait": waiting["messages_in_wait"],
        "needs_reply": waiting["needs_reply"] and not (end and end["kind"] == "closed_no_reply_needed"),
    }


@given(st.lists(turns, max_size=4), st.sampled_from(["chat", "direct message"]), definitions)
@settings(max_examples=300)
def test_waits_are_what_a_plain_loop_finds(
    conversations: list[list[Turn]], channel: str, definition: Definition
) -> None:
    data = dataset(conversations, channel)
    frame = find_waits(data, definition=definition).frame.collect()
    check(frame.lazy(), WAITS)
    several = definition.credit == "everyone involved"
    assert ("involved" in frame.columns) == several
    if several:
        frame = frame.with_columns(pl.col("involved").list.sort())
    expected = oracle(data, definition)
    columns = [name for name in expected[0] if name in frame.columns] if expected else ["wait_id"]
    assert frame.select(columns).to_dicts() == [{name: wait[name] for name in columns} for wait in expected]


@given(st.lists(turns, min_size=1, max_size=4))
@settings(max_examples=60)
def test_the_order_of_rows_does_not_matter(conversations: list[list[Turn]]) -> None:
    data = dataset(conversations, "chat")
    shuffled = Dataset.from_messages(
        data.messages.collect().sample(fraction=1, shuffle=True, seed=1),
        events=data.events,
        as_of=data.as_of,
        about=data.about,
    )
    assert find_waits(shuffled).frame.collect().equals(find_waits(data).frame.collect())


def outcomes(*timelines: str, **options: Any) -> list[tuple[str, int]]:
    waits = find_waits(from_timelines(*timelines, **options)).frame
    return waits.select("outcome", pl.col("wait_seconds") // 60).collect().rows()


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ("C0 A10", [("replied", 10)]),
        ("C0 C5 A10", [("replied", 10)]),  # more messages join the wait: it counts from the first
        ("C0 A10 A11", [("replied", 10)]),  # the second answer ends nothing
        ("C0 A10 C12 A15", [("replied", 10), ("replied", 3)]),
        ("C0 B1 A10", [("replied", 10)]),  # a bot answers nobody
        ("C0 X5", [("closed", 5)]),
        ("C0 X5 C8 A9", [("closed", 5), ("replied", 1)]),
        ("C0 A5 X6", [("replied", 5)]),
        ("A0", []),
        ("A0 C5 A6", [("replied", 1)]),
        ("C0", [("awaiting", 43_200)]),
        ("C5 A5", [("replied", 0)]),  # at one instant, the customer spoke first
    ],
)
def test_by_hand(timeline: str, expected: list[tuple[str, int]]) -> None:
    assert outcomes(timeline) == expected


def test_only_what_a_customer_begins_is_first() -> None:
    waits = find_waits(from_timelines("C0 A1 C2 A3", "A0 C1 A2")).frame.collect()
    assert waits["is_first"].to_list() == [True, False, False]


def test_a_silence_ends_a_conversation_only_where_threads_never_end() -> None:
    eight_days = 8 * 1_440
    timeline = f"C0 A1 C{eight_days} A{eight_days + 1}"
    chat = find_waits(from_timelines(timeline)).frame.collect()
    assert chat["conversation_id"].n_unique() == 1
    message = find_waits(from_timelines(timeline, channel="direct message"))
    frame = message.frame.collect()
    assert frame["conversation_id"].to_list() == ["t0", "t0~2"]
    assert frame["is_first"].to_list() == [True, True]
    assert message.volumes.collect()["conversation_id"].n_unique() == 2


def test_who_still_waits_goes_on_waiting_through_a_silence() -> None:
    eight_days = 8 * 1_440
    timeline = f"C0 C{eight_days} A{eight_days + 1}"
    assert outcomes(timeline, channel="direct message") == [("replied", eight_days + 1)]


def test_dimensions_are_carried_from_the_opening_message() -> None:
    data = from_timelines("C0 C1 A2")
    topics = pl.Series("topic", ["delivery", "refund", "greeting"])
    frame = Dataset.from_messages(
        data.messages.collect().with_columns(topics), as_of=data.as_of, about=data.about
    )
    assert find_waits(frame).frame.collect()["topic"].to_list() == ["delivery"]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    def explode(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError(frame)

    data = from_timelines("C0 A1")
    lazy = replace(data, messages=data.messages.map_batches(explode, schema=dict(MESSAGES.columns)))
    assert "frame" in vars(find_waits(lazy))


def test_permalinks_stay_unread() -> None:
    def explode(links: pl.Series) -> pl.Series:
        raise AssertionError(links)

    data = from_timelines("C0 A1")
    assert find_waits(data).permalinks is None
    links = pl.lit("https://example.org").map_batches(explode, return_dtype=pl.String).alias("permalink")
    waits = find_waits(replace(data, messages=data.messages.with_columns(links))).collect()
    assert waits.permalinks is not None
    assert waits.volumes.collect()["message_id"].to_list() == ["t0m0", "t0m1"]


def test_as_of_is_where_what_was_known_ends() -> None:
    data = from_timelines("C0 A10", "C20 A30")
    early = Dataset.from_messages(data.messages, as_of=START + timedelta(minutes=15), about=data.about)
    waits = find_waits(early).frame.collect()
    assert waits["outcome"].to_list() == ["replied"]
    assert early.audit.summary()["rows"].to_list() == [2]


def test_months_follow_the_brands_clock() -> None:
    data = from_timelines("C0")  # Monday 2 March 2026, 00:00 UTC
    edge = replace(
        data, messages=data.messages.with_columns(pl.col("sent_at") - pl.duration(days=1, hours=1))
    )
    assert find_waits(edge).months() == ["2026-02"]
    in_tokyo = replace(edge, time_zones={"Example": "Asia/Tokyo"})
    assert find_waits(in_tokyo).months() == ["2026-03"]
    assert find_waits(in_tokyo).latest_month() == "2026-03"


def test_shown_in_a_notebook_without_markup_from_outside() -> None:
    data = replace(from_timelines("C0 A1"), about=About("<script>alert(1)</script>"))
    for shown in (find_waits(data)._repr_html_(), data._repr_html_()):
        assert "<script>" not in shown
        assert "&lt;script&gt;" in shown


def test_a_dataset_without_waits_says_so() -> None:
    with pytest.raises(BenchkitError, match="holds no waits"):
        find_waits(from_timelines("A0")).latest_month()


@pytest.mark.parametrize(
    ("timeline", "rules", "started", "agent"),
    [
        ("C0 S1 A10", {"credit": "assignee"}, 0, "Example/S"),
        ("C0 A10", {"credit": "assignee"}, 0, None),  # assigned to nobody
        ("C0 Smia1 C2 A10", {"clock_starts": "assigned"}, 1, "Example/A"),
        ("Smia0 C5 A10", {"clock_starts": "assigned"}, 5, "Example/A"),
        ("C0 B4 H6 A10", {"clock_starts": "handed off"}, 6, "Example/A"),
        ("C0 B4 A10", {"clock_starts": "handed off"}, 4, "Example/A"),
        ("C0 B4", {"clock_starts": "handed off", "bots": "answer"}, 0, "Example/B"),  # not the answer itself
        ("A0 B4 A10", {"agent_opens": "until the second message", "bots": "clear the wait"}, 0, "Example/A"),
    ],
)
def test_other_rules_by_hand(timeline: str, rules: dict[str, Any], started: int, agent: str | None) -> None:
    waits = find_waits(from_timelines(timeline), definition=replace(BENCHKIT, **rules)).frame.collect()
    assert waits["started_at"].to_list() == [START + timedelta(minutes=started)]
    assert waits["agent_id"].to_list() == [agent]


def test_assigned_to_nobody_it_is_nobodys() -> None:
    data = from_timelines("C0 Smia1 S5 A10")
    assert data.events is not None
    nobody = pl.when(pl.col("actor_id") == "Example/mia").then("actor_id").alias("actor_id")
    unassigned = replace(data, events=data.events.with_columns(nobody))
    found = find_waits(unassigned, definition=replace(BENCHKIT, credit="assignee")).frame.collect()
    assert found["agent_id"].to_list() == [None]
