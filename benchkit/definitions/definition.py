"""Definition: the rules a figure is made with, as one explicit value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from benchkit.definitions.rules import WORDS
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.toml import read_toml, write_toml
from benchkit.words import human_seconds

RULES = (*(rule for rule in WORDS if rule != "statistic"), "cut_off_seconds", "silence_seconds", "statistic")
"""The rules that decide figures, in the order in which they are switched one by one."""

_MONTHLY = ("counted", "no_reply_needed", "month", "clock", "unanswered", "cut_off_seconds", "statistic")


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The rules by which messages become waits, and waits become figures.

    >>> ours = Definition(name="ours", clock_starts="last unanswered")
    >>> ours.sentences()[0]
    "A wait starts at the last of the customer's messages before the answer."

    `sentences()` says each rule in full words. `silence_seconds` says by channel (or for
    "every channel") how long a silence must be, the brand having spoken last, for the
    customer's next message to begin a new conversation. `valid_from` is the day from which
    the rules hold, and `before` the definition that held until then. Of an `approximate` one
    some rules are second-hand or remembered; the rules `assumed` have no source, and are
    benchkit's own. What concerns the statistic, the month and unanswered waits acts where
    waits are measured, the rest where they are found.

    Raises `UnknownNameError` for a rule or a setting there is not, and `BenchkitError` for
    rules that contradict each other.
    """

    name: str
    version: int = 1
    clock_starts: Literal[
        "first unanswered", "last unanswered", "conversation created", "assigned", "handed off"
    ] = "first unanswered"
    counted: Literal["every", "first", "later"] = "every"
    bots: Literal["leave the wait open", "answer", "clear the wait"] = "leave the wait open"
    agent_opens: Literal["no first wait", "until the second message"] = "no first wait"
    closing: Literal["outcome", "leave out", "clear the wait", "ignore"] = "outcome"
    no_reply_needed: Literal["leave out", "count"] = "leave out"
    credit: Literal["replier", "assignee", "replier of the first, assignee of later", "everyone involved"] = (
        "replier"
    )
    month: Literal["start", "reply"] = "start"
    clock: Literal["calendar", "opening hours"] = "calendar"
    opening_hours: Literal["closed time subtracted", "by the reply's time", "by the start"] = (
        "closed time subtracted"
    )
    without_hours: Literal["unknown", "0 seconds"] = "unknown"
    unanswered: Literal["censored", "left out", "cut off"] = "censored"
    cut_off_seconds: int | None = None
    silence_seconds: Mapping[str, int] = field(
        default_factory=lambda: {"direct message": 7 * 86_400}, hash=False
    )
    statistic: Literal["median of all", "median", "mean", "mean of the fastest 90%"] = "median of all"
    approximate: bool = False
    assumed: tuple[str, ...] = ()
    valid_from: date | None = None
    before: Definition | None = None

    def __post_init__(self) -> None:
        """Refuse rules there are not, and those that contradict each other."""
        for item in fields(self):
            value = getattr(self, item.name)
            if not _is_fit(item.name, value):
                raise BenchkitError(
                    f"{item.name} of a definition cannot be {show(value)}; {_fitting(item.name)}"
                )
        for rule, words in WORDS.items():
            if getattr(self, rule) not in words:
                raise UnknownNameError(f"setting of {rule}", getattr(self, rule), words)
        for rule in self.assumed:
            if rule not in RULES:
                raise UnknownNameError("rule", rule, RULES, where="to be assumed")
        object.__setattr__(self, "silence_seconds", dict(sorted(self.silence_seconds.items())))
        object.__setattr__(self, "assumed", tuple(self.assumed))
        for problem, applies in self._contradictions().items():
            if applies:
                raise BenchkitError(f"the definition {show(self.name)} contradicts itself: {problem}")

    def _contradictions(self) -> dict[str, bool]:
        only_answered, is_cut_off = self.unanswered == "left out", self.cut_off_seconds is not None
        by_reply = self.clock == "opening hours" and self.opening_hours == "by the reply's time"
        earlier, day = self.before, self.valid_from
        is_earlier = earlier is None or earlier.valid_from is None or day is None or earlier.valid_from < day
        return {
            "its version is below 1": self.version < 1,
            "a silence or a cut-off is shorter than a second": (
                min([*self.silence_seconds.values(), self.cut_off_seconds or 1, 1]) < 1
                or self.cut_off_seconds == 0
            ),
            "cut_off_seconds goes with unanswered = 'cut off', and only with it": (
                (self.unanswered == "cut off") != is_cut_off
            ),
            "a wait that nobody answered has no month 'reply'; set unanswered to 'left out'": (
                self.month == "reply" and not only_answered
            ),
            "a wait that nobody answered has no reply's time; set unanswered to 'left out'": (
                by_reply and not only_answered
            ),
            "there is no median of all without unanswered waits; set another statistic": (
                only_answered and self.statistic == "median of all"
            ),
            "it follows another one, so say valid_from which day it holds": earlier is not None and not day,
            "the one before it holds from no earlier day": not is_earlier,
        }

    @property
    def rules(self) -> dict[str, Any]:
        """What decides figures: every rule, without names and dates."""
        return {rule: getattr(self, rule) for rule in RULES}

    @property
    def hash(self) -> str:
        """Eight hex digits that change with any rule, but not with the name."""
        return hashlib.sha256(json.dumps(self.rules, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def label(self) -> str:
        """Name, version and hash, and whether it is approximate: what every estimate carries."""
        return f"{self.name} {self.version} ({'approximate, ' * self.approximate}{self.hash})"

    @property
    def only_answered(self) -> str:
        """Why there are only figures among answered waits, in a sentence; nothing where there are others."""
        if self.unanswered != "left out":
            return ""
        return f"The definition {self.name} leaves out what nobody answered, as its figures do elsewhere."

    def spelled(self, rule: str) -> str:
        """One rule in a sentence; nothing where there is nothing to say."""
        value = getattr(self, rule)
        if rule == "silence_seconds":
            told = [f"{human_seconds(least)} or more in {channel}" for channel, least in value.items()]
            parted = f"; a silence of {', or of '.join(told)}, the brand having spoken last, parts it"
            return f"A conversation lasts as long as its thread{parted if told else ''}."
        if rule == "cut_off_seconds":
            return f"Waits are cut off after {human_seconds(value)}." if value else ""
        return WORDS[rule][value]

    def sentences(self) -> list[str]:
        """The rules in full words, for reports."""
        told = [self.spelled(rule) for rule in RULES]
        if self.approximate:
            told.append("Some of these rules are second-hand or remembered, so that figures are approximate.")
        if self.assumed:
            assumed = ", ".join(rule.replace("_", " ") for rule in self.assumed)
            told.append(f"Assumed, for want of a source, to be as benchkit has it: {assumed}.")
        if self.valid_from:
            told.append(f"These rules hold from {self.valid_from:%Y-%m-%d}.")
        return [sentence for sentence in told if sentence]

    def differences(self, other: Definition) -> list[str]:
        """The rules in which two definitions differ, in the order of `RULES`."""
        return [rule for rule in RULES if getattr(self, rule) != getattr(other, rule)]

    def finds_as(self, other: Definition) -> bool:
        """Whether both find the same waits, and differ at most in how they are measured."""
        return not set(self.differences(other)) - set(_MONTHLY)

    @classmethod
    def load(cls, path: str | Path) -> Definition:
        """Read a definition from a TOML file such as `save` writes.

        What the file does not say is as in the preset that it names as `based_on`, or else as
        benchkit has it. Raises `InputError` for a file that is none.
        """
        return read_toml(path, cls.from_mapping)

    def save(self, path: str | Path) -> Path:
        """Write the definition to a TOML file that `load` reads."""
        return write_toml(self.to_mapping(), path)

    @classmethod
    def from_mapping(cls, told: Mapping[str, Any]) -> Definition:
        """Make a definition of plain values, such as TOML and JSON have."""
        from benchkit.definitions import find_preset

        values = dict(told)
        like = replace(find_preset(str(values.pop("based_on", "benchkit"))), version=1)
        known = [item.name for item in fields(cls)]
        for name, value in told.items():
            if name not in (*known, "based_on"):
                raise UnknownNameError("rule", name, [*known, "based_on"], where="in a definition")
            if name == "before" and isinstance(value, dict):
                values[name] = cls.from_mapping(value)
            if name == "valid_from" and isinstance(value, str):
                with suppress(ValueError):
                    values[name] = date.fromisoformat(value)
        assumed = tuple(rule for rule in like.assumed if rule not in told)
        return replace(like, **{"name": "", "assumed": assumed, **values})

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, such as TOML and JSON have; what is not set is not there."""
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        told["assumed"] = list(self.assumed)
        told["valid_from"] = self.valid_from and self.valid_from.isoformat()
        told["before"] = self.before and self.before.to_mapping()
        return {name: value for name, value in told.items() if value is not None}


def _is_fit(name: str, value: object) -> bool:
    if name == "silence_seconds":
        return isinstance(value, Mapping) and all(
            _is_name(channel) and _is_whole(least) for channel, least in value.items()
        )
    if name == "assumed":
        return isinstance(value, list | tuple) and all(isinstance(rule, str) for rule in value)
    kinds: dict[str, type] = {"approximate": bool, "valid_from": date, "before": Definition}
    if name in ("valid_from", "before", "cut_off_seconds") and value is None:
        return True
    if name in ("version", "cut_off_seconds"):
        return _is_whole(value)
    if name == "name":
        return _is_name(value)
    return isinstance(value, kinds.get(name, str)) and not isinstance(value, datetime)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value.strip())


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fitting(name: str) -> str:
    fitting = {
        "name": 'give it one that can be printed, such as name = "ours"',
        "silence_seconds": 'give whole seconds by channel, such as {"direct message": 604800}',
        "assumed": "list the names of rules",
        "version": "give a whole number",
        "cut_off_seconds": "give whole seconds",
        "approximate": "it is true or false",
        "before": "give another definition",
        "valid_from": "give a day such as 2026-10-01",
    }
    return fitting.get(name, "name one of its settings")
