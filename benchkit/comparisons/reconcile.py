"""Which rules give the figure that somebody's screen shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from benchkit.dataset import Dataset
from benchkit.definitions import BENCHKIT, PRESETS
from benchkit.definitions.definition import Definition
from benchkit.definitions.rules import EVERY_CHANNEL, WORDS
from benchkit.errors import BenchkitError, show
from benchkit.finding import find_waits
from benchkit.periods import parse_month
from benchkit.times import parse_duration
from benchkit.waits import Waits

_DAY = 86_400
_STATISTICS = ("mean", "median", "mean of the fastest 90%")
_METRIC = re.compile(
    r"(?:(mean|average|median)\s+)?(?:(first|next)\s+)?(?:reply|response)\s+time", re.IGNORECASE
)
_FOUND_BY: Mapping[str, Sequence[Any]] = {
    **{rule: tuple(WORDS[rule]) for rule in ("clock_starts", "bots", "agent_opens")},
    "closing": ("outcome", "clear the wait", "ignore"),
    "silence_seconds": ({"direct message": 7 * _DAY}, {EVERY_CHANNEL: _DAY}, {}),
}
_MEASURED_BY: Mapping[str, Sequence[Any]] = {
    **{rule: tuple(WORDS[rule]) for rule in ("counted", "no_reply_needed", "month")},
    "cut_off_seconds": (None, _DAY),
    "clock": tuple(WORDS["clock"]),
}
"""What is tried of each rule, benchkit's own setting first."""

_DECIDING = (
    *("started_at", "ended_at", "outcome", "is_first", "needs_reply", "wait_seconds"),
    *("business_seconds", "in_opening_hours"),
)
_CLOSEST = 20


@dataclass(frozen=True, repr=False)
class Reconciliation:
    """What was tried, and which of it gives the figure: the closest first, the simplest of equals.

    `frame` has a row for each figure that came out: `estimate`, `off_by_seconds`, `matches`
    (it would be shown as the value is), `switched` (how many rules differ from benchkit's),
    `rules` (them, in words) and `presets` (whose own rules give it, too). `definitions` are
    those of the rows, to `save`; `tried` is how many definitions give waits of their own.
    """

    value: float
    shown_to_seconds: float
    tried: int
    frame: pl.DataFrame
    definitions: tuple[Definition, ...]

    @property
    def matching(self) -> pl.DataFrame:
        """The rows that would be shown as the value is."""
        return self.frame.filter("matches")


def reconcile(
    data: Dataset,
    *,
    value: str | float,
    metric: str = "mean reply time",
    month: str | None = None,
    brand: str = "",
) -> Reconciliation:
    """Find the rules by which these messages give the figure that a screen shows.

    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 A10", "C0 C50 A90", "C0 C5 A20")
    >>> found = reconcile(data, value="22 min", metric="mean reply time")
    >>> found.frame.select("estimate", "matches", "switched").row(0)
    (1300.0, True, 1)

    `value` is in seconds, or as a screen says it: "4 h 12", "4:12 h", "1d 3h", "252 min". It
    matches within half of its last unit. `metric` is a "reply time", "first reply time" or
    "next reply time", with "mean" or "median" before it; without, both are tried. Rules
    that these messages cannot tell apart (bots where there are none) are not switched. The
    more is tried, the more matches by chance: a match explains a figure, and proves nothing.
    """
    seconds, unit = parse_duration(value)
    statistics, which = _parse_metric(metric)
    data = data.only(brand) if brand else data
    data = _touching(data, month) if month else data
    simplest: dict[float, Definition] = {}
    tried = 0
    for waits, definitions in _candidates(data, statistics, which):
        for definition, estimate in zip(definitions, _figures(waits, definitions, month, which), strict=True):
            if estimate is not None:
                tried += 1
                simplest[estimate] = min(simplest.get(estimate, definition), definition, key=_n_switches)
    if not tried:
        when = f" in {show(month)}" if month else ""
        raise BenchkitError(f"no reply time can be made{when} of {show(data.about.name)}; name another month")
    closest = sorted(simplest, key=lambda found: (abs(found - seconds), _n_switches(simplest[found])))[
        :_CLOSEST
    ]
    presets = _of_presets(data, month, statistics, which)
    rows = [
        {
            "estimate": found,
            "off_by_seconds": found - seconds,
            "matches": abs(found - seconds) <= unit / 2,
            "switched": _n_switches(simplest[found]),
            "rules": _in_words(simplest[found]),
            "presets": ", ".join(presets.get(found, [])),
        }
        for found in closest
    ]
    return Reconciliation(
        value=seconds,
        shown_to_seconds=unit,
        tried=tried,
        frame=pl.DataFrame(rows),
        definitions=tuple(simplest[found] for found in closest),
    )


