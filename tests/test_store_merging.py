"""What newer exports do to older ones, case by case."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchkit import BenchkitError, Dataset, find_waits, open_dataset
from benchkit.comparisons import control_chart
from benchkit.dataset import About
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources import exports
from benchkit.store import datasets, ingest

START = datetime(2026, 6, 29, tzinfo=UTC)


def message(
    id_: str, conversation: str, sender: str, hour: float, *, who: str = "", **more: object
) -> dict[str, object]:
    told = {
        "message_id": id_,
        "conversation_id": conversation,
        "brand": "Acme",
        "channel": "chat",
        "sender": sender,
    }
    who = who or {"customer": "7", "agent": "Acme/Mia"}[sender]
    return {**told, "sender_id": who, "sent_at": START + timedelta(hours=hour), **more}


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Ingest messages as an export of their own, taken at an hour."""
    number = iter(range(100))

    def ingested(
        rows: Sequence[dict[str, object]],
        hour: float,
        *,
        events: Sequence[tuple[str, float, str]] = (),
        zones: dict[str, str] | None = None,
        file: str = "",
        **options: object,
    ) -> str:
        path = tmp_path / (file or f"export{next(number)}.csv")
        path.write_text(file or str(rows), encoding="utf-8")
        known = {name: dtype for name, dtype in MESSAGES.all_columns.items() if rows and name in rows[0]}
        frame = pl.DataFrame(rows, schema=known)
        happened = [(conversation, START + timedelta(hours=at), kind) for conversation, at, kind in events]
        data = Dataset.from_messages(
            frame,
            events=pl.DataFrame(happened, schema=dict(EVENTS.columns), orient="row") if events else None,
            as_of=START + timedelta(hours=hour),
            about=About("x"),
            time_zones=zones,
        )
        monkeypatch.setattr(exports, "read_export", lambda *_, **__: data)
        return ingest("messages", path, name="acme", root=tmp_path / "store", **options).sentence()  # type: ignore[arg-type]

    return ingested


@pytest.fixture
def stored(tmp_path: Path):  # type: ignore[no-untyped-def]
    return lambda: open_dataset("acme", root=tmp_path / "store")


def held(data: Dataset, *columns: str) -> list[tuple[object, ...]]:
    return data.messages.select(*columns).collect().sort(*columns).rows()


def test_the_newest_export_says_which_conversation_a_message_is_of(put, stored) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0), message("2", "b", "customer", 1)], 2)
    put(
        [message("1", "b", "customer", 0), message("2", "c", "customer", 1), message("3", "c", "agent", 2)], 3
    )
    assert held(stored(), "message_id", "conversation_id") == [("1", "b"), ("2", "c"), ("3", "c")]


def test_a_conversation_that_is_split_is_split(put, stored) -> None:  # type: ignore[no-untyped-def]
    put(
        [message("1", "a", "customer", 0), message("2", "a", "customer", 1), message("0", "a", "agent", 1.5)],
        2,
    )
    put([message("1", "a", "customer", 0), message("2", "b", "customer", 1, who="8")], 3)
    assert held(stored(), "message_id", "conversation_id") == [("0", "a"), ("1", "a"), ("2", "b")]


def test_what_an_older_export_adds_goes_by_the_newer_ones_name(put, stored) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "new", "customer", 0)], 9)
    put(
        [message("1", "old", "customer", 0), message("2", "old", "agent", 1)],
        5,
        events=[("old", 2, "closed")],
    )
    data = stored()
    assert held(data, "message_id", "conversation_id") == [("1", "new"), ("2", "new")]
    assert data.events.collect()["conversation_id"].to_list() == ["new"]


@pytest.mark.parametrize(
    "changed", [{"brand": "Globex"}, {"channel": "email"}, {"sender": "agent", "sender_id": "x"}]
)
def test_one_id_for_two_messages_is_refused(put, stored, changed: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0)], 2)
    with pytest.raises(
        BenchkitError, match=r"1 messages of this export are there already as another brand's.*'1'"
    ):
        put([message("1", "g", "customer", 0) | changed], 3)
    assert held(stored(), "message_id", "brand") == [("1", "Acme")]


def test_the_same_file_read_in_another_way_replaces_what_was_read_of_it(put, stored) -> None:  # type: ignore[no-untyped-def]
    put([message("0", "z", "customer", 0, who="9")], 1)
    put(
        [message("wrong", "a", "customer", 5)],
        9,
        file="same.csv",
        timezone="UTC",
        events=[("a", 6, "closed")],
    )
    told = put([message("right", "a", "customer", 3)], 8, file="same.csv", timezone="Europe/Berlin")
    assert told.startswith("0 messages added")
    data = stored()
    assert held(data, "message_id") == [("0",), ("right",)]
    assert data.events.collect().is_empty()
    assert data.as_of == START + timedelta(hours=8)
    assert len(data.audit.excluded) == 0
    assert data.audit.rows_read == 2


def test_columns_that_a_newer_export_does_not_have_stay(put, stored) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0, topic="billing"), message("9", "z", "customer", 0, topic="x")], 2)
    put([message("1", "a", "customer", 0, language="de"), message("2", "a", "agent", 1, language="de")], 3)
    assert held(stored(), "message_id", "topic", "language") == [
        ("1", "billing", "de"),
        ("2", None, "de"),
        ("9", "x", None),
    ]
    put([message("1", "a", "customer", 0, topic=None), message("2", "a", "agent", 1, topic="t")], 4)
    assert held(stored(), "message_id", "topic")[:2] == [("1", None), ("2", "t")]


