from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from benchkit.auditing.facts import Facts
from tests.audit_data import ACME, changed, count, found, plain, serious, with_messages, without, written

T = datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IS_AGENT = pl.col("sender") == "agent"
IS_CUSTOMER = pl.col("sender") == "customer"


def test_messages_that_came_twice() -> None:
    names = ("sender", "sender_id", "sent_at")
    data = written(
        ("customer", "u", T),
        ("customer", "u", T),
        ("customer", "u", T),
        ("agent", "Kim", T + MINUTE),
        ("agent", "Lee", T + MINUTE),
        ("agent", "Kim", T + MINUTE),
        ("agent", "Kim", T + 2 * MINUTE),
        names=names,
    )
    (row,) = found(data, "messages that came twice")
    assert (row["count"], row["of"], row["severity"]) == (3, 7, "note")
    assert row["examples"] == ["1", "2", "5"]


def test_a_twentieth_of_all_rows_doubled() -> None:
    doubled = plain().messages.filter(pl.int_range(pl.len()) % 20 == 7)
    again = doubled.with_columns(pl.col("message_id") + "-again")
    before = {row["brand"]: row["count"] for row in found(plain(), "messages that came twice")}
    after = found(with_messages(plain(), pl.concat([plain().messages, again])), "messages that came twice")
    planted = doubled.group_by(pl.col("brand").cast(pl.String)).len().collect()
    assert {row["brand"]: row["count"] - before.get(row["brand"], 0) for row in after} == dict(planted.rows())
    assert {row["severity"] for row in after} == {"warning"}


REPLIES = [
    ("1", None, T),
    ("2", "1", T + MINUTE),
    ("3", "4", T + 2 * MINUTE),
    ("4", "1", T + 3 * MINUTE),
    ("5", "6", T + 4 * MINUTE),
    ("6", "5", T + 4 * MINUTE),
    ("7", "gone", T + 5 * MINUTE),
]


def test_replies_before_their_message_and_without_a_parent() -> None:
    data = written(*REPLIES, names=("message_id", "in_reply_to", "sent_at"))
    (row,) = found(data, "replies before their message")
    assert (row["count"], row["of"], row["examples"]) == (1, 5, ["3"])
    (row,) = found(data, "replies without a parent")
    assert (row["count"], row["of"], row["examples"]) == (1, 6, ["7"])


def test_a_hundredth_of_replies_are_told_by_brand_as_an_error() -> None:
    parent = pl.when(~pl.col("message_id").is_first_distinct()).then("message_id")
    previous = pl.when(pl.col("conversation_id") == pl.col("conversation_id").shift())
    replying = changed(previous.then(pl.col("message_id").shift()).otherwise(parent).alias("in_reply_to"))
    assert not found(replying, "replies before their message")
    assert serious(replying) == []

    is_wrong = pl.col("in_reply_to").is_not_null() & (pl.int_range(pl.len()) % 50 == 3) & IS_AGENT
    swapped = replying.messages.with_columns(
        pl.when(is_wrong).then(pl.col("sent_at") - pl.duration(days=400)).otherwise("sent_at")
    )
    rows = found(with_messages(plain(), swapped), "replies before their message")
    planted = replying.messages.filter(is_wrong).group_by(pl.col("brand").cast(pl.String)).len().collect()
    assert {row["brand"]: row["count"] for row in rows} == dict(planted.rows())
    assert {row["severity"] for row in rows} == {"error"}


def test_replies_whose_parents_were_not_exported() -> None:
    previous = pl.when(pl.col("conversation_id") == pl.col("conversation_id").shift())
    replying = changed(previous.then(pl.col("message_id").shift()).alias("in_reply_to"))
    assert not found(replying, "replies without a parent")
    messages = replying.messages.collect()
    kept = messages.filter(~((pl.col("sender") == "customer") & (pl.int_range(pl.len()) % 4 == 0)))
    missing = set(messages["message_id"]) - set(kept["message_id"])
    rows = found(with_messages(plain(), kept.lazy(), events=None), "replies without a parent")
    assert sum(row["count"] for row in rows) == sum(parent in missing for parent in kept["in_reply_to"])
    assert {row["severity"] for row in rows} == {"warning"}


