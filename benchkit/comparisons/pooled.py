"""One's own figures beside a pool of peers, where both mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from benchkit.catalogue import CATALOGUE, find_metrics
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.measurement import MIN_WAITS, measure
from benchkit.metrics import Count, Metric, Share, Time
from benchkit.periods import parse_month
from benchkit.pools.pool import FOLLOWED_SECONDS, Pool
from benchkit.schema import ESTIMATES
from benchkit.stats.shares import difference
from benchkit.waits import Waits

MOST_MONTHS_AGO = 12
"""No older month of a pool stands beside a month of one's own."""

BESIDE = (
    "answered_within_1h",
    "answered_within_24h",
    "answered_within_7d",
    "replied_within_1h",
    "replied_within_24h",
    "first_reply_seconds_median",
    "reply_seconds_median",
    "reply_seconds_median_all",
)
_KEYS = ["industry", "channel"]
_TOLD_OF_POOL = ["estimate", "lower", "upper", "n", "n_replied", "status", "method"]
_CHANGE = ("difference", "difference_lower", "difference_upper")


def is_pooled(metric: Metric) -> bool:
    """Whether a pool tells a metric: of calendar time, up to a week where it is of unanswered waits too.

    >>> [is_pooled(find_metrics(name)[0]) for name in ("answered_within_24h", "messages_in")]
    [True, False]
    """
    computes = metric.computes
    if metric.in_opening_hours:
        return False
    if isinstance(computes, Share):
        return computes.within_seconds is not None and computes.within_seconds <= FOLLOWED_SECONDS
    if isinstance(computes, Time):
        return computes.which in ("all", "first", "next")
    return computes == Count()


def benchmark(
    pool: Pool,
    *,
    month: str,
    by: str | Sequence[str] = "industry",
    metrics: str | Metric | Sequence[str | Metric] | None = None,
    min_waits: int = MIN_WAITS,
) -> pl.DataFrame:
    """Measure a pool as `measure` does waits: the same figures with the same intervals, tidy.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit import find_waits, synthesize
    >>> from benchkit.pools.exporting import export_peers
    >>> with TemporaryDirectory() as folder:
    ...     pool, _ = export_peers(find_waits(synthesize(messages=50_000)), f"{folder}/ours.parquet")
    >>> benchmark(pool, month="2026-10", metrics="answered_within_24h").select("industry", "n").row(0)
    ('Airlines', 132)

    `by` names industry, channel, both or nothing. Without `metrics` it is all that a pool can
    tell (`is_pooled`). What of an industry or a channel is in no cell of the pool is in no
    figure of it. Intervals rest on the weeks before the month's end that the pool has.

    Raises `UnknownNameError` for what else there is to measure by, and `BenchkitError` for a
    metric that a pool cannot tell, and for a month that is not in it.
    """
    for name in [by] if isinstance(by, str) else by:
        if name not in _KEYS:
            raise UnknownNameError("dimension", name, _KEYS, where="in a pool")
    chosen = find_metrics(
        [metric for metric in CATALOGUE if is_pooled(metric)] if metrics is None else metrics
    )
    for metric in chosen:
        if not is_pooled(metric):
            raise BenchkitError(
                f"a pool cannot tell {metric.name}; name a share within 7 days or a reply time"
            )
    return measure(pool.waits(month), month=month, by=by, metrics=chosen, min_waits=min_waits)


def beside_pool(
    waits: Waits, pool: Pool, *, month: str, brand: str = "", min_waits: int = MIN_WAITS
) -> pl.DataFrame:
    """What a brand's figures are, what those of its peers in a pool are, and how far they are apart.

    `brand` is one of the waits', without it the one that is compared as one's own, or else all
    of them together. A row for each of `BESIDE` that can be told: of each industry, where
    `channel` is null, and of each of its channels: `estimate`, `lower`, `upper`, `n`, `n_replied`,
    `status` and `method` of ours; the same of the pool, as `pool_estimate` and so on;
    `pool_month`, the month asked for or else the last one before it, at most 12 months ago;
    `brands`, of how many the largest cell is; `difference` (ours less theirs) with
    `difference_lower` and `difference_upper`, from both intervals (Zou and Donner 2008), as if
    the brand were not itself in the pool: where it is, they are too wide. Where they do not
    mean the same, `unlike` says why, and there is no figure of the pool.
    """
    own = replace(waits.only(brand or (waits.peers.own if waits.peers else "")), peers=None)
    unlike = _unlike(own, pool)
    parts = [_beside(own, pool, keys, month, unlike, min_waits) for keys in (["industry"], _KEYS)]
    return pl.concat(parts).sort("industry", "channel", nulls_last=False, maintain_order=True)


