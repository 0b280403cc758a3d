"""A real PostgreSQL server for tests: Debian's package, a database of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import pytest

PASSWORD = "hunter2 @/:%ÿ+&"  # with the signs that a URI must encode
OWNER, READER = "chatwoot", "benchkit_reader"
SECONDS_TO_START = 30
_SETTINGS = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=20"]


@dataclass(frozen=True)
class Server:
    """A running server, and the URIs under which its two users reach a database."""

    port: int

    def uri(self, user: str = READER, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements as the owner, who may write."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.uri(OWNER, database=database), autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def database(self, name: str, *statements: str) -> str:
        """Make a database anew; return the URI of the reader, who may read what he is granted."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        self.run(*statements, database=name)
        return self.uri(database=name)


def binaries() -> Path | None:
    """Where the newest PostgreSQL server is that Debian's package or the path knows."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    return packaged[-1] if packaged else Path(on_path).parent if on_path else None


@contextmanager
def running_server() -> Iterator[Server]:
    """A server of the tests' own, on this machine only; where there can be none, the tests are skipped."""
    pytest.importorskip("adbc_driver_postgresql", reason="without benchkit[sql] no database is read")
    folder_of_binaries = binaries()
    if folder_of_binaries is None:
        pytest.skip("no PostgreSQL server here; on Debian: apt-get install postgresql")
    user = _somebody()
    folder = Path(mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(folder, user)
    run = _runner(folder_of_binaries, folder, user)
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    (folder / "password").chmod(0o644)
    try:
        options = ["--pgdata=data", f"--username={OWNER}", "--pwfile=password", "--auth=scram-sha-256"]
        made = run("initdb", *options, "--encoding=UTF8", "--locale=C", "--no-sync").wait(SECONDS_TO_START)
        assert made == 0, (folder / "log").read_text()
        server = Server(_free_port())
        settings = [
            *_SETTINGS,
            "listen_addresses=127.0.0.1",
            f"port={server.port}",
            "unix_socket_directories=",
        ]
        process = run("postgres", "-D", "data", *(f"--{setting}" for setting in settings))
        try:
            _wait_for(server, process, folder / "log")
            server.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # ends what is open, too
            process.wait(SECONDS_TO_START)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> str | None:
    """Whom to run the server as, which refuses to run as root; None: as whoever runs the tests."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _runner(binaries: Path, folder: Path, user: str | None) -> Callable[..., subprocess.Popen[bytes]]:
    def run(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (folder / "log").open("ab") as log:
            command = [str(binaries / program), *arguments]
            return subprocess.Popen(
                command, cwd=folder, user=user, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    return run


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    from adbc_driver_manager import Error

    give_up_at = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return server.run("SELECT 1")
        except Error:
            if process.poll() is not None or time.monotonic() > give_up_at:
                pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')}")
            time.sleep(0.05)
