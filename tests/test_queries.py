"""SQL queries: what PostgreSQL's types become, that nothing can be changed, and what is told of errors."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchkit.errors import BenchkitError
from benchkit.sources.raw import Raw
from benchkit.sources.raw.queries import Answer, open_query, open_snapshot
from tests.postgres import OWNER, PASSWORD, READER, Server, running_server

SHOP = [
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE TABLE asked (id bigint, words text, mood mood)",
    "INSERT INTO asked VALUES (1, 'where is my order', 'sad'), (2, NULL, 'glad'), (3, 'thanks', NULL)",
    "CREATE FUNCTION forget() RETURNS int LANGUAGE sql AS 'DELETE FROM asked; SELECT 1'",
    f"GRANT SELECT ON asked TO {READER}",
]


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running_server() as server:
        server.database("shop", *SHOP)
        yield server


@pytest.fixture
def where(shop: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database as its owner sees it, who may write."""
    monkeypatch.setenv("SHOP_URI", shop.uri(OWNER, database="shop"))
    return "env:SHOP_URI"


def rows(raw: Raw) -> list[tuple[object, ...]]:
    return raw.take(raw.names).select(pl.exclude("(file)", "(line)", "(record)")).rows()


def refused(where: str, query: str, **options: float) -> str:
    """The sentence; a traceback that shows the values of variables, too, shows no password."""
    with pytest.raises(BenchkitError) as caught:
        open_query(where, query, **options)
    assert caught.value.__context__ is None
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
    assert frames
    for frame in frames:
        assert "hunter2" not in repr(frame.f_locals)
    return str(caught.value)


def test_rows_are_as_those_of_a_file(where: str) -> None:
    raw = open_query(where, "SELECT id, words, mood FROM asked ORDER BY id DESC -- the newest first\n;")
    assert raw.names == ["id", "words", "mood"]
    assert rows(raw) == [(3, "thanks", None), (2, None, "glad"), (1, "where is my order", "sad")]
    assert raw.take(["id"])["(file)"].unique().to_list() == [where]
    assert (raw.n_read, raw.n_blank, raw.malformed.height) == (3, 0, 0)
    again, changed = (open_query(where, f"SELECT id + {n} AS id FROM asked").sources[0] for n in (0, 1))
    assert isinstance(again, Answer)
    assert again.sha256 != changed.sha256
    assert open_query(where, "SELECT id FROM asked").sources[0].sha256 == again.sha256
    assert rows(open_query(where, "SELECT * FROM asked WHERE false")) == []


def test_types_that_mean_the_same_stay_and_all_else_is_text(where: str) -> None:
    cells = {
        "1::smallint": 1,
        "2::bigint": 2,
        "1.5::real": 1.5,
        "true": True,
        "'x'::varchar(3)": "x",
        "'x'::char(3)": "x",
        "'glad'::mood": "glad",
        "1.50::numeric(10,2)": "1.50",
        "12345678901234567890::numeric": "12345678901234567890",
        "'$1.50'::money": "$1.50",
        "'6ca3a4f1-8f6c-4a38-9f43-0a4e3c1a5a11'::uuid": "6ca3a4f1-8f6c-4a38-9f43-0a4e3c1a5a11",
        """'{"a": [1]}'::jsonb""": '{"a": [1]}',
        "ARRAY['x', NULL]": '["x",null]',
        "ARRAY[1.5::numeric]": "[1.5]",
        "ARRAY['glad'::mood]": '["glad"]',
        "ROW(1, 'x')": "(1,x)",
        "'10:00'::time": "10:00:00",
        "'1.2.3.4'::inet": "1.2.3.4/32",
        "'1 day'::interval::text": "1 day",
        "'2026-03-02'::date": date(2026, 3, 2),
        "'2026-03-02 09:00:00.5'::timestamp": datetime(2026, 3, 2, 9, 0, 0, 500_000),  # noqa: DTZ001
        "'2026-03-02 09:00+01'::timestamptz": datetime(2026, 3, 2, 8, tzinfo=UTC),
        "'infinity'::timestamp": None,
        "'-infinity'::date": None,
        "'NaN'::float8": None,
        "NULL": None,
    }
    named = ", ".join(f"{cell} AS cell{number}" for number, cell in enumerate(cells))
    assert rows(open_query(where, f"SELECT {named}")) == [tuple(cells.values())]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM asked", "syntax error"),
        ("INSERT INTO asked VALUES (4) RETURNING id", "syntax error"),
        ("WITH gone AS (DELETE FROM asked RETURNING id) SELECT * FROM gone", "data-modifying statement"),
        ("SELECT forget()", "cannot execute DELETE in a read-only transaction"),
        ("SELECT 1) AS x; DELETE FROM asked; --", "syntax error"),
        ("SELECT 1; DELETE FROM asked", "syntax error"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "read-write mode"),
        ("COPY asked TO STDOUT", "syntax error"),
        ("SELECT nope FROM asked", 'column "nope" does not exist'),
        ("SELECT id, id FROM asked", "two columns of one name"),
        ("SELECT '1 day'::interval", "interval"),
        (" ;", "the query is empty"),
        ("SELECT '\x1b[2J'::int", "invalid input syntax"),
    ],
)
def test_a_query_that_does_more_than_read_or_fails_is_refused(where: str, query: str, told: str) -> None:
    """By its owner, who may: what reads is put into a SELECT, inside a transaction that only reads."""
    sentence = refused(where, query)
    assert told in sentence
    assert "\n" not in sentence
    assert "\x1b" not in sentence
    assert len(rows(open_query(where, "SELECT id FROM asked"))) == 3


