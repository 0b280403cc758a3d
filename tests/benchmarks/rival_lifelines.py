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

print("group,answered_1h,lower_1h,upper_1h,answered_24h,lower_24h,upper_24h")
for label, (seconds, event) in enumerate(zip(*columns, strict=True)):
    fitted = KaplanMeierFitter().fit(seconds, event)
    limits = fitted.confidence_interval_
    row = []
    for horizon in (3_600, 86_400):
        place = np.searchsorted(limits.index, horizon, side="right") - 1
        lower, upper = limits.iloc[place]
        row += [1 - fitted.survival_function_.iloc[place, 0], 1 - upper, 1 - lower]
    print(label, *row, sep=",")
