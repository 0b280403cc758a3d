"""Kernels to run several notebooks on at once: forked where that is possible."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

from benchkit.forks import Fork, ForkServer, can_fork, import_jsonschema

Item = TypeVar("Item")
Result = TypeVar("Result")

_LONGEST_SOCKET_BYTES = 100
"""Of a socket's path, without its number: macOS takes 103, Linux 107."""

# Whatever papermill logs of a notebook that fails, it raises too.
logging.getLogger("papermill").addHandler(logging.NullHandler())


class Kernels:
    """Kernels for notebooks that run side by side: warming up from entering on, gone on leaving.

    Each kernel is a process in a session of its own, so that Ctrl-C reaches this process
    alone; should this process be killed outright, they end by themselves. Where there is no
    forking (Windows), or `python3` is not this Python, kernels start as Jupyter starts them.
    What is put into `environment` is in the environment of the kernels started later.

        with Kernels() as kernels:
            kernels.run(lambda name: execute_notebook(name, out / name, **kernels.options), names)
    """

    def __enter__(self) -> Self:
        self._starting = threading.Lock()
        self._is_stopped = False
        self._ordinary: list[subprocess.Popen[bytes]] = []
        self._server = ForkServer() if can_fork() else None
        self._folder = tempfile.TemporaryDirectory(prefix="benchkit-")
        self._numbers = count()
        self.environment: dict[str, str] = {}
        import_jsonschema()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def options(self) -> dict[str, Any]:
        """What `papermill.execute_notebook` is given to run a notebook on one of these kernels."""
        from traitlets.config import Config

        return {
            "kernel_name": "python3",
            "kernel_manager_class": self._manager,
            "engine_name": _engine(),
            "extra_arguments": ["--HistoryManager.enabled=False"],
            "shutdown_kernel": "immediate",  # asked politely, ipykernel 7 now and then hangs
            "config": Config({"KernelManager": {"transport_encryption": "auto"}}),
        }

    @property
    def folder(self) -> Path:
        """A private folder that is there for as long as the kernels are."""
        return Path(self._folder.name)

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

    @cached_property
    def _manager(self) -> type:
        return _manager_class(self._launch, self._address, self.environment)

    def _address(self) -> dict[str, str]:
        """Where the next kernel can be reached: by sockets in a private folder, or else by TCP."""
        name = str(self.folder / str(next(self._numbers)))
        has_sockets = os.name == "posix" and len(os.fsencode(name)) <= _LONGEST_SOCKET_BYTES
        return {"connection_file": f"{name}.json"} | ({"transport": "ipc", "ip": name} if has_sockets else {})

    def _launch(
        self, command: list[str], environment: Mapping[str, str], folder: Path, as_usual: Callable[[], Any]
    ) -> Any:
        with self._starting:
            is_this_python = command[0] == sys.executable and "ipykernel_launcher" in command
            if self._server and is_this_python:
                arguments = command[command.index("ipykernel_launcher") + 1 :]
                with suppress(EOFError, OSError):
                    return Fork(self._server, (arguments, dict(environment), str(folder)))
            if self._is_stopped:
                raise RuntimeError("the kernels have been stopped")
            self._ordinary.append(process := as_usual())
            return process


def _in_own_loop(work: Callable[[Item], Result], item: Item) -> Result:
    """Close the event loop that nbclient opens in a thread and leaves there."""
    from jupyter_core.utils import ensure_event_loop

    try:
        return work(item)
    finally:
        ensure_event_loop().close()


def _engine() -> str:
    """The name of papermill's engine, less that it saves the whole notebook before and after each cell.

    What is executed papermill saves itself; what a kernel's end stopped is saved as far as it got.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, *names: Any, **options: Any) -> Any:
            place, nb_man.output_path = nb_man.output_path, None
            try:
                return super().execute_managed_notebook(nb_man, *names, **options)  # type: ignore[no-untyped-call]
            except BaseException:
                nb_man.output_path = place
                raise

    papermill_engines.register("benchkit", Engine)  # type: ignore[no-untyped-call]
    return "benchkit"


def _manager_class(
    launch: Callable[..., Any], address: Callable[[], dict[str, str]], environment: Mapping[str, str]
) -> type:
    """The class of kernel managers that leave it to `launch` to start a kernel."""
    from jupyter_client.launcher import launch_kernel
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner

    class Provisioner(LocalProvisioner):
        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            self.cwd = Path(kwargs.get("cwd") or Path.cwd())
            kwargs["env"] = {**kwargs["env"], **environment}
            self.process = launch(cmd, kwargs["env"], self.cwd, lambda: launch_kernel(cmd, **kwargs))
            self.pid = self.process.pid
            self.pgid = self.pid if os.name == "posix" else None
            return self.connection_info

        async def send_signal(self, signum: int) -> None:
            # A kernel about to be killed would say that it was interrupted.
            if not (signum == signal.SIGINT and getattr(self.parent, "shutting_down", False)):
                await super().send_signal(signum)

    class Manager(AsyncKernelManager):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**address(), **kwargs)
            self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)

    return Manager
