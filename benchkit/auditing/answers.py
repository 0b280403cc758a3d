"""Checks on what was answered: whether data were selected on it, and what is still open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy.special import bdtr

from benchkit.auditing.facts import Facts, Found, names_of, part
from benchkit.periods import WEEK
from benchkit.words import human_seconds

_LEAST_UNANSWERED, _BY_CHANCE = 0.01, 1e-3
_LEAST_REPLIED = 0.02
_WATCHED = pl.col("watched_seconds") >= WEEK.total_seconds()


def first_messages_all_answered(facts: Facts) -> Iterator[Found]:
    """Brands that leave fewer than one in 100 first messages unanswered, beyond chance (0.1%).

    Of first waits watched for 7 days, so that it takes 688 of which none is unanswered (0.99 to the
    688th is 0.001), or more of which few are. Even where a team means to answer everything, more than
    that is spam, praise or a slip: an export with less holds answered conversations only. Nothing is
    said where the data already say that they were so selected.
    """
    if facts.data.about.selection:
        return
    first = facts.waits.filter(pl.col("is_first") & _WATCHED)
    for brand, unanswered, n in _brands_with_fewer(first, pl.col("outcome") != "replied", _LEAST_UNANSWERED):
        said = f"{part(unanswered, n, 'first messages')} went unanswered, fewer than any brand leaves so."
        yield Found(n - unanswered, n, said, brand)


def only_what_was_answered(facts: Facts) -> Iterator[Found]:
    """Data that are known to hold only what was answered, as their reader says.

    Always a note: figures that would need unanswered messages are refused already.
    """
    if facts.data.about.selection:
        n = facts.waits.height
        yield Found(n, n, facts.data.about.selection)


def brands_without_replies(facts: Facts) -> Iterator[Found]:
    """Brands that replied to fewer than 2 in 100 waits watched for 7 days, beyond chance (0.1%).

    So it takes 342 without any reply (0.98 to the 342nd is 0.001). Some brands never answer; but whoever
    measures one expects replies, and that all are missing more often means that they were exported
    apart, or that who wrote them was read wrongly.
    """
    watched = facts.waits.filter(_WATCHED)
    for brand, replied, n in _brands_with_fewer(watched, pl.col("outcome") == "replied", _LEAST_REPLIED):
        yield Found(n - replied, n, f"{part(n - replied, n, 'waits')} have no reply of the brand's.", brand)


def _brands_with_fewer(waits: pl.DataFrame, is_so: pl.Expr, least: float) -> Iterator[tuple[str, int, int]]:
    """Brands of whose waits a share below the least is so, beyond chance: how many, of how many."""
    brands = (
        waits.group_by("brand")
        .agg(is_so.sum().cast(pl.Int64).alias("so"), pl.len().alias("n"))
        .select(*names_of("brand"), "so", "n")
        .sort("brand")
    )
    counts, of = (brands[name].to_numpy() for name in ("so", "n"))
    yield from brands.filter(np.asarray(bdtr(counts, of, least)) < _BY_CHANCE).iter_rows()


def waits_still_open(facts: Facts) -> Iterator[Found]:
    """Waits that nobody ended by the time the extract was taken, and how old they are.

    Always a note: they are in every share, as not answered yet. Many old ones are messages that
    needed no answer and that nobody closed.
    """
    is_open = pl.col("outcome") == "awaiting"
    brands = (
        facts.waits.group_by("brand")
        .agg(
            is_open.sum().cast(pl.Int64).alias("open"),
            pl.len().cast(pl.Int64).alias("of"),
            pl.col("wait_seconds").filter(is_open).median().alias("age"),
        )
        .filter(pl.col("open") > 0)
        .with_columns(names_of("brand"))
        .sort("brand")
    )
    for brand, n, of, age_seconds in brands.iter_rows():
        age = human_seconds(age_seconds)
        yield Found(n, of, f"{part(n, of, 'waits')} stayed open, half of them for {age} or longer.", brand)
