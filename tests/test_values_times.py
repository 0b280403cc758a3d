"""Times of foreign tables: every form back to the same instant, and nothing guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.sources.values import HOW, Times, read_times
from benchkit.sources.values.forms import stripped
from benchkit.times import iso_time
from tests.fuzzing import fuzz

SAME = datetime(2017, 10, 31, 22, 8, 27, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def read(*texts: object, **options: str) -> Times:
    return read_times(pl.Series("at", texts, strict=False), **options)


def only(text: object, **options: str) -> datetime | None:
    return read(text, **options).at.item()


@pytest.mark.parametrize(
    "text",
    [
        "2017-10-31T22:08:27Z",
        "2017-10-31 22:08:27",
        "  2017-10-31T22:08:27.000000000+00:00 ",
        "2017-10-31 23:08:27+01",
        "2017-10-31T17:08:27-0500",
        "2017/10/31 10:08:27 PM",
        "2017.10.31 22:08:27 UTC",
        "2017-10-31T23:08:27.000+01:00[Europe/Berlin]",
        "2017-10-31 23:08:27 +0100 CET",
        "20171031T220827Z",
        "31/10/2017 22:08:27",
        "10/31/2017 10:08:27 PM",
        "10/31/17, 10:08:27\u202fp.m.",
        "31.10.2017, 22:08:27 Uhr",
        "31. 10. 2017 um 22:08:27",
        "31-10-2017 22:08:27 GMT",
        "Oct 31, 2017 10:08:27 PM",
        "Oct 31 2017 22:08:27",
        "October 31st, 2017 at 10:08:27 PM",
        "Tuesday, October 31, 2017 10:08:27 PM UTC",
        "Tue Oct 31 2017 23:08:27 GMT+0100 (Central European Standard Time)",
        "31 Oct 2017 22:08:27",
        "31-Oct-17 22:08:27",
        "31. October 2017, 22:08:27",
        "Tue, 31 Oct 2017 22:08:27 +0000",
        "Tue, 31 Oct 2017 17:08:27 -0500 (EST)",
        "Tue Oct 31 22:08:27 +0000 2017",
        "Tue Oct 31 22:08:27 2017",
        "Tue Oct 31 22:08:27 utc 2017",
        "1509487707",
        "1509487707.0",
        "1,509,487,707",
        "1.509487707E9",
        "1509487707000",
        "1509487707000000",
        1509487707,
        1509487707000.0,
        SAME,
        SAME.astimezone(ZoneInfo("Asia/Kathmandu")),
        SAME.replace(tzinfo=None),
    ],
)
def test_one_instant_in_many_forms(text: object) -> None:
    assert only(text, timezone="UTC") == SAME


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("iso", "2017-10-31T22:08:27Z"),
        ("epoch", "1.509.487.707"),
        ("epoch", "1509487707000000000"),
        ("excel", "43039.9225347222"),
        ("excel", 43039.9225347222),
        ("day first", "31/10/2017 22:08:27"),
        ("day first", "2017-10-31 22:08:27"),
        ("month first", "10/31/2017 22:08:27"),
        ("%d%m%Y %H%M%S", "31102017 220827"),
        ("%Y年%m月%d日 %H:%M:%S.%f", "2017年10月31日 22:08:27.000"),
        ("%d.%m.%Y %H:%M:%S %z", "01.11.2017 00:08:27 +0200"),
    ],
)
def test_a_form_that_is_named(how: str, text: object) -> None:
    assert only(text, how=how, timezone="UTC") == SAME


def test_fractions_are_kept_to_the_microsecond() -> None:
    parts = SAME.replace(microsecond=123_456)
    for text in ("2017-10-31 22:08:27,123456789", "31 Oct 2017 22:08:27.123456", "1509487707.123456"):
        assert only(text, timezone="UTC") == parts
    assert only("1509487707123") == SAME.replace(microsecond=123_000)


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "22:08", "2017", "2017-10-31 22", "2017-13-01", "2017-02-29", "31/13/2017", "32/10/2017"),
        *("2017-10-31 24:00", "2017-10-31 22:60", "2017-10-31 22:08:61", "2017-10-31 13:00 PM"),
        *("31 Okt 2017", "31/10/2017/12", "1.2.3.2017", "2017-10-31T22:08+99:00", "31/10/217"),
        *("٢٠١٧-١٠-٣١", "2017-10-31 22:08:27Zulu time", "12345", "2017-10-31 " * 99),
    ],
)
def test_what_is_no_time_is_null_with_a_reason(text: str) -> None:
    times = read(text, "2017-10-31T22:08:27Z", timezone="UTC")
    assert times.at.to_list() == [None, SAME]
    assert times.reasons is not None
    assert times.reasons.to_list() == ["no time", None]


def test_every_value_that_is_left_out_has_its_reason() -> None:
    texts = ["", " ", "N/A", "null", "-", None, "0000-00-00 00:00:00"]
    assert read(*texts).reasons is None
    assert read(*texts).at.to_list() == [None] * len(texts)
    named = {
        "1970-01-01T00:00:00Z": "a year outside 1990 to 2100",
        "0001-01-01T00:00:00Z": "a year outside 1990 to 2100",
        "9999-12-31T23:59:59Z": "a year outside 1990 to 2100",
        "99999999999": "a year outside 1990 to 2100",
        "2017-10-31 22:08 CET": "a time zone other than UTC, GMT or an offset",
        "10/31/2017 10:08 PM EST": "a time zone other than UTC, GMT or an offset",
    }
    assert read(*named).reasons.to_list() == list(named.values())


def test_a_column_shows_whether_days_or_months_come_first() -> None:
    day = [datetime(2017, 4, 3, tzinfo=UTC), datetime(2017, 4, 13, tzinfo=UTC)]
    month = [datetime(2017, 3, 4, tzinfo=UTC), datetime(2017, 4, 13, tzinfo=UTC)]
    assert read("03/04/2017", "13/04/2017", timezone="UTC").at.to_list() == day
    assert read("03/04/2017", "04/13/2017", timezone="UTC").at.to_list() == month
    assert only("04/04/2017", timezone="UTC") == datetime(2017, 4, 4, tzinfo=UTC)
    assert only("03.04.17", how="day first", timezone="UTC") == day[0]
    assert only("03.04.17", how="month first", timezone="UTC") == month[0]


def test_days_and_months_are_never_guessed() -> None:
    two_readings = (
        "'03/04/2017 10:00' in column 'Created'.* 3 April 2017 or 4 March 2017.*time = \"day first\""
    )
    with pytest.raises(BenchkitError, match=two_readings):
        read("03/04/2017 10:00", "31/02/2017", "soon", timezone="UTC", where="column 'Created' in 'a.csv'")
    with pytest.raises(BenchkitError, match="day first in '13/02/2017' and the month first in '02/13/2017'"):
        read("13/02/2017", "02/13/2017", timezone="UTC")
    times = read("13/02/2017", "02/13/2017", how="day first", timezone="UTC")
    assert times.at.is_null().to_list() == [False, True]


def test_numbers_that_may_be_two_things_are_never_guessed() -> None:
    with pytest.raises(
        BenchkitError, match=r"nanoseconds \(1999-04-30 14:48\).*snowflake id \(2017-10-31 22:04\)"
    ):
        read("925483719208333312")
    for serial in ("43039.9225", "43039", 43039, 43039.5):
        with pytest.raises(BenchkitError, match=r'2017-10-31.*time = "excel"'):
            read(serial, timezone="UTC")


def test_snowflake_ids_stay_exact() -> None:
    """The example of Twitter's own documentation of its ids, and neighbours that a float would merge."""
    milliseconds = 1_288_834_974_657
    for number in (1_541_815_603_606_036_480, 925_483_719_208_333_312):
        expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=(number >> 22) + milliseconds)
        assert only(str(number), how="snowflake") == only(number, how="snowflake") == expected
    assert only("1541815603606036480", how="snowflake") == datetime(
        2022, 6, 28, 16, 7, 40, 105_000, tzinfo=UTC
    )
    first = 2**22 * 300_000_000_001
    assert read(first - 1, first, how="snowflake").at.n_unique() == 2
    assert read("-5", "x", "20", "99999999999999999999", how="snowflake").at.is_null().all()
    with pytest.raises(BenchkitError, match="not exact"):
        read(9.25e17, how="snowflake")


