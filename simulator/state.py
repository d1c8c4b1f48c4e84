"""The state that the request handlers share."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from aiohttp import web

from simulator import clock
from simulator.api.acceptance import Acceptance
from simulator.api.limits import RateLimit
from simulator.api.responses import UNAUTHORIZED, Problem
from simulator.api.rules.account import Account
from simulator.database import Database
from simulator.faults.armed import Faults
from simulator.recipients.engine import Engine
from simulator.recipients.link_visits import LinkVisitor
from simulator.settings import Settings
from simulator.webhook.poster import Poster
from simulator.webhook.signing import Signer

BATCH_DAYS = 10


@dataclass
class Simulator:
    """One simulated account."""

    settings: Settings
    database: Database
    acceptance: Acceptance
    faults: Faults
    engine: Engine
    signer: Signer
    account: Account
    mail_send_limit: RateLimit
    management_limit: RateLimit
    activity_limit: RateLimit
    batches: dict[str, float] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)
    poster: Poster | None = None
    link_visitor: LinkVisitor | None = None

    def batch_exists(self, batch_id: str) -> bool:
        """Whether the batch id was created here within the last 10 days."""
        return clock.now() - self.batches.get(batch_id, 0.0) < BATCH_DAYS * 86_400

    def authorization_error(self, request: web.Request) -> Problem | None:
        """The problem with the API key; None if it is valid."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return Problem("Permission denied, wrong credentials", None, None)
        known = self.settings.api_keys
        good = (
            any(hmac.compare_digest(key.encode(), one.encode()) for one in known)
            if known
            else key.startswith("SG.") and len(key) > 3
        )
        return None if scheme == "Bearer" and good else UNAUTHORIZED


SIMULATOR = web.AppKey("simulator", Simulator)
