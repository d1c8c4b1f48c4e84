"""Assembles the simulator: an aiohttp application and its background tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from simulator import control
from simulator.api import mail_send
from simulator.api.acceptance import Acceptance
from simulator.api.limits import RateLimit
from simulator.api.management import ROUTES as MANAGEMENT
from simulator.api.management.parsing import bad_request_middleware
from simulator.api.responses import NOT_ALLOWED, NOT_FOUND, TOO_MANY, UNKNOWN, error_response
from simulator.api.rules import MAX_BYTES
from simulator.api.rules.account import Account
from simulator.database import Database
from simulator.faults.armed import Faults
from simulator.inbox import handlers as inbox
from simulator.recipients.engine import Engine
from simulator.recipients.link_visits import LinkVisitor
from simulator.recipients.rates import rates_with
from simulator.settings import Settings
from simulator.state import SIMULATOR, Simulator
from simulator.webhook.poster import Poster
from simulator.webhook.signing import Signer

log = logging.getLogger(__name__)


def build(settings: Settings) -> web.Application:
    """The application. Opens the database; background tasks start when the application is served."""
    application = web.Application(
        client_max_size=MAX_BYTES, middlewares=[error_middleware, management_middleware, bad_request_middleware]
    )
    application[SIMULATOR] = simulator_of(settings)
    application.add_routes([web.post("/v3/mail/send", mail_send.send), *MANAGEMENT, *control.ROUTES, *inbox.ROUTES])
    application.cleanup_ctx.append(background)
    return application


def simulator_of(settings: Settings) -> Simulator:
    """The shared state, loaded from the data folder."""
    database = Database(settings.data)
    faults = Faults(settings.seed)
    simulator = Simulator(
        settings=settings,
        database=database,
        acceptance=Acceptance(database, settings.seed),
        faults=faults,
        engine=Engine(settings, database, faults, rates_with({})),
        signer=Signer(settings.data),
        account=Account(settings.verified_senders, settings.ip_pools),
        mail_send_limit=RateLimit(settings.requests_per_second, 1),
        management_limit=RateLimit(600, 60),
        activity_limit=RateLimit(6, 60),
    )
    simulator.account.batches = simulator.batch_exists
    simulator.account.groups = simulator.groups.__contains__
    return simulator


async def background(application: web.Application) -> AsyncIterator[None]:
    """Runs recipients, webhook posts and link visits while requests are served."""
    simulator = application[SIMULATOR]
    database, settings = simulator.database, simulator.settings
    simulator.batches.update({row["batch_id"]: row["created"] for row in await database.read("select * from batches")})
    simulator.groups.update(row["id"] for row in await database.read("select id from groups"))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        simulator.poster = Poster(database, settings.webhook, simulator.signer, simulator.faults, session)
        simulator.link_visitor = LinkVisitor(database, settings.edge, session)
        forever = [simulator.poster.run(), simulator.link_visitor.run()] + (
            [simulator.engine.run()] if settings.recipients else []
        )
        tasks = [asyncio.create_task(each) for each in forever]
        for task in tasks:
            task.add_done_callback(_log_end)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await simulator.poster.close()
    await database.close()


def _log_end(task: asyncio.Task[None]) -> None:
    """Log a critical error if a background task ends by itself, which must not happen."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("The simulator's background work ended; no more events are posted", exc_info=error)


@web.middleware
async def error_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """aiohttp's own 404 and 405, disconnects and unexpected errors in SendGrid's format."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return error_response(404, [NOT_FOUND])
    except web.HTTPMethodNotAllowed as error:
        return error_response(405, [NOT_ALLOWED], {"Allow": error.headers.get("Allow", "")})
    except web.HTTPException:
        raise
    except (ConnectionResetError, web.RequestPayloadError):
        log.info("A client disconnected before its request was complete; the request was discarded")
        return error_response(400, [UNKNOWN])
    except Exception:  # last resort: logged, and answered as SendGrid would
        log.exception("The simulator failed to handle %s", request.path)
        return error_response(500, [UNKNOWN])


@web.middleware
async def management_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check key and rate limit of all calls under /v3 except mail/send, which has its own checks."""
    if not request.path.startswith("/v3/") or request.path == "/v3/mail/send":
        return await handler(request)
    simulator = request.app[SIMULATOR]
    if denied := simulator.authorization_error(request):
        return error_response(401, [denied])
    if not simulator.management_limit.allow():
        return error_response(429, [TOO_MANY], simulator.management_limit.headers())
    response = await handler(request)
    response.headers.update(simulator.management_limit.headers())
    return response
