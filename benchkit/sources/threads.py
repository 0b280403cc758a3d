"""Who spoke to whom: threads, customers and brands, followed from tweet to tweet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NONE = -1
"""In place of a row, a tweet, a brand or a customer that there is not."""

DENSE = 8
"""Ids spread over fewer than this many times their number are looked up in a table."""


class Tweets(NamedTuple):
    """What the rules look at, one element per tweet; `brand` numbers the author of an agent's."""

    tweet_id: Ints
    parent_id: Ints
    sent_at: Ints
    from_agent: Bools
    brand: Ints


class Threads(NamedTuple):
    """What following parents tells of each tweet.

    `root` is the row of the thread's first tweet, `asked` that of the nearest customer's
    tweet at or above it, or NONE. `brand` is an agent's own, or the one that answered a
    customer's tweet first, or else the nearest such one above it, or NONE.
    """

    root: Ints
    asked: Ints
    brand: Ints


def find_threads(tweets: Tweets) -> Threads:
    """Follow parents inside the file, from each tweet to its root, its customer and its brand.

    A parent may be missing, years back or its own child: tweets that answer each other in a
    circle make a thread whose root is the earliest of them. Linear but for one sort.
    """
    parent = rows_of(tweets.parent_id, tweets.tweet_id)
    root = follow(parent)
    circling = np.unique(root[parent[root] != NONE])
    if len(circling):
        parent = _open_circles(parent, circling, tweets)
        root = follow(parent)

    asked = follow(parent, stop=~tweets.from_agent)
    own_brand = np.where(tweets.from_agent, tweets.brand, _first_to_answer(parent, tweets))
    return Threads(
        root=root,
        asked=np.where(tweets.from_agent[asked], NONE, asked),
        brand=own_brand[follow(parent, stop=own_brand != NONE)],
    )


def rows_of(wanted: Ints, ids: Ints) -> Ints:
    """The row at which each wanted id stands among `ids`, or NONE.

    >>> rows_of(np.array([7, 8]), np.array([5, 9, 7])).tolist()
    [2, -1]
    """
    lowest, highest = ids.min(), ids.max()
    if highest - lowest < DENSE * len(ids):
        rows = np.full(highest - lowest + 2, NONE)
        rows[ids - lowest] = np.arange(len(ids))
        inside = (lowest <= wanted) & (wanted <= highest)
        return rows[np.where(inside, wanted - lowest, -1)]
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    place = np.minimum(np.searchsorted(ordered, wanted), len(ids) - 1)
    return np.where(ordered[place] == wanted, order[place], NONE)


def repeated(ids: Ints) -> Ints:
    """The ids that occur more than once.

    >>> repeated(np.array([3, 1, 3, 2, 3])).tolist()
    [3]
    """
    ordered = np.sort(ids)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def follow(parent: Ints, stop: Bools | None = None) -> Ints:
    """The row each row comes to by following parents to the first stop, or to the end.

    >>> follow(np.array([-1, 0, 1])).tolist()
    [0, 0, 0]

    Each round doubles the steps, so that a thread of any depth takes few; a row that leads
    into a circle comes to one that has a parent and is no stop.
    """
    halts = parent == NONE if stop is None else stop | (parent == NONE)
    at = np.where(halts, np.arange(len(parent)), parent)
    further = np.empty_like(at)
    for _ in range(len(parent).bit_length()):
        np.take(at, at, out=further, mode="clip")  # unlike "raise", without a copy
        at, further = further, at
        if np.array_equal(further, at):
            break
    return at


def _open_circles(parent: Ints, circling: Ints, tweets: Tweets) -> Ints:
    parent = parent.copy()
    unseen = set(circling.tolist())
    while unseen:
        circle = [unseen.pop()]
        while (next_row := int(parent[circle[-1]])) in unseen:
            unseen.remove(next_row)
            circle.append(next_row)
        earliest = min(circle, key=lambda row: (tweets.sent_at[row], tweets.tweet_id[row]))
        parent[earliest] = NONE
    return parent


def _first_to_answer(parent: Ints, tweets: Tweets) -> Ints:
    """The brand of the earliest answer to each customer's tweet, or NONE."""
    answers = np.flatnonzero(tweets.from_agent & (parent != NONE))
    answers = answers[~tweets.from_agent[parent[answers]]]
    asked, brand = parent[answers], tweets.brand[answers]
    first = np.full(len(parent), NONE)
    first[asked] = brand
    by_several = np.zeros(len(parent), np.bool_)
    by_several[asked[first[asked] != brand]] = True

    rivals = answers[by_several[asked]]
    latest_first = rivals[np.lexsort((tweets.tweet_id[rivals], tweets.sent_at[rivals]))[::-1]]
    first[parent[latest_first]] = tweets.brand[latest_first]  # the last to be written stays
    return first
