"""The store: what is ingested is what comes back, whatever the order, and nothing of it is lost or told."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from benchkit import BenchkitError, Waits, find_waits, measure, open_dataset, read_messages, synthesize
from benchkit.comparisons import control_chart
from benchkit.dataset import Dataset
from benchkit.sources.exports import read_export
from benchkit.store import datasets, ingest
from benchkit.store.places import locked

START = datetime(2026, 6, 28, tzinfo=UTC)
HEADER = "message_id,conversation_id,brand,channel,sender,sender_id,sent_at,text"


def line(
    message: str, conversation: str, sender: str, hour: float, *, who: str = "", text: str = "hi"
) -> str:
    sender_id = who or (f"customer-{conversation}" if sender == "customer" else f"Acme/{sender}")
    at = START + timedelta(hours=hour)
    return f"{message},{conversation},Acme,chat,{sender},{sender_id},{at.isoformat()},{text}"


def export(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def put(folder: Path, path: Path, *, hour: float, **options: object) -> str:
    as_of = START + timedelta(hours=hour)
    return ingest("messages", path, name="acme", root=folder / "store", as_of=as_of, **options).sentence()  # type: ignore[arg-type]


def opened(folder: Path) -> Waits:
    return find_waits(open_dataset("acme", root=folder / "store")).collect()


def rows(waits: Waits, *columns: str) -> list[tuple[object, ...]]:
    return waits.frame.sort("wait_id").select(*columns).collect().rows()


def state(folder: Path) -> dict[str, bytes]:
    """What the store holds, as the manifest names it."""
    place = folder / "store" / "acme"
    manifest = (place / "manifest.json").read_bytes()
    files = [file for part in json.loads(manifest)["parts"] for file in part["files"].values()]
    return {"manifest": manifest, **{file: (place / file).read_bytes() for file in files}}


ASKED, ANSWERED = line("1", "a", "customer", 0), line("2", "a", "agent", 1)


def test_what_is_stored_is_what_was_read(tmp_path: Path) -> None:
    data = synthesize(messages=6_000, months=14)
    data.messages.collect().write_parquet(tmp_path / "messages.parquet")
    ingest("messages", tmp_path / "messages.parquet", name="acme", root=tmp_path / "store", as_of=data.as_of)
    stored = open_dataset("acme", root=tmp_path / "store")
    direct = find_waits(read_messages(tmp_path / "messages.parquet", as_of=data.as_of)).collect()
    known, anew = (find_waits(each).collect() for each in (stored, replace(stored, found=None)))
    assert known.life_tables is not None
    assert anew.life_tables is None
    names = [name for name in direct.frame.collect_schema() if name != "customer_id"]
    for waits in (known, anew):
        found = waits.frame.sort("wait_id").select(names).collect()
        assert_frame_equal(
            found, direct.frame.sort("wait_id").select(names).collect(), categorical_as_str=True
        )
    for by in (None, "brand", ["industry", "channel"]):
        figures = [measure(waits, month="2026-10", by=by) for waits in (direct, known, anew)]
        assert_frame_equal(figures[0], figures[1])
        assert_frame_equal(figures[0], figures[2])


@pytest.mark.parametrize("metric", ["", "answered_within_1h", "replied_within_24h", "answered_within_15m"])
@pytest.mark.parametrize("brand", ["", "Bazaarling"])
def test_weekly_life_tables_count_what_the_waits_do(tmp_path: Path, metric: str, brand: str) -> None:
    data = synthesize(messages=20_000, months=14)
    data.messages.collect().write_parquet(tmp_path / "messages.parquet")
    ingest("messages", tmp_path / "messages.parquet", name="acme", root=tmp_path / "store", as_of=data.as_of)
    stored = open_dataset("acme", root=tmp_path / "store")
    counted, by_row = (find_waits(each).only(brand) for each in (stored, replace(stored, found=None)))
    assert counted.life_tables is not None
    assert by_row.life_tables is None
    for month in ("2026-10", "2026-11"):
        charts = [control_chart(waits, month=month, metric=metric) for waits in (counted, by_row)]
        assert charts[0].height > 40
        assert_frame_equal(*charts)


def test_life_tables_are_of_just_these_waits() -> None:
    waits = find_waits(synthesize(messages=2_000))
    assert waits.life_tables is None


def test_the_same_export_again_changes_nothing(tmp_path: Path) -> None:
    path = export(tmp_path, "one.csv", ASKED, ANSWERED)
    assert put(tmp_path, path, hour=2).startswith("2 messages added, 0 rows excluded; acme holds 2 messages")
    before = state(tmp_path)
    assert put(tmp_path, path, hour=2).startswith("nothing new")
    assert state(tmp_path) == before


def test_an_export_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export(tmp_path, "june.csv", ASKED)

    def read_and_added_to(*asked: Any, **options: Any) -> Dataset:
        data = read_export(*asked, **options)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{ANSWERED}\n")
        return data

    with monkeypatch.context() as patched:
        patched.setattr("benchkit.sources.exports.read_export", read_and_added_to)
        with pytest.raises(BenchkitError, match=r"june\.csv': changed while it was read.*stands as it was"):
            put(tmp_path, path, hour=2)
    assert put(tmp_path, path, hour=2).startswith("2 messages added")


def test_a_newer_export_replaces_what_changed_and_keeps_what_it_does_not_hold(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "one.csv", ASKED, line("5", "b", "customer", 1)), hour=2)
    later = (line("1", "a", "customer", 0.5), line("2", "a", "agent", 3), line("6", "c", "customer", 4))
    put(tmp_path, export(tmp_path, "two.csv", *later), hour=5)
    assert rows(opened(tmp_path), "wait_id", "outcome", "wait_seconds") == [
        ("1", "replied", 9_000),
        ("5", "awaiting", 3_600),
        ("6", "awaiting", 3_600),
    ]


def test_an_older_export_that_comes_later_replaces_nothing(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "two.csv", ASKED, ANSWERED), hour=5)
    put(
        tmp_path,
        export(tmp_path, "one.csv", line("1", "a", "customer", 0.5), line("5", "b", "customer", 1)),
        hour=2,
    )
    waits = opened(tmp_path)
    assert rows(waits, "wait_id", "wait_seconds") == [("1", 3_600), ("5", 3_600)]
    assert waits.as_of == START + timedelta(hours=5)


def test_nothing_is_watched_for_longer_than_its_newest_export(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "one.csv", ASKED, line("5", "b", "customer", 1)), hour=2)
    put(tmp_path, export(tmp_path, "two.csv", ASKED, line("3", "a", "customer", 90)), hour=100)
    waits = opened(tmp_path)
    assert rows(waits, "wait_id", "wait_seconds") == [("1", 360_000), ("5", 3_600)]
    watched = waits.frame.sort("wait_id").select(waits.clocked().watched.alias("s")).collect()["s"].to_list()
    assert watched == [360_000, 3_600]
    day = measure(waits, metrics="answered_within_24h", min_waits=0)
    assert day.row(0, named=True)["status"] == "provisional"


def test_an_export_that_holds_every_message_of_a_span_watched_all_conversations(tmp_path: Path) -> None:
    put(
        tmp_path,
        export(tmp_path, "one.csv", line("5", "b", "customer", 1), line("7", "d", "customer", 2)),
        hour=3,
    )
    too_late = START + timedelta(hours=4)
    put(tmp_path, export(tmp_path, "two.csv", line("8", "e", "customer", 5)), hour=6, complete_since=too_late)
    assert rows(opened(tmp_path), "wait_id", "wait_seconds") == [("5", 7_200), ("7", 3_600), ("8", 3_600)]
    put(tmp_path, export(tmp_path, "three.csv", line("9", "f", "customer", 7)), hour=8, complete_since=START)
    stored = open_dataset("acme", root=tmp_path / "store")
    for data in (stored, replace(stored, found=None)):
        waits = find_waits(data).collect()
        assert rows(waits, "wait_id", "wait_seconds") == [
            ("5", 25_200),
            ("7", 21_600),
            ("8", 10_800),
            ("9", 3_600),
        ]
        assert measure(waits, metrics="waits", min_waits=0)["estimate"].to_list() == [4]


def test_a_conversation_goes_by_the_name_of_its_newest_export(tmp_path: Path) -> None:
    put(
        tmp_path,
        export(tmp_path, "one.csv", line("1", "old", "customer", 0, who="c"), line("4", "old", "agent", 9)),
        hour=9,
    )
    newer = (line("0", "new", "customer", -1, who="c"), line("1", "new", "customer", 0, who="c"))
    put(tmp_path, export(tmp_path, "two.csv", *newer), hour=10)
    waits = opened(tmp_path)
    assert rows(waits, "wait_id", "conversation_id", "wait_seconds") == [("0", "new", 36_000)]


def test_a_conversation_moves_to_the_month_in_which_it_began(tmp_path: Path) -> None:
    july, june = line("2", "a", "customer", 24 * 5), line("1", "a", "customer", 0)
    put(tmp_path, export(tmp_path, "one.csv", july, line("9", "b", "customer", 24 * 6)), hour=24 * 7)
    assert [part["month"] for part in json.loads(state(tmp_path)["manifest"])["parts"]] == ["2026-07"]
    put(tmp_path, export(tmp_path, "two.csv", june), hour=24 * 8)
    told = {
        part["month"]: part["rows"]["messages"] for part in json.loads(state(tmp_path)["manifest"])["parts"]
    }
    assert told == {"2026-06": 2, "2026-07": 1}
    assert rows(opened(tmp_path), "wait_id", "messages_in_wait") == [("1", 2), ("9", 1)]


HOURS = st.integers(0, 24 * 60)
TURN = st.tuples(st.sampled_from("abcde"), st.sampled_from(["customer", "agent", "bot"]), HOURS)


@settings(max_examples=15, deadline=None)
@given(
    turns=st.lists(TURN, min_size=1, max_size=25, unique=True), cuts=st.lists(HOURS, min_size=1, max_size=3)
)
def test_exports_that_overlap_make_what_one_export_of_all_would(
    tmp_path_factory: pytest.TempPathFactory, turns: Sequence[tuple[str, str, int]], cuts: Sequence[int]
) -> None:
    folder = tmp_path_factory.mktemp("overlap")
    lines = [
        (hour, line(str(k), conversation, sender, hour))
        for k, (conversation, sender, hour) in enumerate(turns)
    ]
    end = max(*cuts, *(hour for hour, _ in lines)) + 1
    for number, cut in enumerate(sorted(cuts)):
        known = [text for hour, text in lines if cut - 24 * 20 <= hour <= cut]
        if known:
            put(folder, export(folder, f"{number}.csv", *known), hour=cut)
    put(folder, export(folder, "all.csv", *(text for _, text in lines)), hour=end)
    alone = find_waits(read_messages(folder / "all.csv", as_of=START + timedelta(hours=end))).collect()
    columns = ["wait_id", "conversation_id", "outcome", "wait_seconds", "agent_id", "is_first", "started_at"]
    assert rows(opened(folder), *columns) == rows(alone, *columns)


def test_neither_text_nor_customers_are_stored_unless_asked_for(tmp_path: Path) -> None:
    secret = line("1", "a", "customer", 0, who="Jane.Doe", text="my card is MMXLI")
    broken = "3,a,Acme,chat,customer,John.Roe,yesterday,my pin is IXIXIX"
    filler = [line(str(10 + k), "b", "customer", 1 + k) for k in range(40)]
    put(tmp_path, export(tmp_path, "one.csv", secret, line("2", "a", "agent", 1), broken, *filler), hour=60)
    place = tmp_path / "store" / "acme"
    everything = b"".join(file.read_bytes() for file in place.rglob("*") if file.is_file())
    told = (
        " ".join(str(pl.read_parquet(file).rows()) for file in place.rglob("*.parquet"))
        + (place / "manifest.json").read_text()
    )
    for private in ("Jane.Doe", "John.Roe", "MMXLI", "IXIXIX", "customer-b"):
        assert private.encode() not in everything
        assert private not in told
    assert "Acme/agent" in told
    assert stat.S_IMODE((place / "key").stat().st_mode) == 0o600

    left_out = pl.read_parquet(place / "excluded.parquet").row(0, named=True)
    assert (left_out["line"], left_out["reason"]) == (4, "a sent_at that is no time")
    said = json.loads(left_out["row"])
    assert (said["message_id"], said["conversation_id"], "text" in said) == ("3", "a", False)
    assert len(said["sender_id"]) == 24
    assert open_dataset("acme", root=tmp_path / "store").audit.excluded.height == 1


def test_text_and_ids_are_kept_where_that_was_asked_from_the_start(tmp_path: Path) -> None:
    path = export(tmp_path, "one.csv", line("1", "a", "customer", 0, who="Jane.Doe", text="hello there"))
    put(tmp_path, path, hour=1, keep_text=True, keep_ids=True)
    row = open_dataset("acme", root=tmp_path / "store").messages.collect().row(0, named=True)
    assert (row["sender_id"], row["text"]) == ("Jane.Doe", "hello there")
    assert not (tmp_path / "store" / "acme" / "key").exists()
    other = tmp_path / "other"
    other.mkdir()
    put(other, path, hour=1)
    with pytest.raises(
        BenchkitError, match="'acme' was begun without text; ingest all its exports under another"
    ):
        put(other, export(tmp_path, "two.csv", ASKED), hour=1, keep_text=True)


def test_the_same_customer_has_the_same_hash_in_each_export_of_a_store_and_another_elsewhere(
    tmp_path: Path,
) -> None:
    def hashes(folder: Path) -> list[str]:
        folder.mkdir(exist_ok=True)
        put(folder, export(folder, "one.csv", line("1", "a", "customer", 0, who="Jane")), hour=1)
        put(folder, export(folder, "two.csv", line("5", "b", "customer", 1, who="Jane")), hour=2)
        return open_dataset("acme", root=folder / "store").messages.collect()["sender_id"].unique().to_list()

    here, there = hashes(tmp_path / "here"), hashes(tmp_path / "there")
    assert len(here) == len(there) == 1
    assert here != there


@pytest.mark.parametrize("name", ["", "../acme", "a/b", "Acme", "con", ".hidden", "a b"])
def test_names_that_no_folder_may_have_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BenchkitError, match="cannot be a dataset's name"):
        ingest("messages", export(tmp_path, "one.csv", ASKED), name=name, root=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_dataset_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match=r"no dataset 'acme' in .*make one with benchkit ingest"):
        open_dataset("acme", root=tmp_path / "store")
    put(tmp_path, export(tmp_path, "one.csv", ASKED), hour=1)
    with pytest.raises(BenchkitError, match="did you mean 'acme'"):
        open_dataset("acne", root=tmp_path / "store")
    listed = datasets(root=tmp_path / "store")
    assert listed.select("dataset", "exports", "messages", "waits").rows() == [("acme", 1, 1, 1)]


def test_a_store_is_found_from_the_folders_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    path = export(tmp_path, "one.csv", ASKED)
    monkeypatch.chdir(tmp_path)
    ingest("messages", path, name="acme")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert open_dataset("acme").about.name == "acme"


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 9}', '{"format": 1}', "\x00"])
def test_a_damaged_manifest_is_a_sentence(tmp_path: Path, damage: str) -> None:
    put(tmp_path, export(tmp_path, "one.csv", ASKED), hour=1)
    (tmp_path / "store" / "acme" / "manifest.json").write_text(damage)
    with pytest.raises(BenchkitError, match="folder away, and ingest its exports anew"):
        open_dataset("acme", root=tmp_path / "store")
    with pytest.raises(BenchkitError, match="folder away, and ingest its exports anew"):
        put(tmp_path, export(tmp_path, "two.csv", ANSWERED), hour=2)


def test_a_manifest_that_is_gone_is_asked_for_and_nothing_written_over(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "a.csv", ASKED, ANSWERED), hour=2)
    before, manifest = state(tmp_path), tmp_path / "store" / "acme" / "manifest.json"
    manifest.unlink()
    later = export(tmp_path, "b.csv", line("3", "b", "customer", 1))
    for again in (lambda: put(tmp_path, later, hour=3), lambda: opened(tmp_path)):
        with pytest.raises(BenchkitError, match=r"is missing; copy manifest\.copy\.json"):
            again()
    manifest.with_name("manifest.copy.json").rename(manifest)
    assert state(tmp_path) == before
    put(tmp_path, later, hour=3)
    assert opened(tmp_path).frame.collect().height == 2


def test_another_key_is_refused_and_none_is_needed_to_read(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "a.csv", ASKED, ANSWERED), hour=2)
    key, later = tmp_path / "store" / "acme" / "key", export(tmp_path, "b.csv", line("3", "b", "customer", 1))
    known = key.read_text()
    key.write_text("0" * len(known))
    with pytest.raises(BenchkitError, match="is another key than ids were hashed with"):
        put(tmp_path, later, hour=3)
    key.unlink()
    assert opened(tmp_path).frame.collect().height == 1
    key.write_text(known)
    put(tmp_path, later, hour=3)


def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "one.csv", ASKED), hour=1)
    place = tmp_path / "store" / "acme" / "manifest.json"
    place.write_text(place.read_text().replace("parts/2026-06/messages", "../../../etc/messages"))
    with pytest.raises(BenchkitError, match="is damaged"):
        open_dataset("acme", root=tmp_path / "store")


def test_a_part_that_is_gone_or_damaged_is_a_sentence(tmp_path: Path) -> None:
    put(tmp_path, export(tmp_path, "one.csv", ASKED), hour=1)
    part = next((tmp_path / "store" / "acme").glob("parts/*/messages-*"))
    part.write_bytes(part.read_bytes()[:40])
    for again in (
        lambda: open_dataset("acme", root=tmp_path / "store"),
        lambda: put(tmp_path, export(tmp_path, "2.csv", ANSWERED), hour=2),
    ):
        with pytest.raises(BenchkitError, match="missing or damaged; move its folder away"):
            again()


def test_the_second_of_two_ingests_waits_or_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        locked(tmp_path / "acme"),
        pytest.raises(
            BenchkitError, match="another ingest has been writing to 'acme' for 0 s; try again later"
        ),
        locked(tmp_path / "acme", seconds=0.1, waiting=said.append),
    ):
        pass
    assert said == ["another ingest is writing to 'acme'; waiting for it"]
    with locked(tmp_path / "acme"):
        pass


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_takes_no_files_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o500)
    with pytest.raises(BenchkitError, match=r"cannot write to .*name another folder"):
        put(tmp_path, export(tmp_path, "one.csv", ASKED), hour=1)
