"""Kaplan-Meier curves with confidence limits in lifelines, one brand after the other.

Run with the Python of the environment for oracles.
"""

import sys

import numpy as np
from lifelines import KaplanMeierFitter

waits = np.load(sys.argv[1])
order = np.argsort(waits["group"], kind="stable")
cuts = np.flatnonzero(np.diff(waits["group"][order])) + 1
columns = (np.split(waits[name][order], cuts) for name in ("seconds", "event"))

print("group,answered_1h,answered_24h")
for label, (seconds, event) in enumerate(zip(*columns, strict=True)):
    fitted = KaplanMeierFitter().fit(seconds, event)
    limits = fitted.confidence_interval_.to_numpy()
    assert (limits[:, 0] <= limits[:, 1]).all()
    place = np.searchsorted(fitted.timeline, [3_600, 86_400], side="right") - 1
    print(label, *1 - fitted.survival_function_.to_numpy()[place, 0], sep=",")
