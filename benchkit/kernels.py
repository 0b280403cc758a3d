"""Kernels to run several notebooks on at once, forked from one process that has done the imports."""

from __future__ import annotations

import gc
import importlib
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Start = tuple[list[str], dict[str, str], str]
"""The arguments, environment and folder of a kernel."""

PRELOADED = (
    *("ipykernel_launcher", "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.debugger"),
    *("tornado.platform.asyncio", "altair", "numpy", "scipy.special", "benchkit"),
)
"""What kernels need that is slow to import. Not polars: it starts threads, which forks would lack."""

_LONGEST_FOLDER_BYTES = 90
"""The path of a socket may have 103 bytes on macOS, 107 on Linux."""

# Whatever papermill logs of a notebook that fails, it raises too.
logging.getLogger("papermill").addHandler(logging.NullHandler())


class Kernels:
    """Kernels for notebooks that run side by side: warming up from entering on, gone on leaving.

    Each kernel is a process in a session of its own, so that Ctrl-C reaches this process
    alone; should this process be killed outright, they end by themselves. Where there is no
    forking (Windows), or `python3` is not this Python, kernels start as Jupyter starts them.

        with Kernels() as kernels:
            kernels.run(lambda name: execute_notebook(name, out / name, **kernels.options), names)
    """

    def __enter__(self) -> Self:
        self._starting = threading.Lock()
        self._is_stopped = False
        self._ordinary: list[subprocess.Popen[bytes]] = []
        self._server = _Server() if can_fork() else None
        self._folder = tempfile.TemporaryDirectory(prefix="benchkit-")
        self._manager: type | None = None
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def options(self) -> dict[str, Any]:
        """What `papermill.execute_notebook` is given to run a notebook on one of these kernels."""
        from traitlets.config import Config

        with self._starting:
            self._manager = self._manager or _manager_class(self._launch, Path(self._folder.name))
        return {
            "kernel_name": "python3",
            "kernel_manager_class": self._manager,
            "extra_arguments": ["--HistoryManager.enabled=False"],
            "shutdown_kernel": "immediate",  # asked politely, ipykernel 7 now and then hangs
            "config": Config({"KernelManager": {"transport_encryption": "auto"}}),
        }

    def run(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the work on every item, each in a thread; the first failure stops all and is raised."""
        with ThreadPoolExecutor() as pool:
            try:
                futures = [pool.submit(_in_own_loop, work, item) for item in items]
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise
            return [future.result() for future in futures]

    def stop(self) -> None:
        """End all kernels at once, and start no more."""
        self._is_stopped = True
        if self._server:
            self._server.close()
        with self._starting:
            for process in self._ordinary:
                process.kill()

    def _launch(
        self, command: list[str], environment: Mapping[str, str], folder: Path, as_usual: Callable[[], Any]
    ) -> Any:
        with self._starting:
            is_this_python = command[0] == sys.executable and "ipykernel_launcher" in command
            if self._server and is_this_python:
                arguments = command[command.index("ipykernel_launcher") + 1 :]
                with suppress(EOFError, OSError):
                    return _Fork(self._server, (arguments, dict(environment), str(folder)))
            if self._is_stopped:
                raise RuntimeError("the kernels have been stopped")
            self._ordinary.append(process := as_usual())
            return process


def can_fork() -> bool:
    """Whether processes can be forked from a server on this system."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def _in_own_loop(work: Callable[[Item], Result], item: Item) -> Result:
    """Close the event loop that nbclient opens in a thread and leaves there."""
    from jupyter_core.utils import ensure_event_loop

    try:
        return work(item)
    finally:
        ensure_event_loop().close()


def _manager_class(launch: Callable[..., Any], folder: Path) -> type:
    """The class of kernel managers that have `launch` start kernels and talk to them in `folder`."""
    from jupyter_client.launcher import launch_kernel
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            self.cwd = Path(kwargs.get("cwd") or Path.cwd())
            self.process = launch(cmd, kwargs["env"], self.cwd, lambda: launch_kernel(cmd, **kwargs))
            self.pid = self.process.pid
            self.pgid = self.pid if os.name == "posix" else None
            return self.connection_info

        async def send_signal(self, signum: int) -> None:
            # A kernel about to be killed would say that it was interrupted.
            if not (signum == signal.SIGINT and getattr(self.parent, "shutting_down", False)):
                await super().send_signal(signum)

    numbers = count()
    has_sockets = os.name == "posix" and len(os.fsencode(folder)) <= _LONGEST_FOLDER_BYTES

    class Manager(AsyncKernelManager):
        def __init__(self, **kwargs: Any) -> None:
            name = folder / str(next(numbers))
            address = {"transport": "ipc", "ip": str(name)} if has_sockets else {}
            super().__init__(connection_file=f"{name}.json", **address, **kwargs)
            self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)

    return Manager


class _Server:
    """The process that forks kernels, answers one question at a time, and ends when none can come."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._connection, theirs = multiprocessing.Pipe()
        handle = theirs.fileno()
        code = "import sys; sys.path[:] = filter(None, sys.path); from benchkit.kernels import _serve"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-X", "frozen_modules=off", "-c", f"{code}; _serve({handle})"],
                stdin=subprocess.DEVNULL,
                pass_fds=[handle],
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
        self._process.terminate()  # to which it listens while it imports
        with self._asking:
            self._connection.close()
        self._process.wait()


class _Fork:
    """What jupyter_client wants to find of a `subprocess.Popen`, of a forked kernel."""

    stdin = stdout = stderr = None

    def __init__(self, server: _Server, start: Start) -> None:
        self._server = server
        self.pid: int = server.ask(start)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                self.returncode = self._server.ask(self.pid)
            except (EOFError, OSError):
                self.returncode = -signal.SIGKILL
        return self.returncode

    wait = poll

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _serve(handle: int) -> None:
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
