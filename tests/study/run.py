"""Hold benchkit's figures, intervals and comparisons against synthetic months whose truth is known.

Every trial goes through the functions an analyst calls (`measure`, `expectation_curve`,
`changes`, `compare`). Writes the tables to `results.md` and into `docs/study.md`; ends with an
error where something falls short of its aim. Run by `make study`.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # processes, not threads
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from histories import Scenario, Served, Truth, truth
from questions import OF_CHANGES, OF_MONTHS, OF_UNITS, Question, Rate, table
from trials import (
    BRAND,
    BUSY_PER_DAY,
    EQUAL_BRANDS,
    LARGE_PER_DAY,
    QUIET_PER_DAY,
    Row,
    judge_changes,
    judge_funnel,
    judge_months,
    judge_ranks,
)

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "study.md"
MARK = "<!-- below: results.md, as `make study` wrote it -->\n"

SCENARIOS = (
    Scenario("calm", reply_logit_sd=0, log_time_sd=0),
    Scenario("day to day"),
    Scenario("tight staffing", staffing=0.42),
    Scenario("autocorrelated", day_autocorrelation=0.7),
)
LARGE_STAFFING = 0.8
"""As tight for a team of seven as the other is for one of three: hours for 8% more than the work."""
CHANGES, UNITS = "changes", "brands side by side"
BRANDS = {"busy brand": BUSY_PER_DAY, "small brand": QUIET_PER_DAY, "large brand": LARGE_PER_DAY}
_BATCH = 50


class Size(NamedTuple):
    """How many trials there are of each kind, for each scenario."""

    months: int = 1_000
    changes: int = 1_000
    funnels: int = 25
    brands: int = EQUAL_BRANDS
    rankings: int = 250
    long_runs: int = 8
    days_per_run: int = 9_135


class Task(NamedTuple):
    """A batch of trials, for one column of one table."""

    part: str
    scenario: str
    work: Callable[[], list[Row]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    began = time.perf_counter()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        results, short = study(Size(), pool)
    (HERE / "results.md").write_text(results, encoding="utf-8")
    words = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    PAGE.write_text(words + MARK + "\n" + results, encoding="utf-8")
    print(results)
    print(f"{time.perf_counter() - began:.0f} s in {options.processes} processes")
    if short:
        sys.exit("falls short of its aim:\n" + "\n".join(short))
    print("nothing falls short of its aim")


def study(size: Size, pool: Executor) -> tuple[str, list[str]]:
    """Make all trials; return the tables, and what falls short."""
    truths = {
        (scenario.name, per_day): pool.submit(
            truth,
            Served(_sized(scenario, per_day), BRAND, per_day),
            runs=size.long_runs,
            days_per_run=size.days_per_run,
        )
        for scenario in SCENARIOS
        for per_day in BRANDS.values()
    }
    tasks = list(_tasks(size, {key: found.result() for key, found in truths.items()}))
    running: dict[Future[list[Row]], Task] = {pool.submit(task.work): task for task in tasks}
    values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    began = time.perf_counter()
    for done, future in enumerate(as_completed(running), start=1):
        task = running[future]
        for trial, value in future.result():
            values[task.part, trial, task.scenario].append(value)
        if done % max(1, len(tasks) // 20) == 0:
            print(f"{done} of {len(tasks)} batches, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return _results(size, values)


def _tasks(size: Size, truths: dict[tuple[str, float], Truth]) -> Iterator[Task]:
    for scenario in reversed(SCENARIOS):
        name = scenario.name
        for number in range(size.funnels):
            yield Task(UNITS, name, partial(judge_funnel, scenario, number, size.brands))
        for number in range(size.rankings):
            yield Task(UNITS, name, partial(judge_ranks, scenario, number))
        for start in range(0, size.changes, _BATCH):
            batch = range(start, min(start + _BATCH, size.changes))
            yield Task(CHANGES, name, partial(judge_changes, scenario, BUSY_PER_DAY, batch))
        for part, per_day in BRANDS.items():
            for start in range(0, size.months, _BATCH):
                batch = range(start, min(start + _BATCH, size.months))
                true = truths[name, per_day]
                yield Task(part, name, partial(judge_months, _sized(scenario, per_day), per_day, true, batch))


def _sized(scenario: Scenario, per_day: float) -> Scenario:
    """The scenario of a brand of that size."""
    is_large_queue = scenario.staffing is not None and per_day == LARGE_PER_DAY
    return replace(scenario, staffing=LARGE_STAFFING) if is_large_queue else scenario


def _results(size: Size, values: dict[tuple[str, str, str], list[float]]) -> tuple[str, list[str]]:
    months = f"{size.months:,} months in each column"
    parts: list[tuple[str, str, tuple[Question, ...]]] = [
        ("busy brand", f"A brand of some 400 waits a month: {months}", OF_MONTHS),
        ("small brand", f"A brand of some 60 waits a month: {months}", OF_MONTHS),
        ("large brand", f"A brand of some 3,000 waits a month: {months}", OF_MONTHS),
        (CHANGES, f"A month against the one before: {size.changes:,} pairs in each column", OF_CHANGES),
        (
            UNITS,
            f"Brands side by side: {size.funnels} times {size.brands} equal brands in a funnel, "
            f"{size.rankings} times 20 brands ranked, in each column",
            OF_UNITS,
        ),
    ]
    pages, short = [], []
    for part, title, questions in parts:
        rates = {(trial, name): Rate.of(seen) for (of, trial, name), seen in values.items() if of == part}
        written, missed = table(questions, [scenario.name for scenario in SCENARIOS], rates)
        pages.append(f"### {title}\n\n{written}\n")
        short += [f"{part}: {one}" for one in missed]
    return "\n".join(pages), short


if __name__ == "__main__":
    main()
