"""The published reference tables: complete, sourced, and in agreement with each other."""

import re
from pathlib import Path

import polars as pl
import pytest

from benchkit import published
from benchkit.errors import BenchkitError, InputError
from benchkit.resources import shipped
from benchkit.schema import EVENTS, MESSAGES, Table
from benchkit.terminal_published import print_published
from benchkit.terms import SETTINGS

FIGURES = ["expectations.csv", "industry_response.csv"]
TABLES = [*FIGURES, "handle_industry.csv", "taxonomy.csv"]
DATA_README = Path(__file__).parents[1] / "data" / "README.md"
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(shipped("published", name))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_its_terms_its_status_and_its_source(name: str) -> None:
    figures = read(name)
    terms = (*SETTINGS, "population", "channel", "selection", "year")
    for column in (*terms, "publisher", "edition", "status", "citation"):
        assert figures[column].null_count() == 0, column
    for column, settings in SETTINGS.items():
        assert set(figures[column]) <= set(settings), column
    assert set(figures["status"]) <= set(published.STATUSES)
    assert not {"", "none"} & set(figures["citation"])


@pytest.mark.parametrize("name", FIGURES)
def test_every_year_is_one_in_which_there_were_social_media(name: str) -> None:
    assert read(name)["year"].is_between(2005, 2026).all()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_documented(name: str) -> None:
    readme = shipped("published", "README.md").read_text(encoding="utf-8")
    section = readme.partition(f"## {name}\n")[2].partition("\n## ")[0]

    assert set(read(name).columns) <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.parametrize("name", FIGURES)
def test_every_status_is_documented(name: str) -> None:
    readme = shipped("published", "README.md").read_text(encoding="utf-8")

    for status in read(name)["status"].unique():
        assert f"| {status} |" in readme


def test_shares_are_between_0_and_1_and_times_are_seconds() -> None:
    industries = read("industry_response.csv")
    shares = industries.filter(pl.col("unit") == "share")
    times = industries.filter(pl.col("unit") == "seconds")

    assert shares["metric"].unique().to_list() == ["response_rate"]
    assert shares["value"].is_between(0, 1).all()
    assert times["metric"].is_in(["reply_time", "first_reply_time"]).all()
    assert times["value"].drop_nulls().is_between(60, 7 * 86_400).all()
    assert shares["value"].null_count() == 0
    untold = times.filter(pl.col("value").is_null())
    assert untold["publisher"].to_list() == ["Zendesk"]
    assert published.STATUSES[untold["status"][0]] == "not public"
    assert shares.height + times.height == industries.height
    assert read("expectations.csv")["share"].is_between(0, 1).all()


def test_a_figure_is_given_once() -> None:
    assert (
        read("industry_response.csv").select("edition", "industry", "metric", "statistic").is_unique().all()
    )
    assert read("expectations.csv").select("edition", "publisher", "threshold").is_unique().all()


def seconds_in(words: str) -> int | None:
    """Seconds of a threshold in words, or None where no number was published."""
    if words == "immediately":
        return 0
    number = re.match(r"(\d+) (minute|hour|day)s?\b", words)
    return int(number[1]) * SECONDS[number[2]] if number else None


def test_threshold_seconds_agree_with_the_words() -> None:
    expectations = read("expectations.csv")

    for words, seconds in expectations.select("threshold", "threshold_seconds").iter_rows():
        assert seconds_in(words) == seconds, words
    assert expectations.filter(pl.col("threshold_seconds").is_null())["threshold"].to_list() == ["minutes"]


def test_longer_thresholds_never_have_smaller_shares() -> None:
    surveys = (
        read("expectations.csv")
        .group_by("publisher", "edition", "selection")
        .agg("threshold_seconds", "share")
    )

    for *_, seconds, shares in surveys.iter_rows():
        known = sorted((t, share) for t, share in zip(seconds, shares, strict=True) if t is not None)
        assert [share for _, share in known] == sorted(share for _, share in known)


def test_there_are_108_handles_in_small_letters() -> None:
    handles = read("handle_industry.csv")["handle"]

    assert handles.len() == 108
    assert handles.is_unique().all()
    assert handles.str.contains(r"^[a-z0-9_]{1,15}$").all()


def test_the_taxonomy_leads_from_our_industries_to_published_ones() -> None:
    taxonomy = read("taxonomy.csv")
    figures = read("industry_response.csv").filter(pl.col("edition") == "Sprout Social Index Q3 2013")
    fits = pl.col("published_industry").is_not_null()

    assert taxonomy["industry"].is_unique().all()
    assert set(taxonomy["industry"]) == set(read("handle_industry.csv")["industry"])
    assert set(taxonomy["published_industry"].drop_nulls()) <= set(figures["industry"])
    assert taxonomy.filter(~fits)["note"].null_count() == 0
    assert set(taxonomy.filter(fits)["fit"]) == {"the same", "part of it"}
    assert taxonomy.filter(~fits)["fit"].null_count() == taxonomy.filter(~fits).height


