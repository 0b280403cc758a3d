"""Curves and intervals against lifelines and statsmodels, where those are right.

They keep to an older pandas, so they live in an environment of their own: `pip install
'benchkit[oracles]' pytest`. lifelines' AalenJohansenFitter drops what happens at second 0 and jitters
ties, so cumulative incidence is held against statsmodels.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest

from benchkit.stats.incidence import cumulative_incidence, kaplan_meier
from benchkit.stats.shares import newcombe, wilson

SEEDS = range(8)


def oracle(name: str) -> Any:
    """Import it with its own warnings let pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip(name.split(".")[0], reason=f"{name} is in the extra `oracles` only")
        return importlib.import_module(name)


def waits_with_ties(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 400))
    return rng.integers(1, 60, size), rng.choice(3, size, p=[0.3, 0.5, 0.2])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("delayed", [False, True])
def test_kaplan_meier_is_that_of_lifelines(seed: int, delayed: bool) -> None:
    lifelines = oracle("lifelines")
    time, outcome = waits_with_ties(seed)
    event = outcome == 1
    entry = np.random.default_rng(seed).integers(0, time) if delayed else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        after = None if entry is None else entry + 0.5  # its table counts those who enter as at risk at once
        theirs = lifelines.KaplanMeierFitter().fit(time, event, entry=after)
    ours = kaplan_meier(time, event, entry=entry)
    survival = theirs.survival_function_at_times(ours.time).to_numpy()
    np.testing.assert_allclose(ours.estimate, survival, atol=1e-12)
    np.testing.assert_array_equal(ours.at_risk, theirs.event_table["at_risk"].loc[ours.time])
    inside = (ours.estimate > 1e-9) & (ours.estimate < 1 - 1e-9)
    lower, upper = theirs.confidence_interval_.loc[ours.time[inside]].to_numpy().T
    np.testing.assert_allclose(ours.lower[inside], lower, atol=1e-9)
    np.testing.assert_allclose(ours.upper[inside], upper, atol=1e-9)
    cumulative = theirs._cumulative_sq_.loc[ours.time].to_numpy().ravel()
    greenwood = ours.estimate * np.sqrt(np.where(np.isfinite(cumulative), cumulative, 0.0))
    np.testing.assert_allclose(ours.se[inside], greenwood[inside], atol=1e-9)
    median = ours.median().estimate
    assert (np.inf if median is None else median) == theirs.median_survival_time_


@pytest.mark.parametrize("seed", SEEDS)
def test_kaplan_meier_is_that_of_statsmodels(seed: int) -> None:
    duration = oracle("statsmodels.duration.survfunc")
    time, outcome = waits_with_ties(seed)
    theirs = duration.SurvfuncRight(time, outcome == 1)
    ours = kaplan_meier(time, outcome == 1).at(theirs.surv_times)
    np.testing.assert_allclose(ours.estimate, theirs.surv_prob, atol=1e-12)
    inside = ours.estimate > 1e-9
    np.testing.assert_allclose(ours.se[inside], theirs.surv_prob_se[inside], atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cause", [1, 2])
def test_cumulative_incidence_is_that_of_statsmodels(seed: int, cause: int) -> None:
    duration = oracle("statsmodels.duration.survfunc")
    time, outcome = waits_with_ties(seed)
    theirs = duration.CumIncidenceRight(time, outcome)
    ours = cumulative_incidence(time, outcome, cause=cause).at(theirs.times)
    np.testing.assert_allclose(ours.estimate, theirs.cinc[cause - 1], atol=1e-12)
    error = theirs.cinc_se[cause - 1]
    known = np.isfinite(error)  # not where all that were left ended at once
    np.testing.assert_allclose(ours.se[known], error[known], atol=1e-9)


@pytest.mark.parametrize(("successes", "total"), [(0, 20), (1, 29), (15, 148), (81, 263), (7, 7)])
def test_intervals_of_shares_are_those_of_statsmodels(successes: int, total: int) -> None:
    proportion = oracle("statsmodels.stats.proportion")
    ours = wilson(successes, total)
    theirs = proportion.proportion_confint(successes, total, method="wilson")
    assert (ours.lower.item(), ours.upper.item()) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20)])
def test_the_interval_of_a_difference_is_that_of_statsmodels(counts: tuple[int, int, int, int]) -> None:
    proportion = oracle("statsmodels.stats.proportion")
    ours = newcombe(*counts)
    theirs = proportion.confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert (ours.lower.item(), ours.upper.item()) == pytest.approx(theirs, abs=1e-9)
