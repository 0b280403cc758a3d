"""Notebooks side by side on forked kernels, and on ordinary ones where there is no forking."""

import json
import multiprocessing
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from benchkit import kernels
from benchkit.kernels import Kernels

FORKS = "forkserver" in multiprocessing.get_all_start_methods()
LINUX = sys.platform == "linux"

needs_forks = pytest.mark.skipif(not FORKS, reason="processes cannot be forked here")
needs_proc = pytest.mark.skipif(not LINUX, reason="looks at /proc")

WHERE_AM_I = """
import json, os, sys
own = ("JPY_PARENT_PID", "BENCHKIT_PID", "MPLBACKEND")
print(json.dumps({
    "folder": os.getcwd(),
    "environment": {k: v for k, v in os.environ.items() if not k.startswith("PYDEVD") and k not in own},
    "has_parent": "JPY_PARENT_PID" in os.environ,
    "path": sys.path,
    "program": [sys.argv[0], sys.argv[1], *sys.argv[3:]],
    "executable": sys.executable,
    "name": __name__,
    "files": sorted({os.readlink(f"/proc/self/fd/0")}) if sys.platform == "linux" else [],
    "leads_session": os.getsid(0) == os.getpid() if hasattr(os, "getsid") else True,
}))
"""

DRAW = """
import os
import altair as alt
import numpy as np
import polars as pl
frame = pl.DataFrame({"x": range(1000), "y": [1.0, 2.0] * 500})
means = frame.lazy().group_by("y").agg(pl.col("x").mean()).sort("y").collect()
assert means["x"].to_list() == [499.0, 500.0]
print(os.getpid(), np.random.random())
alt.Chart(means).mark_bar().encode(x="y:O", y="x:Q")
"""

MEET = """
import pathlib, time
folder = pathlib.Path({folder!r})
(folder / {name!r}).touch()
while not all((folder / name).exists() for name in {names}):
    time.sleep(0.05)
"""

KILL_SERVER = "import signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)"


@pytest.fixture(
    params=[pytest.param(True, marks=needs_forks, id="forked"), pytest.param(False, id="ordinary")]
)
def forks(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(kernels, "can_fork", lambda: False)
    return request.param


def write(folder, name, *cells):
    python3 = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=python3
    )
    nbformat.write(notebook, folder / f"{name}.ipynb")


def executor(warm, folder):
    def work(name):
        path = str(folder / f"{name}.ipynb")
        return execute_notebook(path, path, progress_bar=False, **warm.options)

    return work


def text(notebook, cell=0):
    return notebook.cells[cell].outputs[0].text


def listed(folder):
    return {entry.name for entry in Path(folder).iterdir()}


