"""Plans for tests of sending: frozen by the same code that freezes real ones, from rows that need no warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa

from include.core import clock, token
from include.core.campaign import Campaign, Sender
from include.core.keys import address_key, message_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch import plan_files
from include.ledger import plans, suppressions
from include.ledger.database import Ledger

CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    owner="marketing",
    purpose="A campaign for tests.",
    occurrence="once",
    segment="everybody",
    template="spring",
    sender=Sender(email="news@shop.example.com", name="Shop"),
    postal_address="1 Harbour Street, 20457 Hamburg, Germany",
)
CONTENT = {
    "subject": "Hello -tw0-",
    "text": "Hello -tw0-, leave: -tw1-",
    "html": '<p>Hello -tw0-, <a href="-tw1-">leave</a></p>',
    "edge_url": "https://mail.tradewind.example",
    "tags": ["-tw0-", "-tw1-"],
}


PEOPLE = pa.schema(
    [
        ("chunk", pa.int32()),
        ("row", pa.int32()),
        ("content", pa.string()),
        ("mailbox_provider", pa.string()),
        ("zone", pa.string()),
        ("send_at", pa.float64()),
        ("not_after", pa.float64()),
        ("message_key", pa.string()),
        ("email", pa.string()),
        ("address_key", pa.string()),
        ("subscriber_id", pa.string()),
        ("token", pa.string()),
    ]
)


class Names:
    """A filler with two slots: a name and a link."""

    content = SimpleNamespace(slots=(0, 1))

    def fill(self, people: pa.Table) -> list[pa.Array]:
        links = [f"https://mail.tradewind.example/u/{value}" for value in people["token"].to_pylist()]
        return [pa.array(f"Person {row}" for row in range(people.num_rows)), pa.array(links)]


def email_of(person: int) -> str:
    return f"person{person}@gmail.example.com"


def people(secrets: Secrets, campaign: Campaign, count: int, chunk_size: int) -> Iterator[pa.RecordBatch]:
    """`count` people in chunks of `chunk_size`, in batches."""
    for start in range(0, count, 20_000):
        rows = [_person(secrets, campaign, number, chunk_size) for number in range(start, min(start + 20_000, count))]
        yield pa.RecordBatch.from_pylist(rows, schema=PEOPLE)


def _person(secrets: Secrets, campaign: Campaign, number: int, chunk_size: int) -> dict[str, object]:
    key = message_key(campaign.id, "once", str(number))
    address = address_key(secrets.address_key, email_of(number))
    return {
        "chunk": number // chunk_size,
        "row": number % chunk_size,
        "content": "only.en.tracked",
        "mailbox_provider": "gmail",
        "zone": "",
        "send_at": None,
        "not_after": None,
        "message_key": key,
        "email": email_of(number),
        "address_key": address,
        "subscriber_id": str(number),
        "token": token.mint(secrets, token.Subject(key, address)),
    }


def frozen_plan(
    paths: DataPaths,
    ledger: Ledger,
    secrets: Secrets,
    count: int,
    *,
    chunk_size: int = 1_000,
    campaign: Campaign = CAMPAIGN,
) -> str:
    """Freeze a plan for `count` people; returns its id."""
    folder = paths.root / "plans" / campaign.id / "once"
    folder.mkdir(parents=True)
    batches = people(secrets, campaign, count, chunk_size)
    parts = list(plan_files.write_parts(folder, batches, {"only.en.tracked": Names()}, slots=2))
    kept = ["message_key", "subscriber_id", "address_key", "mailbox_provider", "chunk", "row"]
    everybody = [batch.select(kept) for batch in people(secrets, campaign, count, chunk_size)]
    audience = pa.Table.from_batches(everybody)
    for name, value in (("variant", "only"), ("state", "planned"), ("reason", None)):
        audience = audience.append_column(name, pa.array([value] * count, pa.string()))
    plan_files.write_audience(folder, audience.to_reader())
    plan_files.write_contents(folder, {"only.en": CONTENT})
    plan_id = plans.plan_id_of(campaign.id, "once")
    with ledger.read() as connection:
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
        "manifest_sha256": plan_files.write_manifest(folder),
        "suppressions_seen": seen,
        "selected": count,
        "planned": count,
        "suppressed": 0,
        "capped": 0,
        "held_out": 0,
        "planned_at": clock.now().timestamp(),
    }
    assert plans.freeze_plan(ledger, row, ({**part, "plan_id": plan_id, "state": "pending"} for part in parts))
    return plan_id
