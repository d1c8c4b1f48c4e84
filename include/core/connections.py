"""The three connections, as plain values.

Airflow's format (`AIRFLOW_CONN_<ID>` as URI or JSON) is parsed here without Airflow, because the edge and the launcher need
the connections and do not import it. `include/orchestration/configuration.py` converts a connection stored in Airflow to
the same values.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

from include.core.errors import ConfigurationError
from include.core.paths import DataPaths

SENDGRID, SOURCE, LEDGER = "sendgrid_default", "subscribers_source", "ledger_default"
SENDGRID_HOST = "https://api.sendgrid.com"


@dataclass(frozen=True)
class SendGridAccount:
    """SendGrid's base URL, without a trailing slash, and the API key."""

    host: str
    api_key: str = field(repr=False)


def is_simulator(account: SendGridAccount) -> bool:
    """Whether the account is a simulator: a host on loopback delivers no mail."""
    return is_loopback(account.host)


def is_loopback(host: str) -> bool:
    """Whether a host, or a URL's, is this machine."""
    name = urlsplit(host if "://" in host else f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def environment_connection(connection_id: str) -> str | None:
    """The environment variable of a connection, unparsed; None if it is unset or empty."""
    return os.environ.get(f"AIRFLOW_CONN_{connection_id.upper()}") or None


def sendgrid_account(text: str) -> SendGridAccount:
    """From JSON `{"conn_type", "host", "password"}` or a URI `http://:KEY@host`. Raises `ConfigurationError`."""
    fields = _fields(SENDGRID, text)
    host = str(fields.get("host") or "").rstrip("/") or SENDGRID_HOST
    if "://" not in host:
        scheme = fields.get("schema") or ("http" if fields.get("conn_type") == "http" and fields.get("port") else "https")
        host = f"{scheme}://{host}"
    if fields.get("port") and urlsplit(host).port is None:
        host = f"{host}:{fields['port']}"
    if not fields.get("password"):
        raise ConfigurationError(
            "has no password; it is the API key.",
            where=f"connection {SENDGRID}",
            remedy='Set it: {"conn_type": "http", "host": "https://api.sendgrid.com", "password": "SG.…"}.',
        )
    return SendGridAccount(host.removesuffix("/v3"), str(fields["password"]))


def database_url(connection_id: str, text: str) -> str:
    """One URL for a source or a ledger: `postgresql://…`, `sqlite:////abs/path`, `file:///abs/folder?option=value`.

    Accepts that URL itself, Airflow's URI forms of it (`postgres://`, `file://` with the path as host) and its JSON form.
    """
    text = text.strip()
    if not text.startswith("{"):
        scheme, _, rest = text.partition("://")
        return f"{_SCHEMES.get(scheme, scheme)}://{rest}"
    fields = _fields(connection_id, text)
    return url_of_fields(connection_id, fields)


def url_of_fields(connection_id: str, fields: Mapping[str, object]) -> str:
    """The URL of a connection given by Airflow's fields (conn_type, host, schema, login, password, port, extra)."""
    kind = _SCHEMES.get(str(fields.get("conn_type") or ""), str(fields.get("conn_type") or ""))
    host, schema = str(fields.get("host") or ""), str(fields.get("schema") or "")
    if kind in ("http", "https"):
        return _api_url(fields, host, schema)
    if "://" in host:
        return database_url(connection_id, host)
    extra = _extra(fields)
    if kind in ("sqlite", "file"):
        path = host or schema or str(extra.pop("path", ""))
        options = f"?{urlencode(extra)}" if extra and kind == "file" else ""
        path = path if path.startswith("/") or kind == "sqlite" else str(Path(path).absolute())
        return f"{kind}:///{path.removeprefix('/') if kind == 'file' else path}{options}"
    if kind == "s3":
        options = urlencode({_S3_OPTIONS.get(name, name): value for name, value in extra.items()})
        return f"s3://{_account(fields)}{host}/{schema}{'?' if options else ''}{options}"
    if kind.startswith("postgresql"):
        port = f":{fields['port']}" if fields.get("port") else ""
        return f"{kind}://{_account(fields)}{host}{port}/{schema}"
    raise ConfigurationError(
        f"has the type '{kind}', which is none of postgresql, sqlite, file, s3 and https.",
        where=f"connection {connection_id}",
        remedy="Set it to a URL such as postgresql://user@host/database or file:///folder (docs/data-contract.md).",
    )


def _api_url(fields: Mapping[str, object], host: str, schema: str) -> str:
    """The URL of a connection of Airflow's type http: the host may be a URL, and the schema is http or https."""
    scheme, _, address = host.rpartition("://")
    port = f":{fields['port']}" if fields.get("port") else ""
    extra = _extra(fields)
    return f"{scheme or schema or 'https'}://{_account(fields)}{address}{port}{'?' if extra else ''}{urlencode(extra)}"


def _extra(fields: Mapping[str, object]) -> dict[str, object]:
    """The extra fields of an Airflow connection, which are JSON text or an object."""
    extra = fields.get("extra")
    extra = json.loads(extra) if isinstance(extra, str) and extra else extra
    return dict(extra) if isinstance(extra, dict) else {}


def _account(fields: Mapping[str, object]) -> str:
    """User and password as in a URL: `user:password@`, `user@` or nothing."""
    login, password = quote(str(fields.get("login") or ""), safe=""), quote(str(fields.get("password") or ""), safe="")
    return f"{login}{':' + password if password else ''}@" if login or password else ""


def ledger_url(paths: DataPaths, text: str | None = None) -> str:
    """The ledger's SQLAlchemy URL: `text`, else the environment's, else SQLite in the data folder."""
    text = text or environment_connection(LEDGER)
    if not text:
        return f"sqlite:///{paths.ledger}"
    url = database_url(LEDGER, text)
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


_SCHEMES = {"postgres": "postgresql", "aws": "s3"}
_S3_OPTIONS = {"endpoint_url": "endpoint", "region_name": "region"}  # The names of Airflow's Amazon connection.


def _fields(connection_id: str, text: str) -> dict[str, object]:
    text = text.strip()
    if text.startswith("{"):
        try:
            fields: dict[str, object] = json.loads(text)
        except ValueError:
            raise ConfigurationError("is not JSON.", where=f"connection {connection_id}", remedy="Correct it.") from None
        return fields
    parts = urlsplit(text)
    return {
        "conn_type": parts.scheme,
        "host": f"{parts.scheme}://{parts.hostname}" if parts.hostname else "",
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": parts.path.lstrip("/"),
    }
