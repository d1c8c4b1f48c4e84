"""Messages that SendGrid holds until their `send_at`, by a batch that can be paused and cancelled there.

What SendGrid documents (https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends):

- at most 10 batches are paused or cancelled at a time, and none later than 10 minutes before its send_at;
- a cancelled batch is discarded when it reaches its send_at;
- a paused one is kept beyond its send_at, goes out when the pause is deleted, and is discarded after 72 hours;
- a batch that has a status answers 400 to another POST: PATCH changes it, DELETE lifts it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Literal

from include.core.campaign import Campaign
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.ledger import plans
from include.ledger.chunk import Chunk, Plan
from include.ledger.database import Ledger
from include.sendgrid import management
from include.sendgrid.management import NotOffered, RequestRejected

log = logging.getLogger(__name__)

Status = Literal["pause", "cancel"]
KEPT_SECONDS = 72 * 3600.0
"""How long after its send_at SendGrid keeps what is paused."""


def batch_for(ledger: Ledger, account: SendGridAccount, plan: Plan, work: Iterable[Chunk]) -> str | None:
    """The batch id for what is scheduled of a plan; None where nothing is, or the provider has no batches.

    SendGrid forgets a batch id after 10 days: one that it no longer knows is replaced. What carries the old one keeps it.
    """
    if not (Campaign.model_validate_json(plan.settings).send_window or any(chunk.send_at for chunk in work)):
        return None
    try:
        if plan.batch_id and _is_known(account, plan.batch_id):
            return plan.batch_id
        answer = management.call(account, "post", "mail/batch")
    except NotOffered:
        log.warning("this provider has no batch ids: what it holds until send_at cannot be paused or cancelled there")
        return None
    return plans.set_batch_id(ledger, plan.plan_id, answer["batch_id"], instead_of=plan.batch_id)


def hold(account: SendGridAccount, batches: Iterable[str], status: Status) -> None:
    """Pause or cancel the batches; returns when SendGrid has confirmed that for each. May be repeated.

    A status is changed in place: a batch without one, even for a moment, would let go of what is past its send_at. Raises
    `ConfigurationError` where SendGrid holds as many batches as it does, and what `management.call` raises.
    """
    for batch_id in batches:
        try:
            management.call(account, "post", "user/scheduled_sends", body={"batch_id": batch_id, "status": status})
        except RequestRejected as refused:
            if refused.status != 400:
                raise
            _change(account, batch_id, status)


def release(account: SendGridAccount, batches: Iterable[str]) -> None:
    """Lift the pause of the batches. What is past its send_at goes out at once."""
    for batch_id in batches:
        try:
            management.call(account, "delete", f"user/scheduled_sends/{batch_id}")
        except NotOffered:  # 404: it had none
            continue


def _change(account: SendGridAccount, batch_id: str, status: Status) -> None:
    """For a batch that could not be given a status: because it has one, or because too many have."""
    path = f"user/scheduled_sends/{batch_id}"
    standing = {entry["status"] for entry in _entries(management.call(account, "get", path))}
    if not standing:
        raise ConfigurationError(
            f"does not {status} the batch: at most 10 may be paused or cancelled at a time.",
            where="SendGrid, POST /v3/user/scheduled_sends",
            remedy="Resume a campaign that is paused, or lift old cancellations whose send_at is past, and give it again.",
        )
    if standing != {status}:
        management.call(account, "patch", path, body={"status": status})


def _entries(answer: Any) -> list[dict[str, str]]:
    return [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []


def _is_known(account: SendGridAccount, batch_id: str) -> bool:
    try:
        management.call(account, "get", f"mail/batch/{batch_id}")
    except RequestRejected:
        return False
    return True
