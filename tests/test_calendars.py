"""Opening hours against hand-derived instants of the tz database, and a grid of minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit.calendars import Calendar, Calendars
from benchkit.errors import BenchkitError

HOUR = 3_600
ALWAYS = {"mon-sun": "00:00-24:00"}
WEEKDAYS = {"mon-fri": "09:00-17:00"}
TIME = pl.Datetime("us", "UTC")

steady = settings(max_examples=80, derandomize=True)


def hours_open(calendar: Calendar, start: str, end: str) -> float | None:
    seconds = calendar.elapsed(start, end)
    return None if seconds is None else seconds / HOUR


def moments(*texts: str | None) -> pl.Series:
    return pl.Series([text and datetime.fromisoformat(text) for text in texts], dtype=TIME)


# Days that are longer or shorter. Berlin's clock goes from 02:00 CET to 03:00 CEST on Sunday
# 2026-03-29 (01:00 UTC), and from 03:00 CEST to 02:00 CET on Sunday 2026-10-25 (01:00 UTC).

SPRING, AUTUMN = ("2026-03-27T00:00Z", "2026-03-31T00:00Z"), ("2026-10-23T00:00Z", "2026-10-27T00:00Z")


@pytest.mark.parametrize(
    ("zone", "hours", "weekend", "expected"),
    [
        pytest.param("Europe/Berlin", {"sun": "00:00-24:00"}, SPRING, 23, id="23 h day"),
        pytest.param("Europe/Berlin", {"sun": "00:00-24:00"}, AUTUMN, 25, id="25 h day"),
        pytest.param("Europe/Berlin", {"sat": "22:00-06:00"}, SPRING, 7, id="overnight in spring"),
        pytest.param("Europe/Berlin", {"sat": "22:00-06:00"}, AUTUMN, 9, id="overnight in autumn"),
        pytest.param("Europe/Berlin", {"sun": "09:00-17:00"}, SPRING, 8, id="after the switch, spring"),
        pytest.param("Europe/Berlin", {"sun": "09:00-17:00"}, AUTUMN, 8, id="after the switch, autumn"),
        # 02:30 does not come: it opens at 03:00 CEST, and closes at 10:00 CEST.
        pytest.param("Europe/Berlin", {"sun": "02:30-10:00"}, SPRING, 7, id="opens in the gap"),
        # From 22:00 CET until the clock jumps at 02:00 CET.
        pytest.param("Europe/Berlin", {"sat": "22:00-02:30"}, SPRING, 4, id="closes in the gap"),
        pytest.param("Europe/Berlin", {"sun": "02:10-02:50"}, SPRING, 0, id="within the gap"),
        # 02:30 comes twice, and the first time counts: 22:00 CEST to 02:30 CEST ...
        pytest.param("Europe/Berlin", {"sat": "22:00-02:30"}, AUTUMN, 4.5, id="closes in the repeated hour"),
        # ... and 02:30 CEST to 10:00 CET.
        pytest.param("Europe/Berlin", {"sun": "02:30-10:00"}, AUTUMN, 8.5, id="opens in the repeated hour"),
        # 03:00 comes once, an hour after the clock would first have shown it.
        pytest.param("Europe/Berlin", {"sat": "22:00-03:00"}, AUTUMN, 6, id="closes after the repeated hour"),
        pytest.param(
            "Europe/Berlin", {"sun": "00:00-02:30, 02:30-24:00"}, AUTUMN, 25, id="parted in the repeated hour"
        ),
        pytest.param(
            "Europe/Berlin", {"sun": "00:00-02:30, 02:30-24:00"}, SPRING, 23, id="parted in the gap"
        ),
        # Lord Howe moves by half an hour: on 2026-04-05 back, at 02:00, on 2026-10-04 on, at 02:00.
        pytest.param(
            "Australia/Lord_Howe",
            {"sun": "00:00-24:00"},
            ("2026-04-03T00:00Z", "2026-04-07T00:00Z"),
            24.5,
            id="Lord Howe in autumn",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            {"sun": "00:00-24:00"},
            ("2026-10-02T00:00Z", "2026-10-06T00:00Z"),
            23.5,
            id="Lord Howe in spring",
        ),
        # Havana's clock goes from 01:00 back to 00:00 on Sunday 2026-11-01: Sunday's midnight comes
        # twice, and Saturday ends at the first.
        pytest.param(
            "America/Havana",
            {"sat": "00:00-24:00"},
            ("2026-10-29T00:00Z", "2026-11-04T00:00Z"),
            24,
            id="Havana, before",
        ),
        pytest.param(
            "America/Havana",
            {"sun": "00:00-24:00"},
            ("2026-10-29T00:00Z", "2026-11-04T00:00Z"),
            25,
            id="Havana",
        ),
        # Samoa went west over the date line: after Thursday 2011-12-29 came Saturday 2011-12-31.
        pytest.param(
            "Pacific/Apia",
            {"fri": "00:00-24:00"},
            ("2011-12-28T12:00Z", "2012-01-02T00:00Z"),
            0,
            id="no Friday",
        ),
        pytest.param(
            "Pacific/Apia",
            {"thu-sat": "00:00-24:00"},
            ("2011-12-27T12:00Z", "2012-01-02T00:00Z"),
            48,
            id="Samoa",
        ),
    ],
)
def test_days_when_the_clock_changes(
    zone: str, hours: dict[str, str], weekend: tuple[str, str], expected: float
) -> None:
    assert hours_open(Calendar(zone, hours), *weekend) == expected


def test_an_opening_in_the_gap_opens_when_the_clock_has_jumped() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": "02:30-10:00"})

    assert calendar.is_open("2026-03-29T00:59:59Z") is False
    assert calendar.is_open("2026-03-29T01:00:00Z") is True


def test_kathmandu_is_five_hours_and_three_quarters_ahead() -> None:
    calendar = Calendar("Asia/Kathmandu", WEEKDAYS)
    at = moments("2026-10-05T03:14:59Z", "2026-10-05T03:15Z", "2026-10-05T11:14:59Z", "2026-10-05T11:15Z")

    assert calendar.is_open(at).to_list() == [False, True, True, False]


def test_saturday_to_sunday_is_no_time_and_nothing_is_no_answer() -> None:
    calendar = Calendar("UTC", WEEKDAYS)
    start = moments("2026-10-03T09:00Z", None, "2026-10-02T16:00Z", "2026-10-05T09:00Z")
    end = moments("2026-10-04T21:00Z", "2026-10-05T21:00Z", None, "2026-10-05T09:00Z")

    seconds = calendar.elapsed(start, end)

    assert seconds.to_list() == [0, None, None, 0]
    assert seconds.dtype == pl.Int64


def test_split_shifts_leave_lunch_out() -> None:
    calendar = Calendar("Europe/Berlin", {"mon-fri": "09:00-12:00, 13:00-17:30", "sat": "10:00-14:00"})

    # Friday 11:00 CEST to Monday 14:00 CEST: 1 h, 4.5 h, 4 h, then 3 h and 1 h.
    assert hours_open(calendar, "2026-10-02T09:00Z", "2026-10-05T12:00Z") == 13.5


# Holidays and short days


def test_a_holiday_is_closed_where_it_is_one() -> None:
    """Epiphany, Tuesday 2026-01-06, is a holiday in Bavaria and none in Berlin; Christmas is one in both."""
    epiphany, christmas = (
        ("2026-01-06T00:00Z", "2026-01-07T00:00Z"),
        ("2026-12-25T00:00Z", "2026-12-26T00:00Z"),
    )
    berlin, bavaria = (Calendar("Europe/Berlin", WEEKDAYS, holidays=f"DE-{code}") for code in ("BE", "BY"))

    assert (hours_open(berlin, *epiphany), hours_open(bavaria, *epiphany)) == (8, 0)
    assert (hours_open(berlin, *christmas), hours_open(bavaria, *christmas)) == (0, 0)


def test_a_holiday_in_lieu_may_lie_in_the_year_before() -> None:
    """New Year of 2022 was a Saturday, and its day off in the United States Friday 2021-12-31."""
    calendar = Calendar("UTC", WEEKDAYS, holidays="US")

    assert hours_open(calendar, "2021-12-31T00:00Z", "2022-01-01T00:00Z") == 0


def test_a_shift_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday 2026-12-25 is closed: Thursday's night shift runs to Friday 06:00, Friday's is left out."""
    calendar = Calendar("UTC", {"mon-sun": "22:00-06:00"}, holidays=["2026-12-25"])

    assert hours_open(calendar, "2026-12-24T22:00Z", "2026-12-25T12:00Z") == 8
    assert hours_open(calendar, "2026-12-25T12:00Z", "2026-12-26T12:00Z") == 0


