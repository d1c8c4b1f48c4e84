"""Writes the data folder that a release leaves for the upgrade tests: `python -m tests.upgrade.write` (docs/release.md)."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from include.analyze.marts import build_marts
from include.collect.load import load_spool
from include.core import clock
from include.core.connections import ledger_url
from include.core.keys import address_key
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.record import record_sends
from include.dispatch.plan import chunking, freeze
from include.dispatch.send.sender import send_range
from include.ledger import consent, suppressions
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.segment.build import build_segments
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from tests.campaign import a_campaign
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import EDGE, FILES
from tests.rows import purchase, subscriber
from tests.validate.conftest import land_rows

AT = datetime(2026, 11, 25, 6, tzinfo=UTC)
PEOPLE, PURCHASES, SENT_CHUNKS = 40, 60, (0, 1)


def main() -> None:
    """Write `data/<version>.tar.gz` beside this file; the version is that of pyproject.toml."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    target = Path(__file__).parent / "data" / f"{version}.tar.gz"
    if target.exists():
        sys.exit(f"{target} exists: a release's data folder is never changed")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        root.mkdir()
        os.environ |= {"TRADEWIND_DATA": str(root), "TRADEWIND_TEMPLATES": str(_templates(Path(folder)))}
        _fill(DataPaths(root))
        with tarfile.open(target, "w:gz") as packed:
            packed.add(root, ".")


def _fill(paths: DataPaths) -> None:
    secrets = load_secrets(paths)
    ledger = open_ledger(ledger_url(paths), secrets)
    stores, esp = Stores(paths, ledger, secrets), ScriptedEsp()
    _take_in(paths)
    build_segments(paths, segment_run="old-run", as_of=AT)
    complained = address_key(secrets.address_key, "person3@example.com")
    declined = address_key(secrets.address_key, "person4@example.com")
    suppressions.suppress(ledger, [suppressions.Suppression(complained, "spam_complaint", "test", 1.0)])
    consent.record(ledger, [consent.Consent(declined, "news", False, "preference_page", 2.0)])
    chunking.CHUNK_SIZE = 10
    campaign = a_campaign(segment="dormant_readers")
    plan = freeze.freeze(stores, campaign, occurrence="once", edge_url=EDGE, at=AT)
    for chunk in SENT_CHUNKS:
        send_range(stores, esp.account, plan_id=plan["plan_id"], first=chunk, last=chunk)
    record_sends(stores)
    events = list(_events(esp))
    _spool(paths, events)
    load_spool(paths)
    build_marts(stores, as_of=clock.now())
    _spool(paths, [{**events[0], "event": "open", "sg_event_id": "late"}])
    facts = {
        "taken": sorted(esp.taken), "suppressed": complained, "plan_id": plan["plan_id"], "planned": plan["planned"],
        "subscribers": PEOPLE, "purchases": PURCHASES, "events": len(events),
    }  # fmt: skip
    (paths.root / "facts.json").write_text(json.dumps(facts))
    ledger.close()
    esp.stop()


def _take_in(paths: DataPaths) -> None:
    people = [subscriber(number, tracking_consent=str(number % 3 > 0).lower()) for number in range(PEOPLE)]
    people.append(subscriber(99, email="not an address"))
    purchases = [purchase(number, subscriber_id=f"S{number % 20}") for number in range(PURCHASES)]
    for relation, rows in {"subscribers": people, "purchases": purchases}.items():
        manifest = land_rows(paths, relation, rows)
        validate_batch(paths, manifest)
        merge_batch(paths, manifest)


def _events(esp: ScriptedEsp) -> list[dict[str, Any]]:
    """A delivery and a click of every accepted message."""
    found = []
    for body in esp.bodies:
        for person in body["personalizations"]:
            shared = {
                **body.get("custom_args", {}), **person["custom_args"], "email": person["to"][0]["email"],
                "timestamp": int(clock.now().timestamp()) - 100, "sg_message_id": "XM.recvd-1.0",
            }  # fmt: skip
            click = {"url": "https://shop.example.com/a", "useragent": "Mozilla/5.0", "ip": "203.0.113.9"}
            found.append({**shared, "event": "delivered", "sg_event_id": uuid.uuid4().hex})
            found.append({**shared, **click, "event": "click", "sg_event_id": uuid.uuid4().hex})
    return found


def _spool(paths: DataPaths, events: list[dict[str, Any]]) -> None:
    """A webhook batch, as the edge leaves it."""
    folder = paths.spool / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{clock.now():%Y%m%dT%H%M%S%f}Z-{uuid.uuid4()}.json").write_bytes(orjson.dumps(events))


def _templates(root: Path) -> Path:
    folder = root / "templates" / "spring"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder.parent


if __name__ == "__main__":
    main()
