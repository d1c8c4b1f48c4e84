"""The base of unsubscribe links, judged before mail is sent: a public https address at which our own edge answers.

A broken unsubscribe link cannot be fixed after the messages are sent. A SendGrid on
loopback counts as a simulator: nobody follows those links, so there a placeholder is only warned of.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import socket
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from include.core.connections import SendGridAccount, is_simulator
from include.core.errors import ConfigurationError, EdgeUnavailable
from include.core.http_client import client, root_cause
from include.core.secrets import Secrets
from include.core.token import PROBE_HEADER, probe

log = logging.getLogger(__name__)

WHERE = "variable edge_public_url"
REMEDY = "Set it to the public https address of your edge, as in https://mail.your-shop.com (docs/edge.md)."
SECONDS = 10.0
MAX_ANSWER = 64 * 1024
RESERVED_TLDS = frozenset({"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test", "arpa"})
"""RFC 2606, 6761, 6762, 7686, 9476, and ICANN's .internal: no such name is found in the public DNS."""
RESERVED_DOMAINS = frozenset({"example.com", "example.net", "example.org", "example.edu"})
_PRINTABLE_URL = re.compile(r"[A-Za-z0-9._~:/\[\]%-]+")


def require_public(account: SendGridAccount, edge_url: str, *, where: str = WHERE) -> None:
    """Raises `ConfigurationError` where links of mail to real people would lead nowhere; asks nobody.

    https is required with a simulator too (RFC 8058): mail that another provider would refuse is not rehearsed.
    """
    parts = _parsed(edge_url, where)
    problem = _why_not_public((parts.hostname or "").rstrip(".").lower())
    if problem and is_simulator(account):
        log.warning("%s: '%s' %s; the simulator does not mind, a real SendGrid is refused", where, parts.hostname, problem)
    elif problem:
        raise ConfigurationError(f"'{parts.hostname}' {problem}; nothing was sent.", where=where, remedy=REMEDY)


def require_answer(account: SendGridAccount, edge_url: str, secrets: Secrets, *, where: str = WHERE) -> None:
    """`require_public`, then ask the edge at that address whether a token minted with our keys verifies there.

    The probe's purpose is its own, so that it can unsubscribe nobody. Raises `EdgeUnavailable` where nothing answers or the
    edge is unwell, `ConfigurationError` where something else answers, or an edge with other keys.
    """
    require_public(account, edge_url, where=where)
    if is_simulator(account):
        return
    status, answer = _asked(edge_url.rstrip("/") + "/healthz", probe(secrets), where)
    if answer is None or answer.get("probe") not in ("verifies", "does not verify"):
        raise _nobody_of_ours(status, where)
    if answer["probe"] != "verifies":
        raise ConfigurationError(
            "the edge there does not know the keys with which our links are signed: none of them would work.",
            where=where, remedy="Give edge and Airflow the same secrets.json, or the same TRADEWIND_…_KEY variables.",
        )  # fmt: skip
    if failing := [name for name in ("spool_writable", "ledger_reachable") if answer.get(name) is not True]:
        raise EdgeUnavailable(
            f"the edge answers, and cannot record an unsubscribe ({', '.join(failing)} is false).",
            where=where, remedy="See its log. Nothing was sent.",
        )  # fmt: skip


def _parsed(edge_url: str, where: str) -> SplitResult:
    """The URL's parts. Raises `ConfigurationError` for what is no https base URL; the text is not repeated."""
    try:
        parts = urlsplit(edge_url)
        whole = parts.scheme == "https" and parts.hostname and parts.port != 0 and _PRINTABLE_URL.fullmatch(edge_url)
        if whole and parts.username is None and not parts.query and not parts.fragment:
            return parts
    except ValueError:
        pass
    raise ConfigurationError("is not an https URL (no query, no user name); nothing was sent.", where=where, remedy=REMEDY)


def _why_not_public(host: str) -> str | None:
    """Why nobody can reach a host from outside, as far as its name tells; None where it may be public."""
    address = _address(host)
    if address is not None:
        return None if address.is_global else "is an address that nobody reaches from outside"
    labels = host.split(".")
    if labels[-1] in RESERVED_TLDS or ".".join(labels[-2:]) in RESERVED_DOMAINS:
        return "is reserved for documentation and tests and leads nowhere"
    return None if len(labels) > 1 and all(labels) else "is no name that is known outside"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is, in any of the ways in which browsers read one (127.1, 0x7f000001)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError, ValueError):
        return None


def _asked(url: str, token: str, where: str) -> tuple[int, dict[str, Any] | None]:
    """The status, and the JSON object that came with it. Raises `EdgeUnavailable`, or `ConfigurationError` for TLS.

    A redirect is not followed: a link that redirects is no one-click link (RFC 8058).
    """
    headers = {PROBE_HEADER: token, "Accept": "application/json"}
    try:
        with client(SECONDS) as http, http.stream("GET", url, headers=headers) as answer:
            return answer.status_code, _object(_start_of(answer))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        reason = root_cause(error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise ConfigurationError(
                f"the certificate there is not trusted ({reason.verify_message}); mail clients would refuse it too.",
                where=where, remedy="Renew it, with its whole chain. Nothing was sent.",
            ) from None  # fmt: skip
        raise EdgeUnavailable(
            f"/healthz did not answer ({type(reason).__name__}).", where=where,
            remedy="Start the edge, and look at DNS, firewall and proxy before it. Nothing was sent.",
        ) from None  # fmt: skip


def _start_of(answer: httpx.Response) -> bytes:
    """No more than our own edge says, whoever answers."""
    content = b""
    for piece in answer.iter_raw():
        content += piece
        if len(content) > MAX_ANSWER:
            break
    return content[:MAX_ANSWER]


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _nobody_of_ours(status: int, where: str) -> ConfigurationError | EdgeUnavailable:
    if status == 429 or status >= 500:
        return EdgeUnavailable(f"/healthz answered {status}.", where=where, remedy="Start the edge. Nothing was sent.")
    return ConfigurationError(
        f"what answers /healthz there with {status} is not this edition's edge.", where=where,
        remedy="Let the proxy pass every path and header to the edge, without a redirect or a password (docs/edge.md).",
    )  # fmt: skip
