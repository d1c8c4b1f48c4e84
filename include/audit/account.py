"""What the audit asks SendGrid: the authenticated domains, the scopes of the API key, and the event webhook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from include.audit.result import Finding, Result, conclude
from include.core.connections import SendGridAccount, is_simulator
from include.sendgrid.management import call

PAGE = 50
"""Domains per request, SendGrid's limit."""
NEEDED = frozenset(
    {
        "mail.send", "mail.batch.create", "mail.batch.read", "user.scheduled_sends.create", "user.scheduled_sends.delete",
        "suppression.create", "suppression.read", "suppression.delete", "asm.groups.read", "categories.stats.read",
        "recipients.erasejob.create",
    }
)  # fmt: skip
"""Scopes without which a stage cannot do its work."""
NEEDED_FOR_AUDIT = frozenset({"whitelabel.read", "user.webhooks.event.settings.read"})
POWERFUL = (
    "access_settings.", "api_keys.", "billing.", "credentials.", "sso.", "subusers.", "teammates.", "user.account.",
    "user.email.", "user.password.", "user.profile.", "user.settings.", "user.username.",
)  # fmt: skip
"""Prefixes of scopes with which somebody who has the key can take over the account."""
EVENTS = ("bounce", "click", "deferred", "delivered", "dropped", "open", "processed", "spam_report", "unsubscribe")


@dataclass(frozen=True)
class SendingDomain:
    """A domain that is authenticated at SendGrid: the names of the DNS records that it signs and sends with."""

    domain: str
    is_valid: bool
    return_path: str
    dkim: tuple[str, ...]

    def covers(self, sender: str) -> bool:
        """Whether mail from this From domain is signed for it: the domain itself or one below it."""
        return sender == self.domain or sender.endswith(f".{self.domain}")


def sending_domains(account: SendGridAccount) -> list[SendingDomain]:
    """Every authenticated domain. Raises what `call` raises."""
    found: list[SendingDomain] = []
    while True:
        query = {"limit": PAGE, "offset": len(found)}
        rows = call(account, "get", "whitelabel/domains", query=query) or []
        found += [_domain(row) for row in rows]
        if len(rows) < PAGE:
            return found


def domain_of(sender: str, domains: Iterable[SendingDomain]) -> SendingDomain | None:
    """The authenticated domain that signs for a From domain: the longest that covers it."""
    return max((one for one in domains if one.covers(sender)), key=lambda one: len(one.domain), default=None)


def check_domains(senders: Collection[str], domains: list[SendingDomain]) -> Result:
    """Whether each From domain is authenticated at SendGrid."""
    found = {sender: domain_of(sender, domains) for sender in sorted(senders)}
    missing = [sender for sender, one in found.items() if one is None]
    invalid = [sender for sender, one in found.items() if one is not None and not one.is_valid]
    findings: list[Finding] = [
        *(("fail", f"Authenticate {sender} at SendGrid (Settings → Sender Authentication).") for sender in missing),
        *(("fail", f"SendGrid finds the DNS records of {sender} invalid: compare them there.") for sender in invalid),
    ]
    evidence = {"From domains": len(found), "not authenticated": len(missing), "invalid": len(invalid)}
    return conclude("sender_domains", evidence, findings, fine="SendGrid has validated each From domain.")


def check_scopes(account: SendGridAccount) -> Result:
    """Whether the API key may do what Tradewind needs, and no more than that where it is dangerous."""
    scopes = frozenset(call(account, "get", "scopes")["scopes"])
    missing, blind = sorted(NEEDED - scopes), sorted(NEEDED_FOR_AUDIT - scopes)
    powerful = sorted(scope for scope in scopes if scope.startswith(POWERFUL) and not scope.endswith(".read"))
    evidence: dict[str, str | int] = {
        "scopes": len(scopes), "missing": ", ".join(missing), "missing for the audit": ", ".join(blind),
        "powerful": len(powerful),
    }  # fmt: skip
    findings: list[Finding] = []
    if missing:
        findings.append(("fail", f"Give the API key the scopes {', '.join(missing)}."))
    if powerful:
        findings.append(("warn", "Replace the API key by one that cannot change the account, such as its users and keys."))
    if blind:
        findings.append(("warn", f"Give the API key the scopes {', '.join(blind)}, or the audit cannot ask everything."))
    return conclude("api_key_scopes", evidence, findings, fine="The API key may do what is needed, and nothing dangerous.")


def check_webhook(account: SendGridAccount) -> Result:
    """Whether SendGrid posts all events, signed."""
    settings = call(account, "get", "user/webhooks/event/settings") or {}
    signed = bool(webhook_key(account))
    off = [event for event in EVENTS if not settings.get(event)]
    evidence: dict[str, str | bool] = {
        "enabled": bool(settings.get("enabled")),
        "signed": signed,
        "events off": ", ".join(off),
    }
    findings = list(_webhook_findings(settings, signed, off, is_simulator(account)))
    return conclude("event_webhook", evidence, findings, fine="SendGrid posts all events, signed.")


def webhook_key(account: SendGridAccount) -> str:
    """The public key with which SendGrid signs events; empty if it signs none."""
    answer = call(account, "get", "user/webhooks/event/settings/signed") or {}
    return str(answer.get("public_key") or "")


def _webhook_findings(settings: dict[str, Any], signed: bool, off: list[str], local: bool) -> Iterator[Finding]:
    if not settings.get("enabled"):
        yield "fail", "Enable the Event Webhook (Settings → Mail Settings): without it there are no bounces and no figures."
    if not signed:
        yield "fail", "Enable the signature of the Event Webhook: the edge refuses events without one."
    if off:
        yield "warn", f"Enable the events {', '.join(off)} of the Event Webhook."
    if not local and not str(settings.get("url", "")).startswith("https://"):
        yield "fail", "Set the address of the Event Webhook to https: events contain addresses."


def _domain(row: dict[str, Any]) -> SendingDomain:
    """With automated security, the records are mail_cname, dkim1 and dkim2; without it, subdomain_spf and dkim."""
    records = row.get("dns") or {}
    return_path = records.get("mail_cname") or records.get("subdomain_spf") or {}
    keys = [records[name]["host"] for name in ("dkim1", "dkim2", "dkim") if name in records]
    domain = str(row["domain"]).lower()
    return SendingDomain(domain, bool(row.get("valid")), str(return_path.get("host") or domain), tuple(keys))
