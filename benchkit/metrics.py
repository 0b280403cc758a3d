"""The metrics: what each is called, what it means, and what it computes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from benchkit.errors import BenchkitError, show
from benchkit.words import horizon

Unit = Literal["share", "seconds", "count"]
Better = Literal["lower", "higher", "neither"]
Which = Literal["all", "first", "next", "queue", "handling"]
"""All waits; a conversation's first or later ones; or the part of each before, or after, its assignment."""

Statistic = Literal["mean", "median", "p90", "mean of the fastest 90%", "median of all", "as defined"]
ClockName = Literal["", "opening hours"]
"""As the definition has it, or in opening hours."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_LONGEST_DAYS = 3_660
RESPONSE_RATE_SECONDS = 7 * _DAY


@dataclass(frozen=True, kw_only=True)
class Example:
    """A few conversations (see `from_timelines`) and the value the metric has for them.

    `hours` are the brand's opening hours of every day, where the metric needs them.
    """

    timelines: tuple[str, ...]
    value: float | None
    target: str | None = None
    hours: str | None = None


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A count of messages, conversations or customers, which waits alone cannot tell."""

    column: Literal["conversations", "customers", "messages_in", "messages_out"]


@dataclass(frozen=True, kw_only=True)
class Count:
    """A count of waits, of all of them or of those with one outcome."""

    outcome: str | None = None
    needs_reply: bool = True


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of waits that ended in `outcome` within a time; None for the target's."""

    within_seconds: int | None
    outcome: str = "replied"
    of_replied: bool = False
    clock: ClockName = ""


@dataclass(frozen=True, kw_only=True)
class Time:
    """A statistic of reply times, among answered waits unless it is the median of all."""

    statistic: Statistic
    which: Which = "all"
    clock: ClockName = ""

    @property
    def of_replied(self) -> bool:
        """Whether it is among answered waits, as far as it is not for a definition to say."""
        return self.statistic not in ("median of all", "as defined")


@dataclass(frozen=True)
class OpenPart:
    """What part of all the time that answered waits lasted was in opening hours."""

    of_replied: bool = True
    clock: ClockName = "opening hours"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What one figure is called, what it means, and what it computes.

    `vendors` pairs a product with its name for the nearest figure it shows.
    """

    name: str
    label: str
    unit: Unit
    better: Better
    definition: str
    computes: Volume | Count | Share | Time | OpenPart
    example: Example
    vendors: tuple[tuple[str, str], ...] = ()

    @property
    def needs_unanswered(self) -> bool:
        """Whether it says something of messages nobody answered."""
        if isinstance(self.computes, Count):
            return self.computes.outcome is not None
        return isinstance(self.computes, Share | Time) and not self.computes.of_replied

    @property
    def in_opening_hours(self) -> bool:
        """Whether it is measured in opening hours, and so needs them to be known."""
        return isinstance(self.computes, Share | Time | OpenPart) and self.computes.clock == "opening hours"

    def is_twin_of(self, other: Metric) -> bool:
        """Whether it is the other one in opening hours."""
        computes = other.computes
        if not isinstance(computes, Share | Time) or other.in_opening_hours:
            return False
        return self.computes == replace(computes, clock="opening hours")


@dataclass(frozen=True)
class Target:
    """A service level: the share to be answered within a time."""

    share: float
    within_seconds: int

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target such as "80% in 1h".

        >>> Target.parse("80 % within 15 min")
        Target(share=0.8, within_seconds=900)
        """
        match = re.fullmatch(
            r"\s*(\d+(?:\.\d+)?)\s*%\s*(?:in|within)\s*(\d+(?:\.\d+)?)\s*(min|m|h|d)\w*\s*",
            str(text),
            re.ASCII,
        )
        if match is None or not 0 < float(match[1]) <= 100 or float(match[2]) == 0:
            raise BenchkitError(f"{show(text)} is not a target; write one such as '80% in 1h' or '95% in 2d'")
        unit = {"min": _MINUTE, "m": _MINUTE, "h": _HOUR, "d": _DAY}[match[3]]
        return cls(float(match[1]) / 100, _seconds(float(match[2]) * unit / _MINUTE, 0, 0))

    def __str__(self) -> str:
        return f"{self.share * 100:g}% within {horizon(self.within_seconds)}"


