"""`python -m tests.leak.walk ROOT` runs a campaign from source to report as the tasks do, with every kind of failure.

Everything that Airflow would keep of it lies in the data folder afterwards: logs at DEBUG (`logs/tasks.log`), the exceptions
with their traces in it, what tasks return (`logs/xcom.json`), and alerts. What is printed is the caller's to keep.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from pathlib import Path
from typing import Any

from include.analyze import marts, reconcile
from include.collect import doubt, load, monitor, suppress, sync_suppressions, withhold
from include.core import clock
from include.core.alert import deliver
from include.core.campaign_file import load_campaign
from include.core.connections import SendGridAccount, ledger_url
from include.core.failure_alert import failure_alert_for
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account import record, settle
from include.dispatch.plan import chunking, freeze
from include.dispatch.preview.preview import preview_run
from include.dispatch.preview.test_send import SeedChoice, freeze_test
from include.dispatch.send import sender
from include.extract.land import land
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.publish import file, read_back, report
from include.segment.build import build_segments
from include.validate import batch, merge, quality_page
from operations.__main__ import main as operations
from tests import rows
from tests.ports import free_port
from tests.running_simulator import RunningSimulator

API_KEY = "SG.zqLeakKey.Zq0123456789abcdef"
PEOPLE = 200
EDGE_URL = "https://mail.tradewind.example"
CHUNK_SIZE = 25
OCCURRENCE = "2026-W48"
BROKEN = ("zqbroken", "zqbcc", "zqspace", "zqhuge")
GARBAGE = ("zqgarbage", "zqforged", "zqcut")
TEMPLATE = {
    "subject.txt.j2": "For {{ person.first_name | default('you') }}",
    "preheader.txt.j2": "What is new",
    "body.txt.j2": "{% personal %}{{ SLOT }}{% endpersonal %}\n{{ postal_address }}\n{{ unsubscribe_url }}",
    "body.html.j2": '<p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Leave</a>',
}
SLOTS_THAT_RAISE = (
    "person.first_name | number",
    "person.first_name + 1",
    "person.first_name | date",
    "1 / (person.purchases - 1)",
)

log = logging.getLogger("tests.leak")


def words() -> Iterator[str]:
    """Distinctive strings of four letters that occur in no natural word."""
    return ("".join(letters) + "qx" for letters in product("bcdfghjk", repeat=3))


def people() -> list[dict[str, Any]]:
    """Subscribers with distinctive names and addresses; some rows are broken."""
    joined = (datetime.now(UTC) - timedelta(days=20)).isoformat()
    good = [
        rows.subscriber(
            number, email=f"zq{word}@{('gmail', 'yahoo', 'outlook', 'shop')[number % 4]}.example.com",
            first_name=f"Zf{word}", last_name=f"Zl{word}", locale=("en", "de")[number % 2],
            signed_up_at=joined, consented_at=joined, updated_at=joined,
        )
        for number, word in enumerate(islice(words(), PEOPLE))
    ]  # fmt: skip
    bad = {
        "zqbroken": {"email": "zqbroken@@gmail.example.com"},
        "zqbcc": {"email": "zqbcc@gmail.example.com\r\nBcc: zqbcc@e.org"},
        "zqspace": {"email": " zqspace@gmail.example", "signed_up_at": "zqspace"}, "zqhuge": {"first_name": "zqhuge" * 100},
    }  # fmt: skip
    twice = {**good[0], "subscriber_id": "twice"}
    return [*good, *(rows.subscriber(1000 + n, **bad[name]) for n, name in enumerate(BROKEN)), twice]


class Walk:
    """The stores of one data folder, and the output of its tasks."""

    def __init__(self, root: Path) -> None:
        self.paths = DataPaths(root)
        self.results: list[Any] = []
        self.failures: list[str] = []
        os.environ |= {"TRADEWIND_DATA": str(root), "AIRFLOW_CONN_LEDGER_DEFAULT": ""}
        (root / "logs").mkdir(parents=True, exist_ok=True)
        logging.basicConfig(level=logging.DEBUG, filename=root / "logs" / "tasks.log", force=True)
        chunking.CHUNK_SIZE = CHUNK_SIZE
        self.secrets = load_secrets(self.paths)
        self.ledger = open_ledger(ledger_url(self.paths), self.secrets)
        self.stores = Stores(self.paths, self.ledger, self.secrets)

    def task(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Run a stage's function as Airflow does: keep its result; log its exception and deliver an alert."""
        try:
            result = call(*arguments, **named)
        except Exception as error:
            log.exception("Task failed with exception")
            deliver(
                self.paths, failure_alert_for(error, dag="send_newsletter", run=str(len(self.failures)), task=call.__name__)
            )
            self.failures.append(type(error).__name__)
            return None
        self.results.append({call.__name__: result})
        return result

    def close(self) -> None:
        self.ledger.close()
        results = json.dumps(self.results, default=str)
        (self.paths.root / "logs" / "xcom.json").write_text(results)
        (self.paths.root / "logs" / "failures.json").write_text(json.dumps(self.failures))


