"""Output and errors of `make`, the lockfile, the settings file, and the table of campaigns."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import duckdb
import pytest

from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from operations import airflow_settings, lockfile_check
from operations.campaign_table import COLUMNS, campaign_table
from operations.trigger import parse_conf

COMMANDS = (
    "run",
    "trigger",
    "preview",
    "campaign",
    "replay",
    "up",
    "stop",
    "test",
    "lint",
    "bench",
    "clean",
    "lock",
    "docs",
    "faults",
)


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=800)


def test_make_without_a_target_lists_every_command() -> None:
    done = make(PROJECT)
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"make {command} " in done.stdout


@pytest.mark.parametrize(("version", "said"), [("3.9", "needs Python 3.11"), ("", "no Python found")])
def test_an_unsupported_python_is_reported_in_one_line(tmp_path: Path, version: str, said: str) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-demo.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    python = tmp_path / "python3.9"
    python.write_text(f'#!/bin/sh\ncase "$1" in -V) echo "Python {version}";; *) exit 1;; esac\n')
    python.chmod(0o755)
    done = make(tmp_path, f"PYTHON={python if version else 'missing'}", "stop", "run")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert said in lines[0]


def test_trigger_without_a_dag_shows_the_usage() -> None:
    assert "DAG=send_newsletter" in make(PROJECT, "trigger", "DAG=").stderr


@pytest.mark.parametrize("text", ["{", "[1]", "live", '{"mode": live}'])
def test_a_conf_that_is_not_a_json_object_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CONF"):
        parse_conf(text)


def test_a_conf_is_parsed_without_changes() -> None:
    assert parse_conf("") == {}
    assert parse_conf('{"mode": "live", "note": "5 $ & \'more\'"}') == {"mode": "live", "note": "5 $ & 'more'"}


def test_the_lockfile_and_its_exports_are_current() -> None:
    assert lockfile_check.differences() == []


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A copy of the files that must agree."""
    for name in ("pyproject.toml", "uv.lock", *lockfile_check.EXPORTS):
        shutil.copy(PROJECT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"duckdb==1.5.5"', '"duckdb==1.6.0"'),
        ('    "orjson",', '    "orjson",\n    "left-pad",'),
        ('    "vulture",', ""),
    ],
)
def test_a_changed_dependency_without_a_new_lock_is_reported(locked: Path, old: str, new: str) -> None:
    project = locked / "pyproject.toml"
    text = project.read_text()
    assert old in text
    project.write_text(text.replace(old, new))
    (found,) = lockfile_check.differences(locked)
    assert found.startswith("uv.lock does not match pyproject.toml")


@pytest.mark.parametrize("name", lockfile_check.EXPORTS)
def test_an_edited_export_is_reported(locked: Path, name: str) -> None:
    with (locked / name).open("a") as file:
        file.write("left-pad==1.0\n")
    assert lockfile_check.differences(locked) == [f"{name} is not what uv exports from uv.lock"]


def test_every_locked_package_comes_from_pypi() -> None:
    packages = tomllib.loads((PROJECT / "uv.lock").read_text())["package"]
    sources = {tuple(package["source"].items()) for package in packages if package["name"] != "tradewind"}
    assert sources == {(("registry", lockfile_check.INDEX),)}
    for name in lockfile_check.EXPORTS:
        assert "http" not in re.sub(r"#.*|\S*http\S*==\S+", "", (PROJECT / name).read_text())


def test_the_settings_file_has_all_settings_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = airflow_settings.load()
    pools = {item["pool_name"]: item["pool_slot"] for item in wanted["pools"]}
    assert pools["warehouse"] == 1
    assert "sendgrid" in pools
    assert {item["conn_id"] for item in wanted["connections"]} == {
        "sendgrid_default", "subscribers_source", "ledger_default",
    }  # fmt: skip
    bad = tmp_path / "airflow_settings.yaml"
    bad.write_text((PROJECT / "airflow_settings.yaml").read_text().replace("conn_password:", "conn_password: SG.x", 1))
    monkeypatch.setattr(airflow_settings, "FILE", bad)
    with pytest.raises(ConfigurationError, match="password"):
        airflow_settings.load()


def test_a_connection_from_the_environment_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", '{"conn_type": "http", "password": "SG.secret"}')
    stored = list(airflow_settings._connections(airflow_settings.load()))
    assert {item["connection_id"] for item in stored} == {"subscribers_source", "ledger_default"}


def test_the_table_shows_each_campaign_as_a_column(tmp_path: Path) -> None:
    file = tmp_path / "analytics.duckdb"
    with duckdb.connect(str(file)) as connection:
        kinds = [
            f"{name} {'varchar' if name in ('campaign', 'occurrence') else 'double' if 'rate' in name else 'bigint'}"
            for name in COLUMNS
        ]
        connection.execute("create schema marts")
        connection.execute(f"create table marts.campaign_performance ({', '.join(kinds)}, planned_at timestamp)")
        figures = ["1234", *["0"] * (len(COLUMNS) - 5), "0.5", "null"]
        connection.execute(
            f"insert into marts.campaign_performance values ('newsletter', '2026-W48', {', '.join(figures)}, now())"
        )
    lines = campaign_table(file).splitlines()
    assert len(lines) == len(COLUMNS)
    assert len({len(line) for line in lines}) == 1, "the columns are aligned"
    assert lines[2].split() == ["selected", "1,234"]
    assert lines[-2].split()[-1] == "50.0%"
    assert lines[-1].split()[-1] == "-"
