"""How many were answered within the time they expect, as far as surveys tell what that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from benchkit.margins import WEEK_SECONDS
from benchkit.measurement import HISTORY_WEEKS, MIN_WAITS
from benchkit.peers import MIN_BRANDS
from benchkit.reply_estimates import means
from benchkit.sample import REPLIED, Sample
from benchkit.schema import ESTIMATES
from benchkit.stats.arrays import Floats
from benchkit.stats.expectation import bound_weights, expectation_met
from benchkit.stats.shares import wilson
from benchkit.study import NOT_BY_AGENT, study
from benchkit.waits import Waits

METRIC = "answered_within_expected_time"
_NO_COUNTS = {"n": None, "n_replied": None}


def expected_time(
    waits: Waits,
    expected: pl.DataFrame,
    *,
    month: str,
    by: str | Sequence[str] | None = None,
    min_waits: int = MIN_WAITS,
) -> pl.DataFrame:
    """The share of customers answered within the time they expect, by each year's survey.

    >>> from benchkit import expectations, find_waits, synthesize
    >>> waits = find_waits(synthesize(messages=50_000))
    >>> met = expected_time(waits, expectations(), month="2026-10")
    >>> met.select("year", pl.col("bound_lower", "estimate", "bound_upper").round(2)).rows()
    [(2020, 0.13, 0.19, 0.26), (2022, 0.09, 0.19, 0.28)]

    A survey's few points leave open who expects an answer when in between: the share lies
    from `bound_lower` to `bound_upper`, the literal reading ("within the hour" is by minute
    60); `estimate` is a value in between, by interpolation; `lower` and `upper` hold the share
    with 95% confidence (Imbens and Manski 2004). `expected` is what `expectations` gives. Rows
    are those of `measure`, one for each group and `year`. An answer is one within 7 days, and
    waits not watched for as long are left out. Refused where unanswered messages cannot be
    told of. How soon customers are answered is taken as independent of what they expect, and
    the survey's customers as like the brand's. Source: `benchkit.stats.expectation`.
    """
    asked = study(waits, month=month, by=by, history_weeks=HISTORY_WEEKS)
    refusal = asked.only_answered or (NOT_BY_AGENT if asked.by_agent else "")
    in_calendar_time = asked.of("all", "calendar")
    everyone, sample = in_calendar_time.month, in_calendar_time.watched_for(WEEK_SECONDS)
    groups = asked.groups.select(pl.col(asked.groups.columns).cast(pl.String)).to_dicts() or [{}]
    rows = []
    for (year,), survey in expected.group_by("year", maintain_order=True):
        points = survey.sort("seconds")
        met = _met(sample, points["seconds"].to_numpy(), points["share"].to_numpy())
        for number, group in enumerate(groups):
            n, watched = everyone.counts[number], sample.month.counts[number]
            told = {"n": n, "n_replied": everyone.replied.counts[number], "definition": asked.definition}
            is_final = watched == n and sample.month_over
            status, method = "final" if is_final else "provisional", met[number].pop("method")
            if refusal:
                status, method = "refused", refusal
            elif asked.too_few_brands("calendar")[number]:
                status, method, told = "withheld", f"fewer than {MIN_BRANDS} brands", told | _NO_COUNTS
            elif watched < max(min_waits, 1):
                status, method = "withheld", f"fewer than {max(min_waits, 1):,} waits"
            figures = met[number] if status in ("final", "provisional") else {}
            rows.append(
                {
                    **group,
                    "year": year,
                    "metric": METRIC,
                    **figures,
                    **told,
                    "status": status,
                    "method": method,
                }
            )
    keys = dict.fromkeys(asked.groups.columns, pl.String)
    return pl.DataFrame(rows, schema={**keys, "year": pl.Int64, **ESTIMATES}).sort(
        *asked.groups.columns, "year", nulls_last=True
    )


def _met(sample: Sample, seconds: Floats, share: Floats) -> list[dict[str, Any]]:
    """By group: the bounds of one survey, their interval, and what lies between."""
    in_time = (sample.outcome == REPLIED) & (sample.seconds <= WEEK_SECONDS)
    weights = bound_weights(np.where(in_time, sample.seconds, np.inf), seconds, share)
    margins = [means(sample, weight)[1] for weight in weights]
    errors, basis = [margin.normal_se for margin in margins], margins[1].basis
    month, replied = sample.month, in_time[sample.in_month]
    found: list[dict[str, Any]] = []
    for group, n in enumerate(month.counts):
        reply = np.sort(month.seconds[replied & (month.group == group)])
        if not n:
            found.append({"method": ""})
            continue
        se = [float(error[group]) if np.isfinite(error[group]) else None for error in errors]
        met = expectation_met(
            seconds,
            share,
            np.searchsorted(reply, seconds, side="right") / n,
            reply_ever=reply.size / n,
            se_lower=se[0],
            se_upper=se[1],
            curve_seconds=reply,
            curve_share=np.arange(1, reply.size + 1) / n,
        )
        lower, upper = met.interval or (None, None)
        if 0.0 in se:  # weeks without any difference: waits taken as independent
            lower, upper = (
                float(wilson(bound * n, n)[end]) for bound, end in ((met.lower, 1), (met.upper, 2))
            )
        found.append(
            {
                "estimate": met.estimate,
                "lower": lower,
                "upper": upper,
                "bound_lower": met.lower,
                "bound_upper": met.upper,
                "method": f"bounds by a survey's points, Imbens-Manski interval; {basis[group]}",
            }
        )
    return found
