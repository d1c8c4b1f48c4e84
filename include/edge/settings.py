"""The settings of the edge from its environment, and the two stores that it writes: the spool and the ledger."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from include.core import settings as environment
from include.core.connections import LEDGER, environment_connection, ledger_url
from include.core.paths import DataPaths, data_paths
from include.core.secrets import Secrets, load_secrets
from include.ledger.database import Ledger, open_ledger
from include.sendgrid.signature import parse_public_keys

KEYS_VARIABLE = environment.variable("webhook_keys")
_opening = threading.Lock()


@dataclass(frozen=True)
class Settings:
    """The settings. Without a readable key in `webhook_keys`, no event is accepted."""

    paths: DataPaths
    ledger_text: str | None
    webhook_keys: tuple[EllipticCurvePublicKey, ...]

    @property
    def secrets(self) -> Secrets:
        return _secrets(self.paths)

    @property
    def ledger(self) -> Ledger:
        """Opened on first use and again after a failure, so that the webhook works while the ledger does not."""
        with _opening:
            return _ledger(self.paths, self.ledger_text)


def settings() -> Settings:
    """The current settings. The first use of `secrets` and `ledger` blocks: call those in a thread."""
    return _settings(data_paths(), environment_connection(LEDGER), environment.settings().webhook_keys)


@cache
def _settings(paths: DataPaths, ledger_text: str | None, keys: str) -> Settings:
    return Settings(paths, ledger_text, parse_public_keys(keys))


@cache
def _secrets(paths: DataPaths) -> Secrets:
    return load_secrets(paths)


@cache
def _ledger(paths: DataPaths, text: str | None) -> Ledger:
    return open_ledger(ledger_url(paths, text), _secrets(paths))
