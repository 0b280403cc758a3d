"""The brands of each industry on one line, to see how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.charts.dots import OWN_NOT_DRAWN, row_axis
from benchkit.charts.rows import (
    across,
    figure_rows,
    groups_in_order,
    headline_shares,
    is_among_answered,
    stated,
)
from benchkit.charts.style import DAY, INK, PALETTE, cut, labels, layers, notes, require, tooltip, values
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.metrics import Metric

_ROW_HEIGHT = 34


def brands_by_industry(
    by_brand: pl.DataFrame,
    by_industry: pl.DataFrame,
    *,
    metric: str = "",
    month: str = "",
    own: str = "",
    width: int = 720,
) -> alt.LayerChart:
    """Draw how far apart the brands of an industry are, and where it stands as a whole.

    >>> figures = {"metric": "answered_within_24h", "estimate": [0.5], "lower": 0.4, "upper": 0.6, "n": 80,
    ...            "n_replied": 40, "status": "final", "method": "", "definition": ""}
    >>> by_industry = pl.DataFrame({"industry": "Airlines", **figures})
    >>> by_brand = pl.DataFrame({"industry": "Airlines", "brand": "Acme", **figures})
    >>> brands_by_industry(by_brand, by_industry).description
    'How far apart are the brands of one industry? Airlines: 50.0% as a whole, 1 brand at 50.0%.'

    `by_brand` is measured by industry and brand, `by_industry` by industry. `metric` names a
    share or a time, without it the share answered within 24 h. Drawn are the industries that
    have a figure, and that of the brand `own`, which comes first and has its name written.

    Raises `UnknownNameError` for a column, a metric or a brand that is not there, and
    `BenchkitError` for a metric that is a count.
    """
    require(by_brand, ["industry", "brand"], where="in these estimates")
    require(by_industry, ["industry"], where="in these estimates")
    chosen = find_metrics(metric)[0] if metric else headline_shares(by_industry)[DAY]
    if chosen.unit == "count":
        raise BenchkitError(
            f"{show(metric)} is a count, which says nothing of a brand; name a share or a time"
        )
    own_industry = _industry_of(own, by_brand)
    rows = _rows(by_brand, by_industry, chosen, own)
    with_figure = set(rows.filter(kind="whole")["group"])
    others = [group for group in groups_in_order(by_industry) if group in with_figure]
    groups = list(dict.fromkeys([*own_industry, *others]))
    rows = rows.filter(pl.col("group").is_in(groups))
    placed, x = across(rows, chosen.unit, title=chosen.label.removesuffix(", of those answered"))
    own_name = placed.filter(kind="own").with_columns(pl.lit(PALETTE[1]).alias("colour"))
    own_name = own_name.with_columns(cut(own_name["who"]))
    y = row_axis(groups, own=bool(own_industry))
    other, whole, own_dot = (
        alt.Chart(values(placed.filter(kind=kind))).encode(x=x["at"], y=y, tooltip=tooltip("who"))
        for kind in ("other", "whole", "own")
    )
    return layers(
        other.mark_point(filled=True, size=80, opacity=0.45, color=PALETTE[0]),
        whole.mark_tick(orient="vertical", thickness=3, size=20, color=INK),
        own_dot.mark_point(filled=True, size=110, opacity=1, color=PALETTE[1]),
        *labels(own_name, x=x["at"], y=y, text="shown", dx=0, dy=-14),
        question="How far apart are the brands of one industry?",
        notes=[
            *notes(
                rows,
                month=month,
                among_answered=is_among_answered(chosen),
                key="dot: a brand; bar: the industry as a whole",
            ),
            OWN_NOT_DRAWN if own and not own_name.height else "",
        ],
        alt_text=_in_words(rows, groups),
        width=width,
        height=_ROW_HEIGHT * max(len(groups), 1),
    )


def _industry_of(brand: str, by_brand: pl.DataFrame) -> list[str]:
    """The industry a brand is in, or nothing where no brand is asked for."""
    if not brand:
        return []
    found = by_brand.filter(stated("brand") == brand)
    if not found.height:
        brands = by_brand.select(stated("brand")).to_series().unique().sort()
        raise UnknownNameError("brand", brand, brands, where="in these estimates")
    return found.select(stated("industry")).to_series().to_list()[:1]


def _rows(by_brand: pl.DataFrame, by_industry: pl.DataFrame, metric: Metric, own: str) -> pl.DataFrame:
    """The figures of brands and of whole industries; `group` is the industry, `who` has the figure."""
    industry, brand = stated("industry"), stated("brand")
    kind = pl.when(brand == own).then(pl.lit("own")).otherwise(pl.lit("other"))
    of_brands = figure_rows(
        by_brand, [metric], industry.alias("industry"), brand.alias("who"), kind.alias("kind")
    )
    of_wholes = figure_rows(
        by_industry,
        [metric],
        industry.alias("industry"),
        pl.lit("The industry as a whole").alias("who"),
        pl.lit("whole").alias("kind"),
    )
    return pl.concat([of_brands, of_wholes]).drop("group").rename({"industry": "group"})


def _in_words(rows: pl.DataFrame, groups: Sequence[str]) -> str:
    """Each industry's figure and the ends between which its brands lie, and the reader's own."""
    told = []
    for group in groups:
        here = rows.filter(group=group).sort("estimate", "who")
        wholes, brands = here.filter(kind="whole")["figure"], here.filter(pl.col("kind") != "whole")["figure"]
        parts = [f"{wholes[0]} as a whole"] if wholes.len() else []
        if brands.len():
            several = f"{brands.len():,} brands from {brands[0]} to {brands[-1]}"
            parts.append(several if brands.len() > 1 else f"1 brand at {brands[0]}")
        parts += [f"{who} {figure}" for who, figure in here.filter(kind="own").select("who", "figure").rows()]
        told.append(f"{group}: {', '.join(parts)}")
    return f"{'; '.join(told) or 'Nothing to draw'}."
