"""Services that take alerts, on loopback: a webhook (a chat service, PagerDuty), and an SMTP server."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from include.core.alert import Route
from include.core.alert_channels import Email, Webhook


class Receiver:
    """Records posted alerts, and responds with `status`."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posted.append(json.loads(body))
                receiver.paths.append(self.path)
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.host}/hooks/T0/SECRET"

    @property
    def route(self) -> Route:
        return Route((Webhook(self.url),))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class MailServer:
    """An SMTP server without TLS that accepts everything, or refuses the recipients in `refused`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[list[str]] = []
        self.refused: set[str] = set()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._reply("220 loopback")
                recipients: list[str] = []
                for line in self.rfile:
                    verb, word = line.decode().strip(), line.decode().upper().split()[0]
                    if word == "RCPT":
                        address = verb.partition("<")[2].partition(">")[0]
                        self._reply("550 no" if address in server.refused else "250 ok")
                        recipients.append(address)
                    elif word == "DATA":
                        self._reply("354 go on")
                        lines = b"".join(self._lines())
                        server.mails.append(message_from_bytes(lines, policy=policy.default))
                        server.envelopes.append(recipients)
                        self._reply("250 ok")
                    else:
                        self._reply("221 bye" if word == "QUIT" else "250 ok")

            def _lines(self) -> Iterator[bytes]:
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    yield line

            def _reply(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.port: int = self._server.server_address[1]
        self.channel = Email("127.0.0.1", self.port, "tradewind@shop.example", ("ops@shop.example",), ssl=False)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
