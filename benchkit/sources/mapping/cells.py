"""Cells: how one column of a turn is made of the columns of a record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any

import polars as pl
import polars.selectors as cs

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.sources.mapping.patterns import check_globs, group_of, matches
from benchkit.sources.values.numbers import UNITS
from benchkit.toml import as_table

OPTIONS = ("brand", "channel", "timezone")
"""What a reader may be told, for what is in no file."""

SOURCES = ("column", "join", "same", "constant")
OF_TIMES = ("time", "timezone", "after", "unit", "decimal")


@dataclass(frozen=True)
class Cell:
    """One column of a turn: from which columns it comes, and how it is read.

    `column` are names of which the first with a value counts, `join` names whose values stand
    side by side (`missing` in place of one that is not there), `same` two names whose values are
    equal, true or false. `constant` is a value of the mapping's own, and `given` an option of the
    reader that steps in where there is no value. `pattern` takes a part of the text; `values`
    and `otherwise` give other words for it.
    """

    column: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    by: str = " "
    missing: str = ""
    same: tuple[str, ...] = ()
    constant: str = ""
    given: str = ""
    pattern: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    optional: bool = False
    time: str = ""
    timezone: str = ""
    after: Cell | None = None
    unit: str = ""
    decimal: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it asks for."""
        return (*self.column, *self.join, *self.same, *(self.after.names if self.after else ()))

    @classmethod
    def from_told(
        cls, told: object, what: str, words: Collection[str] = (), *, is_time: bool = False
    ) -> Cell:
        """Make a cell of what a mapping says: a column's name, one of `words`, or a table.

        >>> Cell.from_told("Author", "agent_id").column
        ('Author',)
        """
        if isinstance(told, str):
            word = told.strip().lower()
            return cls(constant=word) if word in words else cls(column=(_text(told, what),))
        if isinstance(told, bool | int | float):
            raise BenchkitError(f"{what} is {show(told)}; name a column, or give a table with constant")
        known = [item.name for item in fields(cls)]
        table = as_table(told, what, known if is_time else [key for key in known if key not in OF_TIMES])
        cell = cls(**{key: _part(key, value, f"{key} of {what}") for key, value in table.items()})
        cell._check(what)
        return cell

    def to_told(self, words: Collection[str] = ()) -> str | dict[str, Any]:
        """What `from_told` makes the same cell of."""
        if self == Cell(constant=self.constant) and self.constant in words:
            return self.constant
        if self == Cell(column=self.column) and len(self.column) == 1 and self.column[0] not in words:
            return self.column[0]
        told: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if value == getattr(Cell(), item.name):
                continue
            if item.name == "after":
                value = value.to_told()
            elif item.name == "column":
                value = value[0] if len(value) == 1 else list(value)
            elif item.name in ("join", "same"):
                value = list(value)
            told[item.name] = dict(value) if item.name == "values" else value
        return told

    def _check(self, what: str) -> None:
        sources = [name for name in SOURCES if getattr(self, name)]
        if len(sources) > 1 or not (sources or self.given):
            said = f"says {' and '.join(sources)}" if sources else "does not say where it comes from"
            raise BenchkitError(f"{what} {said}; give one of {', '.join(SOURCES)}")
        if self.same and len(self.same) != 2:
            raise BenchkitError(f"{what} compares {len(self.same)} columns; name two, as same")
        if self.constant and self.given:
            raise BenchkitError(
                f"{what} has a constant, which leaves nothing to be given; leave one of them out"
            )
        if (self.unit or self.decimal) and not self.after:
            raise BenchkitError(f"{what} has the unit of a duration; say after which time, as after")
        if self.after and (self.time or self.timezone):
            raise BenchkitError(f"{what} is a duration; say time and timezone of the time that it is after")
        check_globs(self.values, f"values of {what}")

    def text(self, frame: pl.DataFrame, *, strict: bool = False, bare: bool = False) -> pl.Expr:
        """The cell's text, null where it has none; `given` is left to the caller.

        `strict`: what `values` do not name is null, not itself. `bare`: as it stands, blanks and all.
        """
        if self.constant:
            return pl.lit(self.constant)
        there = {
            name: as_text(name, frame.schema[name], bare=bare) for name in self.names if name in frame.columns
        }
        parts = [there[name] for name in (*self.column, *self.join, *self.same) if name in there]
        if not parts:
            return pl.lit(self.otherwise, pl.String)
        text = pl.coalesce(parts)
        if self.join:
            parts = [there.get(name, _nothing()) for name in self.join]
            filled = [part.fill_null(self.missing) for part in parts] if self.missing else parts
            joined = pl.concat_str(filled, separator=self.by, ignore_nulls=True)
            text = pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(joined)
        if self.same:
            first, second = (there.get(name, _nothing()) for name in self.same)
            text = (first == second).cast(pl.String)
        if self.pattern:
            text = text.str.extract(self.pattern, group_of(self.pattern))
        if not self.values and self.otherwise is None:
            return text
        named = _named(text, self.values)
        if self.otherwise is not None:
            named = named.fill_null(self.otherwise)
        elif not strict:
            named = pl.coalesce(named, text)
        return pl.when(named != "").then(named)


