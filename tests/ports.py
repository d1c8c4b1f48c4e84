"""Ports for servers that tests start."""

from __future__ import annotations

import socket
from random import SystemRandom

BELOW_EPHEMERAL = range(10_000, 32_000)
"""Linux gives outgoing connections ports from 32,768 on: one of those may be taken before a server has bound it."""


def free_port() -> int:
    """A port on loopback that no process listens on at this moment, and that no outgoing connection gets."""
    while True:
        port = SystemRandom().choice(BELOW_EPHEMERAL)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
