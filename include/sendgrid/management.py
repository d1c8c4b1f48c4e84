"""SendGrid's management API, through the `sendgrid` package: suppression lists, statistics, batch ids.

Never mail/send: that call is made in include/sendgrid/transport.py alone. The package has no timeout unless told, prints the
key at DEBUG and raises a decoder's error on an HTML answer; here all of that is settled once.
"""

from __future__ import annotations

import http.client
import logging
from typing import Any

import orjson
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from include.core.connections import SENDGRID, SendGridAccount
from include.core.errors import ConfigurationError, EspUnavailable, TradewindError

TIMEOUT_SECONDS = 30.0
_NOT_OFFERED = frozenset({404, 405, 501})


class NotOffered(TradewindError):
    """This provider has no such endpoint. Callers say so in their result and go on."""


class RequestRejected(ConfigurationError):
    """SendGrid understood the request and does not take it: 400, 409, 422 …; `status` says which."""

    def __init__(self, status: int, where: str) -> None:
        self.status = status
        super().__init__(
            f"answered {status}: it understood the request and does not take it.",
            where=where,
            remedy="Trying again will not help. Compare the request with SendGrid's reference and report the difference.",
        )


def call(
    account: SendGridAccount,
    method: str,
    path: str,
    *,
    query: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    shown_as: str = "",
) -> Any:
    """One request, e.g. `call(account, "get", "suppression/bounces", query={"limit": 500})`; the parsed JSON, or None.

    Raises `NotOffered` (404, 405, 501), `ConfigurationError` (401, 403), `Refused` (another 4xx) and `EspUnavailable` (429,
    5xx, no answer, an answer that is not JSON). No error's text holds the key, an address or what was answered; a `path`
    with an address in it is named as `shown`.
    """
    # The package logs headers, so the key, and bodies, so addresses, at DEBUG.
    logging.getLogger("python_http_client").setLevel(logging.INFO)
    endpoint = SendGridAPIClient(api_key=account.api_key, host=account.host).client
    endpoint.timeout = timeout
    try:
        answer = getattr(endpoint._(path), method)(query_params=query, request_body=body)
        return orjson.loads(answer.body) if answer.body else None
    except HTTPError as error:
        raise _refusal(int(error.status_code), f"{method.upper()} /v3/{shown_as or path}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EspUnavailable(
            f"did not answer as it should ({type(error).__name__}).",
            where=f"SendGrid, {method.upper()} /v3/{shown_as or path}",
            remedy="Nothing was lost; the next run asks again.",
        ) from None


def _refusal(status: int, where: str) -> TradewindError:
    if status in _NOT_OFFERED:
        return NotOffered(f"answered {status}: not offered.", where=f"SendGrid, {where}")
    if status in (401, 403):
        return ConfigurationError(
            f"answered {status}: the key is wrong or may not do this.",
            where=f"SendGrid, {where}",
            remedy=f"Give the connection {SENDGRID} a key with the scopes for suppressions (all) and statistics (read).",
        )
    if status == 429 or status >= 500:
        return EspUnavailable(f"answered {status}.", where=f"SendGrid, {where}", remedy="The next run asks again.")
    return RequestRejected(status, f"SendGrid, {where}")
