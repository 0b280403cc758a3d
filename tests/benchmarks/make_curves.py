"""Store waits of many brands as plain arrays: what all contestants for curves read.

Whole seconds, unsorted, some still open; a week for each wait.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("target", type=Path)
parser.add_argument("--rows", type=int, default=3_000_000)
parser.add_argument("--groups", type=int, default=1_000)
options = parser.parse_args()

rng = np.random.default_rng(20)
n = options.rows
week = rng.integers(0, 13, n)
brand_pace, week_pace = rng.normal(8.5, 0.5, options.groups), rng.normal(0.0, 0.3, 13)
group = rng.integers(0, options.groups, n)
takes_seconds = np.exp(rng.normal(brand_pace[group] + week_pace[week], 2.0))
watched_seconds = rng.uniform(3_600, 8_000_000, n)
answered = (takes_seconds <= watched_seconds) & (rng.random(n) < 0.7)
seconds = np.where(answered, takes_seconds, watched_seconds).astype(np.int64)
unfinished = options.target.with_suffix(".part.npz")
np.savez(unfinished, seconds=seconds, event=answered.astype(np.int64), group=group, week=week)
unfinished.replace(options.target)
