"""`python -m operations health [service]`, and `environment`, which prints what services need (systemd, containers)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from include.core.errors import ConfigurationError
from operations.progress import Progress
from operations.services import all_services
from operations.settings import Installation, fixed_environment

HEARTBEAT_AGE = timedelta(seconds=60)
"""A component of Airflow whose heartbeat is older is not healthy: it beats every few seconds."""


def check_health(installation: Installation, name: str) -> int:
    """Print which services are healthy; 1 if one is not. `name` is one service, or empty for all. Starts nothing.

    Raises `ConfigurationError` for a name that no service has.
    """
    services = {service.name: service for service in all_services(installation)}
    if name and name not in services:
        raise ConfigurationError("is no service.", where=name, remedy=f"One of: {', '.join(services)}.")
    since = datetime.now(UTC) - HEARTBEAT_AGE
    found = {each: services[each].is_healthy(since) for each in ([name] if name else services)}
    for each, healthy in found.items():
        Progress().print(f"{each:<14}{'healthy' if healthy else 'NOT HEALTHY'}")
    return 0 if all(found.values()) else 1


def print_environment(installation: Installation) -> int:
    """Print the variables that every service needs, in the form of systemd's EnvironmentFile and of Compose's env_file."""
    for line in _lines(installation):
        Progress().print(line)
    return 0


def _lines(installation: Installation) -> Iterator[str]:
    yield "# Written by `python -m operations environment`; write it anew after an upgrade. It has no keys and passwords."
    for name, value in sorted(fixed_environment(installation).items()):
        yield f"{name}={value}"
