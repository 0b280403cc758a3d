"""Vendors' reports of averages, told by their columns from exports of messages and tickets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchkit.errors import InputError
from benchkit.sources.mapping.draft_words import ITEM, NUMBER, OF, plain

_AVERAGE = (
    r"avg|average|mean|med|median|p\d\d?|\d\dth percentile|percentile|ø|durchschnitt(?:lich\w*)?|"
    r"mittel(?:wert)?|mittlere[nrs]?|perzentil|moyen(?:ne)?s?|mediane?|centile|promedio|medi[ao]s?|mediana|percentil"
)
_TIME = (
    r"time|wait|waiting|response|reply|replies|resolution|close|closing|handling|duration|\w*(?:zeit(?:en)?|dauer)|"
    r"temps|delais?|duree|attente|tiempos?|duracion|espera|tempo"
)
_AVERAGED_TIME = re.compile(
    rf"\b(?:{_AVERAGE})\b.*\b(?:{_TIME})\b|\b(?:{_TIME})\b.*\b(?:{_AVERAGE})\b"
    r"|\b(?:ø|durchschnitts)\w+(?:zeit|dauer)\b"
)
_REPORT = re.compile(r"(?:reporting period|berichtszeitraum)\b")
_MESSAGE = r"message|msg|tweet|comment|nachrichten?|kommentar|mensaje|messaggio|mensagem"
_SENT = (
    r"created|sent|received|started|opened|erstellt|eingegangen|gesendet|empfangen|eroffnet|angelegt|"
    r"cree|envoye|recu|ouvert|creado|enviado|recibido|abierto"
)
_NAMES_AN_ITEM = re.compile(
    rf"(?:parent )?(?:{ITEM}|{_MESSAGE})s? ?(?:{NUMBER}|url|link|subject)"
    rf"|(?:id|key|uuid|guid|ref|reference|nr|nummer|numero|link){OF}(?: zur?m?)? (?:{ITEM}|{_MESSAGE})"
    rf"|(?!chat$)(?:{ITEM})"
    r"|(?:message |post )?(?:guid|uuid)|dialogcontent|direction|richtung|direccion"
    r"|subject|betreff|objet|sujet|asunto|message|text|body|content|nachricht|inhalt|texte|contenu|mensaje|texto"
    rf"|(?:(?:{ITEM}|{_MESSAGE}) )?(?:{_SENT}) (?:at|on|time|timestamp|am|um|le|a|el|en)"
    r"|(?:erstell|erstellungs|eingangs|eroffnungs|sende)(?:datum|zeit|zeitpunkt)"
    r"|(?:date|fecha)(?: et heure| y hora)? (?:de|d) "
    r"(?:creation|reception|envoi|ouverture|creacion|recepcion|envio|apertura)"
)


def refuse_aggregates(names: Iterable[str], path: str | Path) -> None:
    """Raise `InputError` where a file's columns are those of a vendor's report of averages.

    >>> refuse_aggregates(["Ticket ID", "Created at", "Average response time"], "tickets.csv")
    >>> refuse_aggregates(["Agent name", "Avg first response time"], "agents.csv")
    Traceback (most recent call last):
    benchkit.errors.InputError: 'agents.csv': averages only; no share within 1 h can be made from it

    `names` are its columns, or the paths of its records. Such a report has a column with a mean,
    a median or a percentile of times, and none that tells one message, ticket or conversation
    from another, nor when it was sent or what it says. Known so: Chatwoot's reports by agent, inbox,
    label, team and day (its source, `config/locales/en.yml` and `de.yml`, and the line on the period
    above them), Zendesk Explore's tables (`MED(First reply time (min))`), the words of Sprout Social,
    Hootsuite, Intercom and Freshdesk for the same, and what they are in German, French and Spanish.
    """
    columns = list(names)
    whole = [_plain(name) for name in columns]
    is_titled = bool(whole) and bool(_REPORT.match(whole[0])) and not any(whole[1:])
    if not is_titled and not any(_AVERAGED_TIME.search(name) for name in whole):
        return
    innermost = [_plain(name.rpartition(".")[2]) for name in columns]
    if not any(_NAMES_AN_ITEM.fullmatch(name) for name in (*whole, *innermost)):
        raise InputError(path, "averages only; no share within 1 h can be made from it")


def _plain(name: str) -> str:
    """A column's name in small letters without accents, its words apart, the signs for a mean as Ø.

    >>> _plain("MED(First Reply Time (min))"), _plain("data.avgReplyTime"), _plain("⌀ Lösungszeit")
    ('med first reply time min', 'data avg reply time', 'ø losungszeit')
    """
    return plain(name[:200].replace("⌀", "Ø").replace("∅", "Ø"))
