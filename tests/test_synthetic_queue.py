"""Queues: everyone is accounted for, served in turn by people on shift, and the stored truth is true."""

import csv
import math
import re
import runpy
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.finding import find_waits
from benchkit.resources import shipped
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources.synthetic import synthesize
from benchkit.sources.synthetic_brands import BRANDS, Brand
from benchkit.sources.synthetic_desk import NEVER, ROTA, Customers, Roster, Served, serve
from benchkit.sources.synthetic_process import Process
from benchkit.sources.synthetic_queue import (
    PATIENCE_SECONDS,
    QUEUE_BRANDS,
    STORED,
    Attended,
    QueueProcess,
    attend,
    simulate,
)

DAY, HOUR = 86_400, 3_600
BUSY = next(brand for brand in QUEUE_BRANDS if brand.name == "Mumblecell")
SMALL = next(brand for brand in QUEUE_BRANDS if brand.name == "Skålvinge")
START = datetime(2024, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return synthesize(mode="queue")


@pytest.fixture(scope="module")
def waits(data: Dataset) -> pl.DataFrame:
    return find_waits(data).frame.collect()


@pytest.fixture(scope="module")
def replied(waits: pl.DataFrame) -> pl.DataFrame:
    return waits.filter(pl.col("outcome") == "replied")


def drawn(n: int, rounds: int, *, seed: int, every_seconds: float, work_seconds: float) -> Customers:
    """Some customers who come at random and mean to be served at random."""
    rng = np.random.default_rng(seed)
    pause = rng.integers(1, 40, (n, rounds))
    writes_again = rng.random((n, rounds)) < 0.4
    writes_again[:, -1] = False
    wanted = rng.random((n, rounds)) < 0.8
    return Customers(
        started=np.sort(rng.integers(0, int(n * every_seconds), n)),
        urgent=rng.random(n) < 0.3,
        wanted=wanted,
        pause_seconds=np.where(writes_again & wanted, pause, NEVER),
        work_seconds=rng.exponential(work_seconds, (n, rounds)),
    )


def step_by_step(
    customers: Customers,
    roster: Roster,
    day_slowness: NDArray[np.float64],
    patience_seconds: int,
    end_second: int,
) -> Served:
    """The same desk, second by second, looking at everyone each time."""
    n, rounds = customers.wanted.shape
    opened, taken, replied, agent = (np.full((n, rounds), NEVER) for _ in range(4))
    opened[:, 0] = customers.started
    agents = range(len(roster.starts))
    in_hand: list[tuple[int, int] | None] = [None for _ in agents]
    left = [0 for _ in agents]
    free_since = [0 for _ in agents]
    was_on_shift = [False for _ in agents]
    for now in range(end_second + 1):
        on_shift = [
            any(start <= now < start + roster.shift_seconds for start in roster.starts[a]) for a in agents
        ]
        for a in agents:
            if in_hand[a] and was_on_shift[a]:
                left[a] -= 1
                if left[a] == 0:
                    i, k = in_hand[a]
                    replied[i, k], in_hand[a], free_since[a] = now, None, now
                    if customers.pause_seconds[i, k] != NEVER:
                        opened[i, k + 1] = now + customers.pause_seconds[i, k]
            if on_shift[a] and not was_on_shift[a] and not in_hand[a]:
                free_since[a] = now
        was_on_shift = on_shift
        free = sorted((a for a in agents if on_shift[a] and not in_hand[a]), key=lambda a: (free_since[a], a))
        queue = sorted(
            (not customers.urgent[i], opened[i, k], i, k)
            for i, k in zip(*np.nonzero(customers.wanted & (opened != NEVER) & (taken == NEVER)), strict=True)
            if opened[i, k] <= now < opened[i, k] + patience_seconds
        )
        for a, (_, _, i, k) in zip(free, queue, strict=False):
            work = customers.work_seconds[i, k] * roster.slowness[a] * day_slowness[now // DAY]
            taken[i, k], agent[i, k], in_hand[a], left[a] = now, a, (i, k), int(work) + 1
    return Served(opened, taken, replied, agent)


@pytest.mark.parametrize("seed", range(5))
def test_the_desk_does_what_a_second_by_second_one_does(seed: int) -> None:
    customers = drawn(60, 3, seed=seed, every_seconds=40, work_seconds=45)
    roster = Roster(np.array([[100, 900, 1_700], [300, 1_200, 2_600]]), 500, np.array([0.8, 1.3]))
    end_second = 3_999
    options = {"day_slowness": np.array([1.1]), "patience_seconds": 400, "end_second": end_second}

    served = serve(customers, roster, **options)
    slow = step_by_step(customers, roster, **options)

    for fast, step in zip(served, slow, strict=True):
        in_time = np.where(fast > end_second, NEVER, fast)
        assert in_time.tolist() == step.tolist()
    assert (slow.replied != NEVER).sum() > 30
    assert ((slow.opened != NEVER) & customers.wanted & (slow.taken == NEVER)).any()


def test_waits_are_erlangs_where_they_ought_to_be() -> None:
    """M/M/3 at 0.8 of capacity: Erlang C gives who waits at all and how long on average."""
    n, agents, work_seconds, occupancy = 200_000, 3, 3_000.0, 0.8
    rng = np.random.default_rng(1)
    gaps = rng.exponential(work_seconds / agents / occupancy, n)
    customers = Customers(
        started=np.cumsum(gaps).astype(np.int64),
        urgent=np.zeros(n, bool),
        wanted=np.ones((n, 1), bool),
        pause_seconds=np.full((n, 1), NEVER),
        work_seconds=rng.exponential(work_seconds, (n, 1)),
    )
    end_second = int(customers.started[-1])
    always = Roster(np.zeros((agents, 1), np.int64), 2 * end_second, np.ones(agents))
    served = serve(
        customers,
        always,
        day_slowness=np.ones(end_second // DAY + 1),
        patience_seconds=end_second,
        end_second=end_second,
    )
    waited = (served.taken - served.opened)[served.taken != NEVER]
    load = agents * occupancy
    delayed = load**agents / math.factorial(agents) / (1 - occupancy)
    erlang_c = delayed / (sum(load**k / math.factorial(k) for k in range(agents)) + delayed)

    assert (waited > 0).mean() == pytest.approx(erlang_c, abs=0.015)
    assert waited.mean() == pytest.approx(erlang_c * work_seconds / (agents - load), rel=0.06)


def test_everyone_is_accounted_for() -> None:
    customers = drawn(3_000, 4, seed=9, every_seconds=30, work_seconds=60)
    starts = np.arange(20)[None, :] * 6_000 + np.array([[0], [2_000], [3_000]])
    served = serve(
        customers,
        Roster(starts, 2_500, np.ones(3)),
        day_slowness=np.ones(3),
        patience_seconds=5_000,
        end_second=2 * DAY,
    )
    is_open = served.opened != NEVER
    is_taken = served.taken != NEVER
    came_back = is_open[:, 1:]
    expected_back = is_taken[:, :-1] & (customers.pause_seconds[:, :-1] != NEVER)

    assert is_open[:, 0].all()
    assert (came_back == expected_back).all()
    assert not (is_taken & ~(is_open & customers.wanted)).any()
    assert ((served.agent != NEVER) == is_taken).all()
    assert ((served.replied != NEVER) == is_taken).all()
    waited = (served.taken - served.opened)[is_taken]
    assert waited.min() >= 0
    assert waited.max() < 5_000
    lost = is_open & customers.wanted & ~is_taken & (served.opened < 100_000)
    assert is_taken.sum() > 1_500
    assert lost.sum() > 20


def test_the_urgent_go_first_and_then_those_who_came_first() -> None:
    """Nobody who could have been taken is passed over for one of lower or equal standing who came later."""
    customers = drawn(400, 2, seed=4, every_seconds=30, work_seconds=70)
    starts = np.arange(8)[None, :] * 2_000 + np.array([[0], [700]])
    served = serve(
        customers,
        Roster(starts, 1_200, np.ones(2)),
        day_slowness=np.ones(1),
        patience_seconds=3_000,
        end_second=16_000,
    )
    urgent = np.broadcast_to(customers.urgent[:, None], served.taken.shape)
    there = (served.opened != NEVER) & customers.wanted
    opened, is_urgent = served.opened[there], urgent[there]
    taken = np.where(served.taken == NEVER, np.iinfo(np.int64).max, served.taken)[there]
    for mine in np.nonzero(taken < 16_000)[0]:
        waiting = (opened < taken[mine]) & (taken > taken[mine]) & (opened + 3_000 > taken[mine])
        ahead = (is_urgent & ~is_urgent[mine]) | ((is_urgent == is_urgent[mine]) & (opened < opened[mine]))
        assert not (waiting & ahead).any()


def test_nobody_serves_two_at_once(replied: pl.DataFrame) -> None:
    before = pl.col("ended_at").shift().over("agent_id", order_by="assigned_at")
    since_last = replied.select((pl.col("assigned_at") - before).dt.total_seconds().alias("seconds"))

    assert replied["assigned_at"].null_count() == 0
    assert since_last["seconds"].min() >= 0


def test_nobody_replies_outside_their_hours(replied: pl.DataFrame) -> None:
    shifts = {
        agent: (team.shift_seconds, *ROTA[number % len(ROTA)])
        for team in map(STORED.team, QUEUE_BRANDS)
        for number, agent in enumerate(team.brand.agent_ids)
    }
    monday = datetime(2024, 9, 30, tzinfo=UTC)
    at = [(pl.col(name) - monday).dt.total_seconds().alias(name) for name in ("assigned_at", "ended_at")]
    for agent, taken, done in replied.select("agent_id", *at).iter_rows():
        shift_seconds, first_day, hour = shifts[agent]
        days_since, into_shift = divmod(taken - hour * HOUR, DAY)
        assert (days_since - first_day) % 7 < 5
        assert 0 <= into_shift < shift_seconds
        days_since, into_shift = divmod(done - hour * HOUR, DAY)
        assert (days_since - first_day) % 7 < 5
        assert 0 < into_shift <= shift_seconds


def test_some_brands_have_nobody_in_the_night() -> None:
    at_night = {
        brand.name: (np.array(ROTA)[: STORED.team(brand).brand.agents, 1] == 22).any()
        for brand in QUEUE_BRANDS
    }

    assert set(at_night.values()) == {True, False}
    for brand in QUEUE_BRANDS:
        staffed = np.zeros(7 * 24, int)
        team = STORED.team(brand)
        for starts in team.roster(0, 7).starts:
            for start in starts:
                hours = np.arange(start, start + team.shift_seconds, HOUR) // HOUR
                staffed[hours % (7 * 24)] += 1
        by_day = staffed.reshape(7, 24).sum(axis=1)
        assert by_day[5:].mean() < by_day[:5].mean(), "weekends are thinner"
        assert by_day.min() > 0


@pytest.mark.parametrize("first_weekday", range(7))
def test_a_roster_is_the_same_whatever_the_day_it_begins_on(first_weekday: int) -> None:
    team = STORED.team(BUSY)
    monday = team.roster(0, 70).starts
    other = team.roster(first_weekday, 70).starts + first_weekday * DAY

    for agent, starts in enumerate(other):
        whole = (starts >= 7 * DAY) & (starts < 63 * DAY)
        assert set(starts[whole]) <= set(monday[agent])
        assert len(starts[whole]) == 8 * 5
        assert all(later - earlier >= DAY for earlier, later in pairwise(starts))


def test_more_staff_make_shorter_waits() -> None:
    def share_and_median(staffing: float) -> tuple[float, float]:
        seen = simulate(BUSY, replace(STORED, staffing=staffing), n_days=700, seed=3)
        replies = seen.wait_seconds[seen.outcome == 1]
        return float((seen.wait_seconds <= HOUR)[seen.outcome == 1].sum() / len(seen.outcome)), -float(
            np.median(replies)
        )

    tight, usual, ample = map(share_and_median, (0.5, 1.0, 2.0))

    assert tight[0] + 0.1 < usual[0] < ample[0] - 0.1
    assert tight[1] < usual[1] < ample[1]


def test_too_few_staff_leave_people_for_good() -> None:
    options = {"n_days": 350, "seed": 3}
    usual = simulate(BUSY, STORED, **options)
    tight = simulate(BUSY, replace(STORED, staffing=0.3), **options)

    assert (tight.outcome == 1).mean() < (usual.outcome == 1).mean() - 0.1
    assert not ((usual.wait_seconds < 60) & (usual.outcome == 0)).any()


def lag_one(process: QueueProcess) -> tuple[float, float]:
    """Autocorrelation of the share answered within six hours by day, and of how much was written."""
    seen = simulate(BUSY, process, n_days=1_400, seed=8)
    day = seen.started // DAY
    n = np.bincount(day, minlength=1_400)
    share = np.bincount(day, (seen.outcome == 1) & (seen.wait_seconds <= 6 * HOUR), minlength=1_400) / n
    of_weekday = np.arange(1_400) % 7
    for values in (n := n.astype(float), share):
        values -= (np.bincount(of_weekday, values) / 200)[of_weekday]
    return tuple(float(np.corrcoef(values[1:], values[:-1])[0, 1]) for values in (share, n))


def test_bad_days_follow_each_other_if_told_to() -> None:
    lasting = replace(STORED.chances, day_autocorrelation=0.8)
    share, written = lag_one(STORED)
    lasting_share, lasting_written = lag_one(replace(STORED, chances=lasting))

    assert share < 0.35  # a backlog carries over by itself
    assert abs(written) < 0.1
    assert lasting_share > 0.45
    assert lasting_written == pytest.approx(0.6, abs=0.15)  # 0.8, less what is chance in a count


def test_a_backlog_carries_over_the_night(replied: pl.DataFrame) -> None:
    small = replied.filter(pl.col("brand") == SMALL.name)
    overnight = small.filter(pl.col("started_at").dt.date() < pl.col("assigned_at").dt.date())

    assert overnight.height > 0.3 * small.height
    assert (small["assigned_at"] - small["started_at"]).max().total_seconds() < PATIENCE_SECONDS


def seen_by_simulator(brand_number: int, data: Dataset) -> tuple[Attended, int]:
    brand = QUEUE_BRANDS[brand_number]
    n_days = 761
    rng = np.random.default_rng([0, *brand.name.encode()])
    attended = attend(brand, STORED, first_weekday=START.weekday(), n_days=n_days, rng=rng)
    return attended, int((data.as_of - START).total_seconds())


@pytest.mark.parametrize("brand_number", [0, 4, 9])
def test_waits_are_found_as_they_were_made(brand_number: int, data: Dataset, waits: pl.DataFrame) -> None:
    (turns, made, assigned), as_of = seen_by_simulator(brand_number, data)
    team = STORED.team(QUEUE_BRANDS[brand_number]).brand
    found = (
        waits.filter(pl.col("brand") == team.name)
        .sort("conversation_id", "started_at")
        .select(
            (pl.col("started_at") - START).dt.total_seconds(),
            pl.when(pl.col("outcome") == "replied").then((pl.col("assigned_at") - START).dt.total_seconds()),
            "wait_seconds",
            pl.col("outcome").cast(pl.String),
            "needs_reply",
            "is_first",
            "priority",
            "agent_id",
        )
    )
    ends = made.ended <= as_of
    replies, closings = made.replied & ends, (made.closed | made.needless) & ends
    expected = pl.DataFrame(
        {
            "started_at": made.opened,
            "assigned_at": pl.Series(assigned.at).set(pl.Series(~replies), None),
            "wait_seconds": np.where(ends, made.ended, as_of) - made.opened,
            "outcome": np.select([replies, closings], ["replied", "closed"], default="awaiting"),
            "needs_reply": ~(made.needless & ends),
            "is_first": made.is_first,
            "priority": np.where(turns.urgent, "urgent", "normal"),
            "agent_id": [
                team.agent_ids[agent] if reply else None
                for agent, reply in zip(turns.agent, replies, strict=True)
            ],
        }
    )

    assert found.equals(expected)


def test_the_urgent_wait_less(replied: pl.DataFrame) -> None:
    of_busy = replied.filter(pl.col("brand") == BUSY.name)
    medians = dict(of_busy.group_by("priority").agg(pl.col("wait_seconds").median()).iter_rows())

    assert set(medians) == {"urgent", "normal"}
    assert medians["urgent"] < medians["normal"]


def test_waits_end_in_every_way(waits: pl.DataFrame) -> None:
    share = {outcome: (waits["outcome"] == outcome).mean() for outcome in ("replied", "closed", "awaiting")}

    assert 0.2 < share["replied"] < 0.6
    assert share["closed"] > 0.1
    assert share["awaiting"] > 0.2


def test_tables_are_as_in_the_other_mode(data: Dataset) -> None:
    messages, events = data.messages.collect(), data.events.collect()

    assert messages.equals(
        messages.sort("conversation_id", "sent_at", pl.col("sender").to_physical(), maintain_order=True)
    )
    assert messages.columns == [*MESSAGES.columns, "industry", "topic", "priority"]
    assert all(messages.schema[column] == MESSAGES.all_columns[column] for column in messages.columns)
    assert all(events.schema[column] == EVENTS.all_columns[column] for column in events.columns)
    assert messages.height == pytest.approx(300_000, rel=0.02)
    assert set(messages["brand"].cast(pl.String).unique()) == {brand.name for brand in QUEUE_BRANDS}
    assert messages["sent_at"].min() >= START


def test_the_same_seed_makes_the_same_bytes() -> None:
    def parquet(seed: int) -> bytes:
        made, buffer = synthesize(mode="queue", messages=50_000, seed=seed), BytesIO()
        for frame in (made.messages, made.events):
            frame.collect().write_parquet(buffer)
        return buffer.getvalue()

    assert parquet(0) == parquet(0) != parquet(1)


def truth_table() -> dict[tuple[str, int], dict[str, float]]:
    with shipped("published", "queue_truth.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        (row["brand"], int(row["seconds"])): {name: float(row[name]) for name in list(row)[2:]}
        for row in rows
    }


def test_the_stored_truth_says_how_it_was_made() -> None:
    readme = shipped("published", "README.md").read_text(encoding="utf-8")
    section = readme.partition("## queue_truth.csv\n")[2]
    columns = pl.read_csv(shipped("published", "queue_truth.csv")).columns

    assert set(re.findall(r"`(\w+)`", section)) >= set(columns)


def test_the_stored_truth_has_every_brand_and_is_exact_enough() -> None:
    table = truth_table()

    assert {brand for brand, _ in table} == {brand.name for brand in QUEUE_BRANDS}
    assert max(row["standard_error"] for row in table.values()) < 0.0005
    for brand in QUEUE_BRANDS:
        shares = [row["share"] for (name, _), row in table.items() if name == brand.name]
        assert shares == sorted(shares)


@pytest.mark.parametrize("brand", [BUSY, SMALL], ids=lambda brand: brand.name)
def test_another_run_tells_the_same_truth(brand: Brand) -> None:
    """Twelve runs of two years each, with other seeds; t with 11 degrees of freedom, 4.4 at 0.001."""
    table = truth_table()
    runs = [simulate(brand, STORED, n_days=7 * 104, seed=(77, run)) for run in range(12)]
    for seconds in (900, HOUR, 6 * HOUR, DAY, 7 * DAY):
        shares = np.array([((run.outcome == 1) & (run.wait_seconds <= seconds)).mean() for run in runs])
        stored = table[brand.name, seconds]
        error = math.hypot(shares.std(ddof=1) / math.sqrt(len(runs)), stored["standard_error"])
        assert abs(shares.mean() - stored["share"]) < 4.4 * error, seconds


@pytest.mark.slow
def test_the_stored_truth_is_made_again_to_the_byte() -> None:
    script = runpy.run_path(str(Path(__file__).parent / "study" / "make_queue_truth.py"))
    made = script["long_run"](SMALL, STORED).write_csv(float_precision=6, include_header=False)

    assert made in shipped("published", "queue_truth.csv").read_text(encoding="utf-8")


def test_the_data_come_from_the_stored_truth(data: Dataset, waits: pl.DataFrame) -> None:
    in_time = ((pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= HOUR)).sum().alias("in_time")
    weekly = (
        waits.filter("needs_reply")
        .group_by("brand", pl.col("started_at").dt.truncate("1w"))
        .agg(pl.len().alias("n"), in_time)
    )
    for (brand,), weeks in weekly.group_by("brand"):
        n, y = weeks["n"].to_numpy(), weeks["in_time"].to_numpy()
        share = y.sum() / n.sum()
        error = math.sqrt(((y - share * n) ** 2).sum()) / n.sum()
        assert abs(share - data.truth(brand, HOUR)) < 4 * error, brand


def test_truth_is_told_for_the_default_settings_alone(data: Dataset) -> None:
    assert 0 < data.truth(BUSY.name, HOUR) < data.truth(BUSY.name, DAY) < 1
    with pytest.raises(
        UnknownNameError, match=r"no number of seconds '3601' in the stored truth; did you mean"
    ):
        data.truth(BUSY.name, HOUR + 1)
    with pytest.raises(UnknownNameError, match="did you mean 'Mumblecell'"):
        data.truth("Mumblecel", HOUR)
    lasting = replace(STORED.chances, day_autocorrelation=0.5)
    calm = replace(STORED.chances, log_time_sd=0.0)
    slower = Process({BUSY.name: replace(BUSY, slowness=1)})
    for other in (
        *(replace(STORED, chances=chances) for chances in (lasting, calm, slower)),
        replace(STORED, staffing=0.9),
        replace(STORED, messages_per_day=10.0),
    ):
        with pytest.raises(BenchkitError, match=r"default settings alone; .* synthetic_queue\.simulate$"):
            other(BUSY.name, HOUR)
    fewer = synthesize(mode="queue", messages=2_000)
    with pytest.raises(BenchkitError, match="default settings alone"):
        fewer.truth(BUSY.name, HOUR)


def test_truth_is_told_of_one_brand_written_to_as_much(data: Dataset) -> None:
    process = QueueProcess(Process({BUSY.name: BUSY}), STORED.messages_per_day)

    assert data.process == STORED
    assert process(BUSY.name, HOUR) == STORED(BUSY.name, HOUR) == data.truth(BUSY.name, HOUR)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"mode": "queu"}, "no mode 'queu' of synthetic data; did you mean 'queue'?"),
        ({"mode": "queue", "staffing": 0}, "staffing is a factor on agents' hours, from 0.1 to 3, not 0"),
        ({"mode": "queue", "staffing": math.nan}, "from 0.1 to 3, not nan"),
        ({"staffing": 2.0}, "give mode='queue' with it"),
        ({"mode": "queue", "messages": 10**8}, "ask for fewer messages, more months or more brands"),
        ({"mode": "queue", "brands": [replace(BUSY, slowness=1e-320)]}, "needs a team of inf"),
        ({"mode": "queue", "brands": []}, "at least one brand"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(BenchkitError, match=re.escape(sentence)):
        synthesize(**arguments)


def test_a_handful_of_messages_will_do() -> None:
    data = synthesize(mode="queue", messages=1, brands=BRANDS[:1], months=1)

    assert find_waits(data).frame.collect().height <= 10
