"""Published figures beside one's own, where they may stand so, and why not where they may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any, NamedTuple

import polars as pl

from benchkit.comparability import comparable
from benchkit.comparisons.on_terms import measure_on
from benchkit.measurement import MIN_WAITS
from benchkit.published import FIGURES, industry_figures, terms_of_row
from benchkit.resources import shipped
from benchkit.schema import ESTIMATES
from benchkit.terms import ONE_BRAND, Terms, terms_of
from benchkit.waits import Waits

ALL = "All"
_HOUR = 3_600
_USUAL = {
    "reply_time": "reply_seconds_median",
    "first_reply_time": "first_reply_seconds_median",
    "next_reply_time": "next_reply_seconds_median",
}
_OURS = {name: kind for name, kind in ESTIMATES.items() if name != "metric"}
BESIDE = pl.Schema(
    {
        **FIGURES,
        "our_industry": pl.String(),
        "answer": pl.String(),
        "caveats": pl.List(pl.String()),
        "marks": pl.List(pl.String()),
        "reason": pl.String(),
        "ours": pl.String(),
        **_OURS,
    }
)
"""The columns of `beside_published`."""


def beside_published(
    waits: Waits, *, month: str, more: str | Path = "", min_waits: int = MIN_WAITS
) -> pl.DataFrame:
    """Set what was published of how industries answer beside the figures of ours that mean the same.

    >>> from benchkit import find_waits, synthesize
    >>> found = beside_published(find_waits(synthesize(messages=10_000)), month="2026-10")
    >>> found.filter(horizon_seconds=259_200).select("industry", "answer", "ours").rows()
    [('All', 'with caveats', 'Response rate within 3 d')]

    `published.industry_figures` (with `more` of your own), a row for each and for each of our
    industries that it speaks of (`our_industry`, by `taxonomy.csv` or by its own name; null for
    all together), and beside it:

    - `answer`: yes, with caveats, or no; `caveats` in sentences, and `marks`, their letters;
    - `reason`: why our usual figure may not stand beside it, or why nothing may;
    - `ours`: the figure of ours that may, in words, and its `estimate`, `lower`, `upper`, `n`,
      `status` and so on, as `measure` gives them; null where there is none.

    Ours over brands are withheld with fewer than `MIN_BRANDS`; waits of one brand have its own
    figure. Rows without a `publisher` say which figures nobody published.
    """
    published, waits = industry_figures(more), waits.ruled(month)
    classes = _classes(waits, published)
    usual = _usual_terms(waits, month)
    clocks = ("calendar", "opening hours") if waits.has_opening_hours else ("calendar",)
    rows = [
        _judged(row, our_industry, fit, usual, clocks)
        for row in published.iter_rows(named=True)
        for our_industry, fit in _whom(row["industry"], classes)
    ]
    beside = _measured(rows, waits, month, min_waits)
    told = _with_letters(beside) + _unpublished(published, classes)
    return pl.DataFrame(told, schema=BESIDE)


class _Judged(NamedTuple):
    """A row to be, and the terms on which to measure what stands in it, if anything does."""

    row: dict[str, Any]
    terms: Terms | None


_Classes = Mapping[str | None, Mapping[str, str]]
"""By industry of ours (None for all together): the published classes it is in, and how it fits them."""


def _classes(waits: Waits, published: pl.DataFrame) -> _Classes:
    names = waits.frame.select(pl.col("industry").cast(pl.String).unique()).collect().to_series()
    taxonomy = pl.read_csv(shipped("published", "taxonomy.csv")).rows_by_key(
        "industry", named=True, unique=True
    )
    classes: dict[str | None, dict[str, str]] = {None: {ALL: ""}}
    for name in names.drop_nulls().sort():
        classes[name] = {name: ""}
        found = taxonomy.get(name, {"published_industry": None})
        if found["published_industry"]:
            part = f"{name} is part of what is called {found['published_industry']}."
            classes[name][found["published_industry"]] = part if found["fit"] == "part of it" else ""
    return classes


def _whom(industry: str, classes: _Classes) -> Iterator[tuple[str | None, str | None]]:
    """Of which of our industries a published figure speaks, and what is to be said of that; None: of none."""
    spoken_of = [(ours, of[industry]) for ours, of in classes.items() if industry in of]
    if spoken_of:
        yield from spoken_of
    else:
        yield None, None


def _usual_terms(waits: Waits, month: str) -> dict[str, Terms]:
    """The terms of the figure of ours that is nearest by name."""
    terms = {metric: terms_of(name, waits, month=month) for metric, name in _USUAL.items()}
    return {**terms, "": terms_of("answered_within_7d", waits, month=month)}


def _judged(
    row: Mapping[str, Any],
    our_industry: str | None,
    fit: str | None,
    usual: Mapping[str, Terms],
    clocks: Sequence[str],
) -> _Judged:
    told = {**row, "our_industry": our_industry, "answer": "no", "caveats": [], "reason": ""}
    if fit is None:
        return _Judged(told | {"reason": "It is of an industry that these data do not hold."}, None)
    theirs, ours = terms_of_row(row), usual.get(row["metric"], usual[""])
    verdict = comparable(ours, theirs)
    chosen = ours if verdict.answer != "no" else verdict.instead
    told["reason"] = verdict.reason
    if chosen is None:
        return _Judged(told, None)
    if chosen.clock not in clocks:
        return _Judged(told | {"reason": "It is in opening hours, and none are known of ours."}, None)
    agreed = verdict if chosen is ours else comparable(chosen, theirs)
    caveats = [*agreed.caveats, *([fit] if fit else [])]
    answer = "with caveats" if caveats else "yes"
    return _Judged(told | {"answer": answer, "caveats": caveats, "ours": chosen.label}, chosen)


def _measured(judged: Sequence[_Judged], waits: Waits, month: str, min_waits: int) -> list[dict[str, Any]]:
    """The rows with the figures of ours that stand in them; one brand's is that of its industry, too."""
    found: dict[tuple[str | None, Terms], dict[str, Any]] = {}
    for by in (None, "industry"):
        wanted = list(dict.fromkeys(terms for row, terms in judged if terms and _column(row, terms) == by))
        measured = measure_on(waits, wanted, month=month, min_waits=min_waits, by=by)
        for terms, figures in zip(wanted, measured, strict=True):
            for figure in figures.iter_rows(named=True):
                found[figure.get("industry"), terms] = {name: figure[name] for name in _OURS}
    return [
        {**row, **found.get((row["our_industry"] if _column(row, terms) else None, terms), {})}
        if terms
        else row
        for row, terms in judged
    ]


