"""Estimates as one tidy frame: a row per group and metric, withheld where there is too little to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import polars as pl

from benchkit.estimates import Estimates
from benchkit.margins import Texts
from benchkit.metrics import Which
from benchkit.peers import MIN_BRANDS
from benchkit.sample import Sample
from benchkit.schema import ESTIMATES
from benchkit.stats.arrays import Floats, Ints
from benchkit.study import Study

_FIGURES = ("estimate", "lower", "upper", "bound_lower", "bound_upper")
_WHICH = {"queue": "assigned", "handling": "assigned"}


@dataclass(frozen=True)
class Rows:
    """The estimates of one metric, an entry per group."""

    metric: str
    clock: str
    estimate: Floats
    lower: Floats
    upper: Floats
    bound_lower: Floats
    bound_upper: Floats
    n: Ints
    n_replied: Ints
    status: npt.NDArray[np.str_]
    method: Texts


def figured(
    name: str,
    found: Estimates,
    sample: Sample,
    *,
    of_replied: bool,
    min_waits: int,
    which: Which = "all",
    clock: str = "",
) -> Rows:
    """The estimates of a metric, withheld where there are too few waits."""
    least = max(min_waits, 1)
    n, n_replied = sample.month.counts, sample.month.replied.counts
    withheld = (n_replied if of_replied else n) < least
    told = {name: np.where(withheld, np.nan, getattr(found, name)[:, 0]) for name in _FIGURES}
    status = np.where(withheld, "withheld", np.where(found.provisional[:, 0], "provisional", "final"))
    words = {"answered ": of_replied, f"{_WHICH.get(which, which)} ": which != "all"}
    kind = "".join(word for word, applies in words.items() if applies)
    fewer = f"fewer than {least:,} {kind}waits"
    method = np.where(withheld, fewer, found.method[:, 0])
    return Rows(name, clock, n=n, n_replied=n_replied, status=status, method=method, **told)


def unfigured(name: str, sample: Sample, status: str, method: str) -> Rows:
    """A metric without a figure for any group, and why."""
    nothing, n = np.full(sample.n_groups, np.nan), sample.month.counts
    return Rows(
        name,
        "",
        n=n,
        n_replied=sample.month.replied.counts,
        status=np.full(n.size, status),
        method=np.full(n.size, method, dtype=object),
        **dict.fromkeys(_FIGURES, nothing),
    )


def tidy(asked: Study, rows: Sequence[Rows], seconds: Sequence[int] = ()) -> pl.DataFrame:
    """Groups in order, and within each the metrics as asked for, or the times of one."""
    keys, n_groups = asked.groups.columns, asked.groups.height
    columns = {
        field.name: np.stack([getattr(part, field.name) for part in rows], axis=1).ravel()
        for field in fields(Rows)
        if field.name not in ("metric", "clock")
    }
    frame = pl.DataFrame({"metric": [part.metric for part in rows] * n_groups})
    if keys:
        group = np.repeat(np.arange(n_groups), len(rows))
        frame = asked.groups.select(pl.col(keys).cast(pl.String))[group].hstack(frame)
    if seconds:
        frame = frame.with_columns(pl.Series("seconds", list(seconds) * n_groups, pl.Int64))
    figures = pl.DataFrame({k: v.tolist() if v.dtype.kind in "OU" else v for k, v in columns.items()})
    tidy = frame.hstack(figures).select(
        *frame.columns,
        pl.col(*_FIGURES).fill_nan(None),
        pl.col("n", "n_replied"),
        pl.col("status").cast(ESTIMATES["status"]),
        "method",
        pl.lit(asked.definition).alias("definition"),
    )
    of_each = [asked.too_few_brands(part.clock if part.clock in asked.clocks else "") for part in rows]
    too_few = pl.Series(np.stack(of_each, axis=1).ravel())
    return _without_few_brands(tidy, too_few) if too_few.any() else tidy


def _without_few_brands(tidy: pl.DataFrame, too_few: pl.Series) -> pl.DataFrame:
    """Blank whatever would tell of too few peers, the number of their waits included."""
    withheld = too_few & (tidy["status"] != "refused")
    return tidy.with_columns(
        pl.when(~too_few).then(pl.col(*_FIGURES, "n", "n_replied")),
        pl.when(withheld).then(pl.lit("withheld", ESTIMATES["status"])).otherwise("status").alias("status"),
        pl.when(withheld).then(pl.lit(f"fewer than {MIN_BRANDS} brands")).otherwise("method").alias("method"),
    )
