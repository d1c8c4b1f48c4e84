"""Selects the runs that may start: due, and not paused or cancelled in time.

As SendGrid documents it (https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends): at its send_at, a
cancelled batch is discarded, and a paused batch is kept until it is resumed or 72 hours have passed. Pausing and cancelling
must happen at least ten minutes before send_at (the notice).
"""

from __future__ import annotations

from simulator.database import Database

EFFECTIVE = (
    "(schedules.set_at + ? <= runs.start_at "
    "or schedules.set_at <= (select accepted_at from requests where requests.id = runs.request))"
)
"""A status applies to a run if it was set at least `notice` seconds before its start, or before the mail was accepted."""
STARTABLE = (
    "select runs.id, runs.people from runs left join schedules "
    f"on schedules.batch_id = runs.batch_id and schedules.status in ('pause', 'cancel') and {EFFECTIVE} "
    "where runs.state = 'waiting' and runs.start_at <= ? and schedules.batch_id is null "
    "order by runs.start_at, runs.id limit 200"
)
DISCARD = (
    "update runs set state = case when exists (select 1 from schedules where schedules.batch_id = runs.batch_id "
    "and status = 'cancel') then 'cancelled' else 'expired' end "
    "where state = 'waiting' and start_at <= ? and exists (select 1 from schedules "
    f"where schedules.batch_id = runs.batch_id and (status = 'cancel' or runs.start_at + ? <= ?) and {EFFECTIVE})"
)


async def startable_runs(database: Database, now: float, notice: int, room: int) -> list[int]:
    """The runs to start now, oldest first, while there is room for their people."""
    found = []
    for row in await database.read(STARTABLE, notice, now):
        if row["people"] > room:
            break
        room -= row["people"]
        found.append(row["id"])
    return found


async def discard_due(database: Database, now: float, notice: int, paused_retention: int) -> None:
    """Discard due runs whose batch is cancelled, or has been paused for longer than the retention."""
    if await database.value("select count(*) from schedules"):
        await database.execute(DISCARD, now, paused_retention, now, notice)
