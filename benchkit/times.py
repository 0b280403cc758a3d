"""Times from outside: read in one place, and always in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl

from benchkit.errors import BenchkitError, show

Moment = str | date | datetime
"""What may be given as a time."""


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
    r"^\s*(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<clock>\d{2}:\d{2})(?P<seconds>:\d{2}(?:[.,]\d{1,9})?)?)?"
    r"\s*(?:Z|UTC|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?)?\s*$"
)