def test_a_short_day_has_its_own_hours_also_on_a_holiday() -> None:
    short_days = {"2026-12-24": "09:00-12:00", date(2026, 12, 25): "10:00-11:00", "2026-12-28": ""}
    calendar = Calendar("UTC", WEEKDAYS, holidays=[date(2026, 12, 25)], short_days=short_days)

    days = [f"2026-12-{day}T00:00Z" for day in (23, 24, 25, 26, 28, 29)]

    assert [hours_open(calendar, *pair) for pair in pairwise(days)] == [8, 3, 1, 0, 0]


def test_a_short_day_may_run_into_the_hours_of_the_next() -> None:
    calendar = Calendar("UTC", WEEKDAYS, short_days={"2026-10-05": "20:00-10:00"})

    # Monday 20:00 to Tuesday 17:00: the hour from 09:00 to 10:00 counts once.
    assert hours_open(calendar, "2026-10-05T00:00Z", "2026-10-07T00:00Z") == 21


# From which day hours hold

WINTER = Calendar("Europe/Berlin", {"mon-fri": "10:00-16:00"}, valid_from="2025-11-03")
SUMMER = Calendar("Europe/Berlin", {"mon-fri": "08:00-18:00"}, valid_from="2026-04-01", before=WINTER)


def test_hours_hold_from_their_day_and_those_before_until_then() -> None:
    """Wednesday 2026-04-01 is the first long day."""
    assert hours_open(SUMMER, "2026-03-31T00:00Z", "2026-04-01T00:00Z") == 6
    assert hours_open(SUMMER, "2026-04-01T00:00Z", "2026-04-02T00:00Z") == 10
    assert hours_open(SUMMER, "2026-03-30T00:00Z", "2026-04-03T00:00Z") == 6 + 6 + 10 + 10


