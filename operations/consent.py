"""`make consent DO=check`: the hash chain of the consent log. Works on the ledger without Airflow."""

from __future__ import annotations

from include.ledger import consent_journal
from include.ledger.database import Ledger
from operations.ledger import existing_ledger
from operations.progress import Progress
from operations.settings import Installation


def control_consent(installation: Installation, action: str) -> int:
    """Check, restore or accept the consent log and print the result; returns 0.

    check: recompute the chain. restore: replace the log's rows by those of the consent journal. accept: take the log as it
    is, and start a new journal. Raises `ConsentChainBroken` with the first row that is not as it was recorded.
    """
    with existing_ledger(installation) as ledger:
        if action == "restore":
            Progress().print(f"{consent_journal.rebuild(installation.paths, ledger):,} rows restored from the journal")
        elif action == "accept":
            aside = consent_journal.accept(installation.paths, ledger)
            Progress().print(f"a new journal was started{f'; the previous one is {aside}' if aside else ''}")
        Progress().print(_result(installation, ledger))
    return 0


def _result(installation: Installation, ledger: Ledger) -> str:
    checked = consent_journal.check(installation.paths, ledger).require_intact()
    journal = consent_journal.newest(installation.paths)
    known = f"the journal has them up to row {journal.seq}" if journal else "the journal has none of them yet"
    return f"{checked.rows:,} rows, each as it was recorded; head {checked.head.seq} {checked.head.row_hash}; {known}"
