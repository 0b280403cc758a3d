"""Read a file once in a process of its own, where damage may end the process that reads it."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchkit.sources.raw.files import Content

WORKBOOK = """
import sys, fastexcel
book = fastexcel.read_excel(sys.stdin.buffer.read())
for name in book.sheet_names:
    book.load_sheet(name, header_row=None, skip_rows=0)
"""
PARQUET = """
import io, sys, polars
polars.read_parquet(io.BytesIO(sys.stdin.buffer.read()))
"""
SECONDS, BYTES_PER_SECOND = 60, 2**20


def survives(content: Content, reading: str) -> bool:
    """Whether a process that reads this comes to its end, in good time.

    Readers outside Python end the process where a damaged file tells them of more than memory
    holds, or never end themselves.
    """
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    run = partial(
        subprocess.run,
        [sys.executable, "-P", "-c", reading],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS + size / BYTES_PER_SECOND,
    )
    try:
        if isinstance(content, bytes):
            return run(input=content).returncode == 0
        with content.open("rb") as file:
            return run(stdin=file).returncode == 0
    except subprocess.TimeoutExpired:
        return False
