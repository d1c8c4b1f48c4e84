"""/control/faults and /control/rates: arms faults and sets the rates of recipient behaviour."""

from __future__ import annotations

import msgspec
import orjson
from aiohttp import web

from simulator.api.responses import Problem, error_response, json_response
from simulator.faults.armed import Fault
from simulator.recipients.rates import rates_with
from simulator.state import SIMULATOR


async def arm(request: web.Request) -> web.Response:
    """Arm a fault or a list of faults."""
    try:
        raw = msgspec.json.decode(await request.read())
        faults = msgspec.convert(raw if isinstance(raw, list) else [raw], list[Fault])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return error_response(400, [Problem(str(error), None, "docs/simulator.md lists the faults")])
    armed = [request.app[SIMULATOR].faults.arm(fault).described() for fault in faults]
    return json_response(armed if isinstance(raw, list) else armed[0], 201)


async def armed_faults(request: web.Request) -> web.Response:
    """The armed faults with the number of times that each fired."""
    return json_response([armed.described() for armed in request.app[SIMULATOR].faults.armed])


async def disarm(request: web.Request) -> web.Response:
    """Disarm one fault by its id, or all."""
    number = request.match_info.get("id")
    return json_response({"disarmed": request.app[SIMULATOR].faults.disarm(int(number) if number else None)})


async def rates(request: web.Request) -> web.Response:
    """Set rates for runs that start from now on: `{"gmail": {"hard_bounce": 0.3}, "all": {…}}`; `{}`: the defaults."""
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
