"""A notebook in a real JupyterLab that reaches only this machine: run, moved, saved, opened again."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from benchkit.resources import shipped
from benchkit.tables import CHART_TYPE

NOTEBOOK = "expectation_curves.ipynb"
CHART, SLIDER = ".jp-OutputArea-output canvas.marks", ".widget-slider .noUi-handle"
QUIET = {"fetchNews": "false", "checkForUpdates": False}
SOON, LONG = 30_000, 120_000
PICTURE = "canvas => canvas.toDataURL()"
ALL_DRAWN = """([selector, charts]) => {
    const canvases = [...document.querySelectorAll(selector)]
    return canvases.length === charts && canvases.every(canvas => {
        const {width, height} = canvas
        const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data
        let [left, right, top, bottom] = [width, 0, height, 0]
        for (let i = 0; i < pixels.length; i += 4) {
            const [red, green, blue] = pixels.subarray(i, i + 3)
            if (Math.max(red, green, blue) - Math.min(red, green, blue) < 60) continue
            const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)]
            left = Math.min(left, x), right = Math.max(right, x)
            top = Math.min(top, y), bottom = Math.max(bottom, y)
        }
        return right - left > width / 2 && bottom - top > Math.min(100, height / 10)
    })
}"""
"""Whether there are so many charts, each with coloured marks over half its width and a row high."""

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab, and the folder whose notebooks it shows."""

    url: str
    token: str
    folder: Path

    def kernels(self) -> list[str]:
        asked = Request(f"{self.url}api/kernels", headers={"Authorization": f"token {self.token}"})
        with urlopen(asked, timeout=30) as answer:
            return [kernel["id"] for kernel in json.load(answer)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as it is when new, knowing no user's settings and with no way to the network."""
    home, folder = tmp_path_factory.mktemp("jupyter"), tmp_path_factory.mktemp("notebooks")
    settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    shutil.copy(shipped("notebooks", NOTEBOOK), folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")} | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        **dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"),
        "no_proxy": "127.0.0.1",
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={free_port()}"]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={folder}"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        running = wait_for_file(home / "runtime" / f"jpserver-{server.pid}.json", server, home / "log")
        yield Lab(url=running["url"], token=running["token"], folder=folder)
    finally:
        server.terminate()  # it ends its kernels with it
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_file(path: Path, server: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        if path.exists() and (text := path.read_text()).endswith("}"):
            return json.loads(text)
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2_000:]}")


@contextmanager
def opened(browser: Browser, lab: Lab, name: str) -> Iterator[tuple[Page, list[str]]]:
    """A window tall enough for all of a notebook, and what it asked of others, which it did not get."""
    context = browser.new_context(viewport={"width": 1280, "height": 6_000}, service_workers="block")
    abroad: list[str] = []

    def is_abroad(url: str) -> bool:
        return urlsplit(url).hostname != "127.0.0.1"

    def stop(route: Route) -> None:
        abroad.append(route.request.url)
        route.abort()

    def close(socket: WebSocketRoute) -> None:
        abroad.append(socket.url)
        socket.close()

    context.route(is_abroad, stop)
    context.route_web_socket(is_abroad, close)
    tab = context.new_page()
    own_workspace = f"{lab.url}lab/workspaces/{Path(name).stem}/tree/{name}"
    tab.goto(f"{own_workspace}?token={lab.token}", wait_until="domcontentloaded")
    tab.wait_for_selector(".jp-Notebook .jp-Cell", timeout=LONG)
    yield tab, abroad
    context.close()


@pytest.fixture(scope="module")
def executed(browser: Browser, lab: Lab) -> Iterator[tuple[Page, list[str]]]:
    """The notebook after Run All Cells, from the menu."""
    with opened(browser, lab, NOTEBOOK) as (tab, abroad):
        expect(tab.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
        tab.get_by_role("menuitem", name="Run", exact=True).click()
        tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        to_run = tab.locator(".jp-InputPrompt", has_text="*")
        expect(to_run).not_to_have_count(0, timeout=SOON)
        expect(to_run).to_have_count(0, timeout=LONG)
        yield tab, abroad


def saved(tab: Page, lab: Lab) -> nbformat.NotebookNode:
    """The notebook's file, after Ctrl+S."""
    with tab.expect_response(lambda answer: answer.request.method == "PUT" and NOTEBOOK in answer.url):
        tab.keyboard.press("Control+s")
    return nbformat.read(lab.folder / NOTEBOOK, as_version=4)


def outputs_of(notebook: nbformat.NotebookNode) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def wait_until_drawn(tab: Page, notebook: nbformat.NotebookNode) -> None:
    charts = sum(CHART_TYPE in output.data for output in outputs_of(notebook))
    assert charts > 0
    tab.wait_for_function(ALL_DRAWN, arg=[CHART, charts], timeout=SOON)


def test_it_draws_every_chart_with_no_network(executed: tuple[Page, list[str]], lab: Lab) -> None:
    tab, abroad = executed
    notebook = saved(tab, lab)
    assert [output for output in outputs_of(notebook) if output.output_type in ("error", "stream")] == []
    wait_until_drawn(tab, notebook)
    assert abroad == []


def test_a_saved_notebook_keeps_the_last_picture(
    executed: tuple[Page, list[str]], browser: Browser, lab: Lab
) -> None:
    tab, abroad = executed
    cell = tab.locator(".jp-Cell", has=tab.locator(SLIDER))
    chart, readout = cell.locator(CHART), cell.locator(".widget-readout")
    first = chart.evaluate(PICTURE)
    tab.locator(SLIDER).press("ArrowRight")
    chosen = readout.inner_text()
    expect(cell.locator("thead th").last).to_have_text(chosen, timeout=SOON)
    notebook = saved(tab, lab)
    wait_until_drawn(tab, notebook)
    last = chart.evaluate(PICTURE)
    assert last != first

    (moved,) = (cell for cell in notebook.cells if "threshold_slider" in cell.source)
    _, picture, table = (output.data for output in moved.outputs)
    assert f"within {chosen}" in picture[CHART_TYPE]["description"]
    assert f">{chosen}<" in table["text/html"]

    kernels = lab.kernels()
    notebook.metadata.clear()  # names no kernel, so that JupyterLab asks which to start
    nbformat.write(notebook, lab.folder / "sent.ipynb")
    with opened(browser, lab, "sent.ipynb") as (sent, also_abroad):
        sent.locator(".jp-Dialog").get_by_role("button", name="No Kernel", exact=True).click()
        wait_until_drawn(sent, notebook)
        assert sent.locator(CHART).last.evaluate(PICTURE) == last
        assert abroad == also_abroad == []
        expect(sent.get_by_text("Run this cell to choose another time with a slider.")).to_be_visible()
    assert lab.kernels() == kernels
