"""One request to an HTTP API: what is retried, how long, and which answers are errors."""

from __future__ import annotations

import email.utils
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx

from include.core import clock, http_client
from include.core.connections import SOURCE
from include.core.errors import SourceError, SourceUnavailable
from include.extract.api_options import ApiOptions
from include.extract.json_lines import decode

TIMEOUT_SECONDS = 30.0
PAGE_SECONDS = 180.0
"""A server that sends a few bytes at a time never exceeds the timeout of a single read."""
ATTEMPTS = 5
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 300.0
MAX_PAGE = 64 * 1024 * 1024
"""A page of JSON is parsed in memory. JSON lines may be of any size."""
_LINES = ("ndjson", "jsonl", "json-lines", "jsonlines")
_sleep = time.sleep
_REMEDY = f"Check URL, token and options of the connection {SOURCE}."


@dataclass(frozen=True)
class Answer:
    """A complete answer with status 200: a JSON `document`, or JSON lines in the file `body` (then `document` is None).

    `next_link` is that of the header Link (RFC 8288).
    """

    url: str
    body: Path
    digest: bytes
    document: Any
    next_link: str | None


class _Retry(Exception):
    """The request may succeed later; `after` is what the server asks for, in seconds."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        self.reason, self.after = reason, after
        super().__init__(reason)


class ApiClient:
    """Sends GET requests, not faster than the option `rate`. Addresses, tokens and parameters are in no message."""

    def __init__(self, options: ApiOptions, location: str) -> None:
        self._options, self._location, self._last = options, location, 0.0
        self._client = http_client.client(TIMEOUT_SECONDS, keep_alive=True)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def get(self, url: str, parameters: Mapping[str, str], body: Path) -> Answer:
        """Request one page into the file `body`. Retries what may pass, with backoff or as the server asks.

        Raises `SourceUnavailable` when that takes longer than `MAX_WAIT_SECONDS` or `ATTEMPTS`, `SourceError` for an answer
        that a retry cannot change.
        """
        waited = 0.0
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(url, parameters, body)
            except _Retry as failed:
                wait = failed.after if failed.after is not None else FIRST_WAIT_SECONDS * 2**attempt
                if attempt + 1 == ATTEMPTS or waited + wait > MAX_WAIT_SECONDS:
                    raise SourceUnavailable(
                        f"{failed.reason}, after {attempt + 1} attempts.", where=self._location,
                        remedy="The task is retried.", retry_after=failed.after,
                    ) from None  # fmt: skip
                _sleep(wait)
                waited += wait
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, url: str, parameters: Mapping[str, str], body: Path) -> Answer:
        self._wait_for_rate()
        request = self._client.build_request("GET", url, headers=self._options.headers)
        if parameters:
            request.url = request.url.copy_merge_params(parameters)
        try:
            response = self._client.send(request, stream=True)
            try:
                self._check_status(response)
                digest = _write(response, body)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise _Retry(f"does not answer ({type(error).__name__})") from None
        kind = response.headers.get("content-type", "").lower()
        is_lines = any(name in kind for name in _LINES)
        if is_lines:
            _check_last_line(body)
        document = None if is_lines else self._document(body)
        return Answer(str(request.url), body, digest, document, response.links.get("next", {}).get("url"))

    def _document(self, body: Path) -> Any:
        if body.stat().st_size > MAX_PAGE:
            raise SourceError(
                f"has a page of more than {MAX_PAGE} bytes.", where=self._location, remedy="Ask for smaller pages (param.…)."
            )
        try:
            return decode(body.read_bytes().decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise _Retry("its answer is not complete JSON") from None

    def _wait_for_rate(self) -> None:
        if self._options.rate:
            _sleep(max(0.0, self._last + 1 / self._options.rate - time.monotonic()))
            self._last = time.monotonic()

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 429 or status >= 500 or status == 408:
            raise _Retry(f"answers with status {status}", _retry_after(response.headers.get("retry-after", "")))
        if status != 200:
            raise SourceError(f"answers with status {status}.", where=self._location, remedy=_REMEDY)


def _write(response: httpx.Response, body: Path) -> bytes:
    """The body as a file; returns its hash."""
    digest, end = hashlib.sha256(), time.monotonic() + PAGE_SECONDS
    with body.open("wb") as file:
        for piece in response.iter_bytes():
            digest.update(piece)
            file.write(piece)
            if time.monotonic() > end:
                raise _Retry(f"needs more than {PAGE_SECONDS:.0f} seconds for a page")
    return digest.digest()


def _check_last_line(body: Path) -> None:
    with body.open("rb") as content:
        content.seek(max(0, body.stat().st_size - 2))
        if content.read().rstrip(b"\r\n")[-1:] not in (b"}", b""):
            raise _Retry("the last line of its answer is cut off")


def _retry_after(text: str) -> float | None:
    """Retry-After (RFC 9110, section 10.2.3): seconds or a date. None if there is none."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - clock.now()).total_seconds())
