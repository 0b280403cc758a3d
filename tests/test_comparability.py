"""Which figures may stand side by side: every term's rule, and ours on others' terms against plain loops."""

from __future__ import annotations

import math
import re
from dataclasses import fields, replace
from html import unescape
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchkit import CATALOGUE, Waits, find_waits, synthesize, verdicts
from benchkit.comparability import RULES, comparable
from benchkit.comparisons.beside import BESIDE, beside_published
from benchkit.comparisons.on_terms import measure_on
from benchkit.definitions import ZENDESK
from benchkit.errors import BenchkitError
from benchkit.html import Html
from benchkit.peers import MIN_BRANDS
from benchkit.published import COLUMNS, industry_figures, survey_figures, terms_of_row
from benchkit.stats.units import mean_of_units, median_of_units
from benchkit.terms import COMPOSED, NOT_STATED, SETTINGS, Terms, metric_on, terms_of

MONTH = "2026-10"
OURS = Terms(
    metric="response_rate",
    statistic="share",
    clock="calendar",
    horizon_seconds=7 * 86_400,
    unanswered="in",
    needs_reply="all",
    population="brands on social media",
    channel="x, facebook",
    averaged_over="messages",
    year=2026,
)
TIME = replace(OURS, metric="first_reply_time", statistic="median", horizon_seconds=None, unanswered="out")


@pytest.fixture(scope="module")
def waits() -> Waits:
    return find_waits(synthesize()).collect()


@pytest.fixture(scope="module")
def answered(waits: Waits) -> Waits:
    """The same, said to hold only what was answered."""
    return replace(waits, about=replace(waits.about, selection="Only what was answered is here."))


def write(folder: Path, *rows: dict[str, str]) -> Path:
    """A table of one's own: shares of waits within the hour, on our terms but for what is said."""
    stated = dict.fromkeys(COLUMNS, "not stated") | {
        "publisher": "Acme Index",
        "year": "2026",
        "metric": "response_rate",
        "statistic": "share",
        "value": "0.5",
        "unit": "share",
        "clock": "calendar",
        "horizon": "1 h",
        "unanswered": "in",
        "needs_reply": "all",
        "averaged_over": "messages",
        "population": "brands on social media",
        "channel": "social media",
        "selection": "none",
        "status": "seen on the publisher's page",
    }
    path = folder / "mine.csv"
    pl.DataFrame([stated | row for row in rows]).write_csv(path)
    return path


def published(**where: Any) -> Terms:
    return terms_of_row(industry_figures().filter(**where).row(0, named=True))


def month_rows(waits: Waits, *, needed_only: bool) -> list[dict[str, Any]]:
    in_month = pl.col("started_at").dt.strftime("%Y-%m") == MONTH
    rows = waits.frame.filter(in_month).collect().to_dicts()
    return [row for row in rows if row["needs_reply"] or not needed_only]


def text(html: Html) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html.html)).split())


def test_every_term_has_a_rule_and_the_same_terms_are_comparable() -> None:
    assert set(RULES) == {field.name for field in fields(Terms)}
    for terms in (OURS, TIME):
        assert comparable(terms, terms).answer == "yes"
        assert comparable(terms, terms).caveats == ()


