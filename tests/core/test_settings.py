"""Settings from the environment: defaults, validation, and errors that name the variable and never show its value."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.core import paths
from include.core.errors import ConfigurationError
from include.core.settings import Settings, settings, variable

FOLDERS = ("include", "dags", "plugins", "operations", "data_quality")


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def test_an_empty_environment_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_SHOP", "")
    assert settings() == Settings.model_construct()
    assert (settings().airflow_port, settings().edge_port, settings().simulator_port) == (8080, 8081, 8082)
    assert settings().activities_port == 8083
    assert paths.data_paths().root == paths.PROJECT / "data"
    assert paths.campaign_folder() == paths.PROJECT / "include" / "campaigns"


def test_a_changed_environment_is_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings().edge_port == 8081
    monkeypatch.setenv("TRADEWIND_EDGE_PORT", "9081")
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(tmp_path))
    assert settings().edge_port == 9081
    assert paths.template_folder() == tmp_path


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("TRADEWIND_AIRFLOW_PORT", "eighty", "a number from 1 to 65535"),
        ("TRADEWIND_EDGE_PORT", "0", "a number from 1 to 65535"),
        ("TRADEWIND_SIMULATOR_PORT", "65536", "a number from 1 to 65535"),
        ("TRADEWIND_TEMPLATE_NAMES", "drop", "default, quarantine, keep"),
        ("TRADEWIND_WAREHOUSE_MEMORY", "2GB; drop", "at least 100MB"),
        ("TRADEWIND_WAREHOUSE_MEMORY", "99MB", "at least 100MB"),
        ("TRADEWIND_CLOCK_OFFSET_SECONDS", "soon", "unset it"),
        ("TRADEWIND_SIMULATOR_SPEED", "0", "unset it"),
    ],
)
def test_an_invalid_value_names_the_variable_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=rf"^{name}: is not valid .*{re.escape(remedy)}") as error:
        settings()
    assert error.value.__suppress_context__, "pydantic's error shows the value"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", "11" * 32)
    monkeypatch.setenv("TRADEWIND_TOKEN_KEYS", f"1:{'22' * 32}")
    monkeypatch.setenv("TRADEWIND_ACTIVITIES_TOKEN", "33" * 32)
    shown = f"{settings()!r} {settings()} {settings().model_dump_json()}"
    assert "1111" not in shown
    assert "2222" not in shown
    assert "3333" not in shown


def test_every_setting_is_documented() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert isinstance(field.json_schema_extra, dict)
        assert field.json_schema_extra["default"], name


def test_no_other_module_reads_these_variables() -> None:
    reading = re.compile(r"(environ|getenv)\b.*TRADEWIND_")
    sources = [path for folder in FOLDERS for path in (paths.PROJECT / folder).rglob("*.py")]
    assert [path for path in sources if reading.search(path.read_text())] == []


def test_importing_the_settings_loads_nothing_heavy() -> None:
    probe = "import sys, include.core.settings; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(paths.PROJECT)},
    )  # fmt: skip
    assert not {"airflow", "pandas", "duckdb", "sqlalchemy", "yaml"} & set(done.stdout.split())
