"""Opt-outs from mail and tracking since the plan was frozen, checked inside the transaction of each claim.

And consent that has ended meanwhile: whether a person may be mailed is decided at the moment of the request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from include.core.shop import PAUSE_SECONDS
from include.dispatch.plan_files import CONSENT_END
from include.ledger import consent, suppressions
from include.ledger.chunks import Outcome
from include.ledger.consent import PAUSE, TRACKING, Consent
from include.ledger.suppressions import PERSONAL_REASONS

OtherAddresses = Mapping[str, Sequence[str]]
"""A former address key of planned people → the address keys under which they are planned."""


CLOCK_MARGIN_SECONDS = 60.0
EXPIRED = "consent_expired"
"""The reason, as in `people_as_of`."""


class Answers:
    """The newest answer of planned people about one topic, under any of their addresses. In a tie, the refusal counts."""

    def __init__(self, other_addresses: OtherAddresses) -> None:
        self._other_addresses = other_addresses
        self._newest: dict[str, tuple[float, bool]] = {}

    def add(self, answer: Consent) -> None:
        for planned in (answer.address_key, *self._other_addresses.get(answer.address_key, ())):
            at, given = self._newest.get(planned, (0.0, True))
            if answer.happened_at > at or (answer.happened_at == at and given):
                self._newest[planned] = (answer.happened_at, answer.given)

    def __bool__(self) -> bool:
        """Whether there are answers."""
        return bool(self._newest)

    def is_refused(self, address: str) -> bool:
        return self.refused_at(address) is not None

    def refused_at(self, address: str) -> float | None:
        """When the person refused (Unix seconds); None if the newest answer agrees, or there is none."""
        at, given = self._newest.get(address, (0.0, True))
        return None if given else at


class Withdrawals:
    """The suppressions and consent answers since a plan was frozen, as seen by one sending process.

    The suppression log is read after the plan's `seen`, the consent log since `planned_at`. A person may unsubscribe by a
    link in an old message, under a former address (`other_addresses`). Lifting one reason leaves the other reasons of the
    address in force. People who declined the plan's `topic` are excluded, and people who paused their mail, unless it asks
    them to confirm their sign-up (`confirming`); people who refused tracking get the message untracked.
    """

    def __init__(
        self,
        seen: int,
        other_addresses: OtherAddresses,
        *,
        topic: str | None = None,
        confirming: bool = False,
        planned_at: float = 0.0,
    ) -> None:
        self._seen, self._other_addresses = seen, other_addresses
        self._suppressed: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        self._untracked: set[str] = set()
        self._answered, self._answered_from = 0, planned_at - CLOCK_MARGIN_SECONDS
        self._topic, self._tracking, self._pause = (Answers(other_addresses) for _ in range(3))
        self._answers = {TRACKING: self._tracking} | ({topic: self._topic} if topic else {})
        self._answers |= {} if confirming else {PAUSE: self._pause}

    def read(self, connection: Connection) -> None:
        """Read the new rows of both logs."""
        for seq, address, action, reason in suppressions.since(connection, self._seen):
            self._seen = seq
            if reason == suppressions.UNTRACKED:
                (self._untracked.add if action == "suppress" else self._untracked.discard)(address)
                continue
            for planned in (address, *(self._other_addresses.get(address, ()) if reason in PERSONAL_REASONS else ())):
                self._set_reason(planned, (address, reason), in_force=action == "suppress")
        if (last := consent.last_seq(connection)) > self._answered:
            for answer in consent.since(connection, self._answered, self._answered_from):
                if answer.topic in self._answers:
                    self._answers[answer.topic].add(answer)
            self._answered = last

    def excluded(self, people: pa.Table, rows: Sequence[int], at: float) -> list[Outcome]:
        """Outcomes of the people among these rows who must not be mailed `at` (Unix seconds), with the first reason."""
        expired = _expired(people, at)
        if not (self._suppressed or self._topic or self._pause or expired):
            return []
        addresses = people["address_key"].to_pylist()
        found = {row: self._reason(addresses[row], at) or (EXPIRED if row in expired else None) for row in rows}
        reasons = {row: reason for row, reason in found.items() if reason}
        return [Outcome(people["message_key"][row].as_py(), row, "suppressed", reason) for row, reason in reasons.items()]

    def untracked(self, people: pa.Table, rows: Sequence[int]) -> list[int]:
        """The rows of people who may no longer be tracked."""
        if not self._untracked and not self._tracking:
            return []
        addresses = people["address_key"].to_pylist()
        return [row for row in rows if addresses[row] in self._untracked or self._tracking.is_refused(addresses[row])]

    def _reason(self, planned: str, at: float) -> str | None:
        if reasons := self._suppressed.get(planned):
            return next(iter(reasons))[1]
        paused_at = self._pause.refused_at(planned)
        if paused_at is not None and at < paused_at + PAUSE_SECONDS:
            return "paused"
        return "topic_declined" if self._topic.is_refused(planned) else None

    def _set_reason(self, planned: str, reason: tuple[str, str], *, in_force: bool) -> None:
        if in_force:
            self._suppressed[planned][reason] = None
        elif planned in self._suppressed:
            self._suppressed[planned].pop(reason, None)
            if not self._suppressed[planned]:
                del self._suppressed[planned]


def _expired(people: pa.Table, at: float) -> set[int]:
    """The rows of people whose consent has ended; none in a plan of a version without the column."""
    if CONSENT_END not in people.column_names:
        return set()
    has_ended = pc.less_equal(people[CONSENT_END], pa.scalar(datetime.fromtimestamp(at, UTC), pa.timestamp("us", "UTC")))
    return set(pc.indices_nonzero(pc.fill_null(has_ended, False)).to_pylist())
