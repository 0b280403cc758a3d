from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import benchkit as bk
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
    assert not columns & {"wait_id", "conversation_id", "opening_message_id", "reply_message_id"}


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
