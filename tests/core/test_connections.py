"""Formats of connections: URIs, JSON, Airflow's fields."""

from __future__ import annotations

import pytest

from include.core.connections import SendGridAccount, database_url, ledger_url, sendgrid_account
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths


@pytest.mark.parametrize(
    ("text", "host", "key"),
    [
        ('{"conn_type": "http", "host": "http://127.0.0.1:8082", "password": "SG.x"}', "http://127.0.0.1:8082", "SG.x"),
        (
            '{"conn_type": "http", "host": "https://api.eu.sendgrid.com/", "password": "SG.x"}',
            "https://api.eu.sendgrid.com",
            "SG.x",
        ),
        (
            '{"conn_type": "http", "host": "https://api.sendgrid.com/v3", "password": "SG.x"}',
            "https://api.sendgrid.com",
            "SG.x",
        ),
        ('{"conn_type": "http", "password": "SG.x"}', "https://api.sendgrid.com", "SG.x"),
        ('{"conn_type": "http", "host": "127.0.0.1", "port": 9000, "password": "SG.x"}', "http://127.0.0.1:9000", "SG.x"),
        ("http://:SG.a%2Fb@127.0.0.1:9000", "http://127.0.0.1:9000", "SG.a/b"),
    ],
)
def test_sendgrid_account_formats(text: str, host: str, key: str) -> None:
    assert sendgrid_account(text) == SendGridAccount(host, key)


def test_the_repr_of_an_account_hides_its_key() -> None:
    assert "SG.secret" not in repr(SendGridAccount("https://api.sendgrid.com", "SG.secret"))


@pytest.mark.parametrize("text", ['{"conn_type": "http", "host": "https://api.sendgrid.com"}', "{", "http://api.example"])
def test_an_invalid_account_is_an_error_that_names_the_connection(text: str) -> None:
    with pytest.raises(ConfigurationError, match="sendgrid_default"):
        sendgrid_account(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("postgresql://reader@db.example:5433/shop", "postgresql://reader@db.example:5433/shop"),
        ("postgres://reader@db.example/shop", "postgresql://reader@db.example/shop"),
        ("sqlite:////srv/shop.sqlite", "sqlite:////srv/shop.sqlite"),
        ("file:///srv/export", "file:///srv/export"),
        ('{"conn_type": "postgres", "host": "db", "login": "a@b", "password": "p/w", "schema": "shop", "port": 5433}',
         "postgresql://a%40b:p%2Fw@db:5433/shop"),
        ('{"conn_type": "sqlite", "host": "/srv/shop.sqlite"}', "sqlite:////srv/shop.sqlite"),
        ('{"conn_type": "file", "extra": {"path": "/srv/export"}}', "file:////srv/export"),
    ],
)  # fmt: skip
def test_database_url_formats(text: str, url: str) -> None:
    assert database_url("subscribers_source", text).replace("file:////", "file:///") == url.replace("file:////", "file:///")


def test_the_error_for_an_unsupported_type_names_it() -> None:
    with pytest.raises(ConfigurationError, match="'mysql'"):
        database_url("subscribers_source", '{"conn_type": "mysql", "host": "db"}')


def test_the_ledger_defaults_to_sqlite_in_the_data_folder(paths: DataPaths) -> None:
    assert ledger_url(paths) == f"sqlite:///{paths.ledger}"
    assert ledger_url(paths, "postgresql://t@db/ledger") == "postgresql+psycopg://t@db/ledger"
