"""Connection URIs: where they are kept, and how nothing secret of them is ever shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeGuard, TypeVar
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from benchkit.errors import HIDDEN, BenchkitError, printable, show, without_passwords

T = TypeVar("T")

LONGEST_URI, LONGEST_TOLD = 8_192, 200
SHORTEST_TRACE = 4
"""So many characters of a password in a row are taken for a part of it that is showing."""

HARMLESS = ("sslmode", "connect_timeout", "application_name", "target_session_attrs", "channel_binding")
"""Parameters of a URI that hold no secret: a message that names their values stays readable."""

_NAME_IT = (
    "a database is named as 'env:NAME' or 'uri:FILE', for its URI may hold a password; "
    "put the URI into an environment variable or a file, and give the name of that"
)
_LIKE_URI = re.compile(r"\s*[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHARACTER = r"(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~-]|%[0-9A-Fa-f]{2})*)(?::\d{1,5})?"
_VALUE = r"(?:[\w.~!$'()*+,;:/-]|%[0-9A-Fa-f]{2})*"
_POSTGRESQL = re.compile(
    rf"(?P<kind>postgres(?:ql)?)://(?:(?P<user>{_CHARACTER}*)(?P<password>:(?:{_CHARACTER}|:)*)?@)?"
    rf"(?P<place>{_HOST}(?:,{_HOST})*(?:/(?:{_CHARACTER})*)?)(?:\?(?P<query>\w+={_VALUE}(?:&\w+={_VALUE})*))?"
)
_SQLITE = re.compile(r"(?P<kind>sqlite)://(?P<place>/[^?#\0]+)")
_SAID = (r"(?:ERROR|FATAL):\s+([^\n]+)", r"\[libpq\] (?:Failed to connect: )?([^\n]+)", r"([^\n]+)")
"""Where a driver's words begin, the first of these that it has."""


class ConnectionUri(str):
    """A connection URI that shows itself masked wherever it is printed; only a driver reads it.

    >>> uri = ConnectionUri("postgresql://reader:secret@db.example/shop")
    >>> print(uri, [uri], f"{uri}")
    postgresql://***@db.example/shop ['postgresql://***@db.example/shop'] postgresql://***@db.example/shop
    """

    __slots__ = ()

    def __str__(self) -> str:
        return masked(self)

    def __repr__(self) -> str:
        return repr(masked(self))

    def __format__(self, form: str) -> str:
        return format(masked(self), form)


def is_connection(where: object) -> TypeGuard[str]:
    """Whether this names where a connection URI is kept, and no file of data."""
    return isinstance(where, str) and where.startswith(("env:", "uri:"))


def refuse_uri(path: object) -> None:
    """Raise `BenchkitError`, which repeats nothing of it, for a URI in the place of a file or its name.

    >>> refuse_uri("exports/march.csv")
    """
    if isinstance(path, str) and re.match(r"\s*https?:", path, re.IGNORECASE):
        raise BenchkitError("nothing is read from the web; download the file, and name it")
    name = path.partition(":")[2] if is_connection(path) else path
    if isinstance(name, str | Path) and _holds_secret(str(name)):
        raise BenchkitError(_NAME_IT)


def connection_uri(where: str) -> ConnectionUri:
    """The URI that an environment variable (`env:NAME`) or a file (`uri:FILE`) holds.

    >>> os.environ["SHOP_URI"] = "postgresql://reader:secret@db.example/shop"
    >>> connection_uri("env:SHOP_URI")
    'postgresql://***@db.example/shop'

    PostgreSQL (`postgresql://user:password@host:5432/database`) or SQLite (`sqlite:///FILE`).
    Raises `BenchkitError` in a sentence that repeats nothing of a URI, also where one is given
    in the place of its name.
    """
    refuse_uri(where)
    kind, _, name = where.partition(":") if is_connection(where) else ("", "", "")
    if kind == "env" and _NAME.fullmatch(name):
        held, missing = [ConnectionUri(os.environ.get(name, "").strip())], f"the environment variable {name}"
    elif kind == "uri" and name and not re.search(r"[@=]", name):
        held, missing = _lines_of(Path(name)), show(Path(name))
    else:
        raise BenchkitError(_NAME_IT)
    if len(held) != 1 or not len(held[0]):
        raise BenchkitError(f"{missing} holds no connection URI alone; put one into it, and nothing else")
    if not _parts(held[0]):
        raise BenchkitError(
            f"what {where} holds is no connection URI; write postgresql://user:password@host:5432/database "
            "with signs in the password such as @, : and / as %40, %3A and %2F, or sqlite:///FILE"
        )
    return held[0]


