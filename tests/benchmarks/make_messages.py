"""Store the messages of a twcs file as sorted Parquet: what both Parquet contestants read."""

import sys
from pathlib import Path

import benchkit as bk

source, target = map(Path, sys.argv[1:])
unfinished = target.with_suffix(".part")
bk.read_twcs(source).messages.sink_parquet(unfinished)
unfinished.replace(target)
