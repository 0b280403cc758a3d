"""Curves of 1,000 brands with errors and limits at every time, and simultaneous bands in week clusters."""

import sys

import numpy as np

from benchkit.stats.bands import band_of
from benchkit.stats.incidence import cumulative_incidence, kaplan_meier

waits = np.load(sys.argv[1])
seconds, event, group, week = (waits[name] for name in ("seconds", "event", "group", "week"))
curves = kaplan_meier(seconds, event, groups=group)
replies = cumulative_incidence(seconds, event, cluster=week, groups=group)
band = band_of(replies, np.geomspace(60, 604_800, 97))

values = curves.at([3_600, 86_400])
assert (curves.lower <= curves.upper).all()
assert (band.lower < band.upper).all()
print("group,answered_1h,lower_1h,upper_1h,answered_24h,lower_24h,upper_24h")
table = np.stack([1 - values.estimate, 1 - values.upper, 1 - values.lower], axis=2).reshape(-1, 6)
for label, row in enumerate(table):
    print(label, *row, sep=",")
