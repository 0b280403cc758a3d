"""Tables of text in the shapes in which they are exported."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchkit.dataset import EXCLUDED
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.sources.raw import Raw, open_raw
from benchkit.sources.raw.columns import Table

TABLE = "Created at,Text,Größe\n2.3.2026,hi,1\n3.3.2026,é,2\n"
WANTED = [("2.3.2026", "hi", "1"), ("3.3.2026", "é", "2")]


def opened(folder: Path, content: str | bytes, name: str = "some.csv", **read: object) -> Raw:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_raw(path, read=read)[""]


def rows(raw: Raw) -> list[tuple[object, ...]]:
    return raw.take(raw.names)[raw.names].rows()


def lines(raw: Raw) -> list[int]:
    return raw.take([])["(line)"].to_list()


def test_a_plain_table(tmp_path: Path) -> None:
    raw = opened(tmp_path, "a,b\n1,x\n\n2, \n", "mine.csv")
    assert raw.take(["b", "a"]).rows() == [("mine.csv", 2, 0, "x", "1"), ("mine.csv", 4, 1, None, "2")]
    assert raw.take(["a"]).schema == {
        "(file)": pl.String,
        "(line)": pl.Int64,
        "(record)": pl.Int64,
        "a": pl.String,
    }
    assert (raw.names, raw.n_read, raw.n_blank, raw.notes) == (["a", "b"], 2, 1, {})
    assert raw.malformed.schema == EXCLUDED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends_are_found_out(
    tmp_path: Path, encoding: str, separator: str, end: str
) -> None:
    text = TABLE.replace(",", separator).replace("\n", end)
    raw = opened(tmp_path, text.encode(encoding))
    assert raw.names == ["Created at", "Text", "Größe"]
    assert rows(raw) == WANTED
    assert lines(raw) == [2, 3]
    assert raw.notes == {}


def test_what_is_not_utf_8_is_windows_1252_and_that_is_noted(tmp_path: Path) -> None:
    raw = opened(tmp_path, TABLE.replace("hi", "€ “quoted”").encode("cp1252"))
    assert rows(raw) == [("2.3.2026", "€ “quoted”", "1"), WANTED[1]]
    assert raw.notes == {"files not in UTF-8, read as Windows-1252": 1}
    assert rows(opened(tmp_path, TABLE.replace("hi", "\x81é").encode("latin-1")))[0][1] == "\x81é"


def test_a_few_broken_characters_do_not_make_a_file_of_another_encoding(tmp_path: Path) -> None:
    raw = opened(tmp_path, (TABLE * 2).encode().replace(b"hi", b"h\xff", 1))
    assert rows(raw)[0] == ("2.3.2026", "h\ufffd", "1")
    assert rows(raw)[1] == WANTED[1]
    assert raw.notes == {"characters that are not UTF-8, read as �": 1}


def test_an_encoding_may_be_told(tmp_path: Path) -> None:
    cyrillic = "имя,возраст\nоля,7\n"
    assert rows(opened(tmp_path, cyrillic.encode("cp1251"), encoding="cp1251")) == [("оля", "7")]
    with pytest.raises(BenchkitError, match="encoding in \\[read\\] is 'klingon'; give one such as"):
        opened(tmp_path, cyrillic, encoding="klingon")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name;amount\nA;1,50\nB;2,75\n", ["name", "amount"]),
        ("first, last;age\nDoe, J;5;\n", ["first, last", "age"]),
        ("a,b\n1;2,3\n", ["a", "b"]),
        ('"a;b",c\n1,2\n', ["a;b", "c"]),
        ('a|"b,c,d"\n1|2\n', ["a", "b,c,d"]),
        ("only\n1\n2\n", ["only"]),
        ("sep=;\na;b,c\n1;2\n", ["a", "b,c"]),
        ("\ufeffsep=,\r\na;b,c\r\n1;2,3\r\n", ["a;b", "c"]),
    ],
)
def test_the_separator_is_the_one_that_parts_header_and_rows(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    assert opened(tmp_path, text).names == names


def test_a_separator_may_be_told(tmp_path: Path) -> None:
    assert opened(tmp_path, "a:b,c\n1:2,3\n", separator=":").names == ["a", "b,c"]
    with pytest.raises(BenchkitError, match=r"separator in .* is 'ab'; give one sign"):
        opened(tmp_path, "a\n", separator="ab")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (" a ,\ufeffb,c\u00a0 d", ["a", "b", "c d"]),
        ("a,a,a", ["a", "a (2)", "a (3)"]),
        ("a,a (2),a", ["a", "a (2)", "a (3)"]),
        ('"a\nb",c,d', ["a b", "c", "d"]),
        (",b,", ["column 1", "b", "column 3"]),
        ("(line),(row),c0", ["(line) (2)", "(row)", "c0"]),
        ("*,^.*$,line", ["*", "^.*$", "line"]),
    ],
)
def test_names_are_made_fit_to_be_named(tmp_path: Path, header: str, names: list[str]) -> None:
    raw = opened(tmp_path, f"{header}\n1,2,3\n")
    assert raw.names == names
    assert rows(raw) == [("1", "2", "3")]


@pytest.mark.parametrize("text", ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "a,b,,\n1,2,,\n3,4,,\n"])
def test_separators_at_the_ends_of_lines_are_no_columns(tmp_path: Path, text: str) -> None:
    raw = opened(tmp_path, text)
    assert raw.names == ["a", "b"]
    assert rows(raw) == [("1", "2"), ("3", "4")]
    assert raw.malformed.is_empty()


def test_rows_before_the_header_are_skipped_where_that_is_told(tmp_path: Path) -> None:
    raw = opened(tmp_path, 'Report of "Acme\n\n\nA;B\n1;2\n"x\ny";\nbad\n', header_row=4)
    assert rows(raw) == [("1", "2"), ("x\ny", None)]
    assert lines(raw) == [5, 6]
    assert raw.malformed.rows() == [("some.csv", 8, "unreadable", "too few fields", None)]
    with pytest.raises(InputError, match="has no row 9 for a header; check header_row"):
        opened(tmp_path, "a\n1\n", header_row=9)


def test_rows_that_cannot_be_parsed_are_told_with_file_and_line(tmp_path: Path) -> None:
    raw = opened(tmp_path, 'a;b\n1;"x\ny"\n2\n3;4;5\n6;"7\n8;9\n')
    assert rows(raw) == [("1", "x\ny"), ("8", "9")]
    assert lines(raw) == [2, 7]
    assert raw.malformed.select("file", "line", "reason").rows() == [
        ("some.csv", 4, "too few fields"),
        ("some.csv", 5, "too many fields"),
        ("some.csv", 6, "quotes that do not close"),
    ]
    assert raw.n_read == 5


def test_files_with_other_columns_in_other_orders_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,x\n")
    (tmp_path / "b.csv").write_text("more;text;id\n7;y;2\n")
    (tmp_path / "c.json").write_text('[{"id": 3}]')
    raw = open_raw(tmp_path)[""]
    assert raw.take(["id", "text", "more"]).rows() == [
        ("a.csv", 2, 0, "1", "x", None),
        ("b.csv", 2, 1, "2", "y", "7"),
        ("c.json", 1, 2, "3", None, None),
    ]
    assert [source.name for source in raw.sources] == ["a.csv", "b.csv", "c.json"]


def test_one_empty_file_of_several_is_no_matter_but_all_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n")
    with pytest.raises(InputError, match="holds no row or record; check that the export finished"):
        open_raw(tmp_path)
    (tmp_path / "b.csv").write_text("id,text\n1,x\n")
    assert open_raw(tmp_path)[""].n_read == 1


def test_a_column_that_is_in_no_file(tmp_path: Path) -> None:
    raw = opened(tmp_path, "Created at,Text\n1,2\n")
    with pytest.raises(
        UnknownNameError, match=r"no column 'created' in 'some.csv'; did you mean 'Created at'\?"
    ):
        raw.take(["created"])
    with pytest.raises(UnknownNameError, match="no column 'parts'"):
        raw.take(["Text"], each="parts")


def test_columns_of_different_types_meet_as_text() -> None:
    whole = Table.of("a", pl.DataFrame({"x": [1, None], "y": [1.5, None], "z": [True, None]}))
    text = Table.of("b", pl.DataFrame({"x": ["7"], "y": [2.5], "w": [b"b"]}))
    assert Raw([whole, text]).take(["x", "y", "z", "w"]).rows() == [
        ("a", 1, 0, "1", 1.5, True, None),
        ("b", 1, 1, "7", 2.5, None, "b"),
    ]
    assert whole.n_blank == 1


NO_TABLES = {
    "empty": (b"", "is empty"),
    "blank": (b"\xef\xbb\xbf \r\n\n", "is empty"),
    "a header only": (b"a,b\n", "holds no row"),
    "zeros": (bytes(4096), "is binary"),
    "random bytes": (bytes(range(256)) * 9, "is binary"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "is a picture"),
    "a PDF": (b"%PDF-1.7\n", "is a PDF document"),
    "a web page": (b"<html><table>", "is a web page"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(9), "compressed with zstd"),
    "a header that does not close": (b'"a,b\n1,2\n', "line 1: a quote in its header"),
    "too many columns": (b"," * 6_000 + b"\n1", "has 6,001 columns"),
}


@pytest.mark.parametrize("kind", NO_TABLES)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    content, problem = NO_TABLES[kind]
    with pytest.raises(InputError, match=problem) as refused:
        opened(tmp_path, content)
    assert "some.csv" in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"separater": ";"}, "no key 'separater' in \\[read\\]; did you mean 'separator'"),
        ({"header_row": "1"}, "header_row in \\[read\\] is '1'; give a number"),
        ({"header_row": -1}, "header_row in \\[read\\] is -1; count rows from 1"),
        ({"records": 5}, "records in \\[read\\] is '5'; give a text"),
        ({"sheet": True}, "sheet in \\[read\\] is 'True'; give a sheet's name or number"),
    ],
)
def test_what_a_mapping_says_of_reading_is_checked(
    tmp_path: Path, told: dict[str, object], problem: str
) -> None:
    with pytest.raises(BenchkitError, match=problem):
        opened(tmp_path, TABLE, **told)
