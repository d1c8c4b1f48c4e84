"""/control/message/{tw_key}: one message as its recipient gets it, and its timeline."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator.api.payload import DECODER
from simulator.api.responses import Problem, error_response, json_response
from simulator.control.status import ACCEPTED
from simulator.recipients.render import render, unsubscribe_link
from simulator.recipients.runs import Conditions, Run
from simulator.recipients.smtp_messages import Refusal
from simulator.recipients.timeline import Click, Deferral, Open
from simulator.state import SIMULATOR, Simulator
from simulator.webhook.events import event_id

LINK_VISITS = "select how, url, status, done_at from link_visits where seq = ?"


async def message(request: web.Request) -> web.Response:
    """The latest message of a tw_key, rendered, with its headers, timeline and link visits."""
    simulator = request.app[SIMULATOR]
    rows = await simulator.database.read(
        f"{ACCEPTED} where tw_key = ? order by seq desc limit 1", request.match_info["tw_key"]
    )
    if not rows:
        return error_response(404, [Problem("No message with this tw_key was accepted.", "tw_key", None)])
    row = rows[0]
    body = await simulator.database.value("select body from requests where x_message_id = ?", row["x_message_id"])
    mail = DECODER.decode(body)
    person = mail.personalizations[row["position"]]
    rendered = render(mail, person)
    return json_response({
        **row,
        "subject": rendered.subject,
        "text": rendered.plain,
        "html": rendered.html,
        "headers": {**(mail.headers or {}), **(person.headers or {})},
        "list_unsubscribe": unsubscribe_link(person, mail),
        "timeline": await _timeline(simulator, row),
        "link_visits": await simulator.database.read(LINK_VISITS, row["seq"]),
    })  # fmt: skip


async def _timeline(simulator: Simulator, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The timeline of a message with its event ids; empty until its run starts."""
    runs = await simulator.database.read(
        "select runs.*, requests.x_message_id, requests.body, requests.first_seq "
        "from runs join requests on requests.id = runs.request "
        "where requests.x_message_id = ? and conditions is not null",
        row["x_message_id"],
    )
    found = []
    for loaded in runs:
        run = Run(loaded, Conditions.from_json(loaded["conditions"]), simulator.settings.seed, loaded["activated_at"])
        for offset, position, number, entry in run.timeline:
            if position == row["position"]:
                found.append({
                    "offset": offset / run.speed, "kind": entry.kind, "detail": _shown(entry.detail),
                    "sg_event_id": event_id(run.message(position), number),
                })  # fmt: skip
    return found


def _shown(detail: object) -> object:
    """Named tuples as JSON objects."""
    return detail._asdict() if isinstance(detail, Click | Open | Deferral | Refusal) else detail


ROUTES = [web.get("/control/message/{tw_key}", message)]
