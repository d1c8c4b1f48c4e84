"""`make consent`: check, restore and accept the consent log while Airflow is not running."""

from __future__ import annotations

import subprocess

import pytest
from sqlalchemy import delete, update

from include.core.paths import PROJECT
from include.ledger import consent, consent_chain, consent_journal
from include.ledger.consent import TRACKING, Consent
from include.ledger.stores import Stores
from include.ledger.tables import consent_log
from operations.__main__ import main


def command(do: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(["consent", do])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def answered(stores: Stores) -> Stores:
    answers = [Consent(f"{person:064x}", TRACKING, True, "page", 1.0) for person in range(5)]
    consent.record(stores.ledger, answers)
    consent_journal.append_new(stores.paths, stores.ledger)
    return stores


def test_an_edit_is_reported_with_its_row_and_restored_from_the_journal(
    answered: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    status, intact, _ = command("check", capsys)
    assert status == 0
    assert intact.startswith("5 rows, each as it was recorded; head 5 ")
    with answered.ledger.write() as connection:
        connection.execute(update(consent_log).where(consent_log.c.seq == 3).values(given=0))
    status, out, err = command("check", capsys)
    assert (status, out) == (1, "")
    assert err.startswith("error: ledger, table consent_log, seq 3: row 3 of the consent log was changed.")
    assert "docs/runbook/consent-chain.md" in err
    assert command("accept", capsys)[0] == 1
    assert command("restore", capsys)[:2] == (0, f"5 rows restored from the journal\n{intact}")
    assert command("check", capsys)[0] == 0


def test_another_ledger_is_accepted_once(answered: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    with answered.ledger.write() as connection:
        connection.execute(delete(consent_log))
        consent_chain.delete_head(connection)
    assert "row 1 of the consent log was removed: rows 1 to 5 are missing" in command("check", capsys)[2]
    status, out, _ = command("accept", capsys)
    assert status == 0
    assert "spool/consent.log.5-" in out
    assert command("check", capsys)[1].startswith("0 rows")


def test_make_consent_needs_an_action() -> None:
    done = subprocess.run(
        ["make", "-o", ".venv/installed", "consent"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "make consent DO=check" in done.stderr
