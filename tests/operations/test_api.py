"""Requests that Airflow rolled back because its database was busy are retried."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from include.core.paths import DataPaths
from operations import api
from operations.api import AirflowApi, ApiRefused
from operations.settings import Installation

ROLLED_BACK = (500, {"detail": {"reason": "Database error", "statement": "hidden", "message": "see ID BOTNitjS"}})
CREATED = (200, {"dag_run_id": "manual__1"})


class Airflow(ThreadingHTTPServer):
    """Returns the configured answers in order, and gives every client a token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, Mapping[str, object]]] = []
        self.requests: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        self._answer(201, {"access_token": "t"}) if self.path == "/auth/token" else self._next()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._next()

    def _next(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self._answer(*self.server.answers.pop(0))

    def _answer(self, status: int, body: Mapping[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    monkeypatch.setattr(api, "PAUSE_SECONDS", 0.01)
    with Airflow() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def client(airflow: Airflow, tmp_path: Path) -> AirflowApi:
    return AirflowApi(Installation(DataPaths(tmp_path), airflow.server_port, 1, 2, 3))


def test_a_rolled_back_request_is_retried(airflow: Airflow, client: AirflowApi) -> None:
    airflow.answers = [ROLLED_BACK, ROLLED_BACK, CREATED]
    assert client.post("/dags/send_x/dagRuns", {}) == CREATED[1]
    assert airflow.requests == ["POST /api/v2/dags/send_x/dagRuns"] * 3


def test_a_database_that_stays_busy_is_an_error(airflow: Airflow, client: AirflowApi) -> None:
    airflow.answers = [ROLLED_BACK] * api.ATTEMPTS
    with pytest.raises(ApiRefused, match="Database error"):
        client.get("/dags")
    assert airflow.answers == []


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_other_errors_are_not_retried(airflow: Airflow, client: AirflowApi, status: int) -> None:
    airflow.answers = [(status, {"detail": "no"}), CREATED]
    with pytest.raises(ApiRefused) as refused:
        client.post("/dags/send_x/dagRuns", {})
    assert refused.value.status == status
    assert airflow.answers == [CREATED]


def test_an_expired_token_is_renewed(airflow: Airflow, client: AirflowApi) -> None:
    airflow.answers = [(401, {"detail": "expired"}), CREATED]
    assert client.post("/dags/send_x/dagRuns", {}) == CREATED[1]
