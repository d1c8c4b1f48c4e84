"""May this chunk go now? Its send window, the pace of campaign and account, and providers that are held back."""

from __future__ import annotations

from datetime import timedelta

from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import PaceHeld
from include.core.pace import AccountPace
from include.dispatch.plan_files import format_selection, parse_selection
from include.dispatch.send_window import AHEAD_LIMIT, next_window
from include.ledger import pace, pending
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger

MAX_WAIT_SECONDS = 300.0
"""A longer wait than this gives the task's slot back: Airflow runs it again when the time has come."""
WINDOW_MARGIN_SECONDS = 60.0


class Admission:
    """Decides for one campaign. Calls block on the ledger; the sender makes them off its event loop."""

    def __init__(self, campaign: Campaign, account: AccountPace) -> None:
        self._campaign = campaign
        self._account = account

    @property
    def is_free(self) -> bool:
        """Whether every chunk may go at once: no pace, no cap, no send window."""
        return self._campaign.send_window is None and not self._limits()

    def admit(self, ledger: Ledger, chunk: Chunk) -> tuple[Chunk | None, list[Chunk], float]:
        """The chunk (or a first part of it) that may go after some seconds, and what is to be looked at again.

        Raises `PaceHeld` where it must wait longer than a task should.
        """
        moved = self._missed_window(ledger, chunk)
        if moved is not None:
            return None, moved, 0.0
        grant = pace.acquire(ledger, self._limits(), chunk.recipients)
        if grant.messages == 0:
            raise self._held(ledger, chunk, f"the limit {grant.scope} is used up", grant.wait)
        if grant.wait > MAX_WAIT_SECONDS:
            pace.release(ledger, self._limits(), grant.messages)
            raise self._held(ledger, chunk, "the rate allows it only later", grant.wait)
        if grant.messages == chunk.recipients:
            return chunk, [], grant.wait
        parts = divided(ledger, chunk, grant.messages, "divided: less than all of it was allowed at once")
        if not parts:
            pace.release(ledger, self._limits(), grant.messages)
            return None, pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk), 0.0
        return parts[0], parts[1:], grant.wait

    def give_back(self, ledger: Ledger, messages: int) -> None:
        """Nothing of what was admitted was sent."""
        pace.release(ledger, self._limits(), messages)

    def _limits(self) -> list[pace.Rate | pace.Cap]:
        own = self._campaign.pace
        return pace.limits(self._account, self._campaign.id, own.messages_per_second, own.daily_cap)

    def _missed_window(self, ledger: Ledger, chunk: Chunk) -> list[Chunk] | None:
        """Move a chunk whose window has closed to the next one, or skip it, as the campaign says.

        Returns what is to be looked at again of it; None where the window is open.
        """
        window, now = self._campaign.send_window, clock.now()
        if window is None or chunk.not_after is None or now.timestamp() < chunk.not_after - WINDOW_MARGIN_SECONDS:
            return None
        if window.missed == "skip":
            pending.skip(ledger, chunk, "missed its send window")
            return []
        opens, closes = next_window(window, chunk.zone, now + timedelta(seconds=WINDOW_MARGIN_SECONDS))
        assert opens is None or opens - now <= AHEAD_LIMIT
        pending.move_window(ledger, chunk, opens.timestamp() if opens else None, closes.timestamp())
        return pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk)

    def _held(self, ledger: Ledger, chunk: Chunk, reason: str, wait: float) -> PaceHeld:
        pending.record_hold_reason(ledger, chunk.plan_id, f"held: {reason}")
        return PaceHeld(
            f"{reason}; the rest of the campaign is pending.",
            where=f"plan {chunk.plan_id}",
            remedy=f"It goes on by itself in {wait:.0f} s.",
            retry_after=wait,
        )


def divided(ledger: Ledger, chunk: Chunk, size: int, reason: str) -> list[Chunk]:
    """A part of `size` people, and the rest; empty where another process took or divided the chunk meanwhile."""
    places = parse_selection(chunk.selection, chunk.root_size)
    parts = [(format_selection(part), len(part)) for part in (places[:size], places[size:])]
    if not pending.divide(ledger, chunk, parts, reason):
        return []
    return pending.pending_descendants(ledger, chunk.plan_id, chunk.chunk)