@pytest.mark.parametrize(
    ("theirs", "caveat"),
    [
        ({"clock": NOT_STATED}, "Whether closed hours count is not stated; ours is in calendar time."),
        ({"averaged_over": NOT_STATED}, "Over what it is averaged is not stated; ours is over messages."),
        ({"unanswered": NOT_STATED}, "Whether unanswered messages count is not stated; ours leaves out "
         "messages that nobody answered."),
        ({"needs_reply": NOT_STATED}, "Of which messages it is is not stated; ours is of all messages."),
        ({"statistic": NOT_STATED}, "Whether it is a mean or a median is not stated; ours is a median."),
        ({"population": "banks"}, "It is of banks, ours of brands on social media."),
        ({"population": NOT_STATED}, "Of whom it is is not stated; ours is of brands on social media."),
        ({"channel": "help-desk tickets"}, "It is of help-desk tickets, ours of x, facebook."),
        ({"channel": NOT_STATED}, "Of which channels it is is not stated; ours is of x, facebook."),
        ({"year": 2015}, "It is of 2015, ours of 2026."),
        ({"selection": "large companies"}, "It is of large companies only."),
    ],
)  # fmt: skip
def test_what_is_not_stated_or_of_others_is_a_caveat(theirs: dict[str, Any], caveat: str) -> None:
    verdict = comparable(TIME, replace(TIME, **theirs))
    assert (verdict.answer, verdict.caveats) == ("with caveats", (caveat,))
    assert (verdict.reason, verdict.instead) == ("", None)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason", "instead"),
    [
        (TIME, {"statistic": "mean"}, "It is a mean, ours a median.", "First reply time, mean"),
        (TIME, {"metric": "reply_time"}, "It is of the reply time, ours of the first reply time.",
         "Reply time, median"),
        (TIME, {"clock": "opening hours"}, "It is in opening hours, ours in calendar time.",
         "First reply time, median"),
        (TIME, {"statistic": "median of means", "averaged_over": "brands"},
         "It is a median of means, ours a median. It is averaged over brands, ours over messages.",
         "First reply time, median over brands of their means"),
        (TIME, {"needs_reply": "only"}, "It is only of messages in need of a reply, ours of all messages.",
         "First reply time, median"),
        (OURS, {"horizon_seconds": 259_200}, "It is of replies within 3 d, ours of replies within 7 d.",
         "Response rate within 3 d"),
        (OURS, {"unanswered": "out"}, "It leaves out messages that nobody answered, ours counts messages "
         "that nobody answered.", "Response rate within 7 d, of those answered"),
        (replace(OURS, horizon_seconds=3_600), {"horizon_seconds": None},
         "It is of replies within a time not stated, ours of replies within 1 h.",
         "Response rate within 7 d"),
    ],
)  # fmt: skip
def test_what_is_made_otherwise_is_refused_and_ours_on_their_terms_named(
    ours: Terms, theirs: dict[str, Any], reason: str, instead: str
) -> None:
    other = replace(ours, **theirs)
    verdict = comparable(ours, other)
    assert (verdict.answer, verdict.reason, verdict.caveats) == ("no", reason, ())
    assert verdict.instead is not None
    assert verdict.instead.label == instead
    assert comparable(verdict.instead, other).answer != "no"


@given(st.data())
def test_what_is_named_instead_is_always_comparable_and_measured(data: st.DataObject) -> None:
    def any_terms(of_ours: bool) -> Terms:
        told = {name: data.draw(st.sampled_from(values)) for name, values in SETTINGS.items()}
        horizon_seconds = data.draw(st.sampled_from([None, 3_600, 604_800]))
        if of_ours:
            told |= {"averaged_over": data.draw(st.sampled_from(["messages", "one brand"]))}
        return replace(
            OURS, **told, horizon_seconds=horizon_seconds, selection=data.draw(st.sampled_from(["", "x"]))
        )

    ours, theirs = any_terms(True), any_terms(False)
    ours = replace(
        ours,
        statistic=data.draw(st.sampled_from(["share", "mean", "median"])),
        clock="calendar",
        unanswered=data.draw(st.sampled_from(["in", "out"])),
        needs_reply=data.draw(st.sampled_from(["all", "only"])),
    )
    verdict = comparable(ours, theirs)
    assert (verdict.answer == "no") == bool(verdict.reason)
    assert (verdict.answer == "with caveats") == bool(verdict.caveats)
    for sentence in (*verdict.caveats, *filter(None, [verdict.reason])):
        assert sentence.endswith((".", "x"))
    if verdict.instead is not None:
        assert comparable(verdict.instead, theirs).answer != "no"
        assert metric_on(verdict.instead) is not None


def test_todays_zendesk_benchmark_is_beside_the_median_over_brands_of_their_means() -> None:
    theirs = published(edition="Zendesk Benchmark")
    verdict = comparable(TIME, theirs)
    assert verdict.answer == "no"
    assert verdict.instead == replace(TIME, statistic="median of means", averaged_over="brands")
    assert "It is averaged over accounts, ours over brands." in comparable(verdict.instead, theirs).caveats


def test_the_2018_rows_have_a_caveat_for_their_unit() -> None:
    for row in industry_figures().filter(year=2018).iter_rows(named=True):
        theirs = terms_of_row(row)
        verdict = comparable(replace(TIME, statistic=row["statistic"]), theirs)
        assert verdict.answer == "with caveats"
        assert "Over what it is averaged is not stated; ours is over messages." in verdict.caveats


def test_sprouts_2015_share_is_beside_the_share_within_72_hours() -> None:
    verdict = comparable(OURS, published(year=2015))
    assert verdict.instead == replace(OURS, horizon_seconds=72 * 3_600)