MINE = {
    "publisher": "Acme Index",
    "edition": "2026",
    "year": "2026",
    "industry": "Airlines",
    "metric": "response_rate",
    "statistic": "share",
    "value": "0.5",
    "unit": "share",
    "clock": "calendar",
    "horizon": "1 h",
    "unanswered": "in",
    "needs_reply": "all",
    "averaged_over": "messages",
    "population": "brands on social media",
    "channel": "social media",
    "selection": "none",
    "sample": "not stated",
    "status": "seen on the publisher's page",
    "citation": "a page",
}


def write(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "mine.csv"
    pl.DataFrame([MINE | row for row in rows]).write_csv(path)
    return path


def test_figures_of_your_own_stand_with_the_others(tmp_path: Path) -> None:
    mine = write(tmp_path, {}, {"horizon": "90 minutes"}, {"horizon": "not stated"}, {"horizon": "7 days"})
    assert published.read(mine)["horizon_seconds"].to_list() == [3_600, 5_400, None, 7 * 86_400]
    both = published.industry_figures(mine)
    assert both.schema == published.FIGURES
    assert both.height == published.industry_figures().height + 4
    assert both.filter(publisher="Acme Index")["selection"].to_list() == [""] * 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"clock": "calender"}, "clock is 'calender'; did you mean 'calendar'?"),
        ({"value": "50%"}, "value is '50%'; a share is from 0 to 1"),
        ({"value": "50"}, "value is '50'; a share is from 0 to 1"),
        ({"value": "nan"}, "value is 'nan'; a share is from 0 to 1"),
        ({"value": ""}, "value is empty; fill it in"),
        ({"citation": " "}, "citation is empty; fill it in"),
        ({"year": "last"}, "year is 'last'; write one such as 2026"),
        ({"horizon": "soon"}, "horizon is 'soon'; write one such as '72 hours'"),
        ({"status": "heard"}, "status is 'heard'; there are "),
        ({"metric": "response rate"}, "metric is 'response rate'; did you mean 'response_rate'?"),
        ({"unit": "seconds"}, "a share is not in seconds; change statistic or unit"),
        (
            {"averaged_over": "brands"},
            "a share is not averaged over brands; over brands or accounts there are",
        ),
        ({"statistic": "mean of shares"}, "a mean of shares is not averaged over messages"),
        ({"publisher": "\x1b[2J", "clock": "\x1b[2J"}, "clock is '\\x1b[2J'; there are "),
    ],
)
def test_a_wrong_figure_is_one_sentence_with_its_line(
    tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError) as error:
        published.read(write(tmp_path, {}, wrong))
    assert f"mine.csv', line 3: {said}" in str(error.value)
    assert str(error.value).isprintable()


def test_what_is_no_such_table_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match="there is no such file"):
        published.read(tmp_path / "none.csv")
    (tmp_path / "short.csv").write_text("publisher,edition\na,b\n", encoding="utf-8")
    with pytest.raises(BenchkitError, match="no column 'year' in"):
        published.read(tmp_path / "short.csv")
    ragged = write(tmp_path, {})
    ragged.write_text(ragged.read_text(encoding="utf-8") + "Acme,2026\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 3: "):
        published.read(ragged)


def test_all_figures_are_printed_with_terms_caveats_and_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = write(tmp_path, {"publisher": "\x1b[31mred [bold]x", "citation": "a\x07bell"})
    figures = published.industry_figures(hostile), published.survey_figures()
    print_published(*figures)
    printed = capsys.readouterr().out
    table, _, notes = printed.partition("\n\n")
    lines = [line for line in table.splitlines()[1:] if re.search(r"\(\d+\) +\[\d+\]", line)]
    assert len(lines) == sum(part.height for part in figures)
    assert sum("quoted" in line for line in lines) == 6
    assert sum("second-hand" in line for line in lines) == 6
    assert sum("not public" in line for line in lines) == 1
    flat = " ".join(notes.split())
    assert "Mind: Over what it is averaged is not stated; ours is over messages." in flat
    assert "Never beside a figure of ours: It is of the expected reply time" in flat
    for part in figures:
        for citation in part["citation"]:
            assert " ".join(citation.replace("\x07", "\\x07").split()) in flat
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[bold]x" in printed


@pytest.mark.parametrize("table", [MESSAGES, EVENTS], ids=lambda table: table.name)
def test_every_canonical_column_is_documented_with_the_data(table: Table) -> None:
    section = DATA_README.read_text(encoding="utf-8").partition(f"## {table.name}\n")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(table.all_columns)
