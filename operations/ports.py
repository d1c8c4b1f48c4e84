"""Checks whether a port on loopback is available."""

from __future__ import annotations

import errno
import socket
import time

from operations.settings import LOOPBACK

TIMEOUT_SECONDS = 2.0


def unavailable_reason(port: int) -> str:
    """Why a port is not available; '' if it is. Waits a moment for a program that is just stopping."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (reason := _refusal(port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return reason


def _refusal(port: int) -> str:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "in use by another program"
            if error.errno == errno.EACCES:
                return "not allowed to this user"
            raise
    return ""
