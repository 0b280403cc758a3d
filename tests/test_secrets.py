"""Connection URIs: where they are looked for, and that nothing secret of them is ever shown."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

from benchkit.errors import BenchkitError, InputError, UnknownNameError, show
from benchkit.sources.secrets import (
    SHORTEST_TRACE,
    ConnectionUri,
    connection_uri,
    is_connection,
    keeping_secrets,
    masked,
    refuse_uri,
    without_secrets,
)

PASSWORD = "Hunter2 @/:%ÿ'\"\\"
QUERY = "sslmode=require&sslpassword=k%C3%A4fer9"
URI = f"postgresql://lena:{quote(PASSWORD, safe='')}@db.example:5432/shop?{QUERY}"


def refused(where: str) -> str:
    with pytest.raises(BenchkitError) as caught:
        connection_uri(where)
    assert caught.value.__context__ is None
    if is_connection(where) and "unter2" not in where:  # else it stands in the caller's own code
        for frame, _ in list(traceback.walk_tb(caught.value.__traceback__))[1:]:
            assert "ter2" not in repr(frame.f_locals)
    return str(caught.value)


def test_a_uri_is_in_the_environment_or_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP", f" {URI}\n")
    (tmp_path / "uri.txt").write_text(f"\ufeff\n{URI}\r\n", encoding="utf-8")
    for where in ("env:SHOP", f"uri:{tmp_path / 'uri.txt'}"):
        assert is_connection(where)
        assert connection_uri(where).encode() == URI.encode()
    assert not is_connection(tmp_path)
    assert not is_connection("export.csv")


def test_what_is_named_wrongly_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHOP", " ")
    assert refused("env:SHOP").startswith("the environment variable SHOP holds no connection URI")
    assert "none.txt' holds no connection URI alone" in refused(f"uri:{tmp_path / 'none.txt'}")
    assert "holds no connection URI alone" in refused(f"uri:{tmp_path}")
    (tmp_path / "two").write_text(f"{URI}\n{URI}\n", encoding="utf-8")
    assert "holds no connection URI alone" in refused(f"uri:{tmp_path / 'two'}")
    (tmp_path / "long").write_text(URI + "x" * 10_000, encoding="utf-8")
    assert "no connection URI" in refused(f"uri:{tmp_path / 'long'}")


@pytest.mark.parametrize(
    "where",
    [
        URI,
        f"env:{URI}",
        f"uri:{URI}",
        "env:postgresql://lena:Hunter2@db/shop",
        "uri:host=db password=Hunter2",
        "uri:lena:Hunter2@db",
        "Hunter2",
        "env:",
        "uri:",
        "env:Hunter2 ",
    ],
)
def test_a_uri_given_directly_is_not_repeated(where: str) -> None:
    sentence = refused(where)
    assert "env:NAME" in sentence
    assert "Hunter2" not in sentence
    assert "lena" not in sentence


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://lena:Hun/ter2@db/shop",
        "postgresql://lena:Hun@ter2@db/shop",
        "postgresql://lena:Hun?ter2@db/shop",
        "postgresql://lena:Hun#ter2@db/shop",
        "postgresql://lena:Hun%zzter2@db/shop",
        "postgresql://lena:Hun%2@db/shop",
        "postgresql://lena:Hun ter2@db/shop",
        "postgresql://lena:Hun[ter2@db/shop",
        "postgresql://db:Hunter2/shop",
        "postgresql://db/shop?Hunter2",
        "postgresql://db/shop?password=Hun=ter2",
        "postgresql://db/shop\nHunter2",
        "host=db user=lena password=Hunter2",
        "mysql://lena:Hunter2@db/shop",
        "sqlite://Hunter2",
        "Hunter2",
    ],
)
def test_what_a_driver_would_misread_never_reaches_it(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    """libpq takes a / in a password for the host's end, and tells the rest as a wrong port."""
    monkeypatch.setenv("SHOP", uri)
    sentence = refused("env:SHOP")
    assert sentence.startswith("what env:SHOP holds is no connection URI; write postgresql://")
    assert "Hun" not in sentence
    assert "ter2" not in sentence
    assert masked(uri) == "***"


def test_it_shows_itself_masked_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    uri = ConnectionUri(URI)
    shown = "postgresql://***@db.example:5432/shop?***"
    logging.getLogger("benchkit").warning("%s %r", uri, uri)
    formatted, _ = DisplayFormatter().format(uri)
    told = [str(uri), f"{uri}", repr(uri), f"{uri!r:>60}", "%s" % uri, str([uri, {"uri": uri}]), caplog.text]  # noqa: UP031
    told += [formatted["text/plain"], "".join(traceback.format_exception_only(ValueError(uri)))]
    for text in told:
        assert shown in text
        assert "unter2" not in text
        assert "lena" not in text
    assert masked("sqlite:////data/shop.db") == "sqlite:////data/shop.db"
    assert masked("postgres:///shop") == "postgres:///shop"


