"""Erases a person: first the suppression that keeps them out, then the warehouse and SendGrid.

Landed files, spool and plans are erased by the stages that write them: `include.extract.erase`, `include.collect.erase`,
`include.dispatch.account.erase`. The order matters: what is suppressed first cannot come back meanwhile.
"""

from __future__ import annotations

import logging
import shutil

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.keys import subscriber_key
from include.core.paths import DataPaths
from include.core.person import Person
from include.ledger import opt_out_log, suppressions
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.privacy import tables
from include.sendgrid.management import NotOffered, call
from include.warehouse.connection import open_warehouse, run, transaction
from include.warehouse.rewrite import rewrite

log = logging.getLogger(__name__)

SOURCE = "privacy_request"
GLOBAL_LIST, ERASE_JOB = "asm/suppressions/global", "recipients/erasejob"
"""SendGrid's management API: https://www.twilio.com/docs/sendgrid/api-reference/recipients-data-erasure"""


def suppress_person(stores: Stores, account: SendGridAccount, person: Person) -> int:
    """Suppress every address for good, here and at SendGrid, which then drops mail that it holds; return their number.

    The suppression log and the opt-out log keep keyed hashes of addresses and subscriber ids: the tombstones by which the
    next import leaves the person out.
    """
    now = clock.now().timestamp()
    ids = [subscriber_key(stores.secrets.address_key, subscriber_id) for subscriber_id in person.subscriber_ids]
    entries = [Suppression(key, "erasure", SOURCE, now) for key in (*person.address_keys, *ids)]
    suppressions.suppress(stores.ledger, entries)
    opt_out_log.append(stores.paths, "suppress", *entries)
    try:
        call(account, "post", GLOBAL_LIST, body={"recipient_emails": list(person.addresses)})
    except NotOffered:
        log.warning("SendGrid does not offer %s to this account: mail that it holds already is not stopped", GLOBAL_LIST)
    return len(person.address_keys)


def erase_at_sendgrid(account: SendGridAccount, person: Person) -> str:
    """Ask SendGrid to erase the person's data; return the job's id, or 'not offered'."""
    try:
        answer = call(account, "post", ERASE_JOB, body={"email_addresses": list(person.addresses)})
    except NotOffered:
        log.warning("SendGrid does not offer %s to this account: ask its support to erase the person", ERASE_JOB)
        return "not offered"
    return str((answer or {}).get("job_id", "accepted"))


def erase_from_warehouse(paths: DataPaths, person: Person) -> dict[str, int]:
    """Erase the person from every table, and the freed bytes from the file; return the rows changed by table.

    Also deletes the export of the quarantine, which has whole rows and can be written again.
    """
    shutil.rmtree(paths.quarantine, ignore_errors=True)
    with open_warehouse(paths) as warehouse:
        found = {table: tables.count(warehouse, table, person) for table in tables.tables_with_people(warehouse)}
        with transaction(warehouse):
            run(warehouse, "privacy", "changes_insert", {"ids": list(person.subscriber_ids)})
            run(warehouse, "privacy", "published_delete")
            for table, count in found.items():
                if count:
                    tables.erase(warehouse, table, person)
        rewrite(warehouse, paths)
    return {str(table): count for table, count in found.items() if count}
