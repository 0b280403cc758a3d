"""Many tests at once: what is still a finding among hundreds of brands."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError, show
from benchkit.stats.arrays import Floats

Method = Literal["bh", "by"]


def false_discovery(p: npt.ArrayLike, *, method: Method = "bh") -> Floats:
    """Adjusted p-values: calling those up to 0.05 findings makes 5 % of findings false, on average.

    >>> false_discovery([0.01, 0.02, 0.9, float("nan")]).tolist()
    [0.03, 0.03, 0.9, nan]

    min over j >= i of p_(j) m/j of the m p-values in order, at most 1, in the shape given;
    NaN stays NaN and is no test. "bh" holds for independent or positively dependent tests,
    "by" (larger by the factor 1 + 1/2 + … + 1/m) for any. Values outside [0, 1] are refused.
    Source: Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001.
    """
    if method not in get_args(Method):
        raise BenchkitError(f"no method {show(method)}; there are 'bh' and 'by'")
    adjusted = np.array(p, dtype=float)
    tested = ~np.isnan(adjusted)
    if ((adjusted[tested] < 0) | (adjusted[tested] > 1)).any():
        raise BenchkitError("p-values must lie between 0 and 1; NaN stands for a test that was not made")
    m = np.count_nonzero(tested)
    rank = np.arange(1, m + 1)
    inflated = np.sort(adjusted[tested]) * (m / rank) * ((1 / rank).sum() if method == "by" else 1.0)
    stepped_up = np.minimum.accumulate(inflated[::-1])[::-1]
    order = np.argsort(np.argsort(adjusted[tested], kind="stable"), kind="stable")
    adjusted[tested] = np.minimum(stepped_up, 1.0)[order]
    return adjusted
