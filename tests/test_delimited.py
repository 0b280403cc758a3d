"""Files of rows: one bad row costs one row, and every row left out has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchkit import Dataset, read_twcs

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"


def at(minute: int) -> str:
    return f"Wed Nov 01 00:{minute:02}:00 +0000 2017"


def read(folder: Path, content: str) -> Dataset:
    path = folder / "tweets.csv"
    path.write_text(content)
    return read_twcs(path)


def filler(n: int = 40) -> list[str]:
    """Enough well-formed lines that a bad one is under 5 %."""
    lines = [HEADER]
    for k in range(n):
        lines.append(f"{1_000 + 2 * k},{700 + k},True,{at(k)},@Acme hi,,")
        lines.append(f"{1_001 + 2 * k},Acme,False,{at(k + 1)},hi ^JK,,{1_000 + 2 * k}")
    return lines


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1,500,True," + at(0) + ',a lone " quote,,', None),
        ("1,500,True," + at(0) + ',"never closed,,', "quote"),
        ("1,500,True," + at(0) + ",too,,few".replace(",,few", ""), "too few fields"),
        ("1,500,True," + at(0) + ",too,many,5,6,7", "too many fields"),
        ("x,500,True," + at(0) + ",t,,", "tweet_id"),
        ("1,,True," + at(0) + ",t,,", "author_id"),
        ("1,500,maybe," + at(0) + ",t,,", "inbound"),
        ("1,500,True,yesterday,t,,", "created_at"),
        ("1,500,True," + at(0) + ",t,,the first", "in_response_to_tweet_id"),
    ],
)
@pytest.mark.parametrize("line", [2, 30, 82])
def test_one_bad_row_costs_one_row(bad: str, reason: str | None, line: int, tmp_path: Path) -> None:
    lines = filler()
    lines.insert(line - 1, bad.replace(",t,", ",@Acme t,").replace("a lone", "@Acme a lone"))
    data = read(tmp_path, "\n".join([*lines, ""]))
    unreadable = data.audit.excluded.filter(kind="unreadable")
    assert data.audit.rows_read == 81
    if reason is None:
        assert data.audit.excluded["reason"].to_list() == ["no brand"]
    else:
        assert unreadable["line"].to_list() == [line]
        assert reason in unreadable["reason"].item()
        assert data.messages.collect().height == 80


def test_line_numbers_count_lines_and_not_rows(tmp_path: Path) -> None:
    lines = filler()
    lines[5] = lines[5].replace("@Acme hi", '"@Acme hi\nthere\n"')
    lines[40] = lines[40].replace("2017", "long ago")
    data = read(tmp_path, "\n".join([*lines[:20], "", *lines[20:], ""]))
    assert data.audit.excluded.filter(kind="unreadable")["line"].to_list() == [41 + 2 + 1]
    assert data.audit.blank_rows == 1
