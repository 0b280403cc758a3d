"""Peers of one's own: what many agencies know of their industries, added up without sharing a message."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import combinations
from operator import add
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchkit.definitions import PRESETS
from benchkit.definitions.definition import Definition
from benchkit.errors import BenchkitError, InputError, show
from benchkit.peers import MIN_BRANDS
from benchkit.periods import WEEK, no_such_month, parse_month
from benchkit.pools.files import read_pool, write_pool
from benchkit.pools.pool import (
    CELL,
    FOLLOWED_SECONDS,
    MAX_SHARE_OF_A_BRAND,
    MIN_POOLED_WAITS,
    MONTH,
    SENSIBLE_NAMES,
    Pool,
    added,
)
from benchkit.waits import Waits

_UNSTATED = "whose industry or channel has no name"
_TOO_FEW_BRANDS = f"in cells of fewer than {MIN_BRANDS} brands"
_TOO_FEW_WAITS = f"in cells of fewer than {MIN_POOLED_WAITS} waits"
_OF_ONE_BRAND = f"in cells of which one brand has more than {MAX_SHARE_OF_A_BRAND:.0%}"


class Exported(NamedTuple):
    """What was written, and how many `waits` were not, by `reason`."""

    pool: Pool
    left_out: pl.DataFrame


def export_peers(waits: Waits, path: str | Path, *, months: Sequence[str] | None = None) -> Exported:
    """Write how many waits of which length there were, by industry, channel and day, in one small file.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit import find_waits, synthesize
    >>> waits = find_waits(synthesize(messages=50_000))
    >>> with TemporaryDirectory() as folder:
    ...     export_peers(waits, f"{folder}/ours.parquet", months=["2026-10"]).pool.months()
    ['2026-10']

    Without `months`, all that are final: whose every wait was watched for 7 days. There are no
    messages, ids or names of brands, agents or datasets in the file, and no cell (industry,
    channel and month) of fewer than 5 brands or 30 waits, or of which one brand has more than
    80%. Of data selected on being answered, or by a definition that leaves out what nobody
    answered, only answered waits are written, and counted. `left_out` says what was not.
    Seconds are of calendar time, and those of waits still open a week.

    Raises `BenchkitError` for a month that is not final, for a definition by opening hours
    (of which each brand has its own), and where nothing is left to write.
    """
    if not isinstance(waits, Waits):
        raise BenchkitError(f"waits are exported, not a {type(waits).__name__}; call find_waits(data) first")
    if waits.definition.clock != "calendar":
        raise BenchkitError(
            f"brands are pooled in calendar time, and the definition {show(waits.definition.name)} has "
            "opening hours; name one by calendar time"
        )
    rows = _rows(waits).filter(pl.col("month").is_in(_final_months(waits, months))).collect()
    reasons = _reasons(rows)
    kept = reasons.filter(reason="").select(*CELL, "brands").sort(CELL)
    left_out = (
        reasons.filter(pl.col("reason") != "")
        .group_by("reason")
        .agg(pl.col("waits").sum())
        .sort("waits", "reason", descending=[True, False])
    )
    if kept.is_empty():
        why = "; ".join(f"{n:,} waits {reason}" for reason, n in left_out.rows())
        raise BenchkitError(
            f"there is nothing to export{why and ': '}{why}; take more brands or a longer time"
        )
    tables = added(rows.join(kept, on=CELL, how="semi").with_columns(pl.lit(1, pl.Int64).alias("waits")))
    day = waits.as_of.date()
    pool = Pool(
        tables=tables,
        brands=kept,
        definition=_nameless(waits.definition),
        selection=waits.about.selection,
        taken=(day, day),
        exports={},
    )
    pool = replace(pool, exports=_fingerprints(pool))
    write_pool(pool, path)
    return Exported(pool, left_out)


def pool_peers(paths: Sequence[str | Path], out: str | Path) -> Pool:
    """Add up files that `export_peers` wrote, or pools of them, into one that is written like them.

    Raises `InputError` for a file that is none of them, for two of different definitions or
    selections, and for two that hold the same waits.
    """
    if not paths:
        raise BenchkitError("no files were named to pool; name one or more that benchkit peers export wrote")
    pools = [(Path(path), read_pool(path)) for path in paths]
    for one, other in combinations(pools, 2):
        _refuse_to_add(*one, *other)
    pool = reduce(add, (pool for _, pool in pools))
    write_pool(pool, out)
    return pool


def _nameless(definition: Definition) -> Definition:
    """The same rules; a name or a day of one's own would tell whose they are."""
    name = definition.name if definition.name in {preset.name for preset in PRESETS} else "peers"
    return replace(definition, name=name, version=1, valid_from=None, before=None)