def as_estimates(beside: pl.DataFrame, *, month: str, own: str = "Ours") -> pl.DataFrame:
    """Both sides of `beside_pool`, of all channels together, as estimates by whose they are, to be drawn.

    The column `whose` says `own`, or the pool's industry, and its month if it is not `month`.
    """
    told = beside.filter(pl.col("channel").is_null(), pl.col("pool_estimate").is_not_null())
    of_month = pl.when(pl.col("pool_month") != month).then(" " + pl.col("pool_month")).otherwise(pl.lit(""))
    theirs = pl.concat_str(pl.lit("Pool"), of_month, pl.lit(": "), "industry")
    unbounded = [pl.lit(None, pl.Float64).alias(name) for name in ("bound_lower", "bound_upper")]
    sides = [
        told.select(
            whose.alias("whose"),
            "metric",
            *(pl.col(f"{prefix}{name}").alias(name) for name in _TOLD_OF_POOL),
            *unbounded,
            "definition",
        )
        for whose, prefix in ((pl.lit(own), ""), (theirs, "pool_"))
    ]
    return pl.concat(sides).select("whose", *ESTIMATES)


def _unlike(waits: Waits, pool: Pool) -> str:
    """Why nothing of a pool may stand beside these waits, in words; nothing where it may."""
    for rule in waits.definition.differences(pool.definition):
        ours, theirs = (one.definition.spelled(rule) or "Nothing." for one in (waits, pool))
        return f"The definitions differ in {rule.replace('_', ' ')}. Ours: {ours} The pool's: {theirs}"
    if (waits.about.selection is None) != (pool.selection is None):
        whose, other = ("The pool's", "ours") if pool.selection else ("Our", "the pool's")
        return f"{whose} data were selected on having been answered, {other} not."
    return ""


def _beside(
    waits: Waits, pool: Pool, keys: Sequence[str], month: str, unlike: str, min_waits: int
) -> pl.DataFrame:
    ours = measure(waits, month=month, by=keys, metrics=BESIDE, min_waits=min_waits)
    ours = ours.filter(pl.col("status") != "refused").drop("bound_lower", "bound_upper")
    latest = _latest_cells(pool, keys, month)
    theirs = (
        [_theirs(pool, keys, cells, min_waits) for cells in latest.partition_by("pool_month")]
        if not unlike
        else []
    )
    empty = _theirs_schema(keys)
    both = ours.join(pl.concat([empty, *theirs]), on=[*keys, "metric"], how="left", maintain_order="left")
    why = pl.lit(unlike or f"The pool tells nothing of it in {month} or the {MOST_MONTHS_AGO} months before.")
    sides = ("estimate", "lower", "upper", "pool_estimate", "pool_lower", "pool_upper")
    change = difference(*(both[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in sides))
    channel = pl.col("channel") if "channel" in keys else pl.lit(None, pl.String).alias("channel")
    return both.with_columns(
        *(pl.Series(name, part).fill_nan(None) for name, part in zip(_CHANGE, change, strict=True)),
        pl.when(pl.col("pool_month").is_null()).then(why).otherwise(pl.lit("")).alias("unlike"),
    ).select("industry", channel, pl.all().exclude("industry", "channel"))


def _latest_cells(pool: Pool, keys: Sequence[str], month: str) -> pl.DataFrame:
    """The groups of a pool, each with its month that is nearest to the one asked for."""
    last = parse_month(month).number
    year, number = (pl.col("month").str.slice(*part).cast(pl.Int64) for part in ((0, 4), (5, 2)))
    ago = last - (12 * year + number)
    recent = pool.brands.filter(ago.is_between(0, MOST_MONTHS_AGO))
    is_latest = pl.col("month") == pl.col("month").max().over(keys)
    return (
        recent.filter(is_latest)
        .group_by(keys)
        .agg(pl.col("month").first().alias("pool_month"), pl.col("brands").max())
        .sort("pool_month", *keys)
    )


def _theirs(pool: Pool, keys: Sequence[str], cells: pl.DataFrame, min_waits: int) -> pl.DataFrame:
    found = benchmark(pool, month=cells["pool_month"][0], by=keys, metrics=BESIDE, min_waits=min_waits)
    named = found.select(*keys, "metric", pl.col(_TOLD_OF_POOL).name.prefix("pool_"))
    return named.join(cells, on=list(keys), maintain_order="left").select(_theirs_schema(keys).columns)


def _theirs_schema(keys: Sequence[str]) -> pl.DataFrame:
    told = {f"pool_{name}": ESTIMATES[name] for name in _TOLD_OF_POOL}
    names = dict.fromkeys([*keys, "metric"], pl.String())
    return pl.DataFrame(schema={**names, **told, "pool_month": pl.String(), "brands": pl.Int64()})
