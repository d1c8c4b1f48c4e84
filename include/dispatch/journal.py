"""A second log of intents, in the plan's folder. It shows whether the ledger was restored from an older backup.

One line per intent, appended after the ledger's commit and before the POST. If the journal has intents that the ledger
lacks, the ledger has lost requests that were made; sending from it would mail people twice.
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
        """Append one line in a single write, which survives the end of this process. Raises OSError after a partial write.

        The line starts with a newline, so that a partial line left by a full disk does not corrupt it.
        """
        line = f"\n{claim.chunk} {claim.fence}\n".encode()
        if os.write(self._handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        os.close(self._handle)


def require_no_lost_requests(ledger: Ledger, plan_id: str, folder: Path) -> None:
    """Raise `LedgerBehindJournal` if the journal has an intent that the ledger lacks."""
    journaled = read_journal(folder)
    if not journaled:
        return
    with ledger.read() as connection:
        query = select(chunks.c.chunk, chunks.c.fence).where(chunks.c.plan_id == plan_id)
        known = {row.chunk: row.fence for row in connection.execute(query)}
    lost = [chunk for chunk, fence in journaled.items() if known.get(chunk, 0) < fence]
    if lost:
        raise _lost_requests(len(lost), f"plan {plan_id}")


def require_no_requests(folder: Path) -> None:
    """Raise `LedgerBehindJournal` if requests were made from a folder whose plan is not in the ledger."""
    if journaled := read_journal(folder):
        raise _lost_requests(len(journaled), str(folder))


def _lost_requests(lost: int, where: str) -> LedgerBehindJournal:
    return LedgerBehindJournal(
        f"the ledger lacks requests for {lost} chunks that were made; was it restored from a backup?",
        where=where,
        remedy="Nothing was sent now. Run `make replay` first (docs/runbook/restored-ledger.md).",
    )


def read_journal(folder: Path) -> dict[int, int]:
    """The highest fence of each chunk in the journal. A torn last line is ignored."""
    journaled: dict[int, int] = {}
    try:
        lines = (folder / NAME).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return journaled
    for line in lines:
        chunk, _, fence = line.partition(b" ")
        if chunk.isdigit() and fence.isdigit():
            journaled[int(chunk)] = max(journaled.get(int(chunk), 0), int(fence))
    return journaled
