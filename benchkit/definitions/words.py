"""What is said of definitions in a few words: their names, and their rules."""

from __future__ import annotations

import re

from benchkit.words import legible, shortened

_MOST_OF_A_NAME = 22
RULES_IN_SHORT = {
    "clock starts": "start of the clock",
    "counted": "first or later replies",
    "bots": "bots' messages",
    "agent opens": "the brand writing first",
    "closing": "closed conversations",
    "no reply needed": "no reply needed",
    "credit": "who is credited",
    "month": "month of start or reply",
    "clock": "calendar or open hours",
    "opening hours": "how opening hours count",
    "without hours": "no opening hours set",
    "unanswered": "unanswered messages",
    "cut off seconds": "a cut-off",
    "silence seconds": "end of a conversation",
    "statistic": "mean or median",
}
_LABEL = re.compile(r"(.*) \d+ \((approximate, )?[0-9a-f]{8}\)", re.DOTALL)


def called(label: str) -> tuple[str, bool]:
    """The name in a definition's label, and whether it is approximate.

    >>> called("sprout 1 (approximate, cb88abd7)")
    ('sprout', True)
    """
    found = _LABEL.fullmatch(label)
    return (found[1], found[2] is not None) if found else (label, False)


def short_name(name: str) -> str:
    """A definition's name, legible and as long as a chart has room for.

    >>> short_name("Social care, all brands, version of 2026")
    'Social care, all bran…'
    """
    return shortened(legible(name), width=_MOST_OF_A_NAME)


def in_short(rules: str) -> str:
    """Rules, as a step of a bridge names them, in a few words.

    >>> in_short("unanswered, cut off seconds")
    'unanswered messages, a cut-off'
    """
    return ", ".join(RULES_IN_SHORT.get(rule, rule) for rule in rules.split(", "))


def statistic_of(method: str) -> str:
    """What a reply time is by its method: the statistic, and of which waits.

    >>> statistic_of("quantile of answered waits, Woodruff interval; 13 weeks as clusters")
    'median of answered waits'
    """
    return method.partition(";")[0].partition(",")[0].replace("quantile of", "median of")
