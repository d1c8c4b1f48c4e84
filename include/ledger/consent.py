"""What people consented to, as an append-only log: the proof that data protection law asks for.

The newest row of an address and topic is the answer in force. Suppression beats consent: see suppressions.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, bindparam, func, insert, select, text

from include.core.shop import MARKETING, TRACKING, load_shop
from include.ledger import suppressions
from include.ledger.database import Ledger
from include.ledger.tables import consent_log

__all__ = ["MARKETING", "TRACKING", "Consent", "in_force", "of_person", "record", "record_unless_suppressed"]

SAME_PRESS_SECONDS = 60.0
"""The same answer again within so long is a second press of the same button."""

_SINCE = (
    select(
        consent_log.c.address_key, consent_log.c.topic, consent_log.c.given, consent_log.c.source, consent_log.c.happened_at
    )
    .where(consent_log.c.seq > bindparam("after"), consent_log.c.happened_at >= bindparam("given_from"))
    .order_by(consent_log.c.seq)
)


@dataclass(frozen=True)
class Consent:
    """One answer. `topic` is marketing, tracking or the id of a topic of the shop; `happened_at` in Unix seconds."""

    address_key: str
    topic: str
    given: bool
    source: str
    happened_at: float
    message_key: str | None = None


def record(ledger: Ledger, answers: Iterable[Consent], *, restored: bool = False) -> int:
    """Append the answers that are news; returns how many were. All of them or none.

    Raises `UnknownTopic` for an answer about a topic that the shop does not declare: no campaign would ever ask for it.
    `restored` answers were in the log before; their topic may have been removed from the shop's file since.
    """
    wanted = list(answers)
    if not restored and (topics := {answer.topic for answer in wanted} - {MARKETING, TRACKING}):
        load_shop().require_topics(sorted(topics), where="consent log")
    with ledger.write() as connection:
        _serialise_writers(connection)
        return _append(connection, wanted)


def record_unless_suppressed(ledger: Ledger, answer: Consent) -> frozenset[str]:
    """Append the answer where nothing suppresses its address; else change nothing and return why. One transaction."""
    with ledger.write() as connection:
        _serialise_writers(connection)
        suppressions.lock(connection)
        reasons = suppressions.reasons_of(connection, answer.address_key)
        if not reasons:
            _append(connection, [answer])
    return reasons


def since(connection: Connection, seq: int, at: float) -> list[Consent]:
    """The answers that were logged after `seq` and given from `at` on (Unix seconds), in order."""
    return [
        Consent(*row[:2], bool(row[2]), *row[3:]) for row in connection.execute(_SINCE, {"after": seq, "given_from": at})
    ]


def last_seq(connection: Connection) -> int:
    """The last seq in the log; 0 where it is empty."""
    return connection.scalar(select(func.coalesce(func.max(consent_log.c.seq), 0))) or 0


def _append(connection: Connection, wanted: list[Consent]) -> int:
    standing = {key: _standing(connection, key) for key in {answer.address_key for answer in wanted}}
    fresh = [answer for answer in wanted if _is_news(answer, standing[answer.address_key].get(answer.topic))]
    if fresh:
        connection.execute(insert(consent_log), [_row(answer) for answer in fresh])
    return len(fresh)


def of_person(ledger: Ledger, address_key: str) -> dict[str, bool]:
    """Every topic that the person ever answered, with the answer in force."""
    with ledger.read() as connection:
        return _answers(connection, address_key)


def in_force(connection: Connection) -> pa.Table:
    """Everybody's answers in force: columns address_key, topic, given (bool), happened_at. Not answered, no row."""
    rows = connection.execution_options(yield_per=10_000).execute(_in_force())
    found = [(row.address_key, row.topic, bool(row.given), datetime.fromtimestamp(row.happened_at, UTC)) for row in rows]
    columns = list(zip(*found, strict=True)) or [(), (), (), ()]
    kinds = {"address_key": pa.string(), "topic": pa.string(), "given": pa.bool_(), "happened_at": pa.timestamp("us", "UTC")}
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)})


def _answers(connection: Connection, address_key: str) -> dict[str, bool]:
    return {topic: given for topic, (given, _) in _standing(connection, address_key).items()}


def _standing(connection: Connection, address_key: str) -> dict[str, tuple[bool, float]]:
    """By topic: the answer in force, and when it was given."""
    rows = connection.execute(_in_force().where(consent_log.c.address_key == address_key))
    return {row.topic: (bool(row.given), row.happened_at) for row in rows}


def _is_news(answer: Consent, standing: tuple[bool, float] | None) -> bool:
    """Whether it must be kept: another answer than before, or the same again, given later.

    The same again counts, because the person may have answered otherwise meanwhile under another address of theirs, or at
    the source, which this log does not know of. A second press of a button does not.
    """
    if standing is None or standing[0] != answer.given:
        return True
    return answer.happened_at > standing[1] + SAME_PRESS_SECONDS


def _in_force() -> Select[Any]:
    log = consent_log.c
    newest = select(func.max(log.seq).label("seq")).group_by(log.address_key, log.topic).subquery()
    return select(log.address_key, log.topic, log.given, log.happened_at).join(newest, log.seq == newest.c.seq)


def _serialise_writers(connection: Connection) -> None:
    """One writer at a time, so that the newest row is the last answer. SQLite's `begin immediate` does it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table consent_log in share row exclusive mode"))


def _row(answer: Consent) -> dict[str, object]:
    return {
        "address_key": answer.address_key,
        "topic": answer.topic,
        "given": int(answer.given),
        "source": answer.source,
        "message_key": answer.message_key,
        "happened_at": answer.happened_at,
    }
