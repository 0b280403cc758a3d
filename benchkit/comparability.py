"""Whether two figures mean the same: a rule for each of the terms on which they were made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from benchkit.metrics import RESPONSE_RATE_SECONDS
from benchkit.terms import COMPOSED, MEASURED, NOT_APPLICABLE, NOT_STATED, ONE_BRAND, Terms, metric_on
from benchkit.words import horizon

_UNITS = ("brands", "accounts")
_ANY_CHANNEL = "social media"
_SAME_CHANNEL = {"x": "twitter"}
_SAME_TIMES_YEARS = 1


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a figure of ours may stand beside another, and what is to be said of it.

    `caveats` are sentences that hold where it may. Where it may not, `reason` says why, and
    `instead` has the terms of the figure of ours that would be comparable, if there is one.
    """

    answer: Literal["yes", "with caveats", "no"]
    caveats: tuple[str, ...] = ()
    reason: str = ""
    instead: Terms | None = None


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What a rule says of one term: nothing where both are the same, else a caveat or a refusal.

    `change` is what of ours would have to be otherwise; without it nothing helps.
    """

    caveat: str = ""
    refusal: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)


_SAME = Ruling()


def comparable(ours: Terms, theirs: Terms) -> Verdict:
    """Say whether a figure of ours may stand beside another one, by the terms of both.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> from benchkit.terms import terms_of
    >>> ours = terms_of("first_reply_seconds_median", find_waits(from_timelines("C0 A10")))
    >>> verdict = comparable(ours, replace(ours, statistic="mean"))
    >>> verdict.answer, verdict.reason
    ('no', 'It is a mean, ours a median.')
    >>> verdict.instead.label
    'First reply time, mean'

    Every term has a rule of its own (`RULES`). What is not stated is a caveat; what is stated
    and otherwise than ours is a caveat where it is about whom the figures are of, and a refusal
    where it is about how they were made.
    """
    rulings = [rule(ours, theirs) for rule in RULES.values()]
    refusals = [ruling for ruling in rulings if ruling.refusal]
    caveats = tuple(ruling.caveat for ruling in rulings if ruling.caveat)
    if not refusals:
        return Verdict(answer="with caveats" if caveats else "yes", caveats=caveats)
    hopeless = [ruling.refusal for ruling in refusals if not ruling.change]
    if hopeless:
        return Verdict(answer="no", reason=" ".join(hopeless))
    changes = {term: value for ruling in refusals for term, value in ruling.change.items()}
    other = replace(ours, **changes)
    left = [told for rule in RULES.values() if (told := rule(other, theirs).refusal)]
    reason = " ".join(dict.fromkeys([*(ruling.refusal for ruling in refusals), *left]))
    is_possible = metric_on(other) is not None and not left
    return Verdict(answer="no", reason=reason, instead=other if is_possible else None)


def _metric(ours: Terms, theirs: Terms) -> Ruling:
    if ours.metric == theirs.metric:
        return _SAME
    if theirs.metric not in MEASURED:
        return Ruling(refusal=f"It is of the {theirs.measure}, which no data of messages tell.")
    told = f"It is of the {theirs.measure}, ours of the {ours.measure}."
    return Ruling(refusal=told, change={"metric": theirs.metric})


def _statistic(ours: Terms, theirs: Terms) -> Ruling:
    wanted = theirs.each if ours.averaged_over == ONE_BRAND else theirs.statistic
    if ours.statistic == wanted:
        return _SAME
    if theirs.statistic == NOT_STATED:
        return Ruling(caveat=f"Whether it is a mean or a median is not stated; ours is a {ours.statistic}.")
    return Ruling(
        refusal=f"It is a {theirs.statistic}, ours a {ours.statistic}.", change={"statistic": wanted}
    )


def _averaged_over(ours: Terms, theirs: Terms) -> Ruling:
    over, own = theirs.averaged_over, ours.averaged_over
    is_of_units = over in _UNITS or theirs.statistic in COMPOSED
    wanted = "brands" if is_of_units else "messages"
    if own not in (wanted, ONE_BRAND):
        told = f"It is averaged over {wanted if over == NOT_STATED else over}, ours over {own}."
        return Ruling(refusal=told, change={"averaged_over": wanted})
    if over == NOT_STATED:
        whose = f"of {own}" if own == ONE_BRAND else f"over {own}"
        return Ruling(caveat=f"Over what it is averaged is not stated; ours is {whose}.")
    if (over, own) == ("accounts", "brands"):
        return Ruling(caveat="It is averaged over accounts, ours over brands.")
    return _SAME


def _clock(ours: Terms, theirs: Terms) -> Ruling:
    spoken = {"calendar": "in calendar time", "opening hours": "in opening hours"}
    wanted = "calendar" if theirs.clock == NOT_APPLICABLE else theirs.clock
    if ours.clock == wanted:
        return _SAME
    if theirs.clock == NOT_STATED:
        return Ruling(caveat=f"Whether closed hours count is not stated; ours is {spoken[ours.clock]}.")
    return Ruling(refusal=f"It is {spoken[wanted]}, ours {spoken[ours.clock]}.", change={"clock": wanted})


def _horizon(ours: Terms, theirs: Terms) -> Ruling:
    is_share = theirs.metric == "response_rate"
    stated, got = theirs.horizon_seconds, ours.horizon_seconds
    wanted = stated or (RESPONSE_RATE_SECONDS if is_share else None)
    if got != wanted:
        its = (
            f"within {horizon(stated)}"
            if stated
            else "within a time not stated"
            if is_share
            else "of any length"
        )
        own = f"within {horizon(got)}" if got else "of any length"
        change = {"horizon_seconds": wanted}
        return Ruling(refusal=f"It is of replies {its}, ours of replies {own}.", change=change)
    if is_share and got and not stated:
        return Ruling(caveat=f"Within what time is not stated; ours is within {horizon(got)}.")
    return _SAME


def _unanswered(ours: Terms, theirs: Terms) -> Ruling:
    told = {"in": "counts messages that nobody answered", "out": "leaves out messages that nobody answered"}
    if theirs.unanswered in (ours.unanswered, NOT_APPLICABLE):
        return _SAME
    if theirs.unanswered == NOT_STATED:
        return Ruling(
            caveat=f"Whether unanswered messages count is not stated; ours {told[ours.unanswered]}."
        )
    return Ruling(
        refusal=f"It {told[theirs.unanswered]}, ours {told[ours.unanswered]}.",
        change={"unanswered": theirs.unanswered},
    )


def _needs_reply(ours: Terms, theirs: Terms) -> Ruling:
    told = {"all": "of all messages", "only": "only of messages in need of a reply"}
    if theirs.needs_reply in (ours.needs_reply, NOT_APPLICABLE):
        return _SAME
    if theirs.needs_reply == NOT_STATED:
        return Ruling(caveat=f"Of which messages it is is not stated; ours is {told[ours.needs_reply]}.")
    return Ruling(
        refusal=f"It is {told[theirs.needs_reply]}, ours {told[ours.needs_reply]}.",
        change={"needs_reply": theirs.needs_reply},
    )


def _population(ours: Terms, theirs: Terms) -> Ruling:
    if theirs.population == ours.population:
        return _SAME
    if theirs.population == NOT_STATED:
        return Ruling(caveat=f"Of whom it is is not stated; ours is of {ours.population}.")
    return Ruling(caveat=f"It is of {theirs.population}, ours of {ours.population}.")


def _channel(ours: Terms, theirs: Terms) -> Ruling:
    if theirs.channel == NOT_STATED:
        return Ruling(caveat=f"Of which channels it is is not stated; ours is of {ours.channel}.")
    if theirs.channel == _ANY_CHANNEL or _channels(ours.channel) <= _channels(theirs.channel):
        return _SAME
    return Ruling(caveat=f"It is of {theirs.channel}, ours of {ours.channel}.")


def _year(ours: Terms, theirs: Terms) -> Ruling:
    if abs(ours.year - theirs.year) <= _SAME_TIMES_YEARS:
        return _SAME
    return Ruling(caveat=f"It is of {theirs.year}, ours of {ours.year}.")


def _selection(ours: Terms, theirs: Terms) -> Ruling:
    if ours.selection and ours.unanswered == "in":
        return Ruling(refusal=f"Ours says nothing of unanswered messages: {ours.selection}")
    if theirs.selection == NOT_STATED:
        return Ruling(caveat="How those it is of were chosen is not stated.")
    return Ruling(caveat=f"It is of {theirs.selection} only.") if theirs.selection else _SAME


RULES: Mapping[str, Callable[[Terms, Terms], Ruling]] = {
    "metric": _metric,
    "statistic": _statistic,
    "averaged_over": _averaged_over,
    "clock": _clock,
    "horizon_seconds": _horizon,
    "unanswered": _unanswered,
    "needs_reply": _needs_reply,
    "population": _population,
    "channel": _channel,
    "year": _year,
    "selection": _selection,
}
"""One rule for each term, in the order in which they speak."""


def _channels(named: str) -> set[str]:
    names = re.split(r", | and ", named.casefold())
    return {_SAME_CHANNEL.get(name, name) for name in names if name}
