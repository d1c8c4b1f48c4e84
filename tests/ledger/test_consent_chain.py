"""The hash chain of the consent log: every change of a row is found, and the check names the row. On both databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, event, insert, select, text, update

from include.core.errors import ConsentChainBroken, may_retry
from include.ledger import consent, consent_chain
from include.ledger.consent import TRACKING, Consent
from include.ledger.consent_chain import GENESIS, HASHED, ChainCheck, Fault, Head
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, consent_wordings
from include.ledger.wording import Wording

LOG = consent_log.c
WORDING = Wording("confirm", "en", "Do you want our mail?")
EVIDENCE = {"channel": "web", "page": "/confirm"}
ROWS = 12
FORGED = {
    "address_key": "f" * 64, "topic": "news", "given": 1, "source": "form", "happened_at": 5.0, "recorded_at": 6.0,
    "row_hash": "e" * 64,
}  # fmt: skip
Tampering = Callable[[Connection], object]


def answer(person: int, *, given: bool = True, at: float = 1.5) -> Consent:
    return Consent(f"{person:064x}", TRACKING, given, "double_opt_in", at, "message", WORDING, EVIDENCE)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A log of twelve rows, appended in transactions of one and of several."""
    consent.record(ledger, [answer(1)])
    consent.record(ledger, [answer(person) for person in range(2, ROWS)])
    consent.record_unless_suppressed(ledger, answer(ROWS))
    return ledger


def check(ledger: Ledger, *anchors: Head) -> ChainCheck:
    with ledger.read() as connection:
        return consent_chain.check(connection, ledger.chain_key, anchors)


def row(connection: Connection, seq: int) -> dict[str, Any]:
    return dict(connection.execute(select(consent_log).where(LOG.seq == seq)).mappings().one())


def head(ledger: Ledger) -> Head:
    with ledger.read() as connection:
        return consent_chain.next_link(connection)


def change(seq: int, **values: Any) -> Tampering:
    return lambda connection: connection.execute(update(consent_log).where(LOG.seq == seq).values(values))


def remove(first: int, last: int) -> Tampering:
    return lambda connection: connection.execute(delete(consent_log).where(LOG.seq.between(first, last)))


def make_room(connection: Connection, at: int) -> None:
    """Shift the rows from `at` on by one place."""
    connection.execute(text("update consent_log set seq = -seq where seq >= :at"), {"at": at})
    connection.execute(text("update consent_log set seq = 1 - seq where seq < 0"))


def insert_forged(connection: Connection) -> None:
    make_room(connection, 6)
    linked = FORGED | {"seq": 6, "previous_hash": row(connection, 5)["row_hash"]}
    connection.execute(insert(consent_log).values(linked))


def insert_copy(connection: Connection) -> None:
    make_room(connection, 6)
    connection.execute(insert(consent_log).values(row(connection, 3) | {"seq": 6}))


def append_forged(connection: Connection) -> None:
    linked = FORGED | {"seq": ROWS + 1, "previous_hash": row(connection, ROWS)["row_hash"]}
    connection.execute(insert(consent_log).values(linked))


def swap(connection: Connection) -> None:
    connection.execute(text("update consent_log set seq = -5 where seq = 5"))
    connection.execute(text("update consent_log set seq = 5 where seq = 6"))
    connection.execute(text("update consent_log set seq = 6 where seq = -5"))


def move_to_the_end(connection: Connection) -> None:
    connection.execute(text(f"update consent_log set seq = {ROWS + 1} where seq = 5"))


def remove_and_renumber(connection: Connection) -> None:
    connection.execute(delete(consent_log).where(LOG.seq == 5))
    connection.execute(text("update consent_log set seq = -seq where seq > 5"))
    connection.execute(text("update consent_log set seq = -seq - 1 where seq < 0"))


def edit_with_a_plain_hash(connection: Connection) -> None:
    """As somebody would who knows the code and not the key."""
    edited = row(connection, 5) | {"given": 0}
    content = json.dumps([edited[name] for name in HASHED], separators=(",", ":"))
    change(5, given=0, row_hash=hashlib.sha256(content.encode()).hexdigest())(connection)


CHANGES: dict[str, tuple[Tampering, Fault]] = {
    "edited with a plain hash": (edit_with_a_plain_hash, Fault(5, "changed")),
    "first row edited": (change(1, given=0), Fault(1, "changed")),
    "last row edited": (change(ROWS, given=0), Fault(ROWS, "changed")),
    "hash edited": (change(5, row_hash="0" * 64), Fault(5, "changed")),
    "first row removed": (remove(1, 1), Fault(1, "removed")),
    "row removed": (remove(5, 5), Fault(5, "removed")),
    "rows removed": (remove(5, 7), Fault(5, "removed", "rows 5 to 7 are missing")),
    "row removed and others renumbered": (remove_and_renumber, Fault(5, "removed")),
    "row inserted": (insert_forged, Fault(6, "inserted")),
    "copy inserted": (insert_copy, Fault(6, "inserted", "it is a copy of another row")),
    "row appended": (append_forged, Fault(ROWS + 1, "inserted")),
    "rows swapped": (swap, Fault(5, "moved", "it stands elsewhere, and another in its place")),
    "row moved to the end": (move_to_the_end, Fault(5, "moved", "it stands elsewhere")),
    "last row removed": (remove(12, 12), Fault(12, "removed", "the last one is known from ledger_metadata")),
    "last rows removed": (
        remove(11, 12),
        Fault(11, "removed", "rows 11 to 12 are missing; the last one is known from ledger_metadata"),
    ),
    "all rows removed": (
        remove(1, 12),
        Fault(1, "removed", "rows 1 to 12 are missing; the last one is known from ledger_metadata"),
    ),
}


