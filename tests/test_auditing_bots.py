from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import benchkit as bk
from tests.audit_data import ACME, changed, count, found, plain, serious, with_messages, written

T = datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)
IS_AGENT = pl.col("sender") == "agent"
OF_ACME = pl.col("brand") == "Acme"
FOLLOWS = (pl.col("sender").shift() == "customer") & (
    pl.col("conversation_id") == pl.col("conversation_id").shift()
)
ROBOT = "Acme/robot"


def after(seconds: pl.Expr) -> bk.Dataset:
    """Every third answer of Acme is the robot's, some seconds after the message."""
    is_robots = IS_AGENT & OF_ACME & FOLLOWS & (pl.col("conversation_id").hash(seed=3) % 3 == 0)
    return changed(
        pl.when(is_robots)
        .then(pl.col("sent_at").shift() + pl.duration(seconds=seconds))
        .otherwise("sent_at"),
        pl.when(is_robots).then(pl.lit(ROBOT)).otherwise("sender_id").alias("sender_id"),
        events=None,
        as_of=plain().as_of,
    )


@pytest.mark.parametrize(
    "seconds",
    [pl.int_range(pl.len()) % 9 + 2, 300 + pl.int_range(pl.len()) % 4, 3_600 + pl.int_range(pl.len()) % 300],
    ids=["at once", "after five minutes", "after an hour"],
)
def test_agents_as_regular_as_a_clock(seconds: pl.Expr) -> None:
    data = after(seconds)
    (row,) = found(data, "agents as regular as a clock")
    theirs = FOLLOWS & (pl.col("sender_id") == ROBOT)
    assert (row["brand"], row["agent_id"], row["count"]) == ("Acme", ROBOT, count(theirs, data))
    assert row["count"] > 1_000
    assert row["severity"] == "warning"


def test_quick_people_are_no_clock() -> None:
    in_minutes = after(20 + (pl.int_range(pl.len()) * 37 % 600))
    assert not found(in_minutes, "agents as regular as a clock")


def answers(
    times: list[datetime], *, who: str, conversation: str = ""
) -> list[tuple[str, str, str, datetime]]:
    return [(conversation or f"{who}{n}", "agent", who, time) for n, time in enumerate(times)]


NAMES = ("conversation_id", "sender", "sender_id", "sent_at")


def test_agents_who_never_sleep() -> None:
    awake = [T + timedelta(hours=4.9 * n) for n in range(50)]
    asleep = [T + timedelta(days=n // 5, hours=4 * (n % 5)) for n in range(200)]
    rested = [T + timedelta(hours=4.9 * n + 5.1 * (n >= 20)) for n in range(50)]
    data = written(
        *answers(awake, who="robot"),
        *answers([*asleep, T - timedelta(days=2)], who="Kim"),
        *answers(rested, who="Lee"),
        names=NAMES,
    )
    assert [row["agent_id"] for row in found(data, "agents who never sleep")] == ["robot"]
    (row,) = found(data, "agents who never sleep")
    assert (row["count"], row["of"]) == (50, 50)
    assert "up to 10 days on end" in row["sentence"]


def test_agents_who_write_many_at_once() -> None:
    robots = [T + timedelta(hours=7 * (n // 4)) for n in range(60)]
    pairs = [T + timedelta(hours=7 * (n // 2)) for n in range(60)]
    mostly = [T + timedelta(hours=7, seconds=61 * n) for n in range(30)]
    data = written(
        *answers(robots, who="robot"),
        *answers(
            [T + timedelta(days=30, seconds=61 * n) for n in range(40)], who="robot", conversation="more"
        ),
        *answers(pairs, who="Kim"),
        *answers([T] * 30 + mostly, who="Lee", conversation="one thread"),
        names=NAMES,
    )
    (row,) = found(data, "agents who write many at once")
    assert (row["agent_id"], row["count"], row["of"]) == ("robot", 60, 100)
    whole_minutes = with_messages(data, data.messages.with_columns(pl.col("sent_at").dt.truncate("1m")))
    assert not found(whole_minutes, "agents who write many at once")


def test_agents_who_always_say_the_same() -> None:
    theirs = IS_AGENT & (pl.col("sender_id") == ACME.agent_ids[0])
    says_so = theirs & (pl.col("message_id").hash(seed=5) % 10 != 0)
    number = pl.int_range(pl.len())
    same = pl.format("@user{} We are on it, see https://example.org/{}", number, number)
    letters = pl.concat_str(pl.lit("abcdefghij").str.slice(number // 10**place % 10, 1) for place in range(6))
    data = changed(pl.when(says_so).then(same).otherwise(letters).alias("text"))
    (row,) = found(data, "agents who always say the same")
    assert (row["brand"], row["agent_id"]) == ("Acme", ACME.agent_ids[0])
    assert (row["count"], row["of"]) == (count(says_so), count(theirs))
    assert "on it" not in row["sentence"]


def test_without_texts_nothing_is_said_of_them() -> None:
    assert not found(plain(), "agents who always say the same")


def test_agents_without_a_name_are_not_taken_for_one_robot() -> None:
    times = [T + timedelta(hours=n) for n in range(400)]
    data = written(*answers(times, who="unsigned"), names=NAMES)
    assert serious(data) == ["conversations the brand began", "agents without names"]
