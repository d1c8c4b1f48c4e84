"""The consent log gets wording, evidence and a hash chain; its rows are kept and chained in their order.

A chained table is made and filled, and replaces the old one: SQLite cannot add NOT NULL columns without a default. Rows that
were missing from an older log cannot be told; the chain proves the rows from here on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from alembic import context, op
from sqlalchemy import BigInteger, Column, Connection, Float, Integer, MetaData, String, Table, Text, insert, select

revision = "0003_consent_chain"
down_revision = "0002_names"

BATCH = 10_000
KEPT = ("seq", "address_key", "topic", "given", "source", "message_key", "happened_at")
_Serial = BigInteger().with_variant(Integer, "sqlite")
before = Table("consent_log_unchained", MetaData(), *(Column(name) for name in KEPT))


def upgrade() -> None:
    """Keep the rows, and give each the hash of the one before it."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("alter index consent_log_pkey rename to consent_log_unchained_pkey")
    op.drop_index("consent_by_address", "consent_log")
    op.rename_table("consent_log", "consent_log_unchained")
    after = _create()
    _copy(connection, after, context.config.attributes["chain_key"])
    op.drop_table("consent_log_unchained")
    op.create_index("consent_by_address", "consent_log", ["address_key"])


def _create() -> Table:
    op.create_table(
        "consent_wordings",
        Column("wording", String(100), primary_key=True, comment="page/locale/hash of the text"),
        Column("text", Text, nullable=False, comment="what the person read, in the language of the page"),
        Column("first_used_at", Float, nullable=False, comment="Unix seconds"),
        comment="The texts by which people were asked for consent, once each.",
    )
    return op.create_table(
        "consent_log",
        Column("seq", _Serial, primary_key=True, autoincrement=False, comment="in commit order: writers are serialised"),
        Column("address_key", String(64), nullable=False),
        Column("topic", String(40), nullable=False, comment="marketing, tracking, or a preference topic"),
        Column("given", Integer, nullable=False),
        Column("source", String(40), nullable=False),
        Column("message_key", String(36)),
        Column("happened_at", Float, nullable=False),
        Column(
            "wording",
            String(100),
            comment="version of what the person read (consent_wordings); null where nothing was shown",
        ),
        Column("evidence", Text, comment="how the answer was given, JSON; null for answers of before the chain"),
        Column("recorded_at", Float, comment="Unix seconds; null for answers of before the chain"),
        Column("previous_hash", String(64), nullable=False, comment="row_hash of the row before; zeros in the first row"),
        Column(
            "row_hash", String(64), nullable=False, comment="HMAC-SHA256 over previous_hash and the other columns but seq"
        ),
        comment="Append-only and hash-chained (consent_chain.py); the head is in ledger_metadata and the journal.",
    )


def _copy(connection: Connection, after: Table, key: bytes) -> None:
    """Copy in batches by seq, so that a large log needs little memory."""
    last: dict[str, Any] = {"seq": 0, "row_hash": "0" * 64}
    query = select(before).order_by(before.c.seq).limit(BATCH)
    while rows := connection.execute(query.where(before.c.seq > last["seq"])).mappings().all():
        linked = []
        for row in rows:
            last = _linked(key, last["row_hash"], dict(row))
            linked.append(last)
        connection.execute(insert(after), linked)
    if last["seq"]:
        head = json.dumps({"seq": last["seq"], "row_hash": last["row_hash"]})
        metadata = Table("ledger_metadata", MetaData(), Column("name", String), Column("value", Text))
        connection.execute(insert(metadata).values(name="consent_head", value=head))


def _linked(key: bytes, previous_hash: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its hashes, as this version computes them (`include.ledger.consent_chain` at the time)."""
    row |= {"wording": None, "evidence": None, "recorded_at": None, "previous_hash": previous_hash}
    hashed = [
        previous_hash, row["address_key"], row["topic"], row["given"], row["source"], row["message_key"],
        row["happened_at"], None, None, None,
    ]  # fmt: skip
    content = json.dumps(hashed, separators=(",", ":"))
    return row | {"row_hash": hmac.new(key, content.encode(), hashlib.sha256).hexdigest()}
