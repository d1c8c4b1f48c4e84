"""The age of the keys: those of address hashes, links and activities, the API key, and the webhook's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from include.audit.result import Evidence, Finding, Result, conclude
from include.core.connections import SendGridAccount
from include.core.keys import keys_of
from include.core.paths import DataPaths
from include.core.secrets import created_at, load_activity_tokens, load_secrets
from include.core.settings import settings
from include.warehouse.connection import fetch, run

MAX_DAYS = 365
"""NIST SP 800-57 part 1 recommends one to two years at most for keys of this use."""
_DIGITS = 16
_SCHEMA = pa.schema(
    [("kind", pa.string()), ("fingerprint", pa.string()), ("created_at", pa.timestamp("us", "UTC"))],
)


@dataclass(frozen=True)
class Key:
    """A key in use: its kind, its fingerprint, and when it was created at the earliest, if that is known."""

    kind: str
    fingerprint: str
    created_at: datetime | None = None


def keys_in_use(paths: DataPaths, account: SendGridAccount, webhook_key: str) -> Iterator[Key]:
    """The keys that sign now; those that are kept for old links and hashes do not count. `webhook_key` may be empty."""
    secrets, created, given = load_secrets(paths), created_at(paths), settings()
    yield _key("address key", keys_of(secrets.address_key)[-1], None if given.address_key else created)
    yield _key("link key", secrets.token_keys[secrets.signing_key_id], None if given.token_keys else created)
    yield _key("activities token", load_activity_tokens(paths)[-1], None if given.activities_token else created)
    yield _key("SendGrid API key", account.api_key.encode())
    if webhook_key:
        yield _key("webhook key", webhook_key.encode())


def check_keys(warehouse: duckdb.DuckDBPyConnection, keys: list[Key], at: datetime) -> Result:
    """Remember the keys, and compare their ages with `MAX_DAYS`."""
    warehouse.register("keys_in_use", pa.Table.from_pylist([asdict(key) for key in keys], schema=_SCHEMA))
    run(warehouse, "audit", "keys_insert", {"at": at})
    run(warehouse, "audit", "keys_update", {"at": at})
    ages = fetch(warehouse, "audit", "key_ages", {"at": at}).to_pylist()
    warehouse.unregister("keys_in_use")
    evidence: dict[str, int | None] = {}
    findings: list[Finding] = []
    for age in ages:
        evidence[f"{age['kind']}: days at least"] = age["at_least"]
        evidence[f"{age['kind']}: days at most"] = age["at_most"]
        if age["at_least"] >= MAX_DAYS:
            findings.append(("warn", f"Renew the {age['kind']}: it is older than a year (docs/runbook/rotate-keys.md)."))
        elif age["at_most"] is None or age["at_most"] >= MAX_DAYS:
            findings.append(("unknown", f"When the {age['kind']} was created is not known; the audit counts from now on."))
    return conclude("key_age", _shown(evidence), findings, fine="Each key is younger than a year.")


def _key(kind: str, key: bytes, created: datetime | None = None) -> Key:
    return Key(kind, hashlib.sha256(f"tradewind {kind}\0".encode() + key).hexdigest()[:_DIGITS], created)


def _shown(evidence: dict[str, int | None]) -> Evidence:
    """Without the ages that are not known."""
    return {name: days for name, days in evidence.items() if days is not None}
