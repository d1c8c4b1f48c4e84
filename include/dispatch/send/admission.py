"""Admits chunks according to their send window and the pace of campaign and account."""

from __future__ import annotations

from datetime import datetime, timedelta

from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import PaceHeld
from include.core.pace import AccountPace
from include.dispatch.plan_files import format_selection, parse_selection
from include.dispatch.send.request import variant_of
from include.dispatch.send_window import AHEAD_LIMIT, next_window, zone_of
from include.ledger import pace, pending
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger

MAX_WAIT_SECONDS = 300.0
"""If the wait is longer, the task releases its slot and Airflow retries it after the wait."""
WINDOW_MARGIN_SECONDS = 60.0


class Admission:
    """Admits the chunks of one campaign. The methods block on the ledger; the sender calls them off its event loop."""

    def __init__(self, campaign: Campaign, account: AccountPace) -> None:
        self._campaign = campaign
        self._account = account

    @property
    def is_free(self) -> bool:
        """Whether all chunks are admitted at once: no rate, no cap, no hours of arrival."""
        return not self._campaign.waits_for_hours and not self._limits()

    def admit(self, ledger: Ledger, chunk: Chunk) -> tuple[Chunk | None, list[Chunk], float]:
        """The chunk (or a first part of it) to send, the chunks to requeue, and the seconds to wait before sending.

        Raises `PaceHeld` if the wait is longer than `MAX_WAIT_SECONDS`.
        """
        moved = self._missed_window(ledger, chunk)
        if moved is not None:
            return None, moved, 0.0
        grant = pace.acquire(ledger, self._limits(), chunk.recipients)
        if grant.messages == 0:
            raise self._held(ledger, chunk, f"the limit {grant.scope} is used up", grant.wait)
        if grant.wait > MAX_WAIT_SECONDS:
            pace.release(ledger, self._limits(), grant.messages)
            raise self._held(ledger, chunk, "the rate limit allows it only later", grant.wait)
        if grant.messages == chunk.recipients:
            return chunk, [], grant.wait
        parts = divide_chunk(ledger, chunk, grant.messages, "divided: the pace allowed only a part")
        if not parts:
            pace.release(ledger, self._limits(), grant.messages)
            return None, pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk), 0.0
        return parts[0], parts[1:], grant.wait

    def release(self, ledger: Ledger, messages: int) -> None:
        """Return the allowance of admitted messages that were not sent."""
        pace.release(ledger, self._limits(), messages)

    def _limits(self) -> list[pace.Rate | pace.Cap]:
        own = self._campaign.pace
        return pace.limits(self._account, self._campaign.id, own.messages_per_second, own.daily_cap)

    def _missed_window(self, ledger: Ledger, chunk: Chunk) -> list[Chunk] | None:
        """Move a chunk whose window has closed to the next one, or skip it, according to the campaign's `missed`.

        Returns the chunks to requeue; None if the window is open.
        """
        hours, now = self._campaign.arm(variant_of(chunk.content)).hours, clock.now()
        if hours is None or chunk.not_after is None or now.timestamp() < chunk.not_after - WINDOW_MARGIN_SECONDS:
            return None
        opens, closes = next_window(hours, chunk.zone, now + timedelta(seconds=WINDOW_MARGIN_SECONDS))
        if hours.skips_missed and not (len(hours.spans) > 1 and _is_same_day(chunk, opens or now)):
            pending.skip(ledger, chunk, "missed its send window")
            return []
        assert opens is None or opens - now <= AHEAD_LIMIT
        pending.move_window(ledger, chunk, opens.timestamp() if opens else None, closes.timestamp())
        return pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk)

    def _held(self, ledger: Ledger, chunk: Chunk, reason: str, wait: float) -> PaceHeld:
        pending.record_hold_reason(ledger, chunk.plan_id, f"held: {reason}")
        return PaceHeld(
            f"{reason}; the rest of the campaign is pending.",
            where=f"plan {chunk.plan_id}",
            remedy=f"The task is retried automatically in {wait:.0f} s.",
            retry_after=wait,
        )


def _is_same_day(chunk: Chunk, moment: datetime) -> bool:
    """Whether a moment is on the day on which the chunk was due: quiet hours may divide a send window."""
    assert chunk.not_after is not None
    zone = zone_of(chunk.zone)
    return moment.astimezone(zone).date() == datetime.fromtimestamp(chunk.not_after - 1, zone).date()


def divide_chunk(ledger: Ledger, chunk: Chunk, size: int, reason: str) -> list[Chunk]:
    """Divide a pending chunk into `size` people and the rest; empty if another process claimed or divided it first."""

    def cut(decided: frozenset[int]) -> list[tuple[str, int]]:
        rows = [row for row in parse_selection(chunk.selection, chunk.root_size) if row not in decided]
        return [(format_selection(part), len(part)) for part in (rows[:size], rows[size:]) if part]

    if not pending.divide(ledger, chunk, cut, reason):
        return []
    return pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk)
