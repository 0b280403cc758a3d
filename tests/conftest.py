"""What all tests share."""

import signal

from hypothesis import settings

collect_ignore = ["benchmarks", "study"]

settings.register_profile("benchkit", deadline=None, print_blob=True)
settings.load_profile("benchkit")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background, and so in all that tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)
