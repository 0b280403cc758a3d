"""One fuzz test, run twice: 200 cases with every change, 5,000 behind the `slow` mark."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

FEW, MANY = 200, 5_000
_FIXTURES_MAY_BE_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def fuzz(**strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a test values of these strategies; its other arguments are fixtures and parameters.

    A fixture is made once for all cases: write each case's file over the last one's.

        @fuzz(content=st.binary())
        def test_bytes_end_in_a_dataset_or_a_sentence(tmp_path: Path, content: bytes) -> None:
            ...
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def run(n_cases: int, **others: object) -> None:
            limits = settings(max_examples=n_cases, suppress_health_check=_FIXTURES_MAY_BE_SHARED)
            limits(given(**strategies)(test))(**others)

        of_test = inspect.signature(test)
        kept = [each for name, each in of_test.parameters.items() if name not in strategies]
        n_cases = inspect.Parameter("n_cases", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = of_test.replace(parameters=[*kept, n_cases])  # type: ignore[attr-defined]
        run.__name__, run.__qualname__, run.__module__ = test.__name__, test.__qualname__, test.__module__
        run.__doc__, run.pytestmark = test.__doc__, getattr(test, "pytestmark", [])  # type: ignore[attr-defined]
        many = pytest.param(MANY, marks=pytest.mark.slow)
        return pytest.mark.parametrize("n_cases", [FEW, many])(run)

    return decorate
