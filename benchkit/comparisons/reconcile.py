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
from benchkit.waits import Waits

_DAY = 86_400
_UNITS = {"d": _DAY, "h": 3_600, "m": 60, "s": 1}
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
    `rules` (them, in words) and `preset` (whose rules they are, if anybody's). `definitions` are
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
    for waits, definition in _candidates(data, statistics, which):
        estimate = _figure(replace(waits, definition=definition), month, which)
        if estimate is not None:
            tried += 1
            simplest[estimate] = min(simplest.get(estimate, definition), definition, key=_n_switches)
    if not tried:
        when = f" in {show(month)}" if month else ""
        raise BenchkitError(f"no reply time can be made{when} of {show(data.about.name)}; name another month")
    closest = sorted(simplest, key=lambda found: (abs(found - seconds), _n_switches(simplest[found])))[
        :_CLOSEST
    ]
    rows = [
        {
            "estimate": found,
            "off_by_seconds": found - seconds,
            "matches": abs(found - seconds) <= unit / 2,
            "switched": _n_switches(simplest[found]),
            "rules": _in_words(simplest[found]),
            "preset": _preset(simplest[found]),
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


def parse_duration(text: str | float) -> tuple[float, float]:
    """Read a time as a screen says it: its seconds, and those of the last unit it was said in.

    >>> parse_duration("4 h 12"), parse_duration("1d 3h"), parse_duration(94.0)
    ((15120.0, 60.0), (97200.0, 3600.0), (94.0, 1.0))
    """
    if isinstance(text, int | float) and not isinstance(text, bool) and 0 <= text < 1e9:
        return float(text), 1.0
    said = str(text).strip().lower()
    clock = re.fullmatch(r"(\d{1,5}):(\d{2})(?::(\d{2}))?\s*(?:h|hours?|hrs?)?", said, re.ASCII)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(3_600 * hours + 60 * minutes + seconds), 1.0 if clock[3] else 60.0
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([dhms])?[a-z]*\.?", said, re.ASCII)
    rebuilt = re.fullmatch(r"(?:\d+(?:\.\d+)?\s*(?:[dhms][a-z]*\.?)?[\s,]*)+", said, re.ASCII)
    total, unit = 0.0, None
    for number, letter in parts:
        lower = {None: None, "d": "h", "h": "m", "m": "s", "s": None}[unit]
        letter = letter or lower
        if letter is None or (unit is not None and _UNITS[letter] >= _UNITS[unit]):
            rebuilt = None
            break
        total, unit = total + float(number) * _UNITS[letter], letter
    if rebuilt is None or unit is None:
        raise BenchkitError(f"{show(text)} is no time; write one as a screen does, such as '4 h 12 min'")
    decimals = len(parts[-1][0].partition(".")[2])
    return total, _UNITS[unit] / 10**decimals


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


def _candidates(data: Dataset, statistics: Sequence[str], which: str) -> Iterator[tuple[Waits, Definition]]:
    """Every definition that these messages tell apart, with the waits that it finds."""
    telling = _telling(data, which)
    found_by, measured_by = ({rule: telling[rule] for rule in rules} for rules in (_FOUND_BY, _MEASURED_BY))
    hours = list(WORDS["opening_hours"]) if data.calendars else [BENCHKIT.opening_hours]
    like = replace(BENCHKIT, name="reconciled", unanswered="left out", statistic="median")
    seen = set()
    for found in _products(found_by):
        plain = find_waits(data, definition=replace(like, **found)).collect()
        facts = [name for name in plain.frame.collect_schema() if name in _DECIDING]
        fingerprint = plain.frame.select(pl.struct(facts).hash().sum()).collect().item()
        if fingerprint in seen:
            continue
        seen.add(fingerprint)
        for counted_by in hours:
            waits = plain
            if counted_by != BENCHKIT.opening_hours:
                told: dict[str, Any] = {**found, "opening_hours": counted_by}
                waits = find_waits(data, definition=replace(like, **told)).collect()
            for measured in _products({**measured_by, "statistic": statistics}):
                if measured["clock"] == "calendar" and waits is not plain:
                    continue
                cut_off: dict[str, Any] = (
                    {} if measured["cut_off_seconds"] is None else {"unanswered": "cut off"}
                )
                with suppress(BenchkitError):  # rules that contradict each other
                    yield waits, replace(waits.definition, **measured, **cut_off)


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


def _figure(waits: Waits, month: str | None, which: str) -> float | None:
    """The reply time by the definition, as plainly as can be: no intervals, no groups."""
    kind = {"all": waits.is_counted, "first": waits.is_eligible & pl.col("is_first")}
    is_asked = kind.get(which, waits.is_eligible & ~pl.col("is_first")) & waits.clocked().is_known
    lasted = (
        waits.frame.filter(
            is_asked, pl.col("outcome") == "replied", ~waits.is_late, waits.in_month(month or "")
        )
        .select(waits.clocked().lasted.alias("lasted"))
        .collect()
        .to_series()
        .drop_nulls()
    )
    if lasted.is_empty():
        return None
    if waits.definition.statistic == "median":
        return float(lasted.median())  # type: ignore[arg-type]
    if waits.definition.statistic == "mean":
        return float(lasted.mean())  # type: ignore[arg-type]
    fastest, whole = lasted.sort(), 0.9 * lasted.len()
    return float(fastest[: int(whole)].sum() + (whole % 1) * fastest[int(whole)]) / whole


def _switches(definition: Definition) -> list[str]:
    """The rules that differ from those of benchkit's figures among answered waits."""
    return [rule for rule in definition.differences(BENCHKIT) if rule not in ("unanswered", "statistic")]


def _n_switches(definition: Definition) -> int:
    return len(_switches(definition))


def _in_words(definition: Definition) -> str:
    told = [definition.spelled(rule) for rule in _switches(definition)]
    return " ".join([definition.spelled("statistic"), *told])


def _preset(definition: Definition) -> str:
    """Whose rules these are, as far as rules were tried."""
    tried = (*_FOUND_BY, *_MEASURED_BY, "statistic")
    told = [p.name for p in PRESETS if all(getattr(definition, rule) == getattr(p, rule) for rule in tried)]
    return told[0] if told else ""
