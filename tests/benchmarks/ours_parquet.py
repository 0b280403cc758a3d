"""Every metric of the catalogue by brand, from messages already stored as sorted Parquet."""

import sys

import benchkit as bk

waits = bk.find_waits(bk.read_messages(sys.argv[1]))
print(bk.measure(waits, by="brand").write_csv())
