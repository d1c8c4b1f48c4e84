"""What management calls have in common: reading their parameters, and saying what is wrong with them."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from simulator.api.answers import Problem, errors

Asked = TypeVar("Asked")


class Wrong(Exception):
    """A request that is refused; `answer_wrong` turns it into the answer."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.problem = status, Problem(message, field, None)


@web.middleware
async def answer_wrong(request: web.Request, handler):  # type: ignore[no-untyped-def]
    """`Wrong` in SendGrid's shape."""
    try:
        return await handler(request)
    except Wrong as wrong:
        return errors(wrong.status, [wrong.problem])


async def body_as(request: web.Request, kind: type[Asked]) -> Asked:
    """The JSON body as a struct."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Wrong(400, str(error)) from error


def number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """An integer of the query string within its bounds."""
    text = request.query.get(name, str(default))
    if not text.lstrip("-").isdigit() or not least <= int(text) <= most:
        raise Wrong(400, f"{name} must be an integer from {least} to {most}", name)
    return int(text)
