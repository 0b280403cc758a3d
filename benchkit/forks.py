"""A process that has done the imports, and forks kernels that need not do them again."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

Start = tuple[list[str], dict[str, str], str]
"""The arguments, environment and folder of a kernel."""

PRELOADED = (
    *("ipykernel_launcher", "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.debugger"),
    *("tornado.platform.asyncio", "altair", "numpy", "scipy.special", "scipy.optimize"),
    *("scipy.interpolate", "benchkit.stats", "benchkit.catalogue", "benchkit.definitions"),
)
"""What kernels need that is slow to import. Not polars: it starts threads, which forks would lack.

So of benchkit only what imports no polars.
"""

_NO_SPINNING = {"OPENBLAS_NUM_THREADS": "1"}
"""Kernels side by side leave no core idle, and threads of OpenBLAS wait by spinning."""

_IRI_GRAMMAR = "rfc3987_syntax"


def can_fork() -> bool:
    """Whether processes can be forked from a server on this system."""
    return "forkserver" in multiprocessing.get_all_start_methods()


class ForkServer:
    """A process that forks kernels; it ends, and they do, when this process does."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._connection, theirs = multiprocessing.Pipe()
        handle = theirs.fileno()
        code = "import sys; sys.path[:] = filter(None, sys.path); from benchkit.forks import serve"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-X", "frozen_modules=off", "-c", f"{code}; serve({handle})"],
                stdin=subprocess.DEVNULL,
                pass_fds=[handle],
                env={**_NO_SPINNING, **os.environ},
                start_new_session=True,
            )

    def ask(self, question: Start | int) -> Any:
        """The process id of a kernel to be started; how the kernel with this process id ended."""
        with self._asking:
            try:
                self._connection.send(question)
                return self._connection.recv()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """End the process, and the kernels with it."""
        self._process.terminate()  # to which it listens while it imports
        with self._asking:
            self._connection.close()
        self._process.wait()


class Fork:
    """What jupyter_client wants to find of a `subprocess.Popen`, of a forked kernel."""

    stdin = stdout = stderr = None

    def __init__(self, server: ForkServer, start: Start) -> None:
        self._server = server
        self.pid: int = server.ask(start)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, once it has ended."""
        if self.returncode is None:
            try:
                self.returncode = self._server.ask(self.pid)
            except (EOFError, OSError):
                self.returncode = -signal.SIGKILL
        return self.returncode

    wait = poll

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def import_jsonschema() -> None:
    """Import jsonschema but for its check of IRIs, whose grammar takes a second to build.

    altair and nbformat import it; nothing that they check here holds an IRI.
    """
    if "jsonschema" in sys.modules or _IRI_GRAMMAR in sys.modules:
        return
    sys.modules[_IRI_GRAMMAR] = None  # type: ignore[assignment]
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[_IRI_GRAMMAR]


def serve(handle: int) -> None:
    """Import, fork kernels for as long as questions come, and end those that are left."""
    import_jsonschema()
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kernels: set[int] = set()
    connection = Connection(handle)
    for question in _received(connection):
        if isinstance(question, int):
            ended, status = os.waitpid(question, os.WNOHANG)
            kernels.discard(ended)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        else:
            answer = os.fork()
            if answer == 0:
                connection.close()
                _become_kernel(*question)
                return
            kernels.add(answer)
        with suppress(OSError):
            connection.send(answer)
    for pid in kernels:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _received(connection: Connection) -> Iterator[Start | int]:
    with suppress(EOFError, OSError):
        while True:
            yield connection.recv()


def _become_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    import numpy
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment, JPY_PARENT_PID=str(os.getppid()))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    numpy.random.seed()  # noqa: NPY002
    sys.argv = [str(importlib.import_module("ipykernel_launcher").__file__), *arguments]
    IPKernelApp.launch_instance(arguments, parent_handle=os.getppid())
