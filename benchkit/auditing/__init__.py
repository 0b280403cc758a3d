"""What is wrong with data, which figures that touches, and what to do: `audit(data)`."""

from __future__ import annotations

import polars as pl

from benchkit.auditing import answers, bots, clocks, gaps, messages, reading
from benchkit.auditing.checks import FINDINGS as FINDINGS
from benchkit.auditing.checks import SEVERITIES as SEVERITIES
from benchkit.auditing.checks import Check
from benchkit.auditing.facts import Facts
from benchkit.auditing.showing import findings_table as findings_table
from benchkit.auditing.showing import remark as remark
from benchkit.dataset import Dataset

_ALL = "every figure"
_SHARES = "shares answered and response rates"
_TIMES = "all times, and shares answered within a time"
_AGENTS = "figures by agent, and all that leave bots out"
_MARK_BOTS = "Say where the data are read that this sender is a bot, or give each person a name."

CHECKS = (
    Check(
        reading.rows_that_could_not_be_read,
        "warning",
        "rows",
        _ALL,
        "Look at the lines named in the excluded rows, and export that part again.",
        serious_from=0.005,
    ),
    Check(
        reading.ids_that_came_twice,
        "warning",
        "rows",
        "no figure, as the row that came first is kept",
        "Where two exports overlap, give the newer one first, or only that.",
        serious_from=0.01,
    ),
    Check(
        reading.messages_newer_than_the_extract,
        "warning",
        "rows",
        "waits that these messages ended: they count as open",
        "Say when the extract was really taken (as_of); if it is right, look at the clock.",
        serious_from=0.001,
    ),
    Check(
        reading.rows_left_out_by_a_rule,
        "note",
        "rows",
        _ALL,
        "There is nothing to do, if these are not customers who wait.",
    ),
    Check(
        reading.rows_read_in_a_way_worth_knowing,
        "note",
        "rows",
        _TIMES,
        "There is nothing to do, if that is how they were meant; otherwise say so in the mapping.",
    ),
    Check(
        reading.an_old_extract_said_to_be_new,
        "error",
        "days",
        f"{_SHARES}: what nobody watched counts as not answered, and provisional months as final",
        "Say when the extract was really taken (as_of), or export again.",
    ),
    Check(
        reading.events_without_a_conversation,
        "warning",
        "events",
        "closings and assignments, and so shares closed and queue times",
        "Export messages and events for the same time, with the same ids.",
        serious_from=0.05,
    ),
    Check(
        messages.messages_that_came_twice,
        "warning",
        "messages",
        "volumes, messages per wait and work by agent",
        "Look at a few; if the export joined something to messages, keep one row of each.",
        serious_from=0.005,
    ),
    Check(
        messages.replies_before_their_message,
        "error",
        "replies",
        _TIMES,
        "Find out whose clock or time zone is wrong, and name the zone where the data are read.",
        serious_from=0.001,
    ),
    Check(
        messages.replies_without_a_parent,
        "warning",
        "replies",
        "first replies: a conversation whose beginning is missing begins too late",
        "Export all kinds of messages, and some days before the first month that is reported.",
        serious_from=0.05,
    ),
    Check(
        messages.conversations_the_brand_began,
        "warning",
        "conversations",
        "first replies: these conversations have none",
        "There is nothing to do about outreach; otherwise export the customers' messages, too.",
        serious_from=0.5,
    ),
    Check(
        messages.times_in_whole_hours,
        "error",
        "messages",
        _TIMES,
        "Export times with minutes; a spreadsheet's cell format may have cut them.",
    ),
    Check(
        clocks.customers_who_write_at_night,
        "warning",
        "messages",
        "hours of the week, days and months, and all that is in opening hours",
        "Name the brand's time zone, or that of the times where they are read.",
    ),
    Check(
        clocks.channels_shifted_by_hours,
        "warning",
        "messages",
        "hours of the week, opening hours, and comparisons of channels",
        "Find out in which time zone each channel's times are, and name it where they are read.",
    ),
    Check(
        clocks.answers_outside_opening_hours,
        "warning",
        "answers",
        "all that is in opening hours",
        "Give the hours in which the team works, in its time zone; or see whether times are in another.",
    ),
    Check(
        gaps.days_without_messages,
        "warning",
        "days",
        "volumes, and every figure of the month, which is then of the other days",
        "Export those days again; a channel's connection may have lapsed.",
    ),
    Check(
        gaps.weeks_without_replies,
        "error",
        "waits",
        _SHARES,
        "Ask who answered then, and where: replies made natively are not in a suite's export.",
    ),
    Check(
        gaps.channels_without_replies,
        "error",
        "waits",
        _SHARES,
        "Ask who answers there, and where; leave the channel out if it is answered natively.",
    ),
    Check(
        answers.brands_without_replies,
        "error",
        "waits",
        _SHARES,
        "See that replies are exported, and that who wrote for the brand is read so and not as a customer.",
    ),
    Check(
        messages.months_without_the_brand,
        "warning",
        "conversations",
        _SHARES,
        "Compare the export with the suite's own count of replies in that month.",
    ),
    Check(
        messages.agents_without_names,
        "warning",
        "messages",
        "figures by agent",
        "Export who wrote each message, or have answers signed.",
        serious_from=0.2,
    ),
    Check(bots.agents_as_regular_as_a_clock, "warning", "replies", _AGENTS, _MARK_BOTS),
    Check(bots.agents_who_never_sleep, "warning", "messages", _AGENTS, _MARK_BOTS),
    Check(bots.agents_who_write_many_at_once, "warning", "messages", _AGENTS, _MARK_BOTS),
    Check(bots.agents_who_always_say_the_same, "warning", "messages", _AGENTS, _MARK_BOTS),
    Check(
        answers.first_messages_all_answered,
        "error",
        "first messages",
        _SHARES,
        "Export unanswered conversations, too; if that cannot be, say so (selection).",
    ),
    Check(
        answers.only_what_was_answered,
        "note",
        "waits",
        f"{_SHARES}, which are refused",
        "There is nothing to do; figures are of the answered messages, and flatter.",
    ),
    Check(
        answers.waits_still_open,
        "note",
        "waits",
        _SHARES,
        "Close or mark what needs no reply, so that it can be told from what was missed.",
    ),
    Check(
        messages.conversations_without_the_brand,
        "note",
        "conversations",
        _SHARES,
        "There is nothing to do, if these needed no reply; otherwise see that all replies are exported.",
    ),
)
"""Everything that data are asked; what a check looks for, from when on and why, its function says."""


def audit(data: Dataset) -> pl.DataFrame:
    """Say what is wrong with data, how much of it, which figures that touches, and what to do.

    >>> from benchkit.sources.timelines import from_timelines
    >>> audit(from_timelines("C0 A10", "A5 C20"))["sentence"].to_list()  # doctest: +NORMALIZE_WHITESPACE
    ['1 of 2 conversations (50.0%) began with a message of the brand.',
     '1 of 2 waits (50.0%) stayed open, half of them for 30 d or longer.']

    A row per finding (`checks.FINDINGS`), errors first, then warnings, then notes, each kind in the
    order of `CHECKS` and its largest first. Most are of one brand, and of one of its channels or
    agents where these are named.
    """
    facts = Facts(data)
    rows = [row for check in CHECKS for row in check.rows(facts)]
    return pl.DataFrame(rows, schema=dict(FINDINGS)).sort("severity", maintain_order=True)
