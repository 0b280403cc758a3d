"""What the charts of a comparison draw: units side by side, in the sets they were compared in."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.charts.dots import OWN_NOT_DRAWN
from benchkit.charts.rows import figure_rows, groups_in_order, is_among_answered, left_out, own_group, stated
from benchkit.charts.style import notes, require
from benchkit.metrics import Metric, Share
from benchkit.series import credited_to_somebody, group_columns, group_label
from benchkit.words import horizon


class Compared(NamedTuple):
    """The units that can be drawn, each in its set `within`, and in `missing` why others are not.

    Sets and units with most waits come first. Of the reader's `own`, its set is the only one.
    """

    rows: pl.DataFrame
    sets: list[str]
    metric: Metric
    unit: str
    set_of: str
    own: str
    missing: list[str]

    @property
    def in_time(self) -> str:
        """What the share is of, such as `answered within 24 h`."""
        computes = self.metric.computes
        seconds = computes.within_seconds if isinstance(computes, Share) else None
        answered = "replied" if is_among_answered(self.metric) else "answered"
        return answered if seconds is None else f"{answered} within {horizon(seconds)}"

    @property
    def has_own(self) -> bool:
        """Whether the reader's own unit is drawn."""
        return self.own != "" and self.own in self.rows["group"]

    @property
    def is_own(self) -> pl.Expr:
        """Whether a row is of the reader's own unit."""
        return pl.lit(self.has_own) & (pl.col("group") == self.own)

    @property
    def opacity(self) -> pl.Expr:
        """How strongly a row is drawn: less so, beside one's own."""
        return pl.when(self.is_own | (not self.has_own)).then(1.0).otherwise(0.5).alias("opacity")

    def largest(self, *, sets: int | None = None, units: int | None = None) -> Compared:
        """So many of the sets, or as many as have no more units; of one set alone so many units."""
        if units is not None:
            sizes = [self.rows.filter(within=name).height for name in self.sets]
            sets = max(sum(total <= units for total in accumulate(sizes)), 1)
        kept = self.sets[:sets]
        rows = self.rows.filter(pl.col("within").is_in(kept))
        n_rows = rows.height
        if units is not None and n_rows > units:
            rows = rows.sort(~self.is_own, maintain_order=True).head(units)
        which = f"Yours and {rows.height - 1:,}" if self.has_own else f"The {rows.height:,}"
        cut = [
            f"By {self.set_of}, the {len(kept):,} with most waits of {len(self.sets):,}"
            if len(kept) < len(self.sets)
            else "",
            f"{which} with most waits; the table has all {n_rows:,}" if rows.height < n_rows else "",
        ]
        return self._replace(rows=rows, sets=kept, missing=[*cut, *self.missing])

    def notes(self, month: str, how_to_read: str, *more: str) -> list[str]:
        """Whose messages are drawn and of which month, how to read that, and what is missing."""
        among_answered = is_among_answered(self.metric)
        first = notes(self.rows, month=month, among_answered=among_answered, key=how_to_read)
        return [*first, *more, *self.missing]


def same_work(rows: pl.DataFrame) -> str:
    """What shares were adjusted for."""
    return "; ".join(f"On the same mix of {cells}" for cells in rows["adjusted_for"].unique())


def compared_units(units: pl.DataFrame, *more: str, own: str) -> Compared:
    """What can be drawn of a comparison's units, with some `more` of its columns.

    Raises `UnknownNameError` for a column or an `own` that is not there.
    """
    require(units, ["metric", "estimate", "n", "status", *more], where="in this comparison")
    units = credited_to_somebody(units)
    unit, set_of = [*group_columns(units), "", ""][:2]
    (metric,) = find_metrics(units["metric"].to_list()[:1] or "answered_within_24h")
    own = own_group(units, own)
    if units.height:
        groups_in_order(units, own=own)
    who, within = (stated(column) if column else pl.lit("") for column in (unit, set_of))
    if own:
        own_set = units.filter(group_label(units) == own).select(within).to_series()
        units = units.filter(within.is_in(own_set.implode()))
    has_place = pl.all_horizontal(pl.col(name).is_not_null() for name in more)
    rows = figure_rows(
        units.filter(has_place), [metric], who.alias("who"), within.alias("within"), *map(pl.col, more)
    )
    sets = rows.group_by("within").agg(pl.col("n").sum()).sort("n", "within", descending=[True, False])
    withheld = units.filter(pl.col("estimate").is_null()).select(group_label(units)).to_series()
    n_alone = units.height - withheld.len() - rows.height
    return Compared(
        rows=rows.sort("n", "group", descending=[True, False]),
        sets=sets["within"].to_list(),
        metric=metric,
        unit=unit or "unit",
        set_of=set_of,
        own=own,
        missing=[
            OWN_NOT_DRAWN if own and own not in rows["group"] else "",
            left_out(units, [metric], set(withheld)),
            f"Not drawn: {n_alone:,} that cannot be compared" if n_alone else "",
        ],
    )
