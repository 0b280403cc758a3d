"""Times from outside: read in one place, and always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show

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


def check_zone(name: object) -> str:
    """The name of a time zone that says when its clocks are changed.

    >>> check_zone("Asia/Kathmandu")
    'Asia/Kathmandu'
    >>> check_zone("CEST")
    Traceback (most recent call last):
    benchkit.errors.BenchkitError: 'CEST' is an abbreviation, and those are ambiguous or leave out \
summer time; name the time zone by a place, such as 'Europe/Berlin'

    Abbreviations are refused even where the time zone database has them, for `EST` there is never
    in summer time; `UTC` and `GMT` are names, and `Etc/GMT+5` says that it is an offset.
    """
    if not isinstance(name, str):
        raise BenchkitError(f"timezone is {show(name)}; give a name such as 'Europe/Berlin'")
    likely = [place for place, short in _ABBREVIATED.items() if name.upper() in short.split()]
    if not likely and _is_zone(name):
        return name
    if likely or re.fullmatch(r"[A-Z]{1,5}", name):
        raise BenchkitError(
            f"{show(name)} is an abbreviation, and those are ambiguous or leave out summer time; "
            f"name the time zone by a place, such as {' or '.join(map(show, likely or _EXAMPLES))}"
        )
    if offset := re.fullmatch(r"(?:UTC|GMT)?\s?([+-]\d{1,2}):?(\d{2})?", name, re.IGNORECASE | re.ASCII):
        hours, minutes = offset.groups("00")
        fixed = f"Etc/GMT{-int(hours):+d}"  # whose sign is that of how far west
        has_fixed = minutes == "00" and _is_zone(fixed)
        raise BenchkitError(
            f"{show(name)} is an offset, and those leave out summer time; name the time zone by a place, "
            f"such as 'Europe/Berlin'{f', or {show(fixed)} where clocks are never changed' * has_fixed}"
        )
    short = " ".join(_ABBREVIATED.values()).split()
    raise UnknownNameError(
        "time zone", name, sorted(filter(_is_zone, available_timezones().difference(short)))
    )


def _is_zone(name: str) -> bool:
    """Whether both the system and polars know it: each knows some that the other does not."""
    try:
        ZoneInfo(name)
        pl.Series(dtype=pl.Datetime("us")).dt.replace_time_zone(name)
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
        return False
    return True


_EXAMPLES = ("Europe/Berlin", "UTC")
_ABBREVIATED = {
    "America/New_York": "ET EST EDT",
    "America/Chicago": "CT CST CDT",
    "America/Denver": "MT MST MDT",
    "America/Los_Angeles": "PT PST PDT",
    "Pacific/Honolulu": "HST",
    "America/Sao_Paulo": "BRT",
    "Europe/London": "BST",
    "Europe/Lisbon": "WET WEST",
    "Europe/Berlin": "CET CEST MET MEST MEZ MESZ",
    "Europe/Athens": "EET EEST",
    "Europe/Moscow": "MSK",
    "Africa/Johannesburg": "SAST",
    "Asia/Kolkata": "IST",
    "Europe/Dublin": "IST",
    "Asia/Shanghai": "CST",
    "Asia/Tokyo": "JST",
    "Asia/Seoul": "KST",
    "Asia/Singapore": "SGT",
    "Australia/Sydney": "AEST AEDT",
    "Pacific/Auckland": "NZST NZDT",
}
"""Places whose clocks are often said to be on these, whatever the season."""


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
