"""Waits in, tidy comparisons out: between months and weeks, with peers, and with what is expected."""

from benchkit.comparisons.beside import beside_published
from benchkit.comparisons.changes import changes
from benchkit.comparisons.clocks import both_clocks
from benchkit.comparisons.definitions import bridge, compare_definitions
from benchkit.comparisons.expected import expected_time
from benchkit.comparisons.hours import Coverage, coverage, hours_of_week
from benchkit.comparisons.pooled import benchmark, beside_pool
from benchkit.comparisons.reconcile import Reconciliation, reconcile
from benchkit.comparisons.units import Comparison, compare
from benchkit.comparisons.weeks import control_chart, promises
from benchkit.corrections import before_and_after
from benchkit.pools.files import read_pool

__all__ = [
    "Comparison",
    "Coverage",
    "Reconciliation",
    "before_and_after",
    "benchmark",
    "beside_pool",
    "beside_published",
    "both_clocks",
    "bridge",
    "changes",
    "compare",
    "compare_definitions",
    "control_chart",
    "coverage",
    "expected_time",
    "hours_of_week",
    "promises",
    "read_pool",
    "reconcile",
]
