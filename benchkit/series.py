"""What the rows of a tidy frame are of: their groups, and the definition of a series."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show

BETWEEN = " · "
"""Between the parts of a group's label."""

OPEN_TIME = "in opening hours, "
"""What `method` begins with where a figure is not in calendar time."""


def group_columns(estimates: pl.DataFrame) -> list[str]:
    """The columns an estimates frame is grouped by: those before `metric`.

    >>> mixed = pl.DataFrame({"metric": "waits", "definition": ["ours 1 (a)", "ours 2 (b)"]})
    >>> group_columns(mixed)
    Traceback (most recent call last):
        ...
    benchkit.errors.BenchkitError: these figures are by several definitions, 'ours 1 (a)' and 'ours 2 (b)', \
and do not mean the same; measure all by one, or compare_definitions()

    So a series of figures that do not mean the same is refused wherever one is shown. Figures by
    several definitions may stand in one frame where it says by whose `rules` each is, or month
    by month where one definition follows another, both telling of one month at most.
    """
    columns = estimates.columns
    if "metric" not in columns:
        raise UnknownNameError("column", "metric", columns, where="in these estimates")
    groups = columns[: columns.index("metric")]
    _refuse_mixed_definitions(estimates, groups)
    return groups


def group_label(estimates: pl.DataFrame, *, together: str = "All together") -> pl.Expr:
    """Each row's group in one string, or `together` where there are no groups."""
    groups = [
        pl.col(name).cast(pl.String).fill_null("no agent" if name == "agent" else "not stated")
        for name in group_columns(estimates)
    ]
    return pl.concat_str(groups, separator=BETWEEN) if groups else pl.lit(together)


def credited_to_somebody(estimates: pl.DataFrame) -> pl.DataFrame:
    """Estimates less, by agent, those of waits that belong to no agent since nobody replied."""
    groups = group_columns(estimates)
    if "agent" not in groups:
        return estimates
    is_somebodys = pl.col("n_replied").max().over(groups) > 0
    return estimates.filter(pl.col("agent").is_not_null() | is_somebodys)


def is_dated(estimates: pl.DataFrame) -> bool:
    """Whether months are by several definitions, one after the other."""
    return "month" in group_columns(estimates) and estimates["definition"].n_unique() > 1


def _refuse_mixed_definitions(estimates: pl.DataFrame, groups: Sequence[str]) -> None:
    if "definition" not in estimates.columns or "rules" in groups:
        return
    eras = estimates.select("definition", month=pl.col("month") if "month" in groups else pl.lit(""))
    spans = eras.group_by("definition").agg(
        pl.col("month").min().alias("from"), pl.col("month").max().alias("to")
    )
    spans = spans.sort("from", "to")
    follows = (spans["from"] >= spans["to"].shift()).all()
    if spans.height > 1 and not ("month" in groups and follows):
        named = " and ".join(show(definition) for definition in spans["definition"].sort().head(2))
        raise BenchkitError(
            f"these figures are by several definitions, {named}, and do not mean the same; measure all by "
            "one, or compare_definitions()"
        )
