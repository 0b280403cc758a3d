"""Kaplan-Meier curves with confidence limits in scipy, one brand after the other."""

import sys

import numpy as np
from scipy.stats import CensoredData, ecdf

waits = np.load(sys.argv[1])
order = np.argsort(waits["group"], kind="stable")
cuts = np.flatnonzero(np.diff(waits["group"][order])) + 1
columns = (np.split(waits[name][order], cuts) for name in ("seconds", "event"))

print("group,answered_1h,answered_24h")
for label, (seconds, event) in enumerate(zip(*columns, strict=True)):
    survival = ecdf(CensoredData(uncensored=seconds[event == 1], right=seconds[event == 0])).sf
    limits = survival.confidence_interval(method="log-log")
    assert (limits.low.probabilities <= limits.high.probabilities).all()
    print(label, *1 - survival.evaluate([3_600, 86_400]), sep=",")
