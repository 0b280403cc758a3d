"""The arithmetic of comparisons against simulated truth: who is told apart when nobody differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchkit.comparisons.strata import Strata
from benchkit.comparisons.work import Work, side_by_side
from benchkit.sample import Sample

Numbers = npt.NDArray[Any]


def work_of(group: Numbers, cell: Numbers, hit: Numbers, n_groups: int) -> Work:
    sample = Sample(
        group=group,
        week=np.zeros_like(group),
        seconds=np.where(hit, 60, 90_000),
        outcome=np.ones_like(group),
        watched_seconds=np.full_like(group, 10**6),
        age_seconds=np.full_like(group, 10**6),
        in_month=np.ones(group.size, dtype=bool),
        n_groups=n_groups,
        n_weeks=1,
        month_over=True,
    )
    cells = Strata(cell, int(cell.max()) + 1, "channel")
    y = np.bincount(group, hit, n_groups).astype(float)
    return Work(sample, hit, cells, y, np.bincount(group, minlength=n_groups).astype(float), 0.0, 4.4)


def compared(work: Work, *, by_agent: bool, others: Numbers | None = None) -> dict[str, Numbers]:
    all_of_them = np.ones(work.n.size, dtype=bool)
    held_against = all_of_them if others is None else others
    figures, _ = side_by_side(work, all_of_them, all_of_them, held_against, top=5, by_agent=by_agent)
    return figures


def test_an_agent_with_the_hard_work_is_not_told_apart() -> None:
    """Two kinds of work, answered in time by 80% and 10%; the first agent has the hard kind only."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(10), 60)
    z, outer, shut_out = [], 0, 0
    for _ in range(250):
        cell = np.where(group == 0, 1, rng.integers(0, 2, group.size))
        hit = rng.random(group.size) < np.where(cell == 0, 0.8, 0.1)
        found = compared(work_of(group, cell, hit, 10), by_agent=True)
        z.append(found["chance_z"][0])
        outer += abs(found["outside"][0]) == 2
        shut_out += not (found["rank_lower"][0] == 1 and found["rank_upper"][0] == 10)
    assert 0.85 < np.std(z) < 1.15
    assert (np.abs(z) > 1.96).mean() < 0.09
    assert outer / 250 < 0.015
    assert shut_out / 250 < 0.05


def test_an_agent_alone_with_the_work_is_not_compared() -> None:
    group = np.repeat([0, 1, 2], 40)
    cell = np.where(group == 0, 1, 0)
    hit = np.arange(120) % 3 == 0
    found = compared(work_of(group, cell, hit, 3), by_agent=True)
    for name in ("adjusted", "ratio", "chance_z", "rank_lower", "shrunk"):
        assert np.isnan(found[name][0])
        assert np.isfinite(found[name][1:]).all()


def test_ones_own_brand_is_held_against_few_others_with_care() -> None:
    """Six brands of one law: the own one must not stand far apart because the others are few."""
    rng = np.random.default_rng(5)
    sizes = np.array([1_000, 300, 300, 300, 300, 300])
    group = np.repeat(np.arange(6), sizes)
    others = np.arange(6) > 0
    outer = inner = 0
    for _ in range(400):
        share = np.clip(rng.normal(0.4, 0.06, 6), 0.05, 0.95)
        hit = rng.random(group.size) < share[group]
        found = compared(work_of(group, np.zeros_like(group), hit, 6), by_agent=False, others=others)
        outer += abs(found["outside"][0]) == 2
        inner += abs(found["outside"][0]) >= 1
    assert outer / 400 < 0.012
    assert inner / 400 < 0.09


def test_brands_of_other_mixes_keep_every_place_they_may_have() -> None:
    """Twenty brands equal in every cell; mixes differ, so that standardising costs precision."""
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(20), 300)
    rates = np.array([0.7, 0.4, 0.2, 0.1])
    shut_out = 0
    for _ in range(60):
        mixes = rng.dirichlet(np.full(4, 1.5), 20) * 0.8 + 0.05
        cell = np.concatenate([rng.choice(4, 300, p=mix) for mix in mixes])
        hit = rng.random(group.size) < rates[cell]
        found = compared(work_of(group, cell, hit, 20), by_agent=False)
        known = np.isfinite(found["rank_lower"])
        ranked = known.sum()
        shut_out += bool(
            (found["rank_lower"][known] > 1).any() or (found["rank_upper"][known] < ranked).any()
        )
    assert shut_out <= 6
