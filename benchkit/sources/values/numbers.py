"""Numbers and durations as spreadsheets and screens write them, with commas and points told apart."""

from __future__ import annotations

import re

import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.sources.values.forms import stripped
from benchkit.times import parse_duration

UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600}

_SPACES = r"[\s'’]"


def _pattern(point: str, comma: str) -> str:
    grouped = rf"[1-9][0-9]{{0,2}}(?:(?:{comma}[0-9]{{3}})+|(?:{_SPACES}[0-9]{{3}})+)"
    return rf"^[+-]?(?:(?:{grouped}|[0-9]+)(?:{point}[0-9]+)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?$"


_READINGS = {".": _pattern(r"\.", ","), ",": _pattern(",", r"\.")}
_CLOCK = (
    r"^(?:(?P<days>[0-9]{1,5})\s*d(?:ays?)?,?\s*)?(?P<first>[0-9]{1,5}):(?P<second>[0-5][0-9])"
    r"(?::(?P<third>[0-5][0-9](?:[.,][0-9]{1,9})?))?$"
)
_ISO = (
    r"^P(?:(?P<days>[0-9]{1,5})D)?(?:T(?:(?P<hours>[0-9]{1,6})H)?(?:(?P<minutes>[0-9]{1,8})M)?"
    r"(?:(?P<seconds>[0-9]{1,10}(?:[.,][0-9]{1,9})?)S)?)?$"
)
_UNIT = r"(?:d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)"
_WORDS = rf"(?i)^(?:[0-9]{{1,9}}(?:[.,][0-9]{{1,2}})?\s*{_UNIT}\.?(?:\s*,?\s+(?:and\s+)?|,|$)?)+[0-9]{{0,2}}$"


def read_numbers(texts: pl.Series, *, decimal: str = "", where: str = "") -> pl.Series:
    """Read numbers, with decimal commas or points as the whole column shows; null where there are none.

    >>> read_numbers(pl.Series(["1.234,5", "1.234", "12", "many"])).to_list()
    [1234.5, 1234.0, 12.0, None]

    Thousands may stand apart by the other sign, a space or an apostrophe. `decimal` is `.` or `,`
    where it is known. Raises `BenchkitError` where no value tells which sign is the decimal one
    (1,234), or some say one and some the other.
    """
    if texts.dtype.is_numeric():
        return texts.cast(pl.Float64).fill_nan(None)
    if decimal not in ("", *_READINGS):
        raise UnknownNameError("decimal sign", decimal, _READINGS)
    text = stripped(texts.cast(pl.String))
    sign = decimal or _decimal_sign(text, where)
    plain = text.str.replace_all(rf"{_SPACES}|{re.escape('.,'.replace(sign, ''))}", "")
    numbers = plain.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return numbers.set(~text.str.contains(_READINGS[sign]).fill_null(False) | numbers.is_infinite(), None)


def _decimal_sign(text: pl.Series, where: str) -> str:
    signed = text.filter(text.str.contains(r"[.,]").fill_null(False))
    with_point, with_comma = (signed.str.contains(pattern) for pattern in _READINGS.values())
    points, commas = signed.filter(with_point & ~with_comma), signed.filter(with_comma & ~with_point)
    undecided = signed.filter(with_point & with_comma)
    say = f'say decimal = "." or decimal = ","{where and " for " + where} in the mapping'
    if len(points) and len(commas):
        raise BenchkitError(
            f"{show(points[0])} has a decimal point and {show(commas[0])} a decimal comma; {say}, "
            "and the others count as unreadable"
        )
    if len(undecided) and not len(points) and not len(commas):
        thousands = re.sub("[.,]", "", undecided[0])
        raise BenchkitError(
            f"{show(undecided[0])} may be {show(thousands)} or {show(undecided[0].replace(',', '.'))}, "
            f"and no value of the column tells which; {say}"
        )
    return "," if len(commas) else "."


