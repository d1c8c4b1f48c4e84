"""Bringing the services up and down: what runs and fits is left alone, what died or changed is started anew."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from include.core import clock
from include.core.errors import ConfigurationError, TradewindError
from include.core.paths import PROJECT
from operations import ports, processes
from operations.services import Service, all_services, own_sendgrid, webhook_key
from operations.settings import Installation, fingerprint, service_environment
from operations.turns import turn

TAIL_LINES = 12
DISK_BYTES_NEEDED = 500_000_000
Tell = Callable[[str], None]


class ServiceFailed(TradewindError):
    """A service did not come up; the end of its log says why."""


def up(place: Installation, tell: Tell = print) -> None:
    """Make every service run and answer. Raises `TradewindError` with one clear line where one cannot."""
    check_disk(place)
    with turn(place.paths.services / "up.turn", tell, "another command that starts the services"):
        _up(place, tell)


def _up(place: Installation, tell: Tell) -> None:
    environment = service_environment(place)
    services = all_services(place)
    stop_strangers(place, {service.name for service in services})
    for service in services:  # before anything that takes time
        if not running(place, service):
            _check_port(service)
    migrate(place, environment, tell)
    first = [service for service in services if service.name == "simulator"]
    _bring_up(place, first, environment, tell)
    _bring_up(place, services[len(first) :], {**environment, **_webhook_keys(place)}, tell)


def _bring_up(place: Installation, services: list[Service], environment: dict[str, str], tell: Tell) -> None:
    """Restart what died or changed, all at once, and wait for it."""
    marks = {service.name: fingerprint({**environment, **service.environment}) for service in services}
    stale = [service for service in services if not _fits(place, service, marks[service.name])]
    records = [(service, processes.read(_pid_file(place, service))) for service in stale]
    for service, record in records:
        if record is not None:
            tell(f"restarting {service.name}: {'its configuration or code changed' if record.alive else 'it had ended'}")
    processes.stop([record for _, record in records if record is not None])
    since = datetime.now(UTC)
    for service in stale:
        _start(place, service, environment, marks[service.name])
    _await(place, stale, since, tell)


def _fits(place: Installation, service: Service, mark: str) -> bool:
    record = processes.read(_pid_file(place, service))
    return record is not None and record.alive and record.fingerprint == mark


def down(place: Installation, tell: Tell = print) -> None:
    """Stop exactly what was started for this data folder."""
    found = [(path, processes.read(path)) for path in sorted(place.paths.services.glob("*.pid"))]
    running = [record for _, record in found if record is not None]
    processes.stop(running)
    for path, _ in found:
        path.unlink(missing_ok=True)
    tell(f"stopped {len(running)} service{'' if len(running) == 1 else 's'}")


def stop_strangers(place: Installation, wanted: set[str]) -> None:
    """Stop what an earlier configuration started and this one does not want: the simulator, once there is a SendGrid."""
    for path in place.paths.services.glob("*.pid"):
        record = processes.read(path)
        if path.stem not in wanted:
            processes.stop([record] if record else [])
            path.unlink(missing_ok=True)


def running(place: Installation, service: Service) -> bool:
    """Whether the service runs, as far as its process is concerned."""
    record = processes.read(_pid_file(place, service))
    return record is not None and record.alive


def check_disk(place: Installation) -> None:
    """Refuse to begin on a disk that is about to be full: half a warehouse is worse than none."""
    try:
        place.paths.root.mkdir(parents=True, exist_ok=True)
        room = os.statvfs(place.paths.root)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be used ({error.strerror}).",
            where=str(place.paths.root),
            remedy="Set TRADEWIND_DATA to a folder of yours.",
        ) from None
    if room.f_bavail * room.f_frsize < DISK_BYTES_NEEDED:
        raise ConfigurationError(
            f"has {room.f_bavail * room.f_frsize // 1_000_000} MB free; the demo needs {DISK_BYTES_NEEDED // 1_000_000}.",
            where=str(place.paths.root),
            remedy="Free some space, or set TRADEWIND_DATA to another disk.",
        )


def migrate(place: Installation, environment: dict[str, str], tell: Tell) -> None:
    """Create or upgrade Airflow's own database; once for each version of Airflow."""
    from importlib.metadata import version

    stamp = place.airflow_home / "migrated"
    database = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace(str(place.airflow_home), "")
    wanted = f"{version('apache-airflow')} {database}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    tell("preparing Airflow's database")
    place.airflow_home.mkdir(parents=True, exist_ok=True)
    log = place.paths.services / "migrate.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [str(place.bin / "airflow"), "db", "migrate"],
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
    """The last lines of a log."""
    try:
        return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    except FileNotFoundError:
        return "    (empty)"


def _start(place: Installation, service: Service, environment: dict[str, str], mark: str) -> None:
    _check_port(service)
    log = _log_file(place, service)
    with log.open("a") as output:
        output.write(f"--- {clock.now():%Y-%m-%d %H:%M:%S} starting {service.name}\n")
    wanted = {**environment, **service.environment}
    pid = processes.spawn(service.command, environment=wanted, log=log, folder=PROJECT)
    processes.write(_pid_file(place, service), pid, mark)


def _await(place: Installation, started: list[Service], since: datetime, tell: Tell) -> None:
    """Wait until each answers, with signs of life younger than `since`."""
    begun = time.monotonic()
    for service in started:
        while not service.well(since):
            if not running(place, service):
                raise ServiceFailed(
                    f"{service.name} ended at once.", where=str(_log_file(place, service)),
                    remedy=f"Its log ends:\n{tail(_log_file(place, service))}",
                )  # fmt: skip
            if time.monotonic() - begun > service.timeout_seconds:
                raise ServiceFailed(
                    f"{service.name} did not answer within {service.timeout_seconds:.0f} s.",
                    where=str(_log_file(place, service)), remedy=f"Its log ends:\n{tail(_log_file(place, service))}",
                )  # fmt: skip
            time.sleep(0.3)
        tell(f"{service.name} is up")


def _webhook_keys(place: Installation) -> dict[str, str]:
    """The simulator's public key, where nobody named another."""
    if os.environ.get("TRADEWIND_WEBHOOK_KEYS") or own_sendgrid(place):
        return {}
    try:
        return {"TRADEWIND_WEBHOOK_KEYS": webhook_key(place).read_text().strip()}
    except FileNotFoundError:
        return {}


def _check_port(service: Service) -> None:
    """One clear line where somebody else has the port."""
    trouble = ports.trouble(service.port) if service.port else ""
    if trouble:
        raise ConfigurationError(
            f"port {service.port} is {trouble}.",
            where=service.name,
            remedy=f"Stop that program, or set {service.port_variable} to a free port.",
        )


def _pid_file(place: Installation, service: Service) -> Path:
    return place.paths.services / f"{service.name}.pid"


def _log_file(place: Installation, service: Service) -> Path:
    return place.paths.services / f"{service.name}.log"
