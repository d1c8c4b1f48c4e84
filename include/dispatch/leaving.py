"""Who left since the plan was frozen: asked inside the transaction of each claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa
from sqlalchemy import Connection

from include.ledger import suppressions
from include.ledger.chunks import Outcome
from include.ledger.suppressions import PERSONAL_REASONS

Others = Mapping[str, Sequence[str]]
"""An address key that planned people had before → the address keys under which they are planned."""


class Leaving:
    """What the suppression log says after the plan's `seen`, for one process's work on one plan.

    A person may leave by a link in an old mail, under an address that they had before (`others`). A reason that is lifted
    leaves the other reasons of the address as they are.
    """

    def __init__(self, seen: int, others: Others) -> None:
        self._seen, self._others = seen, others
        self._standing: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)

    def read(self, connection: Connection) -> None:
        """Read on in the log."""
        for seq, address, action, reason in suppressions.since(connection, self._seen):
            self._seen = seq
            for planned in (address, *(self._others.get(address, ()) if reason in PERSONAL_REASONS else ())):
                self._note(planned, (address, reason), stands=action == "suppress")

    def among(self, people: pa.Table, rows: Sequence[int]) -> list[Outcome]:
        """Who of these rows must not get it, with the first reason."""
        if not self._standing:
            return []
        keys, addresses = people["message_key"].to_pylist(), people["address_key"].to_pylist()
        return [
            Outcome(keys[row], row, "suppressed", next(iter(self._standing[addresses[row]]))[1])
            for row in rows
            if addresses[row] in self._standing
        ]

    def _note(self, planned: str, why: tuple[str, str], *, stands: bool) -> None:
        if stands:
            self._standing[planned][why] = None
        elif planned in self._standing:
            self._standing[planned].pop(why, None)
            if not self._standing[planned]:
                del self._standing[planned]
