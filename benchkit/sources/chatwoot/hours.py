"""Chatwoot's working hours, which are those of an inbox, as the opening hours of brands or channels."""

from __future__ import annotations

import polars as pl

from benchkit.calendars import Calendar, Calendars
from benchkit.errors import BenchkitError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ALL_DAY = "00:00-24:00"

DIFFERENT = (
    "inboxes with working hours were left without, as others of their brand and channel have different ones"
)
UNUSABLE = "inboxes have working hours that cannot be meant, and were left without"


def calendars_of(hours: pl.DataFrame, conversations: pl.DataFrame) -> tuple[Calendars | None, dict[str, int]]:
    """Opening hours by brand, or by channel where a brand's inboxes differ; and notes on what was left.

    `conversations` tells `brand`, `channel` and `inbox`. An inbox without working hours is one
    that differs from those that have them.
    """
    of_inbox: dict[str, Calendar | None] = {}
    for (inbox,), days in hours.group_by("inbox", maintain_order=True):
        of_inbox[str(inbox)] = _calendar(days)
    notes = {UNUSABLE: sum(calendar is None for calendar in of_inbox.values())}
    inboxes = conversations.select("brand", "channel", "inbox").unique().sort("brand", "channel", "inbox")
    for by in ("brand", "channel"):
        found: dict[str, set[Calendar | None]] = {}
        for name, inbox in inboxes.select(by, "inbox").iter_rows():
            found.setdefault(name, set()).add(of_inbox.get(inbox))
        if all(len(calendars) == 1 for calendars in found.values()):
            agreed = {name: calendar for name, (calendar,) in found.items() if calendar is not None}
            return Calendars(by=by, of=agreed) if agreed else None, _counted(notes)
    notes[DIFFERENT] = sum(of_inbox.get(inbox) is not None for inbox in inboxes["inbox"].unique())
    return None, _counted(notes)


def _calendar(days: pl.DataFrame) -> Calendar | None:
    shifts: dict[str, list[str]] = {}
    try:
        for day in days.iter_rows(named=True):
            if not day["closed_all_day"]:
                shifts.setdefault(_DAYS[range(7).index(day["day_of_week"])], []).append(_shift(day))
        week = {name: ", ".join(sorted(shifts[name])) for name in _DAYS if name in shifts}
        return Calendar(days.item(0, "timezone") or "UTC", week)
    except (BenchkitError, IndexError, TypeError, ValueError):
        return None


def _shift(day: dict[str, int]) -> str:
    if day["open_all_day"]:
        return _ALL_DAY
    opens, closes = (f"{day[f'{end}_hour']:02}:{day[f'{end}_minutes']:02}" for end in ("open", "close"))
    if opens >= closes:
        raise ValueError(f"{opens}-{closes}")
    return f"{opens}-{closes}"


def _counted(notes: dict[str, int]) -> dict[str, int]:
    return {note: count for note, count in notes.items() if count}
