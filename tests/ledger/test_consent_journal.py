"""The copy of the consent log outside of the ledger: what it shows, and what it restores."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from include.core.errors import ConsentChainBroken
from include.core.paths import DataPaths
from include.ledger import consent, consent_chain, consent_journal
from include.ledger.consent import TRACKING, Consent
from include.ledger.consent_chain import Head
from include.ledger.database import Ledger
from include.ledger.tables import consent_log, consent_wordings, ledger_metadata
from include.ledger.wording import Wording

WORDING, LATER = Wording("preferences", "fr", "Ne pas suivre"), Wording("preferences", "fr", "Ne plus suivre")


def say(ledger: Ledger, *people: int, wording: Wording = WORDING) -> None:
    consent.record(ledger, [Consent(f"{each:064x}", TRACKING, True, "page", 1.0, None, wording) for each in people])


def file_of(paths: DataPaths) -> Path:
    return paths.spool / consent_journal.NAME


def rows(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(consent_log).order_by(consent_log.c.seq)).mappings()]


def restore_backup(ledger: Ledger, up_to: int) -> None:
    """The ledger as it was after the row `up_to`."""
    head = Head(up_to, rows(ledger)[up_to - 1]["row_hash"])
    with ledger.write() as connection:
        connection.execute(delete(consent_log).where(consent_log.c.seq > up_to))
        consent_chain.write_head(connection, head)


def test_the_journal_has_each_row_once_and_continues_after_a_torn_line(paths: DataPaths, ledger: Ledger) -> None:
    assert consent_journal.newest(paths) is None
    say(ledger, 1, 2)
    consent_journal.append_new(paths, ledger)
    consent_journal.append_new(paths, ledger)
    with file_of(paths).open("ab") as file:
        file.write(b'\n{"seq": 3, "addr')
    say(ledger, 3)
    consent_journal.append_new(paths, ledger)
    lines = [json.loads(line) for line in file_of(paths).read_bytes().splitlines() if line.endswith(b"}")]
    assert lines == [row | {"wording_text": "Ne pas suivre"} for row in rows(ledger)]
    assert consent_journal.newest(paths) == Head(3, rows(ledger)[2]["row_hash"], "spool/consent.log")


def test_catching_up_is_in_parts_that_fit_into_memory(
    paths: DataPaths, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_journal, "_ROWS", 3)
    say(ledger, *range(1, 9))
    assert consent_journal.catch_up(paths, ledger, at_most=3) == 3
    assert consent_journal.catch_up(paths, ledger) == 5
    assert consent_journal.catch_up(paths, ledger) == 0


def test_concurrent_appends_write_each_row_once_and_in_order(paths: DataPaths, ledger: Ledger) -> None:
    def work(person: int) -> None:
        say(ledger, person)
        consent_journal.append_new(paths, ledger)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(1, 25)))
    found = [json.loads(line)["seq"] for line in file_of(paths).read_bytes().splitlines() if line]
    assert found == list(range(1, 25))


def test_a_full_disk_does_not_fail_the_answer(paths: DataPaths, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    paths.spool.write_text("not a folder")
    say(ledger, 1)
    consent_journal.append_new(paths, ledger)
    assert "could not be appended" in caplog.text


def test_rows_missing_from_a_restored_ledger_are_found_and_replayed_with_their_hashes(
    paths: DataPaths, ledger: Ledger
) -> None:
    say(ledger, 1, 2)
    say(ledger, 3, 4, wording=LATER)
    consent_journal.append_new(paths, ledger)
    before = rows(ledger)
    restore_backup(ledger, 2)
    with ledger.write() as connection:
        connection.execute(delete(consent_wordings).where(consent_wordings.c.wording == LATER.version))
    fault = consent_journal.check(paths, ledger).fault
    assert str(fault).startswith("row 3 of the consent log was removed: rows 3 to 4 are missing")
    assert consent_journal.catch_up(paths, ledger) == 0
    assert consent_journal.replay(paths, ledger) == 2
    assert consent_journal.replay(paths, ledger) == 0
    assert rows(ledger) == before
    assert consent_journal.check(paths, ledger).require_intact().rows == 4


def test_a_ledger_that_got_other_answers_is_accepted_with_a_new_journal(paths: DataPaths, ledger: Ledger) -> None:
    say(ledger, 1, 2, 3, 4)
    consent_journal.append_new(paths, ledger)
    restore_backup(ledger, 2)
    say(ledger, 30, 40, 50)
    consent_journal.append_new(paths, ledger)
    assert consent_journal.replay(paths, ledger) == 0
    assert str(consent_journal.check(paths, ledger).fault).startswith("row 4 of the consent log was replaced")
    assert consent_journal.accepted_at(ledger) == 0
    aside = consent_journal.accept(paths, ledger)
    assert aside
    assert aside.name.startswith("consent.log.4-")
    assert consent_journal.accepted_at(ledger) > 0
    assert consent_journal.check(paths, ledger).require_intact().rows == 5
    assert consent_journal.newest(paths) == Head(5, rows(ledger)[4]["row_hash"], "spool/consent.log")


def test_a_broken_log_is_not_accepted_and_is_rebuilt_from_the_journal(paths: DataPaths, ledger: Ledger) -> None:
    say(ledger, 1, 2, 3, 4)
    consent_journal.append_new(paths, ledger)
    before = rows(ledger)
    with ledger.write() as connection:
        connection.execute(update(consent_log).where(consent_log.c.seq == 2).values(given=0))
        connection.execute(update(consent_wordings).values(text="edited"))
        connection.execute(insert(consent_log).values(before[0] | {"seq": 9}))
    with pytest.raises(ConsentChainBroken, match="row 1 of the consent log was changed"):
        consent_journal.accept(paths, ledger)
    assert consent_journal.rebuild(paths, ledger) == 4
    assert rows(ledger) == before
    consent_journal.check(paths, ledger).require_intact()


@pytest.mark.parametrize("damage", ["edited", "short", "gone"])
def test_a_damaged_journal_replaces_nothing(paths: DataPaths, ledger: Ledger, damage: str) -> None:
    say(ledger, 1, 2, 3, 4)
    consent_journal.append_new(paths, ledger)
    content = file_of(paths).read_bytes()
    lines = content.split(b"\n\n")
    changed = {
        "edited": content.replace(b'"given": 1', b'"given": 0', 2),
        "short": b"\n\n".join(lines[:2]) + b"\n",
        "gone": b"",
    }
    file_of(paths).write_bytes(changed[damage])
    before = rows(ledger)
    with pytest.raises(ConsentChainBroken, match="the journal cannot replace the log"):
        consent_journal.rebuild(paths, ledger)
    assert rows(ledger) == before
    with ledger.read() as connection:
        names = connection.scalars(select(ledger_metadata.c.name)).all()
    assert "consent_head" in names
