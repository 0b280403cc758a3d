"""Definitions as values: what they refuse and say, what files hold of them, and what changes their hash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from benchkit.definitions import BENCHKIT, META, PRESETS, RULES, ZENDESK, Definition, find_definition
from benchkit.definitions.rules import WORDS
from benchkit.errors import BenchkitError, InputError, UnknownNameError

OCTOBER = date(2026, 10, 1)
ANSWERED = replace(BENCHKIT, name="answered", unanswered="left out", statistic="median")
"""What every other setting can be set on; those of `PARTNERS` want another rule with them."""

PARTNERS: dict[str, dict[str, Any]] = {
    "cut off": {"cut_off_seconds": 3_600},
    "median of all": {"unanswered": "censored"},
}
SETTINGS = [(rule, setting) for rule, words in WORDS.items() for setting in words]


def switched(rule: str, setting: Any) -> Definition:
    return replace(ANSWERED, **{rule: setting, **PARTNERS.get(setting, {})})


def in_one_sentence(message: str) -> bool:
    return message.isprintable() and ". " not in message and not message.endswith(".")


@pytest.mark.parametrize(
    ("rules", "problem", "way_out"),
    [
        ({"version": 0}, "its version is below 1", {"version": 1}),
        ({"silence_seconds": {"chat": 0}}, "shorter than a second", {"silence_seconds": {"chat": 1}}),
        ({"unanswered": "cut off", "cut_off_seconds": 0}, "shorter than a", {"cut_off_seconds": 1}),
        ({"unanswered": "cut off"}, "cut_off_seconds goes with", {"cut_off_seconds": 86_400}),
        ({"cut_off_seconds": 60}, "only with it", {"unanswered": "cut off"}),
        (
            {"month": "reply", "statistic": "mean"},
            "no month 'reply'; set unanswered to 'left out'",
            {"unanswered": "left out"},
        ),
        (
            {"clock": "opening hours", "opening_hours": "by the reply's time", "statistic": "mean"},
            "no reply's time; set unanswered to 'left out'",
            {"unanswered": "left out"},
        ),
        ({"unanswered": "left out"}, "no median of all", {"statistic": "median"}),
        ({"before": META}, "say valid_from which day it holds", {"valid_from": OCTOBER}),
        (
            {"before": replace(META, valid_from=OCTOBER), "valid_from": OCTOBER},
            "the one before it holds from no earlier day",
            {"valid_from": date(2026, 10, 2)},
        ),
    ],
)
def test_rules_that_contradict_each_other(
    rules: dict[str, Any], problem: str, way_out: dict[str, Any]
) -> None:
    with pytest.raises(BenchkitError, match="the definition 'benchkit' contradicts itself") as error:
        replace(BENCHKIT, **rules)
    assert problem in str(error.value)
    assert in_one_sentence(str(error.value))
    assert replace(BENCHKIT, **{**rules, **way_out})


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ("month", "end", "no setting of month 'end'; there are 'start', 'reply'"),
        ("statistic", "means", "no setting of statistic 'means'; did you mean 'mean'?"),
        ("bots", None, "bots of a definition cannot be 'None'; name one of its settings"),
        ("clock_starts", ["assigned"], "name one of its settings"),
        *(("name", name, 'such as name = "ours"') for name in ("", "  ", "\x1b[2J")),
        ("version", True, "version of a definition cannot be 'True'; give a whole number"),
        ("version", 1.5, "give a whole number"),
        ("cut_off_seconds", "24h", "give whole seconds"),
        ("approximate", 1, "it is true or false"),
        ("silence_seconds", 7, "give whole seconds by channel"),
        ("silence_seconds", {"chat": "a day"}, "give whole seconds by channel"),
        ("silence_seconds", {1: 60, "chat": 60}, "give whole seconds by channel"),
        ("valid_from", datetime(2026, 10, 1, tzinfo=UTC), "give a day such as 2026-10-01"),
        ("assumed", "month", "list the names of rules"),
        ("assumed", ("moon",), "no rule 'moon' to be assumed; did you mean 'month'?"),
        ("valid_from", "soon", "give a day such as 2026-10-01"),
        ("before", "zendesk", "give another definition"),
        ("credit", "\x1b[2J", r"no setting of credit '\x1b[2J'"),
    ],
)
def test_values_that_are_none(rule: str, value: Any, said: str) -> None:
    with pytest.raises(BenchkitError) as error:
        replace(BENCHKIT, **{rule: value})
    assert said in str(error.value)
    assert in_one_sentence(str(error.value))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_file_holds_all_of_a_definition(tmp_path: Path, preset: Definition) -> None:
    since = replace(preset, name="ours", version=2, valid_from=OCTOBER, before=preset)
    for definition in (preset, since, replace(since, version=3, valid_from=date(2027, 1, 1), before=since)):
        loaded = Definition.load(definition.save(tmp_path / "ours.toml"))
        assert loaded == definition
        assert (loaded.hash, loaded.label) == (definition.hash, definition.label)


def written(folder: Path, text: str) -> Path:
    file = folder / "ours.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_says_only_what_is_different(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeffname = "ours"\nbased_on = "Zendesk"\nstatistic = "mean"\n')
    assert Definition.load(file).differences(ZENDESK) == ["statistic"]
    sourced = written(tmp_path, 'name = "ours"\nbased_on = "zendesk"\nmonth = "start"\n')
    assert Definition.load(sourced).assumed == ("no_reply_needed", "without_hours")
    ours = Definition.load(written(tmp_path, 'name = "ours"\nbots = "answer"\n'))
    assert (ours.differences(BENCHKIT), ours.version) == (["bots"], 1)


def test_a_day_is_a_day_in_quotes_or_not(tmp_path: Path) -> None:
    text = 'name = "new"\nvalid_from = {}\n[before]\nname = "old"\nbased_on = "meta"\n'
    for day in ('"2026-10-01"', "2026-10-01"):
        loaded = Definition.load(written(tmp_path, text.format(day)))
        assert (loaded.valid_from, loaded.before and loaded.before.hash) == (OCTOBER, META.hash)


def test_names_from_files_stay_text(tmp_path: Path) -> None:
    hostile = replace(BENCHKIT, name="<b>'\"\\ = [x] #", silence_seconds={"a.b ' \"]": 5})
    assert Definition.load(hostile.save(tmp_path / "ours.toml")) == hostile


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name =", "is not TOML"),
        ('name = "\x1b[2J"', "is not TOML"),
        ("", "name of a definition cannot be ''"),
        ('name = "x"\nmonths = "reply"', "no rule 'months' in a definition; did you mean 'month'?"),
        ('name = "x"\nmonth = 3', "month of a definition cannot be '3'"),
        ('name = "x"\nversion = 2.5', "give a whole number"),
        ('name = "x"\nbased_on = "zendsk"', "did you mean 'zendesk'?"),
        ('name = "x"\nvalid_from = "soon"', "give a day"),
        ('name = "x"\nvalid_from = 2026-10-01\nbefore = "zendesk"', "give another definition"),
        ('name = "x"\n[before]\nname = "y"\nmoon = 1', "no rule 'moon'"),
        ('name = "x"\nmonth = "reply"', "contradicts itself"),
        ('name = "\\u001b[2J"\nversion = 0', r"name of a definition cannot be '\x1b[2J'"),
        ('name = "x"\nvalid_from = 2026-10-01T00:00:00\n[before]\nname = "y"', "give a day"),
        ('"\\u001b[2J" = 1', r"no rule '\x1b[2J' in a definition"),
        ('name = "x"\nbots = "\\u001b[31m\\n"', r"no setting of bots '\x1b[31m\n'"),
    ],
)
def test_files_that_are_no_definition(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        Definition.load(file)
    assert said in str(error.value)
    assert str(file) in str(error.value)
    assert in_one_sentence(str(error.value))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\x00")
    for name, said in (
        ("none.toml", "name another file"),
        (".", "cannot be read"),
        ("bytes.toml", "not TOML"),
    ):
        with pytest.raises(InputError, match=said):
            Definition.load(tmp_path / name)


def test_a_definition_by_name_or_file(tmp_path: Path) -> None:
    file = replace(META, name="ours").save(tmp_path / "ours.toml")
    assert [find_definition(name) for name in ("", "benchkit", BENCHKIT)] == [BENCHKIT] * 3
    assert find_definition(" Meta ") is META
    assert find_definition(file).name == find_definition(str(file)).name == "ours"
    assert find_definition(file).hash == META.hash
    with pytest.raises(UnknownNameError, match="no definition 'sprount'; did you mean 'sprout'"):
        find_definition("sprount")
    with pytest.raises(InputError, match="name another file"):
        find_definition("sprout.TOML")


def test_a_hash_follows_every_rule() -> None:
    more = [
        replace(ANSWERED, silence_seconds={}),
        replace(ANSWERED, silence_seconds={"chat": 60}),
        replace(ANSWERED, silence_seconds={"chat": 61}),
        replace(switched("unanswered", "cut off"), cut_off_seconds=60),
    ]
    definitions = {(rule, setting): switched(rule, setting) for rule, setting in SETTINGS}
    others = [each for each in [*definitions.values(), *more] if each != ANSWERED]
    assert len(others) == len(SETTINGS) - len(WORDS) + len(more)  # each rule has one setting already
    assert len({ANSWERED.hash, *(each.hash for each in others)}) == len(others) + 1
    assert all(each.differences(ANSWERED) for each in others)


def test_a_hash_does_not_follow_names_dates_and_sources() -> None:
    others: dict[str, Any] = {"name": "x", "version": 9, "valid_from": OCTOBER, "approximate": True}
    others |= {"assumed": ("month",)}
    for name, value in others.items():
        assert replace(ANSWERED, **{name: value}).hash == ANSWERED.hash
    assert replace(ANSWERED, valid_from=OCTOBER, before=META).hash == ANSWERED.hash
    silences = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert len({replace(ANSWERED, silence_seconds=silence).hash for silence in silences}) == 1


@pytest.mark.parametrize(("rule", "setting"), SETTINGS)
def test_each_rule_is_said_in_words(rule: str, setting: str) -> None:
    definition, words = switched(rule, setting), WORDS[rule][setting]
    told = definition.sentences()
    assert not words or words in told
    others = set(WORDS[rule].values()) - {words}
    assert not others.intersection(told)
    assert len(told) == len(set(told))


def test_numbers_and_dates_are_said_in_words() -> None:
    dated = replace(META, valid_from=OCTOBER, silence_seconds={"chat": 3_600, "every channel": 86_400})
    told = " ".join(dated.sentences())
    for words in (
        "cut off after 1 d",
        "1 h or more in chat, or of 1 d or more in every channel",
        "hold from 2026-10-01",
    ):
        assert words in told
    assert "as long as its thread." in " ".join(ZENDESK.sentences())


@pytest.mark.parametrize("preset", PRESETS[1:], ids=lambda preset: preset.name)
def test_what_a_preset_assumes_is_benchkits_and_said(preset: Definition) -> None:
    for rule in preset.assumed:
        assert getattr(preset, rule) == getattr(BENCHKIT, rule), rule
    told = " ".join(preset.sentences())
    assert all(rule.replace("_", " ") in told.partition("Assumed")[2] for rule in preset.assumed)
    assert ("approximate" in told) == ("approximate" in preset.label) == preset.approximate
    assert len(set(preset.assumed)) == len(preset.assumed)


def test_every_rule_has_its_words_or_says_its_number() -> None:
    assert set(RULES) == {*WORDS, "cut_off_seconds", "silence_seconds"}
    assert RULES[-1] == "statistic"
    assert BENCHKIT.assumed == ()