def read_seconds(texts: pl.Series, *, unit: str = "seconds", decimal: str = "", where: str = "") -> pl.Series:
    """Read durations as seconds: numbers in a unit, clocks, and words; null where there are none.

    >>> read_seconds(pl.Series(["4 h 12 min", "00:12:30", "94", "2 days, 3:00:00", "PT5M", "soon"])).to_list()
    [15120.0, 750.0, 94.0, 183600.0, 300.0, None]

    `unit` is what plain numbers count: seconds, minutes or hours; it is also what 4:12 begins
    with: 4 hours or 4 minutes. Negative durations are null. Raises `BenchkitError` for 4:12
    where the unit does not tell, and for numbers as `read_numbers` does.
    """
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    if texts.dtype in (pl.Duration, pl.Time):
        return _not_negative(texts.cast(pl.Duration("us")).cast(pl.Int64) / 1e6)
    if texts.dtype.is_numeric():
        return _not_negative(read_numbers(texts) * UNITS[unit])
    text = stripped(texts.cast(pl.String))
    text = text.set(text.str.len_bytes() > 100, None)
    is_clock, is_iso, is_words = (
        text.str.contains(pattern).fill_null(False) for pattern in (_CLOCK, _ISO, _WORDS)
    )
    said = text.set(is_clock | is_iso | is_words, None)
    seconds = read_numbers(said, decimal=decimal, where=where) * UNITS[unit]
    for there, read in (
        (is_clock, lambda some: _clock_seconds(some, unit, where)),
        (is_iso, _iso_seconds),
        (is_words, _seconds_in_words),
    ):
        if there.any():
            seconds = seconds.scatter(there.arg_true(), read(text.filter(there)))
    return _not_negative(seconds)


def _not_negative(seconds: pl.Series) -> pl.Series:
    return seconds.set(seconds < 0, None)


def _clock_seconds(text: pl.Series, unit: str, where: str) -> pl.Series:
    parts = text.to_frame("text").select(pl.col("text").str.extract_groups(_CLOCK).struct.unnest())
    short = text.filter(parts["third"].is_null() & parts["days"].is_null())
    if len(short) and unit == "seconds":
        first, second = short[0].split(":")
        raise BenchkitError(
            f"{show(short[0])}{where and ' in ' + where} may be {int(first)} h {second} min or "
            f'{int(first)} min {second} s; say unit = "hours" or unit = "minutes" in the mapping'
        )
    days, first, second, third = (
        pl.col(name).str.replace(",", ".", literal=True).cast(pl.Float64) for name in parts.columns
    )
    from_hours = 86_400 * days.fill_null(0) + 3_600 * first + 60 * second + third.fill_null(0)
    in_minutes = third.is_null() & days.is_null() & (unit == "minutes")
    return parts.select(pl.when(in_minutes).then(60 * first + second).otherwise(from_hours)).to_series()


def _iso_seconds(text: pl.Series) -> pl.Series:
    parts = text.to_frame("text").select(pl.col("text").str.extract_groups(_ISO).struct.unnest())
    number = pl.all().str.replace(",", ".", literal=True).cast(pl.Float64)
    sizes = (86_400, 3_600, 60, 1)
    said = parts.select(number)
    total = pl.sum_horizontal(pl.col(name) * size for name, size in zip(said.columns, sizes, strict=True))
    return said.select(pl.when(pl.any_horizontal(pl.all().is_not_null())).then(total)).to_series()


def _seconds_in_words(text: pl.Series) -> pl.Series:
    different = text.unique()
    values = pl.Series([_in_words(said) for said in different], dtype=pl.Float64)
    return text.replace_strict(different, values, return_dtype=pl.Float64)


def _in_words(said: str) -> float | None:
    with_points = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", said.lower().replace("and", " "))
    try:
        return parse_duration(with_points)[0]
    except BenchkitError:
        return None
