"""How much less a wait tells where waits of one week go well or badly together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchkit.stats.arrays import Floats, columns


def intraclass_correlation(deff: npt.ArrayLike, size: npt.ArrayLike) -> float:
    """The likeness of waits of one cluster, from the design effects of many units.

    >>> round(intraclass_correlation([1.5, 3.0], [6, 21]), 3)
    0.1

    A cluster of m waits with correlation rho makes deff = 1 + rho (m - 1); over units, rho is
    sum (deff - 1) / sum (m - 1), at least 0. `deff` and `size` (waits in a usual cluster)
    have an entry per unit. Source: Kish 1965, section 5.4; Donner and Klar 2000, section 1.3.
    """
    effect, m = columns(deff=deff, size=size)
    larger = np.maximum(m - 1.0, 0.0).sum()
    return float(np.clip((effect - 1.0).sum() / larger, 0.0, 1.0)) if larger else 0.0


def design_effect(correlation: float, size: npt.ArrayLike) -> Floats:
    """By how much clusters of so many waits widen a variance, at least 1.

    >>> design_effect(0.1, [1, 21]).tolist()
    [1.0, 3.0]
    """
    return np.asarray(1.0 + correlation * np.maximum(np.asarray(size, dtype=float) - 1.0, 0.0))
