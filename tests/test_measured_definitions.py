"""Figures by each setting of the rules that act in measuring, worked by hand; and what traces say of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import benchkit as bk
from benchkit import reply_estimates as est
from benchkit.definitions import BENCHKIT, CHATWOOT, PRESETS, SPROUT, ZENDESK, Definition
from benchkit.metrics import Metric, replied_within
from benchkit.reply_times import part_of_reply_time, reply_time
from benchkit.sample import REPLIED, Sample
from benchkit.sources.timelines import from_timelines
from benchkit.study import NOT_BY_AGENT

MEAN, MEDIAN, ALL = reply_time("mean"), reply_time("median"), reply_time("median of all")
FASTEST = reply_time("mean of the fastest 90%")
SHOWN = reply_time("as defined")
FIRST, NEXT = reply_time("mean", which="first"), reply_time("mean", which="next")
IN_AN_HOUR = bk.answered_within(hours=1)
ANSWERED: dict[str, Any] = {"unanswered": "left out", "statistic": "median"}
CUT_OFF: dict[str, Any] = {"unanswered": "cut off", "cut_off_seconds": 1_800}
BY_REPLY = ANSWERED | {"month": "reply"}

FIVE_ENDS = ("C0 A10", "C0 A20", "C0 A60", "C0 X30", "C0", "C0 N5")
"""Answered by 10, 20 and 60; closed; never ended; and one marked as needing no reply."""

TWO_REPLIES = ("C0 S4 A10 C20 S29 A50", "C0 A20")
"""Firsts of 10 (4 of it in the queue) and 20, and a later one of 30 (9 of it in the queue)."""


def ruled(**rules: Any) -> Definition:
    return replace(BENCHKIT, name="ours", **rules)


def measured(timelines: tuple[str, ...], rules: dict[str, Any], metric: Metric | str) -> dict[str, Any]:
    waits = bk.find_waits(from_timelines(*timelines), definition=ruled(**rules))
    return bk.measure(waits, metrics=metric, min_waits=0).row(0, named=True)


@pytest.mark.parametrize(
    ("rules", "metric", "expected", "n", "n_replied"),
    [
        ({}, IN_AN_HOUR, 3 / 5, 5, 3),  # needing no reply is counted apart
        ({}, bk.answered_within(minutes=15), 1 / 5, 5, 3),
        ({}, ALL, 60 * 60, 5, 3),  # half of five is reached with the third
        ({}, MEAN, 30 * 60, 5, 3),
        ({}, MEDIAN, 20 * 60, 5, 3),
        ({}, FASTEST, (10 + 20 + 0.7 * 60) / 2.7 * 60, 5, 3),  # 90% of three is 2.7
        ({}, SHOWN, 60 * 60, 5, 3),
        ({"statistic": "mean"}, SHOWN, 30 * 60, 5, 3),
        ({"statistic": "median"}, SHOWN, 20 * 60, 5, 3),
        ({"statistic": "mean of the fastest 90%"}, SHOWN, (10 + 20 + 0.7 * 60) / 2.7 * 60, 5, 3),
        (ANSWERED, SHOWN, 20 * 60, 3, 3),
        (ANSWERED, replied_within(minutes=15), 1 / 3, 3, 3),
        (CUT_OFF, IN_AN_HOUR, 2 / 5, 5, 2),  # 60 is past the cut-off of 30
        (CUT_OFF, replied_within(minutes=15), 1 / 2, 5, 2),
        (CUT_OFF, MEAN, 15 * 60, 5, 2),
        (CUT_OFF, ALL, None, 5, 2),  # two of five are fewer than half
        ({**CUT_OFF, "cut_off_seconds": 3_600}, IN_AN_HOUR, 3 / 5, 5, 3),  # on the second is in time
        ({"closing": "leave out"}, IN_AN_HOUR, 3 / 4, 4, 3),
        ({"closing": "ignore"}, IN_AN_HOUR, 3 / 5, 5, 3),  # closed or open, it was not answered
        ({"no_reply_needed": "count"}, IN_AN_HOUR, 3 / 6, 6, 3),
        ({"no_reply_needed": "count"}, "no_reply_needed", 0, 6, 3),
        ({}, "no_reply_needed", 1, 5, 3),
    ],
)
def test_what_becomes_of_waits_without_a_reply(
    rules: dict[str, Any], metric: Metric | str, expected: float | None, n: int, n_replied: int
) -> None:
    row = measured(FIVE_ENDS, rules, metric)
    assert row["estimate"] == (None if expected is None else pytest.approx(expected))
    assert (row["n"], row["n_replied"]) == (n, n_replied)
    assert row["definition"] == ruled(**rules).label


@pytest.mark.parametrize(
    ("counted", "metric", "minutes"),
    [
        ("every", MEAN, 20),
        ("first", MEAN, 15),
        ("later", MEAN, 30),
        *(("first", NEXT, 30), ("later", FIRST, 15), ("every", FIRST, 15)),
        ("every", part_of_reply_time("queue"), 6.5),  # the median of 4 and 9
        ("first", part_of_reply_time("queue"), 4),
        ("later", part_of_reply_time("queue"), 9),
        ("first", part_of_reply_time("handling"), 6),
        ("later", part_of_reply_time("handling"), 21),
    ],
)
def test_which_waits_count(counted: str, metric: Metric, minutes: float) -> None:
    assert measured(TWO_REPLIES, {"counted": counted}, metric)["estimate"] == minutes * 60


AT_THE_TURN = f"C{29 * 1_440 + 1_430} A{30 * 1_440 + 20}"
"""From 23:50 on 31 March to 0:20 on 1 April."""


@pytest.mark.parametrize(
    ("month", "march", "april"),
    [("start", [10, 30], [60]), ("reply", [10], [30, 60])],
)
def test_whose_month(month: str, march: list[int], april: list[int]) -> None:
    data = from_timelines("C0 A10", AT_THE_TURN, f"C{31 * 1_440} A{31 * 1_440 + 60}", "C0 X2", days=60)
    waits = bk.find_waits(data, definition=ruled(**ANSWERED | {"month": month}))
    for name, times in (("2026-03", march), ("2026-04", april)):
        row = bk.measure(waits, month=name, metrics=MEAN, min_waits=0).row(0, named=True)
        assert (row["estimate"], row["n"]) == (pytest.approx(np.mean(times) * 60), len(times))


@pytest.mark.parametrize("metric", [IN_AN_HOUR, ALL, "closed_without_reply", "awaiting_now"])
def test_no_figure_of_what_is_left_out(metric: Metric | str) -> None:
    row = measured(FIVE_ENDS, ANSWERED, metric)
    assert (row["status"], row["estimate"]) == ("refused", None)
    assert row["method"] == ruled(**ANSWERED).only_answered
    assert row["method"].startswith("The definition ours leaves out what nobody answered")


def test_by_agent_other_rules_do_not_let_in_what_nobody_answered() -> None:
    waits = bk.find_waits(from_timelines(*FIVE_ENDS), definition=ruled(**CUT_OFF))
    row = bk.measure(waits, metrics=IN_AN_HOUR, by="agent", min_waits=0).row(0, named=True)
    assert (row["status"], row["method"]) == ("refused", NOT_BY_AGENT)


TEAM = (
    *("C0 Smia1 Aben10 C20 Aben25 Amia26", "C0 Aben30 X40", "C0 Amia5 C6"),
    AT_THE_TURN.replace("A", "Aben"),
)
"""Ben replies for Mia at 10 and 25; then after 30, and in April after 30; Mia after 5, and then no more."""


@pytest.mark.parametrize(
    ("rules", "agent", "counted", "left_out"),
    [
        ({}, "ben", {"t0m0": 10, "t0m3": 5, "t1m0": 30, "t3m0": 30}, {}),
        (
            {"counted": "first"},
            "ben",
            {"t0m0": 10, "t1m0": 30, "t3m0": 30},
            {"t0m3": "not its conversation's first wait"},
        ),
        (
            {"counted": "later"},
            "ben",
            {"t0m3": 5},
            dict.fromkeys(["t0m0", "t1m0", "t3m0"], "its conversation's first wait"),
        ),
        (
            BY_REPLY,
            "ben",
            {"t0m0": 10, "t0m3": 5, "t1m0": 30},
            {"t3m0": "answered in another month (2026-04)"},
        ),
        (
            ANSWERED,
            "mia",
            {"t2m0": 5},
            {"t2m2": "nobody replied", "t0m5": "ended no wait, the customer was not waiting any more"},
        ),
        (BY_REPLY, "mia", {"t2m0": 5}, {"t2m2": "nobody replied"}),
        (CUT_OFF, "ben", {"t0m0": 10, "t0m3": 5, "t1m0": 30, "t3m0": 30}, {}),
        ({"credit": "assignee"}, "mia", {"t0m0": 10, "t0m3": 5}, {}),
        ({"credit": "replier of the first, assignee of later"}, "mia", {"t0m3": 5, "t2m0": 5}, {}),
        ({"credit": "everyone involved"}, "mia", {"t0m0": 10, "t0m3": 5, "t2m0": 5}, {}),
        ({"credit": "everyone involved"}, "ben", {"t0m0": 10, "t0m3": 5, "t1m0": 30, "t3m0": 30}, {}),
    ],
)
def test_traces_tell_which_waits_and_why(
    rules: dict[str, Any], agent: str, counted: dict[str, int], left_out: dict[str, str]
) -> None:
    waits = bk.find_waits(from_timelines(*TEAM, days=60), definition=ruled(**rules))
    rows = bk.trace(waits, month="2026-03", agent=agent)
    told = rows.filter("counted").select("wait_id", pl.col("wait_seconds") // 60)
    assert dict(told.iter_rows()) == counted
    assert rows.filter("counted")["agent"].unique().to_list() == [f"Example/{agent}"]
    reasons = dict(rows.select(pl.coalesce("wait_id", "reply_message_id"), "rule").iter_rows())
    assert (
        left_out.items() <= {name: rule.removeprefix("left out: ") for name, rule in reasons.items()}.items()
    )
    row = bk.measure(waits, month="2026-03", by="agent", metrics=MEAN, min_waits=0).filter(
        agent=f"Example/{agent}"
    )
    assert row["n"].item() == len(counted)
    assert row["estimate"].item() == pytest.approx(np.mean([*counted.values()]) * 60)


@pytest.fixture(scope="module")
def demo() -> bk.Dataset:
    return bk.synthesize(messages=6_000, months=3)


@pytest.mark.parametrize(
    "definition",
    [
        *PRESETS,
        *(ruled(credit=credit) for credit in ("assignee", "everyone involved")),
        *(ruled(**rules) for rules in (BY_REPLY, CUT_OFF, {"counted": "first"}, {"counted": "later"})),
        ruled(**ANSWERED, clock_starts="assigned"),
    ],
    ids=lambda definition: definition.label,
)
def test_the_rows_counted_are_the_waits_measured(demo: bk.Dataset, definition: Definition) -> None:
    waits = bk.find_waits(demo, definition=definition).collect()
    month = waits.latest_month()
    figures = bk.measure(waits, month=month, by="agent", metrics=["waits", MEAN], min_waits=0)
    some = figures.filter(pl.col("n") > 0)["agent"].unique(maintain_order=True).gather_every(7)
    for agent in some:
        rows = figures.filter(pl.col("agent").eq_missing(agent))
        traced = bk.trace(waits, month=month, agent=agent).filter("counted")
        n, mean = rows["estimate"]
        assert (traced.height, rows["n"].to_list()) == (n, [n, n])
        in_time = traced.filter(~waits.is_late, outcome="replied")
        assert in_time.height == rows["n_replied"].item(0)
        assert mean == (in_time["wait_seconds"].mean() if in_time.height else None)


def alone(seconds: list[int]) -> Sample:
    """Waits of one week, all answered and watched for long."""
    times, zeros = np.asarray(seconds), np.zeros(len(seconds), dtype=np.int64)
    return Sample(
        group=zeros,
        week=zeros,
        seconds=times,
        outcome=np.full(times.size, REPLIED),
        watched_seconds=times + 10**7,
        age_seconds=times + 10**7,
        in_month=np.ones(times.size, dtype=bool),
        n_groups=1,
        n_weeks=1,
        month_over=True,
    )


def mean_of_the_fastest(seconds: list[int], share: float) -> float:
    """Give out `share` of all from the fastest on, a whole one at a time, the last in part."""
    left, total = share * len(seconds), 0.0
    for time in sorted(seconds):
        part = min(left, 1.0)
        total, left = total + part * time, left - part
    return total / (share * len(seconds))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40))
@settings(max_examples=100)
def test_the_fastest_90_percent_are_taken_one_by_one(seconds: list[int]) -> None:
    found = est.trimmed_means_of_replied(alone(seconds), 0.9)
    assert found.estimate.item() == pytest.approx(mean_of_the_fastest(seconds, 0.9), abs=1e-6)


def test_the_interval_of_the_fastest_90_percent_is_about_a_bootstraps() -> None:
    random = np.random.default_rng(5)
    seconds = random.lognormal(8, 1.2, 400).astype(np.int64)
    found = est.trimmed_means_of_replied(alone(seconds.tolist()), 0.9)
    again = np.sort(random.choice(seconds, (4_000, 400)), axis=1)[:, :360].mean(axis=1)
    lower, upper = np.quantile(again, [0.025, 0.975])
    assert (found.upper - found.lower).item() == pytest.approx(upper - lower, rel=0.08)
    assert found.lower.item() == pytest.approx(lower, rel=0.03)


def test_the_quirk_of_chatwoots_count_is_kept() -> None:
    """What a bot cleared is in no figure: neither a wait, nor left out of one."""
    waits = bk.find_waits(from_timelines("C0 A5 C10 B11 A40", "C0 A5 C50 A60"), definition=CHATWOOT)
    assert bk.measure(waits, metrics="waits", min_waits=0)["estimate"].item() == 1
    assert bk.trace(waits)["rule"].to_list().count("left out: its conversation's first wait") == 2


@pytest.mark.parametrize("preset", [ZENDESK, CHATWOOT, SPROUT], ids=lambda preset: preset.name)
def test_what_a_preset_makes_of_the_messages_is_reconciled(preset: Definition) -> None:
    data = from_timelines(
        *("C0 A10 C20 X25 C30 A50", "C0 B2 A12 C40 X60 A100 C110 B120 C130 A200"),
        *("C0 X5 A30 C31 A33", "C0 X3 C9 A40 H60 C61 A99"),
    )
    figures = bk.measure(
        bk.find_waits(data, definition=preset), metrics="reply_seconds_as_defined", min_waits=0
    )
    figure = figures["estimate"].item()
    found = bk.reconcile(data, value=figure, metric=f"{preset.statistic} reply time")
    assert found.matching["estimate"].to_list() == [figure]