def column_of(name: str) -> pl.Expr:
    """The column of just this name, where `pl.col` takes * and ^…$ for patterns.

    >>> pl.DataFrame({"*": [1], "at": [2]}).select(column_of("*")).columns
    ['*']
    """
    return cs.by_name(name).as_expr()


def as_text(name: str, dtype: pl.DataType, *, bare: bool = False) -> pl.Expr:
    """A column as text: whole numbers without decimals, nothing for what is empty."""
    column = column_of(name)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return _nothing()
    if dtype.is_float():
        whole = (column == column.round()) & (column.abs() < 2**53)
        return (
            pl.when(whole)
            .then(column.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(column.cast(pl.String))
        )
    text = column.cast(pl.String)
    text = text if bare else text.str.strip_chars()
    return pl.when(text != "").then(text)


def _named(text: pl.Expr, values: Mapping[str, str]) -> pl.Expr:
    """What the first of the values that matches says, null where none does."""
    lowered = text.str.to_lowercase()
    parts: list[pl.Expr] = []
    for is_glob, some in groupby(values.items(), key=lambda item: "*" in item[0]):
        if is_glob:
            parts += [pl.when(matches(text, [name])).then(pl.lit(word)) for name, word in some]
            continue
        words: dict[str, str] = {}
        for name, word in some:
            words.setdefault(name.strip().lower(), word)
        if "" in words:
            parts.append(pl.when(text.is_null()).then(pl.lit(words.pop(""))))
        if words:
            parts.append(
                lowered.replace_strict(
                    list(words), list(words.values()), default=None, return_dtype=pl.String
                )
            )
    return pl.coalesce(parts) if parts else _nothing()


def _nothing() -> pl.Expr:
    return pl.lit(None, pl.String)


def _part(key: str, value: object, what: str) -> Any:
    """One value of a cell's table, in its type."""
    if key in ("column", "join", "same"):
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list | tuple) or not listed:
            raise BenchkitError(f"{what} is {show(value)}; give a column's name, or a list of names")
        return tuple(_text(name, what) for name in listed)
    if key == "values":
        return {str(name): word_of(word, what) for name, word in as_table(value, what).items()}
    if key == "optional":
        if not isinstance(value, bool):
            raise BenchkitError(f"{what} is {show(value)}; it is true or false")
        return value
    if key == "after":
        return Cell.from_told(value, what, is_time=True)
    if key == "constant":
        return _text(word_of(value, what), what)
    if key == "otherwise":
        return word_of(value, what)
    if not isinstance(value, str):
        raise BenchkitError(f"{what} is {show(value)}; give text")
    if key == "given" and value not in OPTIONS:
        raise UnknownNameError("option", value, OPTIONS, where=f"for {what}")
    if key == "unit" and value not in UNITS:
        raise UnknownNameError("unit", value, UNITS, where=f"for {what}")
    if key == "pattern":
        group_of(value)
    return value


def word_of(value: object, what: str) -> str:
    """Text, a number, or true or false, as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BenchkitError(f"{what} is {show(value)}; give text")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BenchkitError(f"{what} is {show(value)}; give text that is not empty")
    return value
