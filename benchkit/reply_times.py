"""The metrics of reply times: a statistic of how long answers took, or of a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from benchkit.errors import UnknownNameError
from benchkit.metrics import Example, Metric, Statistic, Time, Which

_STATISTICS: Mapping[str, tuple[str, str, float]] = {
    "median": ("median", "median", 1_200.0),
    "p90": ("p90", "90th percentile", 3_120.0),
    "mean": ("mean", "mean", 1_800.0),
    "mean of the fastest 90%": ("mean_fastest_90", "mean of the fastest 90%", 1_600.0),
    "median of all": ("median_all", "median, of all waits", 1_200.0),
    "as defined": ("as_defined", "as defined", 1_200.0),
}
"""Of each: what names end in, what it is called, and what it is of the times of 10, 20 and 60 minutes."""


REPLY_TIME_AS_DEFINED = "reply_seconds_as_defined"
"""The metric that is each definition's own reply time."""


def reply_time(statistic: Statistic, *, which: Which = "all") -> Metric:
    """A statistic of the time to a reply, such as `median`, `p90` or `mean`, among answered waits.

    >>> reply_time("p90", which="first").name
    'first_reply_seconds_p90'

    `as defined` is the statistic that the definition of the waits names.
    """
    if statistic not in _STATISTICS:
        raise UnknownNameError("statistic", statistic, _STATISTICS)
    suffix, spoken, value = _STATISTICS[statistic]
    prefix = "" if which == "all" else f"{which}_"
    waits = {
        "all": "the waits that were answered",
        "first": "conversations' first waits that were answered (the customer having written first)",
        "next": "waits after a conversation's first one that were answered",
    }[which]
    label = {"all": "Reply time", "first": "First reply time", "next": "Next reply time"}[which]
    opening = "" if which == "all" else "C0 A1 " if which == "next" else ""
    begin = 2 if which == "next" else 0
    replies = [f"{opening}C{begin} A{begin + minutes}" for minutes in (10, 20, 60)]
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
        ("all", "mean of the fastest 90%"): (("Meta", "response time"),),
    }
    if statistic == "median of all":
        meaning = (
            "The time by which half of all waits were answered; not reached where fewer than half "
            "were answered within 7 days."
        )
    elif statistic == "as defined":
        meaning = (
            "The reply time by the statistic that the definition names: by benchkit's own, the median of "
            "all waits; by other products', what they show as their average."
        )
    else:
        meaning = (
            f"The {spoken} time from a wait's start to a person's reply, over {waits}; messages nobody "
            "answered are left out."
        )
    of_answered = ", of those answered" if statistic not in ("median of all", "as defined") else ""
    return Metric(
        name=f"{prefix}reply_seconds_{suffix}",
        label=f"{label}, {spoken}{of_answered}",
        unit="seconds",
        better="lower",
        definition=meaning,
        computes=Time(statistic=statistic, which=which),
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
        definition=f"The median time {part}, over the answered waits of which it is known when they "
        "were assigned (for the last time before the reply).",
        computes=Time(statistic="median", which=which),
        example=Example(
            timelines=("C0 S10 A30", "C0 S20 A70", "C0 S30 A90", "C0 A5"),
            value={"queue": 1_200.0, "handling": 3_000.0}[which],
        ),
    )