def test_before_any_hours_hold_there_is_no_answer() -> None:
    """The first hours hold from 2025-11-03 00:00 in Berlin, 2025-11-02 23:00 UTC."""
    at = moments("2025-11-02T22:59:59Z", "2025-11-02T23:00Z")

    assert SUMMER.elapsed(at, "2025-11-04T00:00Z").to_list() == [None, 6 * HOUR]
    assert SUMMER.is_open(at).to_list() == [None, False]
    assert SUMMER.due(at, 60).is_null().to_list() == [True, False]
    assert hours_open(WINTER, "2020-01-01T00:00Z", "2020-02-01T00:00Z") is None


def test_hours_may_hold_from_a_day_when_the_clock_changes() -> None:
    """Sydney's clock goes on from 02:00 AEST on Sunday 2026-10-04, whose midnight is 14:00 UTC."""
    calendar = Calendar("Australia/Sydney", ALWAYS, valid_from="2026-10-04")

    assert calendar.is_open(moments("2026-10-03T13:59Z", "2026-10-03T14:00Z")).to_list() == [None, True]


def test_a_night_shift_begun_under_the_old_hours_ends_under_them() -> None:
    old = Calendar("UTC", {"mon-sun": "22:00-06:00"})
    new = Calendar("UTC", WEEKDAYS, valid_from="2026-10-06", before=old)

    # Tuesday 2026-10-06: until 06:00 from Monday's shift, then 09:00 to 17:00.
    assert hours_open(new, "2026-10-06T00:00Z", "2026-10-07T09:00Z") == 6 + 8


