"""Reads from Airflow where alerts go: two variables and three connections, each of them optional.

- variable `alert_webhook_url`: a URL that takes the whole alert as JSON
- connection `alert_slack`: host and, as password, the secret rest of the URL, as Airflow's Slack connections; or host alone
- connection `alert_pagerduty`: password, the integration key; host, another service that speaks Events API v2
- connection `alert_email`: as Airflow's smtp connections: host, port, login, password, and in extra `from_email`, `to`,
  `disable_ssl`, `disable_tls`
- variable `runbook_url`: the URL of the folder that contains `docs/`, for links to runbook pages
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException

from include.core.alert import Route
from include.core.alert_channels import PAGERDUTY_HOST, Channel, Email, PagerDuty, Slack, Webhook

log = logging.getLogger(__name__)

WEBHOOK_VARIABLE, RUNBOOK_VARIABLE = "alert_webhook_url", "runbook_url"
SLACK, PAGERDUTY, EMAIL = "alert_slack", "alert_pagerduty", "alert_email"
SMTP_PORT, SMTPS_PORT = 587, 465


def alert_route() -> Route:
    """The route as configured now. A part that is missing, invalid or cannot be read is left out, with a warning."""
    return Route(tuple(_channels()), _variable(RUNBOOK_VARIABLE))


def _channels() -> Iterator[Channel]:
    if url := _variable(WEBHOOK_VARIABLE):
        yield Webhook(url)
    for connection_id, read in ((SLACK, _slack), (PAGERDUTY, _pagerduty), (EMAIL, _email)):
        if (found := _connection(connection_id)) is None:
            continue
        try:
            yield read(found)
        except (KeyError, TypeError, ValueError) as error:  # The text of the error may hold a value.
            log.warning("connection %s cannot be used (%s): see docs/observability.md", connection_id, type(error).__name__)


def _slack(found: Connection) -> Slack:
    host = _required(found.host)
    scheme = "" if "://" in host else f"{found.schema or 'https'}://"
    port = f":{found.port}" if found.port else ""
    rest = f"/{found.password.lstrip('/')}" if found.password else ""
    return Slack(f"{scheme}{host.rstrip('/')}{port}{rest}")


def _pagerduty(found: Connection) -> PagerDuty:
    return PagerDuty(_required(found.password), found.host or PAGERDUTY_HOST)


def _email(found: Connection) -> Email:
    extra: Mapping[str, Any] = found.extra_dejson
    uses_ssl = not extra.get("disable_ssl", False)
    return Email(
        _required(found.host), found.port or (SMTPS_PORT if uses_ssl else SMTP_PORT), str(extra["from_email"]),
        tuple(one.strip() for one in str(extra["to"]).split(",")), found.login or "", found.password or "",
        ssl=uses_ssl, starttls=not uses_ssl and not extra.get("disable_tls", False),
    )  # fmt: skip


def _required(value: str | None) -> str:
    if not value:
        raise ValueError("a required field is empty")
    return value


def _variable(name: str) -> str:
    """A variable; '' if it is unset or Airflow does not answer. Alerts are stored in any case."""
    try:
        return str(Variable.get(name, default="") or "").strip()
    except Exception as error:  # noqa: BLE001 - without the route, the alert must still be stored
        log.warning("variable %s could not be read (%s)", name, type(error).__name__)
        return ""


def _connection(connection_id: str) -> Connection | None:
    """A connection; None if it does not exist or Airflow does not answer."""
    try:
        found: Connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    except Exception as error:  # noqa: BLE001 - without the route, the alert must still be stored
        log.warning("connection %s could not be read (%s)", connection_id, type(error).__name__)
        return None
    return found
