"""Time benchkit and its rivals, each as a whole process, in turn, and print how they compare.

The rivals compute the naive figures (answered messages only); benchkit computes its whole
catalogue, with threads, signatures and unanswered messages. The report of the demo data is
held against four notebooks that do nothing but import; curves of 1,000 brands against a loop of
lifelines, which lives in an environment of its own, and one of scipy; opening hours of 200 brands
against numpy's business days; a file of tweets into the store against DuckDB's own conversion of
it to sorted Parquet; and a month's shares and its control chart are read from a store of two
years. Makers of curves and hours also say how long their computation took,
imports and reading left out: the target of a tenth of lifelines' time is of that alone, not of
whole processes, which are in the table all the same. Every other round goes backwards, since who
runs after a large process finds memory at hand. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import math
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).parent
MB = 1e6 if sys.platform == "darwin" else 1e3  # of what getrusage counts in: bytes there, kilobytes elsewhere


class Run(NamedTuple):
    """What one whole process took, and what its computation alone did, where it says so."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    computing_seconds: float | None = None


class Target(NamedTuple):
    """What the first contestant may take, as a multiple of the second."""

    ours: str
    rival: str
    at_most: float


TARGETS = [
    Target("ours_csv", "rival_duckdb_csv", 4),
    Target("ours_csv", "rival_pandas_csv", 1 / 4),
    Target("ours_parquet", "rival_duckdb_parquet", 2),
    Target("ours_report", "rival_papermill", 0.6),
    Target("ours_curves", "rival_scipy_ecdf", 1),
    Target("ours_calendars", "rival_busday", 1),
    Target("ours_ingest", "rival_duckdb_ingest", 2.5),
]
COMPUTING_TARGETS = [Target("ours_curves", "rival_lifelines", 1 / 10)]
PEAK_MB_AT_MOST = {"ours_csv": 2_500, "ours_store": 2_000}
SECONDS_AT_MOST = {"ours_store": 2.0}
COMPUTING_SECONDS_AT_MOST = {"ours_calendars": 2.0}
ALIKE = {
    ("rival_duckdb_csv", "rival_pandas_csv"): 1e-9,
    ("ours_curves", "rival_lifelines", "rival_scipy_ecdf"): 1e-6,
    ("ours_calendars", "rival_busday"): 1e-9,
}
"""Contestants that print the same figures, and how close they must be."""


def run(
    script: str, *arguments: str | Path, output: Path | None = None, python: str | Path = sys.executable
) -> Run:
    """Run a script to its end, as a process of its own."""
    command = [str(python), str(HERE / f"{script}.py"), *map(str, arguments)]
    with (output or Path(os.devnull)).open("wb") as stdout:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True)
        assert child.stderr is not None
        said = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    sys.stderr.write(said)
    if child.returncode:
        sys.exit(f"{script} ended with exit code {child.returncode}")
    computing = re.search(r"^seconds of computation: ([\d.]+)$", said, re.MULTILINE)
    return Run(
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / MB,
        float(computing[1]) if computing else None,
    )


def made(path: Path, script: str, *options: str, first: Path | None = None) -> Path:
    """A file to be read by contestants, made by a script where it is not there."""
    if not path.exists():
        run(script, *([first] if first else []), path, *options)
    return path


def printed(folder: Path, name: str) -> dict[str, list[float]]:
    """The figures a contestant printed, by brand."""
    with (folder / f"{name}.out").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {brand: [float(value) for value in values] for brand, *values in rows}


def agree(left: dict[str, list[float]], right: dict[str, list[float]], *, rel_tol: float = 1e-9) -> bool:
    """Whether two rivals came to the same figures."""
    return left.keys() == right.keys() and all(
        math.isclose(a, b, rel_tol=rel_tol)
        for brand in left
        for a, b in zip(left[brand], right[brand], strict=True)
    )


