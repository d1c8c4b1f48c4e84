"""The HTTP client for REST calls: httpx with a timeout, without redirects, and without URLs in logs.

Two calls use another client: mail/send goes through aiohttp (`include.sendgrid.transport`), and SendGrid's management calls
through the `sendgrid` package (`include.sendgrid.management`).
"""

from __future__ import annotations

import logging
import ssl

import httpx

from include.core.errors import ConfigurationError


def client(seconds: float, *, keep_alive: bool = False) -> httpx.Client:
    """A client; redirects are not followed. `seconds` limits each wait, not their sum.

    Certificates are those of the system, or of `SSL_CERT_FILE`; proxies those of the environment. For a few calls no
    connection is kept, since the server may restart between two of them; `keep_alive` is for many. Raises
    `ConfigurationError` if httpx does not support the proxy.
    """
    for name in ("httpx", "httpcore"):  # They log URLs and headers, and a chat service's URL is a secret.
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return httpx.Client(
            timeout=httpx.Timeout(seconds),
            verify=ssl.create_default_context(),
            limits=httpx.Limits(max_keepalive_connections=1 if keep_alive else 0),
            headers={"Accept-Encoding": "identity"},
        )
    except (ImportError, ValueError):
        raise ConfigurationError(
            "does not have the form http://host:port.", where="HTTP_PROXY, HTTPS_PROXY or ALL_PROXY",
            remedy="Set it to an HTTP proxy, or unset it.",
        ) from None  # fmt: skip


def root_cause(error: BaseException) -> BaseException:
    """The operating system's error behind one of httpx, such as a refused connection or an untrusted certificate."""
    beneath = error.__cause__.args[:1] if error.__cause__ else ()  # httpcore's error, whose argument is the system's.
    return beneath[0] if beneath and isinstance(beneath[0], OSError) else error
