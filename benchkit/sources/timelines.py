"""Datasets from a few letters: the form used in worked examples, tests and workshops."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from benchkit.calendars import Calendar
from benchkit.dataset import About, Dataset
from benchkit.errors import BenchkitError, show
from benchkit.schema import EVENTS, MESSAGES

START = datetime(2026, 3, 2, tzinfo=UTC)
_SENDERS = {"C": "customer", "A": "agent", "B": "bot"}
_EVENTS = {
    "X": "closed",
    "N": "closed_no_reply_needed",
    "S": "assigned",
    "O": "opened",
    "H": "handed_off",
    "R": "reopened",
}
_TURN = re.compile(r"([CABXNSOHR])([a-z]*)(\d+(?:\.\d+)?)")


def from_timelines(
    *timelines: str, days: float = 30, channel: str = "chat", brand: str = "Example", hours: str | None = None
) -> Dataset:
    """A Dataset of one conversation per timeline: who did what, at which minute.

    >>> from_timelines("C0 A10", "C5 X60").messages.collect().height
    3

    C is a customer's message, A an agent's, B a bot's; X closes the conversation, N closes
    it because no reply was needed, S assigns it, H hands it off, O opens it and R opens it
    again. A name may follow who it is or to whom it goes: `Akim10`, `Skim5`. Minutes count
    from the same Monday, and the extract is taken `days` later. `hours` are the brand's opening
    hours of every day, in UTC.
    """
    messages, events = [], []
    for number, timeline in enumerate(timelines):
        for place, turn in enumerate(timeline.split()):
            match = _TURN.fullmatch(turn)
            if match is None:
                raise BenchkitError(
                    f"{show(turn)} is no turn of a timeline; write one such as C0, A12 or X60"
                )
            kind, at = match[1], START + timedelta(minutes=float(match[3]))
            conversation, who = f"t{number}", f"{brand}/{match[2] or kind}"
            if kind in _EVENTS:
                events.append((conversation, at, _EVENTS[kind], who if kind == "S" else None))
            else:
                sender_id = who if kind != "C" else f"customer{number}"
                messages.append(
                    (f"{conversation}m{place}", conversation, brand, channel, _SENDERS[kind], sender_id, at)
                )
    return Dataset.from_messages(
        pl.DataFrame(messages, schema=dict(MESSAGES.columns), orient="row"),
        events=pl.DataFrame(events, schema=EVENTS.all_columns, orient="row"),
        as_of=START + timedelta(days=days),
        about=About(name="timelines", licence="made up"),
        calendars=Calendar("UTC", {"mon-sun": hours}) if hours else None,
    )
