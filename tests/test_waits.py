"""Waits against a plain loop over messages, and by hand where a rule has an edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit import BENCHKIT, Dataset, find_waits
from benchkit.dataset import About
from benchkit.definitions import Definition
from benchkit.errors import BenchkitError
from benchkit.schema import EVENTS, MESSAGES, WAITS, check
from benchkit.sources.timelines import START, from_timelines

KINDS = ["assigned", "customer", "bot", "agent", "closed", "closed_no_reply_needed"]
DEFINITIONS = [BENCHKIT, replace(BENCHKIT, bots="answer"), replace(BENCHKIT, silence_seconds={"direct message": 7_200})]

turns = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(0, 40), st.booleans()
    ),  # kind, quarter of an hour, needs reply
    max_size=12,
)


def dataset(conversations: list[list[tuple[str, int, bool]]], channel: str) -> Dataset:
    messages, events = [], []
    for number, conversation in enumerate(conversations):
        for place, (kind, quarter, needs_reply) in enumerate(conversation):
            at, name = START + timedelta(minutes=15 * quarter), f"c{number}"
            if kind in ("customer", "bot", "agent"):
                sender = f"{kind}{number}" if kind == "customer" else f"Brand/{kind}"
                messages.append((f"{name}m{place:02}", name, "Brand", channel, kind, sender, at, needs_reply))
            else:
                events.append((name, at, kind))
    schema = {**MESSAGES.columns, "needs_reply": pl.Boolean()}
    return Dataset.from_messages(
        pl.DataFrame(messages, schema=schema, orient="row"),
        events=pl.DataFrame(events, schema=dict(EVENTS.columns), orient="row"),
        as_of=START + timedelta(days=3),
        about=About("made up"),
    )


def oracle(data: Dataset, definition: Definition) -> list[dict[str, Any]]:
    """The rules as one would say them: walk each conversation and remember who waits."""
    assert data.events is not None
    merged: dict[str, list[tuple[datetime, int, str, dict[str, Any]]]] = {}
    for row in data.messages.collect().iter_rows(named=True):
        key = (row["sent_at"], KINDS.index(row["sender"]), row["message_id"], row)
        merged.setdefault(row["conversation_id"], []).append(key)
    for row in data.events.collect().iter_rows(named=True):
        merged.setdefault(row["conversation_id"], []).append((row["at"], KINDS.index(row["kind"]), "", row))
    found: list[dict[str, Any]] = []
    for name, conversation in sorted(merged.items()):
        found += walk(name, sorted(conversation, key=lambda turn: turn[:3]), data.as_of, definition)
    return found


def walk(name: str, conversation: list[Any], as_of: datetime, definition: Definition) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting: dict[str, Any] | None = None
    part, spoken, brand_spoke_last = 1, False, False
    assigned_at = last_message_at = None
    for at, rank, message_id, row in conversation:
        kind = KINDS[rank]
        if kind == "customer":
            silence = None if last_message_at is None else (at - last_message_at).total_seconds()
            longest = definition.silence_seconds.get(row["channel"])
            if longest and brand_spoke_last and silence is not None and silence >= longest:
                part, spoken, assigned_at = part + 1, False, None
            if waiting is None:
                waiting = {
                    "wait_id": message_id,
                    "conversation_id": name if part == 1 else f"{name}~{part}",
                    "is_first": not spoken,
                    "started_at": at,
                    "bot_seconds": None,
                    "messages_in_wait": 0,
                    "needs_reply": False,
                }
            waiting["messages_in_wait"] += 1
            waiting["needs_reply"] |= row["needs_reply"]
        ends = kind == "agent" or kind.startswith("closed") or (kind == "bot" and definition.bots == "answer")
        if waiting is not None and kind == "bot" and not ends and waiting["bot_seconds"] is None:
            waiting["bot_seconds"] = int((at - waiting["started_at"]).total_seconds())
        if waiting is not None and ends:
            closed = kind.startswith("closed")
            waiting |= {
                "ended_at": at,
                "outcome": "closed" if closed else "replied",
                "reply_message_id": None if closed else message_id,
                "agent_id": None if closed else row["sender_id"],
                "assigned_at": assigned_at,
                "needs_reply": waiting["needs_reply"] and kind != "closed_no_reply_needed",
            }
            found.append(waiting)
            waiting = None
        spoken |= kind == "customer" or ends
        if kind == "assigned":
            assigned_at = at
        if kind in ("customer", "bot", "agent"):
            last_message_at = at
        if kind in ("customer", "agent"):
            brand_spoke_last = kind == "agent"
    if waiting is not None:
        nothing = dict.fromkeys(("ended_at", "reply_message_id", "agent_id", "assigned_at"))
        found.append({**waiting, **nothing, "outcome": "awaiting"})
    for wait in found:
        wait["wait_seconds"] = int(((wait["ended_at"] or as_of) - wait["started_at"]).total_seconds())
    return found


@given(st.lists(turns, max_size=4), st.sampled_from(["chat", "direct message"]), st.sampled_from(DEFINITIONS))
@settings(max_examples=200)
def test_waits_are_what_a_plain_loop_finds(
    conversations: list[list[tuple[str, int, bool]]], channel: str, definition: Definition
) -> None:
    data = dataset(conversations, channel)
    expected = oracle(data, definition)
    frame = find_waits(data, definition=definition).frame.collect()
    check(frame.lazy(), WAITS)
    columns = list(expected[0]) if expected else ["wait_id"]
    assert frame.select(columns).to_dicts() == [
        {column: wait[column] for column in columns} for wait in expected
    ]


@given(st.lists(turns, min_size=1, max_size=4))
@settings(max_examples=60)
def test_the_order_of_rows_does_not_matter(conversations: list[list[tuple[str, int, bool]]]) -> None:
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


def test_a_definitions_hash_follows_its_rules_and_not_its_name() -> None:
    assert replace(BENCHKIT, name="mine").hash == BENCHKIT.hash
    assert len({definition.hash for definition in DEFINITIONS}) == len(DEFINITIONS)
    assert all("bot" in " ".join(definition.sentences()) for definition in DEFINITIONS)
