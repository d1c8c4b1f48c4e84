"""A throw-away PostgreSQL server for tests."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLUSTER = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=40")


def installed() -> bool:
    """Whether a server can be started here."""
    return _program("initdb") is not None and _program("postgres") is not None


def fresh_schema(url: str) -> str:
    """An empty schema on the server of `url`, as a URL that sees nothing else. Much cheaper than a database."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {name}")
    return f"{url}?options=-csearch_path%3D{name}"


def _program(name: str) -> str | None:
    """On the PATH, or where Debian puts the server's programs."""
    return shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on a free port of 127.0.0.1, yield its URL, stop it and remove its files."""
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="tradewind-postgres-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    data, port = folder / "data", _free_port()
    initdb = [
        _program("initdb") or "initdb",
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--locale=C",
    ]
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", *_QUICK]
    command = [
        _program("postgres") or "postgres",
        "-D",
        str(data),
        "-p",
        str(port),
        *(part for each in settings for part in ("-c", each)),
    ]
    try:
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **identity)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **identity)
        try:
            _wait(server, port, folder / "log")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # At once: nobody wants its data.
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: subprocess.Popen, port: int, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
