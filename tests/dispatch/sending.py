"""A frozen plan for tests of sending."""

from __future__ import annotations

from sqlalchemy import select

from include.core.campaign import Campaign
from include.core.pace import AccountPace
from include.dispatch.send.sender import UNLIMITED, Range, send_range
from include.ledger import counts
from include.ledger.stores import Stores
from include.ledger.tables import chunks as chunks_table
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp


class Sending:
    """A frozen plan: sends it, and reads its state from the ledger."""

    def __init__(
        self,
        stores: Stores,
        people: int = 100,
        chunk_size: int = 10,
        campaign: Campaign = CAMPAIGN,
    ) -> None:
        self.stores = stores
        self.paths, self.ledger, self.secrets = stores.paths, stores.ledger, stores.secrets
        self.plan_id = frozen_plan(stores, people, chunk_size=chunk_size, campaign=campaign)

    def send(self, esp: ScriptedEsp, account_pace: AccountPace = UNLIMITED) -> dict[str, int]:
        every: Range = {"plan_id": self.plan_id, "first": 0, "last": 10_000}
        return send_range(self.stores, esp.account, **every, account_pace=account_pace)

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            return counts.require_conservation(connection, self.plan_id)

    def states(self) -> list[str]:
        with self.ledger.read() as connection:
            return list(connection.scalars(select(chunks_table.c.state).order_by(chunks_table.c.chunk)))