def test_surveys_stand_beside_nothing_of_ours() -> None:
    for row in survey_figures().iter_rows(named=True):
        for ours in (OURS, TIME):
            verdict = comparable(ours, terms_of_row(row))
            assert (verdict.answer, verdict.instead) == ("no", None)
            assert verdict.reason == "It is of the expected reply time, which no data of messages tell."


def test_one_brand_is_held_against_averages_over_brands() -> None:
    one = replace(TIME, statistic="mean", averaged_over="one brand")
    verdict = comparable(one, replace(TIME, statistic="median of means", averaged_over="brands"))
    assert (verdict.answer, verdict.caveats) == ("yes", ())


def test_rates_of_data_selected_on_being_answered_stand_beside_none() -> None:
    selected = "Only threads that were answered were collected."
    for ours, theirs in product((OURS, TIME), industry_figures().iter_rows(named=True)):
        mine = replace(ours, selection=selected)
        verdict = comparable(mine, terms_of_row(theirs))
        if theirs["metric"] == "response_rate":
            assert (verdict.answer, verdict.instead) == ("no", None)
            assert selected in verdict.reason
        else:
            assert verdict.answer != "no" or ours is OURS or verdict.instead is not None


def test_every_estimate_has_terms(waits: Waits) -> None:
    of = {metric.name: terms_of(metric, waits, month=MONTH, target="80% in 1h") for metric in CATALOGUE}
    week = of["answered_within_7d"]
    assert (week.metric, week.statistic, week.horizon_seconds) == ("response_rate", "share", 604_800)
    assert (week.unanswered, week.needs_reply, week.averaged_over) == ("in", "only", "messages")
    assert (week.year, week.selection, week.clock) == (2026, "", "calendar")
    assert of["replied_within_1h"].unanswered == "out"
    assert of["sla_attainment"].horizon_seconds == 3_600
    first = of["first_reply_seconds_p90"]
    assert (first.metric, first.statistic, first.unanswered) == ("first_reply_time", "90th percentile", "out")
    assert (of["reply_seconds_median_all"].statistic, of["reply_seconds_median_all"].unanswered) == (
        "median",
        "in",
    )
    assert of["first_reply_business_seconds_mean"].clock == "opening hours"
    assert of["messages_in"].statistic == "count"
    for name in ("queue_seconds_median", "messages_in", "closed_without_reply"):
        assert comparable(of[name], OURS).reason.startswith("It is of the response rate, ours of the ")


def test_terms_follow_the_definition(waits: Waits) -> None:
    def told(metric: str, **rules: Any) -> Terms:
        return terms_of(metric, replace(waits, definition=replace(waits.definition, **rules)))

    zendesk = replace(waits, definition=ZENDESK)
    assert terms_of("reply_seconds_as_defined", zendesk).label == "First reply time, median"
    assert terms_of("answered_within_7d", zendesk).metric == "response_rate of first messages"
    assert told("reply_seconds_mean", unanswered="cut off", cut_off_seconds=86_400).horizon_seconds == 86_400
    assert told("reply_seconds_mean", no_reply_needed="count").needs_reply == "all"
    assert told("reply_seconds_mean", counted="later").metric == "next_reply_time"
    as_defined = told("reply_seconds_as_defined")
    assert (as_defined.statistic, as_defined.unanswered) == ("median", "in")
    assert terms_of("answered_within_7d", waits.only("Mumblecell")).averaged_over == "one brand"


def test_ours_on_their_terms_are_what_a_plain_loop_gives(waits: Waits) -> None:
    rows = month_rows(waits, needed_only=False)
    found = {
        (row["year"], row["metric"], row["our_industry"]): row
        for row in beside_published(waits, month=MONTH, min_waits=20).to_dicts()
        if row["estimate"] is not None
    }
    within = [row["outcome"] == "replied" and row["wait_seconds"] <= 259_200 for row in rows]
    assert found[2015, "response_rate", None]["estimate"] == pytest.approx(mean(within))

    needed = month_rows(waits, needed_only=True)
    week: dict[str, dict[str, list[bool]]] = {}
    for row in needed:
        is_answered = row["outcome"] == "replied" and row["wait_seconds"] <= 604_800
        week.setdefault(row["industry"], {}).setdefault(row["brand"], []).append(is_answered)
    airlines = [mean(hits) for hits in week["Airlines"].values() if len(hits) >= 20]
    got = found[2013, "response_rate", "Airlines"]
    assert len(airlines) >= MIN_BRANDS
    assert got["estimate"] == pytest.approx(mean(airlines))
    assert got["method"].startswith(f"mean over {len(airlines)} ")
    everyone = [mean(hits) for of in week.values() for hits in of.values() if len(hits) >= 20]
    assert found[2017, "response_rate", None]["estimate"] == pytest.approx(mean(everyone))

    times: dict[str, list[int]] = {}
    for row in rows:
        if row["outcome"] == "replied" and row["is_first"]:
            times.setdefault(row["brand"], []).append(row["wait_seconds"])
    means = [mean(seconds) for seconds in times.values() if len(seconds) >= 20]
    zendesk = found[2026, "first_reply_time", None]
    assert zendesk["estimate"] == pytest.approx(median(means))
    assert zendesk["value"] is None

    replies = [
        row["wait_seconds"] for row in rows if row["outcome"] == "replied" and row["industry"] == "Airlines"
    ]
    assert found[2013, "reply_time", "Airlines"]["estimate"] == pytest.approx(mean(replies))


