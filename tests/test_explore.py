from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchkit.tables import CHART_TYPE

WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"
SETTING = """
import sys
from benchkit import charts, expectation_curve, explore, find_waits
from benchkit.sources.timelines import from_timelines

charts.enable_renderer()
timelines = [f"C0 A{7 * i + 1}" for i in range(80)]
curve = expectation_curve(find_waits(from_timelines(*timelines, brand="<i>Acme</i>")))
"""

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[BlockingKernelClient]:
    """A real kernel, spoken to as front ends do."""
    manager = KernelManager(kernel_name="python3", transport_encryption="auto")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        assert run(client, SETTING) == []
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str, *, can_ask: bool = False) -> list[dict[str, Any]]:
    return answers(client, client.execute(code, allow_stdin=can_ask))


def move(client: BlockingKernelClient, slider: str, index: int) -> list[dict[str, Any]]:
    update = {"method": "update", "state": {"index": index}, "buffer_paths": []}
    message = client.session.msg("comm_msg", {"comm_id": slider, "data": update})
    client.shell_channel.send(message)
    return answers(client, message["header"]["msg_id"])


def answers(client: BlockingKernelClient, request: str) -> list[dict[str, Any]]:
    """What the kernel publishes on a request, until it is idle again."""
    published, deadline = [], monotonic() + 60
    while monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["content"].get("execution_state") == "idle":
            return published
        if message["msg_type"] not in ("status", "execute_input"):
            published.append(message)
    pytest.fail("the kernel did not answer within a minute")


def shown(messages: list[dict[str, Any]], kind: str = "display_data") -> list[dict[str, Any]]:
    assert not [message["content"] for message in messages if message["msg_type"] in ("error", "stream")]
    return [message["content"] for message in messages if message["msg_type"] == kind]


def test_moving_the_slider_replaces_the_chart_and_its_table(client: BlockingKernelClient) -> None:
    messages = run(client, "explore.threshold_slider(curve)", can_ask=True)
    slider, chart, table = shown(messages)
    opened = {message["comm_id"]: message["data"]["state"] for message in shown(messages, "comm_open")}
    assert slider["data"]["text/plain"] == "Run this cell to choose another time with a slider."
    model_id = slider["data"][WIDGET_TYPE]["model_id"]
    labels = opened[model_id]["_options_labels"]
    assert (labels[0], labels[-1], labels[opened[model_id]["index"]]) == ("1 min", "7 d", "1 h")
    assert len(set(labels)) == len(labels) > 90
    assert ">1 h<" in table["data"]["text/html"]

    new_chart, new_table = shown(move(client, model_id, labels.index("4 h")), "update_display_data")
    assert [new["transient"] for new in (new_chart, new_table)] == [
        old["transient"] for old in (chart, table)
    ]
    assert set(new_chart["data"]) == set(chart["data"]) == {CHART_TYPE, "text/plain"}
    assert new_chart["data"][CHART_TYPE] != chart["data"][CHART_TYPE]
    assert ">4 h<" in new_table["data"]["text/html"]
    assert ">1 h<" not in new_table["data"]["text/html"]
    assert "<i>" not in new_table["data"]["text/html"]


def test_without_a_front_end_chart_and_table_stand_alone(client: BlockingKernelClient) -> None:
    chart, table = shown(run(client, "explore.threshold_slider(curve, month='2026-10', seconds=86400)"))
    assert set(chart["data"]) == {CHART_TYPE, "text/plain"}
    assert "October 2026" in str(chart["data"][CHART_TYPE]["title"])
    assert ">24 h<" in table["data"]["text/html"]


def test_a_time_that_is_not_in_the_curve_is_refused_before_anything_shows(
    client: BlockingKernelClient,
) -> None:
    messages = run(client, "explore.threshold_slider(curve, seconds=5)", can_ask=True)
    assert [message["msg_type"] for message in messages] == ["error"]
    assert messages[0]["content"]["ename"] == "BenchkitError"


def test_without_jupyter_it_prints_and_loads_no_widgets() -> None:
    code = f"{SETTING}\nexplore.threshold_slider(curve)\nassert 'ipywidgets' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "LayerChart" in done.stdout
    assert "Html" in done.stdout
