"""A store of two years of synthetic brands: what the contestant that reads a month of it reads."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import benchkit as bk
from benchkit.store import ingest

target, _, rows = sys.argv[1:]
root = Path(target)
with TemporaryDirectory(dir=root.parent) as folder:
    data = bk.synthesize(messages=int(rows), months=24)
    data.messages.sink_parquet(f"{folder}/messages.parquet")
    as_of = data.as_of
    del data
    ingest("messages", f"{folder}/messages.parquet", name="brands", root=f"{folder}/store", as_of=as_of)
    shutil.rmtree(root, ignore_errors=True)
    Path(folder, "store").rename(root)
