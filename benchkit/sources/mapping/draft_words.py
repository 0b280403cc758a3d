"""What the columns of other programs are called, and how they name what happened, in several languages."""

from __future__ import annotations

import re
import unicodedata

ITEM = (
    "conversation|ticket|case|thread|chat|dialog(?:ue)?|incident|request|issue|konversation|gesprach|vorgangs?|"
    "fall|anfrage|anliegen|dossier|billet|demande|conversacion|caso|solicitud|conversazione|richiesta|"
    "conversa|chamado|gesprek|zaak|melding"
)
_MESSAGE = (
    "message|msg|comment|post|tweet|mail|email|nachrichten?|beitrags?|kommentar|"
    "mensaje|messaggio|mensagem|bericht"
)
NUMBER = "id|ids|key|number|no|nr|nummer|numero|num|uuid|guid|ref|reference|code"
OF = "(?: (?:de|du|del|della|do|da|der|des|van))?(?: (?:la|le|l|el|o|a))?"
_BEFORE = (
    "(?:(?:date|time|datum|tijd|fecha|data|ora|hora|heure|zeitpunkt|ticket|case|conversation|is|was|"
    "de|del|di|da|der|des|van|la|le|el) )*"
)
_AFTER = (
    "(?:s?datum|s?zeit)?(?: (?:at|on|am|um|le|el|il|em|op|a|y|et|e|und|en|heure|hora|ora|datum|zeit|dauer|"
    "date|time|tijd|timestamp|ts|utc|gmt|duration|in|min|mins|minutes?|minuten|minutos|minuti|h|hrs?|hours?|"
    "stunden?|std|heures|horas|ore|uur|s|secs?|seconds?|sekunden|secondes|segundos|secondi|seconden))*"
)
_WHO = "(?: ?(?:name|id|nr|nummer|number|no|numero|email|mail|handle|code))?"


def _when(stems: str) -> str:
    return f"{_BEFORE}(?:{stems}){_AFTER}"


_CREATED = _when(
    "created?|opened|received|submitted|started|creation|opening|erstell(?:t|ung)s?|eroffn(?:et|ung)s?|eingangs?|"
    "eingegangen|angelegt|erfasst|cree|ouvert(?:ure)?|recu|reception|creado|creacion|abierto|apertura|recibido|"
    "creato|creazione|aperto|ricevuto|criado|criacao|aberto|recebido|aangemaakt|geopend|ontvangen"
)
_TIME = _when(
    "timestamp|date ?time|uhrzeit|hour|sent|when|occurred|posted|published|zeitstempel|zeitpunkt|gesendet|"
    "horodatage|envoye|enviado|inviato|verzonden|tijdstip|time|date|at|datum|zeit|fecha|data|tijd|heure|hora|ora"
)
_FIRST = "first|1st|erste|premiere|primera|primeira|prima|eerste|initial"
_REPLY = (
    "(?:public |agent |human )?(?:reply|replied|response|responded|answer|answered|antworts?|reaktions?|"
    "reponse|respuesta|resposta|risposta|antwoord|reactie)"
)