def wait_until(condition, *, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_four_notebooks_run_at_once_each_in_its_own_process(tmp_path, forks, capfd):
    names = ["north", "south", "east", "west"]
    for name in names:
        write(tmp_path, name, DRAW, MEET.format(folder=str(tmp_path), name=name, names=names))
    with Kernels() as warm:
        executed = warm.run(executor(warm, tmp_path), names)
    printed = [text(notebook).split() for notebook in executed]
    assert len({pid for pid, _ in printed} | {str(os.getpid())}) == 5
    assert len({draw for _, draw in printed}) == 4
    assert all("text/html" in notebook.cells[0].outputs[1].data for notebook in executed)
    assert executed[0].metadata.kernelspec.name == "python3"
    assert capfd.readouterr() == ("", "")
    assert not any(is_running(int(pid)) for pid, _ in printed)


@needs_forks
def test_a_forked_kernel_finds_itself_where_an_ordinary_one_would(tmp_path, monkeypatch):
    write(tmp_path, "where", WHERE_AM_I)
    (tmp_path / "elsewhere").mkdir()
    found = []
    for can_fork in (True, False):
        monkeypatch.setattr(kernels, "can_fork", lambda answer=can_fork: answer)
        with Kernels() as warm:
            monkeypatch.setenv("BENCHKIT_TEST", f"set afterwards, {'löslich'}")
            monkeypatch.chdir(tmp_path / "elsewhere")
            found.append(json.loads(text(executor(warm, tmp_path)("where"))))
    forked, ordinary = found
    assert forked["files"] == (["/dev/null"] if LINUX else [])
    del forked["files"], ordinary["files"]
    assert forked == ordinary
    assert forked["folder"] == str(tmp_path / "elsewhere")
    assert forked["environment"]["BENCHKIT_TEST"] == "set afterwards, löslich"
    assert forked["leads_session"]


def test_a_failing_notebook_stops_the_others_and_says_why(tmp_path, forks, capfd):
    pid_file = tmp_path / "pid"
    write(
        tmp_path,
        "long",
        f"import os, time\nopen({str(pid_file)!r}, 'w').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)",
    )
    write(tmp_path, "bad", f"import os\nwhile not os.path.exists({str(pid_file)!r}): pass", "1 / 0")
    started = time.monotonic()
    with Kernels() as warm:
        with pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
            warm.run(executor(warm, tmp_path), ["long", "bad"])
        assert not is_running(int(pid_file.read_text()))
        with pytest.raises(RuntimeError, match="have been stopped"):
            warm.run(executor(warm, tmp_path), ["bad"])
    assert time.monotonic() - started < 60
    assert capfd.readouterr() == ("", "")


def test_a_notebook_is_not_saved_at_every_cell(tmp_path, monkeypatch):
    write(tmp_path, "long", *(f"print({number})" for number in range(9)))
    saved = []
    for module in ("engines", "execute"):
        place = f"papermill.{module}.write_ipynb"
        as_usual = pkgutil.resolve_name(place)
        monkeypatch.setattr(place, lambda *file, as_usual=as_usual: (saved.append(file), as_usual(*file))[1])
    with Kernels() as warm:
        executor(warm, tmp_path)("long")
    assert len(saved) == 2  # before the first cell, and after the last
    assert text(nbformat.read(tmp_path / "long.ipynb", 4), cell=8) == "8\n"


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_kernel_that_dies_is_noticed(tmp_path, forks, end, capfd):
    write(tmp_path, "dying", f"import os, signal\n{end}")
    with Kernels() as warm:
        write(tmp_path, "sound", "print('sound')")
        assert text(executor(warm, tmp_path)("sound")) == "sound\n"
        started = time.monotonic()
        with pytest.raises(DeadKernelError):
            warm.run(executor(warm, tmp_path), ["dying"])
        assert time.monotonic() - started < 20
    assert capfd.readouterr() == ("", "")


@needs_forks
@needs_proc
def test_the_server_forks_single_threaded_and_nothing_is_left_open(tmp_path):
    write(tmp_path, "sound", "print('sound')")
    for _ in range(2):
        before = listed("/proc/self/fd")
        threads = threading.active_count()
        with Kernels() as warm:
            executor_thread = threading.Thread(target=warm.run, args=(executor(warm, tmp_path), ["sound"]))
            executor_thread.start()
            executor_thread.join(60)
            server = warm._server._process.pid
            assert len(listed(f"/proc/{server}/task")) == 1
            assert listed(warm._folder.name) == set()
        assert not is_running(server)
        assert threading.active_count() == threads
        assert listed("/proc/self/fd") <= before
        assert "sound" in (tmp_path / "sound.ipynb").read_text(encoding="utf-8")


@needs_forks
def test_without_its_server_kernels_are_ordinary(tmp_path):
    write(tmp_path, "sound", "import os\nprint(os.getppid())")
    with Kernels() as warm:
        warm._server._process.kill()
        assert text(executor(warm, tmp_path)("sound")) == f"{os.getpid()}\n"


@needs_forks
def test_a_kernel_whose_server_is_killed_ends_too(tmp_path):
    write(tmp_path, "orphan", "import os\nprint(os.getpid())", KILL_SERVER)
    with Kernels() as warm:
        with pytest.raises(DeadKernelError):
            executor(warm, tmp_path)("orphan")
        orphan = int(text(nbformat.read(tmp_path / "orphan.ipynb", 4)))
        wait_until(lambda: not is_running(orphan), seconds=10)


@needs_forks
def test_kernels_of_another_python_are_not_forked():
    with Kernels() as warm:
        command = ["/another/python", "-m", "ipykernel_launcher", "-f", "x"]
        ordinary = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        assert warm._launch(command, {}, Path.cwd(), lambda: ordinary) is ordinary
    assert ordinary.wait(10) == -signal.SIGKILL


def test_a_folder_too_long_for_sockets_is_no_obstacle(tmp_path, forks, monkeypatch, capfd):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    write(tmp_path, "sound", "print('sound')")
    with Kernels() as warm:
        assert text(executor(warm, tmp_path)("sound")) == "sound\n"
    assert capfd.readouterr() == ("", "")


PROGRAM = """
import sys
from pathlib import Path
from benchkit.kernels import Kernels
folder = Path(sys.argv[1])
(folder / "begun").open("a").write("begun ")
try:
    with Kernels() as warm:
        from papermill.execute import execute_notebook
        (folder / "warming").touch()
        def work(name):
            return execute_notebook(str(folder / name), None, progress_bar=False, **warm.options)
        warm.run(work, ["0.ipynb", "1.ipynb"])
except KeyboardInterrupt:
    sys.exit(130)
"""


@needs_forks
@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
@pytest.mark.parametrize("when", ["warming", "running"])
def test_nothing_outlives_a_process_that_is_stopped(tmp_path, number, when):
    for name in "01":
        code = f"import os, time\nopen({str(tmp_path / f'running{name}')!r}, 'w').close()\ntime.sleep(600)"
        write(tmp_path, name, code)
    (tmp_path / "program.py").write_text(PROGRAM)
    mark = f"BENCHKIT_TEST_MARK={tmp_path}"
    with (tmp_path / "said").open("wb") as said:
        program = subprocess.Popen(
            [sys.executable, str(tmp_path / "program.py"), str(tmp_path)],
            env=os.environ | {"BENCHKIT_TEST_MARK": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        signs = ["warming"] if when == "warming" else ["running0", "running1"]
        wait_until(lambda: all((tmp_path / sign).exists() for sign in signs))
        assert len(marked(mark)) >= (2 if when == "warming" else 4)
        os.killpg(program.pid, number)
        status = program.wait(20)
        if number == signal.SIGINT:
            assert status == 130
            assert marked(mark) == []
        wait_until(lambda: marked(mark) == [], seconds=15)
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
    assert (tmp_path / "said").read_text() == ""
    assert (tmp_path / "begun").read_text() == "begun "


def marked(mark):
    """The processes that were started with this mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
