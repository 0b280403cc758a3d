"""Each preset on small conversations: what the product would show, worked by hand from its rules.

Minutes count from a Monday at midnight. `C` is a customer's message, `A` an agent's, `B` a bot's;
`X` closes, `R` reopens, `O` opens, `S` assigns and `H` hands off. Expected figures are in minutes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl
import pytest

from benchkit import answered_within, find_waits, measure
from benchkit.definitions import BENCHKIT, CHATWOOT, INTERCOM, META, SPROUT, ZENDESK, Definition
from benchkit.errors import BenchkitError
from benchkit.metrics import Metric, Time
from benchkit.reply_times import reply_time
from benchkit.sources.timelines import from_timelines

SHOWN = reply_time("as defined")
FIRST, NEXT = reply_time("mean", which="first"), reply_time("mean", which="next")
IN_A_DAY = answered_within(hours=24)

FRIDAY_17H, MONDAY_9H = 4 * 1_440 + 17 * 60, 7 * 1_440 + 9 * 60
THE_31ST_23H, THE_1ST_1H = 29 * 1_440 + 23 * 60, 30 * 1_440 + 60
WEEKEND = f"C{FRIDAY_17H} A{MONDAY_9H}"
SIXTY_FOUR_HOURS = 64 * 60.0
"""7 h of Friday, two whole days, 9 h of Monday."""


class Case(NamedTuple):
    timelines: tuple[str, ...]
    expected: float | None
    because: str
    metric: Metric = SHOWN


def case(timelines: str, expected: float | None, because: str, metric: Metric = SHOWN) -> Case:
    return Case(tuple(part.strip() for part in timelines.split("/")), expected, because, metric)


OF_BENCHKIT = [
    case("C0 C5 A30", 30, "a burst waits from its first message"),
    case("C0 B1 A20", 20, "a bot answers nobody"),
    case(
        "C0 X5 R60 C60 A90", 30, "one of two waits was closed; the other took 30, so half were answered by 30"
    ),
    case("C0 A10 X20 R100 C100 A130", 10, "waits of 10 and 30: by 10 half of them were answered"),
    case("A0 C30 A45", 15, "the brand's own message is no question: the wait begins at 30"),
    case("A0 C30 A45", None, "and no first reply is told where the brand wrote first", FIRST),
    case("C0 Skim2 Spat5 Aleo12", 12, "assigning does not touch the clock"),
    case(WEEKEND, SIXTY_FOUR_HOURS, "calendar time runs over the weekend"),
    case("C0 A10 / C0 A20 / C0 A60 / C0", 20, "half of four waits is two, the second of them answered at 20"),
    case("C0 A10 / C0 / C0 X5", None, "fewer than half of three were ever answered"),
]
OF_ZENDESK = [
    case("C0 C5 C9 A30", 30, "created at 0, the first comment of an agent at 30"),
    case("C0 B1 A20", 20, "a trigger's or bot's message is no comment of an agent"),
    case("O0 C5 A15", 15, "the ticket is there from 0, before the customer's words"),
    case("C0 X5 R60 C60 A90", 90, "solving does not stop the clock: still no comment of an agent until 90"),
    case("C0 A10 X20 R100 C100 A130", 10, "a ticket has one first reply, reopened or not"),
    case("C0 Skim2 Spat5 Aleo12", 12, "reassigning does not touch the clock"),
    case("A0 C30 A45", 45, "an agent opened the ticket at 0, the second comment of an agent is at 45"),
    case("A0 A10", 10, "the second comment ends it though no customer has spoken"),
    case("A0", None, "there is no second comment"),
    case(WEEKEND, SIXTY_FOUR_HOURS, "in calendar hours the weekend counts"),
    case(
        "C0 A10 / C0 A20 / C0 A60 / C0 / C0 X9", 20, "of no reply there is no time: the median of 10, 20, 60"
    ),
    case("C0 A10 / C0 A20", 15, "the median of two lies halfway"),
    case("C0 A10 C20 C25 A50", 30, "a next reply counts from the oldest unanswered, at 20", NEXT),
]
OF_CHATWOOT = [
    case("C0 A5 C10 C12 A40", 30, "waiting since 10, and the message at 12 does not move that"),
    case("C0 A5 C10 C12 A40", 5, "the first response is an event of its own: 5", FIRST),
    case("C0 A5", None, "a first response alone is no reply time"),
    case("C0 A5 C10 A20 / C0 A5 C10 A40", 20, "the mean of 10 and 30"),
    case("C0 B1 B3 A20", 17, "the bot's part ended at 3", FIRST),
    case(
        "C0 B1 C2 A12",
        11,
        "the bot spoke before the first response: that counts from the bot's end, 1",
        FIRST,
    ),
    case("C0 B1 H8 B9 A20", 12, "a hand-off comes before the bot's own end, whichever is later", FIRST),
    case("C0 A5 C10 B11 A40 / C0 A5 C50 A60", 10, "the bot at 11 cleared what waited; 50 to 60 is left"),
    case("C0 A5 C10 B11 C20 A40", 20, "cleared at 11, waiting again since 20"),
    case("C0 X5 R60 C60 A90", 30, "opened again at 60, before any response: it counts from there", FIRST),
    case("C0 X5 R60 C60 A90", None, "and it is a first response, so no reply time"),
    case("C0 A5 X10 R100 C100 A130", 30, "waiting since 100"),
    case("C0 X5 / C0 A5 C10 X20 / C0 A5 C10 A20", 10, "closing without a reply leaves no trace"),
    case("C0 A5 C10 X20 R100 C100 A130", 30, "closing at 20 cleared what waited; waiting again since 100"),
    case("C0 Skim2 Spat5 Aleo12 C20 Skim25 Aleo40", 20, "reassigning does not touch the clock"),
    case("A0 C30 A45", 15, "the agent's message was the response to nobody; 30 to 45 is a later one"),
    case(f"C0 A5 {WEEKEND}", SIXTY_FOUR_HOURS, "the weekend counts"),
]
OF_SPROUT = [
    case("C0 C5 A20 C30 C33 A40", 15, "first and later replies, each from the first message: 20 and 10"),
    case("C0 B1 A30", 30, "assumed: a bot's message is no reply"),
    case(
        "C0 X10 R60 C60 A80",
        20,
        "assumed: closing ends the first wait, which nobody answered; 60 to 80 is left",
    ),
    case("C0 A10 X20 R100 C100 A130", 20, "the mean of 10 and 30"),
    case("C0 Skim2 Spat5 Aleo12", 12, "assigning does not touch the clock"),
    case("A0 C30 A45", 15, "assumed: the clock starts at the customer's message"),
    case(WEEKEND, SIXTY_FOUR_HOURS, "the reply fell into off hours or not, its time is whole"),
    case("C0 A10 / C0 A30 / C0 / C0 X5", 20, "unanswered messages have no time: the mean of 10 and 30"),
]
OF_INTERCOM = [
    case("C0 C5 A30", 30, "assumed: the first of a burst starts the clock"),
    case("C0 B1 A20", 20, "assumed: a bot's message is no response"),
    case(
        "C0 X5 R60 C60 A90 / C0 A20",
        20,
        "assumed: closed, the first wait has no response; the second is not first",
    ),
    case("C0 A10 X20 R100 C100 A130", 10, "one first response, reopened or not"),
    case(
        "C0 Skim2 Spat5 Aleo12 C20 A21",
        12,
        "assigning does not touch the clock, the later reply does not count",
    ),
    case("A0 C30 A45 / C0 A20", 20, "assumed: where the brand wrote first, there is no first response"),
    case(WEEKEND, SIXTY_FOUR_HOURS, "calendar time"),
    case("C0 A10 / C0 A20 / C0 A90 / C0", 20, "the median of 10, 20 and 90"),
]
OF_META = [
    case("C0 C5 A30", 30, "assumed: the first of a burst starts the clock"),
    case("C0 B1 A20", 20, "an instant reply does not count"),
    case("C0 X5 R60 C60 A90", 30, "closed is no answer and has no time"),
    case("C0 X5 R60 C60 A90", 0.5, "but one of two messages was not answered", IN_A_DAY),
    case("C0 Skim2 Spat5 Aleo12", 12, "assigning does not touch the clock"),
    case("A0 C30 A45", 15, "assumed: the clock starts at the customer's message"),
    case(f"{WEEKEND} / C0 A10", 10, "answered after 64 h counts for no answer, and its time is not there"),
    case(f"{WEEKEND} / C0 A10", 0.5, "and against the rate", IN_A_DAY),
    case("C0 A1440", 1_440, "by 24 h is in time"),
    case("C0 A1441", None, "a minute later is not"),
    case(
        " / ".join(f"C0 A{m}" for m in (9, 8, 7, 6, 5, 4, 3, 2, 1, 900)), 5, "the fastest nine of ten: 1 to 9"
    ),
    case("C0 A10 / C0 A20", 26 / 1.8, "90% of two is 1.8: 10, and 0.8 of 20"),
    case("C0 A10 C1450 A1455", 7.5, "24 h of silence: a new conversation, so firsts of 10 and 5", FIRST),
    case("C0 A10 C1449 A1454", 10, "a minute less: the same conversation", FIRST),
    case("C0 A10 C1449 A1454", 5, "and a later reply of it", NEXT),
]
CASES = [
    (preset, case)
    for preset, cases in (
        *((BENCHKIT, OF_BENCHKIT), (ZENDESK, OF_ZENDESK), (CHATWOOT, OF_CHATWOOT)),
        *((SPROUT, OF_SPROUT), (INTERCOM, OF_INTERCOM), (META, OF_META)),
    )
    for case in cases
]


def figures(
    preset: Definition, timelines: tuple[str, ...], metric: Metric, **options: Any
) -> dict[str | None, float]:
    """By group, times in minutes; groups without a figure are left out."""
    waits = find_waits(from_timelines(*timelines, days=60), definition=preset)
    measured = measure(waits, metrics=metric, min_waits=0, **options)
    unit = 60 if isinstance(metric.computes, Time) else 1
    keys = measured.get_column(options["by"]) if "by" in options else [None] * measured.height
    rows = zip(keys, measured["estimate"], strict=True)
    return {key: estimate / unit for key, estimate in rows if estimate is not None}


@pytest.mark.parametrize(
    ("preset", "case"), CASES, ids=[f"{preset.name}: {case.because}" for preset, case in CASES]
)
def test_what_the_product_would_show(preset: Definition, case: Case) -> None:
    expected = {} if case.expected is None else {None: case.expected}
    assert figures(preset, case.timelines, case.metric) == pytest.approx(expected)


def test_the_same_conversations_under_everyones_definition() -> None:
    """First replies a 30, b 20, e 48 h; c closed at 5, then 60 to 90; d opened by the brand; f unanswered.

    Zendesk: a 30, b 20, c 90 (from creation), d 45 (second comment), e 2880: the median is 45.
    Chatwoot: later replies alone, b 60 to 100 and d 30 to 45: (40 + 15) / 2.
    Sprout: all that were answered: (30 + 20 + 40 + 30 + 15 + 2880) / 6.
    Intercom: a 30, b 20, e 2880: c's first was closed, d has none: the median is 30.
    Meta: e is late; 90% of five is 4.5: 15, 20, 30, 30 and half of 40, over 4.5; rate 5 of 8.
    benchkit: of eight waits four were answered by 30.
    """
    month = ("C0 C5 A30", "C0 B1 A20 C60 C70 A100", "C0 X5 R60 C60 A90", "A0 C30 A45", "C0 A2880", "C0")
    expected = {
        "benchkit": 30.0,
        "zendesk": 45.0,
        "chatwoot": 27.5,
        "sprout": 3_015 / 6,
        "intercom": 30.0,
        "meta": 115 / 4.5,
    }
    presets = (BENCHKIT, ZENDESK, CHATWOOT, SPROUT, INTERCOM, META)
    shown = {preset.name: figures(preset, month, SHOWN)[None] for preset in presets}
    assert shown == pytest.approx(expected)
    assert figures(META, month, IN_A_DAY)[None] == 5 / 8
    assert figures(BENCHKIT, month, IN_A_DAY)[None] == 5 / 8  # e came after 48 h


REASSIGNED = ("C0 Skim2 Spat5 Aleo12 C20 Skim25 Aleo40",)
"""Leo wrote both replies, after 12 and 20; at the first the ticket was Pat's, at the second Kim's."""


@pytest.mark.parametrize(
    ("preset", "metric", "expected"),
    [
        (ZENDESK, SHOWN, {"pat": 12}),  # the assignee, and first replies alone
        (CHATWOOT, FIRST, {"leo": 12}),  # who replied
        (CHATWOOT, SHOWN, {"kim": 20}),  # later replies: the assignee at that moment
        (SPROUT, SHOWN, {"leo": 16}),  # each one's own replies, first and later
        (INTERCOM, SHOWN, {"leo": 12}),
        (META, SHOWN, {"leo": 28 / 1.8}),  # 12, and 0.8 of 20
        (BENCHKIT, reply_time("mean"), {"leo": 16}),
    ],
)
def test_who_is_credited(preset: Definition, metric: Metric, expected: dict[str, float]) -> None:
    named = {f"Example/{agent}": value for agent, value in expected.items()}
    assert figures(preset, REASSIGNED, metric, by="agent") == pytest.approx(named)


def test_what_is_nobodys_is_credited_to_nobody() -> None:
    """Chatwoot: Leo's later reply came while the conversation was assigned to nobody."""
    assert figures(CHATWOOT, ("C0 Aleo12 C20 Aleo40",), SHOWN, by="agent") == {None: 20}


