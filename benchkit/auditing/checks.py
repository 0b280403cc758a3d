"""What a check is, and the rows of what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from benchkit.auditing.facts import Facts, Found

SEVERITIES = ("error", "warning", "note")
FINDINGS: Mapping[str, pl.DataType] = {
    "check": pl.String(),
    "severity": pl.Enum(SEVERITIES),
    "brand": pl.String(),
    "channel": pl.String(),
    "agent_id": pl.String(),
    "count": pl.Int64(),
    "of": pl.Int64(),
    "share": pl.Float64(),
    "counted": pl.String(),
    "sentence": pl.String(),
    "touches": pl.String(),
    "what_to_do": pl.String(),
    "examples": pl.List(pl.String()),
}
"""The columns of findings: `brand`, `channel` and `agent_id` say where (null: anywhere), `counted`
what is counted, and `examples` are ids of messages or conversations. Sentences name nobody."""

CERTAIN_Z = 5.0
"""So many standard errors away from what is harmless: one false alarm in three million places."""
FEW = 10
"""So many and no more are never worth more than a note, where it is shares that are serious."""


@dataclass(frozen=True)
class Check:
    """A question about data: what finds it, how bad it is, which figures it touches, and what to do.

    Where it is `serious_from` some share on, a smaller one is worth a note, and so are `FEW`.
    """

    find: Callable[[Facts], Iterable[Found]]
    severity: str
    counted: str
    touches: str
    what_to_do: str
    serious_from: float = 0.0

    @property
    def name(self) -> str:
        """What it looks for, in words."""
        return self.find.__name__.replace("_", " ")

    def rows(self, facts: Facts) -> list[dict[str, Any]]:
        """What it finds, the most first, as rows of `FINDINGS`."""
        told = sorted(self.find(facts), key=lambda found: -found.n)
        return [self._row(found) for found in told]

    def _row(self, found: Found) -> dict[str, Any]:
        share = found.n / found.of if found.of else None
        is_small = found.n <= FEW or (share is not None and share < self.serious_from)
        return {
            "check": self.name,
            "severity": "note" if self.serious_from and is_small else self.severity,
            "brand": found.brand,
            "channel": found.channel,
            "agent_id": found.agent_id,
            "count": found.n,
            "of": found.of,
            "share": share,
            "counted": self.counted,
            "sentence": found.sentence,
            "touches": self.touches,
            "what_to_do": self.what_to_do,
            "examples": [*found.examples],
        }
