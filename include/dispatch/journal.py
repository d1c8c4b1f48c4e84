"""A second log of intents, beside the plan: it shows whether the ledger was restored from an older backup.

One line an intent, appended after the ledger's commit and before the POST. A ledger that knows less than the journal has
forgotten requests that were made; sending from it would mail people twice.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sqlalchemy import select

from include.core.errors import LedgerBehindJournal
from include.ledger.chunks import Claim
from include.ledger.database import Ledger
from include.ledger.tables import chunks

NAME = "intents.log"


class Journal:
    """Appends to one plan's journal."""

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, claim: Claim) -> None:
        """One short write, which survives the end of this process. Raises OSError where the disk took only a part of it.

        It begins with a line end, so that a part of a line which a full disk left is not taken for the head of this one.
        """
        line = f"\n{claim.chunk} {claim.fence}\n".encode()
        if os.write(self._handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        os.close(self._handle)


def require_no_lost_requests(ledger: Ledger, plan_id: str, folder: Path) -> None:
    """Raise `LedgerBehindJournal` where the journal knows an intent that the ledger does not."""
    noted = read_journal(folder)
    if not noted:
        return
    with ledger.read() as connection:
        query = select(chunks.c.chunk, chunks.c.fence).where(chunks.c.plan_id == plan_id)
        known = {row.chunk: row.fence for row in connection.execute(query)}
    forgotten = [chunk for chunk, fence in noted.items() if known.get(chunk, 0) < fence]
    if forgotten:
        raise _lost_requests(len(forgotten), f"plan {plan_id}")


def require_no_requests(folder: Path) -> None:
    """Raise `LedgerBehindJournal` where requests were made from a folder whose plan the ledger does not know."""
    if noted := read_journal(folder):
        raise _lost_requests(len(noted), str(folder))


def _lost_requests(lost: int, where: str) -> LedgerBehindJournal:
    return LedgerBehindJournal(
        f"the ledger has forgotten requests for {lost} chunks that were made; was it restored from a backup?",
        where=where,
        remedy="Nothing was sent now. Reconcile the ledger with the journal first (docs/runbook/restored-ledger.md).",
    )


def read_journal(folder: Path) -> dict[int, int]:
    """The highest fence noted for each chunk. A torn last line is no line."""
    noted: dict[int, int] = {}
    try:
        lines = (folder / NAME).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return noted
    for line in lines:
        chunk, _, fence = line.partition(b" ")
        if chunk.isdigit() and fence.isdigit():
            noted[int(chunk)] = max(noted.get(int(chunk), 0), int(fence))
    return noted
