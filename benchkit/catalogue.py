"""The catalogue: every metric of the standard report, and the glossary rendered from it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from benchkit.errors import UnknownNameError
from benchkit.metrics import (
    RESPONSE_RATE_SECONDS,
    Better,
    Count,
    Example,
    Metric,
    OpenPart,
    Share,
    Target,
    Time,
    Volume,
    answered_within,
    in_opening_hours,
    replied_within,
)
from benchkit.reply_times import part_of_reply_time, reply_time
from benchkit.words import figure


def _count(name: str, label: str, definition: str, computes: Volume | Count, value: float) -> Metric:
    timelines = ("C0 C1 A5 A6", "C0 B1", "C0 X9", "A0 C3", "C0 N4")
    example = Example(timelines=timelines, value=value)
    better: Better = "lower" if name == "awaiting_now" else "neither"
    return Metric(
        name=name,
        label=label,
        unit="count",
        better=better,
        definition=definition,
        computes=computes,
        example=example,
    )


_METRICS: tuple[Metric, ...] = (
    _count(
        "waits",
        "Waits",
        "How many times a customer waited for the brand: a wait opens at a message when nothing of the "
        "customer's is waiting already. Waits marked as needing no reply are counted apart.",
        Count(),
        4,
    ),
    _count(
        "no_reply_needed",
        "Waits that needed no reply",
        "How many waits were marked as needing no reply; they are in no share and no time.",
        Count(needs_reply=False),
        1,
    ),
    _count(
        "conversations",
        "Conversations",
        "How many conversations had a message in the period, from either side.",
        Volume(column="conversations"),
        5,
    ),
    _count(
        "customers",
        "Customers",
        "How many different customers wrote.",
        Volume(column="customers"),
        5,
    ),
    _count(
        "messages_in", "Messages in", "How many messages customers sent.", Volume(column="messages_in"), 6
    ),
    _count(
        "messages_out",
        "Messages out",
        "How many messages people at the brand sent; bots' messages are not among them.",
        Volume(column="messages_out"),
        3,
    ),
    _count(
        "awaiting_now",
        "Awaiting a reply now",
        "How many of the period's waits were still awaiting a reply when the extract was taken.",
        Count(outcome="awaiting"),
        2,
    ),
    answered_within(minutes=15),
    replace(answered_within(hours=1), vendors=(("Chatwoot", "0-1 h bracket, of answered only"),)),
    answered_within(hours=24),
    replace(
        answered_within(days=7),
        label="Response rate (7 days)",
        vendors=(("Sprout Social", "response rate"), ("Meta", "response rate (24 hours)")),
    ),
    Metric(
        name="closed_without_reply",
        label="Closed without a reply (7 days)",
        unit="share",
        better="neither",
        definition="The share of all waits whose conversation was closed within 7 days, before any reply.",
        computes=Share(within_seconds=RESPONSE_RATE_SECONDS, outcome="closed"),
        example=Example(timelines=("C0 X5", "C0 A3 X5", "C0", "C0 N1"), value=1 / 3),
    ),
    Metric(
        name="sla_attainment",
        label="SLA attainment",
        unit="share",
        better="higher",
        definition="The share of all waits answered within the target's time, to be held against its share.",
        computes=Share(within_seconds=None),
        example=Example(timelines=("C0 A30", "C0 A90"), value=0.5, target="80% in 1h"),
        vendors=(("Zendesk", "SLA achievement rate"),),
    ),
    replied_within(hours=1),
    replied_within(hours=24),
    *(reply_time(statistic, which="first") for statistic in ("median", "p90", "mean")),
    *(reply_time(statistic, which="next") for statistic in ("median", "p90", "mean")),
    *(reply_time(statistic) for statistic in ("median", "p90", "mean")),
    part_of_reply_time("queue"),
    part_of_reply_time("handling"),
    reply_time("median of all"),
    reply_time("as defined"),
)
_TWINS = tuple(
    in_opening_hours(metric)
    for metric in _METRICS
    if isinstance(metric.computes, Time) or metric.name == "answered_within_1h"
)

_OPEN_PART = Metric(
    name="reply_time_in_opening_hours",
    label="Part of the reply time in opening hours",
    unit="share",
    better="neither",
    definition="Of all the calendar time that the answered waits lasted, the part that passed while the "
    "brand was open; the rest was outside opening hours.",
    computes=OpenPart(),
    example=Example(timelines=("C0 A60", "C0 A60", "C120 A180"), value=1 / 3, hours="00:00-00:30"),
)

CATALOGUE: tuple[Metric, ...] = (*_METRICS, _OPEN_PART, *_TWINS)
"""Every metric of the standard report, in its order; last what is told of opening hours."""


HEADLINE = (
    "waits",
    "answered_within_1h",
    "answered_within_24h",
    "answered_within_7d",
    "sla_attainment",
    "first_reply_seconds_median",
    "awaiting_now",
)
_AMONG_ANSWERED = {"answered_within_1h": "replied_within_1h", "answered_within_24h": "replied_within_24h"}


def headline(told: Container[str]) -> list[str]:
    """The figures that matter most, those among answered messages where the others cannot be told.

    >>> headline({"waits", "replied_within_1h", "first_reply_seconds_median"})
    ['waits', 'replied_within_1h', 'first_reply_seconds_median']
    """
    names = [name if name in told else _AMONG_ANSWERED.get(name, name) for name in HEADLINE]
    return [name for name in names if name in told]


def matters(name: str) -> bool:
    """Whether a metric is among the figures that matter most, or stands in for one.

    >>> matters("replied_within_1h"), matters("messages_in")
    (True, False)
    """
    return name in HEADLINE or name in _AMONG_ANSWERED.values()


def find_metrics(metrics: str | Metric | Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Metrics as they are, or by their names in the catalogue.

    >>> [metric.label for metric in find_metrics("answered_within_1h")]
    ['Answered within 1 h']
    """
    if isinstance(metrics, str | Metric):
        metrics = [metrics]
    known = {metric.name: metric for metric in CATALOGUE}
    found = []
    for metric in metrics:
        if isinstance(metric, Metric):
            found.append(metric)
        elif metric in known:
            found.append(known[metric])
        else:
            raise UnknownNameError("metric", metric, known)
    return tuple(found)


_KEY = (
    "In the examples, each conversation is a few letters with the minute at which something happened: "
    "`C` a customer wrote, `A` an agent, `B` a bot; `X` the conversation was closed, "
    "`N` because no reply was needed, `S` it was assigned to an agent."
)


def glossary(metrics: Sequence[str | Metric] = CATALOGUE) -> str:
    """The metrics in words, as Markdown: what each means, an example, and what others call it.

    >>> print(glossary(["answered_within_1h"]).splitlines()[2])
    ### Answered within 1 h (`answered_within_1h`)
    """
    entries = []
    for metric in find_metrics(metrics):
        example = metric.example
        value = "not reached" if example.value is None else figure(example.value, metric.unit)
        given = f" against {Target.parse(example.target)}" if example.target else ""
        given += f", open {example.hours} every day," if example.hours else ""
        lines = [
            f"### {metric.label} (`{metric.name}`)",
            metric.definition,
            f"Unit: {metric.unit}. Better: {metric.better}.",
            f"Example: {'; '.join(f'`{timeline}`' for timeline in example.timelines)}{given} gives {value}.",
        ]
        if metric.vendors:
            lines.append(
                "Elsewhere: " + "; ".join(f"{vendor}: {name}" for vendor, name in metric.vendors) + "."
            )
        entries.append("\n\n".join(lines))
    return "\n\n".join([_KEY, *entries]) + "\n"
