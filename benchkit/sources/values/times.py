"""Times as other programs write them, in UTC: a column is read in one way, which it shows itself."""

from __future__ import annotations

import warnings
from datetime import date
from typing import NamedTuple

import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.sources.values.epochs import END, EPOCH_TEXT, FIRST, OTHER_YEAR, read_epochs
from benchkit.sources.values.forms import ALL, YEAR_FIRST, find_parts, is_date, local_time, stripped
from benchkit.sources.values.numbers import read_numbers
from benchkit.times import check_zone

HOW = ("iso", "epoch", "snowflake", "excel", "day first", "month first")
"""How times may be said to be written, beside a strptime format; else it is found out."""

NO_TIME = "no time"
OTHER_ZONE = "a time zone other than UTC, GMT or an offset"
LEFT_OUT = "a time that the clock left out"
REPEATED = "times in the hour that autumn repeats, read as the earlier one"

_ORDER = 'say time = "day first" or time = "month first" in the mapping'
_EXCEL_TEXT = r"^[3-7][0-9]{4}(?:[.,][0-9]+)?$"


class Times(NamedTuple):
    """Times read: `at` in UTC, counts of what is worth knowing, and why values are no times.

    `reasons` has text where a value was there and `at` is null; it is None where there is none.
    """

    at: pl.Series
    notes: dict[str, int]
    reasons: pl.Series | None


def read_times(texts: pl.Series, *, how: str = "", timezone: str = "", where: str = "") -> Times:
    """Read a column of times, as text, numbers or typed, in UTC.

    >>> texts = pl.Series(["31/10/2017 22:08", "1/11/17 9:05 AM", "soon"])
    >>> read = read_times(texts, timezone="Europe/Berlin")
    >>> read.at.dt.to_string("%Y-%m-%d %H:%M").to_list(), read.reasons.to_list()
    (['2017-10-31 21:08', '2017-11-01 08:05', None], [None, None, 'no time'])

    Understood are ISO 8601; days and months in digits, with years of two digits last; months by
    their English names; RFC 2822; the form of twcs.csv; and epoch seconds, milliseconds and
    microseconds, each told by its size. `how` names one of `HOW` or a strptime format; snowflake
    ids, nanoseconds and Excel's day numbers are read only when named. Empty values, and words for
    them such as N/A, are null without a reason.

    Raises `BenchkitError` where no value tells the day from the month, where some values say one
    order and some the other, where a number may be nanoseconds or a snowflake id, and for times
    that name no zone, unless `timezone` does. `where` says in messages which column is read.
    """
    where = where or "a column of times"
    if how not in ("", *HOW) and "%" not in how:
        raise UnknownNameError("form of times", how, [*HOW, "%d.%m.%Y %H:%M"], where=f"for {where}")
    if texts.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        said = stripped(texts.cast(pl.String)).to_frame("value").with_row_index("row")
        found, notes = _of_texts(said.drop_nulls("value"), how, where)
    elif isinstance(texts.dtype, pl.Datetime | pl.Date):
        said = texts.to_frame("value").with_row_index("row")
        found, notes = _typed(said), {}
    elif texts.dtype.is_numeric():
        numbers = texts.fill_nan(None) if texts.dtype.is_float() else texts
        said = numbers.to_frame("value").with_row_index("row")
        found, notes = read_epochs(said.drop_nulls("value"), how, where)
    else:
        raise BenchkitError(f"{where} holds {texts.dtype} and not times; name another column")
    times = said.join(found, on="row", how="left", maintain_order="left")
    at, n_repeated = _in_utc(times, timezone, where)
    if n_repeated:
        notes = {**notes, REPEATED: n_repeated}
    reason = pl.coalesce(
        "reason",
        pl.when(pl.col("local").is_null()).then(pl.lit(NO_TIME)),
        pl.when(pl.col("at").is_null()).then(pl.lit(LEFT_OUT)),
        pl.when(~pl.col("at").is_between(FIRST, END, closed="left")).then(pl.lit(OTHER_YEAR)),
    )
    there = pl.when(pl.col("value").is_not_null())
    read = times.with_columns(at).select("at", there.then(reason).alias("reason"))
    good = read.select(pl.when(pl.col("reason").is_null()).then("at").alias(texts.name)).to_series()
    return Times(good, notes, read["reason"] if read["reason"].count() else None)


def _typed(said: pl.DataFrame) -> pl.DataFrame:
    dtype, local = said.schema["value"], pl.col("value")
    is_zoned = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    if is_zoned:
        local = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    east = pl.lit(0 if is_zoned else None, pl.Int32)
    return said.select("row", local=local.cast(pl.Datetime("us")), east=east, reason=pl.lit(None, pl.String))


