"""The forms in which dates and times are written, as patterns, and what their parts say."""

from __future__ import annotations

import polars as pl

LONGEST = 100
"""Bytes; what is longer is no time."""

EMPTY = (
    *("", "-", "--", "–", "—", "null", "none", "n/a", "na", "nan", "nat", "#n/a", "\\n"),
    *("0000-00-00", "0000-00-00 00:00:00"),
)
"""How systems write that there is no value, in lower case."""

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}

_SEPARATOR = r"\s?[/.-]\s?"
_WEEKDAY = r"(?:[A-Za-z]{3,9}\.?,?\s+)?"
_MONTH = r"(?P<word>[A-Za-z]{3,9})\.?"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[0-9]{4})"
_SHORT_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_HOUR = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<seconds>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?|\s?(?:Uhr|h))?"
)
_ZONE = (
    r"(?P<zone>(?i:Z|UTC|GMT)|[A-Z][A-Za-z]{1,4})?"
    r"(?:(?P<sign>[+-])(?P<east_hours>[0-9]{1,2})(?::?(?P<east_minutes>[0-9]{2}))?(?:\s[A-Z]{2,5})?)?"
    r"(?:\s*\([^()]*\)|\[[^\[\]]*\])?"
)
_REST = rf"(?:(?:,?\s+(?:at|um)\s+|,?\s+|T){_HOUR})?\s*{_ZONE}$"

YEAR_FIRST = {
    "2017-10-31T22:08:27Z": rf"^{_YEAR}{_SEPARATOR}(?P<month>[0-9]{{1,2}}){_SEPARATOR}{_DAY}{_REST}",
    "20171031T220827Z": (
        rf"^{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})"
        rf"T(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<seconds>[0-9]{{2}})?{_ZONE}$"
    ),
}
ALL = {
    **YEAR_FIRST,
    "31.10.2017 22:08": (
        rf"^(?P<first>[0-9]{{1,2}}){_SEPARATOR}(?P<second>[0-9]{{1,2}}){_SEPARATOR}{_SHORT_YEAR}{_REST}"
    ),
    "Tue Oct 31 22:08:27 +0000 2017": rf"^{_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_HOUR}\s+(?:{_ZONE}\s+)?{_YEAR}$",
    "Oct 31, 2017 10:08 PM": rf"^{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}{_REST}",
    "31 Oct 2017 22:08": rf"^{_WEEKDAY}{_DAY}\.?[\s-]\s?{_MONTH},?[\s-]{_SHORT_YEAR}{_REST}",
}
"""By an example of each; a text has the first form that it matches."""

PARTS = (
    *("year", "month", "day", "first", "second", "hour", "minute", "seconds"),
    *("east_hours", "east_minutes"),
)
_WORDS = ("word", "fraction", "half", "zone", "sign")


def stripped(texts: pl.Series) -> pl.Series:
    """Text without spaces around it, null where it says that there is no value.

    >>> stripped(pl.Series([" 2017-10-31 ", "N/A", None])).to_list()
    ['2017-10-31', None, None]
    """
    text = pl.col("value").str.strip_chars()
    is_empty = text.str.len_bytes().is_between(0, 20) & text.str.to_lowercase().is_in(EMPTY)
    return texts.to_frame("value").select(pl.when(~is_empty).then(text)).to_series()


def find_parts(texts: pl.DataFrame, forms: dict[str, str]) -> pl.DataFrame:
    """What texts in one of some forms say, one row each, with their `row` carried on.

    >>> texts = pl.DataFrame({"row": [0, 1], "value": ["31/10/17 10:08 pm", "soon"]})
    >>> find_parts(texts, ALL).select("row", "first", "second", "year", "hour", "minute").rows()
    [(0, 31, 10, 2017, 22, 8)]

    `first` and `second` are a day and a month in an order that a text alone does not tell, else
    `month` and `day` are given. `east` is the offset from UTC in minutes, null where none is
    named. `zone` is a word that names a zone other than UTC.
    """
    rest = texts.filter(pl.col("value").str.len_bytes() <= LONGEST)
    found = []
    for form in forms.values():
        if rest.is_empty():
            break
        matches = rest["value"].str.contains(form)
        if matches.any():
            found.append(_parts(rest.filter(matches), form))
            rest = rest.filter(~matches)
    return pl.concat(found) if found else _parts(rest.clear(), ALL["31.10.2017 22:08"])


def _parts(texts: pl.DataFrame, form: str) -> pl.DataFrame:
    said = texts.lazy().select("row", pl.col("value").str.extract_groups(form).struct.unnest())
    there = said.collect_schema().names()
    missing = [pl.lit(None, pl.String).alias(name) for name in (*PARTS, *_WORDS) if name not in there]
    numbers = said.with_columns(missing).with_columns(
        (pl.col("year").str.len_bytes() == 2).alias("is_short"),
        pl.col(PARTS).cast(pl.Int32),
        pl.col("word").str.to_lowercase().replace_strict(MONTHS, default=None, return_dtype=pl.Int32),
        pl.col("fraction").str.pad_end(9, "0").str.slice(0, 6).cast(pl.Int32).fill_null(0),
    )
    hour, minute, year = pl.col("hour"), pl.col("minute"), pl.col("year")
    is_afternoon = pl.col("half").str.to_lowercase() == "p"
    at_noon = hour % 12 + 12 * is_afternoon.cast(pl.Int32)
    half_a_day = pl.when(hour <= 12).then(at_noon)
    named = pl.col("zone").str.to_uppercase()
    east = pl.col("east_hours") * 60 + pl.col("east_minutes").fill_null(0)
    is_utc = named.is_in(["Z", "UTC", "GMT"])
    return numbers.select(
        "row",
        "first",
        "second",
        "day",
        month=pl.coalesce("month", "word"),
        year=pl.when("is_short").then(year + pl.when(year < 90).then(2000).otherwise(1900)).otherwise(year),
        hour=pl.when(pl.col("half").is_not_null()).then(half_a_day).when(minute.is_not_null()).then(hour),
        has_clock=hour.is_not_null(),
        minute=minute.fill_null(0),
        seconds=pl.col("seconds").fill_null(0),
        microseconds="fraction",
        east=pl.when(pl.col("sign") == "-")
        .then(-east)
        .when(pl.col("sign") == "+")
        .then(east)
        .when(is_utc)
        .then(0),
        zone=pl.when(~is_utc).then("zone"),
    ).collect()


def is_date(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whether there is such a day in the month of the `year`.

    >>> pl.select(year=2017).select(is_date(pl.lit(2), pl.lit(29))).item()
    False
    """
    year = pl.col("year")
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = pl.when(month == 2).then(28 + is_leap.cast(pl.Int32)).otherwise(30 + (month + month // 8) % 2)
    return (month.is_between(1, 12) & day.is_between(1, days)).fill_null(False)


def local_time(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The time that parts name, without a zone; null where there is no such time."""
    hour = pl.when("has_clock").then("hour").otherwise(0)
    is_time = (
        hour.is_between(0, 23)
        & pl.col("minute").is_between(0, 59)
        & pl.col("seconds").is_between(0, 59)
        & pl.col("east").is_between(-1_080, 1_080).fill_null(True)
    ).fill_null(False)
    there = pl.when(is_time & is_date(month, day))
    return pl.datetime(
        pl.col("year"),
        there.then(month),
        there.then(day),
        hour=there.then(hour),
        minute=there.then("minute"),
        second=there.then("seconds"),
        microsecond="microseconds",
    )
