"""Kaplan-Meier curves with confidence limits in lifelines, one brand after the other.

Run with the Python of the environment for oracles.
"""

import sys
import time

import numpy as np
from lifelines import KaplanMeierFitter

waits = np.load(sys.argv[1])
seconds, event, group = (waits[name] for name in ("seconds", "event", "group"))

started = time.perf_counter()
order = np.argsort(group, kind="stable")
cuts = np.flatnonzero(np.diff(group[order])) + 1
columns = (np.split(values[order], cuts) for values in (seconds, event))
answered = []
for own_seconds, own_event in zip(*columns, strict=True):
    fitted = KaplanMeierFitter().fit(own_seconds, own_event)
    limits = fitted.confidence_interval_.to_numpy()
    assert (limits[:, 0] <= limits[:, 1]).all()
    place = np.searchsorted(fitted.timeline, [3_600, 86_400], side="right") - 1
    answered.append(1 - fitted.survival_function_.to_numpy()[place, 0])
print("seconds of computation:", time.perf_counter() - started, file=sys.stderr)

print("group,answered_1h,answered_24h")
for label, shares in enumerate(answered):
    print(label, *shares, sep=",")
