"""The `benchkit` command, and `python -m benchkit`: Ctrl-C ends it without a traceback at any moment."""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 128 + signal.SIGINT
_FASTER = {
    "_RJEM_MALLOC_CONF": "narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:-1,oversize_threshold:0",
    "OPENBLAS_NUM_THREADS": "1",
}
"""What polars and numpy read when they are imported, unless the user says otherwise.

Freed memory, large pieces too, is kept for 10 s, as is jemalloc's default, and in few places, where others
find it: with polars' own setting, an ingest of millions of messages has twice the page faults. OpenBLAS,
whose threads wait by spinning, is asked for nothing large.
"""


def main() -> None:
    """Run the command; while it is still being imported, Ctrl-C ends the process there and then."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else it is ignored, as for a command in the background
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    for name, setting in _FASTER.items():
        os.environ.setdefault(name, setting)
    from benchkit.cli import main as run

    try:
        signal.signal(signal.SIGINT, before)
        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
