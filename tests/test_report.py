from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import polars as pl
import pytest

from benchkit import find_waits, report, synthesize
from benchkit import page as page_module
from benchkit.corrections import agents_of
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.folders import folder_name
from benchkit.published import expectations
from benchkit.report import NotebookError, make_report
from benchkit.words import percent

HOSTILE = "</script><script>alert(1)</script>"
START = datetime(2026, 8, 3, tzinfo=UTC)

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def write_messages(path: Path) -> Path:
    """Two brands, thirteen weeks, four in five messages answered after an hour."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["message_id", "conversation_id", "brand", "channel", "sender", "sender_id", "sent_at"])
        for number in range(600):
            brand = HOSTILE if number % 2 else "A & B"
            asked = START + timedelta(hours=3.5 * number)
            row = [f"c{number}", brand, "public"]
            out.writerow([f"m{number}", *row, "customer", f"u{number}", asked.isoformat()])
            if number % 5:
                replied = asked + timedelta(minutes=number % 120)
                out.writerow([f"r{number}", *row, "agent", "kim", replied.isoformat()])
    return path


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_messages(tmp_path_factory.mktemp("data") / "messages {month}.csv")


@pytest.fixture(scope="module")
def made(messages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports {brand}")
    return make_report(
        messages=str(messages),
        month="2026-09",
        target="80% in 1h",
        name_peers=True,
        name_agents=True,
        out=out,
    )


def notebook_of(*sources: str) -> nbformat.NotebookNode:
    texts = [
        "dataset",
        "twcs",
        "messages",
        "events",
        "as_of",
        "calendar",
        "definition",
        "corrections",
        "month",
        "brand",
        "agent",
        "peers",
        "pool",
        "published",
        "target",
    ]
    parameters = "\n".join(
        [*(f'{name}: str = ""' for name in texts), "name_peers = False", "name_agents = False"]
    )
    cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


def use_notebook(monkeypatch: pytest.MonkeyPatch, folder: Path, notebook: nbformat.NotebookNode) -> None:
    """Let that notebook be the report's only one."""
    path = folder / "monthly_overview.ipynb"
    nbformat.write(notebook, path)
    monkeypatch.setattr(report, "NOTEBOOKS", ("monthly_overview",))
    monkeypatch.setattr(report, "shipped", lambda kind, name: path)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_is_one_page_where_it_was_promised(made: Path) -> None:
    assert made.name == "index.html"
    assert made.parts[-3:-1] == ("all", "2026-09")
    charts = {name for name in files_in(made.parent) if name.startswith("charts/")}
    assert len(charts) >= 6
    assert files_in(made.parent) - charts == {
        "index.html",
        "estimates.csv",
        "estimates.parquet",
        "private/README.md",
        "private/names.csv",
        "private/waits.parquet",
        *(f"private/notebooks/{name}.ipynb" for name in report.NOTEBOOKS),
    }
    assert [path.name for path in made.parents[1].iterdir()] == ["2026-09"]


def test_its_figures_are_a_tidy_table(made: Path) -> None:
    estimates = pl.read_parquet(made.with_name("estimates.parquet"))
    shown = estimates.filter(by="", month="2026-09", metric="answered_within_1h")
    assert percent(shown["estimate"].item()) in made.read_text(encoding="utf-8")
    assert pl.read_csv(made.with_name("estimates.csv"), infer_schema_length=None).height == estimates.height


def test_the_times_of_the_survey_are_among_its_figures(made: Path) -> None:
    curve = pl.read_parquet(made.with_name("estimates.parquet")).filter(by="seconds")
    assert set(expectations()["seconds"]) <= set(curve["seconds"])


def test_the_waits_behind_it_are_kept_apart(made: Path) -> None:
    waits = pl.read_parquet(made.parent / "private" / "waits.parquet")
    shown = pl.read_parquet(made.with_name("estimates.parquet")).filter(
        by="", metric="waits", month="2026-09"
    )
    assert waits.height == shown["estimate"].item()
    assert {"opening_message_id", "reply_message_id"} <= {*waits.columns}
    assert "not for sending" in (made.parent / "private" / "README.md").read_text(encoding="utf-8")


def test_the_notebooks_are_kept_as_they_ran(made: Path) -> None:
    for name in report.NOTEBOOKS:
        notebook = nbformat.read(made.parent / "private" / "notebooks" / f"{name}.ipynb", as_version=4)
        assert all(cell.get("outputs") is not None for cell in notebook.cells if cell.cell_type == "code")
        assert "2026-09" in str([cell.source for cell in notebook.cells])


