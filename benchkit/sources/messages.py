"""Messages that are in benchkit's own columns already, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from benchkit.damage import undamaged
from benchkit.dataset import EXCLUDED, About, Audit, Dataset
from benchkit.errors import InputError, UnknownNameError, show
from benchkit.schema import EVENTS, MESSAGES, TIME, RuleError, Table
from benchkit.sources.delimited import (
    find_file,
    name_of,
    read_rows,
    refuse_timeless,
    refuse_unreadable,
    set_aside,
)
from benchkit.sources.plain import of_our_era, text_of_bytes
from benchkit.sources.scanning import Rows
from benchkit.times import Moment, iso_time, parse_as_of

EXAMPLE = """message_id,conversation_id,brand,channel,sender,sender_id,sent_at
1,a,Acme,chat,customer,7,2026-03-02T09:00:00Z
2,a,Acme,chat,agent,Acme/JK,2026-03-02 10:40+01:00
"""
"""A made-up file of two messages."""

DAMAGED = "is damaged Parquet; write it again"
_MAY_BE_EMPTY = ("sender_id",)
_MEANT = {
    pl.String: "empty",
    pl.Categorical: "empty",
    pl.Datetime: "no time",
    pl.Enum: "none of the words it may be",
}
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_messages(
    path: str | Path, *, events: str | Path | None = None, as_of: Moment | None = None
) -> Dataset:
    """Read messages in the canonical columns, and the events that go with them, if any.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     read_messages(file)
    Dataset('mine', as of 2026-03-02 09:40 UTC)

    CSV or Parquet, by its content; columns as in `schema.MESSAGES` and `schema.EVENTS`, in any
    order, others ignored. Times are ISO 8601, in UTC where they name no offset. `as_of` is
    when the extract was taken (without it: the newest time in the files); what is later is
    left out. Unreadable rows are left out, up to 5%, and stand in `audit` with their lines.

    Raises `InputError` for a file that cannot be read, `UnknownNameError` for a column that is
    not there, and `BenchkitError` for messages that break a rule of `schema.MESSAGES`.
    """
    taken_at = None if as_of is None else parse_as_of(as_of)
    happened, lost = (None, Audit()) if events is None else _read(events, EVENTS)
    build = partial(Dataset.from_messages, events=happened, as_of=taken_at, about=About(name_of(path)))
    file = find_file(path)
    if _is_parquet(file) and not lost.excluded.height:
        with suppress(RuleError), undamaged(file, DAMAGED):  # what breaks a rule is looked at row by row
            return build(_scan(file, MESSAGES))
    messages, audit = _read(path, MESSAGES)
    brands = messages.select(pl.col("brand").unique().cast(pl.String)).collect().to_series()
    if brands.str.contains("\ufffd", literal=True).any():
        raise InputError(path, "has names of brands that are not UTF-8; save it again as CSV in UTF-8")
    try:
        return build(messages, audit=replace(audit, excluded=pl.concat([audit.excluded, lost.excluded])))
    except RuleError as error:
        raise InputError(path, f"{error}; mend these rows or leave them out") from None


def _read(path: str | Path, table: Table) -> tuple[pl.LazyFrame, Audit]:
    """The rows that can be read, and what was left out."""
    file = find_file(path)
    if _is_parquet(file):
        with undamaged(file, DAMAGED):
            stored = _scan(file, table).with_row_index("line", 1).collect()
        rows = Rows(stored, stored.height, 0, pl.DataFrame(schema=EXCLUDED))
    else:
        names = list(table.columns)
        rows = read_rows(path, names, lambda given: _cells(table, dict.fromkeys(given)))
    for column, dtype in table.columns.items():
        if isinstance(dtype, pl.Datetime):
            refuse_timeless(path, rows.frame[column], column, "2026-03-02T09:00:00Z")
    kept, unreadable = set_aside(rows.frame, "unreadable", _unreadable(table))
    excluded = pl.concat([rows.malformed, unreadable])
    refuse_unreadable(path, excluded, rows.n_read)
    if table.key_is_unique:
        again = {f"duplicate {table.key}": ~pl.col(table.key).is_first_distinct()}
        kept, repeated = set_aside(kept, "rule", again)
        excluded = pl.concat([excluded, repeated])
    return kept.drop("line").lazy(), Audit(rows.n_read, rows.n_blank, excluded)


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == b"PAR1"


def _scan(file: Path, table: Table) -> pl.LazyFrame:
    scan = pl.scan_parquet(file, glob=False)
    with undamaged(file, DAMAGED):
        schema = scan.collect_schema()
    for column in table.columns:
        if column not in schema:
            raise UnknownNameError("column", column, schema.names(), where=f"in {show(file)}")
    for column in table.all_columns:
        dtype = schema.get(column, pl.String())
        if dtype.is_nested() or dtype == pl.Duration:
            raise InputError(file, f"its column {column} is of the type {show(dtype)}; write it as text")
    return _in_our_era(scan, schema, table.all_columns).select(_cells(table, schema))


def _in_our_era(scan: pl.LazyFrame, schema: pl.Schema, names: Iterable[str]) -> pl.LazyFrame:
    """The same with null for times that no clock shows: looked for once, for there hardly ever are any."""
    is_time = {name: isinstance(schema.get(name), pl.Datetime | pl.Date) for name in names}
    shown = {name: of_our_era(pl.col(name), schema[name]) for name in names if is_time[name]}
    lost = scan.select((pl.col(name).is_not_null() & shown[name].is_null()).any() for name in shown)
    has_lost = lost.collect().row(0, named=True) if shown else {}
    return scan.with_columns(shown[name] for name in shown if has_lost[name])


def _cells(table: Table, schema: Mapping[str, pl.DataType | None]) -> list[pl.Expr]:
    """The columns of the table that there are, in its types (None: bare text); null where that cannot be."""
    wanted = table.all_columns
    return [_cell(name, schema[name], wanted[name]) for name in wanted if name in schema]


def _cell(name: str, given: pl.DataType | None, wanted: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if given == wanted:
        return column
    if given == pl.Binary:
        column = column.map_batches(text_of_bytes, return_dtype=pl.String)
    if isinstance(given, pl.Datetime):
        return (column.dt.replace_time_zone("UTC") if given.time_zone is None else column).cast(TIME)
    words = column.cast(pl.String, strict=False).str.strip_chars()
    if isinstance(wanted, pl.Datetime):
        return iso_time(words).alias(name)
    if isinstance(wanted, pl.Enum):
        return words.str.to_lowercase().cast(wanted, strict=False)
    if isinstance(wanted, pl.Boolean):
        return words.str.to_lowercase().replace_strict(_BOOLEANS, default=None)
    return pl.when(words != "").then(words).cast(wanted).alias(name)


def _unreadable(table: Table) -> dict[str, pl.Expr]:
    """For each column that must have a value, what a row without one is left out for."""
    return {
        f"a {name} that is {_MEANT[type(dtype)]}": pl.col(name).is_null()
        for name, dtype in table.columns.items()
        if name not in _MAY_BE_EMPTY
    }
