"""Make `data/published/queue_truth.csv`: a thousand years of every queue, in a few minutes.

`python tests/study/make_queue_truth.py` writes the same bytes each time. The standard errors
are from run to run, the runs being independent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchkit.schema import OUTCOMES
from benchkit.sources.synthetic_brands import Brand
from benchkit.sources.synthetic_queue import QUEUE_BRANDS, STORED, QueueProcess, simulate

MINUTE, HOUR, DAY = 60, 3_600, 86_400
HORIZONS_SECONDS = (
    *(minutes * MINUTE for minutes in (1, 5, 10, 15, 30, 45)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 18)),
    *(days * DAY for days in (1, 2, 3, 4, 5, 6, 7)),
)
RUNS, DAYS_PER_RUN = 40, 7 * 1_305
TABLE = Path(__file__).parents[2] / "data" / "published" / "queue_truth.csv"


def long_run(
    brand: Brand, process: QueueProcess, *, seed: int = 0, runs: int = RUNS, days_per_run: int = DAYS_PER_RUN
) -> pl.DataFrame:
    """Shares answered in so many independent runs, with the standard errors that they tell of."""
    waits = np.zeros(runs)
    in_time = np.zeros((runs, len(HORIZONS_SECONDS)))
    for run in range(runs):
        seen = simulate(brand, process, n_days=days_per_run, seed=(seed, run, *brand.name.encode()))
        reply_seconds = np.sort(seen.wait_seconds[seen.outcome == OUTCOMES.index("replied")])
        waits[run] = len(seen.outcome)
        in_time[run] = np.searchsorted(reply_seconds, HORIZONS_SECONDS, side="right")
    share = in_time.sum(axis=0) / waits.sum()
    residual = in_time - share * waits[:, None]
    standard_error = np.sqrt((residual**2).sum(axis=0) * runs / (runs - 1)) / waits.sum()
    return pl.DataFrame(
        {
            "brand": [brand.name] * len(share),
            "seconds": HORIZONS_SECONDS,
            "share": share,
            "standard_error": standard_error,
            "waits": np.full(len(share), int(waits.sum())),
            "runs": np.full(len(share), runs),
            "days_per_run": np.full(len(share), days_per_run),
            "seed": np.full(len(share), seed),
        }
    )


def main() -> None:
    pl.concat([long_run(brand, STORED) for brand in QUEUE_BRANDS]).write_csv(TABLE, float_precision=6)


if __name__ == "__main__":
    main()