def test_without_leave_nobody_is_named_outside_the_private_folder(messages: Path, tmp_path: Path) -> None:
    made = make_report(messages=str(messages), month="2026-09", brand="A & B", out=tmp_path)
    for path in made.parent.rglob("*"):
        if path.is_file() and "private" not in path.parts:
            said = path.read_bytes()
            assert b"alert(1)" not in said, path
            assert b"kim" not in said, path
    assert "kim" in (made.parent / "private" / "names.csv").read_text(encoding="utf-8")


def test_nothing_on_it_points_outside(made: Path) -> None:
    html = made.read_text(encoding="utf-8")
    own = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"""\b(?:src|href|srcset|action|poster)\s*=(?!"#\w+")|url\(|@import""", own)
    assert "default-src 'none'; script-src 'sha256-" in own


def test_names_are_text_everywhere(made: Path) -> None:
    html = made.read_text(encoding="utf-8")
    assert "alert(1)" in html
    assert html.count("<script>") == 2
    assert html.count("<script") == html.count("</script>") == 2 + html.count('<figure class="chart">')
    specs = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert any(HOSTILE in json.loads(spec)["description"] for spec in specs)


def test_it_tells_the_month(made: Path) -> None:
    html = made.read_text(encoding="utf-8")
    assert "<h1>All brands: answer times, September 2026</h1>" in html
    for words in (
        "Answered within 1 h",
        "SLA attainment",
        "A &amp; B",
        "A wait starts at the first",
        "polars",
    ):
        assert words in html


def test_a_report_of_one_brand_is_about_it(messages: Path, tmp_path: Path) -> None:
    path = make_report(messages=str(messages), month="2026-09", brand="A & B", out=tmp_path)
    assert path.parts[-3].startswith("A-B-")
    html = path.read_text(encoding="utf-8")
    assert "<h1>A &amp; B: answer times, September 2026</h1>" in html
    assert "alert(1)" not in html


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"month": "2026-13"}, "'2026-13' is not a month"),
        ({"month": "2020-01"}, "the months there are: 2026-08"),
        ({"brand": "A and B"}, "no brand 'A and B' in .*; did you mean 'A & B'"),
        ({"target": "fast"}, "'fast' is not a target"),
        ({"messages": "nowhere.csv"}, "nowhere.csv"),
        ({"as_of": "soon"}, "soon"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    messages: Path, tmp_path: Path, wrong: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BenchkitError, match=sentence):
        make_report(**{"messages": str(messages), "out": tmp_path / "reports", **wrong})
    assert not (tmp_path / "reports").exists()


