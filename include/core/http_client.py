"""One way to make a REST call: httpx with a timeout, without redirects, and with no URL in any log.

Two others stay: mail/send goes through aiohttp (`include.sendgrid.transport`), and SendGrid's management calls through the
`sendgrid` package (`include.sendgrid.management`).
"""

from __future__ import annotations

import logging
import ssl

import httpx

from include.core.errors import ConfigurationError


def client(seconds: float) -> httpx.Client:
    """A client for a few calls; a redirect is an answer like any other. `seconds` bounds each wait, not their sum.

    Certificates are those of the system, or of `SSL_CERT_FILE`; proxies those of the environment. No connection is kept,
    since the server may restart between two calls. Raises `ConfigurationError` where httpx does not know the proxy's kind.
    """
    for name in ("httpx", "httpcore"):  # They log URLs and headers, and a chat service's URL is a secret.
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return httpx.Client(
            timeout=httpx.Timeout(seconds),
            verify=ssl.create_default_context(),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity"},
        )
    except (ImportError, ValueError):
        raise ConfigurationError(
            "names a proxy that is not of the form http://host:port.", where="HTTP_PROXY, HTTPS_PROXY or ALL_PROXY",
            remedy="Name an HTTP proxy there, or unset it.",
        ) from None  # fmt: skip


def root_cause(error: BaseException) -> BaseException:
    """The system's error beneath one of httpx, such as a refused connection or an untrusted certificate; else `error`."""
    beneath = error.__cause__.args[:1] if error.__cause__ else ()  # httpcore's error, whose argument is the system's.
    return beneath[0] if beneath and isinstance(beneath[0], OSError) else error
