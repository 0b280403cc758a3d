"""Every metric of the catalogue by brand, from the raw CSV: threads, signatures and unanswered messages."""

import sys

import benchkit as bk

waits = bk.find_waits(bk.read_twcs(sys.argv[1]))
print(bk.measure(waits, by="brand").write_csv())
