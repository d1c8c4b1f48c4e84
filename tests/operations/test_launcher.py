"""Services start once and are restarted if they ended or changed; errors are one line."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.core.processes import start_time
from operations import launcher, processes, services
from operations.__main__ import main
from operations.service import Service
from operations.services import all_services, uses_external_sendgrid
from operations.settings import Installation, fingerprint, read_installation, service_environment
from tests.ports import free_port


@pytest.fixture
def installation(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation with free ports; its services are stopped afterwards."""
    for part in ("AIRFLOW", "EDGE", "SIMULATOR", "ACTIVITIES"):
        monkeypatch.setenv(f"TRADEWIND_{part}_PORT", str(free_port()))
    created = read_installation()
    yield created
    launcher.stop_services(created, lambda said: None)


@pytest.fixture
def web(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service that replaces the real ones."""
    command = (sys.executable, "-m", "http.server", str(installation.edge_port), "--bind", "127.0.0.1")
    service = Service(
        "web", command, lambda since: services._answers(installation.edge_url), installation.edge_port, "TRADEWIND_EDGE_PORT"
    )
    monkeypatch.setattr(launcher, "all_services", lambda _installation: [service])
    monkeypatch.setattr(launcher, "migrate", lambda *_: None)
    return service


def pid(installation: Installation) -> int:
    record = processes.read(installation.paths.services / "web.pid")
    assert record is not None
    assert record.alive
    return record.pid


def test_up_starts_a_service_once_and_restarts_it_if_it_ended_or_changed(
    installation: Installation, web: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    launcher.start_services(installation, said.append)
    assert not installation.paths.cluster.exists(), "the embedded profile has no servers that need passwords"
    first = pid(installation)
    launcher.start_services(installation, said.append)
    assert pid(installation) == first
    os.kill(first, 9)
    while start_time(first):
        pass
    launcher.start_services(installation, said.append)
    second = pid(installation)
    assert second != first
    monkeypatch.setenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", "sqlite:////elsewhere.sqlite")
    launcher.start_services(installation, said.append)
    assert pid(installation) != second
    assert "restarting web: it had stopped" in said
    assert "restarting web: its configuration or code changed" in said


def test_stop_ends_the_service_and_deletes_its_record(installation: Installation, web: Service) -> None:
    launcher.start_services(installation, lambda said: None)
    record = processes.read(installation.paths.services / "web.pid")
    launcher.stop_services(installation, lambda said: None)
    assert record is not None
    assert not record.alive
    assert list(installation.paths.services.glob("*.pid")) == []


def test_the_error_for_a_service_that_fails_has_the_end_of_its_log(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Service("web", (sys.executable, "-c", "raise SystemExit('no such thing')"), lambda since: False)
    monkeypatch.setattr(launcher, "all_services", lambda _installation: [broken])
    monkeypatch.setattr(launcher, "migrate", lambda *_: None)
    with pytest.raises(launcher.ServiceFailed, match="no such thing"):
        launcher.start_services(installation, lambda said: None)


def test_a_port_in_use_is_reported_in_one_line(
    installation: Installation, web: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", installation.edge_port))
        squatter.listen()
        assert main(["up"]) == 1
    said = capsys.readouterr().err.strip()
    assert said.splitlines() == [
        f"error: web: port {installation.edge_port} is in use by another program. "
        "Stop that program, or set TRADEWIND_EDGE_PORT to a free port."
    ]


def test_a_full_disk_is_reported_in_one_line(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "DISK_BYTES_NEEDED", 10**18)
    with pytest.raises(ConfigurationError, match="MB free"):
        launcher.check_disk(installation)


def test_an_impossible_data_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        launcher.check_disk(Installation(DataPaths(tmp_path / "file" / "data"), 1, 2, 3, 4))


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_an_invalid_port_is_reported_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setenv("TRADEWIND_AIRFLOW_PORT", port)
    assert main(["up"]) == 1
    assert "TRADEWIND_AIRFLOW_PORT" in capsys.readouterr().err


def test_services_listen_only_on_loopback(installation: Installation) -> None:
    environment = service_environment(installation)
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    commands = {service.name: service.command for service in all_services(installation)}
    assert "--skip-serve-logs" in commands["scheduler"]
    assert "--skip-serve-logs" in commands["triggerer"]
    assert not any("0.0.0.0" in word for command in commands.values() for word in command)


@pytest.mark.parametrize("host", ["https://api.sendgrid.com", "http://127.0.0.1:9"])
def test_the_simulator_is_not_started_for_another_sendgrid(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert "simulator" in {service.name for service in all_services(installation)}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", f'{{"conn_type": "http", "host": "{host}", "password": "SG.x"}}')
    assert uses_external_sendgrid(installation)
    assert "simulator" not in {service.name for service in all_services(installation)}


def test_the_simulator_is_started_for_its_own_address(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    named = f'{{"conn_type": "http", "host": "http://localhost:{installation.simulator_port}", "password": "SG.x"}}'
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", named)
    assert not uses_external_sendgrid(installation)


def test_the_fingerprint_ignores_how_the_command_was_started(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    bare = fingerprint(service_environment(installation))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    assert fingerprint(service_environment(installation)) == bare
    monkeypatch.setenv("TRADEWIND_WEBHOOK_KEYS", "x")
    assert fingerprint(service_environment(installation)) != bare
