"""How things came to Zendesk: its channel codes in benchkit's words, and which of them are machines.

Codes and numbers are those of Zendesk's references of via objects and via types; the export of
ticket events spells the same codes as people read them ("Web form").
"""

from __future__ import annotations

import re
from functools import cache

_BY_NUMBER = {
    0: "web_form",
    4: "mail",
    5: "web_service",
    8: "rule",
    9: "linked_problem",
    15: "iphone",
    17: "dropbox",
    19: "merge",
    20: "batch",
    21: "recovered_from_suspended_tickets",
    22: "automatic_solution_suggestions",
    23: "twitter_favorite",
    24: "topic",
    26: "twitter_dm",
    27: "closed_ticket",
    29: "chat",
    30: "twitter",
    31: "ticket_sharing",
    33: "voicemail",
    34: "phone_call_inbound",
    35: "phone_call_outbound",
    38: "facebook_post",
    39: "import",
    41: "facebook_message",
    42: "lotus",
    44: "api_voicemail",
    45: "api_phone_call_inbound",
    46: "api_phone_call_outbound",
    48: "web_widget",
    49: "mobile_sdk",
    50: "helpcenter",
    51: "sample_ticket",
    52: "sample_interactive_ticket",
    55: "any_channel",
    56: "mobile",
    57: "sms",
    62: "rule_revision",
    63: "answer_bot_for_agents",
    64: "answer_bot_for_slack",
    65: "answer_bot_for_sdk",
    66: "answer_bot_api",
    67: "answer_bot_for_web_widget",
    69: "side_conversation",
    72: "line",
    73: "wechat",
    74: "whatsapp",
    75: "native_messaging",
    76: "mailgun",
    77: "messagebird_sms",
    78: "sunshine_conversations_facebook_messenger",
    79: "telegram",
    80: "twilio_sms",
    81: "viber",
    82: "google_rcs",
    83: "apple_business_chat",
    84: "google_business_messages",
    85: "kakaotalk",
    86: "instagram_dm",
    87: "sunshine_conversations_api",
    88: "sunshine_conversations_twitter_dm",
    90: "chat_transcript",
    91: "business_messaging_slack_connect",
}
_MEMBERS = {
    "direct message": (
        "twitter_dm",
        "facebook_message",
        "instagram_dm",
        "sunshine_conversations_facebook_messenger",
        "sunshine_conversations_twitter_dm",
    ),
    "twitter": ("twitter", "twitter_favorite"),
    "facebook": ("facebook", "facebook_post"),
    "email": ("email", "mail", "mailgun", "connect_mail", "recovered_from_suspended_tickets"),
    "web": (
        "web",
        "web_form",
        "web_widget",
        "dropbox",
        "batch",
        "lotus",
        "help_center",
        "helpcenter",
        "closed_ticket",
    ),
    "api": ("api", "web_service", "web_service_api", "import", "ticket_sharing"),
    "mobile": ("mobile", "mobile_sdk", "iphone"),
    "forum": ("forum", "topic"),
    "sms": ("sms", "text_message", "twilio_sms", "messagebird_sms", "connect_sms"),
    "chat": ("chat", "chat_offline_message", "chat_transcript"),
    "messaging": (
        "native_messaging",
        "messaging",
        "sunshine_conversations_api",
        "answer_bot_for_web_widget",
        "answer_bot_for_sdk",
        "answer_bot_api",
    ),
    "phone": (
        "voice",
        "voicemail",
        "phone_call_inbound",
        "phone_call_outbound",
        "api_voicemail",
        "api_phone_call_inbound",
        "api_phone_call_outbound",
    ),
}
_CHANNELS = {code: channel for channel, codes in _MEMBERS.items() for code in codes}
_PRIVATE = {("twitter", "direct_message"), ("facebook", "message")}
_MACHINES = ("rule", "trigger", "automation", "automatic_solution", "linked_problem", "problem")


@cache
def code_of(channel: str | None) -> str | None:
    """The code of a via, which comes as a code, as its number or as people read it.

    >>> [code_of(via) for via in ("mail", "4", "Web form", None)]
    ['mail', 'mail', 'web_form', None]
    """
    if channel is None:
        return None
    if channel.isascii() and channel.isdigit() and len(channel) < 4:
        return _BY_NUMBER.get(int(channel), f"via {int(channel)}")
    return re.sub(r"[^a-z0-9]+", "_", channel.lower()).strip("_") or None


def channel_of(code: str, rel: str | None = None, service: str | None = None) -> str:
    """The channel that a ticket came through, in benchkit's words.

    >>> channel_of("twitter", "mention"), channel_of("twitter", "direct_message"), channel_of("whatsapp")
    ('twitter', 'direct message', 'whatsapp')

    Private messages on Twitter, Facebook and Instagram are all of them direct messages.
    `service` is the integration through which a ticket of the channel framework came.
    """
    if (code, code_of(rel)) in _PRIVATE:
        return "direct message"
    if code == "any_channel" and service:
        return service.lower()
    return _CHANNELS.get(code, code.replace("_", " "))


@cache
def is_machine(code: str | None, rel: str | None) -> bool:
    """Whether a trigger, an automation or another machine made it, whoever is its author.

    >>> is_machine("rule", "trigger"), is_machine("mail", None), is_machine("system", "follow_up")
    (True, False, False)

    The first comment of a follow-up ticket is its customer's, though the system made the ticket.
    """
    return any((each or "").startswith(_MACHINES) for each in (code, code_of(rel)))


@cache
def is_merge(code: str | None, rel: str | None) -> bool:
    """Whether the merging of two tickets made it."""
    return "merge" in (code, code_of(rel))


MESSAGING = ("chat", "messaging", "direct message", "whatsapp", "line", "wechat", "telegram", "viber")
"""Channels whose messages are in the conversation log, and not among comments."""
