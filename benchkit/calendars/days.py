"""Days and places as people write them: dates, public holidays, time zones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

from benchkit.errors import BenchkitError, UnknownNameError, show

Day = date | str

FIRST_YEAR, LAST_YEAR = 1900, 2199
_1970 = date(1970, 1, 1).toordinal()
_MOST_LISTED = 4


def parse_day(value: object) -> date:
    """Read a day, as text or not.

    >>> parse_day("2026-12-24")
    datetime.date(2026, 12, 24)
    """
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime) or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BenchkitError(
            f"{show(value)} is not a day from {FIRST_YEAR} to {LAST_YEAR}; write it like 2026-12-24"
        )
    return day


def day_number(day: date) -> int:
    """The number of a day, from 0 for the first of 1970."""
    return day.toordinal() - _1970


def say_days(days: Iterable[date]) -> str:
    """Say a few days one by one, more by how many there are.

    >>> say_days([date(2026, 12, 24), date(2026, 12, 31)])
    '2026-12-24 and 2026-12-31'
    >>> say_days(date(2026, 12, day) for day in range(1, 13))
    '12 days from 2026-12-01 to 2026-12-12'
    """
    written = [day.isoformat() for day in sorted(days)]
    if len(written) > _MOST_LISTED:
        return f"{len(written):,} days from {written[0]} to {written[-1]}"
    return " and ".join([", ".join(written[:-1])] * (len(written) > 1) + written[-1:])


def parse_holidays(given: object) -> str | tuple[date, ...] | None:
    """Read holidays: a country, a country and its region, or a list of days.

    >>> parse_holidays("DE-BE"), parse_holidays(["2026-12-24"])
    ('DE-BE', (datetime.date(2026, 12, 24),))
    """
    if given is None:
        return None
    if isinstance(given, str):
        return _check_region(given)
    if not isinstance(given, Iterable):
        raise BenchkitError(f"holidays are {show(given)}; give a country such as 'DE-BE', or a list of days")
    return tuple(sorted({parse_day(day) for day in given})) or None


def _check_region(code: str) -> str:
    from holidays import list_supported_countries

    country, dash, region = code.partition("-")
    countries = list_supported_countries()
    if country not in countries:
        raise UnknownNameError("country", country, list_supported_countries(include_aliases=False))
    if dash and region not in countries[country]:
        raise UnknownNameError("region", region, countries[country], where=f"of {country}")
    return code


def public_holidays(code: str, first_day: int, last_day: int) -> set[int]:
    """The numbers of the public holidays of all years in which some days lie, days in lieu included.

    >>> christmas = day_number(date(2026, 12, 25))
    >>> christmas in public_holidays("DE-BE", christmas, christmas)
    True
    """
    first, last = (date.fromordinal(day + _1970).year for day in (first_day, last_day))
    return set().union(*(_holidays_of_year(code, year) for year in range(first, last + 1)))


@lru_cache(maxsize=4_096)
def _holidays_of_year(code: str, year: int) -> frozenset[int]:
    from holidays import country_holidays

    country, _, region = code.partition("-")
    return frozenset(map(day_number, country_holidays(country, subdiv=region or None, years=year)))
