"""What cells of foreign tables say: times, numbers and durations, read by the column and never guessed."""

from benchkit.sources.values.numbers import read_numbers, read_seconds
from benchkit.sources.values.times import HOW, Times, read_times

__all__ = ["HOW", "Times", "read_numbers", "read_seconds", "read_times"]
