from __future__ import annotations

import re
from pathlib import Path

import nbformat
import papermill
import pytest

from benchkit.kernels import Kernels
from benchkit.report import NOTEBOOKS
from benchkit.resources import shipped
from benchkit.tables import CHART_TYPE

FOLDER = shipped("notebooks", "monthly_overview.ipynb").parent
PATHS = sorted(FOLDER.glob("*.ipynb"))
LOGIC = re.compile(r"^\s*(async\s+def|def|class|for|while|lambda)\b|\bpl\.col\b|\bgroup_by\b", re.MULTILINE)

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_every_section_of_the_report_is_there() -> None:
    assert set(NOTEBOOKS) <= {path.stem for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    notebook = read(path)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"tags"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_thin(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            is_parameters = "parameters" in cell.metadata.get("tags", ())
            assert len(cell.source.splitlines()) <= 10 or is_parameters
            assert not LOGIC.search(cell.source)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_its_parameters_have_types_and_help(path: Path) -> None:
    parameters = papermill.inspect_notebook(path)
    assert parameters
    for parameter in parameters.values():
        assert parameter["inferred_type_name"] in ("str", "int", "float", "bool")
        assert parameter["help"]


def test_what_the_report_passes_on_every_notebook_takes() -> None:
    common = {"twcs", "messages", "events", "as_of", "calendar", "definition", "month", "brand", "name_peers"}
    for path in PATHS:
        of_report = {"corrections", "peers", "name_agents"} if path.stem in NOTEBOOKS else set()
        assert common | of_report <= set(papermill.inspect_notebook(path))


OTHERWISE = {
    "brand": "Mumblecell",
    "month": "2026-03",
    "target": "50% in 4h",
    "as_of": "2026-04-02",
    "name_peers": True,
    "name_agents": True,
    "min_waits": 100,
    "minutes": 12.0,
}
ZENDESK_IN_HOURS = {"definition": "zendesk", "calendar": "support.toml", "month": "2026-10"}
SUPPORT = 'timezone = "Europe/Berlin"\nholidays = "DE-BE"\n[hours]\nmon-fri = "09:00-17:30"\n'


@pytest.fixture(
    scope="module",
    params=[{}, OTHERWISE, ZENDESK_IN_HOURS],
    ids=["defaults", "other parameters", "zendesk in hours"],
)
def executed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, nbformat.NotebookNode]:
    out = tmp_path_factory.mktemp("executed")
    asked = dict(request.param)
    if "calendar" in asked:
        asked["calendar"] = str(out / asked["calendar"])
        Path(asked["calendar"]).write_text(SUPPORT, encoding="utf-8")

    def run(path: Path) -> nbformat.NotebookNode:
        known = papermill.inspect_notebook(path)
        parameters = {name: value for name, value in asked.items() if name in known}
        return papermill.execute_notebook(
            path, out / path.name, parameters=parameters, progress_bar=False, **kernels.options
        )

    with Kernels() as kernels:
        return dict(zip([path.stem for path in PATHS], kernels.run(run, PATHS), strict=True))


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_it_runs(executed: dict[str, nbformat.NotebookNode], name: str) -> None:
    outputs = [output for cell in executed[name].cells for output in cell.get("outputs", ())]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    charts = [output.data for output in outputs if CHART_TYPE in output.data]
    assert charts
    for chart in charts:
        asks = chart[CHART_TYPE]["title"]["text"]
        assert asks.endswith("?")
        assert chart["text/plain"] == chart[CHART_TYPE]["description"]
    assert any("text/html" in output.data for output in outputs)


def test_other_parameters_show(
    executed: dict[str, nbformat.NotebookNode], request: pytest.FixtureRequest
) -> None:
    shown = {name: str([cell.get("outputs") for cell in nb.cells]) for name, nb in executed.items()}
    changed = "other parameters" in request.node.name
    assert ("March 2026 is not whole" in shown["monthly_overview"]) is False
    assert ("target 50% within 4 h" in shown["monthly_overview"]) is changed
    assert ("Bazaarling" in shown["industry_benchmark"]) is changed
    assert ("Agent A" in shown["agent_drilldown"]) is not changed
    assert ("fewer than 100 answered waits" in shown["agent_drilldown"]) is changed
    assert ("taken as 12" in shown["expectation_curves"]) is changed
    assert ("provisional" in shown["monthly_overview"]) is changed
    by_zendesk = "zendesk in hours" in request.node.name
    for name in NOTEBOOKS:
        assert ("Figures are by the definition zendesk 1 (approximate, " in shown[name]) is by_zendesk
    assert ("of the time that answered customers waited" in shown["monthly_overview"].lower()) is by_zendesk
    assert ("closed on the public holidays of DE-BE" in shown["monthly_overview"]) is by_zendesk
