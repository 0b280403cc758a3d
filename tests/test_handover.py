from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import benchkit as bk
from benchkit.corrections import before_and_after
from benchkit.dataset import Audit
from benchkit.handover import hand_over

ASKED = {"twcs": "", "messages": "", "events": "", "as_of": ""}


@pytest.fixture(scope="module")
def found() -> bk.Waits:
    return bk.load_waits()


@pytest.fixture
def handed(found: bk.Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bk.Waits:
    for name, value in hand_over(found, tmp_path / "waits", ASKED).items():
        monkeypatch.setenv(name, value)
    return bk.load_waits()


@pytest.mark.parametrize("by", [None, "brand", ["industry", "channel"], "agent", "topic"])
def test_figures_are_the_same(found: bk.Waits, handed: bk.Waits, by: str | list[str] | None) -> None:
    before, after = (
        bk.measure(bk.pseudonymise(waits), month="2026-10", by=by, target="80% in 1h")
        for waits in (found, handed)
    )
    assert after.equals(before)


def test_what_is_known_of_the_waits_comes_along(found: bk.Waits, handed: bk.Waits) -> None:
    assert repr(handed) == repr(found)
    assert handed.about == found.about
    assert handed.definition == found.definition
    assert handed.time_zones == found.time_zones
    assert handed.audit.sentence() == found.audit.sentence()


def test_messages_cannot_be_told_from_it(handed: bk.Waits) -> None:
    columns = {*handed.frame.collect_schema(), *handed.volumes.collect_schema()}
    ids = {"wait_id", "conversation_id", "opening_message_id", "reply_message_id", "message_id"}
    assert not columns & ids
    assert handed.permalinks is None
    with pytest.raises(bk.BenchkitError, match="handed over without the ids"):
        bk.trace(handed)


def test_rows_left_out_come_along(found: bk.Waits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = pl.DataFrame({"line": [7], "kind": ["unreadable"], "reason": ["no time"]})
    audit = Audit(rows_read=81, blank_rows=2, excluded=lost)
    for name, value in hand_over(replace(found, audit=audit), tmp_path / "waits", ASKED).items():
        monkeypatch.setenv(name, value)
    assert bk.load_waits().audit.sentence() == audit.sentence()


def test_of_other_data_the_waits_are_found_anew(handed: bk.Waits) -> None:
    earlier = bk.load_waits(as_of="2026-03-01")
    assert f"{earlier.as_of:%Y-%m}" == "2026-03"
    assert "wait_id" in earlier.frame.collect_schema()


@pytest.fixture
def corrections(found: bk.Waits, tmp_path: Path) -> str:
    replied = found.frame.filter(outcome="replied").collect()
    left_out, credited = replied.head(2).iter_rows(named=True)
    colleagues = replied.filter(
        pl.col("brand") == credited["brand"], pl.col("agent_id") != credited["agent_id"]
    )
    file = tmp_path / "corrections.csv"
    file.write_text(
        "wait,action,reason,who\n"
        f"{left_out['wait_id']},leave out,a secret reason,Kim\n"
        f"{credited['wait_id']},credit: {colleagues['agent_id'][0]},a secret reason,Kim\n"
    )
    return str(file)


@pytest.mark.parametrize("by", [None, "brand", "agent"])
def test_corrections_come_along_without_their_reasons(
    corrections: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str | None
) -> None:
    waits = bk.load_waits(corrections=corrections)
    for name, value in hand_over(waits, tmp_path / "waits", {**ASKED, "corrections": corrections}).items():
        monkeypatch.setenv(name, value)
    assert bk.load_waits().corrections is None
    again = bk.load_waits(corrections=corrections)
    assert "wait_id" not in again.frame.collect_schema()
    assert again.corrections is not None
    assert "secret" not in repr(again.corrections.rows())
    assert again.corrections_sentence() == waits.corrections_sentence()
    before, after = (
        before_and_after(bk.pseudonymise(some), by=by, metrics=("waits", "reply_seconds_mean"))
        for some in (waits, again)
    )
    assert after.equals(before)
    plain = bk.measure(bk.pseudonymise(bk.load_waits()), by=None, metrics="waits")["estimate"].item()
    assert before_and_after(again, metrics="waits")["estimate"].to_list() == [plain, plain - 1]


def test_other_corrections_are_applied_anew(handed: bk.Waits, corrections: str) -> None:
    assert handed.corrections is None
    assert "wait_id" in bk.load_waits(corrections=corrections).frame.collect_schema()
