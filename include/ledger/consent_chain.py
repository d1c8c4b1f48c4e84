"""The hash chain of the consent log: each row carries the hash of the one before, so that no row can be changed unseen.

The hash is keyed (HMAC-SHA256) with a key that is derived from the address key and is not in the database: who can write to
the table cannot continue the chain. The *head*, the last row's number and hash, is in `ledger_metadata` and, outside of the
database, in the consent journal (`consent_journal.py`) and the published file, which shows rows that are missing at the end.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from include.core.errors import ConsentChainBroken
from include.core.keys import AddressSecret, keys_of
from include.ledger.tables import consent_log, consent_wordings, ledger_metadata
from include.ledger.wording import is_version_of

GENESIS = "0" * 64
"""`previous_hash` of the first row."""
HEAD = "consent_head"
HASHED = (
    "previous_hash", "address_key", "topic", "given", "source", "message_key", "happened_at", "wording", "evidence",
    "recorded_at",
)  # fmt: skip
"""What `row_hash` covers, in this order. Not seq: a row that was moved is told from one that was changed."""
PAGE = "docs/runbook/consent-chain.md"
_ROWS = 10_000


@dataclass(frozen=True)
class Head:
    """The last row of the log at some time. `where` names the copy that says so."""

    seq: int
    row_hash: str
    where: str = "ledger_metadata"


@dataclass(frozen=True)
class Fault:
    """The first row that is not as it was recorded. `what`: changed, inserted, moved, removed, replaced."""

    seq: int
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"row {self.seq} of the consent log was {self.what}{f': {self.detail}' if self.detail else ''}"


@dataclass(frozen=True)
class ChainCheck:
    """The result of a check: how many rows were read, the last of them, and the first fault."""

    rows: int
    head: Head
    fault: Fault | None

    def require_intact(self) -> ChainCheck:
        """This result; raises `ConsentChainBroken` with the place and the remedy if there is a fault."""
        if self.fault:
            raise ConsentChainBroken(
                f"{self.fault}.",
                where=f"ledger, table consent_log, seq {self.fault.seq}",
                remedy=f"Nothing was changed. Keep a copy of the ledger and of spool/consent.log, then follow {PAGE}.",
            )
        return self


def chain_key(secret: AddressSecret) -> bytes:
    """The key of the hashes. It does not reveal the address key, so that it can be handed to an auditor."""
    return hmac.new(keys_of(secret)[-1], b"tradewind consent chain", hashlib.sha256).digest()


def row_hash(key: bytes, row: Mapping[str, Any]) -> str:
    """The hash of a row of the log, in hex; its own `row_hash` and `seq` are not read."""
    content = json.dumps([row[name] for name in HASHED], separators=(",", ":"))
    return hmac.new(key, content.encode(), hashlib.sha256).hexdigest()


def chained(key: bytes, head: Head, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with seq and hashes, as they follow `head`. Columns that SQL stores as floats must be floats."""
    linked = []
    seq, previous = head.seq, head.row_hash
    for row in rows:
        seq += 1
        entry = row | {"seq": seq, "previous_hash": previous}
        previous = row_hash(key, entry)
        linked.append(entry | {"row_hash": previous})
    return linked


def stored_head(connection: Connection) -> Head | None:
    """The head in `ledger_metadata`; None before the first row."""
    stored = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == HEAD))
    return Head(**json.loads(stored)) if stored is not None else None


def next_link(connection: Connection) -> Head:
    """What the next row follows: the head or, if that was lost, the last row; seq 0 for an empty log."""
    if head := stored_head(connection):
        return head
    log = consent_log.c
    last = connection.execute(select(log.seq, log.row_hash).order_by(log.seq.desc()).limit(1)).first()
    return Head(last.seq, last.row_hash) if last else Head(0, GENESIS)


def write_head(connection: Connection, head: Head) -> None:
    """Store the head, in the transaction that appends its row."""
    value = json.dumps({"seq": head.seq, "row_hash": head.row_hash})
    delete_head(connection)
    connection.execute(insert(ledger_metadata).values(name=HEAD, value=value))


def delete_head(connection: Connection) -> None:
    """Remove the stored head, before the log is filled anew."""
    connection.execute(delete(ledger_metadata).where(ledger_metadata.c.name == HEAD))


def rows_after(connection: Connection, seq: int, limit: int | None = None) -> Iterator[Row[Any]]:
    """The log's rows after `seq`, in order, without holding them in memory."""
    query = select(consent_log).where(consent_log.c.seq > seq).order_by(consent_log.c.seq).limit(limit)
    yield from connection.execute(query.execution_options(yield_per=_ROWS))


