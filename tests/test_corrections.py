"""Corrections by hand: checked whole, applied, counted, undone, and never a name too many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import benchkit as bk
from benchkit.corrections import before_and_after, corrected, uncorrected
from benchkit.dataset import About
from benchkit.errors import BenchkitError, InputError
from benchkit.output import write_table
from benchkit.schema import MESSAGES, WAITS, check
from benchkit.sources.timelines import START

Write = Callable[[str], Path]
HEADER = "wait,action,reason,who\n"
ANSWERED = [("=1", "Mia", 10), ("2", "Mia", 90), ("3", "Ben", 20), ("4", None, 0)]
"""A wait, who replied to it if anybody did, and after how many minutes."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(lines: str) -> Path:
        file = tmp_path / "corrections.csv"
        file.write_text(HEADER + lines, encoding="utf-8")
        return file

    return to_file


@pytest.fixture
def waits() -> bk.Waits:
    rows: list[tuple[Any, ...]] = []
    for wait, agent, minutes in ANSWERED:
        rows.append((wait, wait, "Acme", "chat", "customer", "7", START))
        if agent:
            replied_at = START + timedelta(minutes=minutes)
            rows.append((f"re: {wait}", wait, "Acme", "chat", "agent", f"Acme/{agent}", replied_at))
    frame = pl.DataFrame(rows, schema=dict(MESSAGES.columns), orient="row")
    return bk.find_waits(bk.Dataset.from_messages(frame, about=About("made up")))


def told(waits: bk.Waits, metric: str, by: str | None = None) -> list[float | None]:
    return bk.measure(waits, by=by, metrics=metric, min_waits=0)["estimate"].to_list()


def test_nothing_else_changes(waits: bk.Waits, write: Write) -> None:
    before = waits.frame.collect()
    after = corrected(waits, write("2,leave out,a test,Kim\n3,credit: Mia,her login,Kim\n"))
    frame = after.frame.collect()
    check(frame.lazy(), WAITS)
    expected = before.filter(pl.col("wait_id") != "2").with_columns(
        pl.when(pl.col("wait_id") == "3").then(pl.lit("Acme/Mia")).otherwise("agent_id").alias("agent_id")
    )
    assert frame.drop("credited_by_hand").equals(expected)
    assert frame.filter("credited_by_hand")["wait_id"].to_list() == ["3"]
    assert after.volumes.collect().equals(waits.volumes.collect())
    sorted_back = uncorrected(after).frame.collect().sort("wait_id")
    assert sorted_back.equals(before.sort("wait_id"))


def test_figures_by_hand(waits: bk.Waits, write: Write) -> None:
    assert told(waits, "answered_within_1h") == [0.5]
    assert told(waits, "reply_seconds_mean", "agent") == [20 * 60, 50 * 60, None]  # Ben, Mia, nobody
    left_out = corrected(waits, write("2,leave out,a test,Kim\n"))
    assert told(left_out, "answered_within_1h") == [pytest.approx(2 / 3)]
    assert told(left_out, "reply_seconds_mean", "agent") == [20 * 60, 10 * 60, None]
    credited = corrected(waits, write("2,credit: Ben,his login,Kim\n"))
    assert told(credited, "answered_within_1h") == [0.5]
    assert told(credited, "reply_seconds_mean", "agent") == [55 * 60, 10 * 60, None]


def test_before_and_after(waits: bk.Waits, write: Write) -> None:
    mended = corrected(waits, write("2,credit: Ben,his login,Kim\n"))
    tidy = before_and_after(mended, by="agent", metrics="waits", min_waits=0).filter(
        pl.col("agent").is_not_null()
    )
    assert tidy.select("corrections", "agent", "estimate").rows() == [
        ("before", "Acme/Ben", 1),
        ("before", "Acme/Mia", 2),
        ("after", "Acme/Ben", 2),
        ("after", "Acme/Mia", 1),
    ]
    assert before_and_after(waits, metrics="waits")["corrections"].unique().to_list() == ["before"]


def test_they_are_counted_and_kept_with_their_reasons(waits: bk.Waits, write: Write) -> None:
    mended = corrected(waits, write("2, Leave Out ,a test,Kim\n\n3,Credit to: Acme/Mia,her login,Lee\n,,,\n"))
    assert mended.corrections is not None
    assert mended.corrections.select("line", "wait_id", "action", "credited_to", "reason", "who").rows() == [
        (2, "2", "leave out", None, "a test", "Kim"),
        (4, "3", "credit", "Acme/Mia", "her login", "Lee"),
    ]
    sentence = "corrections applied: 2 (waits left out: 1; credited to another agent: 1)"
    assert mended.corrections_sentence() == sentence
    assert sentence in mended._repr_html_()
    assert waits.corrections_sentence() == ""
    assert mended.collect().only("Acme").corrections_sentence() == sentence


