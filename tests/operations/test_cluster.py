"""The profile `cluster`: its services, its servers, its data folder. tests/cluster runs the whole of it."""

from __future__ import annotations

import json
import os
import pwd
import runpy
import stat
import subprocess
import sys
from collections.abc import Iterator

import psutil
import psycopg
import pytest
import redis

from include.core import node, paths
from include.core.connections import ledger_url
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from operations import cluster, demo_shop, launcher, past, processes, stores
from operations.__main__ import main
from operations.services import all_services
from operations.settings import Installation, fixed_environment, read_installation, service_environment
from tests.cluster.environment import cluster_installation, needs_servers

NODES = {*cluster.SCHEDULERS, *cluster.WORKERS}


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    with cluster_installation(monkeypatch) as made:
        yield made


@pytest.fixture
def running_stores(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """PostgreSQL and Redis, without the other services."""
    monkeypatch.setattr(launcher, "all_services", stores.stores)
    monkeypatch.setattr(launcher, "migrate", lambda *_: None)
    launcher.start_services(installation, lambda said: None)
    return installation


@needs_servers
def test_the_services_are_those_of_the_embedded_profile_but_for_nodes_and_servers(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = {service.name: service for service in all_services(installation)}
    monkeypatch.setenv("TRADEWIND_PROFILE", "embedded")
    single = {service.name: service for service in all_services(read_installation())}
    assert set(several) - set(single) == NODES | stores.NAMES
    assert set(single) - set(several) == {"scheduler"}
    assert {name: several[name].command for name in single if name in several} == {
        name: service.command for name, service in single.items() if name in several
    }
    assert several["scheduler-2"].command == single["scheduler"].command
    assert len({several[name].environment["TRADEWIND_NODE"] for name in NODES}) == len(NODES)
    assert not any("0.0.0.0" in word for service in several.values() for word in service.command)


@needs_servers
def test_connections_of_the_environment_replace_the_servers(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (cluster.METADATA, cluster.METADATA_ASYNC):
        monkeypatch.setenv(name, "postgresql+psycopg://airflow@db.test/airflow")
    assert {service.name for service in stores.stores(installation)} == stores.NAMES  # for the ledger
    monkeypatch.setenv(cluster.LEDGER_VARIABLE, "postgresql://tradewind@db.test/ledger")
    assert {service.name for service in stores.stores(installation)} == {"redis"}
    monkeypatch.setenv(cluster.BROKER, "redis://broker.test/0")
    assert stores.stores(installation) == []
    environment = service_environment(installation)
    assert environment[cluster.LEDGER_VARIABLE] == "postgresql://tradewind@db.test/ledger"
    assert environment[cluster.BROKER] == "redis://broker.test/0"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


def test_no_task_waits_in_the_broker_for_a_process(installation: Installation) -> None:
    """Airflow would take its message for lost, and fail it in the end."""
    environment = service_environment(installation)
    started = len(cluster.SCHEDULERS) * int(environment["AIRFLOW__CORE__PARALLELISM"])
    assert started <= len(cluster.WORKERS) * int(environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"])


def test_celery_reads_the_settings_as_they_are_meant(installation: Installation) -> None:
    """By default the provider fails a task if the broker does not answer for three seconds."""
    source = (
        "import json, sys\n"
        "from airflow.providers.celery.executors.celery_executor_utils import OPERATION_TIMEOUT, app\n"
        "print(json.dumps({'timeout': OPERATION_TIMEOUT} | {name: app.conf[name] for name in sys.argv[1:]}))\n"
    )
    environment = service_environment(installation)
    names = ("task_publish_retry_policy", "broker_url", "result_backend", "broker_transport_options", "task_acks_late")
    command = [sys.executable, "-c", source, *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    read = json.loads(done.stdout.splitlines()[-1])
    assert read["timeout"] >= 5
    assert read["task_publish_retry_policy"]["max_retries"] is None
    assert read["broker_url"] == environment[cluster.BROKER]
    assert read["result_backend"] == f"db+{environment[cluster.METADATA]}"
    assert read["broker_transport_options"]["visibility_timeout"] == 86_400
    assert read["task_acks_late"]


def test_every_command_has_the_connections_of_the_services(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that controls a campaign must not look into an SQLite ledger of its own."""
    for name in cluster.connections(installation):
        monkeypatch.setenv(name, "")
    assert main(["environment"]) == 0
    assert ledger_url(installation.paths).startswith("postgresql+psycopg://tradewind:")
    assert past.is_own()
    for password in vars(cluster.passwords(installation)).values():
        assert password not in capsys.readouterr().out
        assert password not in "".join(fixed_environment(installation).values())


def test_passwords_are_made_once_and_only_the_owner_reads_them(installation: Installation) -> None:
    made = cluster.passwords(installation)
    assert cluster.passwords(installation) == made
    assert len(set(vars(made).values())) == 4
    assert all(len(password) >= 32 for password in vars(made).values())
    assert stat.S_IMODE((installation.paths.cluster / "passwords.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("profile", "store", "remedy"), [("cluster", "ledger", "Leave out"), ("embedded", "cluster", "Add")]
)
def test_a_data_folder_belongs_to_one_profile(
    paths: DataPaths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
    store: str,
    remedy: str,
) -> None:
    """With the other profile's ledger, everybody would get the mail again."""
    folder = paths.cluster if store == "cluster" else paths.ledger
    folder.mkdir(parents=True)
    monkeypatch.setenv("TRADEWIND_PROFILE", profile)
    monkeypatch.setattr(demo_shop, "start_all", lambda *_: None)
    assert main(["up"]) == 1
    said = capsys.readouterr().err
    assert remedy in said
    assert "PROFILE=cluster" in said


def test_stray_passwords_do_not_make_an_embedded_folder_a_cluster(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every start of the embedded profile wrote them for a while, and the next command was refused."""
    started: list[str] = []
    monkeypatch.setattr(demo_shop, "start_all", lambda installation, _: started.append(installation.profile))
    paths.ledger.parent.mkdir()
    paths.ledger.touch()
    paths.cluster.mkdir()
    monkeypatch.setenv("TRADEWIND_PROFILE", "cluster")
    assert main(["up"]) == 1
    assert "Leave out PROFILE=cluster" in capsys.readouterr().err
    monkeypatch.setenv("TRADEWIND_PROFILE", "embedded")
    assert main(["up"]) == 0
    assert started == ["embedded"]


def test_each_profile_has_a_data_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIND_DATA", raising=False)
    monkeypatch.setenv("TRADEWIND_PROFILE", "cluster")
    assert paths.data_paths().root == PROJECT / "data-cluster"


@needs_servers
@pytest.mark.postgres
def test_the_servers_require_passwords_and_are_not_root(running_stores: Installation) -> None:
    known = cluster.passwords(running_stores)
    for account in (cluster.AIRFLOW, cluster.TRADEWIND):
        url = f"postgresql://{account}:{vars(known)[account]}@{running_stores.postgresql_address}/{account}"
        with psycopg.connect(url) as connection:
            assert connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(vars(known)[account], "wrong"))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(f"postgresql://airflow:{known.airflow}@{running_stores.postgresql_address}/tradewind")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis("127.0.0.1", running_stores.redis_port).ping()
    for name in stores.NAMES:
        record = processes.read(running_stores.paths.services / f"{name}.pid")
        assert record is not None
        process = psutil.Process(record.pid)
        assert process.uids().real != 0
        assert not any(password in " ".join(process.cmdline()) for password in vars(known).values())
        if os.geteuid() == 0:
            assert process.username() == {"postgresql": "postgres"}.get(name, name)
            assert "AIRFLOW" not in "".join(process.environ())


@needs_servers
@pytest.mark.postgres
def test_the_servers_stop_after_all_others_and_keep_their_data(
    running_stores: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being sent is recorded while the sender ends, in the ledger."""
    password = cluster.passwords(running_stores).tradewind
    url = f"postgresql://tradewind:{password}@{running_stores.postgresql_address}/tradewind"
    with psycopg.connect(url) as connection:
        connection.execute("create table stopped (at timestamptz)")
    source = (
        "import signal, sys, time, psycopg\n"
        "def end(*_):\n"
        "    time.sleep(1)\n"
        "    with psycopg.connect(sys.argv[1]) as connection:\n"
        "        connection.execute('insert into stopped values (now())')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    sender = subprocess.Popen([sys.executable, "-c", source, url], stdout=subprocess.PIPE, start_new_session=True)
    assert sender.stdout is not None
    sender.stdout.readline()
    processes.write(running_stores.paths.services / "worker-1.pid", sender.pid, "")
    launcher.stop_services(running_stores, lambda said: None)
    sender.wait()
    launcher.start_services(running_stores, lambda said: None)
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from stopped").fetchone() == (1,)


def test_a_folder_that_the_servers_cannot_enter_is_named(installation: Installation) -> None:
    installation.paths.root.chmod(0o700)
    with pytest.raises(
        ConfigurationError, match=rf"^{installation.paths.root}: cannot be entered by the account 'postgres'"
    ):
        stores._require_entry(installation.paths.cluster, "postgres")


def test_no_server_runs_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", {}.__getitem__)
    with pytest.raises(ConfigurationError, match="no account 'redis'"):
        stores._account("redis")


def test_a_missing_server_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-server: is not installed\. On Debian: apt-get install such"):
        stores._program("no-such-server", "such")


def test_nodes_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIND_NODE", raising=False)
    assert node.node_name() == os.uname().nodename
    monkeypatch.setenv("TRADEWIND_NODE", "worker-2")
    assert node.node_name() == "worker-2"


@pytest.mark.parametrize(
    ("executor", "command", "imports"),
    [
        ("LocalExecutor", ["scheduler"], 1), ("LocalExecutor", ["dag-processor"], 0), ("CeleryExecutor", ["scheduler"], 0),
        ("CeleryExecutor", ["celery", "worker"], 1),
    ],
)  # fmt: skip
def test_what_forks_the_tasks_imports_the_stages(
    monkeypatch: pytest.MonkeyPatch, executor: str, command: list[str], imports: int
) -> None:
    from include.orchestration import preload

    made = list[bool]()
    monkeypatch.setattr(preload, "import_stages", lambda: made.append(True))
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    monkeypatch.setattr(sys, "argv", ["airflow", *command])
    runpy.run_path(str(PROJECT / "plugins" / "airflow_local_settings.py"))
    assert len(made) == imports


def test_the_stamp_of_a_migrated_database_has_no_password(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(paths, 1, 2, 3, 4)
    paths.services.mkdir()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0))
    url = "postgresql+psycopg://airflow:hush@db.test/airflow"
    launcher.migrate(installation, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}, lambda said: None)
    assert "hush" not in (installation.airflow_home / "migrated").read_text()


@needs_servers
def test_a_broker_that_was_started_again_is_asked_anew(running_stores: Installation) -> None:
    """The probe's kept connection was closed by the server that is gone: no worker answers, and nothing is raised."""
    broker, pid_file = cluster.connections(running_stores)[cluster.BROKER], running_stores.paths.services / "redis.pid"
    assert not cluster.worker_answers("nobody", broker)
    record = processes.read(pid_file)
    assert record is not None
    processes.stop([record])
    launcher.start_services(running_stores, lambda said: None)
    for _ in range(2):
        assert not cluster.worker_answers("nobody", broker)