def fault_after(ledger: Ledger, tamper: Tampering) -> ChainCheck:
    """What the check finds in a transaction that is rolled back."""
    with ledger.engine.connect().execution_options(tradewind_writes=True, tradewind_waits=True) as connection:
        tamper(connection)
        found = consent_chain.check(connection, ledger.chain_key)
        connection.rollback()
    return found


def test_the_check_names_the_first_row_that_was_changed(filled: Ledger) -> None:
    assert check(filled) == ChainCheck(ROWS, head(filled), None)
    for name, (tamper, fault) in CHANGES.items():
        found = fault_after(filled, tamper)
        assert found.fault == fault, name
        assert (found.rows, found.head.seq) == (fault.seq - 1, fault.seq - 1), name
        where = rf"seq {fault.seq}: row {fault.seq} of the consent log was {fault.what}"
        with pytest.raises(ConsentChainBroken, match=where) as error:
            found.require_intact()
        assert "docs/runbook/consent-chain.md" in error.value.remedy
        assert not may_retry(error.value)


def test_every_column_is_covered(filled: Ledger) -> None:
    numbers = {"given": 0, "happened_at": 1.75, "recorded_at": 9.0}
    for column in (*HASHED, "row_hash"):
        found = fault_after(filled, change(5, **{column: numbers.get(column, "other")}))
        assert found.fault == Fault(5, "changed"), column


def test_rows_appended_after_a_removal_do_not_hide_it(filled: Ledger) -> None:
    with filled.write() as connection:
        remove(11, 12)(connection)
    consent.record(filled, [answer(20)])
    assert check(filled).fault == Fault(11, "removed", "rows 11 to 12 are missing")


def test_a_head_that_was_set_back_is_found_by_one_recorded_elsewhere(filled: Ledger) -> None:
    elsewhere = Head(ROWS, head(filled).row_hash, "spool/consent.log")
    with filled.write() as connection:
        remove(11, 12)(connection)
        consent_chain.write_head(connection, Head(10, row(connection, 10)["row_hash"]))
    assert check(filled).fault is None
    found = check(filled, elsewhere).fault
    assert found == Fault(11, "removed", "rows 11 to 12 are missing; the last one is known from spool/consent.log")


def test_a_head_that_is_missing_or_older_is_found(filled: Ledger) -> None:
    with filled.write() as connection:
        consent_chain.write_head(connection, Head(10, row(connection, 10)["row_hash"]))
    assert check(filled).fault == Fault(11, "inserted", "the head in ledger_metadata is that of an earlier row")
    with filled.write() as connection:
        consent_chain.delete_head(connection)
    assert check(filled).fault == Fault(ROWS + 1, "removed", "ledger_metadata has no head, so rows may be missing")


def test_a_log_written_anew_with_the_key_is_found_by_a_head_recorded_elsewhere(filled: Ledger) -> None:
    elsewhere = [Head(4, "a" * 64, "there"), Head(8, "b" * 64, "there")]
    with filled.read() as connection:
        elsewhere[0] = Head(4, row(connection, 4)["row_hash"], "there")
    assert check(filled, *elsewhere).fault == Fault(8, "replaced", "there has another hash of it")
    assert check(filled, elsewhere[0]).fault is None


def test_a_number_that_no_row_has_any_more_is_found_by_a_head_recorded_elsewhere(filled: Ledger) -> None:
    elsewhere = Head(ROWS, head(filled).row_hash, "there")
    with filled.write() as connection:
        connection.execute(update(consent_log).where(LOG.seq == ROWS).values(seq=ROWS + 1))
        consent_chain.write_head(connection, Head(ROWS + 1, elsewhere.row_hash))
    assert check(filled).fault is None
    assert check(filled, elsewhere).fault == Fault(ROWS, "removed", "it is known from there")


def test_a_text_that_was_edited_is_found(filled: Ledger) -> None:
    assert WORDING.version.startswith("confirm/en/")
    with filled.write() as connection:
        assert connection.execute(select(consent_wordings.c.wording, consent_wordings.c.text)).all() == [
            (WORDING.version, WORDING.text)
        ]
        connection.execute(update(consent_wordings).values(text="Do you want all our mail?"))
    found = check(filled).fault
    assert found == Fault(1, "changed", "the text of its wording in consent_wordings is missing or was changed")


def test_another_key_does_not_verify_the_chain(filled: Ledger) -> None:
    with filled.read() as connection:
        assert consent_chain.check(connection, consent_chain.chain_key(b"other")).fault == Fault(1, "changed")


def test_empty_log_is_intact_unless_a_head_is_known(ledger: Ledger) -> None:
    assert check(ledger) == ChainCheck(0, Head(0, GENESIS), None)
    assert check(ledger, Head(1, "a" * 64)).fault == Fault(1, "removed", "the last one is known from ledger_metadata")


def test_concurrent_writers_append_one_chain(ledger: Ledger) -> None:
    def work(writer: int) -> None:
        for number in range(6):
            consent.record(ledger, [answer(100 * writer + number), answer(100 * writer + 50 + number)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(1, 5)))
    assert check(ledger) == ChainCheck(48, head(ledger), None)
    assert head(ledger).seq == 48


def test_a_transaction_reads_and_writes_the_head_once(ledger: Ledger) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert consent.record(ledger, [answer(person) for person in range(200)]) == 200
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert sum("ledger_metadata" in statement for statement in statements) == 3
    assert sum(statement.startswith("INSERT INTO consent_log") for statement in statements) <= 2


def test_rolled_back_answers_leave_no_gap(filled: Ledger) -> None:
    with suppress(KeyError), filled.together():
        consent.record(filled, [answer(30)])
        raise KeyError
    consent.record(filled, [answer(31)])
    assert head(filled).seq == ROWS + 1
    assert check(filled).fault is None
