"""/control/truth.ndjson: which opens and clicks a machine made. For measuring a classification, and for nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
from aiohttp import web

from simulator.recipients.runs import Conditions, Run
from simulator.recipients.timeline import Click, Open
from simulator.state import SIMULATOR
from simulator.webhook.events import event_id

MESSAGES = 200_000
"""Of the newest runs: their timelines are computed again. Runs of journeys have few messages, so runs are not counted."""
NEWEST = (
    "select id from (select id, sum(people) over (order by id desc) - people as newer from runs "
    "where conditions is not null) where newer < ? order by id desc"
)
LOAD = (
    "select runs.*, requests.x_message_id, requests.body, requests.first_seq "
    "from runs join requests on requests.id = runs.request where runs.id = ?"
)


async def truth(request: web.Request) -> web.StreamResponse:
    """One JSON object per line: sg_event_id and whether a machine made it, of the emitted opens and clicks."""
    simulator = request.app[SIMULATOR]
    lines = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await lines.prepare(request)
    for newest in await simulator.database.read(NEWEST, MESSAGES):
        row = (await simulator.database.read(LOAD, newest["id"]))[0]
        run = Run(row, Conditions.from_json(row["conditions"]), simulator.settings.seed, row["activated_at"])
        await lines.write(b"".join(_lines(run)))
        await asyncio.sleep(0)
    await lines.write_eof()
    return lines


def _lines(run: Run) -> Iterator[bytes]:
    for _, position, number, entry in run.timeline[: run.emitted]:
        if isinstance(entry.detail, Open | Click):
            name = event_id(run.message(position), number)
            yield orjson.dumps({"sg_event_id": name, "is_machine": entry.detail.machine}) + b"\n"


ROUTES = [web.get("/control/truth.ndjson", truth)]
