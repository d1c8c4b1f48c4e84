"""The checks of an audit, and the two halves in which they are made: outside of the warehouse, and within it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from include.audit import account as sendgrid
from include.audit import dkim, dmarc, in_use, key_age, list_checks, one_click, spf
from include.audit.access import AirflowAccess, check_access
from include.audit.account import SendingDomain
from include.audit.complaint_trend import check_complaints
from include.audit.name_server import NameServer
from include.audit.result import Result, attempt, unknown
from include.core.connections import SendGridAccount
from include.core.errors import TradewindError
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse

CHECKS = {
    "sender_domains": "Sending domains at SendGrid",
    "spf": "SPF records",
    "dkim": "DKIM keys",
    "dmarc": "DMARC records",
    "bimi": "BIMI records",
    "one_click": "One-click unsubscribe, tried",
    "event_webhook": "Event webhook",
    "api_key_scopes": "Scopes of the API key",
    "key_age": "Age of the keys",
    "airflow_access": "Access to Airflow",
    "addresses": "Addresses on the list",
    "consent": "Proof of consent",
    "suppression_sync": "Suppression lists",
    "complaints": "Complaints",
    "sunset": "People without a sign of life",
    "never_reacted": "People who never reacted",
    "unused_segments": "Segments that nothing uses",
    "unused_templates": "Templates that nothing uses",
}
"""Every check with its title, in the order of the page."""


@dataclass(frozen=True)
class Outside:
    """What is asked outside of the stores: the account, the edge's addresses, the DNS, and Airflow's access."""

    account: SendGridAccount
    edge_url: str
    local_edge_url: str
    name_server: NameServer
    access: AirflowAccess


def ask(stores: Stores, outside: Outside) -> list[Result]:
    """The checks that ask SendGrid, the DNS, the edge and files. None of them opens the warehouse."""
    used, account = in_use.in_use(), outside.account
    return [
        *_authentication(outside, used.domains),
        attempt("one_click", lambda: one_click.check(stores, outside.edge_url, outside.local_edge_url)),
        attempt("event_webhook", lambda: sendgrid.check_webhook(account)),
        attempt("api_key_scopes", lambda: sendgrid.check_scopes(account)),
        check_access(outside.access),
        in_use.check_segments(used),
        in_use.check_templates(used),
    ]


def measure(stores: Stores, account: SendGridAccount, as_of: datetime) -> list[Result]:
    """The checks of the list and of the keys, in the warehouse."""
    keys = list(key_age.keys_in_use(stores.paths, account, _webhook_key(account)))
    with open_warehouse(stores.paths) as warehouse:
        return [
            list_checks.check_addresses(warehouse, as_of),
            *list_checks.check_engagement(warehouse, as_of),
            list_checks.check_consent(warehouse, as_of),
            list_checks.check_suppressions(warehouse, as_of),
            check_complaints(warehouse, as_of),
            key_age.check_keys(warehouse, keys, as_of),
        ]


def _authentication(outside: Outside, senders: frozenset[str]) -> Iterator[Result]:
    """SendGrid's view of the From domains, then the DNS's. Without SendGrid, the names of DKIM records are not known."""
    server, domains = outside.name_server, list[SendingDomain]()
    try:
        domains = sendgrid.sending_domains(outside.account)
        yield sendgrid.check_domains(senders, domains)
    except TradewindError as error:
        yield unknown("sender_domains", error)
    found = {sender: sendgrid.domain_of(sender, domains) for sender in senders}
    paths = {sender: one.return_path if one else sender for sender, one in found.items()}
    selectors = {sender: one.dkim if one else () for sender, one in found.items()}
    yield attempt("spf", lambda: spf.check(server, paths))
    yield attempt("dkim", lambda: dkim.check(server, selectors))
    yield attempt("dmarc", lambda: dmarc.check_dmarc(server, senders))
    yield attempt("bimi", lambda: dmarc.check_bimi(server, senders))


def _webhook_key(account: SendGridAccount) -> str:
    """The key of the event webhook; empty if SendGrid cannot be asked, and then its age is not looked at."""
    try:
        return sendgrid.webhook_key(account)
    except TradewindError:
        return ""
