"""The definitions that ship: benchkit's own, and what is known of others' rules."""

from __future__ import annotations

from pathlib import Path

from benchkit.definitions.definition import RULES as RULES
from benchkit.definitions.definition import Definition as Definition
from benchkit.errors import UnknownNameError

_DAY = 86_400

BENCHKIT = Definition(name="benchkit")
"""The default rules: every wait counts, answered or not."""

ZENDESK = Definition(
    name="zendesk",
    clock_starts="conversation created",
    counted="first",
    agent_opens="until the second message",
    closing="ignore",
    credit="assignee",
    unanswered="left out",
    silence_seconds={},
    statistic="median",
    approximate=True,
    assumed=("no_reply_needed", "month", "without_hours"),
)
"""Zendesk's first reply time: from a ticket's creation to the first public comment of an agent.

Read in Zendesk's help centre: the first reply time (from creation; of tickets that an agent
opens in public, to the agent's second comment), automatic messages left out, tickets without
a reply null and so left out, closed time subtracted in the twin in business hours, means or
medians; a ticket is one, however long the silence. Second-hand: later replies count from the
oldest unanswered message. By its documentation its month varies by metric: that of the start
is assumed. Of schedules that changed, Zendesk applies the last to a whole ticket; benchkit
applies each to its own days.
"""

CHATWOOT = Definition(
    name="chatwoot",
    clock_starts="handed off",
    counted="later",
    bots="clear the wait",
    closing="clear the wait",
    credit="replier of the first, assignee of later",
    month="reply",
    without_hours="0 seconds",
    unanswered="left out",
    silence_seconds={},
    statistic="mean",
    assumed=("agent_opens", "no_reply_needed"),
)
"""Chatwoot's reply time: the mean over later replies, bots' messages clearing what was waiting.

Read in Chatwoot's source (its reporting events and the listener that writes them): the first
response counts from the last hand-off or reopening, else from the end of the bot's part, else
from creation, and is a figure of its own; a later reply counts from the first unanswered
message (`waiting_since`), which a bot's message and closing clear; sums and counts by the day of
the reply; the first reply belongs to whoever wrote it, later ones to the assignee; where an inbox
has no working hours its business time is 0, and enters the mean. Hand-offs and reopenings are
read from events of those kinds.
"""

SPROUT = Definition(
    name="sprout",
    month="reply",
    opening_hours="by the reply's time",
    unanswered="left out",
    silence_seconds={},
    statistic="mean",
    approximate=True,
    assumed=("bots", "agent_opens", "closing", "no_reply_needed", "without_hours"),
)
"""Sprout Social's average reply time: the mean over answered messages, first and later ones.

Read in Sprout's help: average and median reply times over an agent's own replies, first ones
among them; a conversation is a case; replies are sorted into business hours (by default 9 to
17, every day, in each user's zone) and off hours by when they were sent. Second-hand: the clock
starts at the first inbound message. Remembered: unanswered messages show in the response rate
alone, and a reply counts on its own day.
"""

INTERCOM = Definition(
    name="intercom",
    counted="first",
    unanswered="left out",
    statistic="median",
    approximate=True,
    assumed=(
        *("clock_starts", "bots", "agent_opens", "closing", "no_reply_needed", "credit"),
        *("clock", "opening_hours", "without_hours", "silence_seconds"),
    ),
)
"""Intercom's median first response time, by the month in which conversations started.

Read in Intercom's help: medians, and the start of the conversation as what decides the month.
The rest has no source here: that unanswered conversations are left out of a median of times
follows from there being no time for them.
"""

META = Definition(
    name="meta",
    unanswered="cut off",
    cut_off_seconds=_DAY,
    silence_seconds={"every channel": _DAY},
    statistic="mean of the fastest 90%",
    approximate=True,
    assumed=(
        *("clock_starts", "counted", "agent_opens", "closing", "no_reply_needed", "credit", "month"),
        *("clock", "opening_hours", "without_hours"),
    ),
)
"""Meta's response time of a page: the mean of its fastest 90%, and a rate within 24 hours.

All of it second-hand: instant replies do not count; a message that is not answered within
24 hours counts against the rate and leaves the time; 24 hours of silence begin a new conversation.
"""

PRESETS = (BENCHKIT, ZENDESK, CHATWOOT, SPROUT, INTERCOM, META)
_BY_NAME = {preset.name: preset for preset in PRESETS}


def find_preset(name: str) -> Definition:
    """One of the definitions that ship, by its name.

    >>> find_preset("Zendesk").statistic
    'median'
    """
    if name.strip().casefold() not in _BY_NAME:
        raise UnknownNameError("definition", name, _BY_NAME)
    return _BY_NAME[name.strip().casefold()]


def find_definition(name: str | Path | Definition) -> Definition:
    """A definition by a preset's name, or from a TOML file; benchkit's own where nothing is named.

    >>> find_definition("").name
    'benchkit'
    """
    if isinstance(name, Definition):
        return name
    text = str(name).strip()
    is_file = isinstance(name, Path) or text.lower().endswith(".toml") or "/" in text
    return Definition.load(Path(text)) if is_file else find_preset(text or "benchkit")