def test_fewer_brands_than_five_are_not_averaged(waits: Waits) -> None:
    four = waits.frame.select(pl.col("brand").cast(pl.String).unique().sort().head(4)).collect()["brand"]
    few = replace(waits, frame=waits.frame.filter(pl.col("brand").cast(pl.String).is_in(four.implode())))
    over_brands = beside_published(few, month=MONTH).filter(pl.col("ours").str.contains("over brands"))
    assert over_brands.height > 0
    assert over_brands["estimate"].is_null().all()
    assert set(over_brands["status"].drop_nulls()) == {"withheld"}
    assert over_brands["n"].is_null().all()
    said = text(verdicts.published(beside_published(few, month=MONTH)))
    assert "Of ours there is no such figure: fewer than 5 brands with enough waits." in said


def test_one_brand_is_told_by_its_own_figures(waits: Waits) -> None:
    own = waits.only("Mumblecell").collect()
    found = beside_published(own, month=MONTH)
    beside = found.filter(pl.col("estimate").is_not_null())
    assert set(beside["our_industry"]) == {None, "Telecom & cable"}
    needed = month_rows(own, needed_only=True)
    hits = [row["outcome"] == "replied" and row["wait_seconds"] <= 604_800 for row in needed]
    rates = beside.filter(metric="response_rate", statistic="mean of shares")["estimate"]
    assert rates.to_list() == [pytest.approx(mean(hits))] * 2
    said = text(verdicts.published(found, own="Mumblecell"))
    assert "No published within-1-hour figure exists for your industry (Telecom & cable)." in said


def test_what_nobody_published_is_said_until_somebody_does(waits: Waits, tmp_path: Path) -> None:
    def lacking(more: str | Path = "") -> set[str | None]:
        found = beside_published(waits, month=MONTH, more=more)
        return set(found.filter(pl.col("publisher").is_null())["our_industry"])

    mine = write(tmp_path, {"industry": "Banking/Finance"}, {"industry": "Sports"}, {"industry": "All"})
    assert len(lacking()) == 8
    assert lacking() - lacking(mine) == {"Banking & finance", "Sports"}
    unnamed = replace(waits, frame=waits.frame.with_columns(industry=pl.lit(None, pl.Categorical())))
    said = text(verdicts.published(beside_published(unnamed, month=MONTH)))
    assert "No published within-1-hour figure exists. Not shown" in said


def test_a_figure_of_your_own_on_our_terms_stands_without_caveats(waits: Waits, tmp_path: Path) -> None:
    mine = write(tmp_path, {"industry": "Airlines", "needs_reply": "only"}, {"industry": "<b>x</b>"})
    found = beside_published(waits, month=MONTH, more=mine).filter(publisher="Acme Index")
    assert found.schema == BESIDE
    assert found["answer"].to_list() == ["no", "yes"]
    assert found.row(1, named=True)["ours"] == "Response rate within 1 h"
    told = verdicts.published(beside_published(waits, month=MONTH, more=mine))
    assert "<b>x" not in told.html
    assert "&lt;b&gt;x" in told.html


def test_data_of_answered_threads_have_times_and_no_rates_beside_published_ones(answered: Waits) -> None:
    found = beside_published(answered, month=MONTH)
    beside = found.filter(pl.col("estimate").is_not_null())
    assert beside.height > 0
    assert set(beside["unit"]) == {"seconds"}
    rates = found.filter(pl.col("publisher").is_not_null(), metric="response_rate")
    assert set(rates["answer"]) == {"no"}
    said = rates.filter(industry="All")["reason"].to_list()
    assert said == ["Ours says nothing of unanswered messages: Only what was answered is here."] * 2


