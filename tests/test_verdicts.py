"""What comparisons say in words: true to the frame, escaped, and silent where there is nothing."""

from __future__ import annotations

import re
from html import unescape

import polars as pl
import pytest

from benchkit import Waits, find_waits, measure_months, synthesize, verdicts
from benchkit.comparisons import (
    changes,
    compare,
    control_chart,
    expected_time,
    promises,
)
from benchkit.html import Html
from benchkit.published import expectations

MONTH = "2026-10"
CHANGE = {
    "metric": "answered_within_1h",
    "before": "2026-09",
    "estimate": -0.012,
    "lower": -0.04,
    "upper": 0.016,
    "mix": 0.001,
    "rate": -0.013,
    "status": "final",
    "method": "from both months' intervals; mix of channel",
}


@pytest.fixture(scope="module")
def own() -> Waits:
    return find_waits(synthesize()).only("Mumblecell").collect()


def text(html: Html) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html.html)).split())


@pytest.mark.parametrize(
    ("lower", "upper", "metric", "said"),
    [
        (
            -0.04,
            0.016,
            "answered_within_1h",
            "no evidence of a change −1.2 points, interval −4.0 to +1.6 points",
        ),
        (0.001, 0.02, "answered_within_1h", "rose −1.2 points"),
        (-0.03, -0.001, "answered_within_1h", "fell −1.2 points"),
        (1.0, 900.0, "first_reply_seconds_median", "longer −0 s"),
        (-900.0, None, "first_reply_seconds_median", "no evidence of a change"),
    ],
)
def test_a_change_is_one_only_with_evidence(lower: float, upper: float, metric: str, said: str) -> None:
    told = verdicts.changes(pl.DataFrame([CHANGE | {"lower": lower, "upper": upper, "metric": metric}]))
    assert said.replace("−0 s", "") in text(told)


def test_what_is_mix_and_what_is_service(own: Waits) -> None:
    said = text(verdicts.changes(pl.DataFrame([CHANGE])))
    assert "mix +0.1, service −1.3" in said
    assert "the mix of messages changed, by channel" in said
    nothing = changes(own, measure_months(own, month="2024-10"), month="2024-10")
    assert text(verdicts.changes(nothing)).startswith("There are no figures of the month before")


def test_a_promise_is_what_the_bound_says(own: Waits) -> None:
    kept = promises(own, month=MONTH, target="80% in 1h")
    day = kept.filter(seconds=86_400).to_dicts()[0]
    said = text(verdicts.promises(promises(own, month=MONTH)))
    assert f"at least {day['assured']:.0%} of the customers who wait for a reply get one" in said
    assert "within 24 h.”" in said
    of_target = text(verdicts.promises(kept))
    assert "The target, 80% within 1 h, was kept in 0 of 52 weeks." in of_target
    assert "get one from a person within 1 h.”" in of_target
    few = verdicts.promises(promises(own, month=MONTH, weeks=9))
    assert text(few) == "Too few whole weeks to say what could be promised."


def test_expected_time_says_both_bounds(own: Waits) -> None:
    met = expected_time(own, expectations(), month=MONTH)
    said = text(verdicts.expected_time(met))
    for row in met.to_dicts():
        lower, upper = (f"{100 * row[name]:.1f}%" for name in ("bound_lower", "bound_upper"))
        assert f"between {lower} and {upper} of customers were answered within the time they expect" in said
        assert f"literal reading {upper}" in said
    refused = expected_time(own, expectations(), month=MONTH, by="agent")
    assert "belongs to no agent" in text(verdicts.expected_time(refused))


def test_agents_are_told_of_without_a_league_table(own: Waits) -> None:
    units = compare(own, month=MONTH, by="agent", within="brand").units
    told = verdicts.side_by_side(units)
    shown = units.filter(pl.col("adjusted").is_not_null()).sort("n_replied", descending=True)
    rows = re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', told.html)
    assert rows == shown["agent"].to_list()
    n_left_out = units.filter(pl.col("agent").is_not_null()).height - shown.height
    assert f"Not compared, with too few waits: {n_left_out}" in text(told)
    for ratio in shown["ratio"]:
        assert f"{ratio:.2f}×" in told.html


def test_names_are_escaped(own: Waits) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    units = compare(own, month=MONTH, by="agent").units
    named = units.with_columns(
        pl.when(pl.col("n_replied") > 90).then(pl.lit(hostile)).otherwise("agent").alias("agent")
    )
    assert hostile not in verdicts.side_by_side(named).html
    assert "&lt;img" in verdicts.side_by_side(named).html


def test_nobody_to_compare_with_is_said(own: Waits) -> None:
    assert "too few with enough waits" in text(verdicts.side_by_side(compare(own, month=MONTH).units))


def test_a_chart_of_weeks_says_which_rule(own: Waits) -> None:
    rules = set(control_chart(own, month=MONTH)["rule"])
    assert rules <= {"", "beyond three sigma", "eight on one side"}
