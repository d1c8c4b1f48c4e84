"""SendGrid's management API, through the `sendgrid` package: suppression lists, statistics, batch ids.

mail/send is called only by include/sendgrid/transport.py. By default the package has no timeout, logs the key at DEBUG,
and raises a decoding error for an HTML response; `call` handles all of that.
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
    """The provider does not have this endpoint. Callers report this in their result and continue."""


class RequestRejected(ConfigurationError):
    """SendGrid rejected the request as invalid: 400, 409, 422 or another 4xx `status`."""

    def __init__(self, status: int, where: str) -> None:
        self.status = status
        super().__init__(
            f"responded {status}: the request is invalid.",
            where=where,
            remedy="A retry will not help. Compare the request with SendGrid's API reference and report the difference.",
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

    Raises `NotOffered` (404, 405, 501), `ConfigurationError` (401, 403), `RequestRejected` (other 4xx) and `EspUnavailable`
    (429, 5xx, no response, a response that is not JSON). Errors contain no key, address or response body; for a `path` that
    contains an address they show `shown_as`.
    """
    # At DEBUG the package logs headers with the key and bodies with addresses.
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
            f"gave no valid response ({type(error).__name__}).",
            where=f"SendGrid, {method.upper()} /v3/{shown_as or path}",
            remedy="Nothing was lost; the next run retries.",
        ) from None


def _refusal(status: int, where: str) -> TradewindError:
    if status in _NOT_OFFERED:
        return NotOffered(f"responded {status}: the endpoint is not available.", where=f"SendGrid, {where}")
    if status in (401, 403):
        return ConfigurationError(
            f"responded {status}: the API key is invalid or lacks permission.",
            where=f"SendGrid, {where}",
            remedy=f"Set a key with the scopes for suppressions (all) and statistics (read) in the connection {SENDGRID}.",
        )
    if status == 429 or status >= 500:
        return EspUnavailable(f"responded {status}.", where=f"SendGrid, {where}", remedy="The next run retries.")
    return RequestRejected(status, f"SendGrid, {where}")
