"""Checks the base URL of unsubscribe links before messages are sent: a public https address of this installation's edge.

A broken unsubscribe link cannot be fixed after the messages are sent. A SendGrid on loopback counts as a simulator: nobody
follows those links, so a placeholder only causes a warning.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from include.core.connections import SendGridAccount, is_simulator
from include.core.errors import ConfigurationError, EdgeUnavailable
from include.core.http_client import client, root_cause
from include.core.public_name import why_not_public
from include.core.secrets import Secrets
from include.core.token import PROBE_HEADER, probe

log = logging.getLogger(__name__)

WHERE = "variable edge_public_url"
REMEDY = "Set it to the public https address of your edge, as in https://mail.your-shop.com (docs/edge.md)."
SECONDS = 10.0
MAX_ANSWER = 64 * 1024
_PRINTABLE_URL = re.compile(r"[A-Za-z0-9._~:/\[\]%-]+")


def require_public(account: SendGridAccount, edge_url: str, *, where: str = WHERE) -> None:
    """Raise `ConfigurationError` if the host in links to real people is not public. Makes no request.

    https is required with a simulator too (RFC 8058), as with a real provider.
    """
    parts = _parsed(edge_url, where)
    problem = why_not_public((parts.hostname or "").rstrip(".").lower())
    if problem and is_simulator(account):
        log.warning("%s: '%s' %s; allowed with the simulator, refused with SendGrid", where, parts.hostname, problem)
    elif problem:
        raise ConfigurationError(f"'{parts.hostname}' {problem}; nothing was sent.", where=where, remedy=REMEDY)


def require_answer(account: SendGridAccount, edge_url: str, secrets: Secrets, *, where: str = WHERE) -> None:
    """Run `require_public`, then check that the edge at that address verifies a token signed with our keys.

    The probe token has its own purpose and cannot unsubscribe anybody. Raises `EdgeUnavailable` if there is no response or
    the edge is unhealthy, `ConfigurationError` if another service responds, or an edge with other keys.
    """
    require_public(account, edge_url, where=where)
    if is_simulator(account):
        return
    status, answer = _health(edge_url.rstrip("/") + "/healthz", probe(secrets), where)
    if answer is None or answer.get("probe") not in ("verifies", "does not verify"):
        raise _not_our_edge(status, where)
    if answer["probe"] != "verifies":
        raise ConfigurationError(
            "the edge there does not know the keys that sign the links: none of them would work.",
            where=where, remedy="Give edge and Airflow the same secrets.json, or the same TRADEWIND_…_KEY variables.",
        )  # fmt: skip
    if failing := [name for name in ("spool_writable", "ledger_reachable") if answer.get(name) is not True]:
        raise EdgeUnavailable(
            f"the edge responds but cannot record an unsubscribe ({', '.join(failing)} is false).",
            where=where, remedy="Check its log. Nothing was sent.",
        )  # fmt: skip


def _parsed(edge_url: str, where: str) -> SplitResult:
    """The URL's parts. Raises `ConfigurationError` if it is not an https base URL; the message does not contain the URL."""
    try:
        parts = urlsplit(edge_url)
        whole = parts.scheme == "https" and parts.hostname and parts.port != 0 and _PRINTABLE_URL.fullmatch(edge_url)
        if whole and parts.username is None and not parts.query and not parts.fragment:
            return parts
    except ValueError:
        pass
    raise ConfigurationError("is not an https URL (no query, no user name); nothing was sent.", where=where, remedy=REMEDY)


def _health(url: str, token: str, where: str) -> tuple[int, dict[str, Any] | None]:
    """The status and JSON object of /healthz. Raises `EdgeUnavailable`, or `ConfigurationError` for a certificate error.

    Redirects are not followed: a one-click link must not redirect (RFC 8058).
    """
    headers = {PROBE_HEADER: token, "Accept": "application/json"}
    try:
        with client(SECONDS) as http, http.stream("GET", url, headers=headers) as answer:
            return answer.status_code, _json_object(_first_bytes(answer))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        reason = root_cause(error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise ConfigurationError(
                f"the certificate there is not trusted ({reason.verify_message}); mail clients would refuse it too.",
                where=where, remedy="Renew it, with the complete chain. Nothing was sent.",
            ) from None  # fmt: skip
        raise EdgeUnavailable(
            f"/healthz did not respond ({type(reason).__name__}).", where=where,
            remedy="Start the edge, and check DNS, firewall and proxy. Nothing was sent.",
        ) from None  # fmt: skip


def _first_bytes(answer: httpx.Response) -> bytes:
    """At most `MAX_ANSWER` bytes of the response."""
    content = b""
    for piece in answer.iter_raw():
        content += piece
        if len(content) > MAX_ANSWER:
            break
    return content[:MAX_ANSWER]


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _not_our_edge(status: int, where: str) -> ConfigurationError | EdgeUnavailable:
    if status == 429 or status >= 500:
        return EdgeUnavailable(f"/healthz returned {status}.", where=where, remedy="Start the edge. Nothing was sent.")
    return ConfigurationError(
        f"the server that returned {status} for /healthz is not the edge of this version.", where=where,
        remedy="Let the proxy pass all paths and headers to the edge, without a redirect or a password (docs/edge.md).",
    )  # fmt: skip
