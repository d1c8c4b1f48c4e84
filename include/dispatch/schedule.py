"""Pauses and cancels messages that SendGrid holds until their `send_at`, by their batch.

From SendGrid's documentation (https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends):

- at most 10 batches are paused or cancelled at a time, and none later than 10 minutes before its send_at;
- a cancelled batch is discarded when it reaches its send_at;
- a paused batch is kept beyond its send_at, sent when the pause is deleted, and discarded after 72 hours;
- a POST for a batch that has a status returns 400: PATCH changes the status, DELETE removes it.
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
"""How long SendGrid keeps a paused message after its send_at."""


def batch_for(ledger: Ledger, account: SendGridAccount, plan: Plan, work: Iterable[Chunk]) -> str | None:
    """The batch id for the plan's scheduled messages; None if there are none, or the provider has no batches.

    SendGrid deletes batch ids after 10 days; then a new one is used for further requests.
    """
    if not (Campaign.model_validate_json(plan.settings).waits_for_hours or any(chunk.send_at for chunk in work)):
        return None
    try:
        if plan.batch_id and _is_known(account, plan.batch_id):
            return plan.batch_id
        answer = management.call(account, "post", "mail/batch")
    except NotOffered:
        log.warning("this provider has no batch ids: its scheduled messages cannot be paused or cancelled")
        return None
    return plans.set_batch_id(ledger, plan.plan_id, answer["batch_id"], instead_of=plan.batch_id)


def hold(account: SendGridAccount, batches: Iterable[str], status: Status) -> None:
    """Pause or cancel the batches; return when SendGrid has confirmed each. Can be repeated.

    A status is changed in place, because SendGrid would send messages past their send_at as soon as the batch has no status.
    Raises `ConfigurationError` if SendGrid's limit of held batches is reached, and the errors of `management.call`.
    """
    for batch_id in batches:
        try:
            management.call(account, "post", "user/scheduled_sends", body={"batch_id": batch_id, "status": status})
        except RequestRejected as refused:
            if refused.status != 400:
                raise
            _change(account, batch_id, status)


def release(account: SendGridAccount, batches: Iterable[str]) -> None:
    """Lift the pause of the batches. Messages past their send_at are sent at once."""
    for batch_id in batches:
        try:
            management.call(account, "delete", f"user/scheduled_sends/{batch_id}")
        except NotOffered:  # 404: it had none
            continue


def _change(account: SendGridAccount, batch_id: str, status: Status) -> None:
    """Change the status of a batch whose POST was refused: it has a status already, or too many batches have one."""
    path = f"user/scheduled_sends/{batch_id}"
    current = {entry["status"] for entry in _entries(management.call(account, "get", path))}
    if not current:
        raise ConfigurationError(
            f"does not {status} the batch: at most 10 may be paused or cancelled at a time.",
            where="SendGrid, POST /v3/user/scheduled_sends",
            remedy="Resume a paused campaign, or delete cancellations whose send_at is past, and try again.",
        )
    if current != {status}:
        management.call(account, "patch", path, body={"status": status})


def _entries(answer: Any) -> list[dict[str, str]]:
    return [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []


def _is_known(account: SendGridAccount, batch_id: str) -> bool:
    try:
        management.call(account, "get", f"mail/batch/{batch_id}")
    except RequestRejected:
        return False
    return True
