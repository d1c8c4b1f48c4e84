"""The simulator put together: an aiohttp application with its background work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from simulator import control
from simulator.api import mail_send
from simulator.api.acceptance import Acceptance
from simulator.api.answers import NOT_ALLOWED, NOT_FOUND, TOO_MANY, UNKNOWN, errors
from simulator.api.limits import Window
from simulator.api.management import ROUTES as MANAGEMENT
from simulator.api.management.asking import answer_wrong
from simulator.api.rules import MAX_BYTES
from simulator.api.rules.account import Account
from simulator.faults.armed import Faults
from simulator.recipients.engine import Engine
from simulator.recipients.link_visits import Visitor
from simulator.recipients.rates import changed
from simulator.record import Record
from simulator.settings import Settings
from simulator.state import SIMULATOR, Simulator
from simulator.webhook.poster import Poster
from simulator.webhook.signing import Signer

log = logging.getLogger(__name__)


def build(settings: Settings) -> web.Application:
    """The application; its record is opened here, its background work begins when it is served."""
    application = web.Application(client_max_size=MAX_BYTES, middlewares=[answer_errors, guard_management, answer_wrong])
    application[SIMULATOR] = simulator_of(settings)
    application.add_routes([web.post("/v3/mail/send", mail_send.send), *MANAGEMENT, *control.ROUTES])
    application.cleanup_ctx.append(background)
    return application


def simulator_of(settings: Settings) -> Simulator:
    """All parts, from what the folder remembers."""
    record = Record(settings.data)
    faults = Faults(settings.seed)
    simulator = Simulator(
        settings=settings,
        record=record,
        acceptance=Acceptance(record, settings.seed),
        faults=faults,
        engine=Engine(settings, record, faults, changed({})),
        signer=Signer(settings.data),
        account=Account(settings.verified_senders, settings.ip_pools),
        sends=Window(settings.requests_per_second, 1),
        manages=Window(600, 60),
        activity=Window(6, 60),
    )
    simulator.account.batches = simulator.knows_batch
    simulator.account.groups = simulator.groups.__contains__
    return simulator


async def background(application: web.Application) -> AsyncIterator[None]:
    """Lives, webhook and visits, beside the requests."""
    simulator = application[SIMULATOR]
    record, settings = simulator.record, simulator.settings
    simulator.batches.update({row["batch_id"]: row["created"] for row in await record.read("select * from batches")})
    simulator.groups.update(row["id"] for row in await record.read("select id from groups"))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        simulator.poster = Poster(record, settings.webhook, simulator.signer, simulator.faults, session)
        simulator.visitor = Visitor(record, settings.edge, session)
        forever = [simulator.poster.run(), simulator.visitor.run()] + ([simulator.engine.run()] if settings.lives else [])
        tasks = [asyncio.create_task(each) for each in forever]
        for task in tasks:
            task.add_done_callback(_ended)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await simulator.poster.close()
    await record.close()


def _ended(task: asyncio.Task[None]) -> None:
    """Background work never ends by itself: say so loudly if it does."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("The simulator's background work ended; no more events are posted", exc_info=error)


@web.middleware
async def answer_errors(request: web.Request, handler):  # type: ignore[no-untyped-def]
    """aiohttp's own 404, 405 and 413 in SendGrid's shape."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return errors(404, [NOT_FOUND])
    except web.HTTPMethodNotAllowed as error:
        return errors(405, [NOT_ALLOWED], {"Allow": error.headers.get("Allow", "")})
    except web.HTTPException:
        raise
    except (ConnectionResetError, web.RequestPayloadError):
        log.info("A sender went away before its request was whole; nothing came of it")
        return errors(400, [UNKNOWN])
    except Exception:  # the last resort of a server: said in the log, and answered as SendGrid would
        log.exception("The simulator failed to answer %s", request.path)
        return errors(500, [UNKNOWN])


@web.middleware
async def guard_management(request: web.Request, handler):  # type: ignore[no-untyped-def]
    """Key and limit for everything under /v3 but mail/send, which looks after itself."""
    if not request.path.startswith("/v3/") or request.path == "/v3/mail/send":
        return await handler(request)
    simulator = request.app[SIMULATOR]
    if denied := simulator.authorized(request):
        return errors(401, [denied])
    if not simulator.manages.take():
        return errors(429, [TOO_MANY], simulator.manages.headers())
    answer = await handler(request)
    answer.headers.update(simulator.manages.headers())
    return answer
