"""Store waits of 200 brands with opening hours: what all contestants for calendars read.

A brand's hours are Monday to Friday from `opens` to `closes` by the clock of its `zone`, except
on the public holidays of its `country`; of each wait there is its brand, and start and end in
seconds since 1970.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

BRANDS = 200
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "UTC",
]
COUNTRIES = ["DE", "US", "NP", "AU", "BR", "GB"]
YEAR_SECONDS = 366 * 86_400

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("target", type=Path)
parser.add_argument("--rows", type=int, default=3_000_000)
options = parser.parse_args()

rng = np.random.default_rng(20)
place = rng.integers(0, len(ZONES), BRANDS)
opens_minute = rng.integers(7 * 60, 11 * 60, BRANDS)
start = 1_704_067_200 + rng.integers(0, YEAR_SECONDS, options.rows)
unfinished = options.target.with_suffix(".part.npz")
np.savez(
    unfinished,
    zone=np.array(ZONES)[place],
    country=np.array(COUNTRIES)[place],
    opens_minute=opens_minute,
    closes_minute=opens_minute + rng.integers(4 * 60, 12 * 60, BRANDS),
    brand=rng.integers(0, BRANDS, options.rows),
    start=start,
    end=start + np.minimum(np.exp(rng.normal(9.0, 2.0, options.rows)), YEAR_SECONDS).astype(np.int64),
)
unfinished.replace(options.target)
