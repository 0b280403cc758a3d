"""Opening hours of waits, worked by hand: a desk open Monday to Friday, 9 to 17 UTC."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from benchkit import (
    Calendar,
    Calendars,
    Dataset,
    Definition,
    expectation_curve,
    expectations,
    find_waits,
    measure,
    pseudonymise,
    synthesize,
)
from benchkit.comparisons import both_clocks
from benchkit.definitions import BENCHKIT, CHATWOOT, SPROUT, ZENDESK
from benchkit.errors import BenchkitError
from benchkit.metrics import in_opening_hours
from benchkit.reply_times import reply_time
from benchkit.sources.timelines import START, from_timelines
from benchkit.statements import remarks
from benchkit.tables import headline

DESK = Calendar("UTC", {"mon-fri": "09:00-17:00"})
DAY, HOUR = 24 * 60, 60
FRIDAY_16H, MONDAY_10H = 4 * DAY + 16 * HOUR, 7 * DAY + 10 * HOUR
MEAN = reply_time("mean")


def minutes(*timelines: str, definition: Definition = BENCHKIT, days: float = 30) -> list[float | None]:
    waits = find_waits(from_timelines(*timelines, days=days).open_in(DESK), definition=definition)
    seconds = waits.frame.select("business_seconds").collect().to_series()
    return [None if value is None else value / 60 for value in seconds]


def figure(data: Dataset, metric: str, definition: Definition = BENCHKIT) -> float | None:
    waits = find_waits(data, definition=definition)
    value = measure(waits, metrics=metric, min_waits=0)["estimate"].item()
    return None if value is None else float(value)


def test_closed_time_is_taken_off() -> None:
    assert minutes(f"C{FRIDAY_16H} A{MONDAY_10H}") == [120]  # an hour of Friday, an hour of Monday
    assert minutes(f"C{8 * HOUR} A{9 * HOUR + 30}") == [30]  # written an hour before the desk opened
    assert minutes(f"C{5 * DAY} A{6 * DAY}") == [0]  # Saturday to Sunday: no time at all, and not unknown
    assert minutes(f"C{10 * HOUR} A{10 * HOUR + 7}") == [7]


def test_an_open_wait_is_as_old_as_the_desk_was_open() -> None:
    at_monday_noon = 7 + 12 / 24
    assert minutes(f"C{FRIDAY_16H}", days=at_monday_noon) == [4 * HOUR]


def test_times_and_their_twins() -> None:
    data = from_timelines(f"C{FRIDAY_16H} A{MONDAY_10H}", f"C{10 * HOUR} A{11 * HOUR}").open_in(DESK)
    assert figure(data, "reply_seconds_mean") == (66 + 1) / 2 * 3_600
    assert figure(data, "reply_business_seconds_mean") == (2 + 1) / 2 * 3_600
    assert figure(data, "answered_within_1h") == 0.5
    assert figure(data, "answered_within_1h_in_opening_hours") == 0.5
    assert figure(data, "reply_time_in_opening_hours") == pytest.approx(3 / 67)


def test_the_queue_in_opening_hours() -> None:
    """Assigned on Saturday, answered on Monday at 10: an hour in the queue, another in hand."""
    data = from_timelines(f"C{FRIDAY_16H} S{5 * DAY} A{MONDAY_10H}").open_in(DESK)
    assert figure(data, "queue_business_seconds_median") == 3_600
    assert figure(data, "handling_business_seconds_median") == 3_600


def test_a_definition_in_opening_hours_measures_everything_so() -> None:
    data = from_timelines(f"C{FRIDAY_16H} A{MONDAY_10H}", f"C{10 * HOUR} A{13 * HOUR}").open_in(DESK)
    ours = replace(BENCHKIT, name="ours", clock="opening hours")
    assert figure(data, "reply_seconds_mean", ours) == 2.5 * 3_600
    assert figure(data, "answered_within_1h", ours) == 0.0
    with pytest.raises(BenchkitError, match="no opening hours are known in timelines; give a calendar"):
        measure(find_waits(from_timelines("C0 A1"), definition=ours))


def test_sprout_sorts_by_when_the_reply_was_sent() -> None:
    """A reply at 10 counts in full, although it was waited for since 8; one at 18 is off hours."""
    data = from_timelines(f"C{8 * HOUR} A{10 * HOUR}", f"C{16 * HOUR} A{18 * HOUR}").open_in(DESK)
    assert figure(data, "reply_business_seconds_mean", SPROUT) == 2 * 3_600
    business = replace(SPROUT, name="sprout in business hours", clock="opening hours")
    found = measure(find_waits(data, definition=business), metrics=MEAN, min_waits=0)
    assert found.select("estimate", "n").row(0) == (7_200.0, 1)


def test_by_the_start_unanswered_waits_count_too() -> None:
    data = from_timelines(f"C{8 * HOUR} A{10 * HOUR}", f"C{16 * HOUR} A{18 * HOUR}", f"C{10 * HOUR}")
    ours = replace(BENCHKIT, name="ours", opening_hours="by the start", clock="opening hours")
    assert figure(data.open_in(DESK), "answered_within_24h", ours) == 0.5
    assert figure(data.open_in(DESK), "waits", ours) == 2


def test_chatwoot_has_0_seconds_where_no_hours_are_set() -> None:
    """Of two later replies of an hour each, that of the inbox without hours is 0, and halves the mean."""
    timeline = f"C{10 * HOUR} A{10 * HOUR + 1} C{11 * HOUR} A{12 * HOUR}"
    without = from_timelines(timeline)
    assert figure(without, "reply_business_seconds_mean", CHATWOOT) == 0
    assert figure(without, "reply_seconds_mean", CHATWOOT) == 3_600
    inboxes = [
        from_timelines(timeline, channel=channel).messages.with_columns(
            pl.concat_str(pl.lit(channel), name).alias(name) for name in ("message_id", "conversation_id")
        )
        for channel in ("chat", "email")
    ]
    both = Dataset.from_messages(
        pl.concat(inboxes).collect(), about=without.about, as_of=START + timedelta(days=30)
    )
    both = both.open_in(Calendars(by="channel", of={"chat": DESK}))
    assert figure(both, "reply_business_seconds_mean", CHATWOOT) == 1_800
    later_in_zendesk = replace(ZENDESK, name="later replies", counted="later")
    assert figure(both, "reply_business_seconds_mean", later_in_zendesk) == 3_600


def test_without_hours_twins_are_left_out_unless_asked_for() -> None:
    waits = find_waits(from_timelines("C0 A10"))
    assert not measure(waits, min_waits=0)["metric"].str.contains("business").any()
    asked = measure(waits, metrics=in_opening_hours(MEAN), min_waits=0)
    assert asked.select("status", "method").row(0) == (
        "refused",
        "no opening hours are known; give a calendar",
    )


def test_a_calendar_names_a_brand_that_is_there_and_its_time_zone() -> None:
    data = from_timelines("C0 A10", brand="Acme")
    berlin = Calendar("Europe/Berlin", {"mon-fri": "09:00-17:00"})
    assert data.open_in(Calendars(of={"Acme": berlin})).time_zones == {"Acme": "Europe/Berlin"}
    with pytest.raises(BenchkitError, match="no brand 'Acne' in timelines; did you mean 'Acme'"):
        data.open_in(Calendars(of={"Acne": berlin}))


def test_hours_of_others_are_not_told() -> None:
    waits = find_waits(from_timelines("C0 Akim10", "C0 Apat20", brand="Acme"))
    theirs = Calendars(by="agent", of={"Acme/kim": DESK, "Acme/pat": DESK})
    lettered = pseudonymise(replace(waits, calendars=theirs))
    assert lettered.calendars is not None
    assert sorted(lettered.calendars.of) == ["Agent A", "Agent B"]
    own = lettered.beside("Agent A", month="2026-03").calendars
    assert own is not None
    assert list(own.of) == ["Agent A"]


def of_two_brands() -> Dataset:
    """A customer of each of two brands, answered by its Kim."""
    data = [from_timelines("C0 Akim10", brand=brand).messages.collect() for brand in ("Acme", "Bolt")]
    ids = (pl.concat_str("brand", name).alias(name) for name in ("message_id", "conversation_id"))
    return replace(from_timelines("C0"), messages=pl.concat(data).with_columns(ids).lazy(), events=None)


def test_hours_of_other_brands_are_not_told_with_ones_own() -> None:
    before = replace(BENCHKIT, name="before", bots="answer")
    dated = replace(BENCHKIT, name="dated", valid_from=date(2026, 3, 5), before=before)
    both = of_two_brands()
    for by, names in {"brand": ("Acme", "Bolt"), "agent": ("Acme/kim", "Bolt/kim")}.items():
        waits = find_waits(both.open_in(Calendars(by=by, of=dict.fromkeys(names, DESK))), definition=dated)
        own = waits.only("Acme")
        assert own.before is not None
        for found in (own, own.before):
            assert found.calendars is not None
            assert list(found.calendars.of) == [names[0]]


def test_a_brand_alone_has_no_hours_of_others() -> None:
    data = of_two_brands().open_in(Calendars(of={"Acme": DESK}))
    own = data.only("Acme").calendars
    assert own is not None
    assert list(own.of) == ["Acme"]
    assert data.only("Bolt").calendars is None
    assert not find_waits(data.only("Bolt")).has_opening_hours


def test_agents_who_are_called_alike_at_two_brands_keep_their_hours() -> None:
    both = of_two_brands()
    alike = both.messages.with_columns(pl.col("sender_id").str.replace("^(Acme|Bolt)/", ""))
    found = find_waits(replace(both, messages=alike))
    lettered = pseudonymise(replace(found, calendars=Calendars(by="agent", of={"kim": DESK})))
    assert lettered.calendars is not None
    assert sorted(lettered.calendars.of) == ["Agent A", "Agent B"]


def test_both_clocks_are_of_the_same_waits() -> None:
    """Of two channels one has hours: its waits alone are told by both clocks, whatever the definition's."""
    closed = from_timelines(f"C{FRIDAY_16H} A{MONDAY_10H}", f"C{10 * HOUR} A{11 * HOUR}", channel="chat")
    other = closed.messages.with_columns(
        pl.lit("mail").cast(pl.Categorical()).alias("channel"),
        *(pl.concat_str(pl.lit("b"), name).alias(name) for name in ("message_id", "conversation_id")),
    )
    data = Dataset.from_messages(
        pl.concat([closed.messages, other]).collect(),
        about=closed.about,
        as_of=START + timedelta(days=30),
        calendars=Calendars(by="channel", of={"chat": DESK}),
    )
    for rules in (BENCHKIT, replace(BENCHKIT, name="ours", clock="opening hours")):
        told = both_clocks(find_waits(data, definition=rules), month="2026-03", min_waits=0)
        told = told.filter(
            pl.col("metric").str.ends_with("seconds_mean"), ~pl.col("metric").str.contains("first|next")
        )
        assert told.select("metric", "estimate", "n").rows() == [
            ("reply_seconds_mean", 33.5 * 3_600, 2),
            ("reply_business_seconds_mean", 1.5 * 3_600, 2),
        ]
    assert both_clocks(find_waits(from_timelines("C0 A1")), month="2026-03").is_empty()


