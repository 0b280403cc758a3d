"""Waits in, tidy comparisons out: between months and weeks, with peers, and with what is expected."""

from benchkit.comparisons.beside import beside_published
from benchkit.comparisons.changes import changes
from benchkit.comparisons.expected import expected_time
from benchkit.comparisons.pooled import beside_pool, benchmark
from benchkit.comparisons.units import Comparison, compare
from benchkit.comparisons.weeks import control_chart, promises
from benchkit.corrections import before_and_after
from benchkit.pool_files import read_pool

__all__ = [
    "Comparison",
    "before_and_after",
    "benchmark",
    "beside_pool",
    "beside_published",
    "changes",
    "compare",
    "control_chart",
    "expected_time",
    "promises",
    "read_pool",
]
