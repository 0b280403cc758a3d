"""Tweets in the form of twcs.csv: every quirk met in real copies, made up again by hand."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit import Dataset, find_waits, measure, read_twcs
from benchkit.errors import InputError
from benchkit.schema import MESSAGES, check

HEADER = [
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "response_tweet_id",
    "in_response_to_tweet_id",
]
REAL = os.environ.get("BENCHKIT_TWCS")


def at(minute: int) -> str:
    return f"Wed Nov 01 {minute // 60 % 24:02}:{minute % 60:02}:00 +0000 2017"


def tweet(tweet_id: int, author: str, minute: int, text: str, parent: object = "") -> list[str]:
    return [str(tweet_id), author, str(author.isdigit()), at(minute), text, "", str(parent)]


def as_csv(rows: list[list[str]], header: list[str] = HEADER, **options: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **options).writerows([header, *rows])
    return out.getvalue()


def read(folder: Path, content: str | bytes, name: str = "tweets.csv", **options: Any) -> Dataset:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    data = read_twcs(path, **options)
    check(data.messages, MESSAGES)
    return data


def table(data: Dataset, *columns: str) -> list[tuple[Any, ...]]:
    frame = data.messages.collect()
    return frame.sort(pl.col("message_id").cast(pl.Int64)).select(*columns).rows()


THREAD = [
    tweet(1, "500", 0, "@Acme where is it?"),
    tweet(2, "Acme", 5, "@500 On its way! ^JK", 1),
    tweet(3, "500", 7, "@Acme thanks", 2),
]


def test_a_thread(tmp_path: Path) -> None:
    data = read(tmp_path, as_csv(THREAD))
    assert table(data, "conversation_id", "brand", "sender", "sender_id", "in_reply_to") == [
        ("1", "Acme", "customer", "500", None),
        ("1", "Acme", "agent", "Acme/JK", "1"),
        ("1", "Acme", "customer", "500", "2"),
    ]
    assert data.about.name == "tweets"
    assert data.about.selection is not None
    assert "text" not in data.messages.collect_schema()
    kept = read(tmp_path, as_csv(THREAD), keep_text=True).messages.collect()
    assert kept["text"].to_list() == [row[4] for row in THREAD]


FORMS = {
    "plain": as_csv(THREAD).encode(),
    "quoted": as_csv(THREAD, quoting=csv.QUOTE_ALL).encode(),
    "BOM": b"\xef\xbb\xbf" + as_csv(THREAD).encode(),
    "CRLF": as_csv(THREAD).replace("\n", "\r\n").encode(),
    "gzip": gzip.compress(as_csv(THREAD).encode()),
    "no last line end": as_csv(THREAD).encode().rstrip(b"\n"),
    "an index column": as_csv([[str(n), *row] for n, row in enumerate(THREAD)], ["", *HEADER]).encode(),
    "other order": as_csv([row[::-1] for row in THREAD], HEADER[::-1]).encode(),
    "pandas parents": as_csv([[*row[:6], row[6] and f"{row[6]}.0"] for row in THREAD]).encode(),
    "TRUE": as_csv([[*row[:2], row[2].upper(), *row[3:]] for row in THREAD]).encode(),
    "true": as_csv([[*row[:2], row[2].lower(), *row[3:]] for row in THREAD]).encode(),
    "blank rows": (as_csv(THREAD) + ",,,,,,\n" * 500 + "\n" * 500).encode(),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_every_form_of_the_same_tweets(content: bytes, tmp_path: Path) -> None:
    expected = read(tmp_path, as_csv(THREAD))
    found = read(tmp_path, content, "form.csv")
    assert table(found, "message_id", *COMPARED) == table(expected, "message_id", *COMPARED)
    assert found.audit.rows_read == 3
    assert found.audit.excluded.is_empty()
    assert found.audit.blank_rows == (1_000 if content is FORMS["blank rows"] else 0)


COMPARED = ("conversation_id", "brand", "sender", "sender_id", "sent_at", "in_reply_to")
TEXTS = [
    "two\nlines",
    "two\r\nlines",
    "a bare\rcarriage return",
    'a "quoted" word',
    "a comma, and another,",
    "🤥 💯 emoji",
    "&amp; &lt;entities&gt;",
    "nul\x00 byte",
    "\u2028 line separator",
    "'",
    '""',
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_of_every_kind(text: str, tmp_path: Path) -> None:
    rows = [tweet(1, "500", 0, f"@Acme {text}"), tweet(2, "Acme", 5, f"@500 {text} ^JK", 1)]
    data = read(tmp_path, as_csv(rows, quoting=csv.QUOTE_ALL), keep_text=True)
    assert table(data, "sender_id", "text") == [("500", f"@Acme {text}"), ("Acme/JK", f"@500 {text} ^JK")]


def filler(n: int = 40) -> list[str]:
    """Enough well-formed lines that a bad one is under 5 %."""
    pairs = (
        [
            tweet(1_000 + 2 * k, str(700 + k), k, "@Acme hi"),
            tweet(1_001 + 2 * k, "Acme", k + 1, "hi ^JK", 1_000 + 2 * k),
        ]
        for k in range(n)
    )
    return as_csv([row for pair in pairs for row in pair]).splitlines()


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


def test_broken_utf8_is_replaced(tmp_path: Path) -> None:
    content = as_csv(THREAD).encode().replace(b"where", b"wh\xff\xfere")
    data = read(tmp_path, content, keep_text=True)
    assert "\ufffd" in data.messages.collect()["text"][0]
    assert data.audit.excluded.is_empty()


def test_whose_a_customers_tweet_is(tmp_path: Path) -> None:
    rows = [
        tweet(1, "500", 0, "@Other @Acme help"),
        tweet(2, "Late", 9, "@500 us too", 1),
        tweet(3, "Acme", 5, "@500 yes? ^JK", 1),  # the earliest answer, of a higher id
        tweet(4, "500", 6, "it is broken", 3),  # unanswered: the brand's above it
        tweet(5, "501", 7, "mine as well", 4),  # somebody else in the thread: the nearest brand up it
        tweet(6, "502", 8, "@777 @SpotifyCares hello"),  # unanswered, no thread: the support handle it names
        tweet(7, "503", 8, "@778 hello"),  # nobody's
        tweet(8, "504", 8, "mail me@SpotifyCares.com"),  # an address is no mention
        tweet(9, "505", 8, "@SPOTIFYCARES and @AppleSupport"),
        tweet(10, "SpotifyCares", 9, "@999 hi ^AB", 12345),  # its question is not in the file
    ]
    data = read(tmp_path, as_csv(rows))
    assert dict(table(data, "message_id", "brand")) == {
        "1": "Acme", "2": "Late", "3": "Acme", "4": "Acme", "5": "Acme", "6": "SpotifyCares",
        "9": "SpotifyCares", "10": "SpotifyCares",
    }  # fmt: skip
    assert dict(table(data, "message_id", "industry"))["6"] == "Streaming media"
    assert data.audit.summary().select("reason", "rows").rows() == [("no brand", 2)]
    conversations = dict(table(data, "message_id", "conversation_id"))
    assert conversations["1"] == conversations["3"] == conversations["4"] == "1"
    assert len({conversations[name] for name in ("1", "2", "5", "6")}) == 4


def test_who_an_agent_speaks_to(tmp_path: Path) -> None:
    rows = [
        tweet(
            1, "Acme", 0, "@500 about your order -Jo", 99
        ),  # no question in the file: the handle it begins with
        tweet(2, "500", 2, "@Acme at last", 1),
        tweet(3, "Acme", 3, "We are closed on Monday"),  # to nobody
        tweet(4, "Acme", 4, "@Friend congratulations"),  # to no number
        tweet(
            5, "Acme", 5, "@500 anything else? -Jo", 1
        ),  # two agents' tweets in a row: still the same customer
    ]
    data = read(tmp_path, as_csv(rows))
    assert table(data, "message_id", "conversation_id", "sender_id") == [
        ("1", "1", "Acme/Jo"), ("2", "1", "500"), ("5", "1", "Acme/Jo"),
    ]  # fmt: skip
    assert data.audit.summary().select("reason", "rows").rows() == [("broadcast", 2)]
    waits = find_waits(data).frame.collect()
    assert waits.select("is_first", "outcome", "wait_seconds").rows() == [(False, "replied", 180)]


def test_parts_of_one_answer_share_a_signature(tmp_path: Path) -> None:
    rows = [
        tweet(1, "500", 0, "@Acme help"),
        tweet(2, "Acme", 1, "@500 First this 1/3", 1),
        tweet(3, "Acme", 2, "@500 then that 2/3 ^JK", 1),
        tweet(4, "Acme", 3, "@500 and this 3/3", 1),
        tweet(5, "Other", 4, "@500 hello", 1),
        tweet(6, "Acme", 5, "@500 more ^AB", 1),
        tweet(7, "Acme", 6, "@500 and more", 1),
        tweet(8, "500", 7, "@Acme ok", 7),
        tweet(9, "Acme", 8, "@500 bye", 8),
    ]
    signed = dict(table(read(tmp_path, as_csv(rows)), "message_id", "sender_id"))
    agents = [signed[str(n)] for n in (2, 3, 4, 5, 6, 7, 9)]
    assert agents == [
        "Acme/JK",
        "Acme/JK",
        "Acme/JK",
        "Other/unsigned",
        "Acme/AB",
        "Acme/AB",
        "Acme/unsigned",
    ]


def test_ids_are_not_in_order_of_time_and_answers_may_go_in_circles(tmp_path: Path) -> None:
    rows = [
        tweet(9, "500", 0, "@Acme help"),
        tweet(3, "Acme", 5, "@500 here ^JK", 9),
        tweet(20, "600", 10, "@Acme round", 21),
        tweet(21, "Acme", 12, "@600 and round ^JK", 20),
        tweet(30, "700", 13, "@Acme me myself", 30),
        tweet(31, "Acme", 14, "@700 yes ^JK", 30),
    ]
    waits = find_waits(read(tmp_path, as_csv(rows))).frame.collect().sort("started_at")
    assert waits.select("opening_message_id", "reply_message_id", "wait_seconds").rows() == [
        ("9", "3", 300), ("20", "21", 120), ("30", "31", 60),
    ]  # fmt: skip


def test_spellings_of_a_brand_are_one_brand(tmp_path: Path) -> None:
    rows = [
        tweet(1, "500", 0, "@acme help"), tweet(2, "Acme", 1, "@500 here", 1),
        tweet(3, "501", 0, "@acme help"), tweet(4, "Acme", 1, "@501 here", 3),
        tweet(5, "502", 0, "@acme help"), tweet(6, "ACME", 1, "@502 here", 5),
    ]  # fmt: skip
    assert {row[0] for row in table(read(tmp_path, as_csv(rows)), "brand")} == {"Acme"}


def test_the_future_moves_nothing(tmp_path: Path) -> None:
    late = [*THREAD[0]]
    late[0], late[3] = "99", "Tue Jan 19 03:14:07 +0000 2038"
    data = read(tmp_path, as_csv([*THREAD, late]))
    assert f"{data.as_of:%Y-%m-%d %H:%M}" == "2017-11-01 00:07"
    assert data.audit.summary().select("reason", "rows").rows() == [("in the future", 1)]
    early = read(tmp_path, as_csv(THREAD), as_of="2017-11-01T00:06:00Z")
    assert early.messages.collect().height == 2
    assert (
        find_waits(read(tmp_path, as_csv(THREAD), as_of="2017-11-02")).frame.collect()["wait_seconds"][1]
        == 85_980
    )


def test_the_same_tweet_twice_is_one(tmp_path: Path) -> None:
    data = read(tmp_path, as_csv([*THREAD, THREAD[1]]))
    assert data.messages.collect().height == 3
    assert data.audit.summary().select("kind", "rows", "first_lines").rows() == [("rule", 1, [5])]


def test_too_many_unreadable_rows_are_refused_with_their_lines(tmp_path: Path) -> None:
    lines = filler()
    lines[3:9] = [line.replace("2017", "long ago") for line in lines[3:9]]
    with pytest.raises(
        InputError, match=r"6 of 80 rows cannot be read, most often for a created_at .*line 4, 5, 6"
    ):
        read(tmp_path, "\n".join([*lines, ""]))


tweets = st.lists(
    st.tuples(
        st.sampled_from(["500", "501", "502", "Acme", "Other"]),
        st.integers(0, 30),
        st.integers(0, 14),
        st.sampled_from(
            ["hello", "@500 hello", "@Acme hello", "@SpotifyCares hello", "@777 and @spotifycares"]
        ),
    ),
    min_size=1,
    max_size=12,
)


@given(tweets)
@settings(max_examples=150)
def test_threads_are_what_walking_up_each_one_finds(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, int, int, str]]
) -> None:
    rows = [
        tweet(number, author, minute, text, parent if 0 < parent < number else "")
        for number, (author, minute, parent, text) in enumerate(drawn, start=1)
    ]
    try:
        data = read(tmp_path_factory.mktemp("tweets"), as_csv(rows))
    except InputError:
        found = {}
    else:
        found = {
            int(row[0]): row[1:] for row in table(data, "message_id", "conversation_id", "brand", "sender_id")
        }
    expected = walked(rows)
    assert {number: brand for number, (_, brand, _) in found.items()} == {
        n: brand for n, (_, brand, _) in expected.items()
    }
    groups = defaultdict(set)
    for number, (root, brand, customer) in expected.items():
        groups[root, brand, customer].add(number)
    together = defaultdict(set)
    for number, (conversation, _, _) in found.items():
        together[conversation].add(number)
    assert sorted(map(sorted, together.values())) == sorted(map(sorted, groups.values()))


def walked(rows: list[list[str]]) -> dict[int, tuple[int, str, str]]:
    """Root, brand and customer of every tweet that has both, by walking up from each."""
    by_id = {int(row[0]): row for row in rows}

    def up(number: int) -> list[int]:
        path = [number]
        while by_id[path[-1]][6]:
            path.append(int(by_id[path[-1]][6]))
        return path

    def own(number: int) -> str | None:
        if by_id[number][2] == "False":
            return by_id[number][1]
        answers = [row for row in rows if row[2] == "False" and row[6] == str(number)]
        return min(answers, key=lambda row: (row[3], int(row[0])))[1] if answers else None

    result = {}
    for number, row in by_id.items():
        path = up(number)
        brand = next((name for name in map(own, path) if name), None)
        customer = next((by_id[n][1] for n in path if by_id[n][2] == "True"), None)
        if row[2] == "False":
            addressed = re.match(r"@(\d+)", row[4])
            customer = customer or (addressed[1] if addressed else None)
        if brand is None and "@spotifycares" in row[4].lower():
            brand = "spotifycares"  # as the list of handles spells it, for it never tweets here
        if brand is not None and customer is not None:
            result[number] = (path[-1], brand, customer)
    return result


@pytest.mark.skipif(REAL is None, reason="BENCHKIT_TWCS does not name the folder of the real samples")
@pytest.mark.parametrize(
    ("name", "rows", "excluded"), [("twcs_sample_93.csv", 93, 1), ("twcs_first_5000.csv", 5_000, 158)]
)
def test_the_real_samples(name: str, rows: int, excluded: int) -> None:
    data = read_twcs(Path(REAL or "") / name)
    check(data.messages, MESSAGES)
    assert (data.audit.rows_read, data.audit.blank_rows, data.audit.excluded.height) == (rows, 0, excluded)
    assert set(data.audit.excluded["kind"]) == {"rule"}
    assert data.messages.collect().height == rows - excluded
    assert measure(find_waits(data), metrics="replied_within_24h", min_waits=0)["estimate"].item() > 0.8
