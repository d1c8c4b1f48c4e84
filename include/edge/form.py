"""Reads the fields of a posted form."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from include.edge import body


async def read_form(request: Request) -> FormData:
    """The form's fields, urlencoded or multipart; files are rejected. Raises `Refused`."""
    content = await body.read_body(request, body.FORM_BYTES)

    async def stream() -> AsyncIterator[bytes]:
        yield content
        yield b""

    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await MultiPartParser(request.headers, stream(), max_files=0, max_fields=50).parse()  # type: ignore[arg-type]
        return await FormParser(request.headers, stream()).parse()  # type: ignore[arg-type]
    except (MultiPartException, KeyError, ValueError):
        raise body.Refused(400, "not a form") from None
