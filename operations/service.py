"""A service, as the launcher starts it and asks for its health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Service:
    """A process to run. `is_healthy(since)` requires a heartbeat at or after `since`; `account` is that of another user."""

    name: str
    command: tuple[str, ...]
    is_healthy: Callable[[datetime], bool]
    port: int | None = None
    port_variable: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    timeout_seconds: float = 240.0
    account: str | None = None
