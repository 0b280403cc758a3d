"""A file of tweets into the store: read, threaded, concealed, sorted, with waits and weekly life tables."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchkit.store import ingest

with TemporaryDirectory(dir=Path(sys.argv[1]).parent) as root:
    ingest("twcs", sys.argv[1], name="tweets", root=root)
