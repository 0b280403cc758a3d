"""Questions about columns of times: polars series, numpy arrays or single times, answered in kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from benchkit.calendars.days import FIRST_YEAR, LAST_YEAR
from benchkit.calendars.openings import DAY_SECONDS, MICROSECONDS, Bools, Ints, Openings
from benchkit.errors import BenchkitError, show
from benchkit.times import Moment, parse_time

Datetimes = npt.NDArray[np.datetime64]
Timedeltas = npt.NDArray[np.timedelta64]
Given = pl.Series | npt.NDArray[Any] | Moment | int | None
EARLIEST, LATEST = (
    int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1)
)
MOST_SECONDS = (LATEST - EARLIEST) // MICROSECONDS


class Hours(Protocol):
    """What can be asked."""

    @property
    def holds_since(self) -> int:
        """The time before which nothing is known, in microseconds."""

    @property
    def open_weekly(self) -> int:
        """How much is open in a regular week, in microseconds."""

    def openings(self, start: int, end: int) -> Openings:
        """All that is open between two times, in microseconds."""


class Question(NamedTuple):
    """What answers are called, their type, and how hours answer rows of whole numbers."""

    name: str
    dtype: pl.DataType
    answer: Callable[..., Ints]


def _elapsed(hours: Hours, start: Ints, end: Ints) -> Ints:
    wrong = np.flatnonzero(end < start)
    if wrong.size:
        late, early = (np.datetime64(int(column[wrong[0]]), "us") for column in (start, end))
        raise BenchkitError(f"an end, {early}, comes before its start, {late}; give the earlier time first")
    openings = hours.openings(start.min(), end.max())
    return (openings.open_by(end) - openings.open_by(start)) // MICROSECONDS


def _due(hours: Hours, start: Ints, seconds: Ints) -> Ints:
    until = int(start.max())
    while True:
        openings = hours.openings(start.min(), until)
        wanted = openings.open_by(start) + seconds * MICROSECONDS
        missing = int(wanted.max()) - openings.total
        if missing <= 0:
            return np.maximum(start, openings.first_with(wanted))
        until += (missing // hours.open_weekly + 2) * 7 * DAY_SECONDS * MICROSECONDS
        if until >= LATEST:
            raise BenchkitError(
                f"{seconds.max():,} seconds of these hours end after {LAST_YEAR}; give fewer seconds"
            )


def _is_open(hours: Hours, at: Ints) -> Ints:
    return hours.openings(at.min(), at.max()).is_open(at).astype(np.int64)


ELAPSED = Question("business_seconds", pl.Int64(), _elapsed)
DUE = Question("due_at", pl.Datetime("us", "UTC"), _due)
IS_OPEN = Question("is_open", pl.Boolean(), _is_open)


def ask(
    question: Question,
    parts: Iterable[tuple[Hours, Ints | None]],
    keys: pl.Series | None = None,
    **given: Given,
) -> Any:
    """Ask hours about their rows, or about all; an answer is missing where a row is, or before they hold.

    The first of the columns given is the time that hours must hold at. Hours see times in
    microseconds of UTC since 1970, and what is called `seconds` as it is; a single value goes
    with each row of the others. Answers come as a series if there is one among what is given,
    else as an array if there is one, else as a single value.
    """
    columns = {what: _numbers(what, values) for what, values in given.items()}
    lengths = {len(columns[what]) for what, values in given.items() if _is_column(values)}
    lengths |= set() if keys is None else {len(keys)}
    if len(lengths) > 1:
        named = [*["keys"] * (keys is not None), *given]
        raise BenchkitError(f"{' and '.join(named)} must have as many entries as each other")
    length = lengths.pop() if lengths else 1
    known, filled = np.ones(length, dtype=bool), []
    for what, column in columns.items():
        spread = column if _is_column(given[what]) else column.new_from_index(0, length)
        known &= spread.is_not_null().to_numpy()
        filled.append(spread.fill_null(0).to_numpy())
    answers, answered = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=bool)
    for hours, among in parts:
        rows = np.flatnonzero(known) if among is None else among[known[among]]
        if rows.size:
            asked = [column[rows] for column in filled]
            answers[rows] = question.answer(hours, *asked)
            answered[rows] = asked[0] >= hours.holds_since
    name, dtype, _ = question
    if keys is not None or any(isinstance(values, pl.Series) for values in given.values()):
        return _as_series(answers, answered, name, dtype)
    if any(map(_is_column, given.values())):
        return _as_array(answers, answered, dtype)
    return _as_series(answers, answered, name, dtype).item()


def _is_column(values: Given) -> bool:
    return isinstance(values, pl.Series | np.ndarray)


def _numbers(what: str, values: Given) -> pl.Series:
    if what == "seconds":
        numbers, least, most = _seconds(values), 0, MOST_SECONDS
        way_out = f"give whole seconds from 0 to {MOST_SECONDS:,}"
    else:
        numbers, least, most = _microseconds(what, values), EARLIEST, LATEST - 1
        way_out = f"give times from {FIRST_YEAR} to {LAST_YEAR}"
    outside = numbers.filter(~numbers.is_between(least, most))
    if len(outside):
        first = outside[0] if what == "seconds" else np.datetime64(outside[0], "us")
        raise BenchkitError(f"{len(outside):,} of {len(numbers):,} {what} are like {show(first)}; {way_out}")
    return numbers


def _microseconds(what: str, values: Given) -> pl.Series:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        values = pl.Series(values.astype("datetime64[us]"))
    elif values is None or isinstance(values, Moment):
        values = pl.Series([values if values is None else parse_time(values)], dtype=pl.Datetime("us", "UTC"))
    if not isinstance(values, pl.Series) or values.dtype not in (pl.Datetime, pl.Null):
        raise BenchkitError(f"{what} {_are(values)}; give times, as datetimes in UTC")
    return values.cast(pl.Datetime("us", getattr(values.dtype, "time_zone", None))).to_physical()


def _seconds(values: Given) -> pl.Series:
    if isinstance(values, np.ndarray) and values.dtype.kind == "m":
        values = pl.Series(values.astype("timedelta64[us]")).dt.total_seconds()
    elif isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        values = pl.Series(values)
    elif values is None or type(values) is int:
        values = pl.Series([values], dtype=pl.Int64)
    if not isinstance(values, pl.Series) or not (values.dtype.is_integer() or values.dtype == pl.Null):
        raise BenchkitError(f"seconds {_are(values)}; give whole seconds, such as 8 * 3600")
    return values.cast(pl.Int64)


def _are(values: Given) -> str:
    dtype = getattr(values, "dtype", None)
    return f"are {show(values)}" if dtype is None else f"are of type {dtype}"


def _as_series(answers: Ints, answered: Bools, name: str, dtype: pl.DataType) -> pl.Series:
    column = pl.Series(name, answers).cast(dtype)
    if answered.all():
        return column
    return pl.select(pl.when(pl.Series(answered)).then(column).alias(name)).to_series()


def _as_array(answers: Ints, answered: Bools, dtype: pl.DataType) -> npt.NDArray[Any]:
    if dtype != pl.Boolean:
        told = answers.astype("datetime64[us]" if dtype == pl.Datetime else "timedelta64[s]")
        told[~answered] = "NaT"
        return told
    if not answered.all():
        raise BenchkitError(
            f"{(~answered).sum():,} of {answered.size:,} times are missing, or before the calendar holds, "
            "which numpy's booleans cannot say; ask with a polars Series"
        )
    return answers.astype(bool)
