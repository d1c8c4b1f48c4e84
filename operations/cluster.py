"""The profile `cluster`: the connections and settings with which the same services and stages run on several nodes.

Everything here is a default: a connection in the environment takes precedence, and a server that it replaces is not started.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.core.connections import LEDGER
from include.core.durable import write_durably
from include.core.errors import ConfigurationError
from operations.mutex import mutex

if TYPE_CHECKING:
    from operations.settings import Installation

SCHEDULERS = ("scheduler-1", "scheduler-2")
WORKERS = ("worker-1", "worker-2", "worker-3")
ADMINISTRATOR, AIRFLOW, TRADEWIND = "postgres", "airflow", "tradewind"
"""Accounts of PostgreSQL. The second and third own the databases of their names: Airflow's metadata, the ledger."""
METADATA = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
METADATA_ASYNC = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
_UNTIL_TIMEOUT = {"max_retries": None, "interval_start": 0, "interval_step": 0.5, "interval_max": 3}
LEDGER_VARIABLE = f"AIRFLOW_CONN_{LEDGER.upper()}"


@dataclass(frozen=True)
class Passwords:
    """The passwords of the accounts, and of Redis. Generated once; only this machine's loopback accepts them."""

    postgres: str
    airflow: str
    tradewind: str
    redis: str


def passwords(installation: Installation) -> Passwords:
    """Those in the data folder (mode 0600), after generating what is missing."""
    file = installation.paths.cluster / "passwords.json"
    with mutex(installation.paths.cluster / "passwords.lock", lambda said: None, "the passwords"):
        if not file.is_file():
            made = {name: secrets.token_hex(24) for name in Passwords.__dataclass_fields__}
            write_durably(file, json.dumps(made).encode(), mode=0o600)
        return Passwords(**json.loads(file.read_text()))


def connections(installation: Installation) -> dict[str, str]:
    """The connections to the servers of this profile."""
    known = passwords(installation)
    server = installation.postgresql_address
    metadata = f"postgresql+psycopg://{AIRFLOW}:{known.airflow}@{server}/{AIRFLOW}"
    return {
        METADATA: metadata,
        METADATA_ASYNC: metadata,
        LEDGER_VARIABLE: f"postgresql://{TRADEWIND}:{known.tradewind}@{server}/{TRADEWIND}",
        BROKER: f"redis://:{known.redis}@{installation.redis_address}/0",
    }


def environment(installation: Installation) -> dict[str, str]:
    """What differs from the embedded profile. Celery's results are in the metadata database, its provider's default."""
    return {
        **connections(installation),
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(2 * len(WORKERS)),  # of each scheduler
        # As many processes as both schedulers may start tasks: none waits in the broker behind a long send, until Airflow
        # takes its message for lost.
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(2 * len(SCHEDULERS)),
        # The provider gives a message a second to reach the broker, thrice, and fails the task then. A busy machine takes
        # longer, and a broker that restarts does: tried for ten seconds, a hundred times.
        "AIRFLOW__CELERY__OPERATION_TIMEOUT": "10",
        "AIRFLOW__CELERY__TASK_PUBLISH_MAX_RETRIES": "100",
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"task_publish_retry_policy": _UNTIL_TIMEOUT}),
        # A message is delivered again when nobody has acknowledged it for a day: longer than any task.
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
    }


def adopt(installation: Installation) -> None:
    """Set the connections for this process, unless the environment has others. Raises `ConfigurationError`.

    A data folder belongs to one profile: the other one's ledger does not know what was sent. One with the embedded profile's
    ledger may have passwords too, which releases of November 2026 wrote there.
    """
    if not installation.is_cluster:
        if installation.paths.cluster.is_dir() and not installation.paths.ledger.exists():
            raise ConfigurationError(
                "belongs to the profile cluster.",
                where=str(installation.paths.root), remedy="Add PROFILE=cluster, or name another folder.",
            )  # fmt: skip
        return
    if installation.paths.ledger.exists():
        raise ConfigurationError(
            "belongs to the embedded profile, whose ledger is in it.",
            where=str(installation.paths.root), remedy="Leave out PROFILE=cluster, or name another folder.",
        )  # fmt: skip
    for name, value in connections(installation).items():
        os.environ[name] = os.environ.get(name) or value


def has_own_postgresql(installation: Installation, named: Mapping[str, str] = os.environ) -> bool:
    """Whether a connection names the PostgreSQL of this profile."""
    return _is_ours(installation, named, METADATA, METADATA_ASYNC, LEDGER_VARIABLE)


def has_own_redis(installation: Installation, named: Mapping[str, str] = os.environ) -> bool:
    """Whether the broker is the Redis of this profile."""
    return _is_ours(installation, named, BROKER)


def worker_answers(name: str, broker: str) -> bool:
    """Whether a Celery worker responds through the broker."""
    from celery import Celery
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError  # what a kept connection raises whose server was started again

    with Celery(broker=broker, set_as_current=False) as app:
        try:
            return bool(app.control.inspect([f"celery@{name}"], timeout=2).ping())
        except (OperationalError, RedisError, OSError):
            return False


def _is_ours(installation: Installation, named: Mapping[str, str], *variables: str) -> bool:
    ours = connections(installation)
    return any((named.get(variable) or ours[variable]) == ours[variable] for variable in variables)
