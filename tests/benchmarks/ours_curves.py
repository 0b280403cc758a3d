"""Curves of 1,000 brands with errors and limits at every time, and simultaneous bands, in clusters of weeks.

The rivals take waits as independent, so that only the shares themselves agree. Like them it says
on stderr how many seconds the computation took: all but imports, reading and printing.
"""

import sys
import time

import numpy as np

from benchkit.stats.bands import band_of
from benchkit.stats.incidence import cumulative_incidence

waits = np.load(sys.argv[1])
seconds, event, group, week = (waits[name] for name in ("seconds", "event", "group", "week"))

started = time.perf_counter()
curves = cumulative_incidence(seconds, event, cluster=week, groups=group)
band = band_of(curves, np.geomspace(60, 604_800, 97))
assert (curves.lower <= curves.upper).all()
assert (band.lower < band.upper).all()
answered = curves.share([3_600, 86_400])
print("seconds of computation:", time.perf_counter() - started, file=sys.stderr)

print("group,answered_1h,answered_24h")
for label, shares in zip(curves.groups, answered, strict=True):
    print(label, *shares, sep=",")
