"""Starts and stops the services: running, current services are kept; ended or outdated ones are restarted."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from include.core import clock
from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import PROJECT
from include.core.settings import settings, variable
from operations import ports, processes, stores
from operations.mutex import mutex
from operations.service import Service
from operations.services import all_services, uses_external_sendgrid, webhook_key
from operations.settings import Installation, fingerprint, service_environment

TAIL_LINES = 12
DISK_BYTES_NEEDED = 500_000_000
Report = Callable[[str], None]


class ServiceFailed(TradewindError):
    """A service did not start; the end of its log has the reason."""


def start_services(installation: Installation, report: Report = print) -> None:
    """Start every service and wait until it answers. Raises `TradewindError` if one cannot be started."""
    check_disk(installation)
    with mutex(installation.paths.services / "up.lock", report, "another command that starts the services"):
        _start_services(installation, report)


def _start_services(installation: Installation, report: Report) -> None:
    environment = service_environment(installation)
    services = all_services(installation)
    stop_unwanted(installation, {service.name for service in services})
    for service in services:  # before any slow step
        if not running(installation, service):
            _check_port(service)
    _start_stores(installation, [service for service in services if service.name in stores.NAMES], report)
    migrate(installation, environment, report)
    first = [service for service in services if service.name == "simulator"]
    _restart_stale(installation, first, environment, report)
    rest = [service for service in services if service not in first and service.name not in stores.NAMES]
    _restart_stale(installation, rest, {**environment, **_webhook_keys(installation)}, report)


def _start_stores(installation: Installation, wanted: list[Service], report: Report) -> None:
    """Start PostgreSQL and Redis, which get none of the others' secrets, and create the databases."""
    if not wanted:
        return
    stores.prepare(installation, [service for service in wanted if not running(installation, service)])
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    _restart_stale(installation, wanted, environment, report)
    if any(service.name == stores.POSTGRESQL for service in wanted):
        stores.create_databases(installation)


def _restart_stale(installation: Installation, services: list[Service], environment: dict[str, str], report: Report) -> None:
    """Restart ended and outdated services in parallel, and wait for them."""
    fingerprints = {service.name: fingerprint({**environment, **service.environment}) for service in services}
    stale = [service for service in services if not _is_current(installation, service, fingerprints[service.name])]
    records = [(service, processes.read(_pid_file(installation, service))) for service in stale]
    for service, record in records:
        if record is not None:
            report(f"restarting {service.name}: {'its configuration or code changed' if record.alive else 'it had stopped'}")
    processes.stop([record for _, record in records if record is not None])
    since = datetime.now(UTC)
    for service in stale:
        _start(installation, service, environment, fingerprints[service.name])
    _wait_until_healthy(installation, stale, since, report)


def _is_current(installation: Installation, service: Service, wanted_fingerprint: str) -> bool:
    record = processes.read(_pid_file(installation, service))
    return record is not None and record.alive and record.fingerprint == wanted_fingerprint


def stop_services(installation: Installation, report: Report = print) -> None:
    """Stop the services that were started for this data folder."""
    found = [(path, processes.read(path)) for path in sorted(installation.paths.services.glob("*.pid"))]
    running = [(path.stem, record) for path, record in found if record is not None]
    processes.stop([record for name, record in running if name not in stores.NAMES])
    processes.stop([record for name, record in running if name in stores.NAMES])
    for path, _ in found:
        path.unlink(missing_ok=True)
    report(f"stopped {len(running)} service{'' if len(running) == 1 else 's'}")


def stop_unwanted(installation: Installation, wanted: set[str]) -> None:
    """Stop services that the current configuration does not include, such as the simulator."""
    for path in installation.paths.services.glob("*.pid"):
        record = processes.read(path)
        if path.stem not in wanted:
            processes.stop([record] if record else [])
            path.unlink(missing_ok=True)


def running(installation: Installation, service: Service) -> bool:
    """Whether the process of the service is running."""
    record = processes.read(_pid_file(installation, service))
    return record is not None and record.alive


def require_stopped(installation: Installation) -> None:
    """Raise `ConfigurationError` while a service runs."""
    if up := [service.name for service in all_services(installation) if running(installation, service)]:
        raise ConfigurationError(
            f"is running: {', '.join(up)}.", where=str(installation.paths.root), remedy="Run make stop first."
        )


