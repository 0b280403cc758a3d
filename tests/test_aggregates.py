"""Reports of averages are told from exports of messages and tickets, by their columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchkit.errors import InputError
from benchkit.sources.mapping.aggregates import refuse_aggregates

REPORTS = {
    "Chatwoot by agent": (
        "Agent name",
        "Assigned conversations",
        "Avg first response time",
        "Avg resolution time",
        "Avg customer waiting time",
        "Resolution Count",
    ),
    "Chatwoot by inbox": (
        "Inbox name",
        "Inbox type",
        "No. of conversations",
        "Avg first response time",
        "Avg resolution time",
    ),
    "Chatwoot by label": ("Label", "No. of conversations", "Avg reply time"),
    "Chatwoot by day": ("Conversations", "Messages received", "Messages sent", "Avg first response time"),
    "Chatwoot, the line on top": ("Reporting period 2026-03-01 to 2026-03-31", "", ""),
    "Chatwoot's API": ("id", "conversations_count", "avg_first_response_time", "avg_resolution_time"),
    "Zendesk Explore": ("Assignee name", "Ticket created - Date", "Tickets", "MED(First reply time (min))"),
    "Zendesk Explore, mean": ("Ticket group", "AVG(Requester wait time - Business hours (hrs))"),
    "Zendesk, older": ("Agent", "Satisfaction %", "Avg First Reply Time (hrs)"),
    "Sprout by team member": (
        "Team Member",
        "Messages Replied To",
        "Average Reply Time",
        "Median Reply Time",
    ),
    "Sprout by day": ("Date", "Received Messages", "Average First Reply Wait Time"),
    "Hootsuite by agent": ("Agent ID", "Agent Name", "Average response time", "Average handling time"),
    "Intercom by teammate": ("Teammate", "Conversations assigned", "Median first response time"),
    "Intercom by day": ("Conversation started at (day)", "Median time to close"),
    "Freshdesk by agent": ("Agent Name", "Tickets resolved", "Average First Response Time"),
    "Freshdesk by group": ("Group", "Created tickets", "Average resolution time (in hrs)"),
    "a percentile": ("Queue", "First reply time p90"),
    "Chatwoot by agent, in German": (
        "Agentenname",
        "Anzahl Gespräche",
        "Durchschnittliche Reaktionszeit (Minuten)",
        "Durchschnittliche Auflösungszeit (Minuten)",
    ),
    "Chatwoot by inbox, in German": (
        "Posteingangsname",
        "Anzahl der Konversationen",
        "Durchschnittliche Zeit bis zur ersten Antwort (Minuten)",
    ),
    "Chatwoot, the line on top in German": ("Berichtszeitraum von 01.03.2026 bis 31.03.2026", ""),
    "German, by its sign": ("Datum", "Nachrichten", "Ø Reaktionszeit"),
    "German, the sign for a diameter": ("Kanal", "⌀ Bearbeitungsdauer (h)"),
    "German, with no blank": ("Team", "ØAntwortzeit"),
    "German, in one word": ("Team", "Durchschnittsbearbeitungszeit"),
    "German, mean": ("Monat", "Tickets", "Mittlere Antwortzeit"),
    "German, afterwards": ("Abteilung", "Wartezeit (Median)", "Lösungszeit, Mittelwert"),
    "French": ("Agent", "Nombre de conversations", "Temps de réponse moyen"),
    "French, delay": ("Équipe", "Demandes", "Délai médian de première réponse"),
    "French, length": ("Canal", "Durée moyenne de résolution (h)"),
    "Spanish": ("Agente", "Número de conversaciones", "Tiempo medio de respuesta"),
    "Spanish, other words": ("Fecha", "Tiempo de espera promedio", "Mediana del tiempo de resolución"),
}
EXPORTS = {
    "Hootsuite messages": ("Message ID", "Conversation ID", "Direction", "Created at", "Content"),
    "Hootsuite conversations": ("Conversation ID", "Medium", "Contact Profile ID", "Average response time"),
    "Sprout's API": ("guid", "created_time", "from.guid", "activity_metadata.first_reply.time_elapsed"),
    "Sprout inbox": ("Timestamp (PT)", "Type", "Message Type", "Message", "In Response To: Message"),
    "Zendesk tickets": ("Id", "Subject", "First reply time (hrs)", "Avg requester wait time"),
    "Zendesk Explore by ticket": ("Ticket ID", "MED(First reply time (min))"),
    "Zendesk API": ("tickets[].id", "created_at", "metric_set.reply_time_in_minutes.calendar"),
    "Intercom's API": (
        "id",
        "created_at",
        "statistics.median_time_to_reply",
        "statistics.time_to_admin_reply",
    ),
    "Freshdesk tickets": ("Ticket ID", "Subject", "First response time (in hrs)", "Average response time"),
    "Freshdesk's API": ("id", "created_at", "stats.first_responded_at"),
    "Chatwoot's API, a message": ("id", "conversation_id", "created_at", "meta.avg_response_time"),
    "records in records": ("data.message.created_at", "data.stats.average_reply_time"),
    "twcs": ("tweet_id", "author_id", "inbound", "created_at", "text"),
    "a spreadsheet": ("Case number", "First reply", "Average wait (min)"),
    "an event log": ("case", "activity", "resource", "timestamp"),
    "names that only sound so": ("Customer", "Medium", "Meantime", "Averages of the time of day"),
    "nothing": (),
    "German messages": ("Nachricht", "Absender", "Gesendet am", "Ø Antwortzeit"),
    "German tickets": ("Ticketnummer", "Kanal", "Bearbeiter", "Durchschnittliche Antwortzeit"),
    "German cases": ("Vorgang", "Erstellt", "Mittlere Bearbeitungsdauer"),
    "German, by its time": ("Kunde", "Erstelldatum", "Antwortzeit (Ø)"),
    "German, by its subject": ("Betreff", "Mitarbeiter", "Mittlere Wartezeit"),
    "German, a link": ("Link zur Konversation", "Durchschnittliche Reaktionszeit"),
    "French tickets": ("Numéro de ticket", "Agent", "Temps de réponse moyen"),
    "French messages": ("Expéditeur", "Envoyé le", "Contenu", "Délai moyen"),
    "French, by its time": ("Client", "Date de création", "Temps moyen de réponse"),
    "Spanish tickets": ("ID de la conversación", "Agente", "Tiempo medio de respuesta"),
    "Spanish messages": ("Mensaje", "Enviado el", "Tiempo de espera promedio"),
    "Spanish, the medium": ("Medio", "Tiempo", "Cliente"),
    "German, the means": ("Mittel", "Zeit", "Kunde", "Durchschnittsalter", "Mittlerer Umsatz"),
}


@pytest.mark.parametrize("report", REPORTS)
def test_reports_of_averages_are_refused_in_one_sentence(report: str) -> None:
    with pytest.raises(InputError) as refused:
        refuse_aggregates(REPORTS[report], "exports/team.csv")
    assert str(refused.value) == "'exports/team.csv': averages only; no share within 1 h can be made from it"


@pytest.mark.parametrize("export", EXPORTS)
def test_exports_of_messages_and_tickets_pass(export: str) -> None:
    refuse_aggregates(EXPORTS[export], "export.csv")


@pytest.mark.parametrize(
    "name",
    ["AVG_FIRST_REPLY_TIME", "avgFirstReplyTime", "\ufeffAverage  reply\ttime", "First reply time (median)"],
)
def test_however_it_is_spelt(name: str) -> None:
    with pytest.raises(InputError):
        refuse_aggregates(["Agent", name], "team.csv")


ITEMS = ("Ticket-ID", "Vorgangsnummer", "Gesendet am", "Nachrichten-ID", "Nachricht", "Betreff", "Richtung")
ITEMS += ("ID du ticket", "Reçu le", "Contenu", "Objet", "ID del mensaje", "Creado el", "Asunto")


@given(
    st.sampled_from(ITEMS),
    st.lists(st.sampled_from([name for names in REPORTS.values() for name in names if name]), max_size=6),
)
def test_no_average_makes_a_report_of_a_table_with_messages(item: str, others: list[str]) -> None:
    refuse_aggregates([*others, item], "export.csv")


@given(st.lists(st.text(max_size=300), max_size=20))
def test_any_names_pass_or_are_refused_in_that_sentence(names: list[str]) -> None:
    sentence = ""
    try:
        refuse_aggregates(names, "any.csv")
    except InputError as refused:
        sentence = str(refused)
    assert sentence in ("", "'any.csv': averages only; no share within 1 h can be made from it")