def test_epochs_of_two_units_in_one_column_are_counted() -> None:
    times = read("1509487707", "1509487707000", "1509487707")
    assert times.at.to_list() == [SAME] * 3
    assert list(times.notes.values()) == [1]
    assert not read("1509487707", "1509487708").notes


def test_times_without_a_zone_need_one() -> None:
    for text in ("2017-10-31 22:08", "2017-10-31", date(2017, 10, 31), datetime(2017, 10, 31)):  # noqa: DTZ001
        with pytest.raises(
            BenchkitError, match=r"'2017-10-31.*' in a column of times names no time zone.*timezone"
        ):
            read(text)
    berlin = datetime(2017, 10, 30, 23, tzinfo=UTC)
    assert (
        only(date(2017, 10, 31), timezone="Europe/Berlin")
        == only("2017-10-31", timezone="Europe/Berlin")
        == berlin
    )
    assert only("2017-10-31T22:08:27Z", timezone="Europe/Berlin") == SAME


@pytest.mark.parametrize(
    ("zone", "repeated", "first", "left_out"),
    [
        ("Europe/Berlin", "2017-10-29 02:30", "2017-10-29 00:30", "2017-03-26 02:30"),
        ("America/New_York", "2017-11-05 01:30", "2017-11-05 05:30", "2017-03-12 02:30"),
        ("Australia/Lord_Howe", "2017-04-02 01:45", "2017-04-01 14:45", "2017-10-01 02:15"),
    ],
)
def test_hours_that_the_clock_repeats_or_leaves_out(
    zone: str, repeated: str, first: str, left_out: str
) -> None:
    typed = [datetime.fromisoformat(text) for text in (repeated, left_out, repeated)]
    for texts in ((repeated, left_out, repeated), typed):
        times = read(*texts, timezone=zone)
        assert times.at.dt.to_string("%Y-%m-%d %H:%M").to_list() == [first, None, first]
        assert times.notes == {"times in the hour that autumn repeats, read as the earlier one": 2}
        assert times.reasons.to_list() == [None, "a time that the clock left out", None]


