"""The nightly check of the consent log: it names the row, keeps its history, and compares with the nights before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update

from include.analyze.consent_check import check_consent
from include.analyze.marts import build_marts
from include.core.errors import ConsentChainBroken
from include.ledger import consent, consent_chain, consent_journal
from include.ledger.consent import TRACKING, Consent
from include.ledger.consent_chain import Head
from include.ledger.stores import Stores
from include.ledger.tables import consent_log
from include.warehouse.connection import open_warehouse


def say(stores: Stores, *people: int) -> None:
    consent.record(stores.ledger, [Consent(f"{each:064x}", TRACKING, True, "page", 1.0) for each in people])


def history(stores: Stores) -> list[tuple[Any, ...]]:
    build_marts(stores, as_of=datetime(2026, 11, 29, tzinfo=UTC))
    with open_warehouse(stores.paths) as warehouse:
        query = "select row_count, last_seq, is_intact, fault from marts.consent_checks order by checked_at"
        return warehouse.execute(query).fetchall()


def test_a_fault_is_in_the_history(stores: Stores) -> None:
    say(stores, 1, 2, 3)
    assert check_consent(stores) == {"rows": 3, "last_seq": 3}
    assert consent_journal.newest(stores.paths) is not None
    with stores.ledger.write() as connection:
        connection.execute(update(consent_log).where(consent_log.c.seq == 2).values(given=0))
    with pytest.raises(ConsentChainBroken, match=r"seq 2: row 2 of the consent log was changed.*consent-chain\.md"):
        check_consent(stores)
    assert history(stores) == [(3, 3, True, None), (1, 1, False, "row 2 of the consent log was changed")]


def test_rows_removed_from_ledger_and_journal_are_found_by_the_check_of_another_night(stores: Stores) -> None:
    say(stores, 1, 2, 3)
    check_consent(stores)
    (stores.paths.spool / consent_journal.NAME).unlink()
    with stores.ledger.write() as connection:
        connection.execute(delete(consent_log).where(consent_log.c.seq == 3))
        last = connection.execute(consent_log.select().where(consent_log.c.seq == 2)).one()
        consent_chain.write_head(connection, Head(2, last.row_hash))
    with pytest.raises(ConsentChainBroken, match=r"row 3 .* removed: the last one is known from an earlier check"):
        check_consent(stores)
    consent_journal.accept(stores.paths, stores.ledger)
    assert check_consent(stores)["rows"] == 2
