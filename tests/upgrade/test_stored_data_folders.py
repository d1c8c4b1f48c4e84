"""Data folders that released versions wrote are upgraded by opening them: nothing is lost, and a send goes on where it was.

`data/<version>.tar.gz` is what the code of that version left: forty subscribers of whom one complained and one declined a
topic, their purchases, one segment run, a campaign of five chunks of which two were sent, their events, marts, and a webhook
batch that was not loaded yet. `facts.json` in it says what SendGrid had accepted. A release adds its own (docs/release.md).
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from include.analyze.marts import build_marts
from include.collect.load import load_spool
from include.core import clock
from include.core.connections import ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.record import record_sends
from include.dispatch.account.settle import settle
from include.dispatch.send.sender import ranges, send_range
from include.ledger import consent, suppressions
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.publish.file import publish
from include.segment.build import build_segments
from include.warehouse.connection import open_warehouse
from tests.dispatch.scripted_esp import ScriptedEsp

STORED = sorted((Path(__file__).parent / "data").glob("*.tar.gz"))


@pytest.fixture(params=STORED, ids=lambda path: path.name.removesuffix(".tar.gz"))
def old(request: pytest.FixtureRequest, paths: DataPaths) -> Iterator[tuple[Stores, dict[str, Any]]]:
    """The stores of an unpacked data folder, opened by this code, and its facts."""
    with tarfile.open(request.param) as packed:
        packed.extractall(paths.root, filter="data")
    secrets = load_secrets(paths)
    ledger = open_ledger(ledger_url(paths), secrets)
    yield Stores(paths, ledger, secrets), json.loads((paths.root / "facts.json").read_bytes())
    ledger.close()


def ask(stores: Stores, query: str) -> list[tuple[Any, ...]]:
    with open_warehouse(stores.paths) as warehouse:
        return warehouse.execute(query).fetchall()


def test_every_row_is_there(old: tuple[Stores, dict[str, Any]]) -> None:
    stores, facts = old
    assert ask(stores, "select count(*) from core.subscribers") == [(facts["subscribers"],)]
    assert ask(stores, "select count(*) from core.purchases") == [(facts["purchases"],)]
    assert ask(stores, "select count(distinct dedup_key) from engagement.events") == [(facts["events"],)]
    assert ask(stores, "select count(*) from segment.membership where segment = 'dormant_readers'") == [(40,)]
    assert suppressions.reasons_in_force(stores.ledger, facts["suppressed"]) == {"spam_complaint"}
    with stores.ledger.read() as connection:
        assert [(answer.topic, answer.given) for answer in consent.since(connection, 0, 0.0)] == [("news", False)]


def test_the_send_goes_on_and_nobody_gets_it_twice(old: tuple[Stores, dict[str, Any]], esp: ScriptedEsp) -> None:
    stores, facts = old
    for part in ranges(stores.ledger, facts["plan_id"]):
        send_range(stores, esp.account, **part)
    assert set(esp.taken) & set(facts["taken"]) == set()
    assert len(esp.taken) + len(facts["taken"]) == facts["planned"]
    assert settle(stores.ledger, facts["plan_id"])["accepted"] == facts["planned"]


def test_events_segments_marts_and_the_published_file_follow(old: tuple[Stores, dict[str, Any]]) -> None:
    stores, facts = old
    assert load_spool(stores.paths)["new"] == 1
    record_sends(stores)
    tomorrow = clock.now() + timedelta(days=1)
    build_segments(stores.paths, segment_run="new-run", as_of=tomorrow)
    build_marts(stores, as_of=tomorrow)
    publish(stores.paths)
    delivered = ask(stores, "select sum(delivered) from marts.campaign_performance where campaign = 'spring'")
    assert delivered == [(len(facts["taken"]),)]
    assert (stores.paths.published / "analytics.duckdb").exists()
