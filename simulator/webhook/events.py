"""Builds SendGrid's event for a timeline entry, with exactly the fields of its kind."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from simulator.api.acceptance import merged_args, short_id
from simulator.api.payload import Mail, Personalization
from simulator.recipients import smtp_messages
from simulator.recipients.render import Link, Links
from simulator.recipients.smtp_messages import Refusal
from simulator.recipients.timeline import Click, Deferral, Open, TimelineEntry

Event = dict[str, Any]


class Message(NamedTuple):
    """One person's message of an accepted request."""

    seed: int
    x_message_id: str
    position: int
    mail: Mail
    person: Personalization
    links: Links

    @property
    def email(self) -> str:
        return self.person.to[0].email if self.person.to else ""

    @property
    def key(self) -> str:
        """The key from which the timeline is drawn: tw_key, else message id and address."""
        return merged_args(self.mail, self.person).get("tw_key") or f"{self.x_message_id}\x1f{self.email}"

    @property
    def sg_message_id(self) -> str:
        return f"{self.x_message_id}.recvd-7d4b9c6f5-{self.x_message_id[:5].lower()}-1-{self.position:X}.0"


def event_of(message: Message, entry: TimelineEntry, number: int, timestamp: int) -> Event | None:
    """The event of the message's `number`-th entry; None if tracking is off or the mail has no link to click."""
    special = FIELDS_BY_KIND[entry.kind](message, entry.detail)
    if special is None:
        return None
    fields: Event = {"email": message.email, "timestamp": timestamp, "event": entry.kind}
    if entry.kind == "late_bounce":
        return {**fields, **special, "sg_event_id": event_id(message, number)}
    fields |= {"sg_event_id": event_id(message, number), "sg_message_id": message.sg_message_id}
    if categories := message.mail.categories:
        fields["category"] = categories[0] if len(categories) == 1 else categories
    return {**merged_args(message.mail, message.person), **fields, **special}


def event_id(message: Message, number: int, copy: int = 0) -> str:
    """The sg_event_id, which is stable for an entry of a message."""
    return short_id(f"{message.seed}\x1f{message.x_message_id}\x1f{message.position}\x1f{number}\x1f{copy}")


def smtp_id(message: Message) -> str:
    """The Message-ID assigned by the accepting server."""
    return f"<{message.x_message_id}@geopod-ismtpd-{message.position % 7}>"


def address_of(message: Message, network: str = "") -> str:
    """The client's IP address: stable per person, or one of a proxy's or gateway's network."""
    number = zlib.crc32(message.email.encode())
    if network:
        return f"{network}.{number % 254 + 1}.{number // 254 % 254 + 1}"
    return f"{('192.0.2', '198.51.100', '203.0.113')[number % 3]}.{number // 3 % 254 + 1}"


def network_of(detail: Open | Click) -> str:
    """The network of a proxy or gateway, empty for a person's own: ranges that are reserved for documentation and tests."""
    if detail.useragent in (smtp_messages.GMAIL_PROXY, smtp_messages.YAHOO_PROXY):
        return "198.19"
    if detail.useragent == smtp_messages.PRIVACY_PROXY:
        return "198.18"
    return "100.64" if detail.machine else ""


def _processed(message: Message, _detail: object) -> Event:
    fields: Event = {"smtp-id": smtp_id(message), "pool": {"name": message.mail.ip_pool_name or "default", "id": 210}}
    if send_at := message.person.send_at or message.mail.send_at:
        fields["send_at"] = send_at
    if message.mail.asm:
        fields["asm_group_id"] = message.mail.asm.group_id
    return fields


def _dropped(message: Message, detail: object) -> Event:
    return {"smtp-id": smtp_id(message), "reason": detail}


def _deferred(message: Message, detail: object) -> Event:
    assert isinstance(detail, Deferral)
    sender = message.mail.from_.email if message.mail.from_ else ""
    domain = message.email.rpartition("@")[2]
    return {
        "smtp-id": smtp_id(message),
        "response": detail.response,
        "attempt": detail.attempt,
        "domain": domain,
        "from": sender,
    }


def _delivered(message: Message, detail: object) -> Event:
    return {"smtp-id": smtp_id(message), "response": detail, "ip": "198.51.100.25", "tls": 1}


def _bounced(kind: str) -> Callable[[Message, object], Event]:
    def fields(message: Message, detail: object) -> Event:
        assert isinstance(detail, Refusal)
        return {
            "event": "bounce",
            "type": kind,
            "bounce_classification": detail.classification,
            "reason": detail.reason.replace("<recipient>", f"<{message.email}>"),
            "status": detail.status,
            "smtp-id": smtp_id(message),
            "ip": "198.51.100.25",
            "tls": 1,
        }

    return fields


def _opened(message: Message, detail: object) -> Event | None:
    assert isinstance(detail, Open)
    if not tracks_opens(message.mail):
        return None
    fields: Event = {"useragent": detail.useragent, "ip": address_of(message, network_of(detail)), "sg_content_type": "html"}
    return {**fields, "sg_machine_open": detail.apple}


def _clicked(message: Message, detail: object) -> Event | None:
    assert isinstance(detail, Click)
    link = link_at(tracked_links(message), detail)
    if link is None:
        return None
    offset = {"index": link.place, "type": link.part}
    return {
        "url": link.url,
        "url_offset": offset,
        "useragent": detail.useragent,
        "ip": address_of(message, network_of(detail)),
    }


def _subscription(message: Message, detail: object) -> Event:
    """unsubscribe and the group events, caused by links that SendGrid inserts."""
    fields: Event = {"ip": address_of(message), "useragent": detail}
    if message.mail.asm:
        fields |= {"asm_group_id": message.mail.asm.group_id, "url": "https://u0000.ct.example.net/asm/"}
    return fields


def _no_fields(_message: Message, _detail: object) -> Event:
    return {}


FIELDS_BY_KIND: dict[str, Callable[[Message, object], Event | None]] = {
    "processed": _processed,
    "dropped": _dropped,
    "deferred": _deferred,
    "delivered": _delivered,
    "bounce": _bounced("bounce"),
    "blocked": _bounced("blocked"),
    "late_bounce": _bounced("bounce"),
    "open": _opened,
    "click": _clicked,
    "unsubscribe": _subscription,
    "group_unsubscribe": _subscription,
    "group_resubscribe": _subscription,
    "spamreport": _no_fields,
}


def tracks_opens(mail: Mail) -> bool:
    """Whether the request enables open tracking and the mail has an HTML part for the pixel."""
    tracking = mail.tracking_settings and mail.tracking_settings.open_tracking
    return bool(tracking and tracking.enable and any(part.type == "text/html" for part in mail.content or ()))


def tracked_links(message: Message) -> list[Link]:
    """The links that click tracking rewrites; links of the text part only if `enable_text` is set."""
    tracking = message.mail.tracking_settings and message.mail.tracking_settings.click_tracking
    if not (tracking and tracking.enable):
        return []
    return [link for link in message.links.of(message.person, bool(tracking.enable_text)) if link.rewritable]


def link_at(found: list[Link], click: Click) -> Link | None:
    """The link that is clicked: the one at its place, else at the fraction `pick` of the list."""
    place = int(click.pick * len(found)) if click.place is None else click.place
    return found[place] if place < len(found) else None
