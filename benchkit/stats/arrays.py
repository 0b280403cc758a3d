"""The kinds of arrays that estimators take and give, and the checks that all of them make."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from benchkit.errors import BenchkitError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.unsignedinteger[Any]]
Part = TypeVar("Part")
Result = TypeVar("Result")


def columns(**named: npt.ArrayLike) -> list[Floats]:
    """Arguments as columns of one length, every entry of which is a number.

    >>> [column.tolist() for column in columns(successes=[1, 2], totals=[4, 4])]
    [[1.0, 2.0], [4.0, 4.0]]
    """
    arrays = {name: np.atleast_1d(np.asarray(values, dtype=float)) for name, values in named.items()}
    listed = " and ".join(named)
    if len({array.shape for array in arrays.values()}) > 1 or any(a.ndim != 1 for a in arrays.values()):
        raise BenchkitError(f"{listed} must be plain columns with as many entries as each other")
    for name, array in arrays.items():
        wrong = int((~np.isfinite(array)).sum())
        if wrong:
            raise BenchkitError(f"{wrong:,} of {array.size:,} {name} are not a number; leave them out first")
    return list(arrays.values())


def shares_of(successes: npt.ArrayLike, totals: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Successes and totals, once they are known to make shares: 0 <= successes <= totals, totals > 0.

    >>> shares_of(1, 4)
    (array([1.]), array([4.]))
    """
    y, n = columns(successes=successes, totals=totals)
    if not y.size:
        raise BenchkitError("there is nothing to compare: successes and totals are empty")
    wrong = int(((n <= 0) | (y < 0) | (y > n)).sum())
    if wrong:
        raise BenchkitError(
            f"{wrong:,} of {y.size:,} are no shares; totals must be positive, and successes from 0 to them"
        )
    return y, n


def check_level(level: float) -> float:
    """A confidence level, between 0 and 1.

    >>> check_level(0.95)
    0.95
    """
    if not 0 < level < 1:
        raise BenchkitError(f"level is {level}; give a confidence level between 0 and 1, such as 0.95")
    return float(level)


def amounts(**named: npt.ArrayLike) -> list[Floats]:
    """Arguments of shapes that fit each other, every entry of which is a number, 0 or more.

    >>> [array.tolist() for array in amounts(weights=[[1, 2], [3, 4]], scale=2)]
    [[[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.0], [2.0, 2.0]]]
    """
    arrays = [np.asarray(values, dtype=float) for values in named.values()]
    try:
        fitted = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise BenchkitError(
            f"{' and '.join(named)} do not fit each other: their shapes are {shapes}"
        ) from None
    for name, array in zip(named, arrays, strict=True):
        wrong = int((~(np.isfinite(array) & (array >= 0))).sum())
        if wrong:
            raise BenchkitError(
                f"{wrong:,} of {array.size:,} {name} are not a number, 0 or more; leave them out first"
            )
    return list(fitted)


def parts_of(successes: npt.ArrayLike, totals: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Successes out of totals in any shape, where a total may be 0: 0 <= successes <= totals.

    >>> parts_of([0, 1], [0, 4])
    (array([0., 1.]), array([0., 4.]))
    """
    y, n = amounts(successes=successes, totals=totals)
    wrong = int((y > n).sum())
    if wrong:
        raise BenchkitError(f"{wrong:,} of {y.size:,} successes are more than their totals")
    return y, n


def numbered(**named: npt.ArrayLike) -> list[Ints]:
    """Arguments as columns of one length that number something from 0.

    >>> [column.tolist() for column in numbered(group=[0, 0, 1])]
    [[0, 0, 1]]
    """
    found = columns(**named)
    for name, column in zip(named, found, strict=True):
        if ((column < 0) | (column != np.floor(column))).any():
            raise BenchkitError(f"{name} must be whole numbers from 0, one for each wait")
    return [column.astype(np.int64) for column in found]


def narrow(numbers: npt.NDArray[np.integer[Any]]) -> Counts:
    """Whole numbers from 0 in the least memory that holds them, where they are looked up much faster.

    >>> narrow(np.array([0, 12])).dtype
    dtype('uint8')
    """
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def in_threads(function: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """What a function makes of each part, in order; numpy works on as many parts at once as there are cores.

    >>> in_threads(len, [[1, 2], [3]])
    [2, 1]
    """
    if len(parts) < 2:
        return [function(part) for part in parts]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, parts))
