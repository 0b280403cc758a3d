"""How the command behaves in a shell: errors in a sentence, orderly ends, no driven terminals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from benchkit.errors import BenchkitError, printable, without_passwords

_STOPPING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP")]


_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class SentenceGroup(TyperGroup):
    """Show errors as one sentence, benchkit's own and those of options, and leave with their exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the options, or say in a sentence what is wrong with them."""
        if not args:
            return super().parse_args(ctx, args)  # which shows the help
        with _in_a_sentence(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, or say in a sentence what was refused."""
        with _in_a_sentence(ctx):
            return super().invoke(ctx)


@contextmanager
def _in_a_sentence(ctx: Any) -> Iterator[None]:
    try:
        yield
    except BenchkitError as error:
        typer.echo(f"benchkit: {error}", err=True)
        ctx.exit(error.exit_code)
    except _UsageError as error:
        what = printable(without_passwords(error.format_message())).rstrip(".")  # type: ignore[attr-defined]
        where = getattr(getattr(error, "ctx", None), "command_path", "benchkit")
        typer.echo(f"benchkit: {what[:1].lower()}{what[1:]}; see {where} --help", err=True)
        ctx.exit(2)
    except BrokenPipeError:
        raise
    except OSError as error:
        typer.echo(f"benchkit: {error.strerror}; make room, or name another place", err=True)
        ctx.exit(2)


@contextmanager
def stopping_cleanly(state: str) -> Iterator[None]:
    """Turn a signal to stop into an orderly end, whatever the kernel says while it dies."""
    stopped = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _STOPPING}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    except BaseException:
        if not stopped:
            raise
        typer.echo(f"benchkit: stopped; {state}", err=True)
        raise typer.Exit(128 + stopped[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write(text: str) -> None:
    """Data as it is; on a terminal, what would move its cursor is spelt out."""
    if sys.stdout.isatty():
        text = "\n".join(printable(line) for line in text.split("\n"))
    sys.stdout.write(text)
    sys.stdout.flush()
