"""Where this installation runs: ports, folders, and the environment that every service gets."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from include.core.paths import PROJECT, DataPaths, data_paths
from include.core.settings import PREFIX, settings, variable

LOOPBACK = "127.0.0.1"
CODE = (".py", ".html", ".css", ".yaml")
"""What a service reads when it starts: its modules, its pages and their words."""
CONFIGURING = (PREFIX, "AIRFLOW_", "PYTHONPATH", "GX_")


@dataclass(frozen=True)
class Installation:
    """One data folder and its three ports."""

    paths: DataPaths
    airflow_port: int
    edge_port: int
    simulator_port: int

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
    def bin(self) -> Path:
        """Where the interpreter's console scripts lie."""
        return Path(sys.executable).parent


def read_installation() -> Installation:
    """What the environment says: `TRADEWIND_DATA` and the three `TRADEWIND_…_PORT`. Raises `ConfigurationError`."""
    return Installation(
        data_paths(), settings().airflow_port, settings().edge_port, settings().simulator_port
    )  # fmt: skip


def service_environment(installation: Installation) -> dict[str, str]:
    """The environment of every service: ours over Airflow's defaults, the user's over ours."""
    return {
        **os.environ,
        **_forced(installation),
        **{name: os.environ.get(name, value) for name, value in _defaults(installation).items()},
    }


def fingerprint(environment: dict[str, str]) -> str:
    """Names a configuration without telling it: a service whose fingerprint differs is restarted."""
    lines = sorted(f"{name}={value}" for name, value in environment.items() if name.startswith(CONFIGURING))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def code_fingerprint(*folders: str) -> str:
    """Names the state of some source folders, so that a running service with older code is restarted."""
    files = sorted(path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in CODE)
    lines = [f"{path.relative_to(PROJECT)} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _forced(installation: Installation) -> dict[str, str]:
    """What must hold for the seams to hold: one data folder, loopback only, the project's own folders."""
    return {
        variable("data"): str(installation.paths.root),
        variable("airflow_port"): str(installation.airflow_port),
        variable("edge_port"): str(installation.edge_port),
        variable("simulator_port"): str(installation.simulator_port),
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
    """What suits two cores and one person; the environment may say otherwise."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{installation.airflow_home / 'airflow.db'}",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__SCHEDULER__ENABLE_TRACEMALLOC": "False",
        # Killed and started again, Airflow takes up its tasks after 40 s without a sign of life, not after five minutes.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
    }


def _with_project(search_path: str) -> str:
    """The project first, then what the user has, each once: the same however the launcher itself was started."""
    return os.pathsep.join(dict.fromkeys([str(PROJECT), *filter(None, search_path.split(os.pathsep))]))
