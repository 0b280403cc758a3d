"""Vendors' reports of averages, told by their columns from exports of messages and tickets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchkit.errors import InputError

_AVERAGE = r"avg|average|mean|med|median|p\d\d?|\d\dth percentile|percentile"
_TIME = r"time|wait|waiting|response|reply|replies|resolution|close|closing|handling|duration"
_AVERAGED_TIME = re.compile(rf"\b(?:{_AVERAGE})\b.*\b(?:{_TIME})\b|\b(?:{_TIME})\b.*\b(?:{_AVERAGE})\b")
_REPORT = re.compile(r"reporting period\b")
_ITEM = r"ticket|conversation|message|case|thread|chat|dialog|tweet|comment"
_NAMES_AN_ITEM = re.compile(
    rf"(?:parent )?(?:{_ITEM}) (?:id|ids|number|no|key|guid|uuid|url|link|subject)"
    r"|(?:message |post )?(?:guid|uuid)|subject|dialogcontent"
    rf"|(?:(?:{_ITEM}) )?(?:created|sent|received|started|opened) (?:at|on|time|timestamp)"
)


def refuse_aggregates(names: Iterable[str], path: str | Path) -> None:
    """Raise `InputError` where a file's columns are those of a vendor's report of averages.

    >>> refuse_aggregates(["Ticket ID", "Created at", "Average response time"], "tickets.csv")
    >>> refuse_aggregates(["Agent name", "Avg first response time"], "agents.csv")
    Traceback (most recent call last):
    benchkit.errors.InputError: 'agents.csv': averages only; no share within 1 h can be made from it

    `names` are its columns, or the paths of its records. Such a report has a column with a mean,
    a median or a percentile of times, and none that tells one message, ticket or conversation
    from another. Known so: Chatwoot's reports by agent, inbox, label, team and day (its source,
    `config/locales/en.yml`, and the line on the period above them), Zendesk Explore's tables
    (`MED(First reply time (min))`), and the words of Sprout Social, Hootsuite, Intercom and
    Freshdesk for the same.
    """
    columns = list(names)
    plain = [_plain(name) for name in columns]
    is_titled = bool(plain) and bool(_REPORT.match(plain[0])) and not any(plain[1:])
    if not is_titled and not any(_AVERAGED_TIME.search(name) for name in plain):
        return
    innermost = [_plain(name.rpartition(".")[2]) for name in columns]
    if not any(_NAMES_AN_ITEM.fullmatch(name) for name in (*plain, *innermost)):
        raise InputError(path, "averages only; no share within 1 h can be made from it")


def _plain(name: str) -> str:
    """A column's name in small letters, its words apart.

    >>> _plain("MED(First Reply Time (min))"), _plain("data.avgReplyTime")
    ('med first reply time min', 'data avg reply time')
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name[:200])
    return " ".join(re.findall(r"\w+", words.replace("_", " ").lower()))
