"""Who left here is told to SendGrid too, so that what it has already scheduled for them does not go.

Leaving here means all our mail. SendGrid has a list for each unsubscribe group and one for everything: the groups of our
campaigns where each has one, so that the account's other mail (receipts) still goes; else the list for everything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import duckdb
import orjson
import pyarrow as pa
from sqlalchemy import select

from include.collect import told_people
from include.core import clock
from include.core.campaign import campaign_names, load_campaign
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.ledger import own_unsubscribes, watermarks
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks, plans
from include.sendgrid.management import NotOffered, call
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

TOLD, TOLD_AT = "told/unsubscribes", "told/at"
"""Watermarks: the last seq of the suppression log that SendGrid was told of, and when that was."""
ADDRESSES_A_CALL = 500
PLANS_COUNT = timedelta(days=30)
"""Mail is scheduled at most three days ahead; a campaign sends for some days."""
GLOBAL = "asm/suppressions/global"


def tell_unsubscribes(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Put who left on SendGrid's lists, take who came back off them; returns how many, and how many have no known address.

    Idempotent; a crash tells again. Raises `ConfigurationError` for a key that may not write suppressions, `EspUnavailable`
    when SendGrid does not answer. No address is logged or in an error.
    """
    told = told_of(stores.ledger)
    with stores.ledger.read() as connection:
        changes = own_unsubscribes.since(connection, told)
    with open_warehouse(stores.paths) as warehouse:
        gone, returned = told_people.of(warehouse, stores.ledger, changes)
        emails = _addresses(warehouse, stores, gone | returned)
    left, back = ([emails[key] for key in sorted(keys) if key in emails] for keys in (gone, returned))
    groups = groups_in_use(stores.ledger)
    try:
        add(account, left, groups)
        remove(account, back, groups)
    except NotOffered:
        return {"told": "not offered"}
    watermarks.put(stores.ledger, TOLD_AT, clock.now().timestamp())
    watermarks.put(stores.ledger, TOLD, changes.seq)
    counts = {"left": len(left), "back": len(back), "unknown": len((changes.left | changes.back) - emails.keys())}
    log.info("told SendGrid: %s", counts)
    return dict(counts)


def told_of(ledger: Ledger) -> int:
    """The last seq of the suppression log that SendGrid knows of."""
    return int(watermarks.get(ledger, TOLD) or 0)


def groups_in_use(ledger: Ledger) -> frozenset[int | None]:
    """The unsubscribe groups of our campaigns, as planned of late and as their files say; None for one without a group."""
    since = (clock.now() - PLANS_COUNT).timestamp()
    with ledger.read() as connection:
        planned = connection.execute(select(plans.c.settings).where(plans.c.planned_at > since)).scalars().all()
    found = {orjson.loads(settings).get("asm_group_id") for settings in planned}
    for name in campaign_names():
        try:
            found.add(load_campaign(name).asm_group_id)
        except ConfigurationError as error:
            log.warning("its unsubscribe group is not known: %s", error)
    return frozenset(found or {None})


def add(account: SendGridAccount, emails: list[str], groups: frozenset[int | None]) -> None:
    """Onto the list for everything, or those of all our groups where every campaign has one."""
    names = [GLOBAL] if None in groups else _lists_of(groups)
    for start in range(0, len(emails), ADDRESSES_A_CALL):
        body = {"recipient_emails": emails[start : start + ADDRESSES_A_CALL]}
        try:
            for name in names:
                call(account, "post", name, body=body)
        except NotOffered:  # A group that was deleted there stops nothing; the list for everything does.
            call(account, "post", GLOBAL, body=body)


def remove(account: SendGridAccount, emails: list[str], groups: frozenset[int | None]) -> None:
    """Off every list on which we, or they, may have put them; a group that was deleted there has none."""
    for email in emails:
        address = quote(email, safe="")
        call(account, "delete", f"{GLOBAL}/{address}", shown_as=f"{GLOBAL}/…")
        for name in _lists_of(groups):
            with suppress(NotOffered):
                call(account, "delete", f"{name}/{address}", shown_as=f"{name}/…")


def _lists_of(groups: frozenset[int | None]) -> list[str]:
    return [f"asm/groups/{group}/suppressions" for group in sorted(filter(None, groups))]


def _addresses(warehouse: duckdb.DuckDBPyConnection, stores: Stores, wanted: frozenset[str]) -> dict[str, str]:
    """Address by key: as the source has it now, else as scheduled mail was planned to it."""
    if not wanted:
        return {}
    warehouse.register("requested_keys", pa.table({"address_key": sorted(wanted)}))
    rows = fetch(warehouse, "collect", "addresses_known").to_pylist()
    missing = wanted - {row["address_key"] for row in rows}
    if missing and (parts := _scheduled_parts(stores)):
        rows += fetch(warehouse, "collect", "addresses_planned", {"parts": parts}).to_pylist()
    return {row["address_key"]: row["email"] for row in rows}


def _scheduled_parts(stores: Stores) -> list[str]:
    """The files of people of every plan that has mail whose time has not come."""
    query = (
        select(plans.c.folder, chunks.c.file)
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(chunks.c.send_at > clock.now().timestamp())
        .distinct()
    )
    with stores.ledger.read() as connection:
        return _existing(stores.paths.root / row.folder / row.file for row in connection.execute(query))


def _existing(files: Iterable[Path]) -> list[str]:
    return sorted({str(file) for file in files if file.is_file()})