def test_a_parameter_the_notebook_lacks_is_refused(
    messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = notebook_of()
    notebook.cells[0].source = notebook.cells[0].source.replace("target", "targt")
    use_notebook(monkeypatch, tmp_path, notebook)
    with pytest.raises(UnknownNameError, match=r"no parameter 'target' in the notebooks; did you mean"):
        make_report(messages=str(messages), out=tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_no_permission_is_one_sentence(messages: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BenchkitError, match=r"cannot write to '.*file.*'.*; name another folder"):
        make_report(messages=str(messages), out=tmp_path / "file")


def test_a_failing_notebook_is_kept_and_the_last_report_stands(
    messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_notebook(
        monkeypatch, tmp_path, notebook_of("print('so far')", "x = 1\nraise OSError('\\x1b[2J gone')")
    )
    last = tmp_path / "reports" / "messages" / "all" / "2026-09"
    last.mkdir(parents=True)
    (last / "index.html").write_text("the last one")
    monkeypatch.setattr(report, "folder_name", lambda name: "messages")
    with pytest.raises(NotebookError) as caught:
        make_report(messages=str(messages), month="2026-09", out=tmp_path / "reports")
    lines = str(caught.value).splitlines()
    assert lines[0] == "monthly_overview.ipynb stopped in cell 4:"
    assert lines[1:4] == ["    x = 1", "    raise OSError('\\x1b[2J gone')", "OSError: \\x1b[2J gone"]
    assert caught.value.exit_code == 1
    kept = last.with_name("2026-09-failed") / "monthly_overview.ipynb"
    assert str(kept.parent) in lines[4]
    assert "so far" in kept.read_text()
    assert files_in(last.parent) == {"2026-09/index.html", "2026-09-failed/monthly_overview.ipynb"}
    assert (last / "index.html").read_text() == "the last one"


def test_names_that_cannot_be_drawn_as_they_are_make_a_report(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["message_id", "conversation_id", "brand", "channel", "sender", "sender_id", "sent_at"])
        for number in range(80):
            row = [f"c{number}", "𝓕𝓵𝔂 ✈️" * 9, "dm\x01\x1b[2J" if number % 2 else "😀" * 40]
            asked = START + timedelta(hours=number)
            out.writerow([f"m{number}", *row, "customer", f"u{number}", asked.isoformat()])
            out.writerow(
                [f"r{number}", *row, "agent", "kim\ufffe", (asked + timedelta(minutes=9)).isoformat()]
            )
    made = make_report(messages=str(path), out=tmp_path / "out", name_agents=True)
    said = made.read_text(encoding="utf-8")
    assert "dm\ufffd\ufffd[2J" in said
    assert not re.search(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", re.sub(r"<script>.*?</script>", "", said, flags=re.DOTALL)
    )
    for chart in made.parent.glob("charts/*.svg"):
        ElementTree.parse(chart)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_the_last_report(messages: Path, tmp_path: Path, number: signal.Signals) -> None:
    last = tmp_path / folder_name(messages.stem) / "all" / "2026-09"
    last.mkdir(parents=True)
    (last / "index.html").write_text("the last one")
    command = [sys.executable, "-m", "benchkit", "report", "--messages", messages, "--month", "2026-09"]
    run = subprocess.Popen([*command, "--out", tmp_path], stderr=subprocess.PIPE, text=True)
    begun = time.monotonic()
    while run.poll() is None and not any(last.parent.glob(".2026-09-*")):
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    run.send_signal(number)
    _, said = run.communicate(timeout=60)
    assert files_in(last) == {"index.html"}
    assert (last / "index.html").read_text() == "the last one"
    if number != signal.SIGKILL:
        assert run.returncode == 128 + number
        assert said == "benchkit: stopped; the last report, if there is one, stands as it was\n"
        assert files_in(tmp_path) == {str(last.relative_to(tmp_path) / "index.html")}


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_stops_it_leaves_the_last_report(
    messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    def stop(*notebooks: object, **options: object) -> str:
        raise trouble

    use_notebook(monkeypatch, tmp_path, notebook_of())
    first = make_report(messages=str(messages), month="2026-09", out=tmp_path / "reports")
    before = first.read_bytes()
    monkeypatch.setattr(page_module, "page", stop)
    with pytest.raises((KeyboardInterrupt, BenchkitError)):
        make_report(messages=str(messages), month="2026-09", out=tmp_path / "reports")
    assert first.read_bytes() == before
    assert [path.name for path in first.parents[1].iterdir()] == ["2026-09"]


def test_an_agents_own_page_names_nobody_else(tmp_path: Path) -> None:
    made = make_report(brand="Mumblecell", agent="MQ", out=tmp_path)
    assert made.parts[-4:-1] == ("agents", "MQ", "2026-10")
    others = {
        agent.removeprefix("Mumblecell/")
        for _, agent in agents_of(find_waits(synthesize()).only("Mumblecell"))
    } - {"MQ"}
    assert len(others) == 9
    for path in made.parent.rglob("*"):
        if path.is_file() and "private" not in path.parts and path.suffix != ".parquet":
            said = re.sub(r"<script>.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert not set(re.findall(r"\b[A-Z]{2}\b", said)) & others, path
            assert "Agent " not in re.sub("Agent drilldown|Agent by agent|>Agent<", "", said)
    told = pl.read_parquet(made.with_name("estimates.parquet"))
    assert set(told["agent"].drop_nulls()) == {"MQ", "everyone else"}
    waits = pl.read_parquet(made.parent / "private" / "waits.parquet")
    assert waits["agent_id"].unique().to_list() == ["Mumblecell/MQ"]
    assert not (made.parent / "private" / "names.csv").exists()


def test_an_agent_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no agent 'QM' in Mumblecell; there are 'AU'"):
        make_report(brand="Mumblecell", agent="QM", out=tmp_path)
    assert not any(tmp_path.iterdir())


def test_corrections_reach_every_section(messages: Path, tmp_path: Path) -> None:
    corrections = tmp_path / "corrections.csv"
    corrections.write_text("wait,action,reason,who\nm402,leave out,a test of ours,Kim\n", encoding="utf-8")
    options = {"messages": str(messages), "month": "2026-09", "brand": "A & B"}
    before, after = (
        make_report(**options, corrections=path, out=tmp_path / name)
        for name, path in (("before", ""), ("after", str(corrections)))
    )
    said = after.read_text(encoding="utf-8")
    assert said.count("Corrections applied: 1 (waits left out: 1; credited to another agent: 0).") == 1
    assert "a test of ours" not in said
    whole = [
        pl.read_parquet(made.with_name("estimates.parquet")).filter(by="", metric="waits", month="2026-09")
        for made in (before, after)
    ]
    assert whole[0]["estimate"].item() - whole[1]["estimate"].item() == 1
