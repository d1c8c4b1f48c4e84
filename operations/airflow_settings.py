"""Applies `airflow_settings.yaml`, a file of the Astro CLI, to a running Airflow through its REST API.

Existing pools, connections and variables are not changed, because somebody may have edited them. Connections that the
environment sets are not stored: the environment takes precedence, and they may contain secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml

from include.core.connections import environment_connection
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from operations.api import AirflowApi, part
from operations.settings import Installation

FILE = PROJECT / "airflow_settings.yaml"
_FIELDS = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_schema": "schema",
    "conn_login": "login",
    "conn_port": "port",
}


def apply(installation: Installation) -> list[str]:
    """Create missing pools, connections and variables; returns their names."""
    api, wanted = AirflowApi(installation), load()
    created = [_ensure(api, "pools", pool["name"], pool) for pool in _pools(wanted)]
    created += [_ensure(api, "connections", item["connection_id"], item) for item in _connections(wanted)]
    created += [_ensure(api, "variables", item["key"], item) for item in _variables(wanted)]
    return [name for name in created if name]


def load() -> dict[str, Any]:
    """The file's `airflow` mapping. Raises `ConfigurationError` if it has the wrong format or contains a password."""
    try:
        wanted: dict[str, Any] = (yaml.safe_load(FILE.read_text(encoding="utf-8")) or {})["airflow"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"is not in the Astro CLI's format ({type(error).__name__}).",
            where=FILE.name,
            remedy="Start it with 'airflow:'.",
        ) from None
    if any(item.get("conn_password") for item in wanted.get("connections") or []):
        raise ConfigurationError(
            "contains a password.", where=FILE.name, remedy="Set AIRFLOW_CONN_… in the environment instead."
        )
    return wanted


def _ensure(api: AirflowApi, kind: str, name: str, body: dict[str, Any]) -> str:
    if api.find(f"/{kind}/{part(name)}") is not None:
        return ""
    api.post(f"/{kind}", body)
    return name


def _pools(wanted: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for item in wanted.get("pools") or []:
        yield {"name": item["pool_name"], "slots": item["pool_slot"], "description": item.get("pool_description") or ""}


def _connections(wanted: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for item in wanted.get("connections") or []:
        if environment_connection(item["conn_id"]) is None:
            fields = {ours: item[theirs] for theirs, ours in _FIELDS.items() if item.get(theirs)}
            extra = {"extra": json.dumps(item["conn_extra"])} if item.get("conn_extra") else {}
            yield {"connection_id": item["conn_id"], **fields, **extra}


def _variables(wanted: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for item in wanted.get("variables") or []:
        yield {"key": item["variable_name"], "value": str(item["variable_value"])}
