"""Messages that SendGrid holds until their `send_at`: one batch a plan, which can be paused and cancelled there.

SendGrid keeps a batch id for 10 days and lets at most 10 batches be paused or cancelled at a time, up to 10 minutes before
send_at. https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal

from sqlalchemy import RowMapping

from include.core import sendgrid_management
from include.core.connections import SendGridAccount
from include.core.sendgrid_management import NotOffered
from include.ledger import plans
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

NOTICE_SECONDS = 600.0
"""SendGrid cancels nothing that is due sooner."""


def batch_for(ledger: Ledger, account: SendGridAccount, plan: RowMapping, work: Iterable[RowMapping]) -> str | None:
    """The plan's batch id, made on first need; None where nothing is scheduled or the provider has no batches."""
    if plan["batch_id"] or not any(chunk["send_at"] for chunk in work):
        return plan["batch_id"]
    try:
        answer = sendgrid_management.call(account, "post", "mail/batch")
    except NotOffered:
        log.warning("this provider has no batch ids: what it holds until send_at cannot be cancelled there")
        return None
    return plans.keep_batch_id(ledger, plan["plan_id"], answer["batch_id"])


def hold_back(account: SendGridAccount, plan: RowMapping, status: Literal["pause", "cancel"]) -> bool:
    """Pause or cancel what SendGrid already holds of the plan; False where it holds nothing by batch."""
    if not plan["batch_id"]:
        return False
    let_go(account, plan)
    body = {"batch_id": plan["batch_id"], "status": status}
    sendgrid_management.call(account, "post", "user/scheduled_sends", body=body)
    return True


def let_go(account: SendGridAccount, plan: RowMapping) -> bool:
    """Lift a pause at SendGrid; False where there is none."""
    if not plan["batch_id"]:
        return False
    try:
        sendgrid_management.call(account, "delete", f"user/scheduled_sends/{plan['batch_id']}")
    except NotOffered:
        return False
    return True
