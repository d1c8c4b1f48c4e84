"""/control/faults and /control/rates: what goes wrong, and how often what happens."""

from __future__ import annotations

import msgspec
import orjson
from aiohttp import web

from simulator.api.responses import Problem, error_response, json_response
from simulator.faults.armed import Fault
from simulator.recipients.rates import rates_with
from simulator.state import SIMULATOR


async def arm(request: web.Request) -> web.Response:
    """A fault, or a list of them."""
    try:
        raw = msgspec.json.decode(await request.read())
        faults = msgspec.convert(raw if isinstance(raw, list) else [raw], list[Fault])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return error_response(400, [Problem(str(error), None, "docs/simulator.md lists the faults")])
    armed = [request.app[SIMULATOR].faults.arm(fault).described() for fault in faults]
    return json_response(armed if isinstance(raw, list) else armed[0], 201)


async def armed_faults(request: web.Request) -> web.Response:
    """What is armed, and how often each has struck."""
    return json_response([armed.described() for armed in request.app[SIMULATOR].faults.armed])


async def disarm(request: web.Request) -> web.Response:
    """One by its id, or all."""
    number = request.match_info.get("id")
    return json_response({"disarmed": request.app[SIMULATOR].faults.disarm(int(number) if number else None)})


async def rates(request: web.Request) -> web.Response:
    """Other rates for the lives that start from now on: `{"gmail": {"hard_bounce": 0.3}, "all": {…}}`; `{}`: the usual."""
    simulator = request.app[SIMULATOR]
    try:
        simulator.engine.rates = rates_with(orjson.loads(await request.read()))
    except (ValueError, AttributeError, TypeError) as error:
        return error_response(400, [Problem(str(error), None, None)])
    return json_response({"rates": simulator.engine.rates})


ROUTES = [
    web.post("/control/faults", arm),
    web.get("/control/faults", armed_faults),
    web.delete("/control/faults", disarm),
    web.delete("/control/faults/{id:\\d+}", disarm),
    web.post("/control/rates", rates),
]
