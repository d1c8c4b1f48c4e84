"""Loads webhook batches from the spool as events: each batch once, each event once.

Events are deduplicated by content (message, person, event, time, link and its position, attempt) and by sg_event_id, because
SendGrid redelivers events under new ids; of clicks with equal content, as many count as one batch reports
(deduplicated.sql). An event that cannot be read or matched to a message is quarantined with its reason. Each load retries
the quarantined events whose message was unknown, because its plan may have been recorded meanwhile.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from include.collect import batch, spool
from include.collect.classify import classify_load, reclassify_history
from include.core import clock, metrics, telemetry
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.sendgrid.event_vocabulary import bounce_classes, event_names
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

RETRY_PERIOD = timedelta(days=14)
"""How long quarantined events are retried. Later ones belong to other mail of the same account."""
COUNTS = ("events", "new", "duplicates", "quarantined", "released")


def load_spool(paths: DataPaths, prepare: Callable[[list[Path]], object] = len) -> dict[str, int]:
    """Load every batch in `spool/incoming/`, and classify the new events.

    `prepare` gets the files of each group before they are read, and may write them anew.

    Returns counts: files, broken (files moved to `spool/broken/`), events = new + duplicates + quarantined, and released
    (events that left the quarantine). Idempotent, also after a crash at any point.
    """
    totals = Counter(dict.fromkeys(("files", "broken", *COUNTS), 0))
    spool.delete_half_written(paths.spool)
    with open_warehouse(paths) as warehouse:
        warehouse.register("event_names", event_names())
        warehouse.register("bounce_classes", bounce_classes())
        reclassify_history(warehouse)
        totals.update(_retry_quarantined(warehouse))
        groups = spool.groups(spool.incoming_files(paths.spool))
        for group in _read_ahead(warehouse, paths, groups, prepare):
            totals.update(_load(warehouse, paths, group))
            log.info("loaded %d batches: %d events, %d new", totals["files"], totals["events"], totals["new"])
    for status in ("new", "duplicates", "quarantined"):
        metrics.EVENTS.record(totals[status], status=status)
    telemetry.flush()
    return dict(totals)


def has_changes(loaded: Mapping[str, int]) -> bool:
    """Whether `load_spool` stored new events or released some from quarantine."""
    return bool(loaded["new"] or loaded["released"])


@dataclass
class _Group:
    """Files that are stored in one transaction: those that an earlier load stored, and what is in the others.

    `repeated` counts the redelivered events of each readable file, which `rows` are without.
    """

    files: list[Path]
    stored: list[Path]
    rows: pa.Table
    repeated: dict[Path, int]

    @property
    def broken(self) -> int:
        return len(self.files) - len(self.stored) - len(self.repeated)


def _read_ahead(
    warehouse: duckdb.DuckDBPyConnection,
    paths: DataPaths,
    groups: Iterable[list[Path]],
    prepare: Callable[[list[Path]], object],
) -> Iterator[_Group]:
    """Each group; the next one is prepared and read while the warehouse stores the one before."""
    redelivered = batch.Redelivered()
    with ThreadPoolExecutor(1) as reader:
        ahead: Future[_Group] | None = None
        for files in groups:
            prepare(files)
            loaded = _loaded_before(warehouse, files)
            coming = reader.submit(_read, paths, files, loaded, redelivered)
            if ahead:
                yield ahead.result()
            ahead = coming
        if ahead:
            yield ahead.result()


def _load(warehouse: duckdb.DuckDBPyConnection, paths: DataPaths, group: _Group) -> Counter[str]:
    """Store a group in one transaction, and archive its files.

    After a crash before archiving, `files_loaded` returns them, and they are archived without being stored again.
    """
    counts: Counter[str] = Counter()
    if group.repeated:
        warehouse.register("batch_reports", group.rows)
        warehouse.register("batch_files", _listing(group.repeated))
        counts = _store(warehouse, "arrivals_batch")
        again = sum(group.repeated.values())
        counts.update(events=again, duplicates=again)
    spool.archive(paths.spool, [*group.stored, *group.repeated])
    counts.update(files=len(group.repeated), broken=group.broken)
    return counts


def _retry_quarantined(warehouse: duckdb.DuckDBPyConnection) -> Counter[str]:
    warehouse.register("batch_files", _listing({}))
    return _store(warehouse, "arrivals_quarantined")


def _store(warehouse: duckdb.DuckDBPyConnection, arrivals: str) -> Counter[str]:
    """Match, deduplicate, insert, release, classify and count the arrivals, in one transaction."""
    now = clock.now()
    with transaction(warehouse):
        run(warehouse, "collect", arrivals, {"since": now - RETRY_PERIOD})
        run(warehouse, "collect", "matched")
        run(warehouse, "collect", "deduplicated", fetch(warehouse, "collect", "arrival_span").to_pylist()[0])
        for step in (
            "events_insert",
            "quarantined_events_insert",
            "quarantined_events_delete",
            "spool_files_insert",
            "spool_files_update_counts",
        ):
            run(warehouse, "collect", step, {"loaded_at": now})
        classify_load(warehouse)
        counts = fetch(warehouse, "collect", "load_counts").to_pylist()[0]
    if counts.pop("account_changes"):
        log.warning("SendGrid changed the state of the account (see quarantined_events, reason account_changed)")
    return Counter(counts)


def _read(paths: DataPaths, files: list[Path], loaded: set[str], redelivered: batch.Redelivered) -> _Group:
    """What is in a group of files; the unreadable ones are moved to `broken/`."""
    secret = load_secrets(paths).address_key
    key_of = cache(lambda email: address_key(secret, email))
    rows, repeated = list[batch.Row](), dict[Path, int]()
    for path in files:
        if path.name in loaded:
            continue
        try:
            found, repeated[path] = batch.read_file(path, key_of, redelivered)
            rows += found
        except ValueError as error:
            log.error("%s is not a batch of events and was moved to spool/broken", path.name)
            spool.move_to_broken(paths.spool, path, str(error))
    return _Group(files, [path for path in files if path.name in loaded], batch.table(rows), repeated)


def _loaded_before(warehouse: duckdb.DuckDBPyConnection, files: list[Path]) -> set[str]:
    warehouse.register("batch_files", _listing(dict.fromkeys(files, 0)))
    return set(fetch(warehouse, "collect", "files_loaded")["name"].to_pylist())


def _listing(repeated: Mapping[Path, int]) -> pa.Table:
    """The files with their times, and how many of their events were left out as redelivered."""
    schema = pa.schema([("name", pa.string()), ("received_at", pa.timestamp("us", tz="UTC")), ("repeated", pa.int64())])
    rows = [
        {"name": path.name, "received_at": spool.received_at(path), "repeated": count} for path, count in repeated.items()
    ]
    return pa.Table.from_pylist(rows, schema=schema)
