"""What is left out of an export: each row once, for its first reason, with what could be read of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.errors import InputError, show
from benchkit.schema import MESSAGES, SENDERS
from benchkit.sources.delimited import UNREADABLE_SHARE, refuse_unreadable, set_aside

IS_MESSAGE = pl.col("kind").is_in(SENDERS)
UNNAMED = "a kind that the mapping does not name"
MOST_KINDS, OFTEN = 12, 20
_OF_PERSON = re.compile(r"[@#]|[0-9]{3}|\S\s+\S+\s+\S+\s+\S")
"""What addresses, numbers and sentences have, and names of kinds have not."""


class Aside:
    """Sets rows aside and keeps what was: `excluded`, in the columns of `dataset.EXCLUDED`."""

    def __init__(self, path: Path, malformed: Iterable[pl.DataFrame], *, several_files: bool) -> None:
        self.path, self.several_files = path, several_files
        self.parts = [as_excluded(part) for part in malformed]

    @property
    def excluded(self) -> pl.DataFrame:
        """All rows that were left out so far."""
        rows = pl.concat([as_excluded(pl.DataFrame()), *self.parts])
        return rows if self.several_files else rows.with_columns(pl.lit(None, pl.String).alias("file"))

    def keep(self, turns: pl.DataFrame, kind: str, reasons: Mapping[str, pl.Expr] | pl.Expr) -> pl.DataFrame:
        """The turns to which no reason applies; the others are set aside."""
        made = _canonical(turns.columns)
        names = [name for name in (*MESSAGES.all_columns, "kind") if name in (*made, *turns.columns)]
        kept, excluded = set_aside(turns, kind, reasons, {name: made.get(name, name) for name in names})
        if excluded.height:
            self.parts.append(excluded)
        return kept

    def refuse_unreadable(self, n_turns: int, unnamed: pl.Series, told_by: Collection[str]) -> None:
        """Raise `InputError` where more turns are unreadable than may be left out.

        `unnamed`: what stands in the columns `told_by` where the mapping does not name it.
        """
        excluded = pl.concat([as_excluded(pl.DataFrame()), *self.parts])
        if len(unnamed) > UNREADABLE_SHARE * n_turns:
            where = f" in {' or '.join(map(show, told_by))}" if told_by else ""
            raise InputError(
                self.path,
                f"{len(unnamed):,} of {n_turns:,} rows are of a kind that the mapping does not name, "
                f"{_categories(unnamed)}{where}; add what they are to the values of kind, such as 'ignored', "
                "or name the column that says it",
            )
        refuse_unreadable(self.path, excluded, n_turns)


def _categories(said: pl.Series) -> str:
    """The most common values if they are names of kinds, or else how many there are.

    What hardly comes again may be a customer's name or words, and so are many different values.

    >>> _categories(pl.Series(["note"] * 90 + ["survey"] * 30))
    "most often 'note', 'survey'"
    >>> _categories(pl.Series(["anna", "ben", "anna"]))
    'with 2 different values'
    """
    counts = said.drop_nulls().value_counts(sort=True, name="n").rows()
    if not counts:
        return "with nothing at all"
    often = [value for value, n in counts[:3] if n >= OFTEN and not _OF_PERSON.search(value)]
    if len(counts) > MOST_KINDS or not often:
        return f"with {len(counts):,} different value{'s' if len(counts) > 1 else ''}"
    return f"most often {', '.join(map(show, often))}"


def _canonical(columns: list[str]) -> dict[str, pl.Expr]:
    """What rows tell, by the names of messages and events."""
    customer, other = (
        pl.coalesce(*(name for name in names if name in columns), pl.lit(None, pl.String))
        for names in (("customer_id", "sender_id"), ("agent_id", "sender_id"))
    )
    is_brands = pl.col("kind").is_not_null() & (pl.col("kind") != "customer")
    return {
        "sender": pl.when(IS_MESSAGE).then(pl.col("kind").cast(pl.String)),
        "kind": pl.when(~IS_MESSAGE).then(pl.col("kind").cast(pl.String)),
        "sender_id": pl.when(is_brands).then(other).otherwise(customer),
        "sent_at": pl.col("at"),
    }
