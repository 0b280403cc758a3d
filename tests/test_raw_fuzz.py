"""Whatever a file holds, it is read or refused in one sentence."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from benchkit.dataset import EXCLUDED
from benchkit.errors import BenchkitError
from benchkit.sources.raw import open_raw
from tests.fuzzing import fuzz
from tests.survivors import one_reader
from tests.workbooks import ods, xls, xlsx

ENDINGS = [".csv", ".tsv", ".txt", ".json", ".ndjson", ".parquet", ".xlsx", ".xls", ".ods", ".zip", ".gz", ""]
BEGINNINGS = [
    b"",
    b"PAR1",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"BZh9",
    b"[",
    b"\xff\xfe",
]
CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.datetimes())
KEYS = st.sampled_from([*"abc", "d.e"]) | st.text(
    st.characters(exclude_characters=".["), min_size=1, max_size=3
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            KEYS,
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
"""Also what is no JSON by the letter: NaN, infinities, halves of characters."""

Damage = list[tuple[int, int]]
DAMAGE = st.lists(st.tuples(st.integers(0, 2**16), st.integers(-1, 255)), max_size=4)
"""Bytes to put at places, and -1 where the file is to be cut."""


@pytest.fixture(autouse=True)
def _one_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with one_reader(monkeypatch):
        yield


def damaged(content: bytes, damage: Damage) -> bytes:
    spoilt = bytearray(content)
    for place, byte in damage:
        at = place % (len(spoilt) or 1)
        spoilt[at : at + 1 if byte >= 0 else len(spoilt)] = bytes([byte]) if byte >= 0 else b""
    return bytes(spoilt)


def read_wholly(path: Path, content: bytes, **read: object) -> None:
    """Open, and take everything in each way there is."""
    path.write_bytes(content)
    raw = None
    with refusing_in_a_sentence():
        raw = open_raw(path, read=read)[""]
    if raw is None:
        return
    assert raw.malformed.schema == EXCLUDED
    frame = raw.take(raw.names)
    assert frame.height == raw.n_read - raw.malformed.height == len(list(raw.records()))
    assert frame["(record)"].to_list() == list(range(frame.height))
    assert frame["(line)"].null_count() == raw.malformed["line"].null_count() == 0
    for each in {name.partition("[]")[0] for name in raw.names if "[]" in name}:
        inside = [name.removeprefix(f"{each}[]") for name in raw.names if name.startswith(f"{each}[].")]
        with refusing_in_a_sentence():
            raw.take(inside, each=each)


@contextmanager
def refusing_in_a_sentence() -> Iterator[None]:
    try:
        yield
    except BenchkitError as refused:
        sentence = str(refused)
    else:
        return
    assert sentence.isprintable()


@fuzz(ending=st.sampled_from(ENDINGS), beginning=st.sampled_from(BEGINNINGS), content=st.binary(max_size=200))
def test_bytes(tmp_path: Path, ending: str, beginning: bytes, content: bytes) -> None:
    read_wholly(tmp_path / f"some{ending}", beginning + content)


@fuzz(
    text=st.text(st.sampled_from('ab1 ,;\t|"\n\r\0é😀\ufeff'), max_size=60),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]),
    header_row=st.integers(0, 3),
    separator=st.sampled_from(["", ";", "\t"]),
)
def test_tables_of_text(tmp_path: Path, text: str, encoding: str, header_row: int, separator: str) -> None:
    content = text.encode(encoding, errors="replace")
    read_wholly(tmp_path / "some.csv", content, header_row=header_row, separator=separator)


@pytest.mark.parametrize("in_lines", [False, True])
@fuzz(
    records=JSON, more=st.lists(JSON, max_size=3), damage=DAMAGE, path=st.sampled_from(["", ".", "a", "a.b"])
)
def test_json(
    tmp_path: Path, in_lines: bool, records: Any, more: list[Any], damage: Damage, path: str
) -> None:
    texts = [json.dumps(each) for each in [records, *more]] if in_lines else [json.dumps(records, indent=1)]
    read_wholly(tmp_path / "some.json", damaged("\n".join(texts).encode(), damage), records=path)


@pytest.mark.parametrize("depth", [50, 500, 5_000, 100_000])
@pytest.mark.parametrize("pattern", ['{"a":', "[", '[{"a":'])
def test_json_without_end_of_nesting(tmp_path: Path, depth: int, pattern: str) -> None:
    closing = {'{"a":': "}", "[": "]", '[{"a":': "}]"}[pattern]
    for inner in ("1", "{}"):
        nested = pattern * depth + inner + closing * depth
        for text in (nested, f'[{{"b": {nested}}}]', f'{{"b": {nested}}}\n{{"b": 1}}\n', pattern * depth):
            read_wholly(tmp_path / "some.json", text.encode())


@fuzz(
    rows=st.lists(st.lists(CELLS, max_size=4), max_size=5),
    write=st.sampled_from([xlsx, ods, xls]),
    damage=DAMAGE,
    within=st.booleans(),
    header_row=st.integers(0, 3),
)
def test_workbooks(
    tmp_path: Path,
    rows: list[list[object]],
    write: Callable[..., bytes],
    damage: Damage,
    within: bool,
    header_row: int,
) -> None:
    content = xls() if write is xls else write({"a": rows})
    spoil = damaged_within if within and write is not xls else damaged
    read_wholly(tmp_path / f"some.{write.__name__}", spoil(content, damage), header_row=header_row)


def damaged_within(content: bytes, damage: Damage) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(packed, "w") as spoilt:
        for name in book.namelist():
            is_sheet = "sheet" in name or name == "content.xml"
            spoilt.writestr(name, damaged(book.read(name), damage if is_sheet else []))
    return packed.getvalue()


@fuzz(damage=DAMAGE, columns=st.sampled_from(["abe", "abce"]))
def test_parquet(tmp_path: Path, damage: Damage, columns: str) -> None:
    stored = io.BytesIO()
    at = datetime(2026, 3, 2, tzinfo=UTC)
    nested = [{"d": [1, 2]}, {"d": []}]
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": nested, "e": [at, None]})
    frame.select(*columns).write_parquet(stored, statistics=False)
    read_wholly(tmp_path / "some.parquet", damaged(stored.getvalue(), damage))


@fuzz(damage=DAMAGE, text=st.text(max_size=50))
def test_packed_files(tmp_path: Path, damage: Damage, text: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../a.csv", "a,b\n" + text)
        archive.writestr("b.csv.gz", gzip.compress(b"a,b\n1,2\n"))
    read_wholly(tmp_path / "some.zip", damaged(packed.getvalue(), damage))
    read_wholly(tmp_path / "some.csv.gz", damaged(gzip.compress(("a,b\n" + text).encode()), damage))