def _written(moment: datetime) -> dict[str, str]:
    """A local time in the forms that name no zone, to the second."""
    year, month, day = f"{moment:%Y}", f"{moment:%m}", f"{moment:%d}"
    name, hour = MONTHS[moment.month - 1], f"{(moment.hour - 1) % 12 + 1}"
    clock, half = f"{moment:%H:%M:%S}", "AM" if moment.hour < 12 else "PM"
    return {
        "": f"{year}-{month}-{day} {clock}",
        "iso": f"{year}-{month}-{day}T{clock}",
        "day first": f"{moment.day}.{moment.month}.{year} {clock}",
        "month first": f"{month}/{day}/{year} {hour}:{moment:%M:%S} {half}",
        "Mon": f"{name} {moment.day}, {year} {hour}:{moment:%M:%S} {half.lower()}",
        "D": f"{day} {name} {year}, {clock}",
        "twcs": f"{DAYS[moment.weekday()]} {name} {day} {clock} {year}",
    }


moments = st.datetimes(datetime(1990, 1, 2), datetime(2037, 12, 30)).map(lambda t: t.replace(microsecond=0))  # noqa: DTZ001


@settings(max_examples=25)
@given(st.lists(moments, min_size=1, max_size=20), st.sampled_from(ZONES))
def test_local_times_round_trip_through_every_form(naive: list[datetime], zone: str) -> None:
    clock = ZoneInfo(zone)
    expected = []
    for moment in naive:
        in_utc = moment.replace(tzinfo=clock, fold=0).astimezone(UTC)
        there = in_utc.astimezone(clock).replace(tzinfo=None) == moment
        expected.append(in_utc if there else None)
    for how in _written(naive[0]):
        texts = [_written(moment)[how] for moment in naive]
        times = read(*texts, how=how if how in HOW else "", timezone=zone)
        assert times.at.to_list() == expected, how


@settings(max_examples=25)
@given(st.lists(moments, min_size=1, max_size=20), st.integers(-14 * 60, 14 * 60))
def test_offsets_and_epochs_round_trip(naive: list[datetime], minutes: int) -> None:
    in_utc = [moment.replace(tzinfo=UTC) for moment in naive]
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    there = [moment + timedelta(minutes=minutes) for moment in naive]
    rfc_2822 = [
        f"{DAYS[t.weekday()]}, {t.day} {MONTHS[t.month - 1]} {t.year} {t:%H:%M:%S} {offset}" for t in there
    ]
    assert read(*rfc_2822).at.to_list() == in_utc
    twcs = [f"{DAYS[t.weekday()]} {MONTHS[t.month - 1]} {t:%d %H:%M:%S} {offset} {t.year}" for t in there]
    assert read(*twcs).at.to_list() == in_utc
    for per_second in (1, 10**3, 10**6):
        numbers = [int(moment.timestamp()) * per_second for moment in in_utc]
        assert read(*numbers).at.to_list() == read(*map(str, numbers)).at.to_list() == in_utc


