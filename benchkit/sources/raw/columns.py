"""Tables: columns of text, or of types where the format knows them (Parquet, Excel, SQL)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from benchkit.dataset import EXCLUDED
from benchkit.sources.plain import plain

OWN_NAMES = ("(file)", "(line)", "(record)")


@dataclass(frozen=True)
class Table:
    """The rows of one file: `frame` holds `(line)` and the columns; records are not nested."""

    file: str
    frame: pl.DataFrame
    n_read: int
    n_blank: int = 0
    malformed: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXCLUDED))
    notes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, file: str, frame: pl.DataFrame, *, first_line: int = 1) -> Table:
        """The rows of a typed frame, numbered from `first_line`; rows without any value are blank."""
        names = unique_names(frame.columns)
        columns = [plain(column).alias(name) for column, name in zip(frame, names, strict=True)]
        values = pl.DataFrame(columns)
        any_filled = pl.any_horizontal(pl.all().is_not_null()) if columns else pl.lit(False)
        lines = pl.int_range(first_line, first_line + values.height, dtype=pl.Int64, eager=True)
        rows = pl.DataFrame([lines.alias("(line)"), *columns])
        kept = rows.filter(values.select(any_filled.alias("filled")).to_series()) if rows.height else rows
        return cls(file, kept, kept.height, rows.height - kept.height)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return self.frame.columns[1:]

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The line and the content of each row."""
        rows = self.frame.drop("(line)").iter_rows(named=True)
        return zip(self.frame["(line)"], rows, strict=True)

    def take(self, paths: Sequence[str], each: str = "") -> tuple[pl.DataFrame, set[str]]:
        """`(line)`, `(record)` (from 0) and those of the columns that there are, and which these are."""
        known = set() if each else set(paths).intersection(self.names)
        records = pl.int_range(self.frame.height, eager=True).alias("(record)")
        columns = [self.frame[name] for name in self.names if name in known]
        frame = pl.DataFrame([self.frame["(line)"], records, *columns])
        return (frame.clear() if each else frame), known


def unique_names(names: Iterable[str]) -> list[str]:
    """Names that differ: `column 3` for one that is empty, `Name (2)` for the second of two.

    >>> unique_names(["Name", "", "Name"])
    ['Name', 'column 2', 'Name (2)']
    """
    uses = dict.fromkeys(OWN_NAMES, 1)
    for position, name in enumerate(names, 1):
        base = unique = name or f"column {position}"
        while unique in uses:
            uses[base] = uses.get(base, 1) + 1
            unique = f"{base} ({uses[base]})"
        uses[unique] = 1
    return list(uses)[len(OWN_NAMES) :]
