"""What is missing or odd on this machine, each finding with its way out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from benchkit.errors import BenchkitError, show
from benchkit.resources import shipped

GB = 1e9
LEAST_MEMORY_GB = 1.0
LEAST_DISK_GB = 1.0

SCRIPTS = {"Korean": "ko", "Japanese": "ja", "Chinese": "zh"}
FONT_FILES = {
    "Darwin": {
        "Korean": ["AppleSDGothicNeo.ttc"],
        "Japanese": ["ヒラギノ角ゴシック W3.ttc", "ヒラギノ明朝 ProN.ttc"],
        "Chinese": ["PingFang.ttc", "STHeiti Light.ttc", "Hiragino Sans GB.ttc"],
    },
    "Windows": {
        "Korean": ["malgun.ttf"],
        "Japanese": ["YuGothM.ttc", "meiryo.ttc", "msgothic.ttc"],
        "Chinese": ["msyh.ttc", "simsun.ttc", "msjh.ttc"],
    },
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok` is True, False, or None where it cannot be told."""

    name: str
    ok: bool | None
    sentence: str


def diagnose() -> list[Finding]:
    """Look at what benchkit needs from this machine.

    >>> {finding.name for finding in diagnose()} >= {"Python", "reports", "Korean text"}
    True

    Nothing is installed, and nothing is left behind. Of the packages only the metadata is read.
    """
    return [
        _python(),
        _packages(),
        _notebooks(),
        _kernel(),
        _writable("reports", Path("data/reports"), "run benchkit from a folder of your own"),
        _writable("temporary files", None, "set TMPDIR to a folder of your own"),
        *(_font(script) for script in SCRIPTS),
        _terminal(),
        _memory(),
        _disk(),
    ]


def _python() -> Finding:
    version = platform.python_version()
    try:
        bounds = SpecifierSet(metadata.metadata("benchkit")["Requires-Python"])
    except metadata.PackageNotFoundError:
        return Finding("Python", None, f"{version}; its bounds are not known, benchkit is not installed")
    if bounds.contains(version, prereleases=True):
        return Finding("Python", True, f"{version} at {show(sys.executable, limit=200)}")
    return Finding("Python", False, f"{version}, benchkit needs {bounds}; install it under a newer Python")


def _packages() -> Finding:
    try:
        requirements = [Requirement(line) for line in metadata.requires("benchkit") or []]
    except metadata.PackageNotFoundError:
        way_out = "run python -m pip install -e . in the checkout"
        return Finding("packages", False, f"benchkit itself is not installed; {way_out}")
    needed = [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    problems = {r: problem for r in needed if (problem := _problem(r))}
    if not problems:
        return Finding("packages", True, f"all {len(needed)} are there in the versions benchkit needs")
    named = "; ".join(problems.values())
    install = " ".join(f'"{r.name}{r.specifier}"' for r in problems)
    return Finding("packages", False, f"{named}; run python -m pip install {install}")


def _problem(requirement: Requirement) -> str | None:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"{requirement.name} is {version}, benchkit needs {requirement.specifier}"


def _notebooks() -> Finding:
    try:
        path = shipped("notebooks", "monthly_overview.ipynb")
    except BenchkitError as error:
        return Finding("notebooks", False, f"{error}; install benchkit again")
    return Finding("notebooks", True, f"in {show(path.parent, limit=200)}")


def _kernel() -> Finding:
    from jupyter_core.paths import jupyter_path

    specs = [Path(folder) / "python3" / "kernel.json" for folder in jupyter_path("kernels")]
    spec = next((path for path in specs if path.is_file()), None)
    way_out = "run python -m ipykernel install --sys-prefix"
    if spec is None:
        return Finding("kernel", False, f"Jupyter knows no kernel python3; {way_out}")
    try:
        python = Path(json.loads(spec.read_text(encoding="utf-8"))["argv"][0])
    except (OSError, ValueError, LookupError, TypeError):
        return Finding("kernel", False, f"{show(spec, limit=200)} cannot be read; {way_out}")
    if not python.is_absolute() or python.parent == Path(sys.executable).parent:
        return Finding("kernel", True, "notebooks run under this Python")
    where = show(python, limit=200)
    return Finding("kernel", False, f"notebooks run under another Python, {where}; {way_out}")


def _writable(name: str, folder: Path | None, way_out: str) -> Finding:
    try:
        wanted = Path(tempfile.gettempdir()) if folder is None else folder.absolute()
        there = next(path for path in (wanted, *wanted.parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):
            return Finding(name, True, f"can be written to {show(wanted, limit=200)}")
    except OSError as error:
        return Finding(name, False, f"cannot be written ({error.strerror or error}); {way_out}")


def _font(script: str) -> Finding:
    name = f"{script} text"
    there = _has_font(script)
    if there:
        return Finding(name, True, "a font is installed for it in PNG pictures")
    problem = (
        "no font was found for it" if there is False else "cannot tell whether a font is installed for it"
    )
    return Finding(
        name,
        there,
        f"{problem}: PNG pictures may show boxes, pages and SVG use the reader's fonts; "
        "install Noto Sans CJK (Debian and Ubuntu: fonts-noto-cjk)",
    )


def _has_font(script: str) -> bool | None:
    if fc_list := shutil.which("fc-list"):
        command = [fc_list, f":lang={SCRIPTS[script]}", "file"]
        try:
            listed = subprocess.run(command, capture_output=True, timeout=20, check=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            return None
        return bool(listed.stdout.strip())
    known = FONT_FILES.get(platform.system(), {}).get(script, [])
    return True if any((folder / file).is_file() for folder in _font_folders() for file in known) else None


def _font_folders() -> list[Path]:
    if platform.system() == "Windows":
        return [Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "Fonts"]
    return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts"]


def _terminal() -> Finding:
    encoding = getattr(sys.stdout, "encoding", None)
    if encoding is None:
        return Finding("terminal", None, "cannot tell how it encodes text")
    if encoding.lower().replace("-", "").replace("_", "").startswith("utf"):
        return Finding("terminal", True, f"takes every script ({encoding})")
    return Finding(
        "terminal",
        False,
        f"takes only {encoding}, so that names in other scripts cannot be printed; set PYTHONUTF8=1",
    )


def _memory() -> Finding:
    available = _available_memory()
    if available is None:
        return Finding("memory", None, "cannot tell how much is available")
    gb = f"{available / GB:.1f} GB available"
    if available >= LEAST_MEMORY_GB * GB:
        return Finding("memory", True, gb)
    return Finding("memory", False, f"only {gb}; close other programs, or measure one brand at a time")


def _available_memory() -> float | None:
    """Bytes that this process may still take: of the machine, and of its container where it is in one."""
    try:
        fields = dict(line.split(":", 1) for line in _lines("/proc/meminfo"))
        available = float(fields["MemAvailable"].split()[0]) * 1_024
    except (OSError, ValueError, LookupError):
        return None
    try:
        return min(available, float(_lines("/sys/fs/cgroup/memory.max")[0]))
    except (OSError, ValueError, LookupError):
        return available


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    if free >= LEAST_DISK_GB * GB:
        return Finding("disk", True, f"{free / GB:,.1f} GB free in this folder")
    return Finding(
        "disk", False, f"only {free / GB:.1f} GB free in this folder; make room for reports and stores"
    )
