"""Figures of ours on others' terms: by other rules, at other horizons, over brands instead of waits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from benchkit.definitions.definition import Definition
from benchkit.measurement import measure
from benchkit.metrics import Metric
from benchkit.peers import MIN_BRANDS, left_out_brand
from benchkit.schema import ESTIMATES
from benchkit.stats.units import mean_of_units, median_of_units
from benchkit.terms import COMPOSED, Terms, metric_on
from benchkit.waits import Waits

_OVER = {"mean": mean_of_units, "median": median_of_units}
_SPREAD = {"mean": "t interval", "median": "sign-test interval"}


def measure_on(
    waits: Waits, wanted: Sequence[Terms], *, month: str, min_waits: int, by: str | None = None
) -> list[pl.DataFrame]:
    """What `measure` gives, for all together or `by` a column, on each of the terms that are wanted.

    >>> from benchkit import find_waits, synthesize
    >>> from benchkit.terms import terms_of
    >>> waits = find_waits(synthesize(messages=100_000))
    >>> ours = terms_of("reply_seconds_mean", waits, month="2026-10")
    >>> theirs = replace(ours, statistic="median of means", averaged_over="brands")
    >>> (found,) = measure_on(waits, [theirs], month="2026-10", min_waits=30)
    >>> found["method"].item().partition(";")[0]
    'median over 5 of 48 brands, those with enough waits'

    Over brands, each of them needs `min_waits` waits, and together they are at least
    `MIN_BRANDS`; their figures weigh the same. Raises `BenchkitError` for what cannot be measured.
    """
    plans: dict[tuple[Definition, bool], list[int]] = {}
    for place, terms in enumerate(wanted):
        is_over_brands = terms.statistic in COMPOSED
        plans.setdefault((_ruled(waits.definition, terms), is_over_brands), []).append(place)
    found: dict[int, pl.DataFrame] = {}
    for (rules, is_over_brands), places in plans.items():
        metrics = {place: _named(wanted[place], place) for place in places}
        keys = ["brand"] * is_over_brands + ([by] if by else [])
        measured = measure(
            replace(waits, definition=rules),
            month=month,
            by=keys,
            metrics=list(metrics.values()),
            min_waits=min_waits,
        )
        for place, metric in metrics.items():
            rows = measured.filter(metric=metric.name)
            found[place] = _over_brands(rows, wanted[place], waits, by) if is_over_brands else rows
    return [found[place] for place in range(len(wanted))]


def _named(terms: Terms, place: int) -> Metric:
    """The metric on some terms, under a name of its own."""
    metric = metric_on(terms)
    if metric is None:
        raise ValueError(f"nothing is measured on the terms of {terms.label}")
    return replace(metric, name=f"{metric.name} {place}")


def _ruled(rules: Definition, terms: Terms) -> Definition:
    """A definition with those of its rules changed that the terms ask for."""
    changes: dict[str, Any] = {}
    if terms.clock != rules.clock:
        changes["clock"] = terms.clock
    if terms.needs_reply == "all" and rules.no_reply_needed == "leave out":
        changes["no_reply_needed"] = "count"
    elif terms.needs_reply == "only" and rules.no_reply_needed != "leave out":
        changes["no_reply_needed"] = "leave out"
    if terms.metric in ("response_rate", "reply_time") and rules.counted != "every":
        changes["counted"] = "every"
    if terms.unanswered == "in" and rules.unanswered == "left out":
        changes |= {"unanswered": "censored", "month": "start", "opening_hours": "closed time subtracted"}
    if terms.metric != "response_rate" and terms.horizon_seconds != rules.cut_off_seconds:
        cut_off = terms.horizon_seconds
        changes |= {"unanswered": "cut off" if cut_off else "censored", "cut_off_seconds": cut_off}
        changes |= {"month": "start"} if rules.month == "reply" else {}
    return replace(rules, **changes, name=f"{rules.name}, on others' terms") if changes else rules


def _over_brands(measured: pl.DataFrame, terms: Terms, waits: Waits, by: str | None) -> pl.DataFrame:
    """One figure of each group from those of its brands."""
    own = left_out_brand([by] if by else [], waits.peers)
    rows = []
    groups = measured.filter(pl.col("brand").fill_null("") != own).group_by(
        [by] if by else pl.lit(0).alias("group"), maintain_order=True
    )
    for (name,), brands in groups:
        rows.append({**({by: name} if by else {}), **_over(brands, *COMPOSED[terms.statistic])})
    keys = {by: pl.String()} if by else {}
    return pl.DataFrame(rows, schema={**keys, **ESTIMATES})


def _over(brands: pl.DataFrame, over: str, each: str) -> Mapping[str, Any]:
    figured = brands.drop_nulls("estimate")
    told: dict[str, Any] = {"metric": brands["metric"][0], "definition": brands["definition"][0]}
    told |= {name: brands[name].sum() for name in ("n", "n_replied")}
    refused = brands.filter(status="refused")
    if refused.height:
        return told | {"status": "refused", "method": refused["method"][0]}
    if figured.height < MIN_BRANDS:
        nothing = {"n": None, "n_replied": None}
        return (
            told
            | nothing
            | {"status": "withheld", "method": f"fewer than {MIN_BRANDS} brands with enough waits"}
        )
    told |= {name: figured[name].sum() for name in ("n", "n_replied")}
    estimate, lower, upper = (float(part) for part in _OVER[over](figured["estimate"].to_numpy()))
    most = 1.0 if each == "share" else math.inf
    limits = {} if math.isnan(lower) else {"lower": max(lower, 0.0), "upper": min(upper, most)}
    counted = f"{figured.height:,} brands"
    if figured.height < brands.height:
        counted = f"{figured.height:,} of {brands.height:,} brands, those with enough waits"
    method = f"{over} over {counted}; {_SPREAD[over]}, brands taken as a sample of their kind"
    status = "provisional" if "provisional" in figured["status"] else "final"
    return {**told, **limits, "estimate": estimate, "status": status, "method": method}
