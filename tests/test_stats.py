"""Wilson's interval and the weekly error against print and the textbook."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchkit.stats import weekly_error, wilson

GOLDEN = Path(__file__).parent / "golden"


def test_wilson_on_the_published_table() -> None:
    case = json.loads((GOLDEN / "proportion_intervals_newcombe1998.json").read_text())
    for row in case["wilson"]:
        interval = wilson(row["y"], row["n"])
        assert (interval.lower, interval.upper) == pytest.approx(row["ci"], abs=case["tol_published"])


def test_weekly_error_is_the_textbook_ratio_error() -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(20, 60, 13).astype(float)
    y = rng.binomial(n.astype(int), 0.3).astype(float)
    ratio = y.sum() / n.sum()
    variance = 13 / 12 * sum((a - ratio * b) ** 2 for a, b in zip(y, n, strict=True)) / n.sum() ** 2
    error = weekly_error(y, n, n.sum())
    assert error.se == pytest.approx(variance**0.5)
    assert weekly_error(y, n, n.sum() / 4).se == pytest.approx(2 * variance**0.5)
    with_an_empty_week = weekly_error(np.append(y, 0), np.append(n, 0), n.sum())
    assert with_an_empty_week[:2] == (pytest.approx(error.se), 13)
    assert weekly_error([1.0, 1, 1], [100, 1, 1], 102).effective == pytest.approx(102**2 / 10_002)
    assert np.isnan(weekly_error([3.0], [9.0], 9).se)
