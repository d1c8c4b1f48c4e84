"""Replaces every address key in the ledger after a rotation, without an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from include.core.keys import keys_of, rekeyed
from include.core.secrets import Secrets
from include.ledger import consent, consent_chain, suppressions
from include.ledger.consent_chain import GENESIS, Head
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, ledger_metadata, plans, suppression_log, withheld

_ROWS = 10_000


def rekey_ledger(ledger: Ledger, secrets: Secrets, generation: int, manifests: Mapping[str, str]) -> None:
    """Rekey suppressions, consent and withheld addresses from `generation` to that of `secrets`, in one transaction.

    The consent log gets a new chain, since its hashes cover the keys; the caller has checked the old one. `manifests` are
    the new digests of the plans' manifests by plan id. Afterwards the ledger opens with `secrets` only.
    """
    later = keys_of(secrets.address_key)[generation:]
    with ledger.write() as connection:
        consent.serialise_writers(connection)
        suppressions.serialise_writers(connection)
        _rekey_suppressions(connection, later)
        _rekey_withheld(connection, later)
        _rechain(connection, consent_chain.chain_key(secrets.address_key), later)
        for plan_id, digest in manifests.items():
            connection.execute(update(plans).where(plans.c.plan_id == plan_id).values(manifest_sha256=digest))
        name = ledger_metadata.c.name
        connection.execute(update(ledger_metadata).where(name == "address_key").values(value=secrets.fingerprint))


def _rekey_suppressions(connection: Connection, later: Sequence[bytes]) -> None:
    """In batches, so that a long log needs little memory."""
    log, last = suppression_log.c, 0
    statement = update(suppression_log).where(log.seq == bindparam("at")).values(address_key=bindparam("new"))
    query = select(log.seq, log.address_key).order_by(log.seq).limit(_ROWS)
    while rows := connection.execute(query.where(log.seq > last)).all():
        connection.execute(statement, [{"at": row.seq, "new": rekeyed(later, row.address_key)} for row in rows])
        last = rows[-1].seq


def _rekey_withheld(connection: Connection, later: Sequence[bytes]) -> None:
    known = connection.scalars(select(withheld.c.address_key).distinct()).all()
    statement = update(withheld).where(withheld.c.address_key == bindparam("old")).values(address_key=bindparam("new"))
    if known:
        connection.execute(statement, [{"old": key, "new": rekeyed(later, key)} for key in known])


def _rechain(connection: Connection, key: bytes, later: Sequence[bytes]) -> None:
    head = Head(0, GENESIS)
    statement = (
        update(consent_log)
        .where(consent_log.c.seq == bindparam("at"))
        .values(address_key=bindparam("new"), previous_hash=bindparam("link"), row_hash=bindparam("hashed"))
    )
    while rows := [dict(row._mapping) for row in consent_chain.rows_after(connection, head.seq, _ROWS)]:
        changes: list[dict[str, Any]] = []
        for row in rows:
            row |= {"address_key": rekeyed(later, row["address_key"]), "previous_hash": head.row_hash}
            head = Head(row["seq"], consent_chain.row_hash(key, row))
            changes.append(
                {"at": row["seq"], "new": row["address_key"], "link": row["previous_hash"], "hashed": head.row_hash}
            )
        connection.execute(statement, changes)
    if head.seq:
        consent_chain.write_head(connection, head)
