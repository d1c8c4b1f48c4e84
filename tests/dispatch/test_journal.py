"""The journal of a plan: every request is in it, and a ledger with fewer requests is not sent from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.core.errors import LedgerBehindJournal
from include.dispatch import journal
from include.dispatch.journal import Journal, read_journal, require_no_lost_requests, require_no_requests
from include.ledger import chunks
from include.ledger.database import Ledger
from tests.ledger.plan import PLAN, claim, freeze


def write_journal(folder: Path, *claims: chunks.Claim) -> None:
    opened = Journal(folder)
    for each in claims:
        opened.append(each)
    opened.close()


def test_journal_keeps_the_highest_fence_of_each_chunk(ledger: Ledger, tmp_path: Path) -> None:
    assert read_journal(tmp_path) == {}
    freeze(ledger, (10, 10))
    first, other = claim(ledger, 0), claim(ledger, 1)
    write_journal(tmp_path, first)
    chunks.release(ledger, first, 429, "later")
    write_journal(tmp_path, other, claim(ledger, 0))
    assert read_journal(tmp_path) == {0: 2, 1: 1}
    assert (tmp_path / journal.NAME).stat().st_mode & 0o777 & ~0o644 == 0


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", {}),
        (b"\n4 1\n", {4: 1}),
        (b"\n4 1", {}),
        (b"\n4 3\n\n4 2\n", {4: 3}),
        (b"\n4 \n\nx 1\n\n 1\n\n4 1 1\n\n5 2\n", {5: 2}),
        (b"\n4 1\n\n12", {4: 1}),
        (b"\n1\n1 2\n", {1: 2}),
    ],
)
def test_torn_journal_line_is_ignored(tmp_path: Path, content: bytes, found: dict[int, int]) -> None:
    (tmp_path / journal.NAME).write_bytes(content)
    assert read_journal(tmp_path) == found


def test_partially_written_line_stops_the_sender(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(ledger)
    opened, whole = Journal(tmp_path), os.write
    monkeypatch.setattr(os, "write", lambda handle, line: whole(handle, line[:-1]))
    with pytest.raises(OSError, match="No space left"):
        opened.append(claim(ledger))
    opened.close()
    assert read_journal(tmp_path) == {}


def test_complete_ledger_passes_the_journal_check(ledger: Ledger, tmp_path: Path) -> None:
    freeze(ledger, (10, 10))
    require_no_lost_requests(ledger, PLAN, tmp_path)
    write_journal(tmp_path, claim(ledger, 0))
    require_no_lost_requests(ledger, PLAN, tmp_path)


@pytest.mark.parametrize("line", [b"\n0 2\n", b"\n7 1\n", b"\n0 1\n\n1 1\n"])
def test_ledger_that_lost_requests_fails_the_journal_check(ledger: Ledger, tmp_path: Path, line: bytes) -> None:
    freeze(ledger, (10, 10))
    freeze(ledger, (10, 10), plan_id="another")
    claim(ledger, 0)
    chunks.release(ledger, claim(ledger, 1, "another"), 429, "later")
    (tmp_path / journal.NAME).write_bytes(line)
    with pytest.raises(LedgerBehindJournal, match=r"requests for 1 chunks.*backup") as error:
        require_no_lost_requests(ledger, PLAN, tmp_path)
    assert PLAN in str(error.value)


def test_folder_with_requests_is_not_planned_again(tmp_path: Path) -> None:
    require_no_requests(tmp_path)
    (tmp_path / journal.NAME).write_bytes(b"\n0 2\n\n3 1\n")
    with pytest.raises(LedgerBehindJournal, match="requests for 2 chunks") as error:
        require_no_requests(tmp_path)
    assert str(tmp_path) in str(error.value)
