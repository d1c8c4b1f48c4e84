"""Append-only log of consent, which is the proof that data protection law requires.

The newest row of an address and topic is the answer in force. A suppression overrides consent (suppressions.py). Each row
carries the hash of the one before (consent_chain.py). Rows are never changed or deleted, also not when a person is erased:
they hold a keyed hash of the address and no address (ADR 110).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, bindparam, func, insert, select, text

from include.core import clock
from include.core.shop import MARKETING, PAUSE, PAUSE_SECONDS, RESERVED, TRACKING, load_shop
from include.ledger import consent_chain, suppressions
from include.ledger.consent_chain import Head
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, consent_wordings
from include.ledger.wording import Wording

__all__ = [
    "MARKETING",
    "PAUSE",
    "TRACKING",
    "Consent",
    "in_force",
    "of_person",
    "paused_until",
    "record",
    "record_unless_suppressed",
]

REPEAT_SECONDS = 60.0
"""The same answer within this time counts as a repeated click."""

_SINCE = (
    select(
        consent_log.c.address_key, consent_log.c.topic, consent_log.c.given, consent_log.c.source, consent_log.c.happened_at
    )
    .where(consent_log.c.seq > bindparam("after"), consent_log.c.happened_at >= bindparam("given_from"))
    .order_by(consent_log.c.seq)
)


@dataclass(frozen=True)
class Consent:
    """One answer and its proof.

    `topic` is one of `RESERVED` or the id of a topic of the shop; `happened_at` is in Unix seconds. `wording` is what the
    person read; `evidence` how they answered (channel, page, button), never an address.
    """

    address_key: str
    topic: str
    given: bool
    source: str
    happened_at: float
    message_key: str | None = None
    wording: Wording | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


def record(ledger: Ledger, answers: Iterable[Consent], *, restored: bool = False) -> int:
    """Append the answers that are new, all in one transaction; return their number.

    Raises `UnknownTopic` for a topic that the shop does not declare, since no campaign would check it. `restored` answers
    were in the log before: their topic may have been removed from the shop's file since, and they do not override a newer
    answer that the ledger has.
    """
    wanted = list(answers)
    if not restored and (topics := {answer.topic for answer in wanted} - set(RESERVED)):
        load_shop().require_topics(sorted(topics), where="consent log")
    with ledger.write() as connection:
        serialise_writers(connection)
        return _append(connection, ledger.chain_key, wanted, newer_only=restored)


def record_unless_suppressed(ledger: Ledger, answer: Consent) -> frozenset[str]:
    """Append the answer unless its address is suppressed; return the suppression reasons. One transaction."""
    with ledger.write() as connection:
        serialise_writers(connection)
        suppressions.lock(connection)
        reasons = suppressions.reasons_of(connection, answer.address_key)
        if not reasons:
            _append(connection, ledger.chain_key, [answer])
    return reasons


def since(connection: Connection, seq: int, at: float) -> list[Consent]:
    """The answers logged after `seq` and given at or after `at` (Unix seconds), in order."""
    return [
        Consent(*row[:2], bool(row[2]), *row[3:]) for row in connection.execute(_SINCE, {"after": seq, "given_from": at})
    ]


def last_seq(connection: Connection) -> int:
    """The last seq in the log; 0 where it is empty."""
    return connection.scalar(select(func.coalesce(func.max(consent_log.c.seq), 0))) or 0


def _append(connection: Connection, key: bytes, wanted: list[Consent], *, newer_only: bool = False) -> int:
    """Append the new answers to the chain: one read and one write of the head, however many there are."""
    current = {key: _current_answers(connection, key) for key in {answer.address_key for answer in wanted}}
    is_new = _is_newer if newer_only else _is_new
    fresh = [answer for answer in wanted if is_new(answer, current[answer.address_key].get(answer.topic))]
    if fresh:
        now = clock.now().timestamp()
        _keep_wordings(connection, {answer.wording for answer in fresh if answer.wording}, now)
        rows = consent_chain.chained(key, consent_chain.next_link(connection), (_row(answer, now) for answer in fresh))
        connection.execute(insert(consent_log), rows)
        consent_chain.write_head(connection, Head(rows[-1]["seq"], rows[-1]["row_hash"]))
    return len(fresh)


def _keep_wordings(connection: Connection, wordings: set[Wording], now: float) -> None:
    table = consent_wordings.c
    known = set(connection.scalars(select(table.wording).where(table.wording.in_([each.version for each in wordings]))))
    missing = [{"wording": each.version, "text": each.text, "first_used_at": now} for each in wordings]
    if fresh := [row for row in missing if row["wording"] not in known]:
        connection.execute(insert(consent_wordings), fresh)


def of_person(ledger: Ledger, address_key: str) -> dict[str, bool]:
    """The answer in force for each topic that the person answered."""
    with ledger.read() as connection:
        return {topic: given for topic, (given, _) in _current_answers(connection, address_key).items()}


def paused_until(ledger: Ledger, address_key: str) -> datetime | None:
    """The end of the person's pause; None if no pause is in force."""
    with ledger.read() as connection:
        given, answered_at = _current_answers(connection, address_key).get(PAUSE, (True, 0.0))
    end = datetime.fromtimestamp(answered_at + PAUSE_SECONDS, UTC)
    return None if given or end <= clock.now() else end


