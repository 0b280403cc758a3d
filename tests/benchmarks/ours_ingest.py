"""`benchkit ingest` of tweets: read, threaded, concealed, sorted, with waits and weekly life tables."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchkit.__main__ import main

source = Path(sys.argv[1]).resolve()
with TemporaryDirectory(dir=source.parent) as folder:
    os.chdir(folder)
    sys.argv = ["benchkit", "ingest", "twcs", str(source), "--name", "tweets"]
    main()
