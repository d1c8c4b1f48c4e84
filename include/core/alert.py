"""Alerts for the operator: what happened, what is safe, what to do next, and the runbook page.

Every alert is logged, stored as JSON in `$TRADEWIND_DATA/alerts/`, and posted to the channels of a route. An alert is open
until its cause is over. A failed delivery is logged and never stops the caller. Alerts contain no address, name or key.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from include.core import alert_files, clock, metrics, telemetry
from include.core.alert_channels import Channel
from include.core.paths import DataPaths

log = logging.getLogger(__name__)

REPEAT_INTERVAL = timedelta(hours=1)
"""A repeated alert is not posted again to a channel within this time. It is still logged and stored."""
MAX_CHARACTERS = 3_000
"""The maximum length of a text: chat services accept it, and nine broken segments fit."""
_MASKS = (
    (re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:=]+"), "[address]"),
    (re.compile(r"\bSG\.[\w.-]+"), "[key]"),
)


@dataclass(frozen=True)
class Route:
    """Where alerts go. `runbook_base` is the URL of the folder that contains `docs/`; '' if there is none."""

    channels: tuple[Channel, ...] = ()
    runbook_base: str = ""


NOWHERE = Route()
"""Alerts are logged and stored only."""


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

    def as_json(self, runbook_base: str = "") -> dict[str, Any]:
        """The stored and posted form. `text` holds the whole alert as one message; chat webhooks show that field."""
        values = {name: masked(value) if isinstance(value, str) else value for name, value in asdict(self).items()}
        values["at"] = self.at.isoformat(timespec="seconds")
        url = f"{runbook_base.rstrip('/')}/{self.runbook}" if runbook_base else ""
        page = url or values["runbook"]
        parts = (values["title"], values["happened"], values["safe"], f"Next: {values['next_step']}", page)
        return {**values, "runbook_url": url, "dedup_key": f"tradewind-{self.file_stem}", "text": "\n".join(parts)}

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


def deliver(paths: DataPaths, alert: Alert, route: Route = NOWHERE) -> list[str]:
    """Log, store and post the alert; returns the channels that took it. Raises nothing: the original error matters more.

    A channel that took the same alert within the last hour is left out.
    """
    folder, stem = paths.alerts, alert.file_stem
    content = {**alert.as_json(route.runbook_base), "posted": []}
    level = logging.ERROR if alert.severity == "critical" else logging.WARNING
    log.log(level, "ALERT %s", content["text"].replace("\n", " | "))
    told = alert_files.channels_told(folder, stem, alert.at - REPEAT_INTERVAL)
    alert_files.store(folder, stem, alert.at, content)
    posted = [one.name for one in route.channels if one.name not in told and _took(one, one.fire(content), "posted")]
    if posted:
        alert_files.store(folder, stem, alert.at, {**content, "posted": posted})
    metrics.ALERTS.record(1, kind=alert.kind, severity=alert.severity)
    telemetry.flush()
    alert_files.keep_open(folder, stem, {**content, "posted": posted})
    return posted


def resolve(paths: DataPaths, is_over: Callable[[dict[str, Any]], bool], route: Callable[[], Route]) -> int:
    """Tell the channels of every open alert whose cause is over; returns how many alerts that were.

    An alert stays open for a channel that cannot be told now, and is tried again at the next call. `route` is called only
    if there is something to tell: reading it costs requests to Airflow. Raises nothing.
    """
    over = {path: content for path, content in alert_files.open_alerts(paths.alerts).items() if content and is_over(content)}
    if not over:
        return 0
    known = {channel.name: channel for channel in route().channels}
    for path, content in over.items():
        log.info("the cause of the alert %s is over: %s", content["kind"], content["title"])
        told_before = [known[name] for name in content["posted"] if name in known]
        untold = [one.name for one in told_before if not _took(one, one.resolve(content), "resolved")]
        alert_files.close(path, content, untold)
    return len(over)


def has_failure_alert(paths: DataPaths, dag: str, run: str) -> bool:
    """Whether an alert for a failure in this run was delivered. Alerts for a missed deadline do not count."""
    return any(
        (known.get("dag"), known.get("run")) == (dag, run) and known.get("kind") != "missed-deadline"
        for known in alert_files.stored(paths.alerts)
    )


def _took(channel: Channel, problem: str, action: str) -> bool:
    if problem:
        log.warning("the alert could not be %s by the channel %s: %s", action, channel.name, problem)
    return not problem
