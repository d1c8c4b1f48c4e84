"""Posts the signed events; failed posts are retried with growing intervals for 24 hours."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp

from simulator import clock
from simulator.database import Database, increment_total
from simulator.faults.armed import Faults
from simulator.webhook.signing import Signer

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Concurrent posts, which limits the bodies in memory to 3 MB."""
GIVE_UP_AFTER = 24 * 3600
ANSWER_WITHIN = 10
MAX_WAIT = 600
NEXT = (
    "select id, first_at, attempts, events, body from posts "
    "where not_before <= ? and id not in (select value from json_each(?)) "
)


class Poster:
    """Posts the queued bodies to the webhook's URL."""

    def __init__(
        self, database: Database, url: str | None, signer: Signer, faults: Faults, session: aiohttp.ClientSession
    ) -> None:
        self._database, self._signer, self._faults, self._session = database, signer, faults, session
        self.url = url
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Run forever. Without a URL, and during the fault `silence`, the posts stay queued."""
        while True:
            started = await self._start_due() if self.url and not self._faults.is_silent(clock.now()) else 0
            if not started:
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Cancel the active posts; they are repeated after a restart."""
        tasks = [*self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_due(self) -> int:
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
            return 1
        order = "order by random() limit ?" if self._faults.is_shuffled() else "order by not_before, id limit ?"
        rows = await self._database.read(NEXT + order, clock.now(), str(list(self._under_way)), room)
        for row in rows:
            self._under_way[row["id"]] = asyncio.create_task(self._post(row))
        return len(rows)

    async def _post(self, row: dict[str, Any]) -> None:
        try:
            status = await self._answer(row["body"])
            await self._record_result(row, status)
        finally:
            self._under_way.pop(row["id"], None)

    async def _answer(self, body: bytes) -> int:
        """The status, 0 without a response. Each attempt is signed again; redirects are not followed."""
        headers = {"Content-Type": "application/json", "User-Agent": "SendGrid Event API"}
        headers |= self._signer.headers(int(clock.now()), body)
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        try:
            async with self._session.post(
                str(self.url), data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def _record_result(self, row: dict[str, Any], status: int) -> None:
        now = clock.now()
        if 200 <= status < 300 or now - row["first_at"] > GIVE_UP_AFTER:
            await self._database.write(lambda connection: _delete_post(connection, row, 200 <= status < 300))
            return
        log.warning("The webhook responded with %s; %s events will be retried", status or "nothing", row["events"])
        wait = min(MAX_WAIT, 2 ** min(row["attempts"], 10))
        await self._database.execute(
            "update posts set attempts = attempts + 1, not_before = ? where id = ?", now + wait, row["id"]
        )


def _delete_post(connection: Any, row: dict[str, Any], delivered: bool) -> None:
    connection.execute("delete from posts where id = ?", (row["id"],))
    increment_total(connection, "posts" if delivered else "posts_given_up")
    increment_total(connection, "events_posted" if delivered else "events_given_up", row["events"])