def masked(uri: str) -> str:
    """The URI with its user, password and parameters hidden; all of it where it is no URI.

    >>> masked("postgresql://reader:secret@db.example:5432/shop?sslpassword=secret")
    'postgresql://***@db.example:5432/shop?***'
    """
    parts = _parts(uri)
    if not parts:
        return HIDDEN
    user = f"{HIDDEN}@" if parts.get("user") is not None else ""
    query = f"?{HIDDEN}" if parts.get("query") else ""
    return f"{parts['kind']}://{user}{parts['place']}{query}"


def without_secrets(text: str, uri: str) -> str:
    """The text with what is secret of the URI masked, or nothing where some of it might still show.

    >>> without_secrets("no user reader, password p%40ss", "postgresql://reader:p%40ss@db.example/shop")
    'no user ***, password ***'
    >>> without_secrets("the password begins with p@ss", "postgresql://reader:p%40ssword@db.example/shop")
    ''

    A secret is found as it is written in the URI, percent-decoded, and encoded or escaped anew,
    in upper or lower case.
    """
    secrets = _secrets(uri)
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    seen = _bare(text + unquote_plus(text))
    for secret in secrets[1:]:  # not the user's name, which may be a word like any other
        for told in {_bare(unquote(secret)), _bare(secret)}:
            traces = [told[i : i + SHORTEST_TRACE] for i in range(max(len(told) - SHORTEST_TRACE + 1, 1))]
            shortest = min(len(told), len(unquote(secret)))  # in lower case a sign may be two
            if shortest < SHORTEST_TRACE or any(trace in seen for trace in traces):
                return ""
    return text


def keeping_secrets(where: str, uri: str, way_out: str, ask: Callable[[], T]) -> T:
    """What `ask` gets from a database; its error is told in one sentence, without any secret.

    The error is raised anew and alone: the driver's own, whose frames hold the URI, is gone.
    """
    try:
        return ask()
    except BenchkitError:
        raise
    except Exception as error:
        words = _words_of(error, uri)
    raise BenchkitError(f"the database of {where} refuses{words and ': ' + words}; {way_out}")


def _holds_secret(name: str) -> bool:
    return bool(_LIKE_URI.match(name)) or without_passwords(name) != name


def _words_of(error: Exception, uri: str) -> str:
    said = next(filter(None, (re.search(form, str(error)) for form in _SAID)), None)
    return printable(without_secrets(said[1], uri).strip())[:LONGEST_TOLD] if said else ""


def _lines_of(path: Path) -> list[ConnectionUri]:
    """The lines that are not blank, none where the file cannot be read."""
    try:
        if not path.is_file():
            return []  # a pipe would be waited for
        with path.open("rb") as file:
            text = file.read(2 * LONGEST_URI).decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return []
    return [ConnectionUri(line.strip()) for line in text.split("\n") if line.strip()]


def _parts(uri: str) -> dict[str, str | None]:
    found = _POSTGRESQL.fullmatch(uri) or _SQLITE.fullmatch(uri)
    return found.groupdict() if found and len(uri) <= LONGEST_URI else {}


def _secrets(uri: str) -> list[str]:
    """The user's name, then the password and the values of parameters, as the URI has them."""
    parts = _parts(uri)
    pairs = [pair.partition("=") for pair in (parts.get("query") or "").split("&")]
    values = [value for key, _, value in pairs if key.lower() not in HARMLESS and value]
    password = (parts.get("password") or "")[1:]
    return [parts.get("user") or "", *([password] if password else []), *values]


def _bare(text: str) -> str:
    """The text in lower case without blanks and quotes, by which a trace could be broken up."""
    return re.sub(r"[\s\\\"']+", "", text).casefold()


def _forms(secret: str) -> set[str]:
    """The ways in which a message may write a secret."""
    plain = {secret, unquote(secret), unquote_plus(secret)}
    forms = plain | {
        form
        for each in plain
        for form in (quote(each, safe=""), quote(each), quote_plus(each), repr(each)[1:-1])
    }
    return {form for each in forms for form in (each, json.dumps(each)[1:-1]) if form}
