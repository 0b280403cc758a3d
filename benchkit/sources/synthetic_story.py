"""What is told of invented brands, whoever makes their waits: messages, events, and who wrote them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchkit.schema import EVENT_KINDS, SENDERS
from benchkit.sources.synthetic_brands import Brand, Delay
from benchkit.sources.synthetic_process import (
    NUDGES,
    Bools,
    Integers,
    Process,
    Span,
    Waits,
    converse,
    wait,
    whole_seconds,
)

_HOUR = 3_600
LAST_NUDGE_SECONDS = 6 * _HOUR
TIDIED = 0.5
"""Share of conversations that are closed some time after their last reply."""
TIDYING = Delay(12 * _HOUR, 48 * _HOUR)


class Turns(NamedTuple):
    """A row per turn, the part of a conversation that one agent answers: numbers of what it has.

    Turns are in order of conversation and time; `urgent` is None where that makes no odds.
    """

    conversation: Integers
    channel: Integers
    agent: Integers
    customer: Integers
    topic: Integers
    urgent: Bools | None = None


class Assigned(NamedTuple):
    """A row per wait: when it was assigned to an agent, and whether it was."""

    at: Integers
    happens: Bools


class Happenings(NamedTuple):
    """A row per message or event: its turn, when, and the number of its sender or kind."""

    turn: Integers
    at: Integers
    kind: Integers


class Story(NamedTuple):
    """What there is to tell of a brand: who with whom, the messages, and the events."""

    turns: Turns
    said: Happenings
    noted: Happenings


def mix(brand: Brand, process: Process, span: Span, *, messages: float, rng: np.random.Generator) -> Story:
    """The story of a brand whose replies take a time drawn for each, one turn per conversation."""
    begun = converse(brand, process, span, messages=messages, rng=rng)
    waits = wait(begun, span, rng=rng)
    said = say(waits, brand, rng=rng)
    noted = note(waits, assign(waits, brand, rng=rng), rng=rng)
    turn = np.arange(len(begun.started))
    return Story(Turns(turn, begun.channel, begun.agent, begun.customer, begun.topic), said, noted)


def say(waits: Waits, brand: Brand, *, rng: np.random.Generator) -> Happenings:
    """Write the messages of the waits; `kind` numbers `schema.SENDERS`."""
    n = len(waits.opened)
    patience = np.minimum(waits.ended - waits.opened, LAST_NUDGE_SECONDS)
    bot_at = waits.opened + rng.integers(2, 9, n)
    bot_answers = waits.is_first & (rng.random(n) < brand.bot_share) & (bot_at < waits.ended)
    return _happenings(
        waits,
        (waits.opened, SENDERS.index("customer"), np.full(n, True)),
        *(
            (waits.opened + _part(patience, rng), SENDERS.index("customer"), rng.random(n) < share)
            for share in NUDGES
        ),
        (bot_at, SENDERS.index("bot"), bot_answers),
        (waits.ended, SENDERS.index("agent"), waits.replied),
    )


def assign(waits: Waits, brand: Brand, *, rng: np.random.Generator) -> Assigned:
    """Draw when the waits that end were assigned to someone, where that is known."""
    at = waits.opened + _part(waits.ended - waits.opened, rng)
    return Assigned(at, (waits.replied | waits.closed) & brand.keeps_queue)


def note(waits: Waits, assigned: Assigned, *, rng: np.random.Generator) -> Happenings:
    """Write the events of the waits; `kind` numbers `schema.EVENT_KINDS`."""
    n = len(waits.opened)
    tidied_at = waits.ended + whole_seconds(TIDYING.log_seconds(rng.standard_normal(n)))
    tidied = waits.replied & waits.is_last & (rng.random(n) < TIDIED)
    return _happenings(
        waits,
        (assigned.at, EVENT_KINDS.index("assigned"), assigned.happens),
        (waits.ended, EVENT_KINDS.index("closed"), waits.closed),
        (waits.ended, EVENT_KINDS.index("closed_no_reply_needed"), waits.needless),
        (tidied_at, EVENT_KINDS.index("closed"), tidied),
    )


def _happenings(waits: Waits, *changes: tuple[Integers, int, Bools]) -> Happenings:
    """Put together what happens to those waits of which it is true."""
    return Happenings(
        turn=np.concatenate([waits.turn[happens] for _, _, happens in changes]),
        at=np.concatenate([at[happens] for at, _, happens in changes]),
        kind=np.repeat(
            [kind for _, kind, _ in changes], [np.count_nonzero(happens) for *_, happens in changes]
        ),
    )


def _part(seconds: Integers, rng: np.random.Generator) -> Integers:
    """A time evenly drawn from so many seconds."""
    return (rng.random(len(seconds)) * seconds).astype(np.int64)