def test_a_message_is_as_its_own_newest_export_tells_it(put, stored) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0)], 2)
    put([message("2", "a", "agent", 8)], 9)
    put([message("1", "a", "customer", 1)], 5)
    data = stored()
    assert held(data, "message_id", "sent_at")[0] == ("1", START + timedelta(hours=1))
    assert data.messages.collect()["as_of"].unique().to_list() == [START + timedelta(hours=9)]


@pytest.mark.parametrize("said", [datetime(2030, 1, 1, tzinfo=UTC), None])
def test_no_row_is_watched_for_longer_than_its_export(put, stored, said: datetime | None) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0, as_of=said)], 24)
    put([message("2", "b", "customer", 47, who="8")], 48)
    for data in (stored(), replace(stored(), found=None)):
        waits = find_waits(data).frame.sort("wait_id").collect()
        assert waits["wait_seconds"].to_list() == [86_400, 3_600]


def test_a_span_is_watched_of_the_brands_and_channels_that_its_exports_are_about(put, stored) -> None:  # type: ignore[no-untyped-def]
    other = {"channel": "twitter"}
    put([message("1", "a", "customer", 0)], 2)
    put([message("5", "t", "customer", 0, who="8") | other], 3, brand="x")
    put([message("2", "b", "customer", 4, who="9")], 50, complete_since=START)
    told = dict(held(stored(), "message_id", "as_of"))
    assert {name: (at - START) / timedelta(hours=1) for name, at in told.items()} == {
        "1": 50,
        "2": 50,
        "5": 3,
    }
    with pytest.raises(BenchkitError, match=r"complete_since .* is later than the export was taken"):
        put([message("3", "c", "customer", 51)], 52, complete_since=START + timedelta(hours=53))


def test_weeks_follow_the_zone_that_a_later_export_tells(put, stored) -> None:  # type: ignore[no-untyped-def]
    rows = []
    for week in range(14):
        rows += [message(f"{week}", f"c{week}", "customer", 168 * week - 0.5, who=str(week))]
        rows += [message(f"{week}a", f"c{week}", "agent", 168 * week)]
    put(rows, 168 * 15)
    put([message("z", "z", "customer", 1)], 168 * 15, zones={"Acme": "Europe/Berlin"})
    data = stored()
    counted, by_row = (find_waits(each) for each in (data, replace(data, found=None)))
    assert counted.life_tables is not None
    charts = [control_chart(waits, month="2026-09") for waits in (counted, by_row)]
    assert charts[0].height > 5
    assert charts[0].equals(charts[1])


def test_a_zone_of_a_brand_that_is_new_leaves_the_months_of_others_as_they_are(put, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0)], 2, zones={"Acme": "Europe/Berlin"})
    first = {place.name for place in (tmp_path / "store" / "acme" / "parts").glob("*/messages-*")}
    later = message("2", "b", "customer", 24 * 40, brand="Globex")
    put([later], 24 * 41, zones={"Globex": "Asia/Tokyo"})
    parts = json.loads((tmp_path / "store" / "acme" / "manifest.json").read_text())["parts"]
    assert [Path(part["files"]["messages"]).name in first for part in parts] == [True, False]
    said: list[str] = []
    third = message("3", "c", "customer", 24 * 41)
    put([third], 24 * 42, zones={"Acme": "Asia/Tokyo"}, progress=said.append)
    assert said == ["'Acme' was in Europe/Berlin, and all its months are counted in Asia/Tokyo now"]
    parts = json.loads((tmp_path / "store" / "acme" / "manifest.json").read_text())["parts"]
    assert [Path(part["files"]["messages"]).name in first for part in parts] == [False, False]


def test_who_opened_a_dataset_before_an_ingest_can_still_read_it(put, stored, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0)], 2)
    long_ago = time.time() - 40 * 86_400
    parts = list((tmp_path / "store" / "acme" / "parts").glob("*/*"))
    for part in parts:
        os.utime(part, (long_ago, long_ago))
    before = stored()
    put([message("2", "a", "agent", 1)], 3)
    assert held(before, "message_id") == [("1",)]
    for part in parts:
        os.utime(part, (long_ago, long_ago))
    put([message("3", "a", "agent", 3)], 4)
    assert not any(part.exists() for part in parts)


def test_a_damaged_dataset_is_listed_by_its_name(put, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    put([message("1", "a", "customer", 0)], 2)
    (tmp_path / "store" / "broken").mkdir()
    (tmp_path / "store" / "broken" / "manifest.json").write_text("{")
    assert datasets(root=tmp_path / "store").select("dataset", "messages").rows() == [
        ("acme", 1),
        ("broken", None),
    ]


def test_a_month_is_over_when_the_newest_exports_of_all_that_is_in_it_were_taken_after_it(
    put, stored
) -> None:  # type: ignore[no-untyped-def]
    july = 24 * 3  # the 2nd of July, at 0:00
    put([message("1", "a", "customer", july)], july + 24)
    waits = find_waits(stored())
    assert (waits.is_over("2026-07"), waits.missing_of("2026-07")) == (
        False,
        "the data were taken on 2026-07-03, before its end",
    )
    later = START + timedelta(days=50)
    put([message("5", "b", "customer", 24 * 45, who="8") | {"brand": "Globex"}], 24 * 50)
    waits = find_waits(stored())
    assert waits.as_of == later
    assert waits.taken_of("2026-07") == START + timedelta(hours=july + 24)
    assert (waits.is_over("2026-07"), waits.only("Acme").is_over("2026-07")) == (False, False)
    assert waits.missing_of("2026-07") == "the data were taken on 2026-07-03, before its end"
    assert waits.latest_month() == "2026-08"
    put([message("2", "c", "customer", 24 * 48, who="9")], 24 * 50)
    waits = find_waits(stored())
    assert waits.is_over("2026-07")
    assert waits.latest_month() == "2026-07"