def _parse_metric(text: str) -> tuple[tuple[str, ...], str]:
    match = _METRIC.fullmatch(str(text).strip())
    if match is None:
        raise BenchkitError(
            f"{show(text)} is no figure to reconcile; name one such as 'mean reply time', "
            "'median first reply time' or 'next reply time'"
        )
    statistic = {"mean": _STATISTICS[::2], "average": _STATISTICS[::2], "median": ("median",)}
    return statistic.get((match[1] or "").lower(), _STATISTICS), (match[2] or "all").lower()


def _touching(data: Dataset, month: str) -> Dataset:
    """The conversations in which something happened in the month, whatever the time zone."""
    period, day = parse_month(month), timedelta(days=1)

    def in_reach(rows: pl.LazyFrame, at: str) -> pl.LazyFrame:
        local = pl.col(at).dt.replace_time_zone(None)
        return rows.filter(local.is_between(period.start - day, period.end + day)).select("conversation_id")

    touched = [in_reach(data.messages, "sent_at")]
    touched += [] if data.events is None else [in_reach(data.events, "at")]
    conversations = pl.concat(touched).unique().collect().to_series().implode()
    kept = pl.col("conversation_id").is_in(conversations)
    return replace(
        data,
        messages=data.messages.filter(kept).collect().lazy(),
        events=None if data.events is None else data.events.filter(kept).collect().lazy(),
    )


def _candidates(
    data: Dataset, statistics: Sequence[str], which: str
) -> Iterator[tuple[Waits, list[Definition]]]:
    """Every definition that these messages tell apart, by the waits that it finds."""
    telling = _telling(data, which)
    found_by, measured_by = ({rule: telling[rule] for rule in rules} for rules in (_FOUND_BY, _MEASURED_BY))
    hours = list(WORDS["opening_hours"]) if data.calendars else [BENCHKIT.opening_hours]
    like = replace(BENCHKIT, name="reconciled", unanswered="left out", statistic="median")
    seen = set()
    for found in _products(found_by):
        plain = _found(data, replace(like, **found))
        facts = [name for name in plain.frame.collect_schema() if name in _DECIDING]
        fingerprint = plain.frame.select(pl.struct(facts).hash().sum()).collect().item()
        if fingerprint in seen:
            continue
        seen.add(fingerprint)
        for counted_by in hours:
            waits = plain
            if counted_by != BENCHKIT.opening_hours:
                told: dict[str, Any] = {**found, "opening_hours": counted_by}
                waits = _found(data, replace(like, **told))
            definitions = []
            for measured in _products({**measured_by, "statistic": statistics}):
                if measured["clock"] == "calendar" and waits is not plain:
                    continue
                cut_off: dict[str, Any] = (
                    {} if measured["cut_off_seconds"] is None else {"unanswered": "cut off"}
                )
                with suppress(BenchkitError):  # rules that contradict each other
                    definitions.append(replace(waits.definition, **measured, **cut_off))
            yield waits, definitions


def _found(data: Dataset, definition: Definition) -> Waits:
    waits = find_waits(data, definition=definition)
    return replace(waits, frame=waits.frame.collect().lazy())


