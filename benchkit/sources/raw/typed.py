"""Formats that know types: Parquet, and the sheets of workbooks."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.parsers import expat

import numpy as np
import polars as pl

from benchkit.errors import BenchkitError, InputError, UnknownNameError, show
from benchkit.sources.delimited import head_of
from benchkit.sources.raw.apart import PARQUET, WORKBOOK, survives
from benchkit.sources.raw.columns import Table, unique_names
from benchkit.sources.raw.files import Content, Found, limit_of, refuse_more_than
from benchkit.sources.raw.reading import Reading
from benchkit.sources.raw.records import Records, read_lines

if TYPE_CHECKING:
    import fastexcel

DAMAGED = "is damaged or locked with a password; save the workbook again"
DAMAGED_PARQUET = "is damaged Parquet; write it again"
TOP_ROWS = 1_000
LEAST_ROUNDED = 10**15
ROUNDED = "numbers of more than 15 digits, which a workbook has rounded"


def read_parquet(found: Found, content: Content) -> Table | Records:
    """A Parquet file; one with lists or structs becomes records, like JSON.

    `(line)` is the number of the row. Raises `InputError` for a damaged file.
    """
    with _undamaged(found, DAMAGED_PARQUET):
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        pl.read_parquet_schema(source)
        if not survives(content, PARQUET):
            raise InputError(found.label, DAMAGED_PARQUET)
        frame = pl.read_parquet(source, glob=False)
        if any(dtype.is_nested() for dtype in frame.dtypes):
            return read_lines(found, frame.write_ndjson().encode())
    return Table.of(found.name, frame)


def read_workbook(found: Found, content: Content, reading: Reading) -> Table:
    """One sheet of an Excel or OpenDocument workbook: the one that is named, or the first with rows.

    The header is the row `header_row`, or the first with anything in it; `(line)` is the row's
    number in the sheet. Numbers that are whole become so: a workbook knows only one kind.
    Raises `InputError` for a damaged or locked workbook, and `UnknownNameError` for a sheet
    that is not there.
    """
    import fastexcel

    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # it tells of every column that is empty
    with _undamaged(found):
        _check_package(found, content)
        if not survives(content, WORKBOOK):
            raise InputError(found.label, DAMAGED)
        book = fastexcel.read_excel(content if isinstance(content, bytes) else str(content))
    sheets = _sheets(found, book.sheet_names, reading.sheet)
    for sheet in sheets:
        with _undamaged(found):
            table = _read_sheet(found, book, sheet, reading.header_row)
        if table is not None and (table.n_read or sheet == sheets[-1]):
            return table
    raise InputError(found.label, "has a sheet that is empty; name another with sheet in [read]")


def _read_sheet(found: Found, book: fastexcel.ExcelReader, sheet: str, header_row: int) -> Table | None:
    n_top = header_row or TOP_ROWS
    top = book.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=n_top, dtypes="string")
    rows = top.to_polars().rows()
    is_filled = [any(cell and not cell.isspace() for cell in row) for row in rows]
    first = header_row - 1 if header_row else next(iter(np.flatnonzero(is_filled)), len(rows))
    if first >= len(rows):
        return None
    header = [" ".join((name or "").split()) for name in rows[first]]
    names = unique_names(header)
    if top.total_height <= first + 1:
        return Table.of(found.name, pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    below = book.load_sheet(sheet, header_row=None, skip_rows=int(first) + 1, schema_sample_rows=None)
    whole = {
        name: _whole(column)
        for name, given, column in zip(names, header, below.to_polars(), strict=True)
        if given or column.count()
    }
    n_rounded = sum(
        int((column.abs() >= LEAST_ROUNDED).sum()) for column in whole.values() if column.dtype.is_numeric()
    )
    table = Table.of(found.name, pl.DataFrame(whole), first_line=int(first) + 2)
    return replace(table, notes={ROUNDED: n_rounded}) if n_rounded else table


def _whole(column: pl.Series) -> pl.Series:
    """A column of floats as whole numbers, where all of them are."""
    if not column.dtype.is_float():
        return column
    numbers = column.cast(pl.Int64, strict=False)
    is_whole = (numbers.cast(pl.Float64).eq_missing(column)).all() and column.abs().lt(2**53).fill_null(
        True
    ).all()
    return numbers if is_whole else column


def _sheets(found: Found, names: list[str], wanted: str | int) -> list[str]:
    if wanted == "":
        return names
    if isinstance(wanted, int):
        if not 1 <= wanted <= len(names):
            raise UnknownNameError("sheet", wanted, names, where=f"in {show(found.label)}")
        return [names[wanted - 1]]
    folded = {name.strip().casefold(): name for name in names}
    if wanted.strip().casefold() not in folded:
        raise UnknownNameError("sheet", wanted, names, where=f"in {show(found.label)}")
    return [folded[wanted.strip().casefold()]]


def _check_package(found: Found, content: Content) -> None:
    """Refuse a workbook that unpacks to more than it may, or whose XML is cut short: readers hang on it."""
    if head_of(content, 2) != b"PK":
        return
    with zipfile.ZipFile(io.BytesIO(content) if isinstance(content, bytes) else content) as package:
        for info in package.infolist():
            refuse_more_than(limit_of(info.compress_size), info.file_size, found.label)
            if info.filename.endswith(".xml"):
                with package.open(info) as part:
                    expat.ParserCreate().ParseFile(part)


@contextmanager
def _undamaged(found: Found, problem: str = DAMAGED) -> Iterator[None]:
    """Turn what goes wrong in another's reader into a sentence; a panic there is no Exception."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, BenchkitError):
        raise
    except BaseException:
        raise InputError(found.label, problem) from None