def _column(row: Mapping[str, Any], terms: Terms) -> str | None:
    """What ours are measured by, for a row."""
    return "industry" if row["our_industry"] and terms.averaged_over != ONE_BRAND else None


def _with_letters(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with a letter for each caveat beside a figure of ours, those of most figures first."""
    made = Counter(caveat for row in rows if row.get("estimate") is not None for caveat in row["caveats"])
    letters = {
        caveat: "z" * (place // 26) + ascii_lowercase[place % 26]
        for place, (caveat, _) in enumerate(made.most_common())
    }
    told = []
    for row in rows:
        caveats = sorted(row["caveats"], key=lambda caveat: letters.get(caveat, ""))
        marks = [letters[caveat] for caveat in caveats] if row.get("estimate") is not None else []
        told.append({**row, "caveats": caveats, "marks": marks})
    return told


def _unpublished(published: pl.DataFrame, classes: _Classes) -> list[dict[str, Any]]:
    """The industries of which nobody has published how many are answered within the hour."""
    within_an_hour = set(published.filter(metric="response_rate", horizon_seconds=_HOUR)["industry"])
    industries: list[str | None] = [name for name in classes if name]
    return [
        {
            "our_industry": name,
            "metric": "response_rate",
            "horizon_seconds": _HOUR,
            "answer": "no",
            "reason": "No published within-1-hour figure exists.",
        }
        for name in industries or [None]
        if not within_an_hour & set(classes[name])
    ]
