"""Names of time zones: those that say when clocks are changed, and a sentence for the others."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import available_timezones

import pytest

from benchkit.calendars import Calendar
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.sources.exports import read_export
from benchkit.times import check_zone

ABBREVIATED = {
    "CET": "'Europe/Berlin'",
    "CEST": "'Europe/Berlin'",
    "cest": "'Europe/Berlin'",
    "BST": "'Europe/London'",
    "EST": "'America/New_York'",
    "EDT": "'America/New_York'",
    "PST": "'America/Los_Angeles'",
    "MST": "'America/Denver'",
    "IST": "'Asia/Kolkata' or 'Europe/Dublin'",
    "CST": "'America/Chicago' or 'Asia/Shanghai'",
    "XYZ": "'Europe/Berlin' or 'UTC'",
    "Z": "'Europe/Berlin' or 'UTC'",
}
OFFSETS = {
    "+02:00": "'Etc/GMT-2'",
    "-0500": "'Etc/GMT+5'",
    "UTC+2": "'Etc/GMT-2'",
    "GMT -3": "'Etc/GMT+3'",
    "+14": "'Etc/GMT-14'",
    "+00:00": "'Etc/GMT+0'",
}


@pytest.mark.parametrize("name", ABBREVIATED)
def test_an_abbreviation_is_refused_with_a_likely_place(name: str) -> None:
    sentence = (
        f"'{name}' is an abbreviation, and those are ambiguous or leave out summer time; "
        f"name the time zone by a place, such as {ABBREVIATED[name]}"
    )
    for check in (check_zone, lambda zone: Calendar(zone, {"mon": "09:00-17:00"})):
        with pytest.raises(BenchkitError) as refused:
            check(name)
        assert str(refused.value) == sentence


def test_a_time_zone_is_looked_at_before_the_export_is(tmp_path: Path) -> None:
    """Even if all of its times name their own, for it is the brands' too."""
    for name in ("CEST", "+02:00", "nonsense"):
        with pytest.raises(BenchkitError, match=r"abbreviation|offset|no time zone"):
            read_export("sprout", tmp_path / "missing.json", timezone=name)


@pytest.mark.parametrize("name", OFFSETS)
def test_an_offset_is_refused_with_the_zone_that_keeps_to_it(name: str) -> None:
    with pytest.raises(BenchkitError, match="is an offset, and those leave out summer time") as refused:
        check_zone(name)
    assert str(refused.value).endswith(f"'Europe/Berlin', or {OFFSETS[name]} where clocks are never changed")


@pytest.mark.parametrize("name", ["+99", "-13:00", "+05:30"])
def test_of_an_offset_without_such_a_zone_none_is_told(name: str) -> None:
    with pytest.raises(BenchkitError, match=r"by a place, such as 'Europe/Berlin'$"):
        check_zone(name)


@pytest.mark.parametrize(
    "name", ["Etc/GMT+5", "UTC", "GMT", "GMT+0", "EST5EDT", "Japan", "GB", "NZ", "America/St_Johns"]
)
def test_what_says_when_clocks_are_changed_or_that_they_never_are_is_a_zone(name: str) -> None:
    assert check_zone(name) == name


def test_all_that_have_a_place_are_zones() -> None:
    for name in available_timezones():
        if "/" in name:
            assert check_zone(name) == name


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("Berlin", "did you mean 'Europe/Berlin'?"),
        ("europe/berlin", "did you mean 'Europe/Berlin'?"),
        ("localtime", "there are 'Africa/Abidjan'"),
        ("right/Europe/Berlin", "did you mean 'Europe/Berlin'?"),
        ("../../etc/passwd", "there are 'Africa/Abidjan'"),
        ("", "there are 'Africa/Abidjan'"),
    ],
)
def test_what_is_no_zone_is_unknown(name: str, way_out: str) -> None:
    with pytest.raises(UnknownNameError) as refused:
        check_zone(name)
    assert way_out in str(refused.value)
    assert "EST" not in refused.value.choices
