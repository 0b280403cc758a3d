"""Datasets from a few letters: the form used in worked examples, tests and workshops."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from benchkit.dataset import About, Dataset
from benchkit.errors import BenchkitError, show
from benchkit.schema import EVENTS, MESSAGES

START = datetime(2026, 3, 2, tzinfo=UTC)
_SENDERS = {"C": "customer", "A": "agent", "B": "bot"}
_EVENTS = {"X": "closed", "N": "closed_no_reply_needed", "S": "assigned"}
_TURN = re.compile(r"([CABXNS])(\d+(?:\.\d+)?)")


def from_timelines(
    *timelines: str, days: float = 30, channel: str = "chat", brand: str = "Example"
) -> Dataset:
    """A Dataset of one conversation per timeline: who did what, at which minute.

    >>> from_timelines("C0 A10", "C5 X60").messages.collect().height
    3

    C is a customer's message, A an agent's, B a bot's; X closes the conversation, N closes
    it because no reply was needed, S assigns it. Minutes count from the same Monday, and
    the extract is taken `days` later.
    """
    messages, events = [], []
    for number, timeline in enumerate(timelines):
        for place, turn in enumerate(timeline.split()):
            match = _TURN.fullmatch(turn)
            if match is None:
                raise BenchkitError(
                    f"{show(turn)} is no turn of a timeline; write one such as C0, A12 or X60"
                )
            kind, at = match[1], START + timedelta(minutes=float(match[2]))
            conversation = f"t{number}"
            if kind in _EVENTS:
                events.append((conversation, at, _EVENTS[kind]))
            else:
                sender_id = f"{brand}/{kind}" if kind != "C" else f"customer{number}"
                messages.append(
                    (f"{conversation}m{place}", conversation, brand, channel, _SENDERS[kind], sender_id, at)
                )
    return Dataset.from_messages(
        pl.DataFrame(messages, schema=dict(MESSAGES.columns), orient="row"),
        events=pl.DataFrame(events, schema=dict(EVENTS.columns), orient="row"),
        as_of=START + timedelta(days=days),
        about=About(name="timelines", licence="made up"),
    )
