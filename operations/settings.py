"""The installation: its data folder and ports, and the environment of its services."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from include.core.paths import PROJECT, DataPaths, data_paths
from include.core.settings import PREFIX, settings, variable
from operations import cluster

LOOPBACK = "127.0.0.1"
CODE = (".py", ".html", ".j2", ".css", ".sql", ".yaml")
"""Suffixes of the files that a service reads at its start: modules, pages and their texts."""
CONFIGURING = (PREFIX, "AIRFLOW_", "PYTHONPATH", "GX_")


@dataclass(frozen=True)
class Installation:
    """One data folder and its ports."""

    paths: DataPaths
    airflow_port: int
    edge_port: int
    simulator_port: int
    activities_port: int
    postgresql_port: int = 8084
    redis_port: int = 8085
    profile: Literal["embedded", "cluster"] = "embedded"

    @property
    def is_cluster(self) -> bool:
        """Whether several nodes share servers (operations/cluster.py)."""
        return self.profile == "cluster"

    @property
    def airflow_home(self) -> Path:
        """Airflow's metadata database, its generated configuration and the task logs."""
        return self.paths.root / "airflow"

    @property
    def airflow_url(self) -> str:
        return f"http://{LOOPBACK}:{self.airflow_port}"

    @property
    def edge_url(self) -> str:
        return f"http://{LOOPBACK}:{self.edge_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://{LOOPBACK}:{self.simulator_port}"

    @property
    def activities_url(self) -> str:
        return f"http://{LOOPBACK}:{self.activities_port}"

    @property
    def postgresql_address(self) -> str:
        return f"{LOOPBACK}:{self.postgresql_port}"

    @property
    def redis_address(self) -> str:
        return f"{LOOPBACK}:{self.redis_port}"

    @property
    def bin(self) -> Path:
        """The folder of the interpreter's console scripts."""
        return Path(sys.executable).parent


def read_installation() -> Installation:
    """The installation of the environment: `TRADEWIND_DATA` and the ports. Raises `ConfigurationError`."""
    named = settings()
    return Installation(
        data_paths(), named.airflow_port, named.edge_port, named.simulator_port, named.activities_port,
        named.postgresql_port, named.redis_port, named.profile,
    )  # fmt: skip


def service_environment(installation: Installation) -> dict[str, str]:
    """The environment of every service: the user's, with defaults, and with the settings that must not differ."""
    return {
        **os.environ,
        **_forced(installation),
        **{name: os.environ.get(name, value) for name, value in _defaults(installation).items()},
    }


def fixed_environment(installation: Installation) -> dict[str, str]:
    """What `service_environment` adds to the user's environment, without what the user sets: that may be a secret."""
    unset = {name: value for name, value in _defaults(installation).items() if name not in os.environ}
    return {**unset, **_forced(installation)}


def fingerprint(environment: dict[str, str]) -> str:
    """A hash of the configuration: a service whose fingerprint differs is restarted."""
    lines = sorted(f"{name}={value}" for name, value in environment.items() if name.startswith(CONFIGURING))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def code_fingerprint(*folders: str, suffixes: tuple[str, ...] = CODE) -> str:
    """A hash of the files in source folders, so that a service with older code is restarted."""
    files = sorted(path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in suffixes)
    lines = [f"{path.relative_to(PROJECT)} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _forced(installation: Installation) -> dict[str, str]:
    """Settings that must not differ: one data folder, loopback only, the project's folders."""
    return {
        variable("data"): str(installation.paths.root),
        variable("profile"): installation.profile,
        variable("airflow_port"): str(installation.airflow_port),
        variable("edge_port"): str(installation.edge_port),
        variable("simulator_port"): str(installation.simulator_port),
        variable("activities_port"): str(installation.activities_port),
        "PYTHONPATH": _with_project(os.environ.get("PYTHONPATH") or ""),
        "PYTHONUNBUFFERED": "1",
        "AIRFLOW_HOME": str(installation.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(installation.airflow_port),
        "AIRFLOW__API__BASE_URL": installation.airflow_url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{installation.airflow_url}/execution/",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(installation.airflow_home / "logs"),
        "AIRFLOW__DAG_PROCESSOR__CHILD_PROCESS_LOG_DIRECTORY": str(installation.airflow_home / "logs" / "dag_processor"),
    }


def _defaults(installation: Installation) -> dict[str, str]:
    """The defaults of the profile; the environment takes precedence."""
    return _embedded(installation) | (cluster.environment(installation) if installation.is_cluster else {})


def _embedded(installation: Installation) -> dict[str, str]:
    """Defaults for a machine with two cores and one user."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{installation.airflow_home / 'airflow.db'}",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "include.core.node.node_name",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__SCHEDULER__ENABLE_TRACEMALLOC": "False",
        # After a kill and restart, Airflow retries tasks after 40 s without a heartbeat instead of five minutes.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # Read only where lineage has a transport (docs/observability.md#lineage).
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "tradewind",
        "AIRFLOW__OPENLINEAGE__EXTRACTORS": "include.orchestration.lineage.AssetExtractor",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _with_project(search_path: str) -> str:
    """The project first, then the user's path, without duplicates: independent of how the launcher was started."""
    return os.pathsep.join(dict.fromkeys([str(PROJECT), *filter(None, search_path.split(os.pathsep))]))
