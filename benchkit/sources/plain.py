"""Columns of whatever types a file has, as the few that benchkit knows."""

from __future__ import annotations

import polars as pl

PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
FIRST_SECOND, END_SECOND = -62_135_596_800, 253_402_300_800
DAY_SECONDS = 86_400


def plain(column: pl.Series) -> pl.Series:
    """The same values as text, numbers, booleans, dates or times in microseconds; null where that cannot be.

    >>> plain(pl.Series([b"Acme", b"\\xff"])).to_list()
    ['Acme', None]
    """
    return _plain(column.alias("")).alias(column.name)  # for polars takes ^…$ for a pattern of names


def _plain(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return pl.select(of_our_era(pl.lit(column), dtype)).to_series().dt.cast_time_unit("us")
    if isinstance(dtype, pl.Duration):
        return column.dt.total_microseconds() / 1e6
    if dtype.is_integer():
        whole = column.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column.cast(pl.String)
    if dtype.is_float():
        return column.cast(pl.Float64).fill_nan(None)
    if dtype == pl.Date:
        return pl.select(of_our_era(pl.lit(column), dtype)).to_series()
    if dtype == pl.Boolean:
        return column
    if dtype.is_nested() or dtype == pl.Object:
        return pl.repeat(None, len(column), dtype=pl.String, eager=True)
    text = text_of_bytes(column) if dtype == pl.Binary else column.cast(pl.String, strict=False)
    return text.set(~text.str.contains(r"\S").fill_null(True), None)


def of_our_era(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The same times or dates, null beyond the years 1 to 9999, which no clock shows.

    >>> days = pl.Series([-1, 10**7]).cast(pl.Date)
    >>> pl.select(of_our_era(pl.lit(days), days.dtype)).to_series().to_list()
    [datetime.date(1969, 12, 31), None]
    """
    first, end = FIRST_SECOND // DAY_SECONDS, END_SECOND // DAY_SECONDS
    if isinstance(dtype, pl.Datetime):
        if dtype.time_unit == "ns":
            return column  # which reach from 1677 to 2262
        first, end = (second * PER_SECOND[dtype.time_unit] for second in (FIRST_SECOND, END_SECOND))
    return pl.when(column.to_physical().is_between(first, end, closed="left")).then(column)


def text_of_bytes(column: pl.Series) -> pl.Series:
    """Bytes as text in UTF-8, null where they are none."""
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series(column.name, map(_text_of, column), dtype=pl.String)


def _text_of(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