def check(connection: Connection, key: bytes, anchors: Iterable[Head] = ()) -> ChainCheck:
    """Recompute the chain and compare it with its head, with `anchors` (heads recorded earlier), and with the wordings.

    One pass in memory of constant size. `anchors` must have been read before the transaction of `connection` began, since a
    newer one would look like missing rows.
    """
    walk = _Walk(connection, key, anchors)
    fault = walk.first_fault()
    return ChainCheck(walk.rows, walk.last, fault)


class _Walk:
    """One pass over the log."""

    def __init__(self, connection: Connection, key: bytes, anchors: Iterable[Head]) -> None:
        self._connection, self._key = connection, key
        self._anchors: dict[int, list[Head]] = defaultdict(list)
        for anchor in anchors:
            self._anchors[anchor.seq].append(anchor)
        self._wordings = _intact_wordings(connection)
        self._head = stored_head(connection)
        self.rows, self.last = 0, Head(0, GENESIS)

    def first_fault(self) -> Fault | None:
        rows: Iterator[Row[Any] | None] = chain(rows_after(self._connection, 0), [None])
        for row, following in pairwise(rows):
            assert row is not None
            if fault := self._fault_of(row, following):
                return fault
            self.rows, self.last = self.rows + 1, Head(row.seq, row.row_hash)
        return self._fault_at_end()

    def _fault_of(self, row: Row[Any], following: Row[Any] | None) -> Fault | None:
        is_authentic = row_hash(self._key, row._asdict()) == row.row_hash
        if not is_authentic or row.previous_hash != self.last.row_hash:
            return self._classified(row, following, is_authentic=is_authentic)
        for anchor in self._anchors.pop(row.seq, ()):
            if anchor.row_hash != row.row_hash:
                return Fault(row.seq, "replaced", f"{anchor.where} has another hash of it")
        if row.wording is not None and row.wording not in self._wordings:
            return Fault(row.seq, "changed", "the text of its wording in consent_wordings is missing or was changed")
        return None

    def _classified(self, row: Row[Any], following: Row[Any] | None, *, is_authentic: bool) -> Fault:
        """What happened at a row that does not follow the one before it, or whose hash is not that of its content."""
        if not is_authentic:
            next_links = {following.previous_hash} if following else {self._head and self._head.row_hash}
            return Fault(row.seq, "inserted" if self.last.row_hash in next_links else "changed")
        if self._count(row.row_hash) > 1:
            return Fault(row.seq, "inserted", "it is a copy of another row")
        if self._count(row.previous_hash):
            has_gap = row.seq > self.last.seq + 1
            return Fault(self.last.seq + 1, "moved", f"it stands elsewhere{'' if has_gap else ', and another in its place'}")
        return _removed(self.last.seq + 1, row.seq - 1)

    def _count(self, of_hash: str) -> int:
        query = select(func.count()).select_from(consent_log).where(consent_log.c.row_hash == of_hash)
        return self._connection.scalar(query) or 0

    def _fault_at_end(self) -> Fault | None:
        """Compare the last row with the head, and with the anchors that no row matched."""
        heads = [head for group in self._anchors.values() for head in group] + ([self._head] if self._head else [])
        newest = max(heads, key=lambda head: head.seq, default=self.last)
        if newest.seq > self.last.seq:
            return _removed(self.last.seq + 1, newest.seq, f"the last one is known from {newest.where}")
        if self._anchors:
            missing = min(self._anchors)
            return Fault(missing, "removed", f"it is known from {self._anchors[missing][0].where}")
        if self.rows and self._head is None:
            return Fault(self.last.seq + 1, "removed", "ledger_metadata has no head, so rows may be missing")
        if self._head and self._head != self.last:
            return Fault(self._head.seq + 1, "inserted", "the head in ledger_metadata is that of an earlier row")
        return None


def _removed(first: int, last: int, detail: str = "") -> Fault:
    rows = f"rows {first} to {last} are missing" if last > first else ""
    return Fault(first, "removed", "; ".join(filter(None, (rows, detail))))


def _intact_wordings(connection: Connection) -> set[str]:
    """The versions whose text still has the hash in their name."""
    rows = connection.execute(select(consent_wordings.c.wording, consent_wordings.c.text))
    return {row.wording for row in rows if is_version_of(row.wording, row.text)}
