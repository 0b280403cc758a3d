"""Definition: the clock rules a figure is made with, as one explicit value."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

from benchkit.errors import BenchkitError, UnknownNameError

_BOTS = {
    "leave the wait open": "A bot's message does not end a wait.",
    "answer": "A bot's message ends a wait as a person's does.",
}
_NO_REPLY_NEEDED = {
    "leave out": "Waits marked as needing no reply are counted, and left out of shares and times.",
    "count": "Waits marked as needing no reply count like any other.",
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The rules by which messages become waits, and waits become figures.

    >>> BENCHKIT.label
    'benchkit 1 (14c44812)'

    `bots`: whether a bot's message leaves a wait open, or answers it. `no_reply_needed`:
    whether waits marked as needing no reply leave the denominators, or count.
    `silence_seconds`: how long a silence must be for the customer's next message on one
    of `endless_channels` to begin a new conversation.
    """

    name: str
    version: int = 1
    bots: Literal["leave the wait open", "answer"] = "leave the wait open"
    no_reply_needed: Literal["leave out", "count"] = "leave out"
    endless_channels: tuple[str, ...] = ("direct message",)
    silence_seconds: int = 7 * 86_400

    def __post_init__(self) -> None:
        """Refuse rules there are not."""
        for field, words in (("bots", _BOTS), ("no_reply_needed", _NO_REPLY_NEEDED)):
            if getattr(self, field) not in words:
                raise UnknownNameError(f"rule for {field},", getattr(self, field), words)
        if self.silence_seconds < 1:
            raise BenchkitError(f"silence_seconds is {self.silence_seconds}; give a second or more")

    @property
    def hash(self) -> str:
        """Eight hex digits that change with any rule, but not with the name."""
        rules = {key: value for key, value in asdict(self).items() if key not in ("name", "version")}
        return hashlib.sha256(repr(sorted(rules.items())).encode()).hexdigest()[:8]

    @property
    def label(self) -> str:
        """Name, version and hash: what every estimate carries."""
        return f"{self.name} {self.version} ({self.hash})"

    def sentences(self) -> list[str]:
        """The rules in full words, for reports."""
        days = self.silence_seconds / 86_400
        return [
            "A wait opens at a customer's message when nothing of theirs is already waiting; "
            "more messages before the answer join the same wait.",
            "It ends at the first message from a person at the brand, or when the conversation is closed; "
            "otherwise it is still awaiting a reply when the extract was taken, and counts as such.",
            _BOTS[self.bots],
            _NO_REPLY_NEEDED[self.no_reply_needed],
            "A conversation's first wait counts as first only where the customer spoke first.",
            f"In {', '.join(self.endless_channels) or 'no channel'}, "
            f"a silence of {days:g} days or more begins a new conversation.",
            "Whoever replied is credited. A wait belongs to the month in which it started, "
            "in the brand's time zone, and is measured in calendar time.",
        ]


BENCHKIT = Definition(name="benchkit")
"""The default rules."""
