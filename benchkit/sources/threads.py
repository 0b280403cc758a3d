"""Threads of messages that answer each other: roots, brands and customers, on plain arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOBODY = -1
_ROUNDS = 40


class Threads(NamedTuple):
    """Of each message: the row of its thread's root, its brand and its customer, or NOBODY."""

    root: Ints
    brand: Ints
    customer: Ints


def parents(message_id: Ints, parent_id: Ints) -> Ints:
    """The row of the message that each one answers; NOBODY where it answers none in the file."""
    order = np.argsort(message_id)
    ordered = message_id[order]
    place = np.minimum(np.searchsorted(ordered, parent_id), message_id.size - 1)
    return np.where(ordered[place] == parent_id, order[place], NOBODY) if message_id.size else parent_id


def follow(parent: Ints, author: Ints, inbound: Bools, sent_at: Ints) -> Threads:
    """Follow every message up its thread.

    >>> question, answer, thanks = (np.array(row) for row in ([-1, 0, 1], [7, 3, 7], [1, 0, 1]))
    >>> follow(question, answer, thanks == 1, np.arange(3))
    Threads(root=array([0, 0, 0]), brand=array([3, 3, 3]), customer=array([7, 7, 7]))

    `parent` is the row answered or NOBODY, `author` a number for each author, `sent_at` any
    whole measure of time. A brand's message is of its author; a customer's is of whoever
    answered it first, or else of the nearest message up its thread that is a brand's or was
    answered by one. The customer of a brand's message is the author of the nearest message up
    its thread that a customer wrote.
    """
    row = np.arange(parent.size)
    up = _without_loops(np.where(parent == NOBODY, row, parent), sent_at)
    answers = np.flatnonzero(~inbound & (up != row))
    answers = answers[inbound[up[answers]]]
    latest_first = answers[np.argsort(sent_at[answers], kind="stable")[::-1]]
    brand = np.where(inbound, NOBODY, author)
    brand[up[latest_first]] = author[latest_first]  # of several answers to one message, the earliest stays
    branded, asking = _nearest(up, brand != NOBODY), _nearest(up, inbound)
    return Threads(
        root=_end(up),
        brand=brand[branded],
        customer=np.where(inbound[asking], author[asking], NOBODY),
    )


def _nearest(up: Ints, wanted: Bools) -> Ints:
    """The nearest row at or above each that is wanted; the root where none is."""
    return _end(np.where(wanted, np.arange(up.size), up))


def _end(up: Ints) -> Ints:
    for _ in range(_ROUNDS):
        further = up[up]
        if np.array_equal(further, up):
            break
        up = further
    return up


def _without_loops(up: Ints, sent_at: Ints) -> Ints:
    """Cut what answers in a circle where something answers a message no older than itself."""
    end = _end(up)
    lost = up[end] != end
    if not lost.any():
        return up
    backwards = lost & (sent_at[up] >= sent_at)
    return np.where(backwards, np.arange(up.size), up)
