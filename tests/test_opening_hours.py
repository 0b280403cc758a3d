"""Calendars as people write, save and read them, in words, and refused; the arithmetic has its own tests."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchkit.calendars import Calendar, Calendars
from benchkit.calendars.opening_hours import parse_week, say_week, write_week
from benchkit.errors import BenchkitError, InputError, UnknownNameError

ALWAYS = {"mon-sun": "00:00-24:00"}
WEEKDAYS = {"mon-fri": "09:00-17:00"}

WINTER = Calendar("Europe/Berlin", {"mon-fri": "10:00-16:00"}, valid_from="2025-11-03")
SUMMER = Calendar("Europe/Berlin", {"mon-fri": "08:00-18:00"}, valid_from="2026-04-01", before=WINTER)
ACME = Calendar("Europe/Berlin", {"mon-fri": "09:00-17:00"}, holidays="DE-BE")
BOLT = Calendar("America/New_York", {"mon-fri": "09:00-17:00"})
NIGHT = Calendar("UTC", {"mon-sun": "22:00-06:00"})
FULL = Calendar(
    "Europe/Berlin",
    {"mon-fri": "09:00-12:00, 13:00-17:30", "sun": "22:00-06:00"},
    holidays=["2026-12-25"],
    short_days={"2026-12-24": "09:00-12:00", "2026-12-31": "closed"},
    valid_from="2026-06-01",
    before=SUMMER,
)


# What is said


def test_hours_of_week_are_shares_of_local_hours() -> None:
    shares = Calendar("Asia/Kathmandu", {"mon": "09:30-12:15", "sun": "22:00-01:30"}).hours_of_week()
    expected = np.zeros((7, 24))
    expected[0, 9:13] = [0.5, 1, 1, 0.25]
    expected[6, 22:], expected[0, :2] = 1, [1, 0.5]

    assert shares == pytest.approx(expected)
    assert Calendar("UTC", ALWAYS).hours_of_week() == pytest.approx(np.ones((7, 24)))


@pytest.mark.parametrize(
    ("calendar", "sentences"),
    [
        (
            Calendar(
                "Europe/Berlin",
                {"mon-fri": "09:00-12:00, 13:00-17:30", "sat": "10:00-14:00"},
                holidays="DE-BE",
            ),
            [
                "Monday to Friday 09:00-12:00 and 13:00-17:30, Saturday 10:00-14:00, in Europe/Berlin, "
                "closed on the public holidays of DE-BE."
            ],
        ),
        (Calendar("UTC", ALWAYS), ["Every day 00:00-24:00, in UTC."]),
        (
            Calendar(
                "UTC",
                {"sat-sun": "22:00-06:00"},
                holidays=["2026-01-01", "2026-12-25"],
                short_days={"2026-12-24": "09:00-12:00", "2026-12-31": "09:00-12:00", "2026-12-30": "closed"},
            ),
            [
                "Saturday and Sunday 22:00-06:00, in UTC, closed on 2026-01-01 and 2026-12-25, "
                "open only 09:00-12:00 on 2026-12-24 and 2026-12-31, closed on 2026-12-30."
            ],
        ),
        (
            SUMMER,
            [
                "Monday to Friday 08:00-18:00, in Europe/Berlin, from 2026-04-01 on.",
                "Before that: Monday to Friday 10:00-16:00, in Europe/Berlin, from 2025-11-03 on.",
            ],
        ),
    ],
)
def test_sentences(calendar: Calendar, sentences: list[str]) -> None:
    assert calendar.sentences() == sentences


def test_equal_hours_are_equal_however_they_are_written() -> None:
    one = Calendar("UTC", {"mon-wed": "9:00-12:00, 13:00–17:00"}, holidays=[date(2026, 12, 25)])
    other = Calendar(
        "UTC",
        {
            "Tuesday": "13:00-17:00,09:00-12:00",
            "wed": "09:00-12:00, 13:00-17:00",
            "MON": "09:00-12:00, 13:00-17:00",
            "sun": "closed",
        },
        holidays=["2026-12-25", "2026-12-25"],
    )

    assert one == other
    assert len({one, other}) == 1
    assert pickle.loads(pickle.dumps(one)) == one
    assert replace(one, timezone="Asia/Tokyo").hours == one.hours


def test_sentences_say_equal_hours_once() -> None:
    calendars = Calendars(by="channel", of={"chat\x1b[2J": NIGHT, "mail": BOLT, "forum": NIGHT}, default=ACME)

    assert calendars.sentences() == [
        "chat\\x1b[2J, forum: Every day 22:00-06:00, in UTC.",
        "mail: Monday to Friday 09:00-17:00, in America/New_York.",
        "Any other channel: Monday to Friday 09:00-17:00, in Europe/Berlin, "
        "closed on the public holidays of DE-BE.",
    ]
    assert Calendars(NIGHT).sentences() == NIGHT.sentences()


# Files


def test_a_calendar_comes_back_from_its_file(tmp_path: Path) -> None:
    for calendar in (FULL, ACME, NIGHT):
        path = calendar.save(tmp_path / "hours.toml")

        assert Calendar.load(path) == calendar
        assert Calendars.load(path) == Calendars(calendar)


@settings(derandomize=True)
@given(
    st.dictionaries(st.text(), st.sampled_from([FULL, ACME, NIGHT])),
    st.sampled_from([FULL, BOLT]),
    st.sampled_from(["brand", "channel", "agent"]),
)
def test_calendars_come_back_from_their_file(
    tmp_path_factory: pytest.TempPathFactory, of: dict[str, Calendar], default: Calendar, by: str
) -> None:
    calendars = Calendars(default, by=by, of=of)
    path = calendars.save(tmp_path_factory.mktemp("hours") / "hours.toml")

    assert Calendars.load(path) == calendars
    assert hash(Calendars.load(path)) == hash(calendars)


def test_a_file_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / "hours.toml"
    path.write_text(
        """
        by = "brand"
        [default]
        timezone = "UTC"
        hours = { mon-sun = "00:00-24:00" }

        [calendars.Acme]
        timezone = "Europe/Berlin"
        holidays = [2026-12-25, "2026-12-26"]
        valid_from = 2026-04-01
        [calendars.Acme.hours]
        mon-fri = "09:00-17:30"
        [calendars.Acme.short_days]
        2026-12-24 = "09:00-12:00"
        """,
        encoding="utf-8",
    )
    acme = Calendar(
        "Europe/Berlin",
        {"mon-fri": "09:00-17:30"},
        holidays=["2026-12-25", "2026-12-26"],
        short_days={"2026-12-24": "09:00-12:00"},
        valid_from="2026-04-01",
    )

    assert Calendars.load(path) == Calendars(Calendar("UTC", ALWAYS), of={"Acme": acme})


# Refusals


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"timezone": "Europe/Berln"},
            "no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        ),
        ({"timezone": "../etc/passwd"}, "no time zone '../etc/passwd'; "),
        ({"timezone": "Europe"}, "no time zone 'Europe'; "),
        ({"timezone": ""}, "no time zone ''; "),
        ({"timezone": 1}, "timezone is '1'; give a name such as 'Europe/Berlin'"),
        ({"hours": {}}, 'these hours never open; give some, such as {"mon-fri": "09:00-17:00"}'),
        ({"hours": {"mon": "closed"}}, "these hours never open; "),
        ({"hours": "9-5"}, 'hours are \'9-5\'; give them by day, such as {"mon-fri": "09:00-17:00"}'),
        (
            {"hours": {"mon": 9}},
            "the hours of Monday are '9'; write them as '09:00-12:00, 13:00-17:30', or 'closed'",
        ),
        ({"hours": {"mon": "9-5"}}, "the hours of Monday are '9-5'; write them as "),
        ({"hours": {"mon": "09:00-25:00"}}, "the hours of Monday are '09:00-25:00'; write them as "),
        ({"hours": {"mon": "24:00-06:00"}}, "the hours of Monday are '24:00-06:00'; write them as "),
        ({"hours": {"mon": "09:60-12:00"}}, "the hours of Monday are '09:60-12:00'; write them as "),
        ({"hours": {"mon": "09:00-12:00,"}}, "the hours of Monday are ''; write them as "),
        (
            {"hours": {"mon": "09:00-09:00"}},
            "'09:00-09:00' of Monday closes when it opens; write 00:00-24:00 for all day, or 'closed'",
        ),
        (
            {"hours": {"mon": "09:00-12:00, 11:00-17:00"}},
            "09:00-12:00 and 11:00-17:00 of Monday overlap; join them into one",
        ),
        (
            {"hours": {"mon": "09:00-02:00, 22:00-23:00"}},
            "09:00-02:00 and 22:00-23:00 of Monday overlap; join them into one",
        ),
        (
            {"hours": {"mon": "22:00-06:00", "tue": "05:00-09:00"}},
            "22:00-06:00 of Monday overlaps 05:00-09:00 of Tuesday; let one end where the other begins",
        ),
        (
            {"hours": {"sun": "17:00-09:30", "mon": "09:00-17:00"}},
            "17:00-09:30 of Sunday overlaps 09:00-17:00 of Monday; let one end where the other begins",
        ),
        ({"hours": {"mondy": "09:00-17:00"}}, "no day 'mondy'; did you mean 'mon'?"),
        ({"hours": {"mon-tue-wed": "09:00-17:00"}}, "no day 'mon-tue-wed'; there are 'mon', 'tue', "),
        ({"hours": {1: "09:00-17:00"}}, "no day '1'; there are 'mon', 'tue', "),
        (
            {"hours": {"mon-fri": "09:00-17:00", "friday": "09:00-15:00"}},
            "Friday is given twice, in 'mon-fri' and in 'friday'; give it once",
        ),
        ({"holidays": "XX"}, "no country 'XX'; there are 'AF', "),
        ({"holidays": "de-BE"}, "no country 'de'; did you mean 'DE'?"),
        ({"holidays": "DE-BX"}, "no region 'BX' of DE; "),
        ({"holidays": "DE-"}, "no region '' of DE; "),
        ({"holidays": 24}, "holidays are '24'; give a country such as 'DE-BE', or a list of days"),
        (
            {"holidays": ["2026-02-30"]},
            "'2026-02-30' is not a day from 1900 to 2199; write it like 2026-12-24",
        ),
        ({"holidays": [datetime(2026, 12, 24, 9, tzinfo=UTC)]}, "'2026-12-24 09:00:00+00:00' is not a day "),
        ({"short_days": {"24 December": "09:00-12:00"}}, "'24 December' is not a day from 1900 to 2199; "),
        ({"short_days": {"2026-12-24": "9"}}, "the hours of 2026-12-24 are '9'; write them as "),
        (
            {"short_days": ["2026-12-24"]},
            "short_days are '['2026-12-24']'; give hours by day, such as {\"2026-12-24\": \"09:00-12:00\"}",
        ),
        ({"valid_from": "soon"}, "'soon' is not a day from 1900 to 2199; write it like 2026-12-24"),
        ({"valid_from": "0001-01-01"}, "'0001-01-01' is not a day from 1900 to 2199; "),
        (
            {"before": "x", "valid_from": "2026-01-01"},
            "before is 'x'; give the Calendar that held until valid_from",
        ),
        (
            {"before": WINTER},
            "another calendar came before this one; say valid_from which day this one holds",
        ),
        (
            {"before": SUMMER, "valid_from": "2026-04-01"},
            "the calendar before holds from 2026-04-01, and this one from 2026-04-01; "
            "let valid_from be later than that of the one before",
        ),
        ({"timezone": "UTC\x1b[2J"}, "no time zone 'UTC\\x1b[2J'; "),
    ],
)
def test_wrong_calendars_are_refused_in_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchkitError) as refused:
        Calendar(**{"timezone": "UTC", "hours": WEEKDAYS, **arguments})

    assert str(refused.value).startswith(sentence)
    assert sentence.endswith(("; ", "as ", "day ", ", ")) or str(refused.value) == sentence
    assert "\n" not in str(refused.value)


def test_names_that_are_none_are_unknown_names() -> None:
    for wrong in ({"timezone": "Mars"}, {"hours": {"moon": "09:00-17:00"}}, {"holidays": "XX"}):
        with pytest.raises(UnknownNameError):
            Calendar(**{"timezone": "UTC", "hours": WEEKDAYS, **wrong})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "there is no calendar; give one as default, or some by name"),
        ({"default": ACME, "by": "brnd"}, "no calendars by 'brnd'; did you mean 'brand'?"),
        ({"of": {"Acme": "nine to five"}}, "'nine to five' is not a calendar; give a Calendar"),
        ({"default": {}}, "'{}' is not a calendar; give a Calendar"),
        ({"of": [ACME]}, "of is "),
    ],
)
def test_wrong_calendars_of_several_are_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchkitError) as refused:
        Calendars(**arguments)

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("timezone = ", "is not TOML: "),
        ("\xff", "is not TOML: "),
        ("x = " + "[" * 5_000, "has tables within tables without end; write it anew"),
        ("", "a calendar does not say timezone; it needs timezone and hours"),
        ('timezone = "UTC"', "a calendar does not say hours; it needs timezone and hours"),
        ('timezone = "UTC"\nhour = {}', "no key 'hour' in a calendar; did you mean 'hours'?"),
        ('timezone = "UTC"\nhours = 9', "hours are '9'; give them by day, "),
        ('timezone = "UTC"\nhours = {mon = 9}', "the hours of Monday are '9'; write them as "),
        ('by = "brand"', "no key 'by' in a calendar; "),
        ('by = 3\n[default]\ntimezone = "UTC"\nhours = {mon = "09:00-17:00"}', "no calendars by '3'; "),
        ("[calendars]", "there is no calendar; give one as default, or some by name"),
        ("calendars = 3", "calendars is '3'; give a table"),
        ("calendars.Acme = 3", "calendar 'Acme': a calendar is '3'; give a table"),
        (
            "calendar.Acme = 3\ndefault = 3",
            "no key 'calendar' in a file of calendars; did you mean 'calendars'?",
        ),
        ('[calendars.Acme]\ntimezone = "UTC"', "calendar 'Acme': a calendar does not say hours; "),
        ('[default]\ntimezone = "Mars"\nhours = {}', "calendar default: no time zone 'Mars'; "),
        (
            'timezone = "UTC"\nvalid_from = 2026-01-01\nbefore = 3\nhours = {mon = "09:00-17:00"}',
            "a calendar is '3'; give a table",
        ),
    ],
)
def test_wrong_files_are_refused_in_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "hours.toml"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(InputError) as refused:
        Calendars.load(path)

    assert str(refused.value).startswith(f"'{path}': {problem}")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\); name another file"):
        Calendar.load(tmp_path / "hours.toml")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\); name another file"):
        Calendar.load(tmp_path)


def test_a_file_of_several_is_not_one(tmp_path: Path) -> None:
    path = Calendars(ACME, of={"Bolt": BOLT}).save(tmp_path / "hours.toml")

    with pytest.raises(InputError, match="no key 'by' in a calendar"):
        Calendar.load(path)


@given(
    st.dictionaries(
        st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
        st.sampled_from(["09:00-17:00", "22:00-09:00", "00:00-24:00", "closed"]),
    )
)
def test_weeks_come_back_from_how_they_are_written(hours: dict[str, str]) -> None:
    try:
        week = parse_week(hours)
    except BenchkitError:
        return

    assert parse_week(write_week(week)) == week
    assert say_week(week)
