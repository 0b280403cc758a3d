"""What is installed is what is declared, and the wheel works where there is no checkout."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import benchkit

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OTHER_NAME_IN_CONDA = {"python-tzdata": "tzdata"}
HEAVY = {"altair", "ipywidgets", "nbconvert", "papermill", "polars", "scipy", "vl_convert"}

ADDRESS = re.compile(
    r"pypi[.]org|pythonhosted[.]org|anaconda[.](?:org|com)|npmjs[.]|--(?:extra-)?index-url[ =]"
)
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:work|tmp|home|root|Users)/\w")
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E)\b|^(?:<{7}|>{7}) ", re.MULTILINE)


def parse(requirements: list[str]) -> dict[str, Requirement]:
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("name", benchkit.__all__)
def test_public_names_are_where_they_are_said_to_be(name: str) -> None:
    assert getattr(benchkit, name) is not None


def test_conda_users_get_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *requirements, pip = environment["dependencies"]
    conda = {OTHER_NAME_IN_CONDA.get(name, name): r for name, r in parse(requirements).items()}
    python, installer = conda.pop("python"), conda.pop("pip")

    assert {name: r.specifier for name, r in conda.items()} == {
        name: r.specifier for name, r in parse(PROJECT["dependencies"]).items()
    }
    assert str(python.specifier) == PROJECT["requires-python"]
    assert not installer.specifier
    assert pip == {"pip": ["-e ."]}
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_constraints_pin_every_dependency_within_its_bounds() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines]
    here = {canonicalize_name(p.name): p for p in pins if p.marker is None or p.marker.evaluate()}
    extras = PROJECT["optional-dependencies"]
    wanted = parse([*PROJECT["dependencies"], *extras["test"], *extras["bench"]])

    for pin in pins:
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), pin
        assert pin.url is None
    for name, requirement in wanted.items():
        version = str(here[name].specifier).removeprefix("==")
        assert requirement.specifier.contains(version, prereleases=True), name


def test_every_package_that_is_imported_is_declared() -> None:
    imported = {
        name.partition(".")[0]
        for path in (ROOT / "benchkit").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported_names(node)
    }
    third_party = imported - set(sys.stdlib_module_names) - {"benchkit"}
    homes = metadata.packages_distributions()
    declared = parse(PROJECT["dependencies"]).keys()
    undeclared = {
        module
        for module in third_party
        if declared.isdisjoint(canonicalize_name(home) for home in homes.get(module, []))
    }

    assert undeclared == set()
    assert third_party.isdisjoint({"pandas", "matplotlib"})
    assert declared.isdisjoint({"pandas", "matplotlib"})


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [str(node.module)]
    return []


def test_the_licence_is_bsd_3_clause() -> None:
    licence = " ".join((ROOT / "LICENSE").read_text(encoding="utf-8").split())

    assert PROJECT["license"] == "BSD-3-Clause"
    assert licence.startswith("BSD 3-Clause License Copyright (c)")
    for clause in (
        "1. Redistributions of source code",
        "2. Redistributions in binary form",
        "3. Neither the name",
    ):
        assert clause in licence


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert versions[0] == benchkit.__version__


@pytest.mark.parametrize(
    "pattern", [ADDRESS, MACHINE_PATH, UNFINISHED], ids=["address", "machine path", "unfinished"]
)
def test_no_file_names_a_package_index_or_a_machine_or_is_unfinished(pattern: re.Pattern[str]) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked_files()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    }

    assert found == set()


def test_pre_commit_downloads_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for repo in config["repos"] for hook in repo["hooks"]} == {"system"}


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from benchkit.cli import main
sys.argv = ["benchkit", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "Usage" in done.stdout
    assert HEAVY.isdisjoint(json.loads(done.stderr))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    target = wheel.parent / "installed"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        target,
        wheel,
    ]
    subprocess.run(install, check=True, capture_output=True)
    return target


@pytest.fixture
def in_empty_folder(installed: Path, tmp_path: Path):
    """Run Python with the installed wheel in front, where there is no checkout."""

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONUTF8": "1"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_notebooks_published_figures_and_mappings_travel_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("benchkit/shipped/")}
    notebooks = {path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".ipynb"}
    data = [path for kind in ("published", "mappings") for path in (ROOT / "data" / kind).iterdir()]

    assert inside == {
        *(f"benchkit/shipped/{path.as_posix()}" for path in notebooks),
        *(f"benchkit/shipped/{path.parent.name}/{path.name}" for path in data),
    }
    assert notebooks


def test_the_wheel_is_what_is_imported(installed: Path, in_empty_folder) -> None:
    imported = in_empty_folder("-c", "import benchkit; print(benchkit.__file__)")

    assert Path(imported.strip()).is_relative_to(installed)


def test_the_wheel_works_in_an_empty_folder(installed: Path, in_empty_folder, tmp_path: Path) -> None:
    assert in_empty_folder("-m", "benchkit", "--version").strip().endswith(benchkit.__version__)
    assert str(installed) in in_empty_folder("-m", "benchkit", "doctor").replace("\n", "")

    figures = in_empty_folder("-m", "benchkit", "measure", "--demo", "--month", "2026-10", "--format", "csv")

    assert "answered_within_1h" in figures
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_wheel_makes_a_report_in_an_empty_folder(in_empty_folder, tmp_path: Path) -> None:
    *_, last = in_empty_folder("-m", "benchkit", "report", "--demo").splitlines()

    assert (tmp_path / last).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
