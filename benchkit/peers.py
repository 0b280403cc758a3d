"""What may be told of brands that are compared: never a figure that is of too few of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from benchkit.waits import Peers

MIN_BRANDS = 5
"""No figure of peers is told from fewer brands."""

Cell = tuple[str | None, ...]


def left_out_brand(keys: Sequence[str], peers: Peers | None) -> str:
    """One's own brand, where figures are of the others alone: those of industries, beside one's own."""
    return peers.own if peers and "industry" in keys and "brand" not in keys else ""


def too_few_brands(
    waits: pl.DataFrame, groups: pl.DataFrame, keys: Sequence[str], peers: Peers | None
) -> npt.NDArray[np.bool_]:
    """By group: whether its figures are to be withheld, since they would tell of too few peers.

    `waits` are those measured, with the brand of each in `of_brand`; `groups` has a row per
    group. A lettered brand hides behind those of its industry, where that is told, or else
    behind all the others. A split of all brands together may tell of no fewer brands than
    the whole does, or `MIN_BRANDS`. What is withheld cannot be had by subtraction either.
    """
    by_brand, by_industry = "brand" in keys, "industry" in keys
    split_by = [key for key in keys if key not in ("brand", "agent")]
    if peers is None:
        is_guarded = False
    elif by_brand:
        is_guarded, split_by = not peers.named, ["industry"] if by_industry else []
    else:
        is_guarded = by_industry or (split_by != [] and not (peers.own or peers.named))
    if peers is None or not is_guarded:
        return np.zeros(groups.height, dtype=bool)
    others = waits.filter(pl.col("of_brand").cast(pl.String) != peers.own)
    n_brands = others["of_brand"].n_unique()
    least = MIN_BRANDS if by_brand or by_industry else min(MIN_BRANDS, n_brands)
    cells = _brands_by_cell(others, split_by)
    hidden = {cell for cell, brands in cells.items() if len(brands) < least}
    if not (peers.own or peers.named):  # then the whole is told, from which the rest can be subtracted
        hidden = _with_cover(hidden, cells, least)
    rows = groups.select(pl.col(name).cast(pl.String) for name in keys).rows(named=True)
    is_own = [by_brand and row["brand"] == peers.own for row in rows]
    of_row = [tuple(row[key] for key in split_by) for row in rows]
    return np.array(
        [not own and (cell in hidden or cell not in cells) for own, cell in zip(is_own, of_row, strict=True)],
        dtype=bool,
    )


def _brands_by_cell(waits: pl.DataFrame, keys: Sequence[str]) -> dict[Cell, set[str]]:
    cells: dict[Cell, set[str]] = {}
    columns = [pl.col(name).cast(pl.String) for name in (*keys, "of_brand")]
    for *cell, brand in waits.select(columns).unique().iter_rows():
        cells.setdefault(tuple(cell), set()).add(brand)
    return cells


def _with_cover(hidden: Collection[Cell], cells: Mapping[Cell, Collection[str]], least: int) -> set[Cell]:
    """What is hidden and, the smallest first, as many more cells as it takes to be of `least` brands."""
    cover = sorted(cells.keys() - hidden, key=lambda cell: (len(cells[cell]), str(cell)))
    covered = set(hidden)
    brands = {brand for cell in hidden for brand in cells[cell]}
    while brands and len(brands) < least and cover:
        covered.add(cover[0])
        brands.update(cells[cover.pop(0)])
    return covered
