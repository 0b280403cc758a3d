"""Times from outside: read in one place, and always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

import polars as pl

from benchkit.errors import BenchkitError, show

Moment = str | date | datetime
"""What may be given as a time."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_time(value: Moment) -> datetime:
    """Read a time or a date, as text or not, as a time in UTC.

    >>> parse_time("2017-10-31T22:10:00+02:00").isoformat()
    '2017-10-31T20:10:00+00:00'
    >>> parse_time("2017-11-01").isoformat()
    '2017-11-01T00:00:00+00:00'

    A date is its midnight, a time without a zone is in UTC. Raises `BenchkitError`.
    """
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
        elif isinstance(value, datetime):
            moment = value
        else:
            moment = datetime.combine(value, time())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BenchkitError(
            f"{show(value)} is not a time; write it like 2017-10-31 or 2017-10-31T22:10:00Z"
        ) from None


def parse_as_of(as_of: Moment) -> datetime:
    """When an extract was taken, as somebody says: a time that is not in the future.

    >>> parse_as_of("2017-12-04").year
    2017
    """
    taken_at = parse_time(as_of)
    if taken_at > datetime.now(UTC):
        raise BenchkitError(
            f"as_of {taken_at:%Y-%m-%d %H:%M} UTC is in the future; give the time when the extract was taken"
        )
    return taken_at


def newest_time(times: pl.Series) -> datetime | None:
    """The newest of some times that is not in the future, if there is one."""
    newest = times.filter(times <= datetime.now(UTC)).max()
    return newest if isinstance(newest, datetime) else None


def iso_time(text: pl.Expr) -> pl.Expr:
    """Read ISO 8601 dates and times, in UTC where they name no offset; null where they are none.

    >>> texts = pl.Series(["2026-03-02T09:00Z", "2026-03-02 09:00:00.5+01:00", "2026-03-02", "soon"])
    >>> pl.select(iso_time(pl.lit(texts)).dt.to_string("%H:%M:%S")).to_series().to_list()
    ['09:00:00', '08:00:00', '00:00:00', None]
    """
    part = text.str.extract_groups(_ISO).struct
    clock = part.field("clock").fill_null("00:00")
    seconds = part.field("seconds").fill_null(":00")
    local = (part.field("day") + " " + clock + seconds).str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False
    )
    minutes = part.field("hours").cast(pl.Int64) * 60 + part.field("minutes").fill_null("0").cast(pl.Int64)
    east = pl.when(part.field("sign") == "-").then(-minutes).otherwise(minutes).fill_null(0)
    return (local - pl.duration(minutes=east)).dt.replace_time_zone("UTC")


_ISO = (
    r"^\s*(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}:[0-9]{2})(?P<seconds>:[0-9]{2}(?:[.,][0-9]{1,9})?)?)?"
    r"\s*(?:Z|UTC|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?)?\s*$"
)


def parse_duration(text: str | float) -> tuple[float, float]:
    """Read a time as a screen says it: its seconds, and those of the last unit it was said in.

    >>> parse_duration("4 h 12"), parse_duration("1d 3h"), parse_duration(94.0)
    ((15120.0, 60.0), (97200.0, 3600.0), (94.0, 1.0))
    """
    if isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text < 1e9:
        return float(text), 1.0
    said = str(text).strip().lower()
    clock = re.fullmatch(r"(\d{1,5}):(\d{2})(?::(\d{2}))?\s*(?:h|hours?|hrs?)?", said, re.ASCII)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(3_600 * hours + 60 * minutes + seconds), 1.0 if clock[3] else 60.0
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([dhms])?[a-z]*\.?", said, re.ASCII)
    rebuilt = re.fullmatch(r"(?:\d++(?:\.\d++)?+\s*+(?:[dhms][a-z]*+\.?+)?+[\s,]*+)++", said, re.ASCII)
    total, unit = 0.0, None
    for number, letter in parts:
        lower = {None: None, "d": "h", "h": "m", "m": "s", "s": None}[unit]
        letter = letter or lower
        if letter is None or (unit is not None and _UNITS[letter] >= _UNITS[unit]):
            rebuilt = None
            break
        total, unit = total + float(number) * _UNITS[letter], letter
    if rebuilt is None or unit is None:
        raise BenchkitError(f"{show(text)} is no time; write one as a screen does, such as '4 h 12 min'")
    decimals = len(parts[-1][0].partition(".")[2])
    return total, _UNITS[unit] / 10**decimals
