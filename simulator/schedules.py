"""Which runs may start: due, and neither paused nor cancelled in time."""

from __future__ import annotations

from simulator.record import Record

IN_FORCE = (
    "(schedules.set_at + ? <= runs.start_at "
    "or schedules.set_at <= (select accepted_at from requests where requests.id = runs.request))"
)
"""A status counts for a run when it was set in time before its start (the notice), or before the mail was sent at all."""
STARTABLE = (
    "select runs.id, runs.people from runs left join schedules "
    f"on schedules.batch_id = runs.batch_id and schedules.status in ('pause', 'cancel') and {IN_FORCE} "
    "where runs.state = 'waiting' and runs.start_at <= ? and schedules.batch_id is null "
    "order by runs.start_at, runs.id limit 200"
)
CANCEL = (
    "update runs set state = 'cancelled' where state = 'waiting' and start_at <= ? and exists "
    f"(select 1 from schedules where schedules.batch_id = runs.batch_id and status = 'cancel' and {IN_FORCE})"
)


async def startable(record: Record, now: float, notice: int, room: int) -> list[int]:
    """The runs to start now, oldest first, as far as there is room for their people."""
    found = []
    for row in await record.read(STARTABLE, notice, now):
        if row["people"] > room:
            break
        room -= row["people"]
        found.append(row["id"])
    return found


async def cancel_due(record: Record, now: float, notice: int) -> None:
    """Discard the runs whose time has come and whose batch was cancelled."""
    due = await record.value("select count(*) from schedules where status = 'cancel'")
    if due:
        await record.execute(CANCEL, now, notice)