def in_force(connection: Connection) -> pa.Table:
    """All answers in force: columns address_key, topic, given (bool), happened_at. No row where there is no answer."""
    rows = connection.execute(_in_force().execution_options(yield_per=10_000))
    found = [(row.address_key, row.topic, bool(row.given), datetime.fromtimestamp(row.happened_at, UTC)) for row in rows]
    columns = list(zip(*found, strict=True)) or [(), (), (), ()]
    kinds = {"address_key": pa.string(), "topic": pa.string(), "given": pa.bool_(), "happened_at": pa.timestamp("us", "UTC")}
    return pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)})


def _current_answers(connection: Connection, address_key: str) -> dict[str, tuple[bool, float]]:
    """By topic: the answer in force, and when it was given."""
    rows = connection.execute(_in_force().where(consent_log.c.address_key == address_key))
    return {row.topic: (bool(row.given), row.happened_at) for row in rows}


def _is_new(answer: Consent, current: tuple[bool, float] | None) -> bool:
    """Whether an answer must be kept: it differs from the current one, or repeats it later than `REPEAT_SECONDS`.

    A later repetition counts because the person may have answered differently in between, under another address or at the
    source, which this log does not contain.
    """
    if current is None or current[0] != answer.given:
        return True
    return answer.happened_at > current[1] + REPEAT_SECONDS


def _is_newer(answer: Consent, current: tuple[bool, float] | None) -> bool:
    """Whether an answer from a copy must be kept: it is newer than the current one and new; a tie is a refusal."""
    if current is None:
        return True
    if answer.happened_at == current[1]:
        return current[0] and not answer.given
    return answer.happened_at > current[1] and _is_new(answer, current)


def _in_force() -> Select[Any]:
    log = consent_log.c
    newest = select(func.max(log.seq).label("seq")).group_by(log.address_key, log.topic).subquery()
    return select(log.address_key, log.topic, log.given, log.happened_at).join(newest, log.seq == newest.c.seq)


def serialise_writers(connection: Connection) -> None:
    """Allow one writer at a time: the newest row is the last answer, and each row follows the one before it.

    SQLite's `begin immediate` already does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("lock table consent_log in share row exclusive mode"))


def _row(answer: Consent, now: float) -> dict[str, object]:
    return {
        "address_key": answer.address_key,
        "topic": answer.topic,
        "given": int(answer.given),
        "source": answer.source,
        "message_key": answer.message_key,
        "happened_at": float(answer.happened_at),
        "wording": answer.wording.version if answer.wording else None,
        "evidence": json.dumps(dict(answer.evidence), sort_keys=True) if answer.evidence else None,
        "recorded_at": now,
    }
