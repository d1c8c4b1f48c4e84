"""Ports for servers that tests start."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port on loopback that no process listens on at this moment."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
