"""The same messages under several definitions, and how one definition's figure becomes another's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.dataset import Dataset
from benchkit.definitions import BENCHKIT, PRESETS, find_definition
from benchkit.definitions.definition import Definition
from benchkit.errors import BenchkitError
from benchkit.finding import find_waits
from benchkit.measurement import MIN_WAITS, measure
from benchkit.metrics import Metric, Share, in_opening_hours, replied_within
from benchkit.pseudonyms import Pseudonyms
from benchkit.reply_times import REPLY_TIME_AS_DEFINED
from benchkit.waits import Waits

AMONG_ANSWERED = replace(BENCHKIT, unanswered="left out", statistic="median")
"""benchkit's own rules, of the waits that were answered: where a bridge leads."""

_FIGURES = (REPLY_TIME_AS_DEFINED, "answered_within_1h", "answered_within_24h")
_STEPS = {
    "rule": pl.String,
    "before": pl.String,
    "after": pl.String,
    "estimate": pl.Float64,
    "change_seconds": pl.Float64,
    "n_replied": pl.Int64,
    "status": pl.String,
    "definition": pl.String,
}


def compare_definitions(
    data: Dataset,
    definitions: str | Sequence[str | Definition] = PRESETS,
    *,
    by: str | Sequence[str] | None = "brand",
    month: str | None = None,
    metrics: str | Metric | Sequence[str | Metric] = _FIGURES,
    min_waits: int = MIN_WAITS,
    names: Pseudonyms | None = None,
) -> pl.DataFrame:
    """Measure the same messages by several definitions: each one's version of the same figures.

    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 A10", "C0 C50 A90", "C0")
    >>> found = compare_definitions(data, ["benchkit", "sprout"], by=None, min_waits=0)
    >>> found.filter(metric=REPLY_TIME_AS_DEFINED).select("rules", "estimate").rows()
    [('benchkit', 5400.0), ('sprout', 3000.0)]

    As `measure`, with a first column `rules`, the definition's name. Of a definition that leaves
    out what nobody answered, a share is among the answered, as its `metric` then says.
    Definitions are given as they are, or by the name of a preset or a file, also as one text such
    as "benchkit; ours.toml"; brands go by other `names` where some are given.
    """
    asked = definitions.split(";") if isinstance(definitions, str) else definitions
    chosen = [find_definition(definition) for definition in asked if str(definition).strip()]
    called = [definition.name for definition in chosen]
    if len(set(called)) < len(called) or not called:
        raise BenchkitError("definitions are told apart by their names; give each one another")
    found = []
    for definition, waits in zip(chosen, _found(data, chosen), strict=True):
        waits = names.applied_to(waits) if names else waits
        versions = [_version(metric, waits) for metric in find_metrics(metrics)]
        measured = measure(waits, month=month, by=by, metrics=versions, min_waits=min_waits)
        found.append(measured.select(pl.lit(definition.name).alias("rules"), pl.all()))
    return pl.concat(found)


def bridge(
    data: Dataset,
    definition: str | Definition,
    to: Definition = AMONG_ANSWERED,
    *,
    month: str | None = None,
) -> pl.DataFrame:
    """Lead from the reply time by one definition to that by another, one rule at a time.

    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 A10", "C0 C50 A90", "C0 B1 A40", "C0 A1 C2 A32")
    >>> bridge(data, "sprout").select("rule", "estimate", "change_seconds").rows()[-1]
    ('statistic', 1800.0, -252.0)

    The first row is the first definition's figure, with no `rule`; each later one switches
    a `rule` from what it said `before` to what it says `after`, in the order of
    `definition.RULES`, the statistic last, and moves the figure by `change_seconds`. Rules
    that contradict each other when switched alone are switched together. It is an account of
    one set of messages, so that no step has an interval; another order gives other steps.
    """
    begin = find_definition(definition)
    steps = [_Step((), begin), *_switched(begin, to)]
    path = [step.after for step in steps]
    rows: list[dict[str, Any]] = []
    for (rules, after), waits in zip(steps, _found(data, path), strict=True):
        told = measure(waits, month=month, metrics=REPLY_TIME_AS_DEFINED, min_waits=1).row(0, named=True)
        previous = rows[-1]["estimate"] if rows else None
        estimate, earlier = told["estimate"], path[len(rows) - 1] if rows else after
        is_told = None not in (estimate, previous)
        rows.append(
            {
                "rule": ", ".join(rule.replace("_", " ") for rule in rules),
                "before": " ".join(filter(None, map(earlier.spelled, rules))),
                "after": " ".join(filter(None, map(after.spelled, rules))),
                "estimate": estimate,
                "change_seconds": estimate - previous if is_told else None,
                **{name: told[name] for name in ("n_replied", "status", "definition")},
            }
        )
    return pl.DataFrame(rows, schema=_STEPS)


class _Step(NamedTuple):
    rules: tuple[str, ...]
    after: Definition


def _switched(begin: Definition, to: Definition) -> Iterator[_Step]:
    """Each step from one definition to another: the rules switched, and the definition after them."""
    current = begin
    pending: tuple[str, ...] = ()
    for rule in begin.differences(to):
        pending = (*pending, rule)
        try:
            current = replace(
                current, **{rule: getattr(to, rule) for rule in pending}, name=f"{begin.name} on the way"
            )
        except BenchkitError:
            continue
        yield _Step(pending, current)
        pending = ()


def _found(data: Dataset, definitions: Iterable[Definition]) -> Iterator[Waits]:
    """The waits by each definition; those that differ in measuring alone are found once."""
    known: list[Waits] = []
    for definition in definitions:
        alike = next((waits for waits in known if waits.definition.finds_as(definition)), None)
        if alike is None:
            alike = find_waits(data, definition=definition).collect()
            known.append(alike)
        yield replace(alike, definition=definition)


def _version(metric: Metric, waits: Waits) -> Metric:
    """A share as the definition has it: among the answered where it leaves out the others."""
    computes = metric.computes
    if not isinstance(computes, Share) or computes.of_replied or waits.only_answered is None:
        return metric
    if computes.within_seconds is None or computes.outcome != "replied":
        return metric
    among = replied_within(minutes=computes.within_seconds / 60)
    return in_opening_hours(among) if metric.in_opening_hours else among
