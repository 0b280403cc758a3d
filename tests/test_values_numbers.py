"""Numbers and durations of foreign tables: every spelling back to the same value, and nothing guessed."""

from __future__ import annotations

from datetime import time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.sources.values import read_numbers, read_seconds
from tests.fuzzing import fuzz


def numbers(*texts: object, **options: str) -> list[float | None]:
    return read_numbers(pl.Series(texts, strict=False), **options).to_list()


def seconds(*texts: object, **options: str) -> list[float | None]:
    return read_seconds(pl.Series(texts, strict=False), **options).to_list()


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["12", "-3", "+4", " 5 ", "007"], [12, -3, 4, 5, 7]),
        (["1.5", "1,234.5", "1,234", ".5"], [1.5, 1234.5, 1234, 0.5]),
        (["1,5", "1.234,5", "1.234", ",5"], [1.5, 1234.5, 1234, 0.5]),
        (["1 234,5", "1\u202f234\u202f567,25", "1'234"], [1234.5, 1234567.25, 1234]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["0,123"], [0.123]),
        (["1234,567"], [1234.567]),
        (["1.5e3", "2E-1"], [1500, 0.2]),
        (["5", "many", "1,2,3", "1..2", "12 34", "N/A", None, "", "1e999", "٣", "-"], [5] + 10 * [None]),
    ],
)
def test_the_column_shows_its_decimal_sign(texts: list[str], values: list[float | None]) -> None:
    assert numbers(*texts) == values


def test_decimal_signs_are_never_guessed() -> None:
    with pytest.raises(BenchkitError, match=r"'1,234' may be '1234' or '1.234'.*decimal = .* for column 'a'"):
        numbers("1,234", "12", "999.999", where="column 'a'")
    with pytest.raises(BenchkitError, match=r"'1.5' has a decimal point and '2,5' a decimal comma"):
        numbers("1.5", "2,5")
    assert numbers("1,234", decimal=",") == [1.234]
    assert numbers("1,234", "1.5", decimal=".") == [1234, 1.5]
    assert numbers("1.5", "2,5", decimal=",") == [None, 2.5]
    with pytest.raises(UnknownNameError):
        numbers("1", decimal=";")


def test_numbers_that_are_typed_already() -> None:
    assert numbers(1, None) == [1, None]
    assert numbers(1.5, float("nan")) == [1.5, None]


@given(st.lists(st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=1, max_size=20))
def test_numbers_round_trip_through_both_conventions(values: list[float]) -> None:
    english = [f"{value:,.2f}" for value in values]
    german = [text.translate(str.maketrans(".,", ",.")) for text in english]
    french = [text.translate(str.maketrans(".,", ",\u202f")) for text in english]
    assert numbers(*english) == numbers(*german) == numbers(*french) == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("94", 94), ("94.5", 94.5), ("94,5", 94.5), ("1.234,5", 1234.5), ("0", 0)],
        *[("00:12:30", 750), ("100:00:01", 360001), ("00:00:01,5", 1.5), ("00:00:01.25", 1.25)],
        *[("1 day, 3:00:00", 97200), ("2 days 04:12:30", 187950), ("1d 3:00", 97200)],
        *[("4 h 12 min", 15120), ("4h12m", 15120), ("1d 3h", 97200), ("4 h 12", 15120)],
        *[("1 hour and 5 minutes", 3900), ("2 hrs, 3 mins, 4 secs", 7384), ("90 Minutes", 5400)],
        *[("1,5 h", 5400), ("1.5 h", 5400), ("30 sec.", 30)],
        *[("PT4H12M", 15120), ("P1DT2H", 93600), ("PT0.5S", 0.5), ("P2D", 172800)],
    ],
)
def test_durations_in_many_forms(text: str, value: float) -> None:
    assert seconds(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "soon",
            "3 months",
            "1 week",
            "12:60:00",
            "1:2:3",
            "-5",
            "-00:01:00",
            "5 min 4 h",
            "P",
            "PT",
            "P1Y",
        ),
        *("1,500 h", "4 h 12 h", "N/A", "", "h", "1:2:3:4", "5 apples", "9" * 200 + " h", "1e400"),
    ],
)
def test_what_is_no_duration_is_null(text: str) -> None:
    assert seconds(text, "94", unit="seconds") == [None, 94]


def test_a_clock_of_two_parts_is_never_guessed() -> None:
    with pytest.raises(
        BenchkitError, match=r"'04:12' in column 'Wait' may be 4 h 12 min or 4 min 12 s.*unit"
    ):
        seconds("04:12", where="column 'Wait'")
    assert seconds("04:12", "1:04:12", "90", unit="minutes") == [252, 3852, 5400]
    assert seconds("04:12", "1:04:12", "1,5", unit="hours") == [15120, 3852, 5400]


def test_durations_that_are_typed_already() -> None:
    assert seconds(90, -1, None, unit="minutes") == [5400, None, None]
    assert seconds(1.5, float("inf"), unit="hours")[0] == 5400
    assert seconds(timedelta(hours=1), timedelta(-1), None) == [3600, None, None]
    assert seconds(time(4, 12, 30)) == [15150]
    with pytest.raises(UnknownNameError, match="did you mean 'minutes'"):
        seconds(5, unit="minute")


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20))
def test_durations_round_trip(values: list[int]) -> None:
    split = [(value // 3600, value // 60 % 60, value % 60) for value in values]
    assert seconds(*(f"{h}:{m:02}:{s:02}" for h, m, s in split)) == values
    assert seconds(*(f"{h} h {m} min {s} s" for h, m, s in split)) == values
    assert seconds(*(f"PT{h}H{m}M{s}S" for h, m, s in split)) == values
    assert seconds(*(str(timedelta(seconds=value)) for value in values)) == values


PIECES = "0 1 12 60 999 1234 , . : ' h min s d days P PT T H M S e - + and hours".split()  # noqa: SIM905
soup = st.lists(st.sampled_from([*PIECES, " "]) | st.text(max_size=3), max_size=9).map("".join)


@fuzz(
    texts=st.lists(st.none() | soup, max_size=8),
    unit=st.sampled_from(["seconds", "minutes", "hours"]),
    decimal=st.sampled_from(["", ".", ","]),
)
def test_only_durations_or_sentences_come_out(texts: list[str | None], unit: str, decimal: str) -> None:
    series = pl.Series(texts, dtype=pl.String)
    try:
        read = read_seconds(series, unit=unit, decimal=decimal)
    except BenchkitError:
        return
    assert len(read) == len(texts)
    assert (read.drop_nulls() >= 0).all()
    assert read.drop_nulls().is_finite().all()