ROLES: dict[str, tuple[str, ...]] = {
    "conversation_id": (
        rf"(?:{ITEM})s? ?(?:{NUMBER})",
        rf"(?:{NUMBER}){OF} (?:{ITEM})s?",
        r"case concept name",
        rf"(?:{ITEM})s?",
        NUMBER,
    ),
    "message_id": (rf"(?:{_MESSAGE})s? ?(?:{NUMBER})", rf"(?:{NUMBER}){OF} (?:{_MESSAGE})s?", NUMBER),
    "in_reply_to": (
        r"(?:in )?(?:reply|response) to(?: (?:message|tweet|post|status))?(?: id)?",
        r"parent(?: (?:message|tweet|post|comment))?(?: id)?|antwort auf",
    ),
    "created": (_CREATED, _TIME),
    "time": (_TIME, _CREATED, "time timestamp"),
    "first_reply": (
        _when(rf"(?:{_FIRST}) ?{_REPLY}|erst(?:antwort|reaktion)s?"),
        _when(_REPLY + "|beantwortet|repondu|respondido|respondida|risposto|beantwoord"),
    ),
    "closed": (
        _when(
            "resolved|solved|resolution|gelost|losungs?|erledigt|resolu|resuelto|risolto|resolvido|opgelost|closed?|"
            "closing|closure|completed|done|geschlossen|abgeschlossen|abschluss|ferme|cloture|cerrado|cierre|chiuso|"
            "chiusura|fechado|gesloten"
        ),
    ),
    "assigned": (
        _when(
            "assigned|assignment|zugewiesen|zuweisungs?|attribue|affecte|asignado|assegnato|atribuido|toegewezen"
        ),
    ),
    "reopened": (_when("reopened|wieder(?:er)?offnet|rouvert|reabierto|riaperto|reaberto|heropend"),),
    "agent_id": (
        rf"(?:agent|agente|bearbeiter(?:in)?|sachbearbeiter(?:in)?|operat(?:or|ore|eur)|operador|behandelaar){_WHO}",
        rf"(?:assignee|assigned(?: to| agent)?|owner|handled by|handler|answered by|replied by){_WHO}",
        rf"(?:zugewiesen(?: an)?|zustandig|mitarbeiter(?:in)?|conseiller|responsable|responsavel){_WHO}",
        rf"(?:(?:asignado|assegnato|atribuido|attribue)(?: a)?|toegewezen(?: aan)?|medewerker){_WHO}",
        rf"(?:org )?resource|(?:employee|staff){_WHO}",
    ),
    "customer_id": (
        rf"(?:customer|client|requester|contact|consumer|visitor|end user|kunden?|kundin|klant){_WHO}",
        rf"(?:cliente|anfrager|demandeur|solicitante|richiedente|aanvrager){_WHO}",
    ),
    "sender_id": (
        rf"(?:author|sender|user|from|absender|autor|autore|auteur|remitente|mittente|afzender){_WHO}",
    ),
    "kind": (
        r"direction|richtung|sens|direccion|direzione|direcao|richting",
        r"(?:(?:is|was) )?(?:inbound|incoming|outbound|outgoing|from (?:agent|customer)|eingehend|ausgehend)",
        r"(?:sender|author|user|message|from|absender|autor) ?(?:type|typ|role|rolle|kind|art)",
        r"type|typ|tipo|role|rolle|sender|from|author|absender|von|kind|art",
    ),
    "activity": (
        r"activity|concept name|aktivitat|activite|actividad|attivita|atividade|activiteit",
        r"event|ereignis|evenement|evento|gebeurtenis|action|aktion|accion|azione|acao|actie",
        r"(?:activity|action|event) ?(?:type|name)|type|typ|tipo",
        r"step|schritt|what|status",
    ),
    "channel": (r"channel|kanal|canal|canale|kanaal", r"source|quelle|network|platform|plattform|medium|via"),
    "brand": (r"brand|marke|marque|marca|merk", r"(?:social )?(?:account|profile|page)(?: name)?"),
    "text": (
        r"text|body|content|message(?: (?:text|body))?|nachricht|inhalt|texte|contenu|mensaje|texto",
        r"contenido|messaggio|testo|mensagem|bericht|tekst|comment|description|beschreibung",
    ),
    "topic": (r"topic|category|thema|kategorie|sujet|categorie|tema|categoria|onderwerp",),
    "priority": (r"priority|prioritat|priorite|prioridade?|priorita|prioriteit|severity|urgency",),
    "queue": (
        r"queue|team|group|department|inbox|warteschlange|abteilung|gruppe|equipe|groupe|equipo|grupo|squadra|gruppo|fila",
    ),
    "language": (r"language|sprache|langue|idioma|lingua|taal",),
    "country": (r"country|land|pays|pais|paese",),
    "sentiment": (r"sentiment|stimmung|sentimiento|sentimento",),
}
"""By what names columns go, without accents and signs; the first that matches is the likeliest."""

