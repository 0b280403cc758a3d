from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, nbinom

from benchkit.auditing.gaps import empty_runs, log_chance_of
from tests.audit_data import found, plain, serious, without

sent_on = pl.col("sent_at").dt.date()
IS_AGENT = pl.col("sender") == "agent"
OF_ACME, OF_BOLT = (pl.col("brand") == name for name in ("Acme", "Bolt"))
ON_FACEBOOK = OF_ACME & (pl.col("channel") == "facebook")


def test_days_without_messages_of_a_brand() -> None:
    lost = sent_on.is_between(date(2026, 8, 4), date(2026, 8, 6))
    (row,) = found(without(OF_ACME & lost), "days without messages")
    assert (row["brand"], row["channel"], row["count"]) == ("Acme", None, 3)
    assert "from 2026-08-04 to 2026-08-06" in row["sentence"]
    assert row["severity"] == "warning"
    assert serious(without(OF_ACME & lost & (pl.col("sender") == "customer"))) == ["days without messages"]


def test_a_channel_that_ends_and_is_out_in_between() -> None:
    out = sent_on.is_between(date(2026, 7, 6), date(2026, 7, 19)) | (sent_on >= date(2026, 10, 2))
    (row,) = found(without(ON_FACEBOOK & out), "days without messages")
    assert (row["brand"], row["channel"], row["count"]) == ("Acme", "facebook", 14 + 29)
    assert "since 2026-10-02, and in 1 more runs of days" in row["sentence"]


def test_days_without_any_brand_are_told_of_each() -> None:
    lost = sent_on.is_between(date(2026, 9, 16), date(2026, 9, 17))
    rows = found(without(lost), "days without messages")
    assert {(row["brand"], row["channel"], row["count"]) for row in rows} == {
        ("Acme", None, 2),
        ("Bolt", None, 2),
    }


def test_the_quiet_time_before_a_brand_is_known_and_quiet_brands_pass() -> None:
    late = OF_BOLT & (sent_on < date(2026, 8, 20)) & (sent_on != date(2026, 6, 1))
    assert not found(without(late), "days without messages")
    rare = OF_BOLT & (pl.col("conversation_id").hash(seed=1) % 60 != 0)
    assert not found(without(rare), "days without messages")


def test_empty_runs_are_those_that_the_negative_binomial_says() -> None:
    rng = np.random.default_rng(4)
    usual = np.full(200, 20.0)
    n = rng.negative_binomial(4, 4 / (4 + usual)).astype(float)
    n[n == 0] = 1
    n[[50, 51, 120]] = 0
    told = n > 0
    size = np.clip((usual[told] ** 2).sum() / ((n - usual) ** 2 - n)[told].sum(), 1, 10)
    assert 2 < size < 8
    one, two = (days * nbinom.logpmf(0, size, size / (size + 20)) for days in (1, 2))
    assert empty_runs(n, usual, one + 0.01) == [(50, 52), (120, 121)]
    assert empty_runs(n, usual, two + 0.01) == [(50, 52)]
    assert empty_runs(n, usual, two - 0.01) == []


def test_weeks_without_replies() -> None:
    began = pl.col("sent_at").min().over("conversation_id")
    five_weeks = began.dt.truncate("1w").dt.date().is_between(date(2026, 7, 6), date(2026, 8, 3))
    data = without(ON_FACEBOOK & five_weeks & IS_AGENT)
    (row,) = found(data, "weeks without replies")
    first = plain().messages.filter(ON_FACEBOOK & five_weeks & (pl.col("sent_at") == began))
    assert (row["brand"], row["channel"], row["severity"]) == ("Acme", "facebook", "error")
    assert row["count"] == pytest.approx(first.collect().height, abs=12)  # and a few later waits
    assert "from the week of 2026-07-06 to that of 2026-08-03" in row["sentence"]


def test_channels_without_replies() -> None:
    data = without(ON_FACEBOOK & IS_AGENT)
    (row,) = found(data, "channels without replies")
    conversations = data.messages.filter(ON_FACEBOOK).select(pl.col("conversation_id").n_unique()).collect()
    assert (row["brand"], row["channel"], row["severity"]) == ("Acme", "facebook", "error")
    assert row["count"] >= conversations.item()
    assert "0% were answered" in row["sentence"]


def test_a_brand_that_never_answers_has_no_channel_that_stands_out() -> None:
    assert "channels without replies" not in serious(without(OF_ACME & IS_AGENT))
    assert "weeks without replies" not in serious(without(OF_ACME & IS_AGENT))


def test_few_replies_fewer_are_no_finding() -> None:
    kept = pl.col("conversation_id").hash(seed=2) % 2 == 0
    assert serious(without(ON_FACEBOOK & IS_AGENT & kept)) == []


def test_the_chance_of_a_fall_is_that_of_the_likelihood_ratio() -> None:
    n, answered = np.array([40.0, 40, 40, 40, 50]), np.array([20.0, 20, 20, 20, 8])
    log_chance = log_chance_of(np.arange(5) == 4, n, answered)
    table = [[80, 80], [8, 42]]
    ratio = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert log_chance == pytest.approx(-ratio / 2)


def test_weeks_that_vary_more_make_a_fall_less_certain() -> None:
    n, inside = np.full(9, 100.0), np.arange(9) == 8
    evenly, wildly = np.array([50.0] * 8 + [5]), np.array([80.0, 20] * 4 + [5])
    assert log_chance_of(inside, n, evenly) < 10 * log_chance_of(inside, n, wildly)
    assert log_chance_of(inside, n, np.array([0.0] * 8 + [5])) == 0.0
