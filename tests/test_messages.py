"""Messages in the canonical columns: what is read, what is left out, what is refused."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from benchkit import find_waits, load, read_messages
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.messages import EXAMPLE

COLUMNS = "message_id,conversation_id,brand,channel,sender,sender_id,sent_at"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rows(n: int = 100) -> list[str]:
    """Questions, each answered after ten minutes."""
    lines = []
    for number in range(n // 2):
        at = START + timedelta(hours=number)
        lines.append(f"q{number},c{number:03},Acme,chat,customer,{number},{at:%Y-%m-%dT%H:%M:%SZ}")
        at += timedelta(minutes=10)
        lines.append(f"a{number},c{number:03},Acme,chat,agent,Acme/JK,{at:%Y-%m-%dT%H:%M:%SZ}")
    return lines


def write(folder: Path, lines: list[str], name: str = "mine.csv", header: str = COLUMNS) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def test_csv_gzip_and_parquet_are_the_same(tmp_path: Path) -> None:
    plain = read_messages(write(tmp_path, rows()))
    zipped = tmp_path / "mine.csv.gz"
    zipped.write_bytes(gzip.compress((tmp_path / "mine.csv").read_bytes()))
    stored = tmp_path / "mine.parquet"
    plain.messages.collect().write_parquet(stored)
    for path in (zipped, stored):
        again = read_messages(path)
        assert again.messages.collect().equals(plain.messages.collect())
        assert (again.as_of, again.about.name, again.audit.rows_read) == (plain.as_of, "mine", 100)
    assert check(plain.messages, MESSAGES)["rows"] == 100
    assert plain.as_of == START + timedelta(hours=49, minutes=10)


def test_columns_in_any_order_others_ignored_and_optional_ones_kept(tmp_path: Path) -> None:
    header = "note,sent_at,sender,sender_id,topic,needs_reply,channel,brand,conversation_id,message_id"
    lines = [
        "x,2026-03-02 09:00, Customer ,7,refund,yes,chat,Acme,c1,1",
        'y,2026-03-02T10:00:00.5+01:00,AGENT,JK,,"",chat,Acme,c1,2',
        "z,2026-03-03,customer,7,,False,chat,Acme,c1,3",
    ]
    frame = read_messages(write(tmp_path, lines, header=header)).messages.collect()
    assert frame.columns == ["message_id", *COLUMNS.split(",")[1:], "topic", "needs_reply"]
    assert frame["sender"].to_list() == ["customer", "agent", "customer"]
    assert frame["sent_at"].to_list() == [
        START,
        START + timedelta(milliseconds=500),
        datetime(2026, 3, 3, tzinfo=UTC),
    ]
    assert frame["topic"].to_list() == ["refund", None, None]
    assert frame["needs_reply"].to_list() == [True, None, False]


def test_parquet_of_other_types_is_cast(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pl.DataFrame(
        {
            "message_id": [2, 1],
            "conversation_id": [5, 5],
            "brand": ["Acme", "Acme"],
            "channel": ["chat", "chat"],
            "sender": ["Agent", "customer"],
            "sender_id": [9, 7],
            "sent_at": [datetime(2026, 3, 2, 9, 1), datetime(2026, 3, 2, 9)],  # noqa: DTZ001
        }
    ).write_parquet(path)
    waits = find_waits(read_messages(path)).frame.collect()
    assert waits.select("wait_id", "conversation_id", "agent_id", "wait_seconds").rows() == [
        ("1", "5", "9", 60)
    ]


def test_events_close_and_assign(tmp_path: Path) -> None:
    messages = write(
        tmp_path, ["1,a,Acme,chat,customer,7,2026-03-02T09:00Z", "2,b,Acme,chat,customer,8,2026-03-02T09:00Z"]
    )
    lines = ["a,2026-03-02T09:05Z,Closed,JK", "b,2026-03-02T09:07Z,closed_no_reply_needed,", "b,soon,opened,"]
    lines += [f"b,2026-03-02T09:{minute:02}Z,snoozed,JK" for minute in range(10, 40)]
    events = write(tmp_path, lines, "events.csv", "conversation_id,at,kind,actor_id")
    data = read_messages(messages, events=events)
    waits = find_waits(data).frame.collect()
    assert waits.select("outcome", "wait_seconds", "needs_reply").rows() == [
        ("closed", 300, True),
        ("closed", 420, False),
    ]
    assert data.as_of == datetime(2026, 3, 2, 9, 39, tzinfo=UTC)
    assert data.audit.excluded["line"].to_list() == [4]
    assert data.events is not None
    assert check(data.events, EVENTS)["rows"] == 32


def test_what_is_left_out_is_counted_with_its_line(tmp_path: Path) -> None:
    lines = rows()
    lines[3] = lines[3].replace("2026-03-02", "2026-13-02")
    lines[7] = lines[7].replace("agent", "manager")
    lines[9] = "too,few"
    lines[20] = lines[18]
    lines.insert(30, "")
    lines += ["z1,z,Acme,chat,customer,7,2038-01-19T03:14:07Z"]
    data = read_messages(write(tmp_path, lines))
    left_out = data.audit.excluded.drop_nulls("line").sort("line")
    assert left_out["line"].to_list() == [5, 9, 11, 22]
    assert left_out["kind"].to_list() == ["unreadable"] * 3 + ["rule"]
    assert (data.audit.rows_read, data.audit.blank_rows) == (101, 1)
    assert "after the extract was taken" in data.audit.sentence()
    assert data.as_of.year == 2026


def test_as_of_leaves_out_what_came_later(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    data = read_messages(path, as_of="2026-03-02T10:05:00Z")
    assert data.messages.collect().height == 3
    assert data.as_of == START + timedelta(hours=1, minutes=5)
    assert load(messages=str(path), as_of="2026-03-02T10:05:00Z").as_of == data.as_of
    with pytest.raises(BenchkitError, match="is in the future"):
        read_messages(path, as_of="2126-01-01")


@pytest.mark.parametrize(
    ("spoil", "error", "sentence"),
    [
        (
            lambda line: line.replace(",chat,", ",,"),
            InputError,
            "100 of 100 rows cannot be read, most often for an empty channel|a channel that is empty",
        ),
        (
            lambda line: line.replace("2026", "late"),
            InputError,
            "not one of its 100 values of sent_at is a time",
        ),
        (
            lambda line: line.replace("c00", "all"),
            BenchkitError,
            "break the rule 'a conversation has one customer .so make its id of thread, customer and brand.'",
        ),
        (
            lambda line: line.replace("q3,c003,Acme", "q3,c003,Other"),
            BenchkitError,
            "rows of messages break the rule 'a conversation has one brand'",
        ),
    ],
)
def test_what_cannot_be_mended_is_refused(
    spoil: type[str], error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    lines = [spoil(line) for line in rows()]
    if "one customer" in sentence:
        lines = [line.replace(line.split(",")[1], "one-thread") for line in lines]
    path = write(tmp_path, lines)
    with pytest.raises(error, match=sentence):
        read_messages(path)


def test_parquet_with_a_few_bad_rows_is_read_and_with_many_is_not(tmp_path: Path) -> None:
    good = read_messages(write(tmp_path, rows())).messages.collect()
    path = tmp_path / "mine.parquet"
    late = pl.when(pl.int_range(pl.len()) != 4).then("sent_at")
    good.with_columns(late).extend(good[:1]).write_parquet(path)
    data = read_messages(path)
    assert data.messages.collect().height == 99
    assert data.audit.excluded.select("line", "reason").rows() == [
        (5, "a sent_at that is no time"),
        (101, "duplicate message_id"),
    ]
    good.with_columns(pl.when(pl.int_range(pl.len()) > 20).then("sent_at")).write_parquet(path)
    with pytest.raises(InputError, match="21 of 100 rows cannot be read"):
        read_messages(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="is damaged Parquet"):
        read_messages(path)
    good.drop("brand").write_parquet(path)
    with pytest.raises(UnknownNameError, match=r"no column 'brand' in '.*mine.parquet'"):
        read_messages(path)


def test_the_example_is_one(tmp_path: Path) -> None:
    path = tmp_path / "example.csv"
    path.write_text(EXAMPLE)
    assert find_waits(read_messages(path)).frame.collect()["wait_seconds"].to_list() == [2_400]


def test_one_source_at_a_time() -> None:
    with pytest.raises(BenchkitError, match="two sources"):
        load(twcs="a.csv", messages="b.csv")
    with pytest.raises(BenchkitError, match="events go with messages"):
        load(events="b.csv")


def odd_parquet(folder: Path, column: str, odd: pl.Series) -> Path:
    """Twenty messages whose last two have such values in a column."""
    good = read_messages(write(folder, rows()[:20])).messages.collect()
    plain = good.with_columns(pl.col("brand", "channel", "sender").cast(pl.String))
    if column not in plain.columns:
        plain = plain.with_columns(pl.lit(None, odd.dtype).alias(column))
    usual = plain[column][: -len(odd)]
    usual = usual.cast(odd.dtype) if usual.dtype.is_temporal() else usual.cast(odd.dtype, strict=False)
    path = folder / "odd.parquet"
    plain.with_columns(usual.append(odd).alias(column)).write_parquet(path)
    return path


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("ticks", [2**63 - 1, 2**60, -(2**60), -(2**63) + 1])
def test_times_that_no_clock_shows_are_no_times(
    tmp_path: Path, unit: Literal["ms", "us"], zone: str | None, ticks: int
) -> None:
    odd = pl.Series([ticks]).cast(pl.Datetime(unit, zone))
    data = read_messages(odd_parquet(tmp_path, "sent_at", odd))
    assert data.audit.excluded["reason"].to_list() == ["a sent_at that is no time"]
    told = read_messages(odd_parquet(tmp_path, "as_of", odd)).messages.collect()
    assert told["as_of"].null_count() == told.height == 20


@pytest.mark.parametrize("column", ["brand", "sent_at", "as_of", "needs_reply", "text"])
def test_types_that_hold_no_text_are_refused_in_a_sentence(tmp_path: Path, column: str) -> None:
    for dtype in (pl.List(pl.Int64), pl.Array(pl.Int64, 1), pl.Struct({"a": pl.Int64}), pl.Duration("us")):
        frame = read_messages(write(tmp_path, rows()[:20])).messages.collect()
        path = tmp_path / "odd.parquet"
        frame.with_columns(pl.lit(None).cast(dtype).alias(column)).write_parquet(path)
        with pytest.raises(InputError, match=rf"its column {column} is of the type '.*'; write it as text"):
            read_messages(path)


def test_bytes_are_text_where_they_are_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    frame = read_messages(write(tmp_path, rows()[:20])).messages.collect()
    last = pl.int_range(pl.len()) == pl.len() - 1
    for column in ("brand", "channel", "message_id", "conversation_id", "text"):
        held = pl.col(column).cast(pl.String) if column in frame.columns else pl.lit("é")
        held = held.cast(pl.Binary).alias(column)
        frame.with_columns(held).write_parquet(path)
        assert read_messages(path).messages.collect()[column].null_count() == 0
        frame.with_columns(pl.when(last).then(pl.lit(b"\xff")).otherwise(held).alias(column)).write_parquet(
            path
        )
        data = read_messages(path)
        if column == "text":
            assert data.messages.collect()["text"].null_count() == 1
        else:
            assert data.audit.excluded["reason"].to_list() == [f"a {column} that is empty"]
