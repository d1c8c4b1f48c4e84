"""A SendGrid that gives no readable answer: what every process that sends knows of it, and who may try it next.

Each request without a readable answer puts its people in doubt for good, so an outage must not be found out by one full
request after another. Where there is reason to suspect one (a request ended in doubt, or nobody has heard from SendGrid for
a while), nothing goes but a probe: one small request at a time, among all processes, after a wait that doubles with
each probe that ends in doubt. A probe that is accepted ends it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from include.core import clock
from include.ledger import lease_owner
from include.ledger.database import Ledger
from include.ledger.tables import outages

FIRST_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 900.0
PROBE_SECONDS = 120.0
"""Whoever took the probe and has not ended it by then has lost it. No shorter than the lease on its chunk."""
POLL_SECONDS = 0.5
"""How often to look whether the probe of another has ended."""
COLD_SECONDS = 600.0
"""Who begins to send so long after the last probe begins with a probe."""
_SUSPECTED = select(outages.c.probe).where(outages.c.scope == bindparam("of_scope"), outages.c.suspected == 1)


class Suspended(Exception):
    """Only a probe may go now, and this is none."""


@dataclass(frozen=True)
class Turn:
    """Whose turn it is: everybody's (`open`), this caller's with the probe `probe`, or nobody's before `wait` seconds.

    `doubts` counts the requests in a row that ended in doubt.
    """

    open: bool = False
    probe: str | None = None
    wait: float = 0.0
    doubts: int = 0


def start_sending(ledger: Ledger, scope: str) -> bool:
    """A process begins to send; whether it has to ask for its turn. After a silence it does."""
    with ledger.write() as connection:
        row = _locked(connection, scope)
        if not row.suspected and row.proved_at < clock.now().timestamp() - COLD_SECONDS:
            _set(connection, scope, suspected=1)
            return True
    return bool(row.suspected)


def require_open(connection: Connection, scope: str, probe: str | None) -> None:
    """Raise `Suspended` unless everything may go, or this is the probe. Asked in the transaction of a claim."""
    row = connection.execute(_SUSPECTED, {"of_scope": scope}).first()
    if row is not None and (probe is None or row.probe != probe):
        raise Suspended


def request_turn(ledger: Ledger, scope: str) -> Turn:
    """Ask for the probe: it is given to one at a time, again where its process is gone or too slow."""
    now = clock.now().timestamp()
    with ledger.write() as connection:
        row = _locked(connection, scope)
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
    """A request ended in doubt; returns how long nothing may go.

    Those that were under way when the first one did count as one with it: they say nothing new.
    """
    now = clock.now().timestamp()
    with ledger.write() as connection:
        row = _locked(connection, scope)
        is_probe = probe is not None and row.probe == probe
        if row.suspected and row.doubts and not is_probe:
            return Turn(wait=max(0.0, row.not_before - now), doubts=row.doubts)
        doubts = row.doubts + 1 if row.suspected else 1
        wait = min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (doubts - 1))
        over = {"probe": None} if is_probe else {}
        _set(connection, scope, suspected=1, doubts=doubts, not_before=now + wait, **over)
        return Turn(wait=wait, doubts=doubts)


def record_accepted_probe(ledger: Ledger, scope: str, probe: str) -> None:
    """The probe was accepted: everything may go. Nothing changes where the probe is another's by now."""
    with ledger.write() as connection:
        if _locked(connection, scope).probe == probe:
            now = clock.now().timestamp()
            _set(connection, scope, suspected=0, doubts=0, not_before=0.0, probe=None, proved_at=now)


def release_probe(ledger: Ledger, scope: str, probe: str, wait: float = 0.0) -> None:
    """The probe ended in an answer that proves nothing, or was not sent: another may be, after `wait` seconds."""
    with ledger.write() as connection:
        row = _locked(connection, scope)
        if row.probe == probe:
            _set(connection, scope, probe=None, not_before=max(row.not_before, clock.now().timestamp() + wait))


def _locked(connection: Connection, scope: str) -> Any:
    """The scope's row, made where missing, held still until this transaction ends."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = {"scope": scope, "suspected": 0, "doubts": 0, "not_before": 0.0, "probe_until": 0.0, "proved_at": 0.0}
    connection.execute(dialect.insert(outages).on_conflict_do_nothing(), [fresh])
    return connection.execute(select(outages).where(outages.c.scope == scope).with_for_update()).one()


def _set(connection: Connection, scope: str, **values: Any) -> None:
    connection.execute(update(outages).where(outages.c.scope == scope).values(**values))