def _products(settings: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination, those that switch fewer rules first."""
    places = itertools.product(*(range(len(values)) for values in settings.values()))
    in_order = sorted(places, key=np.count_nonzero)
    return [
        {rule: settings[rule][place] for rule, place in zip(settings, chosen, strict=True)}
        for chosen in in_order
    ]


def _telling(data: Dataset, which: str) -> dict[str, Sequence[Any]]:
    """What to try of each rule: benchkit's setting alone where the data cannot tell others apart."""
    needs_reply = pl.col("needs_reply") if "needs_reply" in data.messages.collect_schema() else pl.lit(True)
    has_bots, has_direct, has_needless = (
        data.messages.select(
            (pl.col("sender") == "bot").any().alias("bots"),
            (pl.col("channel").cast(pl.String) == "direct message").any().alias("direct"),
            (~needs_reply).any().alias("needless"),
        )
        .collect()
        .row(0)
    )
    events = data.events
    kinds = set() if events is None else set(events.select(pl.col("kind").unique()).collect().to_series())
    tells = {
        "bots": has_bots,
        "closing": "closed" in kinds,
        "no_reply_needed": has_needless or "closed_no_reply_needed" in kinds,
        "counted": which == "all",
        "clock": data.calendars is not None,
    }
    tried = {**_FOUND_BY, **_MEASURED_BY}
    tried |= {rule: tried[rule][:1] for rule, is_told in tells.items() if not is_told}
    apart = {"assigned": "assigned" in kinds, "handed off": has_bots or {"handed_off", "reopened"} & kinds}
    tried["clock_starts"] = [start for start in tried["clock_starts"] if apart.get(start, True)]
    tried["silence_seconds"] = [silence for silence in tried["silence_seconds"] if silence or has_direct]
    return tried


def _figures(
    waits: Waits, definitions: Sequence[Definition], month: str | None, which: str
) -> list[float | None]:
    """The reply time by each definition, as plainly as can be, without intervals, in one pass."""
    asked = [_figure(replace(waits, definition=definition), month, which) for definition in definitions]
    named = (figure.alias(f"{number}") for number, figure in enumerate(asked))
    return list(waits.frame.select(*named).collect().row(0))


def _figure(waits: Waits, month: str | None, which: str) -> pl.Expr:
    kind = {"all": waits.is_counted, "first": waits.is_eligible & pl.col("is_first")}
    clock = waits.clocked()
    is_asked = kind.get(which, waits.is_eligible & ~pl.col("is_first")) & clock.is_known
    is_answered = (pl.col("outcome") == "replied") & ~waits.is_late
    lasted = clock.lasted.filter(is_asked & is_answered & waits.in_month(month or ""))
    if waits.definition.statistic == "median":
        return lasted.median()
    if waits.definition.statistic == "mean":
        return lasted.mean()
    place = (0.9 * lasted.count()).ceil().cast(pl.Int64) - 1
    edge = lasted.sort().slice(place.clip(0), 1).first()
    return edge - (edge - lasted).clip(0).mean() / 0.9


def _switches(definition: Definition) -> list[str]:
    """The rules that differ from those of benchkit's figures among answered waits."""
    return [rule for rule in definition.differences(BENCHKIT) if rule not in ("unanswered", "statistic")]


def _n_switches(definition: Definition) -> int:
    return len(_switches(definition))


def _in_words(definition: Definition) -> str:
    told = [definition.spelled(rule) for rule in _switches(definition)]
    return " ".join([definition.spelled("statistic"), *told])


def _of_presets(
    data: Dataset, month: str | None, statistics: Sequence[str], which: str
) -> dict[float, list[str]]:
    """Whose own rules give each figure, by the statistics that are asked for."""
    names: dict[float, list[str]] = {}
    for preset in PRESETS:
        among_answered: dict[str, Any] = {"unanswered": "left out"} if preset == BENCHKIT else {}
        waits = _found(data, preset)
        rules = [replace(preset, **{**among_answered, "statistic": statistic}) for statistic in statistics]
        for estimate in _figures(waits, rules, month, which):
            if estimate is not None and preset.name not in names.setdefault(estimate, []):
                names[estimate].append(preset.name)
    return names