def _ingest_relation(walk: Walk, source: str, relation: str, run: str) -> None:
    manifest = walk.task(land, walk.paths, source, relation, run=run, since=None)
    walk.task(batch.validate_batch, walk.paths, manifest)
    walk.task(merge.merge_batch, walk.paths, manifest)


def ingest(walk: Walk) -> None:
    """Ingest a valid batch, a batch that is stopped, the valid one again, and sources that violate the contract."""
    paths = walk.paths
    paths.demo.mkdir()
    shop = rows.sqlite_source(paths.demo / "shop.sqlite", subscribers=people(), purchases=[rows.purchase(1)])
    for relation in ("subscribers", "purchases"):
        _ingest_relation(walk, shop, relation, "run-1")
    worse = [{**row, "email": row["email"].replace("@", "zqat")} for row in people()]
    source = rows.sqlite_source(paths.demo / "worse.sqlite", subscribers=worse)
    manifest = walk.task(land, paths, source, "subscribers", run="run-2", since=None)
    walk.task(batch.validate_batch, paths, manifest)
    walk.task(quality_page.write_quality_page, paths)
    _ingest_relation(walk, shop, "subscribers", "run-3")  # ends the suppression of people with unreadable addresses
    without = [{name: value for name, value in row.items() if name != "updated_at"} for row in people()]
    source = rows.sqlite_source(paths.demo / "without.sqlite", subscribers=without)
    walk.task(land, paths, source, "subscribers", run="run-4", since=None)
    walk.task(build_segments, paths, segment_run="run-1", as_of=clock.now())


def fail_to_plan(walk: Walk) -> None:
    """Plan with templates that raise for some people, and with an unknown segment."""
    folder = walk.paths.root / "templates"
    stores = (walk.stores,)
    os.environ["TRADEWIND_TEMPLATES"] = str(folder)
    campaign = load_campaign("newsletter").model_copy(update={"locales": ("en",), "template": "bad"})
    for number, slot in enumerate(SLOTS_THAT_RAISE):
        (folder / "bad").mkdir(parents=True, exist_ok=True)
        for name, text in TEMPLATE.items():
            (folder / "bad" / name).write_text(text.replace("SLOT", slot))
        walk.task(
            preview_run, *stores, campaign, run=f"bad-{number}", edge_url=EDGE_URL, account=sender.UNLIMITED, at=clock.now()
        )
        walk.task(freeze.freeze, *stores, campaign, occurrence=f"bad-{number}", edge_url=EDGE_URL, at=clock.now())
    del os.environ["TRADEWIND_TEMPLATES"]
    nobody = load_campaign("newsletter").model_copy(update={"segment": "nobody"})
    walk.task(freeze.freeze, *stores, nobody, occurrence="nobody", edge_url=EDGE_URL, at=clock.now())
    test = {"run": "t", "edge_url": EDGE_URL, "at": clock.now()}
    choice = SeedChoice(["zqforged@gmail.example.com"])
    walk.task(freeze_test, *stores, load_campaign("newsletter"), choice, **test)


def dispatch(walk: Walk, simulator: RunningSimulator) -> None:
    """A preview, a plan, and a send with one fault of each kind."""
    stores = (walk.stores, load_campaign("newsletter"))
    account = SendGridAccount(simulator.base_url, API_KEY)
    walk.task(preview_run, *stores, run="by-hand", edge_url=EDGE_URL, account=sender.UNLIMITED, at=clock.now())
    frozen = walk.task(freeze.freeze, *stores, occurrence=OCCURRENCE, edge_url=EDGE_URL, at=clock.now())
    everything = {"plan_id": frozen["plan_id"], "first": 0, "last": frozen["chunks"]}
    everybody = (walk.stores, account)
    simulator.fault("forbidden", after=1, count=1)
    walk.task(sender.send_range, *everybody, **everything)
    simulator.disarm()
    walk.task(freeze.freeze, *stores, occurrence=OCCURRENCE, edge_url=EDGE_URL, at=clock.now())
    simulator.fault("accept_then_reset", count=1)
    simulator.fault("reject_address", emails=[person["email"] for person in people()[:PEOPLE:9]])
    walk.task(sender.send_range, *everybody, **everything)
    simulator.disarm()
    refused = SendGridAccount("http://127.0.0.1:9", API_KEY)
    walk.task(sender.send_range, walk.stores, refused, **everything)
    walk.task(sync_suppressions.sync_suppressions, walk.stores, refused)
    walk.task(settle.settle, walk.ledger, frozen["plan_id"])
    walk.task(record.record_sends, walk.stores)


