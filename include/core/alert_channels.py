"""The services to which alerts are posted: a webhook, a Slack-compatible webhook, PagerDuty, and e-mail.

A channel makes one attempt and returns the problem, '' for none. A problem never names a URL, a key or an address: they are
secrets. `content` is an alert as `Alert.as_json` gives it.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any, ClassVar, Protocol

import httpx
import orjson

from include.core.errors import ConfigurationError
from include.core.http_client import client, root_cause

POST_SECONDS = 5.0
PAGERDUTY_HOST = "https://events.pagerduty.com"
MAX_SUMMARY = 1_024
"""Characters of `payload.summary` in PagerDuty's Events API v2."""

Content = Mapping[str, Any]


class Channel(Protocol):
    """A service that takes alerts, and learns that the cause of one is over."""

    name: ClassVar[str]

    def fire(self, content: Content, /) -> str: ...

    def resolve(self, content: Content, /) -> str: ...


@dataclass(frozen=True)
class Webhook:
    """A service that takes the whole alert as JSON. It gets no message when the cause is over."""

    url: str = field(repr=False)
    name: ClassVar[str] = "webhook"

    def fire(self, content: Content) -> str:
        return post(self.url, content)

    def resolve(self, _content: Content) -> str:
        return ""


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack, Mattermost, Rocket.Chat or Google Chat: one text."""

    url: str = field(repr=False)
    name: ClassVar[str] = "slack"

    def fire(self, content: Content) -> str:
        return post(self.url, {"text": _escaped(f"{content['severity'].upper()}: {content['text']}")})

    def resolve(self, content: Content) -> str:
        return post(self.url, {"text": _escaped(f"RESOLVED: {content['title']}")})


@dataclass(frozen=True)
class PagerDuty:
    """PagerDuty's Events API v2, or a service that speaks it: repetitions of an alert are one incident.

    https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
    """

    routing_key: str = field(repr=False)
    host: str = PAGERDUTY_HOST
    name: ClassVar[str] = "pagerduty"

    def fire(self, content: Content) -> str:
        names = ("happened", "safe", "next_step", "run", "task", "runbook")
        payload = {
            "summary": content["title"][:MAX_SUMMARY], "source": content["dag"] or "tradewind",
            "severity": content["severity"], "timestamp": content["at"], "class": content["kind"],
            "custom_details": {name: content[name] for name in names},
        }  # fmt: skip
        url = content["runbook_url"]
        links = [{"href": url, "text": "Runbook"}] if url else []
        return self._enqueue("trigger", content, payload=payload, links=links, client="Tradewind")

    def resolve(self, content: Content) -> str:
        return self._enqueue("resolve", content)

    def _enqueue(self, action: str, content: Content, **more: Any) -> str:
        event = {"routing_key": self.routing_key, "event_action": action, "dedup_key": content["dedup_key"], **more}
        return post(f"{self.host.rstrip('/')}/v2/enqueue", event)


@dataclass(frozen=True)
class Email:
    """An SMTP server. With `ssl`, TLS from the first byte; else with `starttls`, TLS after the greeting."""

    host: str
    port: int
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ssl: bool = True
    starttls: bool = False
    name: ClassVar[str] = "email"

    def fire(self, content: Content) -> str:
        return self._send(content, content["severity"].upper(), content["text"])

    def resolve(self, content: Content) -> str:
        return self._send(content, "RESOLVED", f"The cause of this alert is over:\n\n{content['text']}")

    def _send(self, content: Content, label: str, text: str) -> str:
        try:
            mail = self._mail(content, label, text)
            with self._connected() as server:
                if self.login:
                    server.login(self.login, self.password)
                refused = server.send_message(mail, self.sender, self.recipients)
            return f"{len(refused)} recipients were refused" if refused else ""
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return type(error).__name__

    def _mail(self, content: Content, label: str, text: str) -> EmailMessage:
        """One thread per alert: every message refers to an id that depends only on what the alert is about."""
        mail = EmailMessage()
        mail["Subject"] = " ".join(f"[{label}] {content['title']}".split())
        mail["From"], mail["To"] = self.sender, ", ".join(self.recipients)
        mail["Message-ID"] = make_msgid(domain="tradewind.invalid")
        mail["References"] = f"<{content['dedup_key']}@tradewind.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        return mail

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.ssl:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=POST_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=POST_SECONDS)
        if self.starttls:
            server.starttls(context=context)
        return server


def post(url: str, content: Content) -> str:
    """POST as JSON, once; returns the problem, '' for none. Never names the URL: chat webhooks are secrets."""
    if not url.startswith(("http://", "https://")):
        return "it is not an http or https URL"
    try:
        body, headers = orjson.dumps(content), {"Content-Type": "application/json"}
        with client(POST_SECONDS) as http, http.stream("POST", url, content=body, headers=headers) as answer:
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ConfigurationError, OSError, ValueError) as error:
        return type(root_cause(error)).__name__  # Unreachable, too slow, not HTTP; the text may hold the URL.


def _escaped(text: str) -> str:
    """The text as Slack wants it, which reads these three characters as markup.

    https://docs.slack.dev/messaging/formatting-message-text/
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
