"""Readers, one per raw format, each ending in a Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchkit.errors import BenchkitError

if TYPE_CHECKING:
    from benchkit.dataset import Dataset


def load(
    *,
    dataset: str = "",
    twcs: str = "",
    messages: str = "",
    events: str = "",
    as_of: str = "",
    calendar: str = "",
) -> Dataset:
    """Load what notebooks and the command line name: a dataset of the store, a file, or else the demo data.

    >>> load()
    Dataset('demo', as of 2026-11-08 06:00 UTC)

    An empty string means not given. `calendar` is a TOML file of opening hours
    (`Calendars.load`). Raises `BenchkitError` where two sources are named.
    """
    if calendar:
        from benchkit.calendars import Calendars

        data = load(dataset=dataset, twcs=twcs, messages=messages, events=events, as_of=as_of)
        return data.open_in(Calendars.load(calendar))
    named = {"dataset": dataset, "twcs": twcs, "messages": messages}
    given = [name for name, value in named.items() if value]
    if len(given) > 1:
        raise BenchkitError(f"{given[0]} and {given[1]} are two sources; name one of them")
    if events and not messages:
        raise BenchkitError("events go with messages; name the file of messages too")
    if twcs:
        from benchkit.sources.twcs import read_twcs

        return read_twcs(twcs, as_of=as_of or None)
    if messages:
        from benchkit.sources.messages import read_messages

        return read_messages(messages, events=events or None, as_of=as_of or None)
    from benchkit.times import parse_as_of

    if dataset:
        from benchkit.store import open_dataset

        data = open_dataset(dataset)
    else:
        from benchkit.sources.synthetic import synthesize

        data = synthesize()
    return data.known_at(parse_as_of(as_of)) if as_of else data
