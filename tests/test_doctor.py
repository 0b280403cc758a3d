"""The doctor tells what is missing or odd, says how to put it right, and never fails itself."""

import io
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import jupyter_core.paths
import pytest

from benchkit import doctor
from benchkit.doctor import Finding, diagnose


def find(name: str) -> Finding:
    return next(finding for finding in diagnose() if finding.name == name)


def test_every_finding_is_one_line_with_a_name() -> None:
    findings = diagnose()

    assert len({finding.name for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.sentence
        assert finding.sentence.isprintable(), finding


def test_this_environment_is_sound() -> None:
    assert find("Python").ok
    assert find("packages").ok, find("packages").sentence
    assert find("kernel").ok, find("kernel").sentence


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.1")

    assert find("Python") == Finding(
        "Python", False, "3.9.1, benchkit needs >=3.11; install it under a newer Python"
    )


def test_an_old_or_missing_package_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = {"polars": "1.30.0", "altair": "6.3.0"}
    requires = ["altair>=6.2", "polars<3,>=2.1", "rich>=14", "pytest>=8; extra == 'test'"]

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "requires", lambda name: requires)
    monkeypatch.setattr(metadata, "version", version)
    packages = find("packages")

    assert packages.ok is False
    assert "polars is 1.30.0, benchkit needs <3,>=2.1; rich is missing" in packages.sentence
    assert 'run python -m pip install "polars<3,>=2.1" "rich>=14"' in packages.sentence
    assert "pytest" not in packages.sentence


def test_benchkit_itself_may_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    monkeypatch.setattr(metadata, "metadata", missing)

    assert find("Python").ok is None
    assert find("packages").sentence.startswith("benchkit itself is not installed; run ")


def test_missing_notebooks_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchkit.resources._PACKAGE", tmp_path)
    monkeypatch.setattr("benchkit.resources._CHECKOUT", tmp_path)

    assert find("notebooks").ok is False
    assert find("notebooks").sentence.endswith("install benchkit again")


@pytest.mark.parametrize(
    ("written", "ok", "says"),
    [
        (json.dumps({"argv": ["python", "-m", "ipykernel_launcher"]}), True, "under this Python"),
        (json.dumps({"argv": [sys.executable]}), True, "under this Python"),
        (json.dumps({"argv": ["/elsewhere/bin/python"]}), False, "another Python, '/elsewhere/bin/python'"),
        (json.dumps({"argv": []}), False, "cannot be read"),
        ("{", False, "cannot be read"),
        (None, False, "knows no kernel python3"),
    ],
)
def test_a_kernel_of_another_python_is_odd(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str | None, ok: bool, says: str
) -> None:
    if written is not None:
        (tmp_path / "python3").mkdir()
        (tmp_path / "python3" / "kernel.json").write_text(written)
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *parts: [str(tmp_path)])
    kernel = find("kernel")

    assert kernel.ok is ok
    assert says in kernel.sentence
    assert ok or "python -m ipykernel install" in kernel.sentence


def test_looking_for_write_access_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    assert find("reports").ok
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text("a file where a folder should be")

    assert find("reports").ok is False
    assert find("reports").sentence.endswith("run benchkit from a folder of your own")


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_usable() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none_usable)

    assert find("temporary files").ok is False
    assert "TMPDIR" in find("temporary files").sentence


@pytest.mark.parametrize(("listed", "ok"), [(b"NotoSansCJK.ttc\n", True), (b"\n", False)])
def test_fontconfig_says_which_fonts_there_are(
    monkeypatch: pytest.MonkeyPatch, listed: bytes, ok: bool
) -> None:
    asked = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command[1])
        return subprocess.CompletedProcess(command, 0, stdout=listed)

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    texts = [finding for finding in diagnose() if finding.name.endswith(" text")]

    assert [text.name for text in texts] == ["Korean text", "Japanese text", "Chinese text"]
    assert [text.ok for text in texts] == [ok] * 3
    assert asked == [":lang=ko", ":lang=ja", ":lang=zh"]
    assert ok or all("fonts-noto-cjk" in text.sentence for text in texts)


def test_a_fontconfig_that_fails_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: object) -> None:
        raise subprocess.TimeoutExpired(command, 20)

    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", hang)

    assert find("Korean text").ok is None


@pytest.mark.parametrize(("system", "file"), [("Windows", "malgun.ttf"), ("Darwin", "AppleSDGothicNeo.ttc")])
def test_without_fontconfig_the_files_of_the_system_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, file: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(doctor, "_font_folders", lambda: [tmp_path])
    (tmp_path / file).touch()

    assert find("Korean text").ok is True
    assert find("Japanese text").ok is None
    assert find("Japanese text").sentence.startswith("cannot tell")


@pytest.mark.parametrize(
    ("encoding", "ok"), [("utf-8", True), ("UTF8", True), ("cp1252", False), ("ascii", False)]
)
def test_a_terminal_that_cannot_print_korean_is_odd(
    monkeypatch: pytest.MonkeyPatch, encoding: str, ok: bool
) -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding=encoding) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        terminal = find("terminal")
        monkeypatch.undo()

    assert terminal.ok is ok
    assert ok or "PYTHONUTF8=1" in terminal.sentence


@pytest.mark.parametrize(
    ("meminfo", "limit", "ok"),
    [
        (["MemTotal: 8000000 kB", "MemAvailable: 4000000 kB"], ["max"], True),
        (["MemTotal: 8000000 kB", "MemAvailable: 400000 kB"], ["max"], False),
        (["MemTotal: 8000000 kB", "MemAvailable: 4000000 kB"], ["500000000"], False),
        (["MemTotal: 8000000 kB"], ["max"], None),
    ],
)
def test_little_memory_is_odd(
    monkeypatch: pytest.MonkeyPatch, meminfo: list[str], limit: list[str], ok: bool | None
) -> None:
    files = {"/proc/meminfo": meminfo, "/sys/fs/cgroup/memory.max": limit}
    monkeypatch.setattr(doctor, "_lines", files.__getitem__)

    assert find("memory").ok is ok


@pytest.mark.parametrize(("free", "ok"), [(5_000_000_000, True), (20_000_000, False)])
def test_a_full_disk_is_odd(monkeypatch: pytest.MonkeyPatch, free: int, ok: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))

    assert find("disk").ok is ok


def test_no_heavy_package_is_imported() -> None:
    code = "import sys; from benchkit.doctor import diagnose; diagnose(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert {"altair", "papermill", "polars", "scipy", "nbconvert"}.isdisjoint(loaded.split())
