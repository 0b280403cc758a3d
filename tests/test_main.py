"""The process of the command: how Ctrl-C ends it, in whatever it is doing."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

MOMENTS = ("benchkit.cli", "typer", "benchkit.options", "benchkit.cli_store", "polars", "benchkit.schema")
"""Modules that are imported, one after the other: the first ones with the command, the others by it."""

INTERRUPTED_AT = """
import signal, sys
module, *sys.argv[1:] = sys.argv[1:]
def interrupt(event, arguments):
    if event == "import" and arguments[0] == module:
        signal.raise_signal(signal.SIGINT)
sys.addaudithook(interrupt)
from benchkit.__main__ import main
main()
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("module", MOMENTS)
def test_an_interrupt_while_modules_are_imported_leaves_no_traceback(module: str) -> None:
    ended = run(INTERRUPTED_AT, module, "datasets")
    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") <= 1


def test_a_command_that_nobody_interrupts_does_what_it_should() -> None:
    ended = run(INTERRUPTED_AT, "no.such.module", "--version")
    assert (ended.returncode, ended.stdout[:9], ended.stderr) == (0, "benchkit ", "")


def test_where_interrupts_are_ignored_they_stay_ignored() -> None:
    ended = run(
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + INTERRUPTED_AT, "typer", "--version"
    )
    assert (ended.returncode, ended.stdout[:9]) == (0, "benchkit ")