def test_a_query_that_takes_too_long_is_stopped(where: str) -> None:
    began_at = time.monotonic()
    assert "statement timeout" in refused(where, "SELECT pg_sleep(20)", seconds=0.2)
    assert time.monotonic() - began_at < 10


def test_all_queries_of_a_snapshot_see_the_same_moment(shop: Server, where: str) -> None:
    count = "SELECT count(*) AS n FROM asked"
    with open_snapshot(where) as ask:
        before = ask(count).item()
        shop.run("INSERT INTO asked VALUES (4)", database="shop")
        assert ask(count).item() == before
        with pytest.raises(BenchkitError, match="read-only transaction"):
            ask("DELETE FROM asked")
    with open_snapshot(where) as ask:
        assert ask(count).item() == before + 1
    shop.run("DELETE FROM asked WHERE id = 4", database="shop")


def test_what_cannot_be_reached_or_entered_is_told_without_secrets(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    uris = {
        shop.uri(password=PASSWORD + "x"): "password authentication failed",
        shop.uri("nobody"): "password authentication failed",
        shop.uri(database="none"): "does not exist",
        shop.uri().replace(str(shop.port), "1"): "refused",
        shop.uri() + "?sslmode=require": "server does not support SSL",
        shop.uri() + "?passwort=x": "",
    }
    for uri, told in uris.items():
        monkeypatch.setenv("SHOP_URI", uri)
        sentence = refused("env:SHOP_URI", "SELECT 1")
        assert told in sentence
        for secret in (PASSWORD, "hunter2", READER, "nobody"):
            assert secret not in sentence
    monkeypatch.setenv("SHOP_URI", shop.uri(database="shop"))
    assert "permission denied" in refused("env:SHOP_URI", "SELECT * FROM pg_authid")


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    monkeypatch.setenv("SHOP_URI", "postgresql://db/shop")
    with pytest.raises(BenchkitError, match=re.escape("pip install 'benchkit[sql]'")):
        open_query("env:SHOP_URI", "SELECT 1")


def test_sqlite_is_read_as_text_and_never_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "a shop?.db"
    with closing(sqlite3.connect(file)) as shop:
        shop.execute("CREATE TABLE asked (id, words)")
        given = [(1, "x"), (2.5, None), ("3", b"\xffy"), (2**62, "z")]
        shop.executemany("INSERT INTO asked VALUES (?, ?)", given)
        shop.commit()
    folder = tmp_path / "plain.db"
    folder.write_bytes(file.read_bytes())
    monkeypatch.setenv("SHOP_URI", f"sqlite:///{folder}")
    raw = open_query("env:SHOP_URI", "SELECT id, words FROM asked -- all")
    assert rows(raw) == [("1", "x"), ("2.5", None), ("3", "\ufffdy"), (str(2**62), "z")]
    assert rows(open_query("env:SHOP_URI", "SELECT id FROM asked WHERE 0")) == []
    for query in ("DELETE FROM asked", "SELECT 1; DELETE FROM asked", "SELECT nope FROM asked"):
        assert refused("env:SHOP_URI", query).startswith("the database of env:SHOP_URI refuses: ")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    assert "interrupted" in refused("env:SHOP_URI", endless, seconds=0.1)
    assert raw.n_read == len(rows(open_query("env:SHOP_URI", "SELECT * FROM asked")))
    with pytest.raises(BenchkitError, match="names SQLite"), open_snapshot("env:SHOP_URI"):
        pass
    monkeypatch.setenv("SHOP_URI", f"sqlite:///{tmp_path / 'none.db'}")
    assert "unable to open" in refused("env:SHOP_URI", "SELECT 1")
    assert not (tmp_path / "none.db").exists()