FORMS = [
    PASSWORD,
    quote(PASSWORD, safe=""),
    quote(PASSWORD, safe="").lower(),
    quote(PASSWORD),
    PASSWORD.upper(),
    repr(PASSWORD),
    json.dumps(PASSWORD),
    PASSWORD.replace(" ", "+"),
    URI,
    f"password={PASSWORD}' dbname",
    "käfer9",
    "k%c3%a4fer9",
    "k\\u00e4fer9",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_drivers_message_is_told_without_what_is_secret(form: str) -> None:
    def fail() -> None:
        raise RuntimeError(f"FATAL: no entry for user lena with {form} in the file")

    with pytest.raises(BenchkitError) as caught:
        keeping_secrets("env:SHOP", URI, "check it", fail)
    sentence = str(caught.value)
    assert sentence == "the database of env:SHOP refuses; check it" or (
        sentence.startswith("the database of env:SHOP refuses: no entry for user ***") and "***" in sentence
    )
    for trace in ("lena", "unter2", "UNTER2", "äfer", "c3%a4", "00e4f"):
        assert trace not in sentence
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "said", ["it begins with Hunt", "it is H u n t e r 2", "it is Hun\nter2", "it holds %3A%25", "hunter"]
)
def test_a_message_that_may_show_a_part_of_it_is_not_told(said: str) -> None:
    assert without_secrets(said, URI) == ""


def test_a_short_password_leaves_no_words_and_harmless_ones_stay() -> None:
    assert without_secrets("anything", "postgresql://lena:abc@db/shop") == ""
    assert without_secrets("SSL is required", URI) == "SSL is required"
    assert without_secrets("no table t", "postgresql://lena@db/shop") == "no table t"
    assert without_secrets("no table t", "postgresql:///shop") == "no table t"


def test_an_error_of_our_own_stays_as_it_is() -> None:
    def fail() -> None:
        raise BenchkitError("as it was")

    with pytest.raises(BenchkitError, match=r"^as it was$"):
        keeping_secrets("env:SHOP", URI, "check it", fail)


@given(
    password=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    before=st.text(max_size=30),
    after=st.text(max_size=30),
    encoded=st.booleans(),
)
@example(password="00ß", before="", after="", encoded=False)
def test_no_password_survives_whatever_stands_around_it(
    password: str, before: str, after: str, encoded: bool
) -> None:
    uri = f"postgresql://u:{quote(password, safe='')}@db/shop"
    told = without_secrets(before + (quote(password, safe="") if encoded else password) + after, uri)
    if len(password) >= SHORTEST_TRACE:
        assert password not in told
    else:
        assert told == ""
    assert masked(uri) == "postgresql://***@db/shop"


SHAPES = [
    "postgresql://bob:hunter2secret@127.0.0.1:1/db",
    "mysql://bob:hunter2secret@db.example/shop",
    "jdbc:postgresql://bob:hunter2secret@db.example/shop.toml",
    "postgresql://bob:hunter2@se/cret hunter2@db.example/shop",
    "host=db.example password=hunter2secret user=bob",
    "host=db.example PASSWORD = 'hunter2 secret'",
    "sqlserver://db.example;user=bob;pwd=hunter2secret",
    f"postgresql://bob:{'hunter2' * 100}@db.example/shop",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_quoted_value_shows_a_password(shape: str) -> None:
    told = (
        show(shape),
        show(Path(shape)),
        str(InputError(shape, "is no file")),
        str(UnknownNameError("format", shape, ["hootsuite"])),
        str(UnknownNameError("format", "x", [shape])),
    )
    assert not any("hunter2" in each for each in told)
    for place in (shape, Path(shape), f"env:{shape}", f" {shape}"):
        with pytest.raises(BenchkitError, match="a database is named as 'env:NAME' or 'uri:FILE'"):
            refuse_uri(place)


def test_other_values_are_quoted_as_they_are_and_at_once() -> None:
    for value in ("C:/Data/a@b.csv", "lena@example.com", "passwords.csv", "Re: 1/2 @ noon", "a/b:c@d"):
        assert show(value) == f"'{value}'"
        refuse_uri(value)
    for long in ("a" * 10**6, "ab:/" * 10**6, "ab:/" * 10**6 + "@", "password " * 10**6):
        assert len(show(long)) < 70


def test_the_web_is_not_read_from() -> None:
    with pytest.raises(BenchkitError, match="nothing is read from the web; download the file"):
        refuse_uri("https://bob:secret@example.org/export.csv")
