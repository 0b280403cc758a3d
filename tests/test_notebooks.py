from __future__ import annotations

import re
from pathlib import Path

import nbformat
import papermill
import pytest

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
            assert len(cell.source.splitlines()) <= 10
            assert not LOGIC.search(cell.source)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_its_parameters_have_types_and_help(path: Path) -> None:
    parameters = papermill.inspect_notebook(path)
    assert parameters
    for parameter in parameters.values():
        assert parameter["inferred_type_name"] in ("str", "int", "float", "bool")
        assert parameter["help"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_runs_with_its_defaults(path: Path, tmp_path: Path) -> None:
    done = papermill.execute_notebook(path, tmp_path / path.name, progress_bar=False)
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    assert any(CHART_TYPE in output.data for output in outputs)
    assert any("text/html" in output.data for output in outputs)
