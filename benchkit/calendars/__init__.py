"""Opening hours: of one, and of several brands, channels or agents."""

from benchkit.calendars.calendar import Calendar
from benchkit.calendars.several import Calendars

__all__ = ["Calendar", "Calendars"]
