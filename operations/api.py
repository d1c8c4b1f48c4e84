"""A client of Airflow's public REST API."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import httpx

from include.core.errors import TradewindError
from include.core.http_client import client
from operations.settings import Installation

TIMEOUT_SECONDS = 20
ATTEMPTS, PAUSE_SECONDS = 6, 1.0
BUSY = "Database error"


class ApiRefused(TradewindError):
    """Airflow answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, what: str, where: str) -> None:
        super().__init__(what, where=where)
        self.status = status

    @property
    def is_busy(self) -> bool:
        """Whether Airflow's database was busy and the request was rolled back, so that it is safe to repeat.

        With SQLite this is normal: the API server writes its audit log on the event loop and waits there for
        another request's transaction, which needs that loop to commit.
        """
        return self.status == 503 or (self.status == 500 and BUSY in str(self))


class AirflowApi:
    """Fetches its token on first use, and again after it has expired."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.airflow_url
        self._password_file = installation.airflow_home / "simple_auth_manager_passwords.json.generated"
        self._token = ""

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._call("GET", path, query=query)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("PATCH", path, body)

    def find(self, path: str) -> dict[str, Any] | None:
        """The resource; None on 404."""
        try:
            return self.get(path)
        except ApiRefused as error:
            if error.status == 404:
                return None
            raise

    def health(self) -> dict[str, Any]:
        """Component states; needs no token. Raises `httpx.HTTPError` while the API server does not answer."""
        with client(TIMEOUT_SECONDS) as http:
            health: dict[str, Any] = http.get(f"{self.url}/api/v2/monitor/health").raise_for_status().json()
        return health

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, query: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._token = self._token or self._fetch_token()
                headers = {"Authorization": f"Bearer {self._token}"}
                return self._send(method, f"{self.url}/api/v2{path}", body, headers=headers, params=query)
            except ApiRefused as error:
                if attempt == ATTEMPTS or not (error.is_busy or error.status == 401):
                    raise
                if error.status == 401:
                    self._token = ""
            except httpx.TransportError:
                if method != "GET" or attempt == ATTEMPTS:
                    raise
            time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def _fetch_token(self) -> str:
        """A token: without a password if everybody is admin, else with the generated password."""
        try:
            return str(self._send("GET", f"{self.url}/auth/token")["access_token"])
        except ApiRefused as error:
            if error.status != 403 or not self._password_file.is_file():
                raise
        name, password = next(iter(json.loads(self._password_file.read_text()).items()))
        answer = self._send("POST", f"{self.url}/auth/token", {"username": name, "password": password})
        return str(answer["access_token"])

    def _send(self, method: str, url: str, body: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        with client(TIMEOUT_SECONDS) as http:
            answer = http.request(method, url, json=body, **options)
        if not answer.is_success:
            raise ApiRefused(answer.status_code, _detail(answer), f"{method} {answer.url.raw_path.decode()}")
        return answer.json() if answer.content else {}


def part(text: str) -> str:
    """`text` as one segment of a URL path."""
    return quote(text, safe="")


def _detail(answer: httpx.Response) -> str:
    """Airflow's description of the error, in one line."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"Airflow answered {answer.status_code}."
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in detail)
    text = detail if isinstance(detail, str) else json.dumps(detail)
    return " ".join(text.split())
