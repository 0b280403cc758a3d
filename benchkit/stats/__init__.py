"""Estimators on plain numpy arrays: arrays in, small named tuples out, no polars and no I/O."""

from benchkit.stats.bands import confidence_band, critical_value
from benchkit.stats.bounds import incidence_bounds
from benchkit.stats.clusters import cluster_bootstrap, cluster_share
from benchkit.stats.control import laney
from benchkit.stats.decompose import kitagawa
from benchkit.stats.design import design_effect, intraclass_correlation
from benchkit.stats.expectation import bound_weights, expectation_met
from benchkit.stats.funnel import funnel, funnel_limits
from benchkit.stats.incidence import cumulative_incidence, kaplan_meier
from benchkit.stats.multiplicity import false_discovery
from benchkit.stats.ranks import rank_sets
from benchkit.stats.shares import difference, newcombe, weekly_error, weekly_interval, wilson
from benchkit.stats.shrinkage import beta_binomial, between_variance
from benchkit.stats.standardise import observed_and_expected, standardise_direct, standardise_indirect
from benchkit.stats.units import mean_of_units, median_of_units

__all__ = [
    "beta_binomial",
    "between_variance",
    "bound_weights",
    "cluster_bootstrap",
    "cluster_share",
    "confidence_band",
    "critical_value",
    "cumulative_incidence",
    "design_effect",
    "difference",
    "expectation_met",
    "false_discovery",
    "funnel",
    "funnel_limits",
    "incidence_bounds",
    "intraclass_correlation",
    "kaplan_meier",
    "kitagawa",
    "laney",
    "mean_of_units",
    "median_of_units",
    "newcombe",
    "observed_and_expected",
    "rank_sets",
    "standardise_direct",
    "standardise_indirect",
    "weekly_error",
    "weekly_interval",
    "wilson",
]