def test_under_others_definitions_ours_are_made_on_the_published_terms(waits: Waits) -> None:
    def figures(under: Waits) -> dict[tuple[int, str], float]:
        rows = beside_published(under, month=MONTH).drop_nulls("estimate").iter_rows(named=True)
        return {(row["year"], row["metric"]): row["estimate"] for row in rows if not row["our_industry"]}

    rules = {"counted": "first", "unanswered": "left out", "statistic": "median"}
    assert figures(replace(waits, definition=replace(waits.definition, **rules))) == figures(waits)


def test_everything_not_shown_is_listed_with_its_reason_and_status(waits: Waits) -> None:
    found = beside_published(waits, month=MONTH)
    shown, folded = verdicts.published(found).html.split("<details")
    assert "12.5%" in shown
    assert "Sprout Social 2015, All" in shown
    assert "quoted in an article; the original not seen" in shown
    caveats = set(found.filter(pl.col("estimate").is_not_null())["caveats"].explode().drop_nulls())
    assert all(caveat in unescape(shown) for caveat in caveats)
    apart = found.filter(pl.col("publisher").is_not_null(), pl.col("estimate").is_null())
    assert f"{apart.height} published figures" in folded
    assert "Manufacturing, first reply time, mean: 1 d 1 h (Zendesk 2018, second-hand)" in folded
    assert "It is of an industry that these data do not hold." in folded


def test_letters_stand_for_caveats_one_to_one(waits: Waits) -> None:
    found = beside_published(waits, month=MONTH).filter(pl.col("marks").list.len() > 0)
    pairs = found.select(pl.col("marks", "caveats")).explode("marks", "caveats").unique()
    assert pairs["marks"].is_unique().all()
    assert pairs["caveats"].is_unique().all()


def test_opening_hours_that_are_not_known_are_a_sentence(waits: Waits, tmp_path: Path) -> None:
    mine = write(tmp_path, {"industry": "All", "clock": "opening hours"})
    found = beside_published(waits, month=MONTH, more=mine).filter(publisher="Acme Index")
    assert found["reason"].to_list() == ["It is in opening hours, and none are known of ours."]
    terms = terms_of("reply_seconds_mean", waits, month=MONTH)
    with pytest.raises(BenchkitError, match="no opening hours are known"):
        measure_on(waits, [replace(terms, clock="opening hours")], month=MONTH, min_waits=30)


@pytest.mark.parametrize(
    ("k", "rank"), [(6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (20, 6), (50, 18), (100, 40)]
)
def test_limits_of_a_median_are_the_ranks_in_the_tables(k: int, rank: int) -> None:
    # ranks of 95% intervals for a median, as tables of the sign test have them
    found = median_of_units(np.random.default_rng(k).permutation(np.arange(1.0, k + 1)))
    assert (found.lower, found.upper) == (rank, k + 1 - rank)
    assert found.estimate == (k + 1) / 2


@pytest.mark.parametrize("k", [2, 5, 11, 30])
def test_averages_of_units_agree_with_scipy(k: int) -> None:
    values = np.random.default_rng(k).lognormal(size=k)
    found = mean_of_units(values)
    sem = values.std(ddof=1) / math.sqrt(k)
    assert (found.lower, found.upper) == pytest.approx(stats.t.interval(0.95, k - 1, values.mean(), sem))
    middle = median_of_units(values)
    if k > 5:
        exact = stats.quantile_test(values, q=np.median(values), p=0.5).confidence_interval(0.95)
        assert (middle.lower, middle.upper) == pytest.approx(tuple(exact))
    else:
        assert math.isnan(middle.lower)
        assert math.isnan(middle.upper)


def test_medians_of_units_cover() -> None:
    rng = np.random.default_rng(7)
    draws = rng.lognormal(size=(2_000, 15))
    limits = [median_of_units(draw) for draw in draws]
    covered = np.mean([part.lower <= 1.0 <= part.upper for part in limits])
    assert 0.945 <= covered <= 0.985


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [1.0, float("inf")]])
def test_units_without_figures_are_refused(values: list[float]) -> None:
    for average in (mean_of_units, median_of_units):
        with pytest.raises(BenchkitError, match="give at least one"):
            average(values)
    assert math.isnan(mean_of_units([3.0]).lower)


def test_statistics_over_units_are_what_the_csv_may_say() -> None:
    assert set(COMPOSED) <= set(SETTINGS["statistic"])
    assert COMPOSED["median of means"] == ("median", "mean")
