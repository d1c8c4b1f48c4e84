"""The server of `make preview`: the page on loopback, which reloads itself whenever a file of it changes."""

from __future__ import annotations

import asyncio
import gc
import secrets
from asyncio import Task
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from watchfiles import awatch

from include.core.paths import (
    EXAMPLE_PEOPLE,
    SEGMENTS,
    SQL,
    campaign_folder,
    journey_folder,
    product_folder,
    shop_file,
    template_folder,
)
from include.dispatch.preview.model import Preview
from include.dispatch.preview.page import page
from operations.progress import Progress
from operations.settings import LOOPBACK

WAIT_SECONDS = 20.0
"""How long a page waits for the answer whether something changed, before it asks again."""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; script-src 'nonce-{nonce}'"
)
RELOAD = """
(async () => {
  for (;;) {
    try {
      const answer = await fetch("changes?seen=VERSION");
      if (answer.ok && (await answer.text()) !== "VERSION") return location.reload();
    } catch {
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }
})();
"""
Look = Callable[[], Preview]
"""Returns the preview of the files as they are now."""


def serve(look: Look, port: int) -> int:
    """Serve the page on a port of loopback until Ctrl-C; 0 chooses one. Prints its address."""
    config = uvicorn.Config(
        preview_app(look), host=LOOPBACK, port=port, log_level="warning", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    socket.listen()
    Progress().print(f"http://{LOOPBACK}:{socket.getsockname()[1]}/  (Ctrl-C ends it; the page follows your edits)")
    gc.enable()
    server.run(sockets=[socket])
    return 0


def preview_app(look: Look) -> Starlette:
    """The server: `/` is the page as of now, `/changes?seen=…` answers when a file has changed since."""
    versions = Versions()
    first: list[tuple[str, Task[Preview]]] = []

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        """Make the first page while the browser is being opened."""
        first.append((versions.current, asyncio.create_task(run_in_threadpool(look))))
        async with versions.watching(app):
            yield

    async def shown_now() -> Preview:
        seen, task = first.pop() if first else ("", None)
        if task is None or seen != versions.current:
            return await run_in_threadpool(look)
        return await task

    async def show(_request: Request) -> Response:
        version, nonce = versions.current, secrets.token_urlsafe(16)
        shown = await shown_now()
        content = page(shown, RELOAD.replace("VERSION", version), nonce)
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY.format(nonce=nonce), **_HEADERS})

    async def changes(request: Request) -> Response:
        return PlainTextResponse(await versions.after(request.query_params.get("seen", "")), headers=_HEADERS)

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    return Starlette(
        routes=[Route("/", show), Route("/changes", changes)], middleware=[hosts], lifespan=running
    )  # fmt: skip


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Versions:
    """Counts the changes of the files that a preview is made of."""

    def __init__(self) -> None:
        self._process, self._number = secrets.token_hex(4), 0
        self._changed = asyncio.Event()

    @property
    def current(self) -> str:
        """Names the files as they are now; different in every server."""
        return f"{self._process}-{self._number}"

    async def after(self, seen: str) -> str:
        """The current version, as soon as it is another than `seen`, at the latest after `WAIT_SECONDS`."""
        if seen == self.current:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), WAIT_SECONDS)
        return self.current

    @asynccontextmanager
    async def watching(self, _app: Starlette) -> AsyncIterator[None]:
        """Watch the files while the server runs."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        watched = [campaign_folder(), journey_folder(), template_folder(), SEGMENTS, shop_file(), EXAMPLE_PEOPLE]
        watched += [folder for folder in (product_folder(), SQL / "products") if folder.is_dir()]
        async for _ in awatch(*watched, debounce=200, step=50):
            self._number += 1
            self._changed.set()
            self._changed = asyncio.Event()
