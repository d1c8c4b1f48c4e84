"""Resolves doubt from SendGrid's Email Activity API, a paid option of the account.

Queries the messages of a chunk in doubt by our custom_args. The API allows 6 requests per minute and returns up to 1,000
rows without a cursor, which suffices, since a chunk has at most 1,000 people. https://www.twilio.com/docs/sendgrid/api-reference/email-activity
"""

from __future__ import annotations

import logging
from typing import Any

import pyarrow as pa

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.keys import address_key
from include.core.secrets import Secrets
from include.ledger.chunk import Chunk
from include.ledger.doubt import Proof, in_doubt_chunks, prove
from include.ledger.stores import Stores
from include.sendgrid.management import NotOffered, call
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

CHUNKS_PER_RUN = 5
"""Below the limit of 6 requests per minute; `collect_engagement` runs every five minutes."""
MAX_ROWS = 1_000

_ACTIVITY = pa.schema(
    [("plan_id", pa.string()), ("chunk", pa.int32()), ("attempt", pa.int32()), ("address_key", pa.string())]
)


def prove_from_activity(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Record evidence from SendGrid's activity; returns the number of chunks queried (`asked`) and messages proved (new).

    `{"activity": "not offered"}` if the provider has no such API. Raises what `sendgrid.management.call` raises.
    """
    queried = in_doubt_chunks(stores.ledger)[:CHUNKS_PER_RUN]
    try:
        rows = [row for chunk in queried for row in _find_messages(account, stores.secrets, chunk)]
    except NotOffered:
        return {"activity": "not offered"}
    if not rows:
        return {"asked": len(queried), "proved": 0}
    with open_warehouse(stores.paths) as warehouse:
        warehouse.register("activity", pa.Table.from_pylist(rows, schema=_ACTIVITY))
        found = fetch(warehouse, "collect", "activity_messages").to_pylist()
    now = clock.now().timestamp()
    proved = prove(stores.ledger, [Proof(**row, evidence="activity", happened_at=now) for row in found])
    log.info("activity: %d chunks queried, %d messages proved", len(queried), proved)
    return {"asked": len(queried), "proved": proved}


def _find_messages(account: SendGridAccount, secrets: Secrets, chunk: Chunk) -> list[dict[str, Any]]:
    """Query the messages of the chunk's last attempt; returns rows of `_ACTIVITY`."""
    query = f"unique_args['tw_chunk']=\"{chunk.wire_id}\" AND unique_args['tw_try']=\"{chunk.attempt}\""
    answer = call(account, "get", "messages", query={"query": query, "limit": MAX_ROWS})
    messages = answer.get("messages", []) if isinstance(answer, dict) else []
    attempt = {"plan_id": chunk.plan_id, "chunk": chunk.chunk, "attempt": chunk.attempt}
    return [{**attempt, "address_key": address_key(secrets.address_key, str(message["to_email"]))} for message in messages]