def _rows(waits: Waits) -> pl.LazyFrame:
    """A row for each wait, less whatever would tell whose it was, but for its brand."""
    is_open = (pl.col("outcome") == "awaiting") | waits.is_late
    outcome = pl.when(is_open).then(pl.lit("awaiting")).otherwise(pl.col("outcome").cast(pl.String))
    answered = pl.lit(waits.only_answered is None) | (outcome == "replied")
    return (
        waits.frame.filter(waits.is_eligible, answered)
        .select(
            *(pl.col(name).cast(pl.String) for name in ("industry", "channel", "brand")),
            waits.local.dt.date().alias("day"),
            "is_first",
            outcome.alias("outcome"),
            pl.when(is_open).then(FOLLOWED_SECONDS).otherwise("wait_seconds").alias("seconds"),
        )
        .with_columns(MONTH)
    )


def _final_months(waits: Waits, asked: Sequence[str] | None) -> list[str]:
    """The months asked for, or else all, if every wait of theirs was watched for 7 days."""
    known = waits.months()
    is_too_young = waits.clocked("calendar").watched < WEEK.total_seconds()
    unwatched = waits.frame.filter(pl.col("outcome") == "awaiting", is_too_young)
    young = unwatched.select(waits.local.dt.to_string("%Y-%m").unique()).collect().to_series().to_list()
    wanted = known if asked is None else [parse_month(month).label for month in asked]
    for month in wanted:
        if month not in known:
            raise no_such_month(month, known, waits.about.name)
    final = [month for month in wanted if waits.is_over(month, since=WEEK) and month not in young]
    if asked is not None and len(final) < len(wanted):
        early = next(month for month in wanted if month not in final)
        day = f"{parse_month(early).end + WEEK:%Y-%m-%d}"
        raise BenchkitError(
            f"{early} is not final, since not all of its waits were watched for 7 days; "
            f"leave it out, or take all its conversations again on {day} or later"
        )
    return final


def _reasons(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each cell its `waits` and `brands`, and why it may not be written; nothing where it may."""
    of_brands = rows.group_by(*CELL, "brand").agg(pl.len().cast(pl.Int64).alias("waits"))
    cells = of_brands.group_by(CELL).agg(
        pl.len().cast(pl.Int64).alias("brands"), pl.col("waits").sum(), pl.col("waits").max().alias("largest")
    )
    few_brands, few_waits = pl.col("brands") < MIN_BRANDS, pl.col("waits") < MIN_POOLED_WAITS
    of_one_brand = pl.col("largest") > MAX_SHARE_OF_A_BRAND * pl.col("waits")
    reason = (
        pl.when(~SENSIBLE_NAMES.fill_null(False))
        .then(pl.lit(_UNSTATED))
        .when(few_brands)
        .then(pl.lit(_TOO_FEW_BRANDS))
        .when(few_waits)
        .then(pl.lit(_TOO_FEW_WAITS))
        .when(of_one_brand)
        .then(pl.lit(_OF_ONE_BRAND))
        .otherwise(pl.lit(""))
    )
    return cells.select(*CELL, "brands", "waits", reason.alias("reason"))


def _fingerprints(pool: Pool) -> dict[str, list[str]]:
    """By month: what tells an export from others, whenever it was taken.

    It is of what was known after 7 days, which does not change any more.
    """
    is_late = pl.col("seconds") > FOLLOWED_SECONDS
    known = pool.tables.with_columns(
        pl.when(is_late).then(pl.lit("awaiting")).otherwise("outcome").alias("outcome"),
        pl.col("seconds").clip(upper_bound=FOLLOWED_SECONDS),
    )
    kept = known.filter((pl.col("outcome") == "replied") | (pool.only_answered is None))
    by_month = added(kept).with_columns(MONTH).partition_by("month", as_dict=True, include_key=False)
    found = {month: hashlib.sha256(part.write_csv().encode()) for (month,), part in by_month.items()}
    return {month: [found[month].hexdigest()[:16]] if month in found else [] for month in pool.months()}


def _refuse_to_add(path: Path, pool: Pool, other_path: Path, other: Pool) -> None:
    """Refuse to add what does not mean the same, and what is there already."""
    together = f"cannot be pooled with {show(other_path)}"
    for rule in pool.definition.differences(other.definition):
        ours, theirs = (show(one.definition.spelled(rule), limit=300) for one in (pool, other))
        raise InputError(
            path,
            f"{together}, since their definitions differ, first in {rule.replace('_', ' ')}: {ours} here, "
            f"{theirs} there; export both by one definition",
        )
    if pool.selection != other.selection:
        ours, theirs = (show(one.selection or "all messages", limit=300) for one in (pool, other))
        raise InputError(
            path,
            f"{together}, since what their data hold was selected otherwise: {ours} here, {theirs} there; "
            "pool only those that are alike",
        )
    for month, exports in pool.exports.items():
        if set(exports) & set(other.exports.get(month, ())):
            raise InputError(
                path, f"{together}, since both hold the same waits of {month}; leave one of them out"
            )
