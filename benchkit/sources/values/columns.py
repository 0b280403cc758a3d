"""What a column of a foreign table holds, told from its values: times, durations, words, ids, text."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from benchkit.errors import BenchkitError
from benchkit.sources.values.forms import stripped
from benchkit.sources.values.numbers import read_numbers, read_seconds
from benchkit.sources.values.times import read_times

SAMPLE = 5_000
"""Values by which a column is judged; its different words are found among all."""

MOST_WORDS, LONGEST_WORD = 40, 40
_MOST, _HARDLY_TWICE = 0.8, 0.9
_ORDERS = ("day first", "month first")
_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\s*[AaPp]\.?[Mm]\.?)?$"


@dataclass(frozen=True)
class Column:
    """A column: `holds` is times, clock times, durations, numbers, words, ids, text or nothing.

    `forms` are the ways in which its values can be read as times: none, one ("" where it need
    not be said), or several between which they do not decide; `order` is day first or month
    first, where they show it. `is_zoned`: those times name
    their zone; `is_dates`: they have no clock. `words` are its different values, where they are
    few and short. `is_unique`: hardly a value is there twice.
    """

    name: str
    holds: str
    n: int = 0
    is_unique: bool = False
    forms: tuple[str, ...] = ()
    order: str = ""
    is_zoned: bool = True
    is_dates: bool = False
    words: tuple[str, ...] = ()


def look_at(values: pl.Series) -> Column:
    """Say what a column holds.

    >>> look_at(pl.Series("Created", ["31.10.2017 22:08", "1.11.2017 9:05"])).holds
    'times'
    >>> look_at(pl.Series("Direction", ["in", "out", "in", "out"])).words
    ('in', 'out')
    """
    is_text = not values.dtype.is_temporal()
    said = (stripped(values.cast(pl.String)) if is_text else values).drop_nulls()
    if said.is_empty():
        return Column(values.name, "nothing")
    sample, different = said.head(SAMPLE), said.n_unique()
    forms: tuple[str, ...]
    words: tuple[str, ...] = ()
    if is_text:
        holds, forms = _text(sample)
        few = different <= MOST_WORDS and (different < len(said) or different <= 4)
        if few and not forms and said.str.len_chars().max() <= LONGEST_WORD:  # type: ignore[operator]
            words = tuple(said.unique().sort())
            holds = "words" if holds in ("ids", "text") else holds
    else:
        holds, forms = "times", ("",)
    return Column(
        values.name,
        holds,
        n=len(said),
        is_unique=different >= _HARDLY_TWICE * len(said),
        forms=forms,
        order=_order(sample) if holds == "times" else "",
        is_zoned=not forms or _reads(sample, forms[0], "UTC").equals(_reads(sample, forms[0], "Asia/Tokyo")),
        is_dates=bool(forms) and not sample.cast(pl.String).str.contains(":", literal=True).any(),
        words=words,
    )


def _text(sample: pl.Series) -> tuple[str, tuple[str, ...]]:
    if _are_most(int(sample.str.contains(_CLOCK).sum()), len(sample)):
        return "clock times", ()
    n_digits = sample.str.count_matches("[0-9]")
    if _are_most(int((n_digits > 0).sum()), len(sample)):
        found = _reads(sample, "", "UTC")
        if _is_read(read_numbers(sample, decimal=".")):
            ways = ("epoch", *(("snowflake",) if n_digits.min() > 14 else ()), "excel")  # type: ignore[operator]
            return "numbers", ("epoch",) if _is_read(found) else _forms(sample, ways)
        if _is_read(found):
            return "times", ("",)
        if found.dtype == pl.Null and (forms := _forms(sample, _ORDERS)):
            return "times", forms
        if _is_read(_durations(sample)):
            return "durations", ()
    return ("text" if sample.str.contains(r"\S\s+\S+\s").mean() > 0.3 else "ids"), ()  # type: ignore[operator]


def _order(sample: pl.Series) -> str:
    """Whether days come first or months, where only one of them reads as many values as can be."""
    n_read = {way: _reads(sample, way, "UTC").count() for way in _ORDERS}
    best = [way for way in _ORDERS if n_read[way] == max(n_read.values())]
    return best[0] if len(best) == 1 else ""


def _forms(sample: pl.Series, ways: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(way for way in ways if _is_read(_reads(sample, way, "UTC")))


def _reads(sample: pl.Series, form: str, timezone: str) -> pl.Series:
    """The values as times, null where they cannot be read so."""
    try:
        return read_times(sample, how=form, timezone=timezone).at
    except BenchkitError:
        return pl.Series([None], dtype=pl.Null)


def _durations(sample: pl.Series) -> pl.Series:
    try:
        return read_seconds(sample, unit="hours", decimal=".")
    except BenchkitError:
        return pl.Series([None], dtype=pl.Null)


def _is_read(read: pl.Series) -> bool:
    return _are_most(read.count(), len(read))


def _are_most(n: int, of: int) -> bool:
    """Whether so many are most, which in a small file may be all but one of three or more."""
    return n >= _MOST * of or (n == of - 1 and n > 1)
