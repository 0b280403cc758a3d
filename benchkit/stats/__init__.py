"""Estimators on plain numpy arrays: arrays in, small named tuples out, no polars and no I/O."""

from benchkit.stats.incidence import cumulative_incidence, kaplan_meier
from benchkit.stats.shares import weekly_error, wilson

__all__ = ["cumulative_incidence", "kaplan_meier", "weekly_error", "wilson"]
