"""`make preview CAMPAIGN=…`: a campaign's mails in the browser, rendered again whenever a file of them changes.

Needs neither Airflow nor a first run. The page is served on loopback only, and kept nowhere.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from watchfiles import awatch

from include.core import clock
from include.core.durable import write_durably
from include.core.errors import ConfigurationError, TradewindError
from include.core.journey_mail import read_id
from include.core.pace import AccountPace, account_pace
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
from include.core.secrets import load_secrets
from include.dispatch.preview.files import WRITER
from include.dispatch.preview.model import Choice, Preview
from include.dispatch.preview.page import page
from include.dispatch.preview.preview import has_errors, preview_now
from include.ledger.stores import Stores
from operations.ledger import existing_ledger
from operations.ports import unavailable_reason
from operations.progress import Progress
from operations.settings import LOOPBACK, Installation

PORT = 8084
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
EDGE_URL = "https://mail.tradewind.example"


@dataclass(frozen=True)
class Writer:
    """What a writer looks at."""

    installation: Installation
    campaign: str
    choice: Choice

    def look(self) -> Preview:
        """The preview of the files as they are now."""
        edge_url = os.environ.get("AIRFLOW_VAR_EDGE_PUBLIC_URL") or EDGE_URL
        with _stores(self.installation) as stores:
            return preview_now(
                stores, self.campaign, self.choice, edge_url=edge_url, account=_account_pace(), at=clock.now()
            )


def show_preview(installation: Installation, campaign: str, choice: Choice, *, port: int | None, once: bool) -> int:
    """Serve the preview until Ctrl-C; `once` writes its page instead and returns 1 if it has errors.

    `campaign` may be the mail of a journey, `<journey>.<step>`. Raises `ConfigurationError` for one that does not exist, and
    for a given port that is not available.
    """
    writer = Writer(installation, read_id(campaign), choice)
    return _write(writer) if once else _serve(writer, _port(port))


@contextmanager
def _stores(installation: Installation) -> Iterator[Stores | None]:
    """The stores of the installation; None before its first run."""
    try:
        opened = existing_ledger(installation)
        ledger = opened.__enter__()
    except TradewindError:
        yield None
        return
    try:
        yield Stores(installation.paths, ledger, load_secrets(installation.paths))
    finally:
        opened.__exit__(None, None, None)


def _account_pace() -> AccountPace:
    """The account's limits as far as they are in the environment; those in Airflow's database are not read."""
    return account_pace(lambda name: os.environ.get(f"AIRFLOW_VAR_{name.upper()}", ""))


def _write(writer: Writer) -> int:
    shown, progress = writer.look(), Progress()
    file = writer.installation.paths.previews / writer.campaign / WRITER
    write_durably(file, page(shown).encode())
    for problem in shown.problems:
        progress.print(f"{problem.severity}: {problem.where}{': ' if problem.where else ''}{problem.what} {problem.remedy}")
    progress.print(f"{len(shown.mails)} mails: {file}")
    return int(has_errors(shown))


def read_port(text: str | None) -> int | None:
    """The port that somebody chose, None without a choice. Raises `ConfigurationError` for what is none."""
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ConfigurationError(f"'{text[:20]}' is not a port.", where="PORT", remedy="Write a number such as 8090.")
    return int(text)


def _port(chosen: int | None) -> int:
    """The chosen port, or the usual one, or any (0) if that is taken."""
    reason = unavailable_reason(chosen or PORT)
    if reason and chosen:
        raise ConfigurationError(f"is {reason}.", where=f"port {chosen}", remedy="Choose another: make preview … PORT=8090.")
    return 0 if reason else chosen or PORT


def _serve(writer: Writer, port: int) -> int:
    import uvicorn

    config = uvicorn.Config(
        preview_app(writer), host=LOOPBACK, port=port, log_level="warning", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    socket.listen()
    Progress().print(f"http://{LOOPBACK}:{socket.getsockname()[1]}/  (Ctrl-C ends it; the page follows your edits)")
    server.run(sockets=[socket])
    return 0


def preview_app(writer: Writer) -> Starlette:
    """The server: `/` is the page as of now, `/changes?seen=…` answers when a file has changed since."""
    versions = Versions()

    async def show(_request: Request) -> Response:
        version, nonce = versions.current, secrets.token_urlsafe(16)
        shown = await run_in_threadpool(writer.look)
        content = page(shown, RELOAD.replace("VERSION", version), nonce)
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY.format(nonce=nonce), **_HEADERS})

    async def changes(request: Request) -> Response:
        return PlainTextResponse(await versions.after(request.query_params.get("seen", "")), headers=_HEADERS)

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    return Starlette(
        routes=[Route("/", show), Route("/changes", changes)], middleware=[hosts], lifespan=versions.watching
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