def test_without_replies_in_the_data_nothing_is_said_of_them() -> None:
    assert not found(plain(), "replies before their message")
    assert not found(plain(), "replies without a parent")


def test_conversations_the_brand_began() -> None:
    names = ("conversation_id", "sender", "sent_at")
    data = written(
        ("a", "agent", T),
        ("a", "customer", T + MINUTE),
        ("b", "customer", T),
        ("b", "agent", T + MINUTE),
        ("c", "bot", T),
        names=names,
    )
    (row,) = found(data, "conversations the brand began")
    assert (row["count"], row["of"], row["examples"]) == (2, 3, ["a", "c"])


def test_customers_messages_that_are_missing_show_as_conversations_the_brand_began() -> None:
    rows = found(without(IS_CUSTOMER & (pl.col("brand") == ACME.name)), "conversations the brand began")
    assert [(row["brand"], row["severity"], row["share"]) for row in rows] == [("Acme", "warning", 1.0)]


@pytest.mark.parametrize("nobody", [None, "", "unsigned", "Acme/unsigned", "Acme"])
def test_agents_without_names(nobody: str | None) -> None:
    is_planted = IS_AGENT & (pl.col("brand") == "Acme") & (pl.int_range(pl.len()) % 3 == 0)
    data = changed(
        pl.when(is_planted).then(pl.lit(nobody, pl.String)).otherwise("sender_id").alias("sender_id")
    )
    (row,) = found(data, "agents without names")
    assert (row["brand"], row["count"], row["severity"]) == ("Acme", count(is_planted), "warning")
    assert row["of"] == count(IS_AGENT & (pl.col("brand") == "Acme"))
    assert serious(data) == ["agents without names"]


def test_times_in_whole_hours() -> None:
    cut = pl.col("sent_at").dt.truncate("1d")
    of_acme = pl.when(pl.col("brand") == "Acme").then(cut).otherwise("sent_at")
    (row,) = found(changed(of_acme.alias("sent_at")), "times in whole hours")
    assert (row["brand"], row["share"], row["severity"]) == ("Acme", 1.0, "error")
    in_minutes = changed(pl.col("sent_at").dt.truncate("1m"))
    assert not found(in_minutes, "times in whole hours")
    assert "times in whole hours" not in serious(in_minutes)


def test_conversations_without_the_brand() -> None:
    names = ("conversation_id", "sender", "sent_at")
    data = written(
        ("a", "customer", T),
        ("b", "customer", T),
        ("b", "bot", T + MINUTE),
        ("c", "customer", T),
        ("c", "agent", T + MINUTE),
        ("d", "customer", T),
        ("d", "customer", T + MINUTE),
        names=names,
    )
    (row,) = found(data, "conversations without the brand")
    assert (row["count"], row["of"], row["examples"], row["severity"]) == (2, 4, ["a", "d"], "note")


def test_months_without_the_brand() -> None:
    is_august = pl.col("sent_at").dt.month() == 8
    of_acme = pl.col("brand") == "Acme"
    data = without(IS_AGENT & is_august & of_acme)
    (row,) = found(data, "months without the brand")
    silent = (
        data.messages.filter(of_acme)
        .group_by("conversation_id")
        .agg(IS_CUSTOMER.all().alias("is_silent"), pl.col("sent_at").min())
        .filter(pl.col("sent_at").dt.month() == 8)
        .collect()
    )
    assert (row["brand"], row["count"], row["of"]) == ("Acme", silent["is_silent"].sum(), silent.height)
    assert "August 2026" in row["sentence"]
    assert row["severity"] == "warning"


def test_parents_are_found_wherever_they_are() -> None:
    ids = plain().messages.select("message_id").collect()["message_id"]
    named = ids.shift().scatter(range(0, len(ids), 3), ids.sample(len(ids[::3]), seed=5))
    named = named.scatter(range(1, len(ids), 7), "nowhere").scatter(range(2, len(ids), 11), None)
    replies = Facts(changed(pl.lit(named).alias("in_reply_to"))).replies
    assert replies is not None
    times = dict(plain().messages.select("message_id", "sent_at").collect().iter_rows())
    assert replies["in_reply_to"].to_list() == named.drop_nulls().to_list()
    assert replies["parent_at"].to_list() == [times.get(parent) for parent in named.drop_nulls()]
