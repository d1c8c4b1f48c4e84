"""Reads Airflow's connections and variables into plain values.

Heavy modules are imported inside functions, because Airflow imports this module whenever it parses the DAG files.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.core.errors import ConfigurationError
from include.core.settings import settings

if TYPE_CHECKING:
    from include.core.connections import SendGridAccount
    from include.core.pace import AccountPace
    from include.core.paths import DataPaths
    from include.core.secrets import Secrets
    from include.extract.combination import Combination
    from include.ledger.stores import Stores
    from include.publish.place import Place

log = logging.getLogger(__name__)

EDGE_URL_VARIABLE, EDGE_URL = "edge_public_url", "https://mail.tradewind.example"
OVERLAP_VARIABLE, OVERLAP_MINUTES = "extract_overlap_minutes", 60


def paths() -> DataPaths:
    """The data folder."""
    from include.core.paths import data_paths

    return data_paths()


def account_pace() -> AccountPace:
    """The account's rate limits, from Airflow variables. Raises `ConfigurationError` for an invalid value."""
    from include.core.pace import account_pace

    return account_pace(lambda name: _variable(name, ""))


def account_pace_if_known() -> AccountPace | None:
    """The account's rate limits, for a page; None if a variable is invalid or Airflow does not answer."""
    try:
        return account_pace()
    except Exception as error:  # noqa: BLE001 - the page says that the limits are missing
        log.warning("the account's limits could not be read (%s)", type(error).__name__)
        return None


def has_email_activity() -> bool:
    """Whether the account has the Email Activity API: the variable `email_activity` is 'on'."""
    return str(_variable("email_activity", "")).strip().lower() == "on"


def has_anonymous_admins() -> bool:
    """Whether Airflow's simple auth manager makes everybody an administrator without logging in."""
    from airflow.configuration import conf

    simple = str(conf.get("core", "auth_manager", fallback="")).endswith("SimpleAuthManager")
    return simple and conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False)


def secrets() -> Secrets:
    """The keys of the address hash and of the unsubscribe links."""
    from include.core.secrets import load_secrets

    return load_secrets(paths())


@contextmanager
def stores() -> Iterator[Stores]:
    """The data folder, the open ledger and the keys. The ledger is closed when the context ends.

    The connection of the ledger is read only from the environment, because the edge cannot read Airflow's connections: if
    edge and tasks used different ledgers, unsubscribes at the edge would have no effect.
    """
    from include.core.connections import LEDGER, environment_connection, ledger_url
    from include.ledger.database import open_ledger
    from include.ledger.stores import Stores

    stored = None if environment_connection(LEDGER) else _stored(LEDGER)
    if stored and _resolved(LEDGER, stored) != ledger_url(paths()):
        raise ConfigurationError(
            "is set in Airflow, where the edge cannot see it.",
            where=f"connection {LEDGER}",
            remedy=f"Set AIRFLOW_CONN_{LEDGER.upper()} in the environment of every service, and delete the stored one.",
        )
    folder, keys = paths(), secrets()
    ledger = open_ledger(ledger_url(folder), keys)
    try:
        yield Stores(folder, ledger, keys)
    finally:
        ledger.close()


def source() -> str | Combination:
    """Where subscribers come from: several sources if `$TRADEWIND_SOURCES` names them, else one URL."""
    from include.extract.combination import combination

    return combination(connection_url) or source_url()


def source_url() -> str:
    """The URL of the connection `subscribers_source`."""
    from include.core.connections import SOURCE

    return connection_url(SOURCE)


def connection_url(connection_id: str) -> str:
    """The URL of a source's connection: the environment's, else Airflow's; without either, the demo shop's for the first.

    Raises `ConfigurationError` for another connection that is in neither.
    """
    from include.core.connections import SOURCE, database_url, environment_connection

    text = environment_connection(connection_id)
    if text:
        return database_url(connection_id, text)
    if stored := _stored(connection_id):
        return _resolved(connection_id, stored)
    if connection_id == SOURCE:
        return f"sqlite:///{paths().demo / 'shop.sqlite'}"
    raise ConfigurationError(
        "does not exist.", where=f"connection {connection_id}",
        remedy=f"Create it in Airflow or set AIRFLOW_CONN_{connection_id.upper()}.",
    )  # fmt: skip


def place() -> Place | None:
    """The place that published builds are copied to: the connection `published_builds`; None without it."""
    from include.core.connections import database_url, environment_connection
    from include.publish.place import PLACE, open_place

    if text := environment_connection(PLACE):
        return open_place(database_url(PLACE, text))
    stored = _stored(PLACE)
    return open_place(_resolved(PLACE, stored)) if stored else None


def account() -> SendGridAccount:
    """The SendGrid account. Without an API key, the simulator is used and a warning is logged."""
    from include.core.connections import SENDGRID, environment_connection, is_loopback, sendgrid_account

    text = environment_connection(SENDGRID)
    if text:
        return sendgrid_account(text)
    stored = _stored(SENDGRID) or {}
    host = str(stored.get("host") or "")
    if stored.get("password"):
        return sendgrid_account(_as_json(stored))
    if host and not is_loopback(host):
        return sendgrid_account(_as_json(stored))
    return _simulator()


def edge_url() -> str:
    """The base URL of unsubscribe and preference links. If unset, a placeholder that is refused except with a simulator."""
    return str(_variable(EDGE_URL_VARIABLE, EDGE_URL) or EDGE_URL).strip().rstrip("/")


def extract_overlap() -> timedelta:
    """How long before the watermark an incremental extraction starts."""
    return timedelta(minutes=float(_variable(OVERLAP_VARIABLE, OVERLAP_MINUTES)))


def _simulator() -> SendGridAccount:
    from include.core.connections import SendGridAccount

    port = settings().simulator_port
    log.warning("NO SENDGRID KEY IS SET: mail goes only to the simulator on 127.0.0.1:%s", port)
    return SendGridAccount(f"http://127.0.0.1:{port}", "SG.simulator")


def _stored(connection_id: str) -> dict[str, Any] | None:
    """The fields of a connection in Airflow; None if it does not exist."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    names = ("conn_type", "host", "schema", "login", "password", "port", "extra")
    return {name: getattr(found, name, None) for name in names}


def _resolved(connection_id: str, fields: Mapping[str, Any]) -> str:
    """A stored connection as a URL; a relative path of SQLite is relative to the data folder."""
    from include.core.connections import url_of_fields

    url = url_of_fields(connection_id, fields)
    prefix, _, path = url.partition(":///")
    return f"sqlite:///{paths().root / path}" if prefix == "sqlite" and not path.startswith("/") else url


def _as_json(fields: Mapping[str, Any]) -> str:
    import json

    return json.dumps({name: value for name, value in fields.items() if value and name != "extra"})


def _variable(name: str, default: Any) -> Any:
    from airflow.sdk import Variable

    return Variable.get(name, default=default)
