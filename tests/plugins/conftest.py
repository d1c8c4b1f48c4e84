"""An Airflow API server with the console, users with passwords, and a published sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.core.paths import PROJECT, DataPaths
from include.publish.report import write_report
from tests.ports import free_port
from tests.publish.conftest import published  # noqa: F401  (the fixture)

TIMEOUT_SECONDS = 400


@dataclass(frozen=True)
class Airflow:
    """The URL of the server, and the data folder of the console."""

    url: str
    paths: DataPaths
    token: str

    def get(self, path: str, *, token: str | None = None, cookie: str | None = None) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of a GET; redirects are not followed, so that refusals are visible."""
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if cookie:
            request.add_header("Cookie", f"_token={cookie}")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, dict(response.headers), response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


@pytest.fixture(scope="session")
def airflow(
    tmp_path_factory: pytest.TempPathFactory,
    migrated: Path,
    published: DataPaths,  # noqa: F811
) -> Iterator[Airflow]:
    """`airflow api-server` on a free loopback port, with its own home and database and one viewer (SimpleAuthManager)."""
    write_report(published)
    published.quality.mkdir(exist_ok=True)
    (published.quality / "latest.html").write_text("<!doctype html><title>Quality</title><h1>All valid</h1>")
    _write_previews(published)
    home, port = tmp_path_factory.mktemp("airflow"), free_port()
    shutil.copy(migrated / "airflow.db", home)
    environment = _environment(home, port, published)
    log = (home / "api-server.log").open("wb")
    serve = [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(serve, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/api/v2/version", server, home / "api-server.log")
        yield Airflow(f"http://127.0.0.1:{port}", published, _log_in(port))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _write_previews(paths: DataPaths) -> None:
    """Two previews of a campaign, and a link out of the folder."""
    folder = paths.previews / "spring"
    folder.mkdir(parents=True)
    (folder / "manual-0.html").write_text("<!doctype html><title>Preview: Older</title><h1>Older</h1>")
    os.utime(folder / "manual-0.html", (1_700_000_000, 1_700_000_000))
    (folder / "manual-1.html").write_text("<!doctype html><title>Preview: Spring &amp; more</title><h1>Newest</h1>")
    (folder / "manual-1").mkdir()
    (folder / "manual-1" / "mail-1.png").write_bytes(b"a picture")
    (paths.root / "outside.html").write_text("outside")
    (folder / "leak.html").symlink_to(paths.root / "outside.html")


def _environment(home: Path, port: int, paths: DataPaths) -> dict[str, str]:
    (home / "passwords.json").write_text(json.dumps({"vera": "view"}))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "false",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the test, long enough for HS512 signatures, which want 64 bytes",
        "AIRFLOW_VAR_ACCOUNT_DAILY_CAP": "10",
        "PYTHONPATH": str(PROJECT),
        "TRADEWIND_DATA": str(paths.root),
    }


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"the API server did not answer:\n{log.read_text()[-3000:]}")


def _log_in(port: int) -> str:
    body = json.dumps({"username": "vera", "password": "view"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/auth/token", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["access_token"])
