"""Plans for tests of sending, frozen by the product's code from generated rows, without a warehouse."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from include.core import clock, token
from include.core.campaign import Campaign
from include.core.keys import address_key, message_key
from include.core.secrets import Secrets
from include.dispatch.plan.chunking import Chunking
from include.dispatch.plan.writer import PlanWriter, chunk_rows, write_chunks, write_contents, write_manifest
from include.dispatch.plan_files import AUDIENCE, CONSENT_END
from include.ledger import plans, suppressions
from include.ledger.stores import Stores
from tests.campaign import CAMPAIGN

CONTENT = {
    "subject": "Hello -tw0-",
    "text": "Hello -tw0-, leave: -tw1-",
    "html": '<p>Hello -tw0-, <a href="-tw1-">leave</a></p>',
    "edge_url": "https://mail.tradewind.example",
    "slots": [
        {"tag": "-tw0-", "before": "", "column": "slot_0"},
        {"tag": "-tw1-", "before": "https://mail.tradewind.example/u/", "column": "token"},
    ],
}


PEOPLE = pa.schema(
    [
        ("mail_group", pa.int32()),
        *((name, pa.string()) for name in ("message_key", "email", "address_key", "subscriber_id", "token")),
        (CONSENT_END, pa.timestamp("us", "UTC")),
    ]
)


class Names:
    """A filler with one slot, the name."""

    def fill(self, people: pa.Table) -> list[pa.Array]:
        return [pa.array(f"Person {row}" for row in range(people.num_rows))]


def email_of(person: int) -> str:
    return f"person{person}@gmail.example.com"


def people(secrets: Secrets, campaign: Campaign, count: int) -> Iterator[pa.RecordBatch]:
    """`count` people of one group, in batches."""
    for start in range(0, count, 20_000):
        rows = [_person(secrets, campaign, number) for number in range(start, min(start + 20_000, count))]
        yield pa.RecordBatch.from_pylist(rows, schema=PEOPLE)


def _person(secrets: Secrets, campaign: Campaign, number: int) -> dict[str, object]:
    key = message_key(campaign.id, "once", str(number))
    address = address_key(secrets.address_key, email_of(number))
    return {
        "mail_group": 0,
        "message_key": key,
        "email": email_of(number),
        "address_key": address,
        "subscriber_id": str(number),
        "token": token.mint(secrets, token.Subject(key, address)),
    }


def _chunking(count: int, chunk_size: int) -> Chunking:
    """The chunks of one group, as chunks.sql computes them."""
    shared = {"mail_group": 0, "content": "only.en.tracked", "variant": "only", "provider": "gmail"}
    when = {"zone": "", "send_at": None, "not_after": None}
    firsts = enumerate(range(0, count, chunk_size))
    chunks = [{"chunk": chunk, "recipients": min(chunk_size, count - first), **shared, **when} for chunk, first in firsts]
    return Chunking(False, chunks)


def frozen_plan(
    stores: Stores,
    count: int,
    *,
    chunk_size: int = 1_000,
    campaign: Campaign = CAMPAIGN,
) -> str:
    """Freeze a plan for `count` people; returns its id."""
    folder = stores.paths.root / "plans" / campaign.id / "once"
    folder.mkdir(parents=True)
    chunking = _chunking(count, chunk_size)
    with PlanWriter(folder, {"only.en.tracked": Names()}, slots=1) as writer:
        writer.write_people(people(stores.secrets, campaign, count), chunking)
        writer.write_not_planned(AUDIENCE.empty_table().to_reader())
    parts = list(chunk_rows(chunking.chunks))
    write_chunks(folder, parts)
    write_contents(folder, {"only.en": CONTENT})
    plan_id = plans.plan_id_of(campaign.id, "once")
    with stores.ledger.read() as connection:
        seen = suppressions.last_seq(connection)
    row = {
        "plan_id": plan_id,
        "campaign": campaign.id,
        "occurrence": "once",
        "kind": "live",
        "state": "sending",
        "settings": campaign.model_dump_json(),
        "segment_run": "test",
        "content_hash": "0" * 64,
        "folder": f"plans/{campaign.id}/once",
        "manifest_sha256": write_manifest(folder),
        "suppressions_seen": seen,
        "selected": count,
        "planned": count,
        "suppressed": 0,
        "capped": 0,
        "held_out": 0,
        "planned_at": clock.now().timestamp(),
    }
    assert plans.freeze_plan(stores.ledger, row, ({**part, "plan_id": plan_id, "state": "pending"} for part in parts))
    return plan_id
