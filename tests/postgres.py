"""A throw-away PostgreSQL server for tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

_CLUSTER = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=40")


def installed() -> bool:
    """Whether PostgreSQL is installed on this machine."""
    return _program("initdb") is not None and _program("postgres") is not None


def fresh_schema(url: str) -> str:
    """Create an empty schema; returns a URL whose search path is that schema. Much cheaper than a database."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create schema {name}")
    return f"{url}?options=-csearch_path%3D{name}"


def _program(name: str) -> str | None:
    """Find a program on the PATH or in Debian's folder of PostgreSQL programs."""
    return shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )


class Server:
    """A server on a free port of 127.0.0.1 that can be stopped and restarted with its data."""

    def __init__(self, settings: tuple[str, ...] = _QUICK) -> None:
        self._chosen = settings
        self._account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="tradewind-postgres-"))
        account = self._account
        if account:
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._identity: dict[str, Any] = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        )
        self._port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        initdb = [_program("initdb") or "initdb", "-D", str(self._folder / "data"), *_CLUSTER]
        subprocess.run(initdb, check=True, capture_output=True, cwd=self._folder, **self._identity)

    def start(self) -> None:
        """Start the server; returns when it accepts connections."""
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", *self._chosen]
        command = [_program("postgres") or "postgres", "-D", str(self._folder / "data"), "-p", str(self._port)]
        command += [part for each in settings for part in ("-c", each)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._identity)
        _wait(self._process, self._port, self._folder / "log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server. SIGINT: a fast shutdown that closes connections and loses nothing. SIGQUIT: immediately."""
        self._process.send_signal(how)
        self._process.wait(30)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def running_server(settings: tuple[str, ...] = _QUICK) -> Iterator[Server]:
    """A server that a test may stop and restart; it is deleted at the end. It syncs nothing, unless told to."""
    server = Server(settings)
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)  # Immediately: the data is deleted anyway.
        server.remove()


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a new server on a free port of 127.0.0.1."""
    with running_server() as server:
        yield server.url


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 120
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
