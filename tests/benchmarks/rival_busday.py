"""The open part of each wait by numpy's business days and pandas' time zones, one brand after the other.

One shift a day, by day, and no change of the clock within it: what business days can do.
"""

import sys

import holidays
import numpy as np
import pandas as pd

waits = np.load(sys.argv[1])
order = np.argsort(waits["brand"], kind="stable")
cuts = np.flatnonzero(np.diff(waits["brand"][order])) + 1
columns = (np.split(waits[name][order], cuts) for name in ("start", "end"))


def open_by(moments, zone, opens, closes, days_off):
    local = pd.DatetimeIndex(pd.to_datetime(moments, unit="s", utc=True)).tz_convert(zone).tz_localize(None)
    day = local.values.astype("datetime64[D]")
    into = (local.values - day).astype("timedelta64[s]").astype(np.int64)
    works = np.is_busday(day, holidays=days_off)
    return np.busday_count("2020-01-01", day, holidays=days_off) * (closes - opens) + works * (
        np.clip(into, opens, closes) - opens
    )


print("brand,mean_business_seconds,share_of_none")
for number, (start, end) in enumerate(zip(*columns, strict=True)):
    country = holidays.country_holidays(str(waits["country"][number]), years=range(2020, 2030))
    facts = (
        str(waits["zone"][number]),
        60 * waits["opens_minute"][number],
        60 * waits["closes_minute"][number],
        np.array(sorted(country), dtype="datetime64[D]"),
    )
    seconds = open_by(end, *facts) - open_by(start, *facts)
    print(number, seconds.mean(), (seconds == 0).mean(), sep=",")