AT_THE_TURN = (f"C{THE_31ST_23H} A{THE_1ST_1H}",)
AFTER_A_FIRST_REPLY = (f"C0 A5 {AT_THE_TURN[0]}",)


@pytest.mark.parametrize(
    ("preset", "timelines", "month"),
    [
        (SPROUT, AT_THE_TURN, "2026-04"),  # the day of the reply
        (CHATWOOT, AFTER_A_FIRST_REPLY, "2026-04"),
        (INTERCOM, AT_THE_TURN, "2026-03"),  # the start of the conversation
        (ZENDESK, AT_THE_TURN, "2026-03"),
        (META, AT_THE_TURN, "2026-03"),
        (BENCHKIT, AT_THE_TURN, "2026-03"),
    ],
)
def test_a_message_of_31_march_answered_on_1_april(
    preset: Definition, timelines: tuple[str, ...], month: str
) -> None:
    assert figures(preset, timelines, SHOWN, month=month) == {None: 120}
    other = "2026-03" if month == "2026-04" else "2026-04"
    if timelines == AT_THE_TURN:
        with pytest.raises(BenchkitError, match=f"no waits in {other}"):
            figures(preset, timelines, SHOWN, month=other)
    else:
        assert figures(preset, timelines, SHOWN, month=other) == {}


def test_the_month_of_a_reply_is_the_brands() -> None:
    """At 23:30 UTC on 31 March it is April in Berlin, where the reply therefore counts."""
    data = from_timelines(f"C{THE_31ST_23H} A{THE_31ST_23H + 30}", days=60)
    in_berlin = replace(data, time_zones={"Example": "Europe/Berlin"})
    assert find_waits(in_berlin, definition=SPROUT).months() == ["2026-04"]


@pytest.mark.parametrize("preset", [ZENDESK, CHATWOOT, SPROUT, INTERCOM])
def test_no_rate_where_a_product_leaves_out_what_nobody_answered(preset: Definition) -> None:
    waits = find_waits(from_timelines("C0 A10 C20 A25", "C0"), definition=preset)
    row = measure(waits, metrics=IN_A_DAY, min_waits=0).select(pl.col("status"), "estimate", "method").row(0)
    assert row == ("refused", None, preset.only_answered)
    assert preset.name in preset.only_answered