def verdict(met: bool) -> str:
    return "met" if met else "FALLS SHORT"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--stored-rows", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, default=Path("data/bench"))
    parser.add_argument("--oracles", type=Path, default=Path(".venv-oracles/bin/python"))
    options = parser.parse_args()

    compileall.compile_dir(HERE.parents[1] / "benchkit", quiet=1)  # as pip did with all that is not editable
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = ("--rows", str(options.rows))
    tweets = made(options.folder / f"tweets_{options.rows}.csv", "make_tweets", *rows)
    messages = made(options.folder / f"messages_{options.rows}.parquet", "make_messages", first=tweets)
    curves = made(options.folder / f"curves_{options.rows}.npz", "make_curves", *rows)
    hours = made(options.folder / f"hours_{options.rows}.npz", "make_calendar_waits", *rows)

    stored = ("--rows", str(options.stored_rows))
    store = made(options.folder / f"store_{options.stored_rows}", "make_store", *stored)

    contestants = {
        "ours_csv": tweets,
        "rival_duckdb_csv": tweets,
        "rival_pandas_csv": tweets,
        "ours_parquet": messages,
        "rival_duckdb_parquet": messages,
        "ours_report": options.folder / "reports",
        "rival_papermill": options.folder / "papermill",
        "ours_curves": curves,
        "rival_lifelines": curves,
        "rival_scipy_ecdf": curves,
        "ours_calendars": hours,
        "rival_busday": hours,
        "ours_ingest": tweets,
        "rival_duckdb_ingest": tweets,
        "ours_store": store,
    }
    if not options.oracles.exists():
        sys.exit(f"no {options.oracles}; `make bench` makes the environment in which lifelines lives")
    load_before = os.getloadavg()[0]
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for number in range(options.rounds):
        in_turn = list(contestants.items())
        for name, path in in_turn if number % 2 else reversed(in_turn):
            python = options.oracles if name == "rival_lifelines" else sys.executable
            runs[name].append(run(name, path, output=options.folder / f"{name}.out", python=python))
            print(f"round {number + 1}: {name} {runs[name][-1].seconds:.2f} s", file=sys.stderr)

    whole = {name: [r.seconds for r in rs] for name, rs in runs.items()}
    computing = {
        name: [r.computing_seconds for r in rs if r.computing_seconds is not None]
        for name, rs in runs.items()
    }
    seconds, computing_seconds = (
        {name: median(found) for name, found in taken.items() if found} for taken in (whole, computing)
    )
    peak_mb = {name: max(r.peak_mb for r in rs) for name, rs in runs.items()}
    size = f"{tweets.stat().st_size / 1e6:,.0f} MB of tweets, {options.rounds} rounds"
    print(
        f"{size}, Python {platform.python_version()}, {os.cpu_count()} cores, load before {load_before:.1f}\n"
    )
    head = f"{'median s':>10}{'fastest s':>11}{'slowest s':>11}{'CPU s':>8}{'peak MB':>9}{'computing s':>13}"
    print(f"{'':22}{head}")
    for name, rs in runs.items():
        fastest, slowest = min(r.seconds for r in rs), max(r.seconds for r in rs)
        cpu = median(r.cpu_seconds for r in rs)
        computed = f"{computing_seconds[name]:13.2f}" if name in computing_seconds else ""
        timed = f"{seconds[name]:10.2f}{fastest:11.2f}{slowest:11.2f}{cpu:8.2f}{peak_mb[name]:9,.0f}"
        print(f"{name:22}{timed}{computed}")
    print("\nratios are of the same round: their median, and from the least to the most")
    for targets, taken, what in (
        (TARGETS, whole, "time"),
        (COMPUTING_TARGETS, computing, "time of computation alone"),
    ):
        for ours, rival, at_most in targets:
            ratios = [a / b for a, b in zip(taken[ours], taken[rival], strict=True)]
            ratio, spread = median(ratios), f"{min(ratios):.3g} to {max(ratios):.3g}"
            told = f"{ours} takes {ratio:.3g}x {rival}'s {what} ({spread}), at most {at_most:g}x"
            print(f"{told}: {verdict(ratio <= at_most)}")
    for name, most in PEAK_MB_AT_MOST.items():
        peak = peak_mb[name]
        print(f"{name} peaks at {peak:,.0f} MB, below {most:,} MB: {verdict(peak < most)}")
    for name, most in SECONDS_AT_MOST.items():
        print(f"{name} takes {seconds[name]:.2f} s, at most {most:g} s: {verdict(seconds[name] <= most)}")
    for name, most in COMPUTING_SECONDS_AT_MOST.items():
        alone, met = computing_seconds[name], computing_seconds[name] < most
        print(f"{name} computes for {alone:.2f} s, at most {most:g} s: {verdict(met)}")
    same = all(
        agree(printed(options.folder, names[0]), printed(options.folder, other), rel_tol=rel_tol)
        for names, rel_tol in ALIKE.items()
        for other in names[1:]
    )
    print("rivals agree on every figure" if same else "RIVALS DISAGREE: their times mean nothing")


if __name__ == "__main__":
    main()
