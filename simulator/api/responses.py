"""SendGrid's response formats."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from aiohttp import web


class Problem(NamedTuple):
    """One entry of SendGrid's `errors`: message, dotted field name, link to the documentation."""

    message: str
    field: str | None
    help: str | None


UNAUTHORIZED = Problem("The provided authorization grant is invalid, expired, or revoked", None, None)
FORBIDDEN = Problem("access forbidden", None, None)
CREDITS = Problem("Maximum credits exceeded", None, None)
TOO_MANY = Problem("too many requests", None, None)
NOT_FOUND = Problem("not found", None, None)
NOT_ALLOWED = Problem("method not allowed", None, None)
UNKNOWN = Problem("An internal error occurred. Please try again.", None, None)

TOO_LARGE_PAGE = (
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
BAD_GATEWAY_PAGE = TOO_LARGE_PAGE.replace("413 Request Entity Too Large", "502 Bad Gateway")


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(body=orjson.dumps(content), status=status, headers=headers, content_type="application/json")


def error_response(status: int, problems: Iterable[Problem], headers: Mapping[str, str] | None = None) -> web.Response:
    """`{"errors": [{"message", "field", "help"}], "id"}`."""
    content = {"errors": [problem._asdict() for problem in problems], "id": str(uuid.uuid4())}
    return json_response(content, status, headers)


def html_response(status: int, text: str) -> web.Response:
    """An HTML page as a proxy sends it, which JSON clients do not expect."""
    return web.Response(text=text, status=status, content_type="text/html")
