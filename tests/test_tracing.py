"""A figure leads back to its messages: the rows counted are those measured, and what is left out says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import benchkit as bk
from benchkit.corrections import corrected
from benchkit.dataset import About
from benchkit.errors import BenchkitError
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources.timelines import START, from_timelines
from benchkit.tracing import TRACE, traced_figures

MONTH = "2026-10"
Message = tuple[str, str, str, float]
"""Conversation, kind of sender, who (an agent's name or nothing), and the day of March 2026 (UTC)."""


@pytest.fixture(scope="module")
def demo() -> bk.Waits:
    return bk.find_waits(bk.synthesize(messages=12_000, months=4)).collect()


def dataset(messages: Sequence[Message], *, permalinks: bool = False, brand: str = "Acme") -> bk.Dataset:
    rows = [
        (
            f"m{number}",
            conversation,
            brand,
            "chat",
            kind,
            f"{brand}/{who}" if who else f"customer of {conversation}",
            START + timedelta(days=day - 2),
            f"https://example.org/{number}",
        )
        for number, (conversation, kind, who, day) in enumerate(messages)
    ]
    frame = pl.DataFrame(rows, schema={**MESSAGES.columns, "permalink": pl.String()}, orient="row")
    return bk.Dataset.from_messages(
        frame if permalinks else frame.drop("permalink"),
        as_of=START + timedelta(days=60),
        about=About("made up"),
    )


TWO_AGENTS: list[Message] = [
    ("a", "customer", "", 2),  # m0
    ("a", "agent", "Mia", 3),  # m1 ends it
    ("a", "agent", "Ben", 3.5),  # m2 ends nothing
    ("b", "agent", "Ben", 4),  # m3 writes first
    ("b", "customer", "", 5),  # m4
    ("b", "agent", "Ben", 6),  # m5 ends it
    ("b", "customer", "", 7),  # m6 waits to this day
    ("c", "customer", "", 31),  # m7
    ("c", "agent", "Ben", 33),  # m8 ends it in April
    ("d", "customer", "", 10),  # m9, not Ben's
]


def rules(rows: pl.DataFrame) -> dict[str, str]:
    return dict(rows.select(pl.coalesce("wait_id", "reply_message_id"), "rule").iter_rows())


@pytest.mark.parametrize(
    "by", [["agent"], ["brand"], ["channel"], ["topic"], ["industry"], ["brand", "channel", "agent"], []]
)
def test_rows_counted_are_the_waits_measured(demo: bk.Waits, by: list[str]) -> None:
    hold_to_measure(demo, by)


def hold_to_measure(waits: bk.Waits, by: list[str]) -> None:
    metrics = ("waits", "replied_within_1h", "reply_seconds_mean", "answered_within_24h")
    measured = bk.measure(waits, month=MONTH, by=by, metrics=metrics, min_waits=0)
    assert measured.height
    key = [pl.col(name).cast(pl.String) for name in by]
    for group, figures in measured.group_by(key, maintain_order=True) if by else [((), measured)]:
        rows = bk.trace(waits, month=MONTH, **dict(zip(by, group, strict=True))).filter("counted")
        replied = rows.filter(outcome="replied")["wait_seconds"]
        found = {row["metric"]: row for row in figures.iter_rows(named=True)}
        assert (rows.height, replied.len()) == (found["waits"]["n"], found["waits"]["n_replied"])
        if replied.len():
            share = (replied <= 3_600).mean()
            assert found["replied_within_1h"]["estimate"] == pytest.approx(share)
            assert found["reply_seconds_mean"]["estimate"] == pytest.approx(replied.mean())
        if "agent" not in by:
            share = ((rows["outcome"] == "replied") & (rows["wait_seconds"] <= 86_400)).mean()
            assert found["answered_within_24h"]["estimate"] == pytest.approx(share)


def test_each_message_stands_once_and_is_the_agents(demo: bk.Waits) -> None:
    agent = demo.frame.collect()["agent_id"].drop_nulls().mode().sort().item(0)
    rows = bk.trace(demo, month=MONTH, agent=agent)
    assert rows.schema == pl.Schema(TRACE)
    written = demo.volumes.collect().filter(pl.col("agent_id") == agent)
    october = written.filter(pl.col("sent_at").dt.to_string("%Y-%m") == MONTH)
    ended = rows.filter(pl.col("ended_at").dt.to_string("%Y-%m") == MONTH)["reply_message_id"].drop_nulls()
    assert sorted(ended) == sorted(october["message_id"])


def test_of_an_agent_all_that_touches_them() -> None:
    waits = bk.find_waits(dataset(TWO_AGENTS))
    rows = bk.trace(waits, month="2026-03", agent="Ben")
    assert rules(rows) == {
        "m4": "credited to who replied first",
        "m7": "credited to who replied first",
        "m2": "left out: ended no wait, the customer was not waiting any more",
        "m3": "left out: ended no wait, the customer had not written yet",
        "m6": "left out: nobody replied, so it belongs to no agent",
    }
    assert rows["counted"].to_list() == [True, True, False, False, False]
    assert rows["agent"].to_list() == ["Acme/Ben"] * 4 + [None]
    always = bk.trace(waits, agent="Acme/Ben")
    assert always.filter("counted")["wait_id"].to_list() == ["m4", "m7"]


def test_a_wait_of_another_month_that_was_answered_in_this_one() -> None:
    late = [*TWO_AGENTS, ("e", "customer", "", 34), ("e", "agent", "Mia", 35)]
    rows = bk.trace(bk.find_waits(dataset(late)), month="2026-04", agent="Ben")
    assert rules(rows) == {"m7": "left out: started in another month (2026-03)"}
    assert rows["wait_seconds"].to_list() == [2 * 86_400]


def test_of_a_brand_those_nobody_answered_count() -> None:
    rows = bk.trace(bk.find_waits(from_timelines("C0 A5", "C0 X7", "C0", "C0 N4")), brand="Example")
    assert rules(rows) == {
        "t0m0": "credited to who replied first",
        "t1m0": "counted: closed without a reply",
        "t2m0": "counted: no reply when the data were taken",
        "t3m0": "left out: needed no reply",
    }
    counting = replace(bk.BENCHKIT, no_reply_needed="count")
    rows = bk.trace(bk.find_waits(from_timelines("C0 N4"), definition=counting), brand="Example")
    assert rules(rows) == {"t0m0": "counted: closed without a reply"}


def test_nobodys_waits_can_be_asked_for() -> None:
    waits = bk.find_waits(dataset(TWO_AGENTS))
    assert bk.trace(waits, agent=None)["wait_id"].to_list() == ["m6", "m9"]


def test_months_follow_the_brands_clock() -> None:
    data = replace(dataset([("a", "customer", "", 31.8), ("a", "agent", "Mia", 31.9)]))
    in_tokyo = bk.find_waits(replace(data, time_zones={"Acme": "Asia/Tokyo"}))
    assert bk.trace(in_tokyo, month="2026-04", agent="Mia")["counted"].to_list() == [True]
    assert bk.trace(bk.find_waits(data), month="2026-03", agent="Mia")["counted"].to_list() == [True]


def test_permalinks_of_both_messages() -> None:
    rows = bk.trace(bk.find_waits(dataset(TWO_AGENTS, permalinks=True)), agent="Ben")
    for kind in ("opening", "reply"):
        number = rows[f"{kind}_message_id"].str.strip_prefix("m")
        expected = rows.select(pl.lit("https://example.org/") + number).to_series()
        assert rows[f"{kind}_permalink"].to_list() == expected.to_list()
    without = bk.trace(bk.find_waits(dataset(TWO_AGENTS)), agent="Ben")
    assert without["reply_permalink"].null_count() == without.height


def test_permalinks_are_not_read_unless_figures_are_traced() -> None:
    def explode(links: pl.Series) -> pl.Series:
        raise AssertionError("permalinks were read")

    data = dataset(TWO_AGENTS, permalinks=True)
    fragile = pl.col("permalink").map_batches(explode, return_dtype=pl.String)
    waits = bk.find_waits(replace(data, messages=data.messages.with_columns(fragile))).collect()
    assert bk.measure(waits, metrics="waits", min_waits=0)["estimate"].item() == 5
    with pytest.raises(Exception, match="were read"):
        bk.trace(waits)


def test_assignment_is_told() -> None:
    data = from_timelines("C0 S5 A10")
    assert bk.trace(bk.find_waits(data), agent="A")["assigned_at"].to_list() == [START + timedelta(minutes=5)]


def test_corrected_waits_say_by_whom(tmp_path: Path) -> None:
    file = tmp_path / "corrections.csv"
    file.write_text("wait,action,reason,who\nm4,credit: Mia,her login,Kim\nm7,leave out,a test,Kim\n")
    waits = corrected(bk.find_waits(dataset(TWO_AGENTS)), file)
    ben = rules(bk.trace(waits, month="2026-03", agent="Ben"))
    assert ben["m4"] == "left out by a correction that credits another agent: her login (Kim)"
    assert ben["m7"] == "left out by a correction: a test (Kim)"
    assert bk.trace(waits, month="2026-03", agent="Ben").filter("counted").is_empty()
    mia = bk.trace(waits, month="2026-03", agent="Mia")
    assert rules(mia) == {
        "m0": "credited to who replied first",
        "m4": "credited by a correction: her login (Kim)",
    }
    assert mia["counted"].all()
    brand = rules(bk.trace(waits, month="2026-03", brand="Acme"))
    assert brand["m4"] == "credited by a correction: her login (Kim)"
    assert brand["m7"] == "left out by a correction: a test (Kim)"
    figures = traced_figures(waits, month="2026-03", agent="Mia", metrics="reply_seconds_mean")
    assert figures["corrections"].to_list() == ["before", "after"]
    assert np.allclose(figures["estimate"], 86_400)
    assert figures["n"].to_list() == [1, 2]


def test_after_corrections_too_the_rows_counted_are_the_waits_measured(
    demo: bk.Waits, tmp_path: Path
) -> None:
    october = demo.frame.collect().filter(pl.col("started_at").dt.to_string("%Y-%m") == MONTH)
    replied = october.filter(outcome="replied")
    colleagues = replied.group_by(pl.col("brand").cast(pl.String)).agg(
        pl.col("agent_id").min().alias("first")
    )
    given = (
        replied.with_columns(pl.col("brand").cast(pl.String))
        .join(colleagues, on="brand")
        .filter(pl.col("agent_id") != pl.col("first"))
        .gather_every(7)
    )
    lines = [f"{wait},credit: {to},r,w" for wait, to in given.select("wait_id", "first").iter_rows()]
    others = october.filter(~pl.col("wait_id").is_in(given["wait_id"].implode()))
    lines += [f"{wait},leave out,r,w" for wait in others.gather_every(5)["wait_id"]]
    file = tmp_path / "corrections.csv"
    file.write_text("wait,action,reason,who\n" + "\n".join(lines) + "\n")
    waits = corrected(demo, file)
    hold_to_measure(waits, ["agent"])
    hold_to_measure(waits, ["brand"])


@pytest.mark.parametrize(
    ("where", "fragments"),
    [
        ({"agent": "Bem"}, ["no agent 'Bem' in 'made up'", "did you mean 'Ben'?"]),
        ({"brand": "Acne"}, ["no brand 'Acne'", "did you mean 'Acme'?"]),
        ({"topics": "refund"}, ["no dimension 'topics'"]),
        ({"month": "2025-01"}, ["no waits in 2025-01"]),
        ({"month": "March"}, ["'March' is not a month"]),
        ({"agent": "\x1b[2J"}, ["no agent '\\x1b[2J'"]),
    ],
)
def test_names_there_are_not(where: dict[str, str], fragments: list[str]) -> None:
    with pytest.raises(BenchkitError) as error:
        bk.trace(bk.find_waits(dataset(TWO_AGENTS)), **where)
    assert all(fragment in str(error.value) for fragment in fragments), str(error.value)


def test_two_agents_of_one_name_are_told_apart_by_brand() -> None:
    both = [
        dataset([("a" + b, "customer", "", 2), ("a" + b, "agent", "Mia", 3)], brand=b) for b in ("X", "Y")
    ]
    messages = pl.concat(
        data.messages.collect().with_columns(pl.col("message_id") + data.brands()[0]) for data in both
    )
    waits = bk.find_waits(
        bk.Dataset.from_messages(
            messages, events=pl.DataFrame(schema=dict(EVENTS.columns)), about=About("two")
        )
    )
    with pytest.raises(
        BenchkitError, match="2 agents are called 'Mia' in 'two'; say which of them: 'X/Mia', 'Y/Mia'"
    ):
        bk.trace(waits, agent="Mia")
    assert bk.trace(waits, agent="Mia", brand="Y")["agent"].to_list() == ["Y/Mia"]


def test_letters_are_not_lifted() -> None:
    waits = bk.find_waits(dataset(TWO_AGENTS))
    with pytest.raises(BenchkitError, match="go by letters"):
        bk.trace(bk.pseudonymise(waits), agent="Agent A")


def test_tracing_stays_a_function() -> None:
    assert callable(bk.trace)
    assert callable(bk.trace)
