# A convenience: README.md has the plain lines, for Windows and conda too.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ORACLES := .venv-oracles

.PHONY: test test-slow oracles report lab bench wheel constraints clean

test: $(VENV)/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow" -n 2 --dist loadscope

test-slow: $(VENV)/installed
	$(BIN)/pytest -m slow -n 2 --dist load

report: $(VENV)/installed
	@$(BIN)/benchkit report --demo

lab: $(VENV)/installed
	$(BIN)/jupyter lab --notebook-dir=notebooks

oracles: $(ORACLES)/installed
	$(ORACLES)/bin/python -m pytest tests/oracles

bench: $(VENV)/installed-bench $(ORACLES)/installed
	$(BIN)/python tests/benchmarks/run.py

study: $(VENV)/installed
	$(BIN)/python tests/study/run.py

wheel: $(VENV)/installed
	$(BIN)/python -m build --wheel --no-isolation

constraints:
	$(UV) pip compile pyproject.toml --extra test --extra bench --universal --python-version 3.11 --upgrade \
		--no-emit-index-url --no-header --no-annotate --quiet --output-file constraints.txt

clean:
	rm -rf $(VENV) $(ORACLES) build dist data/bench .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find benchkit tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "benchkit needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another, e.g. make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable ".[test]" --constraint constraints.txt
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed
	$(PIP) install --editable ".[bench]" --constraint constraints.txt
	@touch $@

# lifelines holds pandas back, so what others compute is tested beside, not among, the rest.
$(ORACLES)/installed: pyproject.toml
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/python -m pip --disable-pip-version-check --quiet install --editable ".[oracles]"
	@touch $@
