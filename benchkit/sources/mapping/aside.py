"""What is left out of an export: each row once, for its first reason, with what could be read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.errors import InputError, show
from benchkit.schema import MESSAGES, SENDERS
from benchkit.sources.delimited import UNREADABLE_SHARE, refuse_unreadable, set_aside

IS_MESSAGE = pl.col("kind").is_in(SENDERS)
UNNAMED = "a kind that the mapping does not name"


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

    def refuse_unreadable(self, n_turns: int, unnamed: pl.Series) -> None:
        """Raise `InputError` where more turns are unreadable than may be left out."""
        excluded = pl.concat([as_excluded(pl.DataFrame()), *self.parts])
        if len(unnamed) > UNREADABLE_SHARE * n_turns:
            kinds = unnamed.drop_nulls().value_counts(sort=True).head(3).to_series().to_list()
            named = ", ".join(show(kind) for kind in kinds) or "nothing at all"
            raise InputError(
                self.path,
                f"{len(unnamed):,} of {n_turns:,} rows are of a kind that the mapping does not name, "
                f"most often {named}; add what they are to the values of kind, such as 'ignored'",
            )
        refuse_unreadable(self.path, excluded, n_turns)


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
