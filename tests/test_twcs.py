"""Tweets: what files may do to their reader, and its rules against a plain reading of them."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, InputError
from benchkit.schema import MESSAGES, check
from benchkit.sources.twcs import EXAMPLE, SELECTION, read_twcs

NOON = datetime(2017, 10, 31, 12, tzinfo=UTC)


class Tweet(NamedTuple):
    tweet_id: int
    author: str
    text: str = ""
    parent: str = ""
    minute: float = 0

    @property
    def from_agent(self) -> bool:
        return not self.author.isdigit()

    @property
    def at(self) -> datetime:
        return NOON + timedelta(minutes=self.minute)

    def cells(self) -> dict[str, object]:
        return {
            "tweet_id": self.tweet_id,
            "author_id": self.author,
            "inbound": str(not self.from_agent),
            "created_at": f"{self.at:%a %b %d %H:%M:%S +0000 %Y}",
            "text": self.text,
            "response_tweet_id": "7,8",
            "in_response_to_tweet_id": self.parent,
        }


def as_csv(*tweets: Tweet) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(tweets[0].cells()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(tweet.cells() for tweet in tweets)
    return text.getvalue()


def read(folder: Path, *tweets: Tweet, **options: object) -> Dataset:
    path = folder / "tweets.csv"
    path.write_text(as_csv(*tweets), encoding="utf-8", newline="")
    return read_twcs(path, **options)  # type: ignore[arg-type]


def read_text(folder: Path, text: str | bytes) -> Dataset:
    path = folder / "tweets.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_twcs(path)


def column(data: Dataset, name: str) -> dict[str, object]:
    """The value of a column by message."""
    return dict(data.messages.select("message_id", pl.col(name)).collect().iter_rows())


def excluded(data: Dataset) -> list[tuple[int, str, str]]:
    return data.audit.excluded.sort("line").select("line", "kind", "reason").rows()


ASKED = Tweet(1, "115712", "@Delta my bag is gone", minute=0)
ANSWERED = Tweet(2, "Delta", "@115712 Sorry! ^JK", "1", minute=10)
THANKED = Tweet(3, "115712", "@Delta thanks", "2", minute=20)


def test_messages_are_canonical_and_in_order(tmp_path: Path) -> None:
    data = read(tmp_path, THANKED, ANSWERED, ASKED)
    assert check(data.messages, MESSAGES)["rows"] == 3
    assert data.messages.collect().rows() == [
        ("1", "1", "Delta", "twitter", "customer", "115712", ASKED.at, "Airlines", None),
        ("2", "1", "Delta", "twitter", "agent", "Delta/JK", ANSWERED.at, "Airlines", "1"),
        ("3", "1", "Delta", "twitter", "customer", "115712", THANKED.at, "Airlines", "2"),
    ]
    assert (data.about.name, data.about.selection) == ("tweets", SELECTION)
    assert data.as_of == THANKED.at


def test_text_is_kept_only_when_asked_for(tmp_path: Path) -> None:
    assert "text" not in read(tmp_path, ASKED).messages.collect_schema()
    assert column(read(tmp_path, ASKED, keep_text=True), "text") == {"1": ASKED.text}


# the file


PLAIN = as_csv(ASKED, ANSWERED, THANKED)
TABLE = list(csv.reader(io.StringIO(PLAIN)))
FORMS = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "Windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "gzip": gzip.compress(PLAIN.encode()),
    "no last line end": PLAIN.removesuffix("\n").encode(),
    "parents as floats": PLAIN.replace(",1\n", ",1.0\n").replace(",2\n", ",2.0\n").encode(),
    "upper case": PLAIN.replace("True", "TRUE").replace("False", "FALSE").encode(),
    "lower case": PLAIN.replace("True", "true").replace("False", "false").encode(),
    "other order": "".join(",".join(f'"{cell}"' for cell in row[::-1]) + "\n" for row in TABLE).encode(),
    "an index without a name": "".join(f",{line}\n" for line in PLAIN.splitlines()).encode(),
    "everything quoted": "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in TABLE).encode(),
    "another zone": PLAIN.replace("12:10:00 +0000", "14:10:00 +0200").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_file_reads_the_same(tmp_path: Path, form: str) -> None:
    expected = read_text(tmp_path, PLAIN)
    data = read_text(tmp_path, FORMS[form])
    assert data.messages.collect().equals(expected.messages.collect())
    assert (data.as_of, data.audit.rows_read, excluded(data)) == (expected.as_of, 3, [])


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "two\r\nlines",
        "a bare\rcarriage return",
        'he said "well, well"',
        '"',
        "🤥 💯",
        "fish &amp; chips &lt;3",
        "nul \0 byte",
        "a \u2028 line separator \x85",
    ],
)
def test_texts_of_every_kind(tmp_path: Path, text: str) -> None:
    asked = ASKED._replace(text=text)
    data = read(tmp_path, asked, ANSWERED, keep_text=True)
    assert column(data, "text") == {"1": text, "2": ANSWERED.text}
    assert excluded(data) == []


def test_broken_utf8_and_quotes_out_of_place(tmp_path: Path) -> None:
    rows = PLAIN.encode().replace(b"my bag", b'my 5" bag \xff').replace(b"thanks", b"than\rks")
    data = read_text(tmp_path, rows)
    assert list(column(data, "brand")) == ["1", "2", "3"]
    assert excluded(data) == []


def test_rows_too_short_and_too_long_are_left_out_with_their_line(tmp_path: Path) -> None:
    good = as_csv(*(Tweet(n, "1", "two\nlines @Delta") for n in range(10, 60)))
    last = as_csv(ASKED).partition("\n")[2]
    data = read_text(tmp_path, good + "1,2,True\n1,2,3,4,5,6,7,8\n" + last)
    assert excluded(data) == [
        (102, "unreadable", "too few fields"),
        (103, "unreadable", "too many fields"),
    ]
    assert (data.audit.rows_read, data.messages.collect().height) == (53, 51)


@pytest.mark.parametrize("blank", ["\n", ",,,,,,\n", "\r\n", "  \n"])
def test_blank_rows_are_counted_apart(tmp_path: Path, blank: str) -> None:
    data = read_text(tmp_path, PLAIN + 1000 * blank)
    assert (data.audit.rows_read, data.audit.blank_rows, excluded(data)) == (3, 1000, [])


def test_unreadable_rows_have_their_reasons(tmp_path: Path) -> None:
    bad = {
        "a tweet_id that is no whole number": {"tweet_id": "x"},
        "an empty author_id": {"author_id": ""},
        "an inbound that is neither True nor False": {"inbound": "maybe"},
        "a created_at that is no time": {"created_at": "soon"},
        "an in_response_to_tweet_id that is no whole number": {"in_response_to_tweet_id": "2.5"},
    }
    path = tmp_path / "bad.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ASKED.cells()))
        writer.writeheader()
        writer.writerows({**ASKED.cells(), **change} for change in bad.values())
        writer.writerows(Tweet(n, "1", "@Delta").cells() for n in range(100, 300))
    assert excluded(read_twcs(path)) == [
        (line, "unreadable", reason) for line, reason in enumerate(bad, start=2)
    ]


def test_more_than_one_row_in_twenty_unreadable_is_an_error(tmp_path: Path) -> None:
    good = as_csv(*(Tweet(n, "1", "@Delta") for n in range(19)))
    assert read_text(tmp_path, good + "1,2\n").audit.rows_read == 20
    with pytest.raises(InputError, match=r"2 of 21 rows cannot be read.*too few fields \(line 21, 22\)"):
        read_text(tmp_path, good + "1,2\n1,2\n")


def test_no_time_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one of its 3 values of created_at is a time"):
        read_text(tmp_path, PLAIN.replace("2017", "MMXVII"))


# when the extract was taken


def test_a_row_from_2038_does_not_move_the_time_of_the_extract(tmp_path: Path) -> None:
    late = Tweet(9, "115712", "@Delta", minute=60 * 24 * 365 * 21)
    data = read(tmp_path, ASKED, ANSWERED, late)
    assert data.as_of == ANSWERED.at
    assert excluded(data) == [(4, "rule", "in the future")]


@pytest.mark.parametrize("as_of", ["2017-10-31T12:10:00Z", "2017-10-31 13:10+01:00", ANSWERED.at])
def test_rows_after_the_extract_are_left_out(tmp_path: Path, as_of: str | datetime) -> None:
    data = read(tmp_path, ASKED, ANSWERED, THANKED, as_of=as_of)
    assert data.as_of == ANSWERED.at
    assert excluded(data) == [(4, "rule", "after the extract was taken")]


@pytest.mark.parametrize("as_of", ["2017", "soon", "2999-01-01"])
def test_times_that_no_extract_was_taken_at(tmp_path: Path, as_of: str) -> None:
    with pytest.raises(BenchkitError, match=r"is not a time|in the future"):
        read(tmp_path, ASKED, as_of=as_of)


@pytest.mark.parametrize(
    ("tweets", "options"),
    [
        ([ASKED], {"as_of": "2017-10-30"}),
        ([ASKED._replace(minute=60 * 24 * 365 * 100)], {}),
        ([ASKED._replace(text="no brand")], {}),
    ],
)
def test_nothing_is_left(tmp_path: Path, tweets: list[Tweet], options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="holds no tweet"):
        read(tmp_path, *tweets, **options)


# the rules


def test_a_tweet_belongs_to_whoever_answered_it_first(tmp_path: Path) -> None:
    late, early = Tweet(2, "Tesco", "", "1", 30), Tweet(3, "ATT", "", "1", 20)
    brands = column(read(tmp_path, ASKED, late, early), "brand")
    assert brands == {"1": "ATT", "2": "Tesco", "3": "ATT"}


def test_else_to_the_nearest_brand_up_its_thread(tmp_path: Path) -> None:
    again = Tweet(4, "115712", "@Tesco hello?", "3", 30)
    other = Tweet(5, "7", "@Tesco me too", "1", 30)
    brands = column(read(tmp_path, ASKED, ANSWERED, THANKED, again, other), "brand")
    assert set(brands.values()) == {"Delta"}


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("@delta hi", "delta"),
        ("hi @DELTA!", "delta"),
        ("@115712 @nobody @O2 @delta", "o2"),
        ("@Delta_air @Tescoish @tfl", "tfl"),
        ("me@delta.com, not @att", "att"),
        ("“@Delta”", "delta"),
    ],
)
def test_else_to_the_first_support_handle_it_names(tmp_path: Path, text: str, brand: str) -> None:
    assert column(read(tmp_path, Tweet(1, "7", text)), "brand") == {"1": brand}


def test_else_it_is_left_out(tmp_path: Path) -> None:
    data = read(tmp_path, ASKED, Tweet(5, "7", "@nobody hi"), Tweet(6, "7", "deltadelta @delta_"))
    assert excluded(data) == [(3, "rule", "no brand"), (4, "rule", "no brand")]


def test_a_brand_is_spelt_as_most_of_its_tweets_spell_it(tmp_path: Path) -> None:
    tweets = [Tweet(n, "DELTA" if n < 2 else "Delta", "@115712", minute=n) for n in range(5)]
    assert set(column(read(tmp_path, *tweets, ASKED._replace(tweet_id=9)), "brand").values()) == {"Delta"}


def test_the_customer_of_an_agent(tmp_path: Path) -> None:
    second_part = Tweet(4, "Delta", "@999 and more", "2", 11)
    to_nobody_in_the_file = Tweet(5, "Delta", "@115713 Hello", "12345", 12)
    broadcast = Tweet(6, "Delta", "Hello @115713", "", 13)
    to_a_brand = Tweet(7, "Delta", "@Tesco @115713 Hello", "", 14)
    data = read(tmp_path, ASKED, ANSWERED, second_part, to_nobody_in_the_file, broadcast, to_a_brand)
    assert column(data, "conversation_id") == {"1": "1", "2": "1", "4": "1", "5": "5"}
    assert excluded(data) == [(6, "rule", "broadcast"), (7, "rule", "broadcast")]


def test_whoever_an_agent_addresses_is_the_customer_who_then_answers(tmp_path: Path) -> None:
    outreach = Tweet(1, "Delta", "@115712 Hello", "", 0)
    answer = Tweet(2, "115712", "Hi", "1", 5)
    data = read(tmp_path, outreach, answer)
    assert column(data, "conversation_id") == {"1": "1", "2": "1"}
    assert column(data, "in_reply_to") == {"1": None, "2": "1"}


def test_a_conversation_is_one_customer_with_one_brand_in_one_thread(tmp_path: Path) -> None:
    joins = Tweet(4, "7", "@Delta me too", "1", 5)
    answered = Tweet(5, "Tesco", "@7 Hi", "4", 6)
    elsewhere = Tweet(6, "115712", "@Delta again", "", 7)
    conversations = column(read(tmp_path, ASKED, ANSWERED, joins, answered, elsewhere), "conversation_id")
    assert conversations == {"1": "1", "2": "1", "4": "4", "5": "4", "6": "6"}


def test_parts_of_an_answer_share_the_nearest_signature(tmp_path: Path) -> None:
    texts = ["@115712 first 1/5", "@115712 ^JK 2/5", "@115712 3/5", "@115712 ^MO 4/5", "@115712 5/5"]
    parts = [Tweet(10 + n, "Delta", text, "1", minute=n + 1) for n, text in enumerate(texts)]
    elsewhere = [Tweet(20, "Delta", "@115712 and", "3", 30), Tweet(21, "Tesco", "@115712 and", "1", 3)]
    signers = column(read(tmp_path, ASKED, THANKED, *parts, *elsewhere), "sender_id")
    assert [signers[str(part.tweet_id)] for part in parts] == [
        f"Delta/{name}" for name in ("JK", "JK", "JK", "MO", "MO")
    ]
    assert (signers["20"], signers["21"]) == ("Delta/unsigned", "Tesco/unsigned")


def test_the_same_initials_at_two_brands_are_two_people(tmp_path: Path) -> None:
    other = Tweet(4, "Tesco", "@115712 Hi ^JK", "3", 30)
    signers = column(read(tmp_path, ASKED, ANSWERED, THANKED, other), "sender_id")
    assert (signers["2"], signers["4"]) == ("Delta/JK", "Tesco/JK")


def test_a_tweet_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    data = read(tmp_path, ASKED, ANSWERED, ANSWERED._replace(text="@115712 ^XX"))
    assert column(data, "sender_id") == {"1": "115712", "2": "Delta/JK"}
    assert excluded(data) == [(4, "rule", "duplicate")]


def test_circles_are_entered_at_their_earliest_tweet(tmp_path: Path) -> None:
    itself = Tweet(9, "8", "@Delta", "9", 0)
    circle = [Tweet(n, "7", "@Delta", str(1 + n % 4), minute=(7 * n) % 5) for n in range(1, 5)]
    tail = Tweet(5, "7", "@Delta", "1", 9)
    conversations = column(read(tmp_path, itself, *circle, tail), "conversation_id")
    earliest = min(circle, key=lambda tweet: tweet.minute)
    assert conversations.pop("9") == "9"
    assert set(conversations.values()) == {str(earliest.tweet_id)}


def test_a_deep_thread_and_ids_far_apart(tmp_path: Path) -> None:
    ids = [10**18 + 7919 * (n * 611 % 1009) for n in range(1000)]
    parents = ["", *map(str, ids)]
    thread = [
        Tweet(i, "7", "@Delta", parent, minute)
        for minute, (i, parent) in enumerate(zip(ids, parents, strict=False))
    ]
    assert set(column(read(tmp_path, *thread), "conversation_id").values()) == {str(ids[0])}


# against a plain reading of the rules

TEXTS = st.tuples(
    st.sampled_from(["", "@1 ", "@2 ", "@Delta ", "hi @1 "]),
    st.sampled_from(["", "@tesco ", "@nobody @DELTA "]),
    st.sampled_from(["", "^JK", "^MO"]),
).map("".join)


@st.composite
def threads(draw: st.DrawFn) -> list[Tweet]:
    ids = draw(st.lists(st.integers(1, 20), min_size=1, max_size=12, unique=True))
    parents = st.sampled_from(["", "99", *map(str, ids)])
    authors = st.sampled_from(["1", "2", "3", "Delta", "DELTA", "Tesco", "Nobody"])
    return [Tweet(i, draw(authors), draw(TEXTS), draw(parents), draw(st.integers(0, 6))) for i in ids]


def plainly(tweets: list[Tweet]) -> dict[str, tuple[str, str, str]]:
    """Conversation, brand and sender of every tweet, read off the rules one by one."""
    by_id = {str(tweet.tweet_id): tweet for tweet in tweets}
    up = {tweet: by_id.get(tweet.parent) for tweet in tweets}

    def when(tweet: Tweet) -> tuple[float, int]:
        return tweet.minute, tweet.tweet_id

    def way(tweet: Tweet) -> list[Tweet]:
        path = [tweet]
        while (above := up[path[-1]]) is not None and above not in path:
            path.append(above)
        return path

    for tweet in tweets:
        if (again := up[way(tweet)[-1]]) is not None:
            up[min(way(again), key=when)] = None

    def answered_by(tweet: Tweet) -> str:
        answers = [other for other in tweets if other.from_agent and up[other] == tweet]
        return min(answers, key=when).author if answers else ""

    def brand(tweet: Tweet) -> str:
        near = (above.author if above.from_agent else answered_by(above) for above in way(tweet))
        mentioned = (word[1:] for word in tweet.text.split() if word.lower() in ("@delta", "@tesco"))
        return next(filter(None, near), next(mentioned, "")).lower()

    def customer(tweet: Tweet) -> str:
        asked = [above.author for above in way(tweet) if not above.from_agent]
        first = (tweet.text.split() or [""])[0]
        addressed = first[1:] if first[1:].isdigit() and tweet.text.startswith("@") else ""
        return (asked or [addressed])[0]

    def signer(tweet: Tweet) -> str:
        parts = [
            other
            for other in sorted(tweets, key=when)
            if other.from_agent
            and brand(other) == brand(tweet)
            and other.parent == tweet.parent
            and tweet.parent
        ]
        place = parts.index(tweet) if tweet in parts else 0
        nearest_first = [tweet, *parts[:place][::-1], *parts[place:]]
        return next((part.text.split("^")[1] for part in nearest_first if "^" in part.text), "unsigned")

    def conversation(tweet: Tweet) -> tuple[Tweet, str, str]:
        return way(tweet)[-1], customer(tweet), brand(tweet)

    kept = [tweet for tweet in tweets if customer(tweet) and brand(tweet)]
    found = {}
    for tweet in kept:
        same = [other for other in kept if conversation(other) == conversation(tweet)]
        earliest = min(same, key=lambda other: (other.minute, other.from_agent, other.tweet_id))
        sender = f"{brand(tweet)}/{signer(tweet)}" if tweet.from_agent else tweet.author
        found[str(tweet.tweet_id)] = (str(earliest.tweet_id), brand(tweet), sender)
    return found


@given(threads())
def test_the_rules_are_what_a_plain_reading_makes_of_them(
    tmp_path_factory: pytest.TempPathFactory, tweets: list[Tweet]
) -> None:
    expected = plainly(tweets)
    folder = tmp_path_factory.mktemp("threads")
    if not expected:
        with pytest.raises(InputError, match="holds no tweet"):
            read(folder, *tweets)
        return
    data = read(folder, *tweets)
    frame = data.messages.collect()
    brand, sender = (frame[name].cast(pl.String) for name in ("brand", "sender_id"))
    lower = pl.DataFrame([frame["message_id"], frame["conversation_id"], brand.str.to_lowercase(), sender])
    got = {
        row[0]: (row[1], row[2], f"{row[2]}/{row[3].split('/')[1]}" if "/" in row[3] else row[3])
        for row in lower.iter_rows()
    }
    assert got == expected
    assert frame["conversation_id"].rle().struct.field("value").is_unique().all()
    assert len(expected) + data.audit.excluded.height == len(tweets)


@given(st.binary(max_size=200), st.booleans())
def test_whatever_the_bytes_nothing_but_benchkits_own_errors_escapes(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, appended: bool
) -> None:
    text = EXAMPLE.encode() + noise if appended else noise
    with suppress(BenchkitError):
        read_text(tmp_path_factory.mktemp("noise"), text)


# the real files, where they are

REAL = os.environ.get("BENCHKIT_TWCS", "")


@pytest.mark.skipif(not REAL, reason="BENCHKIT_TWCS names no folder of real tweets")
def test_the_first_5000_tweets() -> None:
    data = read_twcs(Path(REAL, "twcs_first_5000.csv"))
    assert data.audit.rows_read == 5000
    assert Counter(data.audit.excluded["reason"]) == {"no brand": 139, "broadcast": 19}
    messages = data.messages.collect()
    assert messages["conversation_id"].n_unique() == 1422
    assert messages["brand"].n_unique() == 76
    agents = messages.filter(pl.col("sender") == "agent")
    assert agents.height == 2222 - 19
    signed = Counter(agents["sender_id"])
    assert signed["sprintcare/KC"] == 1
    assert signed["AppleSupport/unsigned"] == 139
    assert signed["ChipotleTweets/Becky"] == 184


@pytest.mark.skipif(not REAL, reason="BENCHKIT_TWCS names no folder of real tweets")
def test_the_sample_of_93_tweets() -> None:
    data = read_twcs(Path(REAL, "twcs_sample_93.csv"))
    assert data.audit.rows_read == 93
    assert data.audit.excluded["reason"].to_list() == ["no brand"]
    messages = data.messages.collect()
    assert messages["conversation_id"].n_unique() == 28
    assert messages.filter(pl.col("sender") == "agent").height == 44
    assert set(messages.filter(pl.col("brand") == "SpotifyCares")["sender_id"]) >= {
        "SpotifyCares/AY",
        "SpotifyCares/MU",
    }