def test_a_team_that_moves_keeps_the_clock_of_its_place() -> None:
    """From Berlin's 09:00–17:00 (07:00–15:00 UTC) to Manila's (01:00–09:00 UTC) on Tuesday 2026-06-02."""
    calendar = Calendar(
        "Asia/Manila", WEEKDAYS, valid_from="2026-06-02", before=Calendar("Europe/Berlin", WEEKDAYS)
    )
    at = moments("2026-06-01T14:59Z", "2026-06-01T15:00Z", "2026-06-02T01:00Z", "2026-06-02T09:00Z")

    assert calendar.is_open(at).to_list() == [True, False, True, False]


# Due times


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-10-02T10:00Z", HOUR, "2026-10-02T11:00:00+00:00"),
        ("2026-10-02T16:00Z", 2 * HOUR, "2026-10-05T10:00:00+00:00"),  # Friday to Monday
        ("2026-10-03T12:00Z", 1, "2026-10-05T09:00:01+00:00"),  # Saturday
        ("2026-10-02T09:00Z", 8 * HOUR, "2026-10-02T17:00:00+00:00"),  # at the closing, not the next opening
        ("2026-10-03T12:00Z", 0, "2026-10-03T12:00:00+00:00"),
        ("2026-10-05T09:00Z", 40 * 52 * HOUR, "2027-10-01T17:00:00+00:00"),  # 52 weeks of 40 h
    ],
)
def test_due(start: str, seconds: int, due: str) -> None:
    found = Calendar("UTC", WEEKDAYS).due(start, seconds)

    assert found is not None
    assert found.isoformat() == due


def test_due_looks_as_far_ahead_as_it_must() -> None:
    """A minute a week: a hundred minutes take a hundred Mondays, of which two are holidays."""
    calendar = Calendar("UTC", {"mon": "09:00-09:01"}, holidays=["2026-10-12", "2027-10-11"])
    hundred_and_second = datetime(2026, 10, 5, 9, 1, tzinfo=UTC) + timedelta(weeks=101)

    assert calendar.due("2026-10-05T00:00Z", 6_000) == hundred_and_second


def test_due_looks_no_further_than_there_are_days() -> None:
    with pytest.raises(BenchkitError, match="end after 2199"):
        Calendar("UTC", {"mon": "09:00-09:01"}).due("2026-10-05T00:00Z", 9_220_382_907)


def test_due_in_columns_keeps_what_is_missing() -> None:
    calendar = Calendar("UTC", WEEKDAYS)
    start = moments("2026-10-02T16:00Z", None, "2026-10-02T16:00Z")

    due = calendar.due(start, pl.Series([7_200, 7_200, None]))

    assert due.dtype == TIME
    assert due.to_list() == [datetime(2026, 10, 5, 10, tzinfo=UTC), None, None]


# Kinds of columns


def test_series_arrays_and_single_times_say_the_same() -> None:
    calendar = Calendar("America/New_York", WEEKDAYS)
    start = moments("2026-10-02T16:00:00.25Z", "2026-10-03T16:00Z")
    end = moments("2026-10-05T16:00Z", "2026-10-05T16:00:00.75Z")
    starts, ends = (column.dt.replace_time_zone(None).to_numpy() for column in (start, end))

    single = [calendar.elapsed(*pair) for pair in zip(start, end, strict=True)]

    assert calendar.elapsed(start, end).to_list() == single
    assert calendar.elapsed(starts, ends).tolist() == [timedelta(seconds=s or 0) for s in single]
    assert calendar.elapsed(starts, ends).dtype == "timedelta64[s]"
    assert calendar.is_open(starts).tolist() == calendar.is_open(start).to_list() == [True, False]
    assert calendar.due(starts, calendar.elapsed(starts, ends)).tolist() == [
        time.replace(tzinfo=None) for time in calendar.due(start, calendar.elapsed(start, end))
    ]


