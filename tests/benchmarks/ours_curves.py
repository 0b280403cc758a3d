"""Curves of 1,000 brands with errors and limits, the same in week clusters, and simultaneous bands."""

import sys

import numpy as np

from benchkit.stats.bands import band_of
from benchkit.stats.incidence import cumulative_incidence, kaplan_meier

waits = np.load(sys.argv[1])
seconds, event, group, week = (waits[name] for name in ("seconds", "event", "group", "week"))
values = kaplan_meier(seconds, event, groups=group).at([3_600, 86_400])
replies = cumulative_incidence(seconds, event, cluster=week, groups=group)
band = band_of(replies, np.geomspace(60, 604_800, 97))

assert np.isfinite(replies.upper).all()
assert (band.lower < band.upper).all()
print("group,answered_1h,lower_1h,upper_1h,answered_24h,lower_24h,upper_24h")
table = np.stack([1 - values.estimate, 1 - values.upper, 1 - values.lower], axis=2).reshape(-1, 6)
for label, row in enumerate(table):
    print(label, *row, sep=",")
