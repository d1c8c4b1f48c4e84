"""A recorded decision: the size for which a segment is stopped is right."""

from __future__ import annotations

from include.core import clock
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse, run, transaction


def accept_size(paths: DataPaths, segment: str, *, decided_by: str, reason: str) -> int:
    """Accept the size for which the segment is stopped now; its campaigns send again. Returns the size.

    Raises `ConfigurationError` if the segment is not stopped for its own size, or without a reason.
    """
    if not reason.strip():
        raise ConfigurationError("is empty.", where="REASON", remedy="Say why the size is right: REASON='spring sale'.")
    params = {"segment": segment, "decided_by": decided_by, "reason": reason.strip(), "decided_at": clock.now()}
    with open_warehouse(paths) as connection, transaction(connection):
        rows = run(connection, "segment", "decisions_insert", params).fetchall()
    if not rows:
        raise ConfigurationError(
            "is not stopped for its size, or was accepted already.", where=segment, remedy="There is nothing to accept."
        )
    return int(rows[0][0])
