"""`benchkit peers`: what it prints, and one sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from benchkit import synthesize
from benchkit.cli_peers import peers_app
from benchkit.pools.files import read_pool
from benchkit.shell import SentenceGroup

app = typer.Typer(cls=SentenceGroup, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(peers_app, name="peers")


@app.callback()
def _root() -> None:
    """Stand in for the whole command."""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["peers", *map(str, arguments)])


def refused(*arguments: str | Path) -> str:
    """The one sentence on stderr, nothing on stdout, exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    sentence = result.stderr.removeprefix("benchkit: ").removesuffix("\n")
    assert sentence.isprintable()
    assert "Traceback" not in sentence
    return sentence


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Messages of the same brands, half of the conversations in each file."""
    folder, messages = tmp_path_factory.mktemp("halves"), synthesize(messages=60_000, months=4).messages
    in_one = pl.col("conversation_id").hash(seed=1) % 2 == 0
    files = [folder / "one.parquet", folder / "other.parquet"]
    for file, kept in zip(files, (in_one, ~in_one), strict=True):
        messages.filter(kept).sink_parquet(file)
    return files


def test_exports_are_pooled(halves: list[Path], tmp_path: Path) -> None:
    exports = []
    for file in halves:
        exports.append(tmp_path / file.name)
        result = run("export", "--messages", file, "--as-of", "2026-11-08T06:00:00Z", "--out", exports[-1])
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{exports[-1]}\n"
        assert "waits in " in result.stderr
    result = run("pool", *exports, "--out", tmp_path / "pool.parquet")

    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'pool.parquet'}\n"
    assert "from 2 files" in result.stderr
    waits = [read_pool(file).tables["waits"].sum() for file in (*exports, tmp_path / "pool.parquet")]
    assert waits[2] == waits[0] + waits[1]


def test_months_and_definitions_are_chosen(tmp_path: Path) -> None:
    out = tmp_path / "demo.parquet"
    months = ("--month", "2026-09", "--month", "2026-10")
    result = run("export", "--demo", *months, "--definition", "zendesk", "--out", out)

    assert result.exit_code == 0, result.output
    assert "left out: " in result.stderr
    pool = read_pool(out)
    assert pool.definition.name == "zendesk"
    assert pool.months() == ["2026-09", "2026-10"]


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"

    assert "two sources" in refused("export", "--demo", "--twcs", "x.csv", "--out", out)
    assert "no definition 'zen'" in refused("export", "--definition", "zen", "--out", out)
    assert "there is no such file" in refused("pool", tmp_path / "none.parquet", "--out", out)
    assert "ends in .parquet" in refused("export", "--month", "2026-10", "--out", tmp_path / "out.csv")
    assert "is not a month" in refused("export", "--month", "October", "--out", out)
    assert "--out" in refused("export", "--demo")
    assert "--out" in refused("pool", "a.parquet")
    assert not list(tmp_path.iterdir())