def test_missing_times_of_arrays_stay_missing() -> None:
    at = np.array(["2026-10-02T12:00", "NaT"], dtype="datetime64[s]")
    calendar = Calendar("UTC", WEEKDAYS)

    assert np.isnat(calendar.elapsed(at, at)).tolist() == [False, True]
    assert np.isnat(calendar.due(at, 60)).tolist() == [False, True]
    with pytest.raises(BenchkitError, match=r"^1 of 2 times are missing, .* ask with a polars Series$"):
        calendar.is_open(at)
    assert calendar.elapsed(None, "2026-10-02") is None
    assert calendar.is_open(None) is None


def test_any_unit_and_zone_of_a_series_is_the_same_instant() -> None:
    calendar = Calendar("UTC", WEEKDAYS)
    start = moments("2026-10-02T16:00Z")

    for unit in ("ms", "ns"):
        there = start.cast(pl.Datetime(unit, "UTC")).dt.convert_time_zone("Asia/Tokyo")
        assert calendar.elapsed(there, "2026-10-05T10:00Z").to_list() == [2 * HOUR]
    assert calendar.elapsed(start.dt.replace_time_zone(None), "2026-10-05T10:00Z").to_list() == [2 * HOUR]


def test_no_rows_and_no_times_have_no_answers() -> None:
    calendar = Calendar("UTC", WEEKDAYS)
    nothing = pl.Series([], dtype=TIME)

    assert calendar.elapsed(nothing, nothing).to_list() == []
    assert calendar.elapsed(pl.Series([None, None]), pl.Series([None, None], dtype=TIME)).to_list() == [
        None,
        None,
    ]
    assert calendar.is_open(np.array([], dtype="datetime64[us]")).tolist() == []


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda c: c.elapsed("2026-10-02T12:00Z", "2026-10-02T11:00Z"),
            "an end, 2026-10-02T11:00:00.000000, comes before its start, 2026-10-02T12:00:00.000000; "
            "give the earlier time first",
        ),
        (
            lambda c: c.elapsed(pl.Series([1, 2]), pl.Series([1, 2])),
            "start are of type Int64; give times, as datetimes in UTC",
        ),
        (
            lambda c: c.elapsed(moments(None, None), moments(None)),
            "start and end must have as many entries as each other",
        ),
        (
            lambda c: c.is_open(np.array([0, 1], dtype="datetime64[Y]") - np.timedelta64(100, "Y")),
            "2 of 2 at are like '1870-01-01T00:00:00.000000'; give times from 1900 to 2199",
        ),
        (
            lambda c: c.due("2026-10-02", -1),
            "1 of 1 seconds are like '-1'; give whole seconds from 0 to 9,467,107,200",
        ),
        (lambda c: c.due("2026-10-02", 1.5), "seconds are '1.5'; give whole seconds, such as 8 * 3600"),
        (lambda c: c.due("2026-10-02", True), "seconds are 'True'; give whole seconds, such as 8 * 3600"),
        (
            lambda c: c.due("2026-10-02", 3_000_000_000),
            "3,000,000,000 seconds of these hours end after 2199; give fewer seconds",
        ),
        (
            lambda c: c.is_open("noon"),
            "'noon' is not a time; write it like 2017-10-31 or 2017-10-31T22:10:00Z",
        ),
    ],
)
def test_questions_without_an_answer_are_refused(ask: Any, sentence: str) -> None:
    with pytest.raises(BenchkitError) as refused:
        ask(Calendar("UTC", WEEKDAYS))

    assert str(refused.value) == sentence


# Against a grid of minutes, around the days when clocks change

SWITCHES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "America/Havana": ("2026-03-08", "2026-11-01"),
    "Asia/Kathmandu": ("2026-03-29", "2026-10-25"),
}
GRID_DAYS = 7
DAY_MINUTES = 1_440