def answered_within(*, minutes: float = 0, hours: float = 0, days: float = 0) -> Metric:
    """The share of all waits answered within a time, those nobody answered included.

    >>> answered_within(hours=2).name
    'answered_within_2h'
    """
    seconds = _seconds(minutes, hours, days)
    spoken = horizon(seconds)
    at = f"{seconds / _MINUTE:g}"
    return Metric(
        name=f"answered_within_{_compact(seconds)}",
        label=f"Answered within {spoken}",
        unit="share",
        better="higher",
        definition=f"The share of all waits that got a person's reply within {spoken}; waits closed without "
        "a reply and waits still open count as not answered in time.",
        computes=Share(within_seconds=seconds),
        example=Example(timelines=(f"C0 A{at}", f"C0 A{seconds / _MINUTE + 1:g}", "C0", "C0 X1"), value=0.25),
    )


def replied_within(*, minutes: float = 0, hours: float = 0, days: float = 0) -> Metric:
    """The share answered within a time among the waits that were answered at all.

    >>> replied_within(days=1).label
    'Replied within 24 h, of those answered'
    """
    seconds = _seconds(minutes, hours, days)
    spoken = horizon(seconds)
    return Metric(
        name=f"replied_within_{_compact(seconds)}",
        label=f"Replied within {spoken}, of those answered",
        unit="share",
        better="higher",
        definition=f"Among the waits that were answered, the share answered within {spoken}; "
        "messages nobody answered are left out, so it flatters whoever answers few.",
        computes=Share(within_seconds=seconds, of_replied=True),
        example=Example(timelines=("C0 A1", f"C0 A{seconds / _MINUTE + 1:g}", "C0"), value=0.5),
    )


def in_opening_hours(metric: Metric) -> Metric:
    """The twin of a time or a share that counts opening hours only.

    >>> in_opening_hours(answered_within(hours=1)).name
    'answered_within_1h_in_opening_hours'
    """
    computes = metric.computes
    if not isinstance(computes, Share | Time):
        raise BenchkitError(f"{metric.name} has no twin in opening hours; name a time, or a share within one")
    name = metric.name.replace("_seconds_", "_business_seconds_")
    label, comma, rest = metric.label.partition(",")
    return replace(
        metric,
        name=name if name != metric.name else f"{metric.name}_in_opening_hours",
        label=f"{label} in opening hours{comma}{rest}",
        definition=f"{metric.definition} Only opening hours count, of the waits for which they are known: "
        "a message that came and was answered while the brand was closed waited 0 s.",
        computes=replace(computes, clock="opening hours"),
        example=replace(
            metric.example, hours="12:00-20:00", value=0.0 if isinstance(computes, Time) else 0.5
        ),
        vendors=(),
    )


def _seconds(minutes: float, hours: float, days: float) -> int:
    seconds = minutes * _MINUTE + hours * _HOUR + days * _DAY
    if not 1 <= seconds <= _LONGEST_DAYS * _DAY:
        raise BenchkitError(
            f"a horizon is from 1 second to {_LONGEST_DAYS:,} days; give a time such as hours=1"
        )
    return round(seconds)


def _compact(seconds: int) -> str:
    if seconds > _DAY and seconds % _DAY == 0:
        return f"{seconds // _DAY}d"
    if seconds % _HOUR == 0:
        return f"{seconds // _HOUR}h"
    return f"{seconds // _MINUTE}m" if seconds % _MINUTE == 0 else f"{seconds}s"
