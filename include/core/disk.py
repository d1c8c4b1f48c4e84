"""Room on the disk: what large work needs is compared with what is free before the disk is full, not after."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.core.errors import DiskTooSmall
from include.core.settings import settings, variable


def require_room(folder: Path, needed: int, what: str) -> None:
    """Raise `DiskTooSmall` unless `needed` bytes fit on the folder's disk and leave the reserve for everything else.

    The reserve is for what must always be written: the ledger, the journal of requests, the spool.
    """
    free, reserve = shutil.disk_usage(folder).free, int(settings().disk_reserve)
    if free < needed + reserve:
        raise DiskTooSmall(
            f"{what} needs about {_megabytes(needed)}, and {_megabytes(free)} are free, of which {_megabytes(reserve)} "
            f"are kept for ledger and spool ({variable('disk_reserve')}).",
            where=str(folder),
            remedy="Nothing was sent or replaced. Free some space (docs/runbook/disk-full.md), then run it again.",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
