"""Delimited files: the same rows however they are read, and one row lost for one row spoilt."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.sources.delimited import Rows, read_rows
from benchkit.sources.splitter import LOOK_AHEAD_BYTES, split_header, split_records

Cells = list[list[str]]
SPOILT = "just one field\n"


def everything(names: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(name) for name in names]


def read(folder: Path, content: str | bytes, required: Sequence[str] = ("a",)) -> Rows:
    path = folder / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path, required, everything)


def cells(rows: Rows) -> list[tuple[str, ...]]:
    return rows.frame.drop("line").rows()


def malformed(rows: Rows) -> list[tuple[int, str]]:
    return rows.malformed.select("line", "reason").rows()


FIELD = st.text(st.sampled_from('ab ",\n\r;é😀\0'), max_size=6).map(lambda text: text.rstrip("\r"))
TABLE = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(TABLE, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_well_formed_rows_read_the_same_both_ways(
    tmp_path_factory: pytest.TempPathFactory, table: Cells, end: str, quoting: int
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    names = [*"abcd"][: len(table[0])]
    writer.writerow(names)
    lines = []
    for row in table:
        lines.append(1 + text.getvalue().count("\n"))
        writer.writerow([f"x{row[0]}", *row[1:]])
    folder = tmp_path_factory.mktemp("table")
    fast, careful = read(folder, text.getvalue()), read(folder, text.getvalue() + SPOILT)
    expected = [(f"x{row[0]}", *row[1:]) for row in table]
    assert cells(fast) == cells(careful) == expected
    assert fast.frame["line"].to_list() == careful.frame["line"].to_list() == lines
    assert malformed(fast) == []
    assert malformed(careful) == [(1 + text.getvalue().count("\n"), "too few fields")]


@given(st.text(st.sampled_from('a,"\n\r'), max_size=30))
def test_a_spoilt_row_at_the_end_changes_no_other(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("text")
    try:
        alone = read(folder, "a,b\n" + text)
    except BenchkitError:
        return
    if alone.malformed.is_empty():
        followed = read(folder, f"a,b\n{text}\n{SPOILT}")
        assert followed.frame.equals(alone.frame)
        assert followed.malformed.height == 1


@pytest.mark.parametrize(
    ("body", "rows", "lost"),
    [
        ('1,he said "x\n2,y\n', [("1", 'he said "x'), ("2", "y")], []),
        ('1,5" and 6"\n2,y\n', [("1", '5" and 6"'), ("2", "y")], []),
        ('1,"he said "x" to me"\n2,y\n', [("1", 'he said "x" to me'), ("2", "y")], []),
        ('1,"not closed\n2,y\n3,z\n', [("2", "y"), ("3", "z")], [(2, "quotes that do not close")]),
        ('1,"not closed\n2,"y"\n', [("2", "y")], [(2, "quotes that do not close")]),
        ('1,"a" b\n2,y\n', [("2", "y")], [(2, "quotes that do not close")]),
        ('1,"one\ntwo" three\nfour\n2,y\n', [("2", "y")], [(2, "quotes that do not close")]),
        ('1,"one\n\ntwo" x\n2\n3,y\n', [("3", "y")], [(2, "quotes that do not close")]),
        ("1\n2\n3,y\n", [("3", "y")], [(2, "too few fields"), (3, "too few fields")]),
        ("1,2,3\n1,2,\n3,y", [("3", "y")], [(2, "too many fields"), (3, "too many fields")]),
        ("1\n3,y,", [], [(2, "too few fields"), (3, "too many fields")]),
        ('1,"x\ny"\n2,z "\n3\n', [("1", "x\ny"), ("2", 'z "')], [(5, "too few fields")]),
        ('1,"x"\r\n2\r\n3,"y"\r\n', [("1", "x"), ("3", "y")], [(3, "too few fields")]),
    ],
)
def test_one_row_is_lost_for_one_row_spoilt(
    tmp_path: Path, body: str, rows: list[tuple[str, str]], lost: list[tuple[int, str]]
) -> None:
    got = read(tmp_path, "a,b\n" + body)
    assert (cells(got), malformed(got)) == (rows, lost)
    assert got.n_read == len(rows) + len(lost)


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    got = read(tmp_path, '\n"a\n(first)",b\n1,"x\ny"\n\n2\n3," ""\n\n"\n4,"5 6\n7,8 "\n', ["b"])
    assert got.frame["line"].to_list() == [4, 8, 11]
    assert malformed(got) == [(7, "too few fields")]
    assert got.n_blank == 1


def test_hostile_quotes_take_no_longer_than_the_file_is_long() -> None:
    line = b'a",b,"\n'
    split = split_records(line * 20 * LOOK_AHEAD_BYTES, 0, 3000)
    assert len(split.malformed) == 20 * LOOK_AHEAD_BYTES


def test_garbage_after_a_stray_quote_is_not_counted_as_one_row(tmp_path: Path) -> None:
    got = read(tmp_path, 'a,b\n1,"x\n' + "garbage\n" * 5000 + "2,y\n")
    assert len(malformed(got)) > 4900


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"a,b\n1,2\n", ["a", "b"]),
        (b"\xef\xbb\xbfa,b\r\n1,2", ["a", "b"]),
        (b'"a","b ""c"" d"\n', ["a", 'b "c" d']),
        (b"\n \na,b", ["a", "b"]),
        (b",a\n", ["", "a"]),
        (b'"a,b\n', []),
    ],
)
def test_headers(head: bytes, names: list[str]) -> None:
    assert split_header(head)[0] == names


def test_columns_that_nobody_asked_for_may_be_called_anything(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "a,b,b,,\n1,2,3,4,5\n")) == [("1", "2", "3", "4", "5")]


def test_gzip_and_a_file_without_a_last_line_end(tmp_path: Path) -> None:
    text = b'a,b\n1,"x\ny"\n2,z'
    for content in (text, gzip.compress(text), gzip.compress(text + b"\n")):
        assert cells(read(tmp_path, content)) == [("1", "x\ny"), ("2", "z")]


NOT_CSV = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "is empty"),
    "a header only": (b"a,b\n", "has a header and no rows"),
    "a header and blank rows": (b"a,b\r\n\r\n,\r\n", "has a header and no rows"),
    "carriage returns only": (b"a,b\r1,2\r3,4\r", "bare carriage returns"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "is UTF-16"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "is binary"),
    "zeros": (bytes(4096), "is binary"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "a picture"),
    "random bytes": (bytes(range(256)) * 9, "is binary"),
    "a workbook": (b"PK\x03\x04" + bytes(64), "Excel"),
    "a list of JSON": (b'\xef\xbb\xbf[\n  {"id": 1, "text": "hi, there"}]\n', "is JSON, not CSV"),
    "lines of JSON": (b'{ "id": 1, "text": "hi, there"}\n' * 2, "is JSON, not CSV"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(64), "Excel"),
    "Parquet": (b"PAR1" + bytes(64), "is Parquet"),
    "gzip cut short": (gzip.compress(b"a,b\n1,2\n" * 99)[:-12], "gzip"),
    "gzip damaged": (gzip.compress(os.urandom(999))[:20] + bytes(99), "gzip"),
    "gzip of nothing": (gzip.compress(b""), "is empty"),
    "xz": (b"\xfd7zXZ\0" + bytes(64), "xz"),
    "semicolons": (b"a;b\n1;2\n", "separated by semicolons"),
    "tabs": (b"a\tb\n1\t2\n", "separated by tabs"),
    "a header that does not close": (b'"a,b\n1,2\n', "line 1: a quote in its header"),
    "a column twice": (b"a,b,a\n1,2,3\n", "has two columns named 'a'"),
}


@pytest.mark.parametrize("kind", NOT_CSV)
def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    content, problem = NOT_CSV[kind]
    with pytest.raises(InputError) as refused:
        read(tmp_path, content, ["a", "b"])
    sentence = str(refused.value)
    assert problem in sentence
    assert "rows.csv" in sentence
    assert sentence.isprintable()


def test_a_missing_column_is_named_with_the_nearest_there_is(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no column 'text' in .*rows.csv'; did you mean 'tekst'\?"):
        read(tmp_path, "a,tekst\n1,2\n", ["a", "text"])


def test_hostile_names_of_columns_are_not_echoed(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as refused:
        read(tmp_path, f"\u202e\u0085,{'c' * 5000}\n1,2\n", ["a"])
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 600


def test_places_where_there_is_no_file(tmp_path: Path) -> None:
    for path, problem in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.csv", "there is no such file"),
        (tmp_path / ("x" * 5000), "cannot be opened"),
        ("a\0b", "there is no such file"),
        ("~nobody-of-that-name/x.csv", "cannot be opened"),
    ):
        with pytest.raises(InputError, match=problem):
            read_rows(path, ["a"], everything)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        read_rows(path, ["a"], everything)