def check_disk(installation: Installation) -> None:
    """Raise `ConfigurationError` if the data folder is not writable or its disk is almost full."""
    try:
        installation.paths.root.mkdir(parents=True, exist_ok=True)
        room = os.statvfs(installation.paths.root)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be used ({error.strerror}).",
            where=str(installation.paths.root),
            remedy="Set TRADEWIND_DATA to a folder of yours.",
        ) from None
    if room.f_bavail * room.f_frsize < DISK_BYTES_NEEDED:
        raise ConfigurationError(
            f"has {room.f_bavail * room.f_frsize // 1_000_000} MB free; the demo needs {DISK_BYTES_NEEDED // 1_000_000}.",
            where=str(installation.paths.root),
            remedy="Free some space, or set TRADEWIND_DATA to another disk.",
        )


def migrate(installation: Installation, environment: dict[str, str], report: Report) -> None:
    """Create or upgrade Airflow's metadata database, once per version of Airflow."""
    from importlib.metadata import version

    stamp = installation.airflow_home / "migrated"
    database = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace(str(installation.airflow_home), "")
    wanted = f"{version('apache-airflow')} {hashlib.sha256(database.encode()).hexdigest()}"  # It may contain a password.
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    report("preparing Airflow's database")
    installation.airflow_home.mkdir(parents=True, exist_ok=True)
    log = installation.paths.services / "migrate.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [str(installation.bin / "airflow"), "db", "migrate"],
            env=environment,
            cwd=PROJECT,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        raise ServiceFailed("Airflow's database could not be prepared.", where=str(log), remedy=f"It ends:\n{tail(log)}")
    stamp.write_text(wanted)


def tail(log: Path) -> str:
    """The last lines of a log file."""
    try:
        return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    except FileNotFoundError:
        return "    (empty)"


def _start(installation: Installation, service: Service, environment: dict[str, str], wanted_fingerprint: str) -> None:
    _check_port(service)
    log = _log_file(installation, service)
    with log.open("a") as output:
        output.write(f"--- {clock.now():%Y-%m-%d %H:%M:%S} starting {service.name}\n")
    wanted = {**environment, **service.environment}
    folder = PROJECT if service.account is None else Path("/")
    pid = processes.spawn(service.command, environment=wanted, log=log, folder=folder, account=service.account)
    processes.write(_pid_file(installation, service), pid, wanted_fingerprint)


def _wait_until_healthy(installation: Installation, started: list[Service], since: datetime, report: Report) -> None:
    """Wait until each service is healthy, by a heartbeat after `since`."""
    begun = time.monotonic()
    for service in started:
        while not service.is_healthy(since):
            if not running(installation, service):
                raise ServiceFailed(
                    f"{service.name} stopped immediately.", where=str(_log_file(installation, service)),
                    remedy=f"Its log ends:\n{tail(_log_file(installation, service))}",
                )  # fmt: skip
            if time.monotonic() - begun > service.timeout_seconds:
                raise ServiceFailed(
                    f"{service.name} did not answer within {service.timeout_seconds:.0f} s.",
                    where=str(_log_file(installation, service)),
                    remedy=f"Its log ends:\n{tail(_log_file(installation, service))}",
                )  # fmt: skip
            time.sleep(0.3)
        report(f"{service.name} is up")


def _webhook_keys(installation: Installation) -> dict[str, str]:
    """The simulator's public key, unless keys are configured."""
    if settings().webhook_keys or uses_external_sendgrid(installation):
        return {}
    try:
        return {variable("webhook_keys"): webhook_key(installation).read_text().strip()}
    except FileNotFoundError:
        return {}


def _check_port(service: Service) -> None:
    """Raise `ConfigurationError` if the port cannot be used."""
    reason = ports.unavailable_reason(service.port) if service.port else ""
    if reason:
        raise ConfigurationError(
            f"port {service.port} is {reason}.",
            where=service.name,
            remedy=f"Stop that program, or set {service.port_variable} to a free port.",
        )


def _pid_file(installation: Installation, service: Service) -> Path:
    return installation.paths.services / f"{service.name}.pid"


def _log_file(installation: Installation, service: Service) -> Path:
    return installation.paths.services / f"{service.name}.log"
