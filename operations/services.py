"""The services: Airflow's processes, edge, activities port and simulator, with their commands and health checks."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

from include.core import connections
from include.core.connections import SENDGRID
from include.core.errors import TradewindError
from include.core.http_client import client
from include.core.settings import settings, variable
from operations import cluster
from operations.api import AirflowApi
from operations.service import Service
from operations.settings import LOOPBACK, Installation, code_fingerprint, service_environment
from operations.stores import stores

SHOP_SEED = 20


def all_services(installation: Installation) -> list[Service]:
    """The services of `make up`. The simulator runs only if no SendGrid account is configured."""
    simulated = [] if uses_external_sendgrid(installation) else [simulator(installation)]
    return [*stores(installation), *simulated, edge(installation), activities(installation), *airflow(installation)]


def uses_external_sendgrid(installation: Installation) -> bool:
    """Whether the environment names a SendGrid that is not this installation's simulator. Raises `ConfigurationError`."""
    text = connections.environment_connection(SENDGRID)
    host = connections.sendgrid_account(text).host if text else installation.simulator_url
    return host.replace("//localhost", f"//{LOOPBACK}") != installation.simulator_url


def simulator(installation: Installation) -> Service:
    """The strict SendGrid of the demo."""
    return Service(
        "simulator",
        (
            sys.executable, "-m", "simulator", "--port", str(installation.simulator_port),
            "--data", str(installation.paths.simulator), "--webhook", f"{installation.edge_url}/events/sendgrid",
            "--edge", installation.edge_url, "--seed", str(SHOP_SEED),
            "--speed", str(settings().simulator_speed),
        ),
        lambda since: _answers(f"{installation.simulator_url}/control/status") and webhook_key(installation).is_file(),
        installation.simulator_port,
        variable("simulator_port"),
        {"TRADEWIND_CODE": code_fingerprint("simulator")},
        60,
    )  # fmt: skip


def webhook_key(installation: Installation) -> Path:
    """The file with the simulator's public key for its events."""
    return installation.paths.simulator / "webhook_public_key.txt"


def edge(installation: Installation) -> Service:
    """The edge, the only service for the internet; here it listens on loopback."""
    return Service(
        "edge",
        (
            sys.executable, "-m", "include.edge", "--host", LOOPBACK, "--port", str(installation.edge_port),
        ),
        lambda since: _answers(f"{installation.edge_url}/healthz"),
        installation.edge_port,
        variable("edge_port"),
        {"TRADEWIND_CODE": code_fingerprint("include/edge", "include/core", "include/ledger")},
        60,
    )  # fmt: skip


def activities(installation: Installation) -> Service:
    """The activities port, which a shop's back end posts to."""
    return Service(
        "activities",
        (
            sys.executable, "-m", "include.edge.activities", "--host", LOOPBACK, "--port", str(installation.activities_port),
        ),
        lambda since: _answers(f"{installation.activities_url}/healthz"),
        installation.activities_port,
        variable("activities_port"),
        {"TRADEWIND_CODE": code_fingerprint("include/edge", "include/core")},
        60,
    )  # fmt: skip


def airflow(installation: Installation) -> list[Service]:
    """Airflow's processes, which listen on loopback only.

    The log servers (8793, 8794, on every interface) are disabled: the API server reads the same disk.
    """
    api = AirflowApi(installation)
    command = str(installation.bin / "airflow")
    run_tasks = _nodes(installation, api, command) if installation.is_cluster else [_scheduler(api, command)]
    return [
        Service(
            "api-server", (command, "api-server"), lambda since: _is_alive(api, "metadatabase", since),
            installation.airflow_port, variable("airflow_port"),
        ),
        *run_tasks,
        Service("dag-processor", (command, "dag-processor"), lambda since: _is_alive(api, "dag_processor", since)),
        Service("triggerer", (command, "triggerer", "--skip-serve-logs"), lambda since: _is_alive(api, "triggerer", since)),
    ]  # fmt: skip


def _scheduler(api: AirflowApi, command: str) -> Service:
    """The scheduler that runs the tasks too, in processes that it forks."""
    return Service(
        "scheduler", (command, "scheduler", "--skip-serve-logs"), lambda since: _is_alive(api, "scheduler", since),
        environment=_code_of_tasks(),
    )  # fmt: skip


def _nodes(installation: Installation, api: AirflowApi, command: str) -> list[Service]:
    """The schedulers, which run no task, and the Celery workers, which fork a process for each task."""
    broker = service_environment(installation)[cluster.BROKER]

    def scheduler(name: str) -> Service:
        beats = lambda since: _schedules(api, name, since)  # noqa: E731
        return Service(name, (command, "scheduler", "--skip-serve-logs"), beats, environment={variable("node"): name})

    def worker(name: str) -> Service:
        pid = str(installation.paths.services / f"airflow-{name}.lock")
        options = ("--skip-serve-logs", "--celery-hostname", name, "--pid", pid, "--without-mingle", "--without-gossip")
        answers = lambda since: cluster.worker_answers(name, broker)  # noqa: E731
        return Service(
            name, (command, "celery", "worker", *options), answers, environment={variable("node"): name, **_code_of_tasks()}
        )

    return [*map(scheduler, cluster.SCHEDULERS), *map(worker, cluster.WORKERS)]


def _code_of_tasks() -> dict[str, str]:
    """Restarts what has imported the stages when a module changed."""
    return {"TRADEWIND_CODE": code_fingerprint("include", "data_quality", suffixes=(".py",))}


def _answers(url: str) -> bool:
    """Whether an HTTP server answers there without a server error."""
    try:
        with client(3) as http:
            return http.get(url).status_code < 500
    except httpx.TransportError:
        return False


def _is_alive(api: AirflowApi, component: str, since: datetime) -> bool:
    """Whether Airflow reports the component as healthy, with a heartbeat since its start."""
    try:
        state = api.health()[component]
    except (httpx.HTTPError, KeyError, ValueError):
        return False
    beat = state.get(f"latest_{component}_heartbeat")
    return state["status"] == "healthy" and (component == "metadatabase" or (beat and _moment(beat) >= since))


def _schedules(api: AirflowApi, node: str, since: datetime) -> bool:
    """Whether the scheduler of a node had a heartbeat since its start."""
    try:
        jobs = api.get("/jobs", job_type="SchedulerJob", job_state="running", hostname=node, order_by="-latest_heartbeat")
    except (httpx.HTTPError, TradewindError):
        return False
    return any(_moment(job["latest_heartbeat"]) >= since for job in jobs["jobs"] if job["latest_heartbeat"])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
