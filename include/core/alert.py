"""Alerts for the operator: what happened, what is safe, what to do next, and the runbook page.

Every alert is logged and stored as JSON in `$TRADEWIND_DATA/alerts/`. If a URL is configured, it is posted there too. A
failed delivery is logged and never stops the caller. Alerts contain no address, name or key.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import orjson

from include.core import clock
from include.core.durable import write_durably
from include.core.errors import ConfigurationError
from include.core.http_client import client, root_cause
from include.core.paths import DataPaths

log = logging.getLogger(__name__)

REPEAT_INTERVAL = timedelta(hours=1)
"""A repeated alert is not posted again within this time. It is still logged and stored."""
RETENTION = timedelta(days=90)
POST_SECONDS = 5.0
MAX_CHARACTERS = 3_000
"""The maximum length of a text: chat services accept it, and nine broken segments fit."""
_MASKS = (
    (re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:=]+"), "[address]"),
    (re.compile(r"\bSG\.[\w.-]+"), "[key]"),
)


@dataclass(frozen=True)
class Alert:
    """`runbook` is a page and heading: `docs/runbook/<page>.md#<heading>`.

    `about` names a run, a plan and provider, and so on. Alerts with equal `kind`, `dag` and `about` within an hour are
    repetitions.
    """

    kind: str
    title: str
    happened: str
    safe: str
    next_step: str
    runbook: str
    severity: Literal["warning", "critical"] = "critical"
    dag: str = ""
    run: str = ""
    task: str = ""
    about: str = ""
    at: datetime = field(default_factory=clock.now)

    def as_json(self) -> dict[str, Any]:
        """The stored and posted form. `text` holds the whole alert as one message; chat webhooks show that field."""
        values = {name: masked(value) if isinstance(value, str) else value for name, value in asdict(self).items()}
        values["at"] = self.at.isoformat(timespec="seconds")
        parts = (values["title"], values["happened"], values["safe"], f"Next: {values['next_step']}", values["runbook"])
        return {**values, "text": "\n".join(parts)}

    @property
    def file_stem(self) -> str:
        """The end of the file's name, equal for repetitions."""
        about = hashlib.sha256("\n".join((self.kind, self.dag, self.about)).encode()).hexdigest()[:8]
        return f"{self.kind}-{about}"


def masked(text: str) -> str:
    """`text`, shortened, without anything that looks like an address or a key.

    Tradewind's errors contain neither; this is a second safeguard.
    """
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 2]} …"


def deliver(paths: DataPaths, alert: Alert, webhook_url: str = "") -> bool:
    """Log, store and post the alert; returns whether it was posted. Raises nothing: the original error matters more.

    A repetition within the last hour is not posted.
    """
    content = {**alert.as_json(), "posted": False}
    level = logging.ERROR if alert.severity == "critical" else logging.WARNING
    log.log(level, "ALERT %s", content["text"].replace("\n", " | "))
    known = _posted_recently(paths.alerts, alert)
    _store(paths.alerts, alert, content)
    if not webhook_url or known:
        return False
    problem = post(webhook_url, content)
    if problem:
        log.warning("the alert could not be posted to alert_webhook_url: %s", problem)
        return False
    _store(paths.alerts, alert, {**content, "posted": True})
    return True


def has_failure_alert(paths: DataPaths, dag: str, run: str) -> bool:
    """Whether an alert for a failure in this run was delivered. Alerts for a missed deadline do not count."""
    for path in paths.alerts.glob("*Z-*.json"):
        known = _read(path)
        if (known.get("dag"), known.get("run")) == (dag, run) and known.get("kind") != "missed-deadline":
            return True
    return False


def post(url: str, content: dict[str, Any]) -> str:
    """POST as JSON, once; returns the problem, '' for none. Never names the URL: chat webhooks are secrets."""
    if not url.startswith(("http://", "https://")):
        return "it is not an http or https URL"
    try:
        body, headers = orjson.dumps(content), {"Content-Type": "application/json"}
        with client(POST_SECONDS) as http, http.stream("POST", url, content=body, headers=headers) as answer:
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ConfigurationError, OSError, ValueError) as error:
        return type(root_cause(error)).__name__  # Unreachable, too slow, not HTTP; the text may hold the URL.


def _posted_recently(folder: Path, alert: Alert) -> bool:
    """Whether the same alert was posted within `REPEAT_INTERVAL`."""
    since = _stamp(alert.at - REPEAT_INTERVAL)
    recent = [path for path in folder.glob(f"*Z-{alert.file_stem}.json") if path.name >= since]
    return any(_read(path).get("posted") for path in recent)


def _read(path: Path) -> dict[str, Any]:
    """A stored alert; empty if it cannot be read."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        log.warning("%s cannot be read", path)
        return {}
    return content if isinstance(content, dict) else {}


def _store(folder: Path, alert: Alert, content: dict[str, Any]) -> None:
    """Store the alert and delete alerts older than `RETENTION`."""
    try:
        name = f"{_stamp(alert.at)}Z-{alert.file_stem}.json"
        write_durably(folder / name, orjson.dumps(content, option=orjson.OPT_INDENT_2))
        before = _stamp(clock.now() - RETENTION)
        for path in folder.glob("*Z-*.json"):
            if path.name < before:
                path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("the alert could not be stored in %s (%s)", folder, error.strerror)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}"