@lru_cache
def clock_of(zone: str, around: str) -> tuple[datetime, np.ndarray[Any, Any]]:
    """The first minute of a grid, and the latest time, in minutes, that the local clock has shown by each."""
    first = datetime.fromisoformat(around).replace(tzinfo=UTC) - timedelta(days=4)
    shown = []
    for minute in range(GRID_DAYS * DAY_MINUTES):
        local = (first + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        shown.append(int(local.timestamp()) // 60)
    return first, np.maximum.accumulate(shown)


def open_on_grid(
    shifts: list[tuple[int, int]], closed: set[date], shown: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Which minutes are open: those by which the clock has reached an opening, and not yet its closing."""
    is_open = np.zeros(shown.size, dtype=bool)
    for number in range(shown[0] // DAY_MINUTES - 2, shown[-1] // DAY_MINUTES + 1):
        day = date(1970, 1, 1) + timedelta(days=int(number))
        for opens, closes in shifts:
            if opens // DAY_MINUTES == day.weekday() and day not in closed:
                midnight = number * DAY_MINUTES - day.weekday() * DAY_MINUTES
                is_open |= (shown >= midnight + opens) & (shown < midnight + closes)
    return is_open


def clock(minute: int) -> str:
    return f"{minute % DAY_MINUTES // 60:02}:{minute % 60:02}"


@st.composite
def questions(draw: st.DrawFn) -> tuple[Calendar, datetime, np.ndarray[Any, Any], list[int]]:
    """A calendar with any shifts and holidays, which minutes of a grid it is open, and three of them."""
    zone = draw(st.sampled_from(sorted(SWITCHES)))
    around = draw(st.sampled_from(SWITCHES[zone]))
    minute = st.integers(0, 7 * 96 - 1).map(lambda quarter: 15 * quarter) | st.integers(
        0, 7 * DAY_MINUTES - 1
    )
    turns = sorted(draw(st.lists(minute, min_size=2, max_size=24, unique=True)))
    shifts = [
        (opens, min(closes, opens + DAY_MINUTES - 1))
        for opens, closes in zip(turns[::2], turns[1::2], strict=False)
    ]
    week: dict[str, list[str]] = {}
    for opens, closes in shifts:
        day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][opens // DAY_MINUTES]
        week.setdefault(day, []).append(f"{clock(opens)}-{clock(closes)}")
    switch = date.fromisoformat(around)
    days = st.integers(-4, 3).map(lambda step: switch + timedelta(days=step))
    closed = draw(st.sets(days, max_size=2))
    calendar = Calendar(zone, {day: ", ".join(of) for day, of in week.items()}, holidays=closed)
    first, shown = clock_of(zone, around)
    times = sorted(draw(st.lists(st.integers(2 * DAY_MINUTES, shown.size - 1), min_size=3, max_size=3)))
    return calendar, first, open_on_grid(shifts, closed, shown), times


@steady
@given(questions())
def test_a_grid_of_minutes_says_the_same(asked: Any) -> None:
    calendar, first, is_open, (a, b, c) = asked
    start, middle, end = (first + timedelta(minutes=minute) for minute in (a, b, c))

    assert calendar.elapsed(start, end) == 60 * is_open[a:c].sum()
    assert calendar.elapsed(start, end) == calendar.elapsed(start, middle) + calendar.elapsed(middle, end)
    assert calendar.is_open(middle) == is_open[b]


@steady
@given(questions())
def test_due_is_the_first_time_with_so_much(asked: Any) -> None:
    calendar, first, is_open, (a, _, c) = asked
    start, end = first + timedelta(minutes=a), first + timedelta(minutes=c)
    seconds = 60 * int(is_open[a:c].sum())

    due = calendar.due(start, seconds)

    assert start <= due <= end
    assert calendar.elapsed(start, due) == seconds
    assert seconds == 0 or calendar.is_open(due - timedelta(microseconds=1))
    assert calendar.elapsed(start, calendar.due(start, seconds + 12_345)) == seconds + 12_345


instants = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@steady
@given(st.sampled_from(sorted(SWITCHES)), instants, instants)
def test_open_time_is_never_more_than_calendar_time_and_all_of_it_where_it_never_closes(
    zone: str, one: datetime, other: datetime
) -> None:
    start, end = min(one, other), max(one, other)
    calendar_seconds = (end - start) // timedelta(seconds=1)

    desk = Calendar(zone, {"mon-fri": "09:00-12:00, 13:00-02:00"}, holidays="US")

    assert Calendar(zone, ALWAYS).elapsed(start, end) == calendar_seconds
    assert Calendar(zone, {"mon-sun": "06:00-18:00, 18:00-06:00"}).elapsed(start, end) == calendar_seconds
    assert 0 <= desk.elapsed(start, end) <= calendar_seconds


def test_no_zone_changes_its_offset_twice_in_a_day() -> None:
    """What looking once a day rests on, here for a dozen zones that change often or oddly."""
    zones = ["Africa/Casablanca", "Africa/Cairo", "Antarctica/Troll", "America/Argentina/San_Luis",
             "Asia/Gaza", "Asia/Pyongyang", "Europe/Istanbul", "Pacific/Apia"]  # fmt: skip
    step, first = timedelta(hours=3), datetime(2005, 1, 1, tzinfo=UTC)
    for zone in map(ZoneInfo, zones):
        offsets = [(first + n * step).astimezone(zone).utcoffset() for n in range(20 * 365 * 8)]
        changes = [n for n in range(1, len(offsets)) if offsets[n] != offsets[n - 1]]
        assert all(later - earlier > 16 for earlier, later in pairwise(changes))


# Several calendars

ACME = Calendar("Europe/Berlin", {"mon-fri": "09:00-17:00"}, holidays="DE-BE")
BOLT = Calendar("America/New_York", {"mon-fri": "09:00-17:00"})
NIGHT = Calendar("UTC", {"mon-sun": "22:00-06:00"})


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["Acme", "Bolt", "Nobody"])])
def test_each_name_has_its_calendar(dtype: Any) -> None:
    names = pl.Series(["Bolt", "Acme", None, "Nobody", "Acme"]).cast(dtype)
    start, end = moments(*["2026-10-05T00:00Z"] * 4, None), moments(*["2026-10-05T14:00Z"] * 5)
    without, with_default = (Calendars(of={"Acme": ACME, "Bolt": BOLT}, default=d) for d in (None, NIGHT))

    assert without.elapsed(names, start, end).to_list() == [HOUR, 7 * HOUR, None, None, None]
    assert with_default.elapsed(names, start, end).to_list() == [HOUR, 7 * HOUR, 6 * HOUR, 6 * HOUR, None]
    assert without.is_open(names, end).to_list() == [True, True, None, None, True]
    assert with_default.is_open(names, "2026-10-05T02:00Z").to_list() == [False, False, True, True, False]
    assert without.due(names, start, HOUR).dt.hour().to_list() == [14, 8, None, None, None]


def test_many_calendars_say_what_each_says() -> None:
    rng = np.random.default_rng(5)
    calendars = {f"{n}": Calendar(zone, {"mon-fri": f"0{n}:00-1{n}:30"}) for n, zone in enumerate(SWITCHES)}
    names = pl.Series([f"{n}" for n in rng.integers(0, 5, 500)])
    start = pl.Series(rng.integers(1_770_000_000, 1_790_000_000, 500) * 1_000_000).cast(TIME)
    end = start.dt.offset_by("3d")

    together = Calendars(by="agent", of=calendars).elapsed(names, start, end).to_list()

    assert together == [calendars[n].elapsed(s, e) for n, s, e in zip(names, start, end, strict=True)]


def test_names_are_a_series_as_long_as_the_times() -> None:
    calendars = Calendars(ACME)

    with pytest.raises(BenchkitError, match="keys are 'Int64'; give a polars Series of names"):
        calendars.is_open(pl.Series([1]), "2026-10-05")
    with pytest.raises(BenchkitError, match="keys and at must have as many entries as each other"):
        calendars.is_open(pl.Series(["Acme", "Bolt"]), moments(None))