@settings(max_examples=50)
@given(
    st.from_regex(
        r"(?a)\A20\d\d-[01]\d-[0-3]\d([T ][0-2]\d:[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?(Z|[+-]1[0-4]:?[0-5]\d)?\Z"
    )
)
def test_iso_8601_reads_as_everywhere_in_benchkit(text: str) -> None:
    assert only(text, timezone="UTC") == pl.select(iso_time(pl.lit(text))).item()


@pytest.mark.parametrize("how", ["yesterday", "%d.%m.%Y %I:%M", "%d.%m.%Y %Z", "%s", "%f"])
def test_forms_that_are_none(how: str) -> None:
    with pytest.raises(BenchkitError) as raised:
        read("31.10.2017 10:08", how=how, timezone="UTC")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Factory", "localtime", "../UTC", "\x1b[2J"])
def test_zones_that_are_none(zone: str) -> None:
    with pytest.raises(BenchkitError, match="zone"):
        read("2017-10-31 10:08", timezone=zone)


@pytest.mark.parametrize("values", [[True], [[1]], [b"2017"], [timedelta(1)], [object()]])
def test_columns_that_hold_no_times(values: list[object]) -> None:
    with pytest.raises(BenchkitError, match="not times"):
        read_times(pl.Series(values))


def test_a_form_for_text_does_not_fit_numbers() -> None:
    with pytest.raises(BenchkitError, match="holds numbers"):
        read(1509487707, how="day first")
    with pytest.raises(UnknownNameError, match="did you mean 'day first'"):
        read("x", how="days first")


def test_nothing_and_one_name() -> None:
    assert read().at.dtype == pl.Datetime("us", "UTC")
    assert read(None, None).at.to_list() == [None, None]
    assert read("2017-10-31", timezone="UTC").at.name == "at"
    assert read_times(pl.Series(["x", "2017-10-31Z"], dtype=pl.Categorical)).at.null_count() == 1


PIECES = "0 1 9 12 13 31 99 2017 1509487707 - / . : , T Z + +01:00 AM pm Oct October Tue GMT ( ) % e E N/A"
DIRECTIVES = "%d %m %Y %y %H %M %S %f %z %Z %p %I %s %j %+ %3f %.f - . :"
pieces = st.sampled_from([*PIECES.split(), " ", "\u202f"])
soup = st.lists(pieces | st.text(max_size=3), max_size=10).map("".join)
formats = st.lists(st.sampled_from(DIRECTIVES.split()), max_size=6).map("".join)
hows = st.sampled_from(["", *HOW]) | st.text(max_size=6) | formats


@fuzz(texts=st.lists(st.none() | soup, max_size=8), how=hows, timezone=st.sampled_from(["", *ZONES]))
def test_only_sentences_come_out(texts: list[str | None], how: str, timezone: str) -> None:
    series = pl.Series(texts, dtype=pl.String)
    try:
        times = read_times(series, how=how, timezone=timezone)
    except BenchkitError as error:
        sentence = str(error)
    else:
        silent = series.filter(
            times.at.is_null() if times.reasons is None else times.at.is_null() & times.reasons.is_null()
        )
        assert len(times.at) == len(texts)
        assert stripped(silent).is_null().all()
        return
    assert re.fullmatch(r"[^\n\x1b]+", sentence)


numbers = st.lists(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 43039, 1509487707]), max_size=5
)
floats = st.lists(st.none() | st.floats(), max_size=5)


@fuzz(values=numbers | floats, how=st.sampled_from(["", *HOW]), timezone=st.sampled_from(["", *ZONES]))
def test_numbers_end_in_times_or_a_sentence(values: list[float | None], how: str, timezone: str) -> None:
    dtype = pl.Float64 if any(isinstance(value, float) for value in values) else pl.Int64
    try:
        times = read_times(pl.Series(values, dtype=dtype), how=how, timezone=timezone)
    except BenchkitError:
        return
    years = times.at.dt.year().drop_nulls()
    assert years.is_between(1990, 2100).all()
