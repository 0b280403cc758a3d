"""SQL queries over a connection URI: PostgreSQL through ADBC, SQLite through Python itself; read-only."""

# ruff: noqa: S608 (a query is the caller's own, asked inside one that only reads)

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from benchkit.errors import BenchkitError
from benchkit.sources.raw import Raw, SourceFile, Table
from benchkit.sources.secrets import ConnectionUri, connection_uri, keeping_secrets

Ask = Callable[[str], pl.DataFrame]
"""Gives the rows that a query finds."""

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 10, 3_600
BATCH_ROWS = 50_000
NO_DRIVER = (
    "PostgreSQL is read through a driver that is not installed; install it with: pip install 'benchkit[sql]'"
)

_REACH = "check the URI, and that the database can be reached from here"
_READ = "mend the query, or let the database's user read what it names; only queries that read are asked"
_AS_IT_IS = {
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "boolean",
    "text",
    "character varying",
}
_TIMES = {"date", "timestamp without time zone", "timestamp with time zone"}


@dataclass(frozen=True)
class Answer(SourceFile):
    """What a query found, in the place of a file."""

    digest: str

    @cached_property
    def sha256(self) -> str:
        """The hash of the rows."""
        return self.digest


def open_query(where: str, query: str, *, seconds: float = SECONDS_TO_ANSWER) -> Raw:
    """Ask a database a query, and give its rows as those of a file.

    >>> import os, tempfile
    >>> from contextlib import closing
    >>> folder = tempfile.TemporaryDirectory()
    >>> with closing(sqlite3.connect(Path(folder.name, "shop.db"))) as shop:
    ...     _ = shop.execute("CREATE TABLE asked AS SELECT 1 AS id, 'hello' AS words")
    ...     shop.commit()
    >>> os.environ["SHOP_URI"] = f"sqlite:///{folder.name}/shop.db"
    >>> open_query("env:SHOP_URI", "SELECT * FROM asked").take(["id", "words"]).rows()
    [('env:SHOP_URI', 1, 0, '1', 'hello')]
    >>> folder.cleanup()

    `where` is as `connection_uri` takes it. PostgreSQL is read in a read-only transaction, batch
    by batch; its integers, floats, booleans, dates and times keep their types, all else is text
    (arrays as JSON, infinite times as nothing). From SQLite, whose columns have no types, all is
    text. Raises `BenchkitError` in one sentence, without anything secret: for a query that does
    more than read, that fails, or that takes longer than `seconds`.
    """
    uri = connection_uri(where)
    query = query.strip().rstrip(";")
    if not query:
        raise BenchkitError("the query is empty; write one, such as SELECT * FROM messages")
    frame = _from_sqlite(where, uri, query, seconds) if uri.startswith("sqlite:") else None
    if frame is None:
        with open_snapshot(where, seconds=seconds) as ask:
            frame = _typed(ask, query)
    digest = hashlib.sha256(frame.hash_rows(seed=0).to_numpy().tobytes()).hexdigest()
    source = Answer(Path(where), int(frame.estimated_size()), digest)
    return Raw([Table.of(where, frame)], [source])


@contextmanager
def open_snapshot(where: str, *, seconds: float = SECONDS_TO_ANSWER) -> Iterator[Ask]:
    """Ask a PostgreSQL database several queries that all see it as it was at the first.

    One transaction, read-only and repeatable: nothing is locked, nothing can be changed.
    """
    uri = connection_uri(where)
    if uri.startswith("sqlite:"):
        raise BenchkitError(f"{where} names SQLite, and a PostgreSQL database is wanted; name that one")
    connection = _connect(where, uri)
    try:
        limit = max(int(seconds * 1_000), 1)
        _ask(connection, where, uri, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _ask(connection, where, uri, f"SET LOCAL statement_timeout = {limit}")
        _ask(connection, where, uri, "SET LOCAL TIME ZONE 'UTC'")
        yield lambda query: _ask(connection, where, uri, query)
    finally:
        with suppress(Exception):  # there is nothing to lose, and the driver's own words might tell the URI
            connection.close()


def _connect(where: str, uri: ConnectionUri) -> Any:
    try:
        driver = import_module("adbc_driver_postgresql.dbapi")
    except ImportError:
        raise BenchkitError(NO_DRIVER) from None
    limited = uri
    if "connect_timeout=" not in uri:
        separator = "&" if "?" in uri else "?"
        limited = ConnectionUri(uri + f"{separator}connect_timeout={SECONDS_TO_CONNECT}")
    return keeping_secrets(where, uri, _REACH, lambda: driver.connect(limited, autocommit=False))


def _ask(connection: Any, where: str, uri: ConnectionUri, query: str) -> pl.DataFrame:
    def ask() -> pl.DataFrame:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return pl.DataFrame(cursor.fetch_arrow())

    return keeping_secrets(where, uri, _READ, ask)


def _typed(ask: Ask, query: str) -> pl.DataFrame:
    """The rows, in types that mean the same here: what else there is, the database writes as text."""
    try:
        names = ask(f"SELECT * FROM (\n{query}\n) AS asked LIMIT 0").columns
    except pl.exceptions.PanicException:
        names = None
    if names is None:
        raise BenchkitError(
            "the query gives two columns of one name, or an interval; "
            "name each column with AS, and give intervals as text"
        )
    columns = [f"c{number}" for number in range(len(names))]
    asked = f"(\n{query}\n) AS asked({', '.join(columns)})"
    types = ", ".join(f"pg_typeof(asked.{column})::text AS {column}" for column in columns)
    found = ask(f"SELECT {types} FROM (SELECT) AS one LEFT JOIN {asked} ON false").row(0)
    cells = [f"{_cell(column, dtype)} AS {column}" for column, dtype in zip(columns, found, strict=True)]
    frame = ask(f"SELECT {', '.join(cells)} FROM {asked}")
    frame.columns = names
    return frame


def _cell(column: str, dtype: str) -> str:
    if dtype in _AS_IT_IS:
        return f"asked.{column}"
    if dtype in _TIMES:
        return f"CASE WHEN isfinite(asked.{column}) THEN asked.{column} END"
    return f"to_json(asked.{column})::text" if dtype.endswith("[]") else f"asked.{column}::text"


def _from_sqlite(where: str, uri: ConnectionUri, query: str, seconds: float) -> pl.DataFrame:
    file = Path(uri.removeprefix("sqlite:///"))
    give_up_at = time.monotonic() + seconds

    def ask() -> pl.DataFrame:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            connection.text_factory = _text
            connection.set_progress_handler(lambda: time.monotonic() > give_up_at, 10_000)
            cursor = connection.execute(f"SELECT * FROM (\n{query}\n)")
            schema = {name: pl.String() for name, *_ in cursor.description}
            batches = [pl.DataFrame(schema=schema)]
            while rows := cursor.fetchmany(BATCH_ROWS):
                batches.append(pl.DataFrame([[*map(_text, row)] for row in rows], schema, orient="row"))
            return pl.concat(batches)

    return keeping_secrets(where, uri, _READ, ask)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
