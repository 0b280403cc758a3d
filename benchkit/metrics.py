"""The metrics: what each is called, what it means, and what it computes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from benchkit.errors import BenchkitError, show
from benchkit.words import horizon

Unit = Literal["share", "seconds", "count"]
Better = Literal["lower", "higher", "neither"]
Which = Literal["all", "first", "next", "queue", "handling"]
"""All waits; a conversation's first or later ones; or the part of each before, or after, its assignment."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_LONGEST_DAYS = 3_660
RESPONSE_RATE_SECONDS = 7 * _DAY


@dataclass(frozen=True, kw_only=True)
class Example:
    """A few conversations (see `from_timelines`) and the value the metric has for them."""

    timelines: tuple[str, ...]
    value: float | None
    target: str | None = None


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


@dataclass(frozen=True, kw_only=True)
class Time:
    """A mean or a quantile of reply times; among all waits where not `of_replied`."""

    quantile: float | None
    which: Which = "all"
    of_replied: bool = True


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
    computes: Volume | Count | Share | Time
    example: Example
    vendors: tuple[tuple[str, str], ...] = ()

    @property
    def needs_unanswered(self) -> bool:
        """Whether it says something of messages nobody answered."""
        if isinstance(self.computes, Count):
            return self.computes.outcome is not None
        return isinstance(self.computes, Share | Time) and not self.computes.of_replied


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


def reply_time(statistic: Literal["median", "p90", "mean"], *, which: Which = "all") -> Metric:
    """A median, 90th percentile or mean of the time to a reply, among answered waits.

    >>> reply_time("p90", which="first").name
    'first_reply_seconds_p90'
    """
    quantile = {"median": 0.5, "p90": 0.9, "mean": None}[statistic]
    prefix = "" if which == "all" else f"{which}_"
    spoken = {"median": "median", "p90": "90th percentile", "mean": "mean"}[statistic]
    waits = {
        "all": "the waits that were answered",
        "first": "conversations' first waits that were answered (the customer having written first)",
        "next": "waits after a conversation's first one that were answered",
    }[which]
    label = {"all": "Reply time", "first": "First reply time", "next": "Next reply time"}[which]
    opening = "" if which == "all" else "C0 A1 " if which == "next" else ""
    begin = 2 if which == "next" else 0
    replies = [f"{opening}C{begin} A{begin + minutes}" for minutes in (10, 20, 60)]
    value = {"median": 1_200.0, "p90": 3_120.0, "mean": 1_800.0}[statistic]
    vendors = {
        ("first", "median"): (
            ("Intercom", "median first response time"),
            ("Zendesk", "first reply time (median)"),
        ),
        ("first", "mean"): (
            ("Sprout Social", "time to first response"),
            ("Zendesk", "first reply time (average)"),
            ("Chatwoot", "first response time"),
        ),
        ("next", "mean"): (("Chatwoot", "reply time"), ("Zendesk", "next reply time")),
        ("all", "mean"): (("Sprout Social", "average reply time"),),
        ("all", "median"): (("Sprout Social", "median reply time"),),
    }
    return Metric(
        name=f"{prefix}reply_seconds_{statistic}",
        label=f"{label}, {spoken}, of those answered",
        unit="seconds",
        better="lower",
        definition=f"The {spoken} calendar time from a wait's first message to a person's reply, over "
        f"{waits}; messages nobody answered are left out.",
        computes=Time(quantile=quantile, which=which),
        example=Example(timelines=(*replies, "C0"), value=value),
        vendors=vendors.get((which, statistic), ()),
    )


def part_of_reply_time(which: Literal["queue", "handling"]) -> Metric:
    """The median of what part of a reply time passed before, or after, the wait was assigned.

    >>> part_of_reply_time("queue").name
    'queue_seconds_median'
    """
    label, part = {
        "queue": ("Time in the queue", "from a wait's first message until it was assigned to somebody"),
        "handling": ("Handling time", "from when a wait was assigned until a person's reply"),
    }[which]
    return Metric(
        name=f"{which}_seconds_median",
        label=f"{label}, median, of those answered",
        unit="seconds",
        better="lower",
        definition=f"The median calendar time {part}, over the answered waits of which it is known when they "
        "were assigned (for the last time before the reply).",
        computes=Time(quantile=0.5, which=which),
        example=Example(
            timelines=("C0 S10 A30", "C0 S20 A70", "C0 S30 A90", "C0 A5"),
            value={"queue": 1_200.0, "handling": 3_000.0}[which],
        ),
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
