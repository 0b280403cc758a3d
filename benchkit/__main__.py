"""The `benchkit` command, and `python -m benchkit`: Ctrl-C ends it without a traceback at any moment."""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 128 + signal.SIGINT
_ALLOCATOR = ("_RJEM_MALLOC_CONF", "narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:-1,oversize_threshold:0")
"""Freed memory, large pieces too, is kept for 10 s, as is jemalloc's default, and in few places, where others
find it: with polars' own setting, an ingest of millions of messages has twice the page faults."""


def main() -> None:
    """Run the command; while it is still being imported, Ctrl-C ends the process there and then."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else it is ignored, as for a command in the background
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    os.environ.setdefault(*_ALLOCATOR)  # read when polars is imported
    from benchkit.cli import main as run

    try:
        signal.signal(signal.SIGINT, before)
        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
