"""A webhook and edge over real HTTP that record the requests they receive."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PAGE = b"""<html><body><form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button name="sure" value="yes">Leave</button><button name="other" value="no">Stay</button></form></body></html>"""


class Request(NamedTuple):
    """A received request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Responds to POSTs with `statuses`, repeating the last one, and to GETs with a page that has a form."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses = [204]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def posts(self) -> list[Request]:
        """The webhook's requests."""
        return [request for request in self.requests if request.path == "/events"]

    def events(self) -> list[dict[str, Any]]:
        """The events of all posts."""
        return [event for request in self.posts() for event in json.loads(request.body)]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            receiver.requests.append(Request("GET", self.path, dict(self.headers), b""))
            self._answer(200, PAGE)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(Request("POST", self.path, dict(self.headers), body))
            statuses = receiver.statuses
            self._answer(statuses.pop(0) if len(statuses) > 1 else statuses[0], b"")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