def test_a_clock_that_tells_of_too_few_brands_tells_nothing() -> None:
    """Of seven brands of an industry one has hours: what is told in opening hours would be its own."""
    data = synthesize(messages=20_000)
    brand = data.brands()[0]
    waits = find_waits(data.open_in(Calendars(of={brand: DESK})))
    by_industry = measure(pseudonymise(waits), month="2026-10", by="industry", min_waits=0)
    is_twin = pl.col("metric").str.contains("business|opening_hours")
    assert set(by_industry.filter(is_twin)["status"]) == {"withheld"}
    assert by_industry.filter(is_twin)["n"].null_count() == by_industry.filter(is_twin).height
    assert "final" in set(by_industry.filter(metric="answered_within_24h")["status"])


def test_figures_in_opening_hours_are_not_set_beside_what_customers_expect() -> None:
    data = synthesize(messages=20_000).open_in(DESK)
    for rules, beside in ((BENCHKIT, True), (replace(BENCHKIT, name="ours", clock="opening hours"), False)):
        waits = find_waits(data, definition=rules)
        html = headline(measure(waits, month="2026-10"), expected=expectations()).html
        assert ("Customers who expect it" in html) is beside
        assert ("are in opening hours" in getattr(remarks(waits, month="2026-10"), "html", "")) is not beside
    curves = [
        expectation_curve(find_waits(data, definition=rules), month="2026-10", by=None).drop("definition")
        for rules in (BENCHKIT, replace(BENCHKIT, name="ours", clock="opening hours"))
    ]
    assert curves[0].equals(curves[1])
