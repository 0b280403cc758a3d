"""What is like with like: waits in cells of one channel and one time of the week."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from benchkit.stats.arrays import Ints

_LOCAL = pl.col("local")
_HOUR = _LOCAL.dt.hour().cast(pl.Int32)
_WEEKDAY = _LOCAL.dt.weekday().cast(pl.Int32) - 1
_TIMES: dict[str, pl.Expr] = {
    "hour of the week": _WEEKDAY * 24 + _HOUR,
    "quarter of the day, weekends apart": (_WEEKDAY >= 5).cast(pl.Int32) * 4 + _HOUR // 6,
    "": pl.lit(0, pl.Int32),
}


class Strata(NamedTuple):
    """The cell of each wait, numbered from 0, and in words what makes a cell."""

    cell: Ints
    n_cells: int
    words: str


def strata(waits: pl.DataFrame, *, least: int) -> Strata:
    """Put waits in cells by channel and time of the week, as fine as leaves `least` to the usual cell.

    `waits` has a row per wait: `local`, when it began where the brand is, and `of_channel`.
    Of hours of the week, quarters of weekdays and of weekends, and no time at all, the first
    is taken whose cells have `least` waits on average.
    """
    for said, time in _TIMES.items():
        cells = waits.select(pl.struct("of_channel", time.alias("time")).rank("dense") - 1).to_series()
        cell = cells.to_numpy().astype(np.int64)
        n_cells = int(cell.max(initial=-1)) + 1
        if not said or waits.height >= least * n_cells:
            return Strata(cell, n_cells, f"channel and {said}" if said else "channel")
    raise AssertionError
