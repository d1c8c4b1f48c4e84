"""Opens the ledger of an installation for a command, without Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from include.core.connections import ledger_url
from include.core.errors import ConfigurationError
from include.core.secrets import load_secrets
from include.ledger.database import Ledger, open_ledger
from operations.settings import Installation


def existing_url(installation: Installation) -> str:
    """The URL of the services' ledger. A mistyped data folder is an error and does not create a new one."""
    url = ledger_url(installation.paths)
    if url.startswith("sqlite:///") and not installation.paths.ledger.is_file() and str(installation.paths.ledger) in url:
        raise ConfigurationError(
            "has no ledger.", where=str(installation.paths.root), remedy="Set TRADEWIND_DATA to the data folder."
        )
    return url


@contextmanager
def existing_ledger(installation: Installation) -> Iterator[Ledger]:
    """The existing ledger of the services, open."""
    opened = open_ledger(existing_url(installation), load_secrets(installation.paths))
    try:
        yield opened
    finally:
        opened.close()
