"""Connections of strangers, bounded before a request is there to judge: in number, in time, in the size of a head.

uvicorn has no limit for somebody who connects and says nothing, or says it a byte a minute. Who waits longest without having
sent a whole head makes room for who comes new, so no number of idle connections keeps a one-click post out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import resource
from collections import Counter
from functools import cache
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 16 * 1024
"""Request line and headers. SendGrid's have less than one KB."""
HEAD_SECONDS = 10.0
"""From the connection, or the answer before, to the end of the head, however the bytes trickle."""
LINGER_SECONDS = 1.0
MAX_CONNECTIONS = min(512, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
MAX_OF_A_PEER = 64
"""Connections from one address, or one IPv6 /64. A proxy that we trust speaks for many peers and has no such limit."""
PROXIES_VARIABLE = "FORWARDED_ALLOW_IPS"
"""uvicorn's: whose X-Forwarded-For is believed, as addresses and networks with commas between; this machine's without it."""
WEBHOOK = b"/events/"


def network_of(host: str) -> str:
    """What counts as one peer: an address, or the /64 of an IPv6 address, which one customer has whole."""
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


class Door:
    """Every open connection, the oldest first."""

    def __init__(self) -> None:
        self._open: dict[GuardedProtocol, None] = {}

    def enter(self, newcomer: GuardedProtocol) -> bool:
        """Take a connection in, in the place of another where there are too many; False where nobody can make room."""
        of_peer = [other for other in self._open if other.peer == newcomer.peer]
        if not newcomer.is_proxy and len(of_peer) >= MAX_OF_A_PEER and not _evict(of_peer):
            return False
        if len(self._open) >= MAX_CONNECTIONS and not _evict(list(self._open)):
            return False
        self._open[newcomer] = None
        return True

    def leave(self, connection: GuardedProtocol) -> None:
        self._open.pop(connection, None)


def _evict(connections: list[GuardedProtocol]) -> bool:
    """Close one that is not being answered: who sent no whole head, else whose event batch is not whole, else whose form.

    Among these it is the oldest of the peer that has most of them.
    """
    waiting = [connection for connection in connections if connection.wait is not None]
    if not waiting:
        return False
    first = min(connection.wait or 0 for connection in waiting)
    candidates = [connection for connection in waiting if connection.wait == first]
    crowd = Counter(connection.peer for connection in candidates).most_common(1)[0][0]
    victim = next(connection for connection in candidates if connection.peer == crowd)
    door.leave(victim)
    victim.transport.abort()
    return True


door = Door()


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, with the limits above."""

    peer = ""
    is_proxy = False
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    @property
    def wait(self) -> int | None:
        """What is waited for: 1 a head, 2 the body of an event batch, 3 another body; None while we are at work."""
        if self.cycle is None or self.cycle.response_complete:
            return 1
        if not self.cycle.more_body:
            return None
        return 2 if self.scope["raw_path"].startswith(WEBHOOK) else 3

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self.peer, self.is_proxy = network_of(host), is_trusted_proxy(host)
        self._arm(HEAD_SECONDS)
        if not door.enter(self):
            self._refuse(b"503 Service Unavailable")

    def connection_lost(self, exc: Exception | None) -> None:
        door.leave(self)
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self.wait == 1 and self._head_is_too_long(data):
            self._refuse(b"431 Request Header Fields Too Large")
            return
        super().data_received(data)
        if self.cycle is not before:
            self._head_bytes = 0
            self._disarm()  # body.py bounds the body, and everything after it is our own work.

    def on_response_complete(self) -> None:
        self._arm(HEAD_SECONDS)
        super().on_response_complete()

    def _head_is_too_long(self, data: bytes) -> bool:
        end = data.find(b"\r\n\r\n")
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > HEAD_BYTES

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.wait == 1 and self.cycle is None:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.abort()

    def _refuse(self, status: bytes) -> None:
        """A short answer, and the connection ends, whether or not the answer is fetched."""
        self._disarm()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def options() -> dict[str, Any]:
    """What uvicorn is told besides host and port."""
    return {
        "http": GuardedProtocol, "ws": "none", "lifespan": "off", "h11_max_incomplete_event_size": HEAD_BYTES,
        "server_header": False, "timeout_keep_alive": 5, "proxy_headers": True,
    }  # fmt: skip
