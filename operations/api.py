"""Airflow's public REST API, as far as the launcher needs it."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

from include.core.errors import TradewindError
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
        """Whether Airflow's database refused, and so the request was rolled back: it may be made again.

        With SQLite this happens in normal use: the API server writes its audit log on the event loop, and
        waits there for another request's transaction, which needs that loop to commit.
        """
        return self.status == 503 or (self.status == 500 and BUSY in str(self))


class AirflowApi:
    """One client; fetches its token when first needed and again when it has expired."""

    def __init__(self, place: Installation) -> None:
        self.url = place.airflow_url
        self._password_file = place.airflow_home / "simple_auth_manager_passwords.json.generated"
        self._token = ""

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._call("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("PATCH", path, body)

    def find(self, path: str) -> dict[str, Any] | None:
        """What is there; None on 404."""
        try:
            return self.get(path)
        except ApiRefused as error:
            if error.status == 404:
                return None
            raise

    def health(self) -> dict[str, Any]:
        """Component states; needs no token. Raises `OSError` while nobody answers."""
        with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._token = self._token or self._fetch_token()
                return self._send(method, f"{self.url}/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})
            except ApiRefused as error:
                if attempt == ATTEMPTS or not (error.is_busy or error.status == 401):
                    raise
                if error.status == 401:
                    self._token = ""
            except (OSError, http.client.HTTPException):
                if method != "GET" or attempt == ATTEMPTS:
                    raise
            time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def _fetch_token(self) -> str:
        """A token: without a password where everybody is admin, else with the generated one."""
        try:
            return self._send("GET", f"{self.url}/auth/token")["access_token"]
        except ApiRefused as error:
            if error.status != 403 or not self._password_file.is_file():
                raise
        name, password = next(iter(json.loads(self._password_file.read_text()).items()))
        return self._send("POST", f"{self.url}/auth/token", {"username": name, "password": password})["access_token"]

    def _send(
        self, method: str, url: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310
            url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise ApiRefused(error.code, _detail(error), f"{method} {request.selector}") from None


def part(text: str) -> str:
    """One segment of a URL's path."""
    return quote(text, safe="")


def _detail(error: urllib.error.HTTPError) -> str:
    """What Airflow says is wrong, in one line."""
    try:
        detail = json.loads(error.read())["detail"]
    except (ValueError, KeyError, TypeError):
        return f"Airflow answered {error.code}."
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(str(place) for place in item['loc'][1:])}: {item['msg']}" for item in detail)
    text = detail if isinstance(detail, str) else json.dumps(detail)
    return " ".join(text.split())
