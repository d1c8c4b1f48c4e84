"""The files in docs/deploy run the services of `make up`, as no root, each with a health check."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.paths import PROJECT
from operations.__main__ import main
from operations.services import activities, airflow, edge
from operations.settings import read_installation

DEPLOY = PROJECT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("tradewind-*.service"))


def commands(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """{service: its command}, with the default ports and without the folder of the interpreter."""
    for name in ("AIRFLOW", "EDGE", "ACTIVITIES"):
        monkeypatch.delenv(f"TRADEWIND_{name}_PORT", raising=False)
    installation = read_installation()
    services = [*airflow(installation), edge(installation), activities(installation)]
    return {each.name: [Path(each.command[0]).name.replace("python3", "python"), *each.command[1:]] for each in services}


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser["Service"]


def test_a_unit_of_systemd_runs_each_service(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = commands(monkeypatch)
    found = {path.stem.removeprefix("tradewind-"): unit(path)["ExecStart"].split() for path in UNITS}
    health = found.pop("health")
    assert {name: [Path(command[0]).name, *command[1:]] for name, command in found.items()} == wanted
    assert health[1:] == ["-m", "operations", "health"]
    target = (DEPLOY / "systemd" / "tradewind.target").read_text()
    assert all(f"tradewind-{name}.service" in target for name in wanted)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_not_root_and_gains_no_rights(path: Path) -> None:
    service = unit(path)
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("tradewind", "yes", "strict")
    assert "/etc/tradewind/secrets" in path.read_text()


def test_compose_runs_each_service_with_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, command in commands(monkeypatch).items():
        inside = ["0.0.0.0" if word == "127.0.0.1" else word for word in command]
        assert services[name]["command"] == inside, name
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["user"].split(":")[0] not in ("0", "root"), name
        assert all(port.startswith("127.0.0.1:") for port in services[name].get("ports", ())), name
    assert set(services) == {*commands(monkeypatch), "postgres", "migrate"}


def test_kubernetes_files_are_yaml_and_the_edge_is_that_of_make_up(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment, service = yaml.safe_load_all((DEPLOY / "edge.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["command"][1:3] == commands(monkeypatch)["edge"][1:3]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    values = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    assert values["volumes"][0]["persistentVolumeClaim"] == {"claimName": "tradewind-data"}


def test_the_printed_environment_has_what_services_need_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow:hunter2@db/airflow")
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", "ab" * 32)
    assert main(["environment"]) == 0
    out = capsys.readouterr().out
    assert f"\nAIRFLOW_HOME={tmp_path}/airflow\n" in out
    assert "hunter2" not in out
    assert "SQL_ALCHEMY_CONN" not in out
    assert "ab" * 32 not in out


def test_health_names_the_services_that_do_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path))
    monkeypatch.setenv("TRADEWIND_EDGE_PORT", "1")
    assert main(["health", "edge"]) == 1
    assert capsys.readouterr().out.split() == ["edge", "NOT", "HEALTHY"]
    assert main(["health", "egde"]) == 1
    assert "is no service" in capsys.readouterr().err
