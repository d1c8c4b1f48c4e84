"""Outages of SendGrid, shared by all sending processes: whether one is suspected, and which process may send the next probe.

Each request without a readable response puts its people in doubt, so an outage must not be detected by one full request
after another. If an outage is suspected (a request ended in doubt, or no probe was accepted for a while), only probes are
sent: one small request at a time across all processes, after a wait that doubles with each probe that ends in doubt. An
accepted probe ends the outage.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from include.ledger import lease_owner, shared_clock
from include.ledger.database import Ledger
from include.ledger.tables import outages
from include.ledger.upsert import insert_into

FIRST_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 900.0
PROBE_SECONDS = 120.0
"""A process that has not ended its probe by then loses it. At least as long as the lease on the probe's chunk."""
POLL_SECONDS = 0.5
"""Interval at which to check whether another process's probe has ended."""
COLD_SECONDS = 600.0
"""A process that starts to send this long after the last accepted probe starts with a probe."""
_SUSPECTED = select(outages.c.probe).where(outages.c.scope == bindparam("of_scope"), outages.c.suspected == 1)


class Suspended(Exception):
    """Only a probe may be sent now, and the request is not one."""


@dataclass(frozen=True)
class Turn:
    """What the caller may send: anything (`open`), the probe `probe`, or nothing for `wait` seconds.

    `doubts` counts the consecutive requests that ended in doubt.
    """

    open: bool = False
    probe: str | None = None
    wait: float = 0.0
    doubts: int = 0


def start_sending(ledger: Ledger, scope: str) -> bool:
    """Register the start of a sending process; return whether it must request a turn. After `COLD_SECONDS` it must."""
    with ledger.write() as connection:
        row = _locked(connection, scope)
        if not row.suspected and row.proved_at < shared_clock.now(connection) - COLD_SECONDS:
            _set(connection, scope, suspected=1)
            return True
    return bool(row.suspected)


def require_open(connection: Connection, scope: str, probe: str | None) -> None:
    """Raise `Suspended` if an outage is suspected and `probe` is not the current probe. Runs in a claim's transaction."""
    row = connection.execute(_SUSPECTED, {"of_scope": scope}).first()
    if row is not None and (probe is None or row.probe != probe):
        raise Suspended


def request_turn(ledger: Ledger, scope: str) -> Turn:
    """Request the probe. One process has it at a time; it is reassigned if that process has ended or is too slow."""
    with ledger.write() as connection:
        row, now = _locked(connection, scope), shared_clock.now(connection)
        if not row.suspected:
            return Turn(open=True)
        if now < row.not_before:
            return Turn(wait=row.not_before - now, doubts=row.doubts)
        if row.probe is not None and now < row.probe_until and not lease_owner.is_gone(row.probe_owner):
            return Turn(wait=min(POLL_SECONDS, row.probe_until - now), doubts=row.doubts)
        probe = uuid.uuid4().hex
        _set(connection, scope, probe=probe, probe_owner=lease_owner.this_process(), probe_until=now + PROBE_SECONDS)
        return Turn(probe=probe, doubts=row.doubts)


def record_doubt(ledger: Ledger, scope: str, probe: str | None) -> Turn:
    """Record that a request ended in doubt; return a turn with the wait before the next probe.

    Requests that were under way together count as one doubt.
    """
    with ledger.write() as connection:
        row, now = _locked(connection, scope), shared_clock.now(connection)
        is_probe = probe is not None and row.probe == probe
        if row.suspected and row.doubts and not is_probe:
            return Turn(wait=max(0.0, row.not_before - now), doubts=row.doubts)
        doubts = row.doubts + 1 if row.suspected else 1
        wait = min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (doubts - 1))
        ended = {"probe": None} if is_probe else {}
        _set(connection, scope, suspected=1, doubts=doubts, not_before=now + wait, **ended)
        return Turn(wait=wait, doubts=doubts)


def record_accepted_probe(ledger: Ledger, scope: str, probe: str) -> None:
    """End the outage: the probe was accepted. Nothing changes if the probe was reassigned in the meantime."""
    with ledger.write() as connection:
        if _locked(connection, scope).probe == probe:
            now = shared_clock.now(connection)
            _set(connection, scope, suspected=0, doubts=0, not_before=0.0, probe=None, proved_at=now)


def release_probe(ledger: Ledger, scope: str, probe: str, wait: float = 0.0) -> None:
    """Release a probe that was not sent or whose response proves nothing; the next may be sent after `wait` seconds."""
    with ledger.write() as connection:
        row = _locked(connection, scope)
        if row.probe == probe:
            _set(connection, scope, probe=None, not_before=max(row.not_before, shared_clock.now(connection) + wait))


def _locked(connection: Connection, scope: str) -> Any:
    """The scope's row, inserted if missing, locked until this transaction ends."""
    fresh = {"scope": scope, "suspected": 0, "doubts": 0, "not_before": 0.0, "probe_until": 0.0, "proved_at": 0.0}
    connection.execute(insert_into(connection, outages).on_conflict_do_nothing(), [fresh])
    return connection.execute(select(outages).where(outages.c.scope == scope).with_for_update()).one()


def _set(connection: Connection, scope: str, **values: Any) -> None:
    connection.execute(update(outages).where(outages.c.scope == scope).values(**values))
