from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import benchkit as bk
from benchkit.auditing.clocks import shift
from tests.audit_data import changed, count, found, plain, serious

IS_AGENT = pl.col("sender") == "agent"
IS_CUSTOMER = pl.col("sender") == "customer"
ON_X = (pl.col("brand") == "Acme") & (pl.col("channel") == "x")
ON_FACEBOOK = (pl.col("brand") == "Acme") & (pl.col("channel") == "facebook")
DAY = np.repeat([0.3, 0.2, 1.0, 1.6, 1.4, 1.3, 1.7, 0.8], 3)


def shifted(hours: int, where: pl.Expr) -> bk.Dataset:
    later = pl.when(where).then(pl.col("sent_at") + pl.duration(hours=hours)).otherwise("sent_at")
    return changed(later.alias("sent_at"), events=None, as_of=plain().as_of)


def test_customers_who_write_at_night() -> None:
    data = shifted(-12, ON_X)
    (row,) = found(data, "customers who write at night")
    at_night = pl.col("sent_at").dt.hour().is_between(1, 5)
    assert (row["brand"], row["channel"]) == ("Acme", "x")
    assert (row["count"], row["of"]) == (
        count(ON_X & IS_CUSTOMER & at_night, data),
        count(ON_X & IS_CUSTOMER),
    )
    assert "as no time zone is named" in row["sentence"]
    assert row["severity"] == "warning"


def test_a_time_zone_that_makes_it_day_ends_the_suspicion() -> None:
    data = shifted(-12, pl.lit(True))
    assert {row["brand"] for row in found(data, "customers who write at night")} == {"Acme", "Bolt"}
    named = replace(data, time_zones={"Acme": "Pacific/Auckland"})
    assert {row["brand"] for row in found(named, "customers who write at night")} == {"Bolt"}


def test_a_round_the_clock_crowd_is_no_suspicion() -> None:
    evenly = pl.col("sent_at").dt.truncate("1d") + pl.duration(
        seconds=pl.int_range(pl.len()) * 7_919 % 86_400
    )
    assert not found(changed(evenly.alias("sent_at"), events=None), "customers who write at night")


@pytest.mark.parametrize("hours", [-9, -5, 4, 6])
def test_a_shifted_channel_is_told_with_its_hours(hours: int) -> None:
    (row,) = found(shifted(hours, ON_FACEBOOK), "channels shifted by hours")
    assert (row["brand"], row["channel"]) == ("Acme", "facebook")
    assert f"runs {abs(hours)} h {'later' if hours > 0 else 'earlier'} than" in row["sentence"]
    assert row["count"] == count(ON_FACEBOOK & IS_CUSTOMER)


def test_if_the_largest_channel_is_shifted_all_others_differ_from_it() -> None:
    rows = found(shifted(6, ON_X), "channels shifted by hours")
    assert {row["channel"] for row in rows} == {"facebook", "instagram", "direct message"}
    assert all("6 h earlier" in row["sentence"] for row in rows)


def draws(rng: np.random.Generator, profile: np.ndarray, *, per_day: float, days: int = 60) -> np.ndarray:
    rate = per_day * rng.gamma(2, 0.5, days)[:, None] * profile / profile.sum()
    return rng.poisson(rate).astype(float)


def test_no_shift_is_certain_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    for profile in (DAY, np.ones(24)):
        for per_day in (2, 5, 20, 200):
            for _ in range(60):
                one, other = (draws(rng, profile, per_day=per_day) for _ in range(2))
                assert not shift(one, other.sum(axis=0)).is_certain


def test_a_day_of_another_shape_is_no_shift() -> None:
    rng = np.random.default_rng(2)
    evening = DAY * np.where(np.arange(24) >= 18, 3.0, 1.0)
    office = DAY * np.where((np.arange(24) >= 9) & (np.arange(24) < 17), 4.0, 1.0)
    for shape in (evening, office):
        found_one = shift(draws(rng, shape, per_day=300), draws(rng, DAY, per_day=300).sum(axis=0))
        assert not found_one.is_certain


@pytest.mark.parametrize("hours", [-11, -3, 2, 7, 12])
def test_the_shift_is_found_by_trying_all_as_well(hours: int) -> None:
    rng = np.random.default_rng(3)
    days, reference = (
        np.roll(draws(rng, DAY, per_day=80), hours, axis=1),
        draws(rng, DAY, per_day=80).sum(axis=0),
    )
    told = shift(days, reference)
    correlations = [np.corrcoef(days.sum(axis=0), np.roll(reference, lag))[0, 1] for lag in range(24)]
    assert told.hours % 24 == int(np.argmax(correlations)) == hours % 24
    assert told.correlation == pytest.approx(max(correlations))
    assert told.is_certain


def test_answers_outside_opening_hours() -> None:
    desk = bk.Calendar("Europe/Berlin", {"mon-fri": "09:00-17:00"})
    (acme, bolt) = found(plain().open_in(desk), "answers outside opening hours")
    assert (acme["brand"], bolt["brand"]) == ("Acme", "Bolt")
    for row in (acme, bolt):
        local = (
            plain()
            .messages.filter(IS_AGENT & (pl.col("brand") == row["brand"]))
            .select(pl.col("sent_at").dt.convert_time_zone("Europe/Berlin"))
            .collect()["sent_at"]
        )
        outside = [not (9 <= time.hour < 17 and time.weekday() < 5) for time in local]
        assert (row["count"], row["of"]) == (sum(outside), len(outside))


def test_answers_inside_opening_hours_are_no_finding() -> None:
    always = bk.Calendar("UTC", {"mon-sun": "00:00-24:00"})
    assert serious(plain().open_in(always)) == []
    only_bolt = bk.Calendars(of={"Bolt": bk.Calendar("UTC", {"mon": "09:00-10:00"})})
    rows = found(plain().open_in(only_bolt), "answers outside opening hours")
    assert [row["brand"] for row in rows] == ["Bolt"]
