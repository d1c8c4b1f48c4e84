"""Loads webhook batches from the spool as events: each batch once, each event once.

Events are deduplicated by content (message, person, event, time, link and its position, attempt) and by sg_event_id, because
SendGrid redelivers events under new ids; of clicks with equal content, as many count as one batch reports
(deduplicated.sql). An event that cannot be read or matched to a message is quarantined with its reason. Each load retries
the quarantined events whose message was unknown, because its plan may have been recorded meanwhile.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
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
from include.warehouse import memory
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

RETRY_PERIOD = timedelta(days=14)
"""How long quarantined events are retried. Later ones belong to other mail of the same account."""
COUNTS = ("events", "new", "duplicates", "quarantined", "released")
STEP_BYTES, STEP_FILES = 64 * 1024 * 1024, 20_000
"""What is stored in one transaction: at least so many bytes of distinct events as Arrow (a quarter of a million of the usual
length), or so many files. One step is read while another is stored. Larger steps are faster, because a statement has costs
that do not depend on its rows, and need more memory."""
REMEMBERED_ADDRESSES = 100_000
Prepare = Callable[[list[Path]], object]


def load_spool(paths: DataPaths, prepare: Prepare = len) -> dict[str, int]:
    """Load every batch in `spool/incoming/`, and classify the new events.

    `prepare` gets files before they are read, and may write them anew.

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
        files = spool.incoming_files(paths.spool)
        memory.leave_a_core(warehouse)
        for step in _read_ahead(_Reader(paths, files, _loaded_before(warehouse, files), prepare)):
            totals.update(_load(warehouse, paths, step))
            log.info("loaded %d batches: %d events, %d new", totals["files"], totals["events"], totals["new"])
    for status in ("new", "duplicates", "quarantined"):
        metrics.EVENTS.record(totals[status], status=status)
    telemetry.flush()
    return dict(totals)


def has_changes(loaded: Mapping[str, int]) -> bool:
    """Whether `load_spool` stored new events or released some from quarantine."""
    return bool(loaded["new"] or loaded["released"])


@dataclass
class _Step:
    """Files that are stored in one transaction: those that an earlier load stored, and what is in the others.

    `repeated` counts the redelivered events of each readable file, which `tables` are without.
    """

    stored: list[Path] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)
    repeated: dict[Path, int] = field(default_factory=dict)
    broken: int = 0

    @property
    def is_full(self) -> bool:
        return sum(table.nbytes for table in self.tables) >= STEP_BYTES or len(self.repeated) >= STEP_FILES


class _Reader:
    """Reads the incoming files, in groups that are prepared just before they are read, into steps."""

    def __init__(self, paths: DataPaths, files: list[Path], loaded: set[str], prepare: Prepare) -> None:
        self._spool, self._loaded, self._prepare = paths.spool, loaded, prepare
        self._groups = spool.groups(files)
        self._redelivered = batch.Redelivered()
        secret = load_secrets(paths).address_key
        self._key_of = lru_cache(REMEMBERED_ADDRESSES)(partial(address_key, secret))

    def read_step(self) -> _Step | None:
        """The next step; None after the last one."""
        step = _Step()
        for group in self._groups:
            self._prepare(group)
            self._read(group, step)
            if step.is_full:
                break
        return step if step.stored or step.repeated or step.broken else None

    def _read(self, files: list[Path], step: _Step) -> None:
        """Add a group of files to a step; the unreadable ones are moved to `broken/`."""
        rows = batch.Rows()
        for path in files:
            if path.name in self._loaded:
                step.stored.append(path)
                continue
            try:
                step.repeated[path] = batch.read_file(path, self._redelivered, rows)
            except ValueError as error:
                log.error("%s is not a batch of events and was moved to spool/broken", path.name)
                spool.move_to_broken(self._spool, path, str(error))
                step.broken += 1
        step.tables.append(batch.table(rows, self._key_of))


def _read_ahead(reader: _Reader) -> Iterator[_Step]:
    """Each step; the next one is read in another thread while the warehouse stores the one before."""
    with ThreadPoolExecutor(1) as thread:
        ahead = thread.submit(reader.read_step)
        while step := ahead.result():
            ahead = thread.submit(reader.read_step)
            yield step


def _load(warehouse: duckdb.DuckDBPyConnection, paths: DataPaths, step: _Step) -> Counter[str]:
    """Store a step in one transaction, and archive its files.

    After a crash before archiving, `files_loaded` returns them, and they are archived without being stored again.
    """
    counts: Counter[str] = Counter()
    if step.repeated:
        warehouse.register("batch_reports", pa.concat_tables(step.tables))
        warehouse.register("batch_files", _listing(step.repeated))
        counts = _store(warehouse, "arrivals_batch")
        again = sum(step.repeated.values())
        counts.update(events=again, duplicates=again)
    spool.archive(paths.spool, [*step.stored, *step.repeated])
    counts.update(files=len(step.repeated), broken=step.broken)
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
        _find_known(warehouse)
        for step in (
            "deduplicated",
            "events_insert",
            "changes_insert_events",
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


def _find_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Look for the matched arrivals among known events, in the time ranges where there can be some."""
    run(warehouse, "collect", "known_create")
    for span in fetch(warehouse, "collect", "arrival_spans").to_pylist():
        run(warehouse, "collect", "known_insert", span)


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
