"""Limits connections before a request is complete: their number, their time, and the size of the head.

uvicorn has no limit for a client that connects and sends nothing, or one byte per minute. When a limit is reached, a new
connection replaces the oldest one with an incomplete head, so that idle connections cannot block one-click requests.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import resource
from collections import Counter
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 16 * 1024
"""Request line and headers. SendGrid's have less than one KB."""
HEAD_SECONDS = 10.0
"""From the connection or the previous response to the end of the head, however slowly the bytes arrive."""
LINGER_SECONDS = 1.0
MAX_CONNECTIONS = min(512, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
MAX_PER_PEER = 64
"""Connections from one address, or one IPv6 /64. A trusted proxy has no such limit."""
PROXIES_VARIABLE = "FORWARDED_ALLOW_IPS"
"""uvicorn's variable: the proxies whose X-Forwarded-For is trusted, as comma-separated addresses and networks."""
WEBHOOK = b"/events/"


def network_of(host: str) -> str:
    """The key of a peer: an address, or the /64 of an IPv6 address, which usually belongs to one customer."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return network_of(str(address.ipv4_mapped)) if address.ipv4_mapped else str(address.exploded[:19])
    return str(address)


@cache
def is_trusted_proxy(host: str) -> bool:
    """Whether `FORWARDED_ALLOW_IPS` names the host."""
    named = [part.strip() for part in os.environ.get(PROXIES_VARIABLE, "127.0.0.1,::1").split(",")]
    try:
        address = ipaddress.ip_address(host)
        return "*" in named or any(address in ipaddress.ip_network(part) for part in named if part)
    except ValueError:
        return host in named


class ConnectionLimiter:
    """Every open connection, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[GuardedProtocol, None] = {}

    def admit(self, new: GuardedProtocol) -> bool:
        """Add a connection, and evict another one at a limit; False where none can be evicted."""
        of_peer = [each for each in self._open if each.peer == new.peer]
        if not new.is_proxy and len(of_peer) >= MAX_PER_PEER and not _evict(of_peer):
            return False
        if len(self._open) >= MAX_CONNECTIONS and not _evict(list(self._open)):
            return False
        self._open[new] = None
        return True

    def remove(self, connection: GuardedProtocol) -> None:
        self._open.pop(connection, None)


def _evict(connections: list[GuardedProtocol]) -> bool:
    """Close a connection with an incomplete head, else with an incomplete event batch, else with an incomplete form.

    Among these, the oldest one of the peer that has the most.
    """
    waiting = [connection for connection in connections if connection.waiting_for is not None]
    if not waiting:
        return False
    first = min(connection.waiting_for or 0 for connection in waiting)
    candidates = [connection for connection in waiting if connection.waiting_for == first]
    busiest_peer = Counter(connection.peer for connection in candidates).most_common(1)[0][0]
    victim = next(connection for connection in candidates if connection.peer == busiest_peer)
    limiter.remove(victim)
    victim.transport.abort()
    return True


limiter = ConnectionLimiter()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with the limits of this module."""

    peer = ""
    is_proxy = False
    _head_bytes = 0
    _excess_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    @property
    def waiting_for(self) -> int | None:
        """1 for a head, 2 for the body of an event batch, 3 for another body; None while a response is being made."""
        if self.cycle is None or self.cycle.response_complete:
            return 1
        if not self.cycle.more_body:
            return None
        return 2 if self.scope["raw_path"].startswith(WEBHOOK) else 3

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self.peer, self.is_proxy = network_of(host), is_trusted_proxy(host)
        self._start_timer(HEAD_SECONDS)
        if not limiter.admit(self):
            self._refuse(b"503 Service Unavailable")

    def connection_lost(self, exc: Exception | None) -> None:
        limiter.remove(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before, is_head = self.cycle, self.waiting_for == 1
        if is_head and self._head_is_too_long(data):
            self._refuse(b"431 Request Header Fields Too Large")
            return
        self._excess_bytes += 0 if is_head else len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._head_bytes = self._excess_bytes = 0
            self._stop_timer()  # From here, body.py limits the body.
        elif self._excess_bytes > HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_body(self, body: bytes) -> None:
        """Of what comes after a head, as much as a head may be no body: the rest of its chunks, trailers, the next head.

        The parser keeps trailers and heads in memory, of which body.py does not know. Chunks may be as long as their body.
        """
        self._excess_bytes -= 2 * len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        self._start_timer(HEAD_SECONDS)
        super().on_response_complete()

    def _head_is_too_long(self, data: bytes) -> bool:
        end = data.find(b"\r\n\r\n")
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > HEAD_BYTES

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._on_timeout)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self) -> None:
        if self.waiting_for == 1 and self.cycle is None:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.abort()

    def _refuse(self, status: bytes) -> None:
        """Send a short response and close the connection, whether or not the client reads it."""
        self._stop_timer()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def options() -> dict[str, Any]:
    """The options for uvicorn besides host and port."""
    return {
        "http": GuardedProtocol, "ws": "none", "lifespan": "off", "h11_max_incomplete_event_size": HEAD_BYTES,
        "server_header": False, "timeout_keep_alive": 5, "proxy_headers": True,
    }  # fmt: skip
