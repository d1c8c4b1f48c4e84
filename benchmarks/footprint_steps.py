"""The steps of `benchmarks.footprint`: each runs one real stage, in a process of its own, and prints its figures as JSON.

python -m benchmarks.footprint_steps STEP DAY PORT
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.campaign import CAMPAIGN
from benchmarks.ingest_steps import import_everything
from benchmarks.measures import TEMPLATE
from include.analyze.marts import build_marts
from include.collect.compact import compact_archive
from include.collect.load import load_spool
from include.core.connections import SendGridAccount, ledger_url
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.record import record_sends
from include.dispatch.account.settle import settle
from include.dispatch.plan.freeze import freeze
from include.dispatch.send import sender
from include.ledger.database import open_ledger
from include.ledger.plans import plan_id_of
from include.ledger.stores import Stores
from include.publish.file import publish
from include.publish.read_back import verify
from include.segment.build import build_segments
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse

FIRST = datetime(2026, 11, 23, 6, tzinfo=UTC)
BATCH_MESSAGES = 250
BATCHES = """
select
    batch,
    concat('[', string_agg(to_json({
        'event': name, 'timestamp': epoch($at::timestamptz)::bigint + later,
        'sg_event_id': concat(left(name, 2), message_key)[:22],
        'email': email, 'sg_message_id': concat('x', chunk, '.recvd-1'), 'tw_key': message_key, 'tw_try': '1',
        'tw_chunk': concat(plan_id, '/', chunk), 'category': ['bench'], 'ip': '203.0.113.7',
        'smtp-id': if(later = 0, concat('<', message_key, '@mail.example>'), null),
        'response': if(later = 2, '250 2.0.0 OK', null), 'useragent': if(later > 2, 'Mozilla/5.0 (iPhone)', null),
        'url': if(later = 60, 'https://shop.example.com/new', null)
    })::varchar, ','), ']') as body
from (
    select *, row_number() over () // $batch_messages as batch
    from dispatch.sends inner join core.identities using (subscriber_id)
    where plan_id = $plan_id and state = 'accepted'
) as sent
cross join (values ('processed', 0, 1), ('delivered', 2, 1), ('open', 40, 3), ('click', 60, 6)) as kinds (name, later, every)
where hash(message_key) % every = 0
group by batch
"""
"""2.5 events a message: each is processed and delivered, one in three opened, one in six clicked."""

Figures = dict[str, float]


def main() -> None:
    """Run the step and print its figures."""
    name, day, port = sys.argv[1:]
    logging.disable(logging.WARNING)
    import_everything()
    print(json.dumps(step(name, int(day), int(port))))


def step(name: str, day: int, port: int) -> Figures:
    """Run one step against the data folder: wall and CPU in seconds, rss in MB, and count of what it made."""
    paths = DataPaths(Path(os.environ["TRADEWIND_DATA"]))
    secrets = load_secrets(paths)
    ledger = open_ledger(ledger_url(paths, f"sqlite:///{paths.ledger}"), secrets)
    began, busy = time.perf_counter(), time.process_time()
    count = STEPS[name](Stores(paths, ledger, secrets), day, SendGridAccount(f"http://127.0.0.1:{port}", "SG.bench"))
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    ledger.close()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": wall, "cpu": cpu, "rss": rss, "count": float(count or 0)}


def _start(stores: Stores, _day: int, _account: SendGridAccount) -> None:
    """An empty installation, with the template of the other benchmarks."""
    folder = stores.paths.root / "templates" / "bench"
    folder.mkdir(parents=True)
    for name, text in TEMPLATE.items():
        (folder / name).write_text(text)


def _subscribers(stores: Stores, day: int, _account: SendGridAccount) -> None:
    _ingest(stores, "subscribers", day)


def _purchases(stores: Stores, day: int, _account: SendGridAccount) -> None:
    _ingest(stores, "purchases", day)


def _ingest(stores: Stores, relation: str, day: int) -> None:
    manifest = stores.paths.landed / relation / ("all" if day == 1 else "next") / "manifest.json"
    content = json.loads(manifest.read_text())
    validate_batch(stores.paths, content)
    merge_batch(stores.paths, content)


def _segments(stores: Stores, day: int, _account: SendGridAccount) -> None:
    build_segments(stores.paths, segment_run=f"day-{day}", as_of=_at(day))


def _plan(stores: Stores, day: int, _account: SendGridAccount) -> int:
    """The number of messages."""
    return freeze(stores, CAMPAIGN, occurrence=f"day-{day}", edge_url="https://m.example", at=_at(day))["planned"]


def _send(stores: Stores, day: int, account: SendGridAccount) -> None:
    for each in sender.ranges(stores.ledger, _plan_id(day)):
        sender.send_range(stores, account, plan_id=_plan_id(day), first=each["first"], last=each["last"])
    settle(stores.ledger, _plan_id(day))
    record_sends(stores)


def _receive(stores: Stores, day: int, _account: SendGridAccount) -> None:
    """Invent the batches that the edge would store."""
    incoming = stores.paths.spool / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    params = {"at": _at(day), "plan_id": _plan_id(day), "batch_messages": BATCH_MESSAGES}
    with open_warehouse(stores.paths) as connection:
        for number, body in connection.execute(BATCHES, params).fetchall():
            received = _at(day) + timedelta(minutes=10, seconds=number)
            (incoming / f"{received:%Y%m%dT%H%M%S%f}Z-{number:08d}.json").write_text(body)


def _collect(stores: Stores, _day: int, _account: SendGridAccount) -> int:
    """The number of events."""
    return load_spool(stores.paths)["events"]


def _pack(stores: Stores, _day: int, _account: SendGridAccount) -> None:
    compact_archive(stores.paths)


def _analyze(stores: Stores, day: int, _account: SendGridAccount) -> None:
    build_marts(stores, as_of=_at(day) + timedelta(hours=20))


def _publish(stores: Stores, _day: int, _account: SendGridAccount) -> None:
    publish(stores.paths)
    verify(stores.paths)


def _at(day: int) -> datetime:
    return FIRST + timedelta(days=8 * (day - 1))


def _plan_id(day: int) -> str:
    return plan_id_of(CAMPAIGN.id, f"day-{day}")


STEPS: dict[str, Callable[[Stores, int, SendGridAccount], int | None]] = {
    "start": _start, "land_subscribers": lambda *_: None, "land_purchases": lambda *_: None,
    "subscribers": _subscribers, "purchases": _purchases, "segments": _segments, "plan": _plan, "send": _send,
    "receive": _receive, "collect": _collect, "pack": _pack, "analyze": _analyze, "publish": _publish,
}  # fmt: skip

if __name__ == "__main__":
    main()
