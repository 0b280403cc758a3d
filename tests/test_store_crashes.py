"""Whatever stops an ingest, whenever: the store is as it was or as it should be, no row lost or doubled."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from benchkit import BenchkitError, find_waits, open_dataset
from benchkit.store import ingest
from benchkit.store.manifest import read_manifest

START = datetime(2026, 6, 1, tzinfo=UTC)
CONVERSATIONS = 400
CHILD = """
import sys
from benchkit.store import ingest, ingesting
import benchkit.enriching, benchkit.sources.exports, benchkit.sources.messages, benchkit.finding
print("ready", flush=True)
sys.stdin.readline()
ingest("messages", sys.argv[1], name="acme", root=sys.argv[2], as_of=sys.argv[3])
"""


def messages(*, since: int, until: int) -> pl.DataFrame:
    """Of each conversation a question, and its answer an hour later where that is before `until`, in days."""
    rows = []
    for number in range(CONVERSATIONS):
        asked = START + timedelta(days=60 * number / CONVERSATIONS)
        for kind, at in (("customer", asked), ("agent", asked + timedelta(days=2))):
            if timedelta(days=since) <= at - START < timedelta(days=until):
                rows.append((f"{kind}{number}", f"c{number}", kind, f"{kind} {number % 7}", at))
    frame = pl.DataFrame(
        rows, schema=["message_id", "conversation_id", "sender", "sender_id", "sent_at"], orient="row"
    )
    return frame.with_columns(brand=pl.lit("Acme"), channel=pl.lit("chat"))


@pytest.fixture
def exports(tmp_path: Path) -> list[tuple[Path, str]]:
    """Two exports that overlap, and when they were taken."""
    made = []
    for name, since, until in (("one", 0, 30), ("two", 20, 62)):
        path = tmp_path / f"{name}.parquet"
        messages(since=since, until=until).write_parquet(path)
        made.append((path, (START + timedelta(days=until)).isoformat()))
    return made


def put(root: Path, export: tuple[Path, str]) -> None:
    ingest("messages", export[0], name="acme", root=root, as_of=export[1])


def held(root: Path) -> list[tuple[str, str, float]]:
    """Every message there is, and every wait, with what would tell a doubled one."""
    data = open_dataset("acme", root=root)
    told = (
        data.messages.select("message_id", "conversation_id", pl.col("sent_at").dt.epoch()).collect().rows()
    )
    found = find_waits(data).frame.select("wait_id", "outcome", "wait_seconds").collect().rows()
    return sorted(map(str, [*told, *found]))  # type: ignore[arg-type]


@pytest.fixture
def should_be(tmp_path: Path, exports: list[tuple[Path, str]]) -> list[object]:
    """What a store holds after the first export, and after both."""
    states: list[object] = []
    for export in exports:
        put(tmp_path / "undisturbed", export)
        states.append(held(tmp_path / "undisturbed"))
    return states


def killed_ingest(root: Path, export: tuple[Path, str], after_seconds: float) -> None:
    """Begin an ingest and kill it so many seconds later, without a warning."""
    command = [sys.executable, "-c", CHILD, str(export[0]), str(root), export[1]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(after_seconds)
        child.kill()


@pytest.mark.parametrize("times", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_an_ingest_that_is_killed_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, exports: list[tuple[Path, str]], should_be: list[object], times: int
) -> None:
    began = time.perf_counter()
    put(tmp_path / "timed", exports[0])
    put(tmp_path / "timed", exports[1])
    usual_seconds = time.perf_counter() - began
    moments = random.Random(6)
    states = []
    for attempt in range(times):
        root = tmp_path / f"store{attempt}"
        put(root, exports[0])
        killed_ingest(root, exports[1], moments.uniform(0, 1.2 * usual_seconds))
        now = held(root)
        assert now in should_be
        states.append(now == should_be[1])
        put(root, exports[1])
        assert held(root) == should_be[1]
    if times > 1:
        assert 0 < sum(states) < times  # some were killed before, some after the moment that counts


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_a_first_ingest_that_is_killed_leaves_nothing_or_all(
    tmp_path: Path, exports: list[tuple[Path, str]], should_be: list[object], times: int
) -> None:
    moments = random.Random(7)
    for attempt in range(times):
        root = tmp_path / f"store{attempt}"
        killed_ingest(root, exports[0], moments.uniform(0, 0.6))
        if read_manifest(root / "acme") is not None:
            assert held(root) == should_be[0]
        for export in exports:
            put(root, export)
        assert held(root) == should_be[1]


def test_a_write_that_fails_at_each_place_in_turn_leaves_the_store_as_it_was(
    tmp_path: Path, exports: list[tuple[Path, str]], should_be: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, fsync, left = tmp_path / "store", os.fsync, iter(range(0))
    put(root, exports[0])

    def fails_at_last(file: int) -> None:
        if next(left) == 0:
            raise OSError(28, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", fails_at_last)
    n_files = (
        2 * 4 + 2
    )  # the tables of two months, the rows left out and, last, the manifest; and their folders
    for place in range(0, 2 * n_files, 2):
        left = iter(range(place, -1, -1))
        with pytest.raises(BenchkitError, match=r"No space left on device.*; 'acme' stands as it was"):
            put(root, exports[1])
        assert held(root) == should_be[0]
    left = iter(range(2 * n_files, -1, -1))
    put(root, exports[1])  # only the copy of the manifest is not written
    assert list(left) == []
    assert held(root) == should_be[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's size")
def test_a_disk_that_is_full_is_a_sentence_and_leaves_the_store_as_it_was(
    tmp_path: Path, exports: list[tuple[Path, str]], should_be: list[object]
) -> None:
    root = tmp_path / "store"
    put(root, exports[0])
    command = [sys.executable, "-m", "benchkit", "ingest", "messages", str(exports[1][0]), "--name", "acme"]

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "store").symlink_to(root)
    done = subprocess.run(
        [*command, "--as-of", exports[1][1]],
        cwd=tmp_path, capture_output=True, text=True, preexec_fn=small_files, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert len(done.stderr.splitlines()) == 1
    assert "'acme' stands as it was" in done.stderr
    assert held(root) == should_be[0]
