"""What all tests share."""

from hypothesis import settings

collect_ignore = ["benchmarks", "study"]

settings.register_profile("benchkit", deadline=None, print_blob=True)
settings.load_profile("benchkit")
