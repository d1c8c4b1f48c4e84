"""Unsubscribes that the edge kept on disk while the ledger was away: brought there as soon as it is back."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from include.ledger import suppressions
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression

log = logging.getLogger(__name__)


def bring(stores: Stores) -> int:
    """Suppress what waits in `spool/unsubscribes/`, then remove it; returns how many were new. Idempotent.

    A wish from before the person came back is over. A file that cannot be read stays, and is said at every run.
    """
    waiting = {path: _read(path) for path in sorted((stores.paths.spool / "unsubscribes").glob("*.json"))}
    readable = {path: wish for path, wish in waiting.items() if wish is not None}
    with stores.ledger.read() as connection:
        lifted = {
            row["address_key"]: row["lifted_at"]
            for row in suppressions.lifts(connection).to_pylist()
            if row["reason"] == "unsubscribe"
        }
    wanted = [wish for wish in readable.values() if wish.happened_at > lifted.get(wish.address_key, 0.0)]
    new = suppressions.suppress(stores.ledger, wanted) if wanted else 0
    for path in readable:
        path.unlink(missing_ok=True)
    return new


def _read(path: Path) -> Suppression | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Suppression)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        log.error("%s in spool/unsubscribes cannot be read: somebody's unsubscribe; look at it by hand", path.name)
        return None
