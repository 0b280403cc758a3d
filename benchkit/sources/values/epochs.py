"""Times that are written as one number: seconds since 1970, snowflake ids, days of a spreadsheet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from benchkit.errors import BenchkitError, show

FIRST, END = datetime(1990, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
"""No time outside these is read: what would be one is another number, or stands for none."""

OTHER_YEAR = "a year outside 1990 to 2100"
UNITS_MIXED = "epoch times in another unit than most of their column, told by their size"

EPOCH_TEXT = r"^[0-9][0-9., '’]{8,}$|^[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}$"
"""How numbers are written that may be seconds since 1970 or parts of them, where nobody says so."""

_NANOSECONDS = 10**9
_PER_SECOND = (1, 10**3, 10**6, _NANOSECONDS)
_SNOWFLAKE_MS = 1_288_834_974_657
_LAST_NUMBERED = 2**35
_EXCEL_1970 = 25_569
_DAY = 86_400
_NO_REASON = pl.lit(None, pl.String)


def read_epochs(said: pl.DataFrame, how: str, where: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """The times of numbers (`row`, `value`): `local`, `east` (0 where they are in UTC), `reason`, and notes.

    >>> said = pl.DataFrame({"row": [0, 1], "value": [1509487707, 1509487707000]})
    >>> read_epochs(said, "", "a column")[0]["local"].dt.to_string("%Y-%m-%d %H:%M:%S").to_list()
    ['2017-10-31 22:08:27', '2017-10-31 22:08:27']

    Seconds, milliseconds, microseconds and nanoseconds since 1970 differ in size, whatever the
    year from 1990 to 2100. Nanoseconds look like snowflake ids, so that nobody's word for either
    is an error, as it is for days of a spreadsheet. Ids up to some 30 billion were numbered one
    by one, before there were snowflakes, and hold no time.
    """
    if how == "snowflake":
        return _snowflakes(said, where), {}
    if how == "excel":
        return _excel_days(said), {}
    if how not in ("", "epoch"):
        raise BenchkitError(f'{where} holds numbers; leave out time, or say time = "epoch" or time = "excel"')
    said = said.with_columns(pl.col("value").cast(pl.Float64).fill_nan(None)).drop_nulls("value")
    value, per_second = pl.col("value"), pl.lit(None, pl.Float64)
    for parts in _PER_SECOND:
        is_of_size = (value >= FIRST.timestamp() * parts) & (value < END.timestamp() * parts)
        per_second = pl.when(is_of_size).then(float(parts)).otherwise(per_second)
    sized = said.with_columns(per_second=per_second)
    if how == "":
        _refuse_what_may_be_other(sized, where)
    counts = sized["per_second"].drop_nulls().value_counts().sort("count")
    mixed = int(counts["count"][:-1].sum())
    other_year = pl.when(pl.col("per_second").is_null()).then(pl.lit(OTHER_YEAR))
    found = _found(sized, value / pl.col("per_second") * 1e6, 0, other_year)
    return found, {UNITS_MIXED: mixed} if mixed else {}


def _refuse_what_may_be_other(sized: pl.DataFrame, where: str) -> None:
    nanoseconds = sized.filter(per_second=_NANOSECONDS)
    if nanoseconds.height:
        number = int(nanoseconds.item(0, "value"))
        as_epoch = datetime.fromtimestamp(number / _NANOSECONDS, UTC)
        as_snowflake = datetime.fromtimestamp(((number >> 22) + _SNOWFLAKE_MS) / 1_000, UTC)
        raise BenchkitError(
            f"a number such as {number} in {where} may be nanoseconds ({as_epoch:%Y-%m-%d %H:%M}) or "
            f"a snowflake id ({as_snowflake:%Y-%m-%d %H:%M}); "
            'say time = "epoch" or time = "snowflake" in the mapping'
        )
    first, end = (time.timestamp() / _DAY + _EXCEL_1970 for time in (FIRST, END))
    if sized.height and sized["value"].is_between(first, end).all():
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=sized.item(0, "value") - _EXCEL_1970)
        raise BenchkitError(
            f"{show(sized.item(0, 'value'))} in {where} looks like a day of a spreadsheet "
            f'({day:%Y-%m-%d %H:%M}); if so, say time = "excel" in the mapping'
        )


def _snowflakes(said: pl.DataFrame, where: str) -> pl.DataFrame:
    if not said.schema["value"].is_integer():
        raise BenchkitError(
            f"{where} holds ids that were made floating-point numbers and are not exact; export them as text"
        )
    ids = pl.col("value").cast(pl.Int64, strict=False)
    milliseconds = pl.when(ids > _LAST_NUMBERED).then(ids // 2**22 + _SNOWFLAKE_MS)
    return _found(said, milliseconds * 1_000, 0)


def _excel_days(said: pl.DataFrame) -> pl.DataFrame:
    days = pl.col("value").cast(pl.Float64)
    milliseconds = ((pl.when(days.is_between(0, 100_000)).then(days) - _EXCEL_1970) * _DAY * 1_000).round()
    return _found(said, milliseconds * 1_000, None)


def _found(
    said: pl.DataFrame, microseconds: pl.Expr, east: int | None, reason: pl.Expr = _NO_REASON
) -> pl.DataFrame:
    local = microseconds.round().cast(pl.Int64).cast(pl.Datetime("us"))
    return said.select("row", local=local, east=pl.lit(east, pl.Int32), reason=reason)
