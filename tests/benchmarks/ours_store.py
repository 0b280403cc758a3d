"""One month's shares with their intervals, and the weeks of its control chart, from the store."""

import sys

import benchkit as bk
from benchkit.comparisons import control_chart

MONTH = "2026-10"

waits = bk.find_waits(bk.open_dataset("brands", root=sys.argv[1]))
shares = [bk.answered_within(hours=1), bk.answered_within(hours=24)]
print(bk.measure(waits, month=MONTH, metrics=shares).write_csv())
print(control_chart(waits, month=MONTH).write_csv())