def misuse_the_edge(walk: Walk, edge: str) -> None:
    """Send unsigned bodies and invalid links to the edge, and put invalid batches into the spool."""
    body = json.dumps([{"email": "zqforged@gmail.example.com", "event": "delivered"}])
    signature = {"X-Twilio-Email-Event-Webhook-Signature": "zqforged", "X-Twilio-Email-Event-Webhook-Timestamp": "zqforged"}
    for headers in ({}, signature):
        post(f"{edge}/events/sendgrid", body, headers)
    post(f"{edge}/u/zqforged-token", "zqforged", {})
    post(f"{edge}/preferences/zqforged-token", "email=zqforged", {})
    garbage = "zqgarbage@gmail.example.com"
    events: list[Any] = [
        {"email": garbage, "event": garbage, "timestamp": garbage, "reason": garbage, "url": f"https://x/?e={garbage}"},
        {"email": [garbage], "event": "bounce", "timestamp": 1_790_000_000, "sg_event_id": garbage, "useragent": garbage},
        {"email": garbage, "event": "delivered", "timestamp": 1e300, "tw_key": garbage, "tw_try": garbage},
        garbage, None,
    ]  # fmt: skip
    incoming = walk.paths.spool / "incoming"
    for text in (json.dumps(events), '[{"email": "zqcut@gmail.example.com", "ev', '{"email": "zqcut@gmail.example.com"}'):
        (incoming / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{uuid.uuid4()}.json").write_text(text)


def post(url: str, body: str, headers: dict[str, str]) -> None:
    """POST with a client that logs nothing, whatever the response is."""
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers, method="POST"), timeout=30).close()


def collect_and_report(walk: Walk, simulator: RunningSimulator) -> None:
    account = SendGridAccount(simulator.base_url, API_KEY)
    walk.task(load.load_spool, walk.paths)
    walk.task(suppress.suppress_from_events, walk.stores)
    walk.task(doubt.resolve_doubt, walk.stores)
    walk.task(sync_suppressions.sync_suppressions, walk.stores, account)
    walk.task(withhold.withhold, walk.stores, account)
    walk.task(record.record_sends, walk.stores)
    os.environ["TRADEWIND_CLOCK_OFFSET_SECONDS"] = "3600"
    walk.task(monitor.check, walk.stores)
    walk.task(marts.build_marts, walk.stores, as_of=clock.now())
    walk.task(reconcile.check_sums, walk.paths)
    walk.task(file.publish, walk.paths)
    walk.task(read_back.verify, walk.paths)
    walk.task(report.write_report, walk.paths)
    operations(["campaign", "status", "newsletter", OCCURRENCE])
    operations(["campaign", "pause", "newsletter", "2026-W01"])
    operations(["replay"])


def run(root: Path) -> None:
    walk = Walk(root)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    simulator = RunningSimulator(
        walk.paths.simulator, webhook=f"{url}/events/sendgrid", edge=url, speed=60, flush=0.05, seed=1, api_key=API_KEY
    )
    simulator.key = API_KEY
    command = [sys.executable, "-m", "include.edge", "--port", str(port), "--log-level", "debug"]
    with (root / "logs" / "edge.log").open("wb") as output:
        edge = subprocess.Popen(
            command, cwd=PROJECT, stdout=output, stderr=output,
            env={**os.environ, "TRADEWIND_WEBHOOK_KEYS": simulator.public_key},
        )  # fmt: skip
    try:
        ingest(walk)
        fail_to_plan(walk)
        dispatch(walk, simulator)
        simulator.wait_until_quiet(60)
        misuse_the_edge(walk, url)
        time.sleep(0.1)
        collect_and_report(walk, simulator)
    finally:
        simulator.stop()
        edge.kill()
        edge.wait()
        walk.close()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
