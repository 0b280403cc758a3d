"""The command: what it prints, and one sentence for whatever is wrong with its input."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from benchkit import CATALOGUE, __version__, find_waits, synthesize
from benchkit.cli import app
from benchkit.schema import ESTIMATES
from benchkit.sources.twcs import SELECTION

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
QUESTION = '{id},115712,True,Tue Oct 31 22:{minute:02}:27 +0000 2017,"@Acme, where is it?",,\n'
ANSWER = "{id},Acme,False,Tue Oct 31 22:{minute:02}:59 +0000 2017,@115712 On its way! ^JK,,{parent}\n"


def tweets(pairs: int = 20) -> str:
    rows = [
        QUESTION.format(id=2 * n, minute=n % 50)
        + ANSWER.format(id=2 * n + 1, minute=n % 50 + 1, parent=2 * n)
        for n in range(pairs)
    ]
    return HEADER + "".join(rows)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: str | Path) -> str:
    """The one sentence on stderr, nothing on stdout, exit code 2."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("benchkit: ")
    sentence = result.stderr.removeprefix("benchkit: ").removesuffix("\n")
    assert "\n" not in sentence
    assert sentence.isprintable()
    assert "Traceback" not in sentence
    return sentence


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Path]:
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes, name: str = "tweets.csv") -> Path:
        path = Path(name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_help_and_version() -> None:
    assert run("--version").stdout == f"benchkit {__version__}\n"
    for command in ("measure", "trace", "report", "glossary", "synth", "doctor"):
        assert command in run("--help").stdout
        assert run(command, "--help").exit_code == 0


def test_measuring_the_demo_data() -> None:
    result = run("measure", "--demo", "--month", "2026-10", "--target", "80% in 1h")
    assert result.exit_code == 0
    assert "demo, October 2026" in result.stdout
    for metric in CATALOGUE:
        assert (metric.label in result.stdout) is not metric.in_opening_hours
    assert "13 weeks as clusters" in result.stdout
    assert "target 80% within 1 h: missed" in result.stdout
    assert "Definition: benchkit 1 (" in result.stdout


def test_measuring_tweets_says_what_they_cannot(file: Callable[[str | bytes], Path]) -> None:
    path = file(tweets(40))
    result = run("measure", "--twcs", path, "--month", "2017-10", "--by", "brand")
    assert result.exit_code == 0, result.stderr
    assert " ".join(result.stdout.split()).count(SELECTION.removesuffix(".")) == 1
    assert "of those answered" in result.stdout
    assert "80 rows read" in result.stdout


def test_csv_and_json_are_the_estimates() -> None:
    options = ("measure", "--demo", "--month", "2026-10", "--by", "industry,channel", "--metrics", "waits")
    as_csv = pl.read_csv(io.StringIO(run(*options, "--format", "csv").stdout))
    as_json = json.loads(run(*options, "--format", "json").stdout)
    assert as_csv.columns == ["industry", "channel", *ESTIMATES]
    assert [row["estimate"] for row in as_json] == as_csv["estimate"].to_list()


def test_every_figure_leads_to_its_messages(tmp_path: Path) -> None:
    out = tmp_path / "waits.csv"
    result = run(
        "measure", "--demo", "--month", "2026-10", "--metrics", "waits", "--format", "csv", "--waits", out
    )
    waits = pl.read_csv(out)
    assert waits.filter("needs_reply").height == pl.read_csv(io.StringIO(result.stdout))["estimate"].item()
    messages = set(synthesize().messages.collect()["message_id"])
    assert set(waits["opening_message_id"]) <= messages
    assert set(waits.filter(outcome="replied")["reply_message_id"]) <= messages


def test_tracing_an_agent(tmp_path: Path) -> None:
    agent = "Mumblecell/AU"
    options = ("--demo", "--month", "2026-10")
    out = tmp_path / "trace.parquet"
    result = run("trace", *options, "--brand", "Mumblecell", "--agent", "AU", "--out", out)
    assert result.exit_code == 0, result.stderr
    rows = pl.read_parquet(out)
    counted = rows.filter("counted").height
    measured = run(
        "measure", *options, "--by", "agent", "--metrics", "waits", "--min-waits", "0", "--format", "csv"
    )
    assert pl.read_csv(io.StringIO(measured.stdout)).filter(agent=agent)["n"].item() == counted
    assert f"counted: {counted}" in result.stdout
    assert f"left out: {rows.height - counted}" in result.stdout
    assert f"and {rows.height - 20} more" in result.stdout
    assert result.stdout.count("credited to who replied first") == 21
    assert "Replied within 1 h" in result.stdout
    assert "before" not in result.stdout
    assert "not for sending" in run("trace", "--help").stdout


def test_corrections_are_counted_and_shown_before_and_after(tmp_path: Path) -> None:
    options = ("--demo", "--month", "2026-10", "--brand", "Mumblecell")
    out = tmp_path / "trace.csv"
    assert run("trace", *options, "--agent", "AU", "--out", out).exit_code == 0
    first, second = pl.read_csv(out).filter("counted")["wait_id"][:2]
    file = tmp_path / "corrections.csv"
    file.write_text(
        f"wait,action,reason,who\n{first},leave out,a \x1b[2Jtest,Kim\n{second},credit: WE,her desk,Kim\n"
    )
    result = run("trace", *options, "--agent", "AU", "--corrections", file)
    assert result.exit_code == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert "corrections applied: 2 (waits left out: 1; credited to another agent: 1)" in text
    assert "before corrections after corrections" in text
    assert "Waits 28 (28 answered) 26 (26 answered)" in text
    assert "left out by a correction: a \\x1b[2Jtest (Kim)" in text
    assert "left out by a correction that credits another agent: her desk (Kim)" in text
    measured = run("measure", *options, "--metrics", "waits", "--corrections", file, "--format", "csv")
    assert "corrections applied: 2" in measured.stderr
    plain = run("measure", *options, "--metrics", "waits", "--format", "csv")
    before, after = (pl.read_csv(io.StringIO(some.stdout))["n"].item() for some in (plain, measured))
    assert after == before - 1


def test_what_a_trace_refuses(tmp_path: Path) -> None:
    assert "no agent 'Mai'" in refused("trace", "--demo", "--agent", "Mai")
    assert "no waits in 2017-10" in refused("trace", "--demo", "--month", "2017-10")
    assert "two sources" in refused("trace", "--demo", "--twcs", "tweets.csv")
    file = tmp_path / "corrections.csv"
    file.write_text("wait,action,reason,who\nm0,leave out,,Kim\n")
    for command in ("trace", "measure"):
        assert "line 2: no reason is given" in refused(command, "--demo", "--corrections", file)
    assert "there is no such file" in refused("trace", "--demo", "--corrections", tmp_path / "nowhere.csv")


def test_hostile_permalinks_and_names_stay_text(file: Callable[[str | bytes], Path], tmp_path: Path) -> None:
    path = file(
        "message_id,conversation_id,brand,channel,sender,sender_id,sent_at,permalink\n"
        '"=1+1",a,Acme,chat,customer,7,2026-03-02T09:00:00Z,"=HYPERLINK(""https://example.org"")"\n'
        '2,a,Acme,chat,agent,"Acme/\x1b[2J[bold]",2026-03-02T09:05:00Z,"https://example.org/\x1b]8;;x"\n'
    )
    out = tmp_path / "trace.csv"
    result = run("trace", "--messages", path, "--agent", "\x1b[2J[bold]", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J[bold]" in result.stdout
    assert "HYPERLINK" in result.stdout
    row = pl.read_csv(out).row(0, named=True)
    assert row["wait_id"] == "'=1+1"
    assert row["opening_permalink"].startswith("'=HYPERLINK")


def test_names_from_outside_neither_drive_the_terminal_nor_a_spreadsheet(
    file: Callable[[str | bytes], Path],
) -> None:
    hostile = tweets(40).replace("Acme,False", '"=cmd|\x1b[31m",False')
    path = file(hostile)
    table = run("measure", "--twcs", path, "--by", "brand")
    assert table.exit_code == 0, table.stderr
    assert "\x1b[31m" not in table.stdout
    as_csv = run("measure", "--twcs", path, "--by", "brand", "--format", "csv")
    assert "\n'=cmd|" in as_csv.stdout
    assert "\n=cmd" not in as_csv.stdout


def test_the_glossary_has_every_metric() -> None:
    text = run("glossary").stdout
    assert all(f"`{metric.name}`" in text for metric in CATALOGUE)
    assert run("glossary", "--metrics", "waits").stdout.count("###") == 1


def test_synthetic_data_written_and_measured_again(tmp_path: Path) -> None:
    for suffix in ("parquet", "csv"):
        out = tmp_path / suffix
        made = run("synth", "--out", out, "--messages", "5000", "--months", "3", "--format", suffix)
        assert made.exit_code == 0
        assert [Path(line).name for line in made.stdout.split()] == [
            f"{name}.{suffix}" for name in ("messages", "truth", "events")
        ]
        arguments = made.stderr.split(" measures them")[0].removeprefix("benchkit ").split()
        again = run(*arguments, "--format", "json", "--metrics", "answered_within_24h,waits")
        assert again.exit_code == 0, again.stderr
        share, waits = json.loads(again.stdout)
        frame = find_waits(synthesize(messages=5_000, months=3)).frame.filter("needs_reply").collect()
        assert waits["estimate"] == frame.height
        assert share["n"] == frame.height


def test_the_doctor_speaks() -> None:
    result = run("doctor")
    assert result.exit_code in (0, 1)
    assert "Python" in result.stdout


WRONG_FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blank": ("\n\n  \n", "is empty"),
    "a header only": (HEADER, "no rows"),
    "JSON": ('{"tweets": [1, 2]}', "is JSON, not CSV"),
    "not CSV": ("some tweets\nand more\n", "no column 'tweet_id'"),
    "binary": (bytes(range(256)) * 40, "binary"),
    "Excel": (b"PK\x03\x04" + bytes(200), "Excel"),
    "Parquet": (b"PAR1" + bytes(200) + b"PAR1", "Parquet"),
    "UTF-16": (tweets().encode("utf-16"), "UTF-16"),
    "CR-only": (tweets().replace("\n", "\r"), "carriage returns"),
    "truncated gzip": (gzip.compress(tweets(200).encode())[:-40], "gzip"),
    "a column missing": (tweets().replace("created_at", "create_at", 1), "did you mean 'create_at'?"),
    "all times unreadable": (tweets().replace("Tue Oct 31", "31.10."), "created_at"),
    "too many unreadable": (
        tweets().replace("True", "perhaps", 4),
        "4 of 40 rows cannot be read",
    ),
    "semicolons": (HEADER.replace(",", ";") + "1;2;3;4;5;6;7\n", "semicolons"),
}


@pytest.mark.parametrize(("content", "fragment"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_file_is_one_sentence(
    content: str | bytes, fragment: str, file: Callable[[str | bytes], Path], tmp_path: Path
) -> None:
    path = file(content)
    sentence = refused("measure", "--twcs", path)
    assert fragment in sentence
    assert "tweets.csv" in sentence
    assert refused("report", "--twcs", path) == sentence
    assert sorted(tmp_path.iterdir()) == [tmp_path / "tweets.csv"]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    assert "there is no such file" in refused("measure", "--twcs", tmp_path / "nowhere.csv")
    assert "is a folder" in refused("measure", "--twcs", tmp_path)
    assert "is a folder" in refused("measure", "--messages", tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read and write everything")
def test_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(tweets())
    path.chmod(0)
    assert "may not be read" in refused("measure", "--twcs", path)
    tmp_path.chmod(0o500)
    assert "cannot be written" in refused("synth", "--out", tmp_path / "out")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file, not a folder")
    assert "cannot be written" in refused("synth", "--messages", "1000", "--out", taken / "out")
    assert "name another folder" in refused("report", "--demo", "--out", taken / "out")
    options = ("measure", "--demo", "--metrics", "waits")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert "is a folder" in refused(*options, "--waits", folder)
    assert "ends in .parquet or .csv" in refused(*options, "--waits", tmp_path / "waits.xlsx")
    assert taken.read_text() == "a file, not a folder"


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["--month", "9999-12"], ["'9999-12' is not a month"]),
        (["--month", "2017-13"], ["'2017-13' is not a month", "2026-10"]),
        (["--month", "october"], ["'october' is not a month"]),
        (["--month", "2017-10"], ["no waits in 2017-10", "2026-10", "from 2024-10"]),
        (["--brand", "Bazarling"], ["no brand 'Bazarling'", "did you mean 'Bazaarling'?"]),
        (["--target", "fast"], ["'fast' is not a target", "80% in 1h"]),
        (["--as-of", "yesterday"], ["yesterday"]),
    ],
)
def test_wrong_words_are_one_sentence(
    arguments: list[str], fragments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("measure", "report"):
        sentence = refused(command, "--demo", *arguments)
        assert all(fragment in sentence for fragment in fragments), sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["--metrics", "answered_within_1hour"], ["no metric", "did you mean 'answered_within_1h'?"]),
        (["--by", "brnd"], ["no dimension 'brnd'", "did you mean 'brand'?"]),
        (["--by", "topics"], ["no dimension", "did you mean 'topic'?"]),
    ],
)
def test_wrong_names_are_one_sentence(arguments: list[str], fragments: list[str]) -> None:
    sentence = refused("measure", "--demo", *arguments)
    assert all(fragment in sentence for fragment in fragments), sentence


def test_two_sources_are_one_too_many(file: Callable[[str | bytes], Path]) -> None:
    path = file(tweets())
    assert "two sources" in refused("measure", "--demo", "--twcs", path)
    assert refused("measure", "--messages", path, "--twcs", path)
    assert refused("measure", "--events", path)


def test_a_hostile_name_in_an_error_is_spelled_out() -> None:
    sentence = refused("measure", "--demo", "--brand", "\x1b[2J" + "x" * 500)
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["measure", "--demo", "--mnth", "2026-10"], "no such option"),
        (["--mnth"], "no such option"),
        (["mesure"], "no such command"),
        (["measure", "--min-waits", "few"], "'--min-waits'"),
        (["measure", "--format", "xml"], "'xml'"),
        (["synth"], "'--out'"),
        (["report", "--month"], "requires an argument"),
    ],
)
def test_options_that_are_wrong_are_one_sentence(arguments: list[str], sentence: str) -> None:
    assert sentence in refused(*arguments)
