"""`raw.apart.survives` for thousands of files: one process reads them all, and another where one ends it."""

from __future__ import annotations

import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchkit.sources.raw import typed
from benchkit.sources.raw.files import Content

SECONDS = 60
LOOP = """
import io, struct, sys
import fastexcel, polars
asked, answers = sys.stdin.buffer, sys.stdout.buffer
while head := asked.read(16):
    n_code, n_content = struct.unpack("<qq", head)
    code, sys.stdin = asked.read(n_code).decode(), io.TextIOWrapper(io.BytesIO(asked.read(n_content)))
    try:
        exec(code, {})
        answers.write(b"1")
    except BaseException:
        answers.write(b"0")
    answers.flush()
"""


class Survivors:
    """Says of a file whether it can be read, as a process of its own would."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self, content: Content, reading: str) -> bool:
        data = content if isinstance(content, bytes) else content.read_bytes()
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", LOOP],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        code, process = reading.encode(), self.process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(struct.pack("<qq", len(code), len(data)) + code + data)
        process.stdin.flush()
        in_time, *_ = select.select([process.stdout], [], [], SECONDS)
        answer = process.stdout.read(1) if in_time else b""
        if not answer:
            self.end()
        return answer == b"1"

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@contextmanager
def one_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have workbooks and Parquet tried by one process for all, which is there only meanwhile."""
    survivors = Survivors()
    monkeypatch.setattr(typed, "survives", survivors)
    try:
        yield
    finally:
        survivors.end()
