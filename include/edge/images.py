"""GET /images/{name}: the images of mails, from the data folder. Their names contain a hash, so they never change."""

from __future__ import annotations

import re

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from include.core.paths import data_paths

FOREVER = "public, max-age=31536000, immutable"
"""A year, the longest that RFC 9111 recommends to use; RFC 8246."""
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}-[0-9a-f]{16}\.(png|jpe?g|gif)")


async def image(request: Request) -> Response:
    """The image; 404 for a name that is not one of a published image, before a path is made of it."""
    match = _NAME.fullmatch(request.path_params["name"])
    path = data_paths().images / match[0] if match else None
    if match is None or path is None or not await to_thread.run_sync(lambda: path.is_file() and not path.is_symlink()):
        return PlainTextResponse("Not Found", status_code=404)
    headers = {"Cache-Control": FOREVER, "Cross-Origin-Resource-Policy": "cross-origin"}
    return FileResponse(path, media_type=_TYPES[match[1]], headers=headers)
