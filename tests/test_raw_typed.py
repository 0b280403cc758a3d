"""Parquet and workbooks, which know types."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchkit.errors import InputError, UnknownNameError
from benchkit.sources.raw import Raw, apart, open_raw
from benchkit.sources.raw.columns import Table
from tests.workbooks import Rows, ods, xls, xlsx

MORNING = datetime(2026, 3, 2, 9, 0, 1)  # noqa: DTZ001
SHEET: Rows = [["id", "at", "note"], [7, MORNING, "é"], [], [8, None, 5], [9.0, MORNING, None]]
WRITERS = [xlsx, ods]


def opened(folder: Path, content: bytes, name: str = "some.xlsx", **read: object) -> Raw:
    (folder / name).write_bytes(content)
    return open_raw(folder / name, read=read)[""]


@pytest.mark.parametrize("write", WRITERS)
def test_a_sheet_with_its_types(tmp_path: Path, write: Callable[..., bytes]) -> None:
    raw = opened(tmp_path, write({"Tickets": SHEET}), "some.book")
    frame = raw.take(["id", "at", "note"])
    assert frame.drop("(file)").rows() == [
        (2, 0, 7, MORNING, "é"),
        (4, 1, 8, None, "5"),
        (5, 2, 9, MORNING, None),
    ]
    assert frame.schema["at"] == pl.Datetime("us")
    assert (raw.n_read, raw.n_blank) == (3, 1)


def test_an_old_workbook(tmp_path: Path) -> None:
    raw = opened(tmp_path, xls(), "some.xls")
    assert raw.take(["id", "at", "note"]).drop("(file)").rows() == [
        (2, 0, 7, MORNING, "é"),
        (3, 1, 8, datetime(2026, 3, 2, 10, 30), "5"),  # noqa: DTZ001
    ]


def test_a_sheet_is_the_one_named_or_the_first_with_rows(tmp_path: Path) -> None:
    book = xlsx({"Cover": [["Report"]], "Tickets": [["a"], [1]], "Other": [["b"], [2]]})
    assert opened(tmp_path, book).names == ["a"]
    assert opened(tmp_path, book, sheet="other ").names == ["b"]
    assert opened(tmp_path, book, sheet=3).names == ["b"]
    for sheet in ("Othr", 4):
        with pytest.raises(UnknownNameError, match=rf"no sheet '{sheet}' in .*some.xlsx'"):
            opened(tmp_path, book, sheet=sheet)


@pytest.mark.parametrize("first_row", [1, 4])
def test_a_header_below_other_rows(tmp_path: Path, first_row: int) -> None:
    sheet = [["Report of March"], [None], ["id", " at\n(UTC) ", None, "id"], [1, MORNING, None, "x"]]
    raw = opened(tmp_path, xlsx({"a": sheet}, first_row=first_row), header_row=first_row + 2)
    assert raw.take(["id", "at (UTC)", "id (2)"]).drop("(file)").rows() == [
        (first_row + 3, 0, 1, MORNING, "x")
    ]
    assert raw.names == ["id", "at (UTC)", "id (2)"]
    whole = opened(tmp_path, xlsx({"a": sheet[2:]}, first_row=first_row))
    assert whole.take(["id"])["(line)"].to_list() == [first_row + 1]


def test_numbers_that_a_workbook_rounded_are_noted(tmp_path: Path) -> None:
    raw = opened(tmp_path, xlsx({"a": [["id", "x"], [1234567890123456789, 0.5], [5, 1]]}))
    assert raw.notes == {"numbers of more than 15 digits, which a workbook has rounded": 1}
    assert raw.take(["x"])["x"].to_list() == [0.5, 1.0]


def cut_inside(content: bytes, part: str, length: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(packed, "w") as spoilt:
        for name in book.namelist():
            spoilt.writestr(name, book.read(name)[: length if name == part else None])
    return packed.getvalue()


REFUSED = {
    "damaged.xlsx": (b"PK\x03\x04" + bytes(99), "is damaged or locked with a password"),
    "damaged.xls": (b"\xd0\xcf\x11\xe0" + bytes(99), "is damaged or locked with a password"),
    "cut.xlsx": (xlsx({"a": SHEET})[:-60], "is damaged or locked with a password"),
    "cut inside.ods": (cut_inside(ods({"a": SHEET}), "content.xml", 500), "is damaged or locked"),
    "cut inside.xlsx": (cut_inside(xlsx({"a": SHEET}), "xl/worksheets/sheet0.xml", 200), "is damaged"),
    "empty.xlsx": (xlsx({"a": []}), "has a sheet that is empty"),
    "header.xlsx": (xlsx({"a": [["a", "b"]]}), "holds no row or record"),
    "damaged.parquet": (b"PAR1" + bytes(99) + b"PAR1", "is damaged Parquet"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    content, problem = REFUSED[name]
    with pytest.raises(InputError, match=problem) as refused:
        opened(tmp_path, content, name)
    assert str(refused.value).isprintable()


def test_readers_that_abort_or_never_end_do_so_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 1)
    assert apart.survives(b"x", "import sys; sys.exit(sys.stdin.read() != 'x')")
    assert not apart.survives(b"x", "import os; os.abort()")
    assert not apart.survives(b"x", "while True: pass")


def test_a_sheet_that_is_far_too_large_for_memory(tmp_path: Path) -> None:
    content = xlsx({"a": [["a"], [1]]})
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(packed, "w") as spoilt:
        for name in book.namelist():
            spoilt.writestr(name, book.read(name).replace(b'r="A2"', b'r="XFD1048576"'))
    with pytest.raises(InputError, match="is damaged or locked"):
        opened(tmp_path, packed.getvalue())


def test_a_bomb_of_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchkit.sources.raw.files.ALWAYS_BYTES", 2**16)
    with pytest.raises(InputError, match="unpacks to more than 0 MiB"):
        opened(tmp_path, xlsx({"a": [["a"], ["x" * 2**20]]}))


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "at": pl.Series([at, None], dtype=pl.Datetime("ms", "Europe/Berlin")),
            "day": [date(2026, 3, 2), None],
            "n": pl.Series([1, None], dtype=pl.UInt8),
            "id": pl.Series([2**64 - 1, 1], dtype=pl.UInt64),
            "share": pl.Series([float("nan"), 0.5], dtype=pl.Float32),
            "kind": pl.Series(["x", " "], dtype=pl.Categorical),
            "took": pl.Series([1_500, None], dtype=pl.Duration("ms")),
            "flag": [True, None],
        }
    )
    path = tmp_path / "some.parquet"
    frame.write_parquet(path)
    taken = open_raw(path)[""].take(frame.columns)
    assert taken.drop("(file)").rows() == [
        (1, 0, at, date(2026, 3, 2), 1, str(2**64 - 1), None, "x", 1.5, True),
        (2, 1, None, None, None, "1", 0.5, None, None, None),
    ]
    assert taken.schema["at"] == pl.Datetime("us", "Europe/Berlin")
    assert taken.schema["n"] == pl.Int64


def test_times_that_no_clock_shows_are_nothing() -> None:
    times = pl.Series("at", [2**62, 0, -(2**62)], dtype=pl.Datetime("ms"))
    days = pl.Series("day", [2**30, 0, -(2**30)], dtype=pl.Date)
    frame = Raw([Table.of("a", pl.DataFrame([times, days, pl.Series("n", [1, 2, 3])]))]).take(["at", "day"])
    assert frame["at"].to_list() == [None, datetime(1970, 1, 1), None]  # noqa: DTZ001
    assert frame["day"].to_list() == [None, date(1970, 1, 1), None]


def test_bytes_that_are_no_text_are_nothing_in_whichever_column(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    pl.DataFrame({"id": [b"a", b"\xff\xfe"], "unused": [b"\x80", None]}).write_parquet(path)
    raw = open_raw(path)[""]
    assert raw.take(["id", "unused"]).drop("(file)").rows() == [(1, 0, "a", None)]


@pytest.mark.parametrize("name", ["*", "^seg.*$", "^.*$"])
@pytest.mark.parametrize("values", [["a", "b"], [1, 2], [1.5, 2.5], [MORNING, MORNING], [True, False]])
def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path, name: str, values: list[object]) -> None:
    frame = pl.DataFrame({"it": values, "x": [1, 2]}).rename({"it": name})
    frame.write_parquet(tmp_path / "some.parquet")
    sheet = xlsx({"Tickets": [[name, "x"], *map(list, frame.rows())]})
    for raw in (open_raw(tmp_path / "some.parquet")[""], opened(tmp_path, sheet)):
        assert raw.take([name, "x"])[[name, "x"]].rows() == frame.rows()