_CUSTOMER = r"customer|client|consumer|requester|visitor|contact|end.?user|kund|demandeur|cliente|klant"
_TO = r"(?:to|an|au|a|al|aan|fur|for) (?:the |den |die |le |el |il |de )?"
_KINDS = (
    ("ignored", r"\b(?:note|notiz|nota|notitie|internal|intern|private|privat)|internal"),
    ("reopened", r"re.?open|wieder.*offnet|rouvert|reabierto|riaperto|reaberto|heropend"),
    (
        "closed",
        r"close|resolve|\bsolved|complete|gelost|geschlossen|erledigt|resolu|ferme|clotur|cerrad|resuelt|chius",
    ),
    ("closed", r"risolt|fechad|resolvid|gesloten|opgelost"),
    ("handed_off", r"hand.?(?:ed.?)?(?:off|over)|escalat|transfer|weitergeleitet|ubergeben|eskal"),
    ("assigned", r"assign|zugewiesen|zuweis|zugeteilt|attribu|affecte|asignad|assegnat|atribui|toegewezen"),
    ("snoozed", r"snooz|pending|on.?hold|paus|wartet"),
    ("bot", r"\bbot\b|chatbot|auto.?(?:mat|repl|respon|antwort)"),
    ("agent", rf"(?:sent|reply|replied|respon\w*|answer\w*|antwort\w*) {_TO}(?:{_CUSTOMER})"),
    (
        "customer",
        rf"{_CUSTOMER}|in.?bound|incoming|^in$|receiv|eingehend|eingang|eingegangen|^user$|entrant|recu|recib",
    ),
    ("customer", r"ricevut|recebid|inkomend|ontvangen|in entrata"),
    (
        "opened",
        r"creat|open|^new\b|submit|erstellt|angelegt|eroffn|^neu|cree|cread|abiert|apert|criad|abert|aangemaakt",
    ),
    (
        "agent",
        r"out.?bound|outgoing|^out$|\bsent|agent|repl(?:y|ied)|respon|answer|operator|admin|staff|support|brand",
    ),
    (
        "agent",
        r"ausgehend|ausgang|antwort|mitarbeiter|gesendet|sortant|repon|envoy|salient|enviad|inviat|uitgaand",
    ),
    ("agent", r"verzonden|antwoord|medewerker|rispo|respost|business|company"),
)
_YES, _NO = (
    ("true", "yes", "1", "ja", "y", "oui", "si", "sim"),
    ("false", "no", "0", "nein", "n", "non", "nao", "nee"),
)
_OF_AGENTS = re.compile(r"outbound|outgoing|from agent|ausgehend")


def plain(name: str) -> str:
    """A name in small letters without accents, its words apart.

    >>> plain("firstReply_At"), plain("Erstellt am"), plain("Prénom (client)")
    ('first reply at', 'erstellt am', 'prenom client')
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", name[:200]) if not unicodedata.combining(c))
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", bare).replace("ß", "ss")
    return " ".join(re.findall(r"[^\W_]+", words.lower()))


def likeness(name: str, role: str) -> int | None:
    """How unlikely a column of that name is to have a role: 0 at best, None where nothing speaks for it.

    >>> likeness("Ticket ID", "conversation_id"), likeness("Created at", "conversation_id")
    (0, None)
    """
    parts = name.strip(".").split(".")
    tails = [plain(" ".join(parts[at:])) for at in range(len(parts))]
    for at, pattern in enumerate(ROLES[role]):
        if any(re.fullmatch(pattern, tail) for tail in tails):
            return at
    return None


def is_yes_and_no(words: tuple[str, ...]) -> bool:
    """Whether words are nothing but yes and no, in some language.

    >>> is_yes_and_no(("Ja", "nein")), is_yes_and_no(("in", "out"))
    (True, False)
    """
    return bool(words) and all(plain(word) in (*_YES, *_NO) for word in words)


def kinds_of(name: str, words: tuple[str, ...]) -> dict[str, str]:
    """What each of a column's words says that a turn is, "" where it does not say it.

    >>> kinds_of("Direction", ("Inbound", "Outbound", "x"))
    {'Inbound': 'customer', 'Outbound': 'agent', 'x': ''}
    >>> kinds_of("inbound", ("False", "True"))
    {'False': 'agent', 'True': 'customer'}
    """
    lowered = {word: plain(word) for word in words}
    if is_yes_and_no(words):
        tail = plain(name.rpartition(".")[2])
        yes, no = ("agent", "customer") if _OF_AGENTS.search(tail) else ("customer", "agent")
        return {word: yes if said in _YES else no for word, said in lowered.items()}
    return {
        word: next((kind for kind, pattern in _KINDS if re.search(pattern, said)), "")
        for word, said in lowered.items()
    }
