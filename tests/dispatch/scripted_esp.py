"""A real HTTP server whose replies to mail/send a test scripts, and which records the requests."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from include.core.connections import SendGridAccount

Reply = web.Response | str
"""A response, or 'drop' to close the connection after accepting the request, or 'refuse' to close it before."""
Answerer = Callable[[int, dict[str, Any]], Reply]
"""Given the number of the request (from 0) and its body: the reply."""


def accepted(message_id: str = "m") -> web.Response:
    return web.Response(status=202, headers={"X-Message-Id": message_id})


def failed(status: int, *fields: str | None, message: str = "no", headers: dict[str, str] | None = None) -> web.Response:
    errors = {"errors": [{"message": message, "field": field, "help": None} for field in fields or (None,)]}
    return web.Response(status=status, body=orjson.dumps(errors), content_type="application/json", headers=headers)


class ScriptedEsp:
    """Accepts every request unless `answer` replies otherwise. `taken` counts how often each message key was accepted."""

    def __init__(self, answer: Answerer | None = None) -> None:
        self.answer = answer or (lambda number, _body: accepted(f"message-{number}"))
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int | str] = []
        self.taken: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(60)

    @property
    def account(self) -> SendGridAccount:
        return SendGridAccount(f"http://127.0.0.1:{self.port}", "SG.test")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())

    async def _start(self) -> None:
        application = web.Application(client_max_size=40 * 2**20)
        application.router.add_post("/v3/mail/send", self._send)
        self._runner = web.AppRunner(application, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port: int = self._runner.addresses[0][1]

    async def _send(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        answer = self.answer(len(self.bodies) - 1, body)
        self.statuses.append(answer if isinstance(answer, str) else answer.status)
        if answer == "drop" or (isinstance(answer, web.Response) and answer.status == 202):
            self.taken.update(person["custom_args"]["tw_key"] for person in body["personalizations"])
        if isinstance(answer, str):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer
