"""A name server on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.audit.zone import RunningNameServer


@pytest.fixture
def dns_server() -> Iterator[RunningNameServer]:
    server = RunningNameServer()
    yield server
    server.stop()
