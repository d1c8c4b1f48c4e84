"""The servers of the profile `cluster`: PostgreSQL and Redis, from the system's packages, on loopback, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from include.core.durable import write_durably
from include.core.errors import ConfigurationError
from include.core.settings import variable
from operations import cluster
from operations.service import Service
from operations.settings import LOOPBACK, Installation

POSTGRESQL, REDIS = "postgresql", "redis"
NAMES = frozenset({POSTGRESQL, REDIS})
"""They start before all others and stop after them: what is being sent is recorded in the ledger."""
CONNECTIONS = 200
_DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")


def stores(installation: Installation) -> list[Service]:
    """Those that a connection of the environment does not replace."""
    if not installation.is_cluster:
        return []
    found = [postgresql(installation)] if cluster.has_own_postgresql(installation) else []
    return [*found, *([redis(installation)] if cluster.has_own_redis(installation) else [])]


def postgresql(installation: Installation) -> Service:
    """The server of Airflow's metadata, Celery's results and the ledger."""
    options = {"listen_addresses": LOOPBACK, "unix_socket_directories": "", "max_connections": str(CONNECTIONS)}
    return Service(
        POSTGRESQL,
        (
            _program("postgres", "postgresql"), "-D", str(_folder(installation, POSTGRESQL) / "data"),
            "-p", str(installation.postgresql_port),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ),
        lambda since: _accepts(installation),
        installation.postgresql_port,
        variable("postgresql_port"),
        {variable("postgresql_port"): str(installation.postgresql_port)},
        60,
        _account("postgres"),
    )  # fmt: skip


def redis(installation: Installation) -> Service:
    """Celery's broker. It writes each message to disk, at most a second later."""
    return Service(
        REDIS,
        (_program("redis-server", "redis-server", "valkey-server"), str(_folder(installation, REDIS) / "redis.conf")),
        lambda since: _pongs(installation),
        installation.redis_port,
        variable("redis_port"),
        {variable("redis_port"): str(installation.redis_port)},
        60,
        _account("redis"),
    )


def prepare(installation: Installation, wanted: list[Service]) -> None:
    """What the servers need before they start: PostgreSQL's data folder, Redis' configuration."""
    known = cluster.passwords(installation)
    for service in wanted:
        folder = _folder(installation, service.name)
        _require_entry(folder.parent, service.account)
        folder.mkdir(mode=0o700, exist_ok=True)
        _give(folder, service.account)
        if service.name == POSTGRESQL and not (folder / "data" / "PG_VERSION").is_file():
            _initialize(folder, known.postgres, service.account)
        if service.name == REDIS:
            settings = {
                "bind": LOOPBACK, "port": installation.redis_port, "requirepass": known.redis, "dir": folder,
                "appendonly": "yes", "save": '""', "maxmemory-policy": "noeviction",
            }  # fmt: skip
            written = folder / "redis.conf"
            text = "".join(f"{name} {value}\n" for name, value in settings.items())
            write_durably(written, text.encode(), mode=0o600)
            _give(written, service.account)


def create_databases(installation: Installation) -> None:
    """An account and its database for Airflow and for the ledger, unless they are there."""
    import psycopg
    from psycopg import sql

    known = cluster.passwords(installation)
    with psycopg.connect(_administrator(installation), autocommit=True) as connection:
        for name, password in ((cluster.AIRFLOW, known.airflow), (cluster.TRADEWIND, known.tradewind)):
            account = sql.Identifier(name)
            if not connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone():
                statement = sql.SQL("create role {} login password {}")
                connection.execute(statement.format(account, sql.Literal(password)))
            if not connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(account, account))
                connection.execute(sql.SQL("revoke all on database {} from public").format(account))


def _initialize(folder: Path, password: str, account: str | None) -> None:
    """Run initdb: passwords are required, also on loopback, where any user of the machine may connect."""
    shutil.rmtree(folder / "data", ignore_errors=True)  # An earlier initdb was interrupted.
    file = folder / "initial_password"
    write_durably(file, password.encode(), mode=0o600)
    _give(file, account)
    program = _program("initdb", "postgresql")
    command = [program, "-D", str(folder / "data"), "-U", cluster.ADMINISTRATOR, "-A", "scram-sha-256", "-E", "UTF8"]
    command += ["--locale=C.UTF-8", f"--pwfile={file}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder, user=account,
            group=pwd.getpwnam(account).pw_gid if account else None, extra_groups=[] if account else None,
        )  # fmt: skip
    finally:
        file.unlink()
    if done.returncode:
        shutil.rmtree(folder / "data", ignore_errors=True)
        reason = (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]
        raise ConfigurationError("failed.", where=f"{program} -D {folder / 'data'}", remedy=f"It says: {reason}")


def _administrator(installation: Installation) -> str:
    """The connection of the superuser, as psycopg takes it."""
    from psycopg.conninfo import make_conninfo

    password = cluster.passwords(installation).postgres
    return make_conninfo(
        host=LOOPBACK, port=installation.postgresql_port, user=cluster.ADMINISTRATOR, password=password,
        dbname="postgres", connect_timeout=3,
    )  # fmt: skip


def _accepts(installation: Installation) -> bool:
    import psycopg

    try:
        with psycopg.connect(_administrator(installation)) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _pongs(installation: Installation) -> bool:
    import redis as driver

    password = cluster.passwords(installation).redis
    with driver.Redis(LOOPBACK, installation.redis_port, password=password, socket_timeout=3) as connection:
        try:
            return bool(connection.ping())
        except driver.RedisError:
            return False


def _folder(installation: Installation, name: str) -> Path:
    return installation.paths.cluster / name


def _program(name: str, package: str, *alternatives: str) -> str:
    """The path of a program, on the PATH or in Debian's folder of PostgreSQL's. Raises `ConfigurationError`."""
    debian = sorted(_DEBIAN_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), reverse=True)
    found = next(filter(None, map(shutil.which, (name, *alternatives))), None) or next(map(str, debian), None)
    if found is None:
        raise ConfigurationError("is not installed.", where=name, remedy=f"On Debian: apt-get install {package}.")
    return found


def _account(name: str) -> str | None:
    """The account of the distribution's package as whom root starts a server. Raises `ConfigurationError`."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        raise ConfigurationError(
            f"has no account '{name}', and no server runs as root.", where="this machine",
            remedy="Install the distribution's package, or run make as another user than root.",
        ) from None  # fmt: skip


def _require_entry(folder: Path, account: str | None) -> None:
    """Raise `ConfigurationError` if another account cannot reach a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    closed = next((each for each in (folder, *folder.parents) if not each.stat().st_mode & 0o001), None)
    if account and closed:
        raise ConfigurationError(
            f"cannot be entered by the account '{account}'.", where=str(closed),
            remedy=f"chmod o+x {closed}, set TRADEWIND_DATA to another folder, or run make as another user than root.",
        )  # fmt: skip


def _give(path: Path, account: str | None) -> None:
    if account:
        entry = pwd.getpwnam(account)
        os.chown(path, entry.pw_uid, entry.pw_gid)
