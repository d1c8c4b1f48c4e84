"""The evidence pack of one person: everything that proves what they agreed to, in one file.

A person is a subscriber id with every address that it has ever had. The file has keys and no address or name, so that it
holds nothing to erase; whoever hands it out says whom it is about.
"""

from __future__ import annotations

import json
import secrets as random_source
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Table, select

from include.core import clock
from include.core.durable import write_durably
from include.core.errors import ConfigurationError
from include.core.keys import address_key
from include.ledger import consent_chain, consent_journal, suppressions
from include.ledger.consent_chain import ChainCheck
from include.ledger.stores import Stores
from include.ledger.tables import consent_log, consent_wordings, suppression_log
from include.ledger.wording import is_version_of
from include.warehouse.connection import fetch, open_warehouse

FORMAT = "tradewind evidence 1"
FROM_SOURCE = ("subscribers", "former_consents", "refusals", "eligibility", "messages")
"""The SQL files `evidence_<name>.sql`, each a part of the pack."""
TIMES = ("happened_at", "recorded_at", "first_used_at")
"""Columns of the ledger in Unix seconds, which the file has in ISO 8601."""


@dataclass(frozen=True)
class Pack:
    """The file that was written, how many answers and suppressions are in it, and the result of the chain's check."""

    file: Path
    answers: int
    suppressions: int
    chain: ChainCheck


def write_evidence(stores: Stores, *, email: str | None = None, subscriber_id: str | None = None) -> Pack:
    """Write the pack of the person with this address, now or earlier, or with this id.

    The file is `evidence/<time>-<random>.json` in the data folder, readable by its owner alone (mode 0600). Works for a
    person who was erased too: the ledger keeps their keys. Raises `ConfigurationError` if nothing is known about the person.
    """
    asked = [address_key(stores.secrets.address_key, email)] if email else []
    chain = consent_journal.check(stores.paths, stores.ledger)
    with open_warehouse(stores.paths) as warehouse:
        person = {"address_keys": asked, "subscriber_ids": [subscriber_id] if subscriber_id else []}
        addresses = fetch(warehouse, "privacy", "person", person).to_pylist()
        ids = sorted({row["subscriber_id"] for row in addresses})
        keys = sorted({row["address_key"] for row in addresses} | set(asked))
        source = _from_source(warehouse, ids, keys)
    with stores.ledger.read() as connection:
        answers, suppressed = (_rows(connection, table, keys) for table in (consent_log, suppression_log))
        wordings = _wordings(connection, {row["wording"] for row in answers})
    if not (ids or answers or suppressed):
        raise _nobody()
    pack = {
        "format": FORMAT, "created_at": clock.now(), "subscriber_ids": ids, "addresses": addresses,
        "chain": _chain(chain, stores), "consent": [_placed(row, chain) for row in answers], "wordings": wordings,
        "suppressions": suppressed, "suppressions_in_force": _in_force(stores, keys), **source,
    }  # fmt: skip
    return Pack(_write(stores.paths.evidence, pack), len(answers), len(suppressed), chain)


def _from_source(warehouse: duckdb.DuckDBPyConnection, ids: list[str], keys: list[str]) -> dict[str, list[dict[str, Any]]]:
    params = {"subscriber_ids": ids, "address_keys": keys, "at": clock.now()}
    return {name: fetch(warehouse, "privacy", f"evidence_{name}", params).to_pylist() for name in FROM_SOURCE}


def _rows(connection: Connection, table: Table, keys: Collection[str]) -> list[dict[str, Any]]:
    query = select(table).where(table.c.address_key.in_(keys)).order_by(table.c.seq)
    return [_readable(row) for row in connection.execute(query).mappings()]


def _readable(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row with ISO times. The hash of a consent row covers the Unix seconds, which are kept beside them."""
    times = {name: datetime.fromtimestamp(row[name], UTC) for name in TIMES if row.get(name) is not None}
    return {**row, **times, **{f"{name}_seconds": row[name] for name in times}}


def _placed(row: dict[str, Any], chain: ChainCheck) -> dict[str, Any]:
    """The answer, and whether the check reached its row: then no row before it was changed either."""
    evidence = json.loads(row["evidence"]) if row["evidence"] else None
    return row | {"evidence": evidence, "evidence_as_hashed": row["evidence"], "is_verified": row["seq"] <= chain.head.seq}


def _wordings(connection: Connection, versions: set[str | None]) -> list[dict[str, Any]]:
    query = select(consent_wordings).where(consent_wordings.c.wording.in_(versions - {None}))
    rows = [_readable(row) for row in connection.execute(query).mappings()]
    return [row | {"is_authentic": is_version_of(row["wording"], row["text"])} for row in rows]


def _chain(chain: ChainCheck, stores: Stores) -> dict[str, Any]:
    journal = consent_journal.newest(stores.paths)
    return {
        "rows": chain.rows,
        "head": asdict(chain.head),
        "is_intact": chain.fault is None,
        "fault": str(chain.fault) if chain.fault else None,
        "journal_head": asdict(journal) if journal else None,
        "row_hash_covers": consent_chain.HASHED,
    }


def _in_force(stores: Stores, keys: Collection[str]) -> dict[str, list[str]]:
    return {key: sorted(suppressions.reasons_in_force(stores.ledger, key)) for key in keys}


def _write(folder: Path, pack: Mapping[str, Any]) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{clock.now():%Y%m%dT%H%M%SZ}-{random_source.token_hex(4)}.json"
    content = json.dumps(pack, indent=2, ensure_ascii=False, default=_text)
    write_durably(file, content.encode("utf-8", "surrogatepass"), mode=0o600)
    return file


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _nobody() -> ConfigurationError:
    return ConfigurationError(
        "nothing is known about this person.",
        where="EMAIL or SUBSCRIBER",
        remedy="Nothing was written. Check the spelling; an address that the person had earlier works too.",
    )
