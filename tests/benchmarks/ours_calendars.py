"""The open part of each wait by 200 calendars, and its mean by brand."""

import sys
from time import perf_counter

import numpy as np
import polars as pl

from benchkit.calendars import Calendar, Calendars

waits = np.load(sys.argv[1])
start, end = (pl.Series(waits[name] * 1_000_000).cast(pl.Datetime("us", "UTC")) for name in ("start", "end"))
brand = pl.Series("brand", waits["brand"]).cast(pl.String).cast(pl.Categorical)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


began = perf_counter()
facts = (waits[name].tolist() for name in ("zone", "country", "opens_minute", "closes_minute"))
calendars = Calendars(
    of={
        str(number): Calendar(zone, {"mon-fri": f"{clock(opens)}-{clock(closes)}"}, holidays=country)
        for number, (zone, country, opens, closes) in enumerate(zip(*facts, strict=True))
    }
)
seconds = calendars.elapsed(brand, start, end)
print(f"seconds of computation: {perf_counter() - began:.3f}", file=sys.stderr)

print("brand,mean_business_seconds,share_of_none")
means = (
    pl.DataFrame([brand, seconds])
    .group_by("brand")
    .agg(pl.col("business_seconds").mean(), none=(pl.col("business_seconds") == 0).mean())
)
for row in means.sort("brand").iter_rows():
    print(*row, sep=",")
