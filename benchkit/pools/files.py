"""Pools as files: written whole, and trusted in nothing when they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from benchkit.definitions.definition import Definition
from benchkit.errors import BenchkitError, InputError, show
from benchkit.output import write_whole
from benchkit.peers import MIN_BRANDS
from benchkit.periods import WEEK, parse_month
from benchkit.pools.pool import CELL, LIFE_TABLES, MIN_POOLED_WAITS, MONTH, MOST_WAITS, Pool
from benchkit.schema import check
from benchkit.sources.delimited import find_file

FORMAT = 1
_KEY = "benchkit.peers"
_CLOCK = "calendar time"
_TERMS: Mapping[str, type | tuple[type, ...]] = {
    "format": int,
    "definition": dict,
    "hash": str,
    "clock": str,
    "needs_reply": str,
    "selection": (str, type(None)),
    "taken": list,
    "exports": dict,
    "brands": dict,
}
_LONGEST_NAME = 200
_LONGEST_SELECTION = 1_000
_MOST_BRANDS = 1_000_000


def write_pool(pool: Pool, path: str | Path) -> Path:
    """Write a pool as Parquet with its terms attached, whole or not at all.

    The terms are JSON under the key `benchkit.peers`: `format`; the `definition` in full and its
    `hash`; the `clock`; which waits need a reply, in words; the data's `selection`; when the
    data were `taken`; `exports`, what tells them apart; and `brands`, how many there are by
    industry, channel and month.
    """
    if Path(path).suffix.lower() != ".parquet":
        raise InputError(path, "peers are written as Parquet; name a file that ends in .parquet")
    try:
        _check_promises(pool)
    except BenchkitError as error:
        raise InputError(path, f"cannot be written: {error}") from None
    brands: dict[str, dict[str, dict[str, int]]] = {}
    for industry, channel, month, number in pool.brands.select(*CELL, "brands").iter_rows():
        brands.setdefault(industry, {}).setdefault(channel, {})[month] = number
    terms = {
        "format": FORMAT,
        "definition": pool.definition.to_mapping(),
        "hash": pool.definition.hash,
        "clock": _CLOCK,
        "needs_reply": pool.definition.spelled("no_reply_needed"),
        "selection": pool.selection,
        "taken": [day.isoformat() for day in pool.taken],
        "exports": {month: list(exports) for month, exports in pool.exports.items()},
        "brands": brands,
    }
    metadata = {_KEY: json.dumps(terms, ensure_ascii=False, separators=(",", ":"))}
    return write_whole(
        path,
        lambda place: pool.tables.write_parquet(
            place, metadata=metadata, compression="zstd", compression_level=19, statistics=False
        ),
    )


def read_pool(path: str | Path) -> Pool:
    """Read what `export_peers` or `pool_peers` wrote, and hold it to all that they promise.

    Raises `InputError` for a file that is none of theirs, or breaks a promise.
    """
    file = find_file(path)
    with file.open("rb") as opened:
        if opened.read(4) != b"PAR1":
            raise InputError(path, "is no Parquet")
    try:
        terms = _terms(pl.read_parquet_metadata(file).get(_KEY))
        definition = Definition.from_mapping(terms["definition"])
        if (terms["hash"], terms["needs_reply"]) != (definition.hash, definition.spelled("no_reply_needed")):
            raise BenchkitError("its definition is not the one that its terms name")
        tables = _tables(file)
        pool = Pool(
            tables=tables,
            brands=_brands(terms["brands"]),
            definition=definition,
            selection=terms["selection"],
            taken=_days(terms["taken"]),
            exports=_exports(terms["exports"]),
        )
        _check_promises(pool)
    except BenchkitError as error:
        raise InputError(path, f"is no export of peers: {error}; export it again") from None
    except (ValueError, OverflowError, RecursionError):
        raise InputError(path, "is no export of peers: its terms make no sense; export it again") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise InputError(path, "is damaged Parquet; export it again") from None
    return pool


def _terms(text: str | None) -> dict[str, Any]:
    if text is None:
        raise BenchkitError("it holds no terms")
    try:
        terms: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise BenchkitError("its terms are not JSON") from None
    version = terms.get("format") if isinstance(terms, dict) else None
    if version != FORMAT:
        raise BenchkitError(f"it is of format {show(version)}, and this benchkit reads format {FORMAT}")
    for name in sorted({*terms, *_TERMS}):
        if name not in _TERMS:
            raise BenchkitError(f"there is no term {show(name)}")
        if not isinstance(terms.get(name, ...), _TERMS[name]):
            raise BenchkitError(f"its term {name} is missing or of another kind")
    if terms["clock"] != _CLOCK:
        raise BenchkitError(f"its clock is {show(terms['clock'])}, and not {_CLOCK}")
    return terms


def _tables(file: Path) -> pl.DataFrame:
    scan = pl.scan_parquet(file, glob=False)
    names = scan.collect_schema().names()
    unknown = [name for name in names if name not in LIFE_TABLES.columns]
    if unknown:
        raise BenchkitError(f"there is no column {show(unknown[0])} in life tables")
    if scan.select(pl.len()).collect().item() > MOST_WAITS:
        raise BenchkitError(f"it has more than {MOST_WAITS:,} rows")
    tables = scan.collect()
    check(tables.lazy(), LIFE_TABLES)
    return tables.select(list(LIFE_TABLES.columns)).sort(list(LIFE_TABLES.columns))


def _brands(told: Mapping[str, Any]) -> pl.DataFrame:
    rows = []
    for industry, by_channel in told.items():
        for channel, by_month in _mapping(by_channel, "brands").items():
            for month, number in _mapping(by_month, "brands").items():
                rows.append((industry, channel, parse_month(month).label, _whole(number, "brands")))
    schema = {**dict.fromkeys(CELL, pl.String), "brands": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(CELL)


def _exports(told: Mapping[str, Any]) -> dict[str, list[str]]:
    for month, exports in told.items():
        parse_month(month)
        if not isinstance(exports, list) or not all(
            isinstance(one, str) and re.fullmatch("[0-9a-f]{16}", one) for one in exports
        ):
            raise BenchkitError("its exports cannot be told apart")
    return dict(told)


def _days(told: list[Any]) -> tuple[date, date]:
    try:
        first, last = map(date.fromisoformat, told)
    except (TypeError, ValueError):
        raise BenchkitError("its days are none, such as 2026-11-08") from None
    return first, last


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BenchkitError(f"its {name} are not told by industry, channel and month")
    return value


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_BRANDS:
        raise BenchkitError(f"its {name} are {show(value)} in a cell, which is no number of them")
    return value


def _check_promises(pool: Pool) -> None:
    """Refuse cells of too few, and whatever the terms and the tables say differently."""
    cells = pool.tables.with_columns(MONTH).group_by(CELL).agg(pl.col("waits").sum())
    both = cells.join(pool.brands, on=CELL, how="full", coalesce=True)
    months = pool.months()
    promises = {
        "its definition's name is none": re.fullmatch(r"[ -~\w]{1,100}", pool.definition.name) is None,
        "its selection is no sentence": not (pool.selection or "").isprintable()
        or len(pool.selection or "") > _LONGEST_SELECTION,
        "its cells have no brands, or its brands no cells": both.null_count().sum_horizontal().item() > 0,
        f"a cell has fewer than {MIN_BRANDS} brands": (both["brands"] < MIN_BRANDS).any(),
        f"a cell has fewer than {MIN_POOLED_WAITS} waits": (both["waits"] < MIN_POOLED_WAITS).any(),
        "it holds no waits": both.is_empty(),
        f"it holds more than {MOST_WAITS:,} waits": both["waits"].sum() > MOST_WAITS,
        "its exports are not told": not all(pool.exports.values()),
        "its industries or channels have names without end": any(
            (pool.brands[name].cast(pl.String).str.len_chars() > _LONGEST_NAME).any()
            for name in ("industry", "channel")
        ),
        "its exports are of other months": sorted(pool.exports) != months,
        "it was taken on a day before the one it was first taken on": pool.taken[0] > pool.taken[1],
        "a month of it was not over for 7 days when it was taken": any(
            (parse_month(month).end + WEEK).date() > pool.taken[1] for month in months
        ),
        "it holds unanswered waits, which its selection or definition leaves out": (
            pool.only_answered is not None and (pool.tables["outcome"] != "replied").any()
        ),
        "its definition has opening hours": pool.definition.clock != "calendar",
    }
    for problem, applies in promises.items():
        if applies:
            raise BenchkitError(problem)
