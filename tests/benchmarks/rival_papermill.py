"""Four notebooks that only import, through papermill one after another, exported by nbconvert."""

import sys
from pathlib import Path

import nbformat
import papermill
from nbconvert import HTMLExporter

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
cell = nbformat.v4.new_code_cell("import polars\nimport altair")
metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
for number in range(4):
    path = folder / f"{number}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)
    done = papermill.execute_notebook(path, path, progress_bar=False)
    html, _ = HTMLExporter().from_notebook_node(done)
    path.with_suffix(".html").write_text(html, encoding="utf-8")
