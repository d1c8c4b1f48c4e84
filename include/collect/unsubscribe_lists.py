"""SendGrid's unsubscribe lists: which of them Tradewind uses, and adding and removing addresses.

An unsubscribe here covers all mail of this sender. SendGrid has one list for each unsubscribe group and a global one. Where
every campaign has a group, the lists of these groups are used, so that the account's other mail (receipts) still goes out;
otherwise the global list.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

import orjson
from sqlalchemy import select

from include.core import clock
from include.core.campaign_file import campaign_names, load_campaign
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.core.journey_file import journey_names, load_journey
from include.ledger.database import Ledger
from include.ledger.tables import plans
from include.sendgrid.management import NotOffered, call

log = logging.getLogger(__name__)

ADDRESSES_PER_CALL = 500
RECENT_PLANS = timedelta(days=30)
"""Mail is scheduled at most three days ahead; a campaign sends for some days."""
GLOBAL = "asm/suppressions/global"


def groups_in_use(ledger: Ledger) -> frozenset[int | None]:
    """The unsubscribe groups of recent plans and of the campaign files; None stands for a campaign without a group."""
    since = (clock.now() - RECENT_PLANS).timestamp()
    with ledger.read() as connection:
        planned = connection.execute(select(plans.c.settings).where(plans.c.planned_at > since)).scalars().all()
    found = {orjson.loads(settings).get("asm_group_id") for settings in planned}
    for name in campaign_names():
        try:
            found.add(load_campaign(name).asm_group_id)
        except ConfigurationError as error:
            log.warning("its unsubscribe group is not known: %s", error)
    for name in journey_names():
        try:
            journey = load_journey(name)
            found.update(journey.campaign(step).asm_group_id for step in journey.steps if step.kind == "mail")
        except ConfigurationError as error:
            log.warning("its unsubscribe group is not known: %s", error)
    return frozenset(found or {None})


def add_addresses(account: SendGridAccount, emails: list[str], groups: frozenset[int | None]) -> None:
    """Add the addresses to the lists of all groups, or to the global list where a campaign has no group."""
    names = [GLOBAL] if None in groups else _group_lists(groups)
    for start in range(0, len(emails), ADDRESSES_PER_CALL):
        body = {"recipient_emails": emails[start : start + ADDRESSES_PER_CALL]}
        try:
            for name in names:
                call(account, "post", name, body=body)
        except NotOffered:  # The group was deleted at SendGrid, so its list stops no mail; the global list does.
            call(account, "post", GLOBAL, body=body)


def remove_addresses(account: SendGridAccount, emails: list[str], groups: frozenset[int | None]) -> None:
    """Remove the addresses from the global list and from every group's list; a group that was deleted there is skipped."""
    for email in emails:
        address = quote(email, safe="")
        call(account, "delete", f"{GLOBAL}/{address}", shown_as=f"{GLOBAL}/…")
        for name in _group_lists(groups):
            with suppress(NotOffered):
                call(account, "delete", f"{name}/{address}", shown_as=f"{name}/…")


def _group_lists(groups: frozenset[int | None]) -> list[str]:
    return [f"asm/groups/{group}/suppressions" for group in sorted(filter(None, groups))]
