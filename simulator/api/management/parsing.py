"""Parses parameters and bodies of management calls, and reports errors in them."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from simulator.api.responses import Problem, error_response

Body = TypeVar("Body")


class BadRequest(Exception):
    """An invalid request; `bad_request_middleware` turns it into the response."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.problem = status, Problem(message, field, None)


@web.middleware
async def bad_request_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """`BadRequest` in SendGrid's error format."""
    try:
        return await handler(request)
    except BadRequest as wrong:
        return error_response(wrong.status, [wrong.problem])


async def parse_body(request: web.Request, kind: type[Body]) -> Body:
    """The JSON body as a struct. Raises `BadRequest`."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadRequest(400, str(error)) from error


def query_integer(request: web.Request, name: str, default: int, minimum: int, maximum: int) -> int:
    """An integer parameter of the query string. Raises `BadRequest` outside its bounds."""
    text = request.query.get(name, str(default))
    if not text.lstrip("-").isdigit() or not minimum <= int(text) <= maximum:
        raise BadRequest(400, f"{name} must be an integer from {minimum} to {maximum}", name)
    return int(text)
