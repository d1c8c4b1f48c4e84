"""What tests of dispatch share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dispatch.scripted_esp import ScriptedEsp


@pytest.fixture
def esp() -> Iterator[ScriptedEsp]:
    """A server that accepts everything until a test sets `answer`."""
    server = ScriptedEsp()
    yield server
    server.stop()
