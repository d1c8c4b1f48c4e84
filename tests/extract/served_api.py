"""A small HTTP API on loopback, whose answers a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What the API was asked. `number` counts all requests from 1."""

    number: int
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What it answers: `cut` leaves that many bytes of the announced body away, `pause` is called before each byte."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    pause: Callable[[], None] | None = None


def reply(document: Any, **more: Any) -> Reply:
    """A JSON document as reply."""
    return Reply(json.dumps(document).encode(), **more)


@dataclass
class ServedApi:
    """A running API and the requests that it got."""

    url: str
    requests: list[Request]


@contextmanager
def served(answer: Callable[[Request], Reply]) -> Iterator[ServedApi]:
    """Serve `answer` on loopback."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Request(len(requests) + 1, parts.path, dict(parse_qsl(parts.query)), headers))
            _send(self, answer(requests[-1]))

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield ServedApi(f"http://127.0.0.1:{server.server_port}/v2", requests)
    finally:
        server.shutdown()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, answer: Reply) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body))} | answer.headers
    handler.send_response(answer.status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    body = answer.body[: len(answer.body) - answer.cut]
    try:
        if answer.pause is None:
            handler.wfile.write(body)
        else:
            for byte in body:
                answer.pause()
                handler.wfile.write(bytes([byte]))
    except OSError:
        return  # The client gave up.