def _of_texts(said: pl.DataFrame, how: str, where: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """What rows of text say: `local`, `east` in minutes where they name an offset, a `reason` for none."""
    if "%" in how:
        return _by_format(said, how, where), {}
    if how == "snowflake":
        return read_epochs(said.with_columns(pl.col("value").cast(pl.Int64, strict=False)), how, where)
    if how in ("epoch", "excel"):
        return read_epochs(said.with_columns(read_numbers(said["value"], where=where)), how, where)
    parts = find_parts(said, YEAR_FIRST if how == "iso" else ALL)
    month, day = _month_and_day(parts, said, how, where)
    other_zone = pl.col("zone").is_not_null()
    dates = parts.select(
        "row",
        pl.when(~other_zone).then(local_time(month, day)).alias("local"),
        "east",
        pl.when(other_zone).then(pl.lit(OTHER_ZONE)).alias("reason"),
    )
    if how or dates.height == said.height:
        return dates, {}
    rest = said.join(parts, on="row", how="anti")
    if not dates.height and said["value"].str.contains(_EXCEL_TEXT).all():
        numbers = rest
    else:
        numbers = rest.filter(pl.col("value").str.contains(EPOCH_TEXT))
    epochs, notes = read_epochs(numbers.with_columns(read_numbers(numbers["value"], where=where)), how, where)
    return pl.concat([dates, epochs]), notes


def _month_and_day(parts: pl.DataFrame, said: pl.DataFrame, how: str, where: str) -> tuple[pl.Expr, pl.Expr]:
    """Which of `first` and `second` is the month and which the day, as the column shows."""
    first, second = pl.col("first"), pl.col("second")
    order = how if how in HOW[-2:] else _order(parts, said, where)
    month, day = (second, first) if order == "day first" else (first, second)
    return pl.coalesce("month", month), pl.coalesce("day", day)


def _order(parts: pl.DataFrame, said: pl.DataFrame, where: str) -> str:
    first, second = pl.col("first"), pl.col("second")
    day_first, month_first = is_date(second, first), is_date(first, second)
    shown = (
        pl.when(day_first & ~month_first)
        .then(pl.lit("day first"))
        .when(month_first & ~day_first)
        .then(pl.lit("month first"))
        .when(month_first & (first != second))
        .then(pl.lit("either"))
    )
    examples = parts.group_by(shown.alias("shown")).agg(pl.col("row").min()).join(parts, on="row")
    example = {row["shown"]: row for row in examples.join(said, on="row").iter_rows(named=True)}
    text = {key: show(row["value"]) for key, row in example.items()}
    if "day first" in text and "month first" in text:
        raise BenchkitError(
            f"{where} has the day first in {text['day first']} and the month first in {text['month first']}; "
            f"{_ORDER}, and the others count as unreadable"
        )
    if "either" in text and "day first" not in text and "month first" not in text:
        row = example["either"]
        readings = (date(row["year"], row[m], row[d]) for m, d in (("second", "first"), ("first", "second")))
        one, other = (f"{reading.day} {reading:%B %Y}" for reading in readings)
        raise BenchkitError(
            f"{text['either']} in {where} may be {one} or {other}, and no value of the column tells which; "
            f"{_ORDER}"
        )
    return "day first" if "day first" in text else "month first"


def _by_format(said: pl.DataFrame, how: str, where: str) -> pl.DataFrame:
    if "%Z" in how or "%s" in how:
        raise BenchkitError(
            f'the form {show(how)} for {where} has %Z or %s; name the zone in timezone, or say time = "epoch"'
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = said["value"].str.to_datetime(how.replace(".%f", "%.f"), strict=False, time_unit="us")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, Warning):
        raise BenchkitError(
            f"the form {show(how)} for {where} is none of strptime; write one such as '%d.%m.%Y %H:%M'"
        ) from None
    return _typed(said.with_columns(read.alias("value")))


def _in_utc(times: pl.DataFrame, timezone: str, where: str) -> tuple[pl.Series, int]:
    """The times `at` of `local` and `east`, and how many of them the clock showed twice."""
    in_utc = pl.col("local").dt.replace_time_zone("UTC") - pl.duration(minutes="east")
    is_naive = pl.col("local").is_not_null() & pl.col("east").is_null()
    naive = times.filter(is_naive)
    if naive.is_empty():
        return times.select(at=in_utc).to_series(), 0
    if not timezone:
        raise BenchkitError(
            f"{show(naive.item(0, 'value'))} in {where} names no time zone; "
            'say timezone = "Europe/Berlin", or which it is, in the mapping or as an option'
        )
    clock, zone = pl.when(is_naive).then("local"), check_zone(timezone)
    readings = {
        reading: clock.dt.replace_time_zone(zone, ambiguous=reading, non_existent="null")
        for reading in ("earliest", "latest")
    }
    read = times.select(
        in_utc=in_utc, **{name: reading.dt.convert_time_zone("UTC") for name, reading in readings.items()}
    )
    is_twice = pl.col("earliest") != pl.col("latest")
    return read.select(at=pl.coalesce("in_utc", "earliest")).to_series(), int(
        read.select(is_twice.sum()).item()
    )
