"""One's own figures beside a pool: only where both mean the same, and in words."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from benchkit import BENCHKIT, Waits, find_waits, measure, synthesize
from benchkit.charts import reply_times_by_group, shares_by_group
from benchkit.comparisons.pooled import BESIDE, as_estimates, benchmark, beside_pool
from benchkit.dataset import About
from benchkit.errors import UnknownNameError
from benchkit.pools.exporting import export_peers
from benchkit.pools.pool import Pool
from benchkit.verdicts.pools import beside_pool as shown
from benchkit.waits import Peers

MONTH, OWN = "2026-10", "Paperplane Air"
SELECTION = "Only threads that somebody answered are in these data."


@pytest.fixture(scope="module")
def waits() -> Waits:
    return find_waits(synthesize(messages=100_000, months=14)).collect()


@pytest.fixture(scope="module")
def pool(waits: Waits, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return export_peers(waits, tmp_path_factory.mktemp("pool") / "pool.parquet").pool


@pytest.fixture(scope="module")
def beside(waits: Waits, pool: Pool) -> pl.DataFrame:
    return beside_pool(waits, pool, month=MONTH, brand=OWN)


def test_both_sides_are_what_measure_says_of_each(waits: Waits, pool: Pool, beside: pl.DataFrame) -> None:
    for by in (["industry"], ["industry", "channel"]):
        ours = measure(waits.only(OWN), month=MONTH, by=by, metrics=BESIDE)
        theirs = benchmark(pool, month=MONTH, by=by, metrics=BESIDE).filter(industry="Airlines")
        rows = beside.filter(pl.col("channel").is_null() == (by == ["industry"]))
        for prefix, expected in (("", ours), ("pool_", theirs)):
            for column in ("estimate", "lower", "upper", "n", "status", "method"):
                assert rows[f"{prefix}{column}"].to_list() == expected[column].to_list()
    assert beside["pool_month"].unique().to_list() == [MONTH]
    assert beside["brands"].unique().to_list() == [6]


def test_the_difference_goes_with_both_intervals(beside: pl.DataFrame) -> None:
    told = beside.filter(pl.col("difference_lower").is_not_null())
    assert told.height > 10
    for row in told.to_dicts():
        change = row["estimate"] - row["pool_estimate"]
        low = math.hypot(row["estimate"] - row["lower"], row["pool_upper"] - row["pool_estimate"])
        assert row["difference"] == pytest.approx(change)
        assert row["difference_lower"] == pytest.approx(change - low)


def test_ones_own_brand_is_the_one_compared(waits: Waits, pool: Pool, beside: pl.DataFrame) -> None:
    as_own = beside_pool(replace(waits, peers=Peers(own=OWN)), pool, month=MONTH)

    assert as_own.equals(beside)
    assert beside_pool(waits, pool, month=MONTH)["industry"].n_unique() == 8
    with pytest.raises(UnknownNameError, match="no brand 'Paperplan'"):
        beside_pool(waits, pool, month=MONTH, brand="Paperplan")


def test_an_earlier_month_of_the_pool_stands_in(waits: Waits, pool: Pool) -> None:
    before = replace(
        pool,
        tables=pool.tables.filter(pl.col("day") < datetime(2026, 9, 1)),  # noqa: DTZ001
        brands=pool.brands.filter(pl.col("month") < "2026-09"),
    )
    rows = beside_pool(waits, before, month=MONTH, brand=OWN)

    assert rows["pool_month"].unique().to_list() == ["2026-08"]
    html = shown(rows, month=MONTH, own=OWN).html
    assert "Pool: Airlines, August 2026" in html
    assert "It has no October 2026 of it." in html
    assert as_estimates(rows, month=MONTH)["whose"].unique().sort().to_list() == [
        "Ours",
        "Pool 2026-08: Airlines",
    ]


def test_too_old_a_pool_stands_beside_nothing(waits: Waits, pool: Pool) -> None:
    old = replace(
        pool,
        tables=pool.tables.filter(pl.col("day") < datetime(2025, 10, 1)),  # noqa: DTZ001
        brands=pool.brands.filter(pl.col("month") < "2025-10"),
    )
    rows = beside_pool(waits, old, month=MONTH, brand=OWN)

    assert rows["pool_estimate"].is_null().all()
    assert rows["difference"].is_null().all()
    assert rows["unlike"].unique().to_list() == [
        "The pool tells nothing of it in 2026-10 or the 12 months before."
    ]
    assert rows["estimate"].is_not_null().any()
    assert "Nothing of the pool stands beside these figures" in shown(rows, month=MONTH, own=OWN).html


def test_other_definitions_and_selections_stand_beside_nothing(waits: Waits, pool: Pool) -> None:
    chatty = replace(pool, definition=replace(BENCHKIT, bots="answer"))
    selected = replace(pool, selection=SELECTION)
    ours_selected = replace(waits, about=About("ours", selection=SELECTION))
    for some, other, told in (
        (waits, chatty, "The definitions differ in bots. Ours: A bot's message does not end a wait."),
        (waits, selected, "The pool's data were selected on having been answered, ours not."),
        (ours_selected, pool, "Our data were selected on having been answered, the pool's not."),
    ):
        rows = beside_pool(some, other, month=MONTH, brand=OWN)
        assert rows["pool_estimate"].is_null().all()
        assert all(reason.startswith(told) for reason in rows["unlike"])


def test_of_selected_data_answered_waits_are_compared(waits: Waits, tmp_path: Path) -> None:
    selected = replace(waits, about=About("ours", selection=SELECTION))
    pool = export_peers(selected, tmp_path / "pool.parquet").pool
    rows = beside_pool(selected, pool, month=MONTH, brand=OWN)

    assert not [
        metric for metric in rows["metric"] if metric.startswith("answered") or metric.endswith("_all")
    ]
    assert rows.filter(metric="replied_within_1h")["difference"].is_not_null().any()
    assert "Replied within 1 h, of those answered" in shown(rows, month=MONTH, own=OWN).html


def test_what_cannot_be_told_of_too_few_is_said(waits: Waits, pool: Pool) -> None:
    few = replace(waits, frame=waits.frame.filter(pl.col("started_at") < datetime(2026, 10, 3, tzinfo=UTC)))
    rows = beside_pool(few, pool, month=MONTH, brand="Aérolune")

    assert rows["difference"].is_null().all()
    assert "fewer than 30 waits" in shown(rows, month=MONTH, own="Aérolune").html


def test_the_table_says_where_they_are_apart(beside: pl.DataFrame) -> None:
    html = shown(beside, month=MONTH, own=OWN).html

    assert re.search("<td>above <small><span[^>]*>\\+", html)
    assert "no evidence of a difference" in html
    assert "on direct message" in html
    assert "6 brands or more" in html
    assert "Replied within" not in html


def test_names_are_not_run(beside: pl.DataFrame) -> None:
    hostile = "<script>alert(1)</script>"
    rows = beside.with_columns(
        pl.lit(hostile).alias("industry"),
        pl.when(pl.col("channel").is_not_null()).then(pl.lit(hostile)).alias("channel"),
        pl.when(pl.col("metric") == "answered_within_1h")
        .then(pl.lit(hostile))
        .otherwise("unlike")
        .alias("unlike"),
    )
    html = shown(rows, month="2026-09", own=hostile).html

    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 5


def test_both_sides_are_drawn(beside: pl.DataFrame) -> None:
    sides = as_estimates(beside, month=MONTH, own=OWN)

    told = shares_by_group(sides, own=OWN, month=MONTH).description
    assert f"{OWN}: " in told
    assert "; Pool: Airlines: " in told
    assert "Pool: Airlines" in reply_times_by_group(sides, own=OWN, month=MONTH).description
