"""The rules of a definition, and each of their settings in words."""

from __future__ import annotations

from collections.abc import Mapping

EVERY_CHANNEL = "every channel"
"""What silences are named by that part conversations wherever they are held."""

_CLOCK_STARTS = {
    "first unanswered": "A wait starts at the first of the customer's messages that nobody has answered.",
    "last unanswered": "A wait starts at the last of the customer's messages before the answer.",
    "conversation created": "A conversation's first wait starts when the conversation was created; later "
    "ones start at the first message that nobody has answered.",
    "assigned": "A wait starts when it was last assigned before its end, or at its first message where that "
    "came later; waits that were never assigned are left out.",
    "handed off": "A conversation's first wait starts when it was last handed off by a bot or opened again, "
    "else at the bot's last message, else when the conversation was created; later ones start at the first "
    "message that nobody has answered.",
}
_COUNTED = {
    "every": "Every wait of a conversation counts.",
    "first": "Only a conversation's first wait counts, except in figures of later ones.",
    "later": "A conversation's first wait does not count, except in figures of first ones.",
}
_BOTS = {
    "leave the wait open": "A bot's message does not end a wait.",
    "answer": "A bot's message ends a wait as a person's does.",
    "clear the wait": "After a conversation's first reply, a bot's message clears what is waiting: such "
    "waits are left out. Before it, a bot's message does not end a wait.",
}
_AGENT_OPENS = {
    "no first wait": "Where the brand wrote first, no wait counts as a first one.",
    "until the second message": "Where the brand wrote first, the first wait runs from that message to the "
    "brand's second one.",
}
_CLOSING = {
    "outcome": "A wait ends without a reply when its conversation is closed, and counts as such.",
    "leave out": "A wait whose conversation is closed before any reply is left out.",
    "clear the wait": "After a conversation's first reply, closing it clears what is waiting: such waits are "
    "left out. Before it, closing does not end a wait.",
    "ignore": "Closing a conversation does not end a wait, unless it was because no reply was needed.",
}
_NO_REPLY_NEEDED = {
    "leave out": "Waits marked as needing no reply are counted, and left out of shares and times.",
    "count": "Waits marked as needing no reply count like any other.",
}
_CREDIT = {
    "replier": "Whoever replied is credited.",
    "assignee": "Whoever the conversation was assigned to at the reply is credited.",
    "replier of the first, assignee of later": "A conversation's first reply is credited to whoever wrote "
    "it, a later one to whoever the conversation was assigned to.",
    "everyone involved": "Everyone who wrote in the conversation is credited, so that figures by agent "
    "count a wait more than once.",
}
_MONTH = {
    "start": "A wait belongs to the month in which it started, in the brand's time zone.",
    "reply": "A wait belongs to the month in which it was answered, in the brand's time zone.",
}
_CLOCK = {
    "calendar": "Times are calendar time.",
    "opening hours": "Times are in opening hours.",
}
_OPENING_HOURS = {
    "closed time subtracted": "In opening hours, closed time is taken off a wait.",
    "by the reply's time": "In opening hours, a wait has its calendar time where the reply came while the "
    "brand was open, and is left out where it did not.",
    "by the start": "In opening hours, a wait has its calendar time where it started while the brand was "
    "open, and is left out where it did not.",
}
_WITHOUT_HOURS = {
    "unknown": "",
    "0 seconds": "Where no opening hours are set, a wait lasts 0 seconds in them, and enters means so.",
}
_UNANSWERED = {
    "censored": "Waits still open when the extract was taken count as not answered so far.",
    "left out": "Waits that nobody answered are left out.",
    "cut off": "A wait that was not answered by its cut-off counts as unanswered, even if it was later.",
}
_STATISTIC = {
    "median of all": "The reply time is the time by which half of all waits were answered.",
    "median": "The reply time is the median over the waits that were answered.",
    "mean": "The reply time is the mean over the waits that were answered.",
    "mean of the fastest 90%": "The reply time is the mean over the fastest 90% of the waits that "
    "were answered.",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "clock_starts": _CLOCK_STARTS,
    "counted": _COUNTED,
    "bots": _BOTS,
    "agent_opens": _AGENT_OPENS,
    "closing": _CLOSING,
    "no_reply_needed": _NO_REPLY_NEEDED,
    "credit": _CREDIT,
    "month": _MONTH,
    "clock": _CLOCK,
    "opening_hours": _OPENING_HOURS,
    "without_hours": _WITHOUT_HOURS,
    "unanswered": _UNANSWERED,
    "statistic": _STATISTIC,
}
"""What is said of each setting of each rule, in the order in which they act, the statistic last."""