def test_what_a_trace_wrote_for_a_spreadsheet_can_be_written_back(
    waits: bk.Waits, write: Write, tmp_path: Path
) -> None:
    traced = pl.read_csv(write_table(bk.trace(waits, agent="Mia"), tmp_path / "trace.csv"))
    assert set(traced["wait_id"]) == {"'=1", "2"}
    mended = corrected(waits, write("'=1,leave out,a test,Kim\n"))
    assert "=1" not in mended.frame.collect()["wait_id"]


@pytest.mark.parametrize(
    ("lines", "line", "fragments"),
    [
        ("9,leave out,a test,Kim", 2, ["no wait '9' in 'made up'", "wait_id"]),
        ("9.21E+17,leave out,a test,Kim", 2, ["no wait '9.21E+17'", "text"]),
        ("re: 2,leave out,a test,Kim", 2, ["no wait 're: 2'"]),
        ("2,leave out,a test,Kim\n2,credit: Ben,why,Lee", 3, ["line 2", "leave one of them out"]),
        ("2,drop,a test,Kim", 2, ["no action 'drop'", "'leave out'", "'credit: '"]),
        ("2,credit,a test,Kim", 2, ["no action 'credit'"]),
        ("2,credit: ,a test,Kim", 2, ["no action"]),
        ("2,leave out,,Kim", 2, ["no reason is given"]),
        ("2,leave out,a test, ", 2, ["no who is given"]),
        (",leave out,a test,Kim", 2, ["no wait is given"]),
        ("2,credit: Bem,why,Kim", 2, ["no agent 'Bem' at 'Acme'", "did you mean 'Ben'?"]),
        ("2,credit: Mia,why,Kim", 2, ["credited to 'Acme/Mia' already"]),
        ("4,credit: Mia,why,Kim", 2, ["nobody replied to wait '4'"]),
        ("2,leave out,a test, indeed,Kim", 2, ["corrections are applied all or none"]),
        ("3,leave out,ok,Kim\n\x1b[2J,leave out,a test,Kim", 3, ["no wait '\\x1b[2J'"]),
    ],
)
def test_all_or_none_and_the_line_is_named(
    waits: bk.Waits, write: Write, lines: str, line: int, fragments: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        corrected(waits, write(lines + "\n"))
    sentence = str(error.value)
    assert error.value.line == line
    assert f"corrections.csv', line {line}: " in sentence
    assert sentence.isprintable()
    assert all(fragment in sentence for fragment in fragments), sentence


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("wait,action,reason\n2,leave out,a test\n", "no column 'who'"),
        ("wait;action;reason;who\n2;leave out;a test;Kim\n", "semicolons"),
        ("", "is empty"),
    ],
)
def test_files_that_are_none(waits: bk.Waits, tmp_path: Path, content: str, fragment: str) -> None:
    file = tmp_path / "corrections.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BenchkitError, match=fragment):
        corrected(waits, file)


def test_twice_is_refused(waits: bk.Waits, write: Write) -> None:
    file = write("2,leave out,a test,Kim\n")
    with pytest.raises(BenchkitError, match="corrected already"):
        corrected(corrected(waits, file), file)


def test_a_reply_that_nobody_signed_can_be_credited(write: Write) -> None:
    rows = [
        ("1", "a", "Acme", "chat", "customer", "7", START),
        ("2", "a", "Acme", "chat", "agent", None, START),
        ("3", "b", "Acme", "chat", "agent", "Acme/Mia", START),
    ]
    frame = pl.DataFrame(rows, schema=dict(MESSAGES.columns), orient="row")
    waits = bk.find_waits(bk.Dataset.from_messages(frame, about=About("unsigned")))
    mended = corrected(waits, write("1,credit: Mia,she says so,Kim\n"))
    assert mended.frame.collect()["agent_id"].to_list() == ["Acme/Mia"]


def test_letters_stay_letters(waits: bk.Waits, write: Write) -> None:
    mended = corrected(waits, write("2,credit: Ben,Mia was at Ben's desk,Kim\n3,leave out,a test,Kim\n"))
    lettered = bk.pseudonymise(mended)
    assert lettered.corrections_sentence() == mended.corrections_sentence()
    assert lettered.corrections is not None
    names = lettered.corrections.select(pl.exclude("wait_id", "conversation_id", "reply_message_id")).rows()
    assert not any(name in repr(names) for name in ("Mia", "Ben", "Kim"))
    tidy = before_and_after(lettered, by="agent", metrics="waits", min_waits=0)
    assert sorted(tidy.filter(corrections="before")["estimate"]) == [1, 1, 2]
    assert set(tidy["agent"]) == {"Agent A", "Agent B", None}
    assert lettered.permalinks is None
