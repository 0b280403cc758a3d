"""What comparisons say, in sentences and tables; every cell is escaped here."""

from benchkit.verdicts.comparisons import changes, corrected, expected_time, promises, side_by_side
from benchkit.verdicts.hours import coverage
from benchkit.verdicts.pools import beside_pool
from benchkit.verdicts.published_figures import published
from benchkit.verdicts.rules import bridge, definitions, reconciled

__all__ = [
    "beside_pool",
    "bridge",
    "changes",
    "corrected",
    "coverage",
    "definitions",
    "expected_time",
    "promises",
    "published",
    "reconciled",
    "side_by_side",
]
