"""Published figures, each with its terms and its source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from benchkit.errors import BenchkitError, InputError, show, way_out
from benchkit.resources import shipped
from benchkit.sources.delimited import read_rows
from benchkit.terms import COMPOSED, NOT_APPLICABLE, NOT_STATED, SETTINGS, Terms
from benchkit.words import figure

MINUTES = 5
"""What `within minutes` is taken to be where the survey did not say how many."""

_NOT_PUBLIC = "not public"

STATUSES: Mapping[str, str] = {
    "seen on the publisher's page": "",
    "seen in the publisher's press release": "",
    "seen in an archived copy of the publisher's infographic": "",
    "seen in an archived copy": "",
    "seen in one's own account with the publisher": "",
    "quoted in an article; the original not seen": "quoted",
    "reported by others; the original not seen": "second-hand",
    "documented by the publisher, who shows the figure to customers alone": _NOT_PUBLIC,
}
"""How closely a figure was seen, and what is said of it in short wherever it appears."""

COLUMNS = (
    *("publisher", "edition", "year", "industry", "metric", "statistic", "value", "unit", "clock", "horizon"),
    *("unanswered", "needs_reply", "averaged_over", "population", "channel", "selection", "sample"),
    *("status", "citation"),
)
FIGURES = pl.Schema(
    {
        "publisher": pl.String(),
        "edition": pl.String(),
        "year": pl.Int64(),
        "industry": pl.String(),
        "metric": pl.String(),
        "value": pl.Float64(),
        "unit": pl.String(),
        **dict.fromkeys(("statistic", "clock"), pl.String()),
        "horizon_seconds": pl.Int64(),
        **dict.fromkeys(("unanswered", "needs_reply", "averaged_over"), pl.String()),
        **dict.fromkeys(("population", "channel", "selection", "sample"), pl.String()),
        "seen": pl.String(),
        "citation": pl.String(),
    }
)
"""The columns of published figures, as `industry_figures` gives them."""

_UNITS = {"min": 60, "minute": 60, "h": 3_600, "hour": 3_600, "d": 86_400, "day": 86_400}
_HORIZON = re.compile(r"(\d{1,6}) ?(min|minute|h|hour|d|day)s?", re.ASCII)
_YEARS = (2020, 2022)


def expectations(*, minutes: float = MINUTES) -> pl.DataFrame:
    """What share of customers expects an answer by when, by the survey's years.

    >>> expectations().select("year", "threshold", "share").rows()[:2]
    [(2020, '1 h', 0.4), (2020, '24 h', 0.79)]

    A row for each point: `year`, `threshold`, `seconds`, `share`, `source`. The survey of
    2022 said "within minutes" and never how many: `minutes` is what that is taken to be.
    Source: Sprout Social Index 2020 and 2022 (`data/published/expectations.csv`, which has
    what others asked, too).
    """
    if not 0 < minutes < 1_440:
        raise BenchkitError(
            f"minutes is {minutes}; what is meant by minutes is above 0 and below a day's 1,440"
        )
    published = pl.read_csv(shipped("published", "expectations.csv"))
    is_unstated = pl.col("threshold_seconds").is_null()
    hours = (pl.col("threshold_seconds") // 3_600).cast(pl.String) + " h"
    return (
        published.filter((pl.col("publisher") == "Sprout Social") & pl.col("year").is_in(_YEARS))
        .with_columns(pl.col("threshold_seconds").fill_null(round(60 * minutes)).alias("seconds"))
        .select(
            "year",
            pl.when(is_unstated)
            .then(pl.lit(f"minutes (taken as {minutes:g})"))
            .otherwise(hours)
            .alias("threshold"),
            "seconds",
            "share",
            pl.concat_str("edition", pl.lit(", "), "status").alias("source"),
        )
        .sort("year", "seconds")
    )


def industry_figures(more: str | Path = "") -> pl.DataFrame:
    """What was published of how industries answer, on what terms, and what you add to it.

    >>> within = industry_figures().filter(pl.col("horizon_seconds").is_not_null())
    >>> within.select("publisher", "year", "value", "statistic").rows()
    [('Sprout Social', 2015, 0.125, 'share')]

    A row for each figure, the newest first, with the columns of `FIGURES`: whose it is, of
    which `industry` (in the publisher's words; `All` for all of them), `value` (null where the
    publisher does not tell it to everybody) and `unit`, the terms (see `terms.Terms`), how
    closely it was `seen`, and the `citation`. `more` is a CSV file of your own (see `read`).
    Source: `data/published/industry_response.csv`.
    """
    parts = [read(shipped("published", "industry_response.csv"))]
    parts += [read(more)] if str(more) else []
    order = ["year", "publisher", "industry", "metric", "statistic"]
    newest_first = [True, *(False for _ in order[1:])]
    return pl.concat(parts).sort(order, descending=newest_first, maintain_order=True)


def survey_figures() -> pl.DataFrame:
    """What people said of how soon they expect an answer, in the columns of `industry_figures`.

    >>> survey_figures().select("year", "metric", "horizon_seconds", "value").row(-1)
    (2012, 'expected_reply_time', 3600, 0.42)

    Source: `data/published/expectations.csv`.
    """
    asked = pl.read_csv(shipped("published", "expectations.csv"))
    renamed = {
        "value": "share",
        "horizon_seconds": "threshold_seconds",
        "seen": "status",
        "sample": "question",
    }
    told = asked.with_columns(
        *(pl.col(name).alias(column) for column, name in renamed.items()),
        pl.lit("All").alias("industry"),
        pl.lit("share").alias("unit"),
        _none_is_empty("selection"),
    )
    order = ["year", "publisher", "threshold", "selection"]
    newest_first = [True, False, False, False]
    return told.sort(order, descending=newest_first).select(
        pl.col(name).cast(kind) for name, kind in FIGURES.items()
    )


def read(path: str | Path) -> pl.DataFrame:
    """Read published figures from a CSV file with the columns of `data/published/industry_response.csv`.

    >>> read(shipped("published", "industry_response.csv")).columns == list(FIGURES)
    True

    All of it is checked, and one figure that is wrong refuses the file: `terms.SETTINGS` lists
    what terms may be, `STATUSES` how a figure may have been seen; `horizon` is a time such as
    `72 hours`, or `not stated`, or `not applicable`; no field is left empty, but the `value` of
    what its publisher shows to customers alone.

    Raises `InputError` for what is no such file, with the line that is wrong, and
    `UnknownNameError` for a column that is not there.
    """
    rows = read_rows(path, COLUMNS, lambda _: [pl.col(name).str.strip_chars() for name in COLUMNS])
    for line, reason in rows.malformed.sort("line").select("line", "reason").iter_rows():
        raise InputError(path, f"{reason}; mend the row", line=line)
    for row in rows.frame.iter_rows(named=True):
        problem = next(filter(None, (check(row) for check in _CHECKS)), "")
        if problem:
            raise InputError(path, problem, line=row["line"])
    seconds = [_seconds(text) for text in rows.frame["horizon"]]
    return rows.frame.with_columns(
        pl.Series("horizon_seconds", seconds, pl.Int64),
        pl.col("status").alias("seen"),
        pl.when(pl.col("value") != "").then("value").alias("value"),
        _none_is_empty("selection"),
    ).select(pl.col(name).cast(kind) for name, kind in FIGURES.items())


def terms_of_row(row: Mapping[str, Any]) -> Terms:
    """The terms of a published figure, from its row as a mapping.

    >>> terms_of_row(industry_figures().row(0, named=True)).label
    'First reply time, median over accounts of their means'
    """
    return Terms(**{name: row[name] for name in Terms.__dataclass_fields__})


def value_in_words(row: Mapping[str, Any]) -> str:
    """What was published, as it is shown.

    >>> value_in_words({"value": 0.125, "unit": "share"})
    '12.5%'
    """
    return _NOT_PUBLIC if row["value"] is None else figure(row["value"], row["unit"])


def _none_is_empty(name: str) -> pl.Expr:
    return pl.col(name).replace("none", "")


def _seconds(text: str) -> int | None:
    match = _HORIZON.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def _empty(row: Mapping[str, str]) -> str:
    shown_to_customers = STATUSES.get(row["status"]) == _NOT_PUBLIC
    empty = [name for name in COLUMNS if not row[name] and not (name == "value" and shown_to_customers)]
    return f"{empty[0]} is empty; fill it in, or write '{NOT_STATED}'" if empty else ""


def _unknown(row: Mapping[str, str]) -> str:
    choices = {**SETTINGS, "unit": ("share", "seconds"), "status": tuple(STATUSES)}
    for name, known in choices.items():
        if row[name] not in known:
            return f"{name} is {show(row[name])}; {way_out(row[name], list(known), limit=12)}"
    return ""


def _no_year(row: Mapping[str, str]) -> str:
    is_year = re.fullmatch(r"20\d\d", row["year"], re.ASCII)
    return "" if is_year else f"year is {show(row['year'])}; write one such as 2026"


def _no_horizon(row: Mapping[str, str]) -> str:
    text = row["horizon"]
    if text in (NOT_STATED, NOT_APPLICABLE) or (_seconds(text) or 0) > 0:
        return ""
    return f"horizon is {show(text)}; write one such as '72 hours', '{NOT_STATED}' or '{NOT_APPLICABLE}'"


def _no_value(row: Mapping[str, str]) -> str:
    if not row["value"]:
        return ""
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    most = 1.0 if row["unit"] == "share" else math.inf
    if 0 <= value <= most and math.isfinite(value):
        return ""
    way = "a share is from 0 to 1" if row["unit"] == "share" else "write seconds as a number"
    return f"value is {show(row['value'])}; {way}"


def _contradiction(row: Mapping[str, str]) -> str:
    statistic = row["statistic"]
    if statistic == NOT_STATED:
        return ""
    is_share = COMPOSED.get(statistic, ("", statistic))[1] == "share"
    if is_share != (row["unit"] == "share"):
        return f"a {statistic} is not in {row['unit']}; change statistic or unit"
    if (statistic in COMPOSED) != (row["averaged_over"] in ("brands", "accounts")):
        return (
            f"a {statistic} is not averaged over {row['averaged_over']}; over brands or accounts there "
            "are means or medians of shares, of means or of medians"
        )
    return ""


_CHECKS = (_empty, _unknown, _no_year, _no_horizon, _no_value, _contradiction)
