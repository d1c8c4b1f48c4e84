"""Reads spool files into one Arrow table of event reports without addresses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.collect import spool
from include.collect.event_report import MAX_TEXT, EventReport, fingerprint, problem_of, read_batch, read_element
from include.collect.scrub import scrub_column, scrub_link, scrub_text
from include.sendgrid.event_vocabulary import EVENTS
from include.sendgrid.webhook_body import split_array

_KNOWN = frozenset(EVENTS)
MAX_REMEMBERED = 1_000_000
"""Events by which redelivered ones are recognized: a hundred megabytes. What was forgotten, the warehouse compares."""
_PLAIN = frozenset({"spool_file", "address_key"})
SCHEMA = pa.schema(
    [
        ("spool_file", pa.string()),
        ("received_at", pa.timestamp("us", tz="UTC")),
        ("position", pa.int32()),
        ("sg_event_id", pa.string()),
        ("event_name", pa.string()),
        ("bounce_type", pa.string()),
        ("address_key", pa.string()),
        ("reported_at", pa.int64()),
        ("message_key", pa.string()),
        ("attempt", pa.int32()),
        ("chunk", pa.string()),
        ("x_message_id", pa.string()),
        ("bounce_classification", pa.string()),
        ("smtp_status", pa.string()),
        ("reason", pa.string()),
        ("url", pa.string()),
        ("url_index", pa.int32()),
        ("url_type", pa.string()),
        ("user_agent", pa.string()),
        ("sg_machine_open", pa.bool_()),
        ("delivery_attempt", pa.int32()),
        ("problem", pa.string()),
        ("raw_text", pa.string()),
    ]
)
"""The columns of `batch_reports`, which arrivals_batch.sql reads."""

Row = tuple[Any, ...]
_PROBLEM = SCHEMA.get_field_index("problem")


class Redelivered:
    """Recognizes events that SendGrid delivered again as they were, before the warehouse has to compare them.

    That is most of them: an event comes three times on average. Clicks are left to deduplicated.sql, which counts those of
    one batch, and so are events that cannot be used, since their problem can depend on the time of receipt.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def mark(self, report: EventReport) -> bytes | None:
        """What an event is recognized by; None for events that are left to the warehouse."""
        return fingerprint(report) if report.sg_event_id and report.event != "click" else None

    def has(self, mark: bytes | None) -> bool:
        """Whether the same event was remembered."""
        return mark in self._seen

    def remember(self, mark: bytes) -> None:
        """Remember an event."""
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        self._seen.add(mark)


def read_file(path: Path, key_of: Callable[[str], str], redelivered: Redelivered) -> tuple[list[Row], int]:
    """The rows of one file, in the order of `SCHEMA`, and how many events were left out as redelivered.

    Usually the whole batch is decoded at once; if any element has an unexpected type, each element is decoded separately.
    Raises ValueError if the file is not a JSON array.
    """
    content = path.read_bytes()
    received = spool.received_at(path)
    reports = read_batch(content)
    if reports is None:
        elements = [bytes(element) for element in split_array(content)]
        found = [_row(path.name, received, at, read_element(raw), key_of, raw) for at, raw in enumerate(elements)]
        return found, 0
    rows = list[Row]()
    for position, report in enumerate(reports):
        mark = redelivered.mark(report)
        if redelivered.has(mark):
            continue
        rows.append(_row(path.name, received, position, report, key_of, b""))
        if mark and rows[-1][_PROBLEM] is None:
            redelivered.remember(mark)
    return rows, len(reports) - len(rows)


def table(rows: Iterable[Row]) -> pa.Table:
    """The rows as an Arrow table, with the addresses removed from every text."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    clean = [
        scrub_column(array) if field.type == pa.string() and field.name not in _PLAIN else array
        for array, field in zip(arrays, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(clean, schema=SCHEMA)


def _row(
    name: str, received: datetime, position: int, report: EventReport | None, key_of: Callable[[str], str], element: bytes
) -> Row:
    if report is None:
        empty = (None,) * (len(SCHEMA) - 5)
        return (name, received, position, *empty, "unreadable", _text(element))
    problem = problem_of(report, _KNOWN, received.timestamp())
    offset = report.url_offset
    return (
        name,
        received,
        position,
        report.sg_event_id,
        _truncate(report.event),
        _truncate(report.type),
        key_of(report.email) if report.email else None,
        _integer(report.timestamp, 63),
        _truncate(report.tw_key) or None,
        _integer(report.tw_try),
        _truncate(report.tw_chunk),
        report.sg_message_id.split(".", 1)[0] or None if report.sg_message_id else None,
        _truncate(report.bounce_classification),
        _truncate(report.smtp_status),
        _reason(report),
        _link(report),
        _integer(offset.index) if offset else None,
        _truncate(offset.type) if offset else None,
        _truncate(report.user_agent),
        report.sg_machine_open,
        _integer(report.delivery_attempt),
        problem,
        None,
    )


def _reason(report: EventReport) -> str | None:
    """The reason that the mail server or SendGrid gives; None for a delivery."""
    reason = report.reason or report.response
    return None if reason is None or report.event == "delivered" else scrub_text(reason[:MAX_TEXT], report.email)


def _link(report: EventReport) -> str | None:
    if report.url is None:
        return None
    url = scrub_link(report.url[:MAX_TEXT])
    return scrub_text(url, report.email) if report.email and report.email.lower() in url.lower() else url


def _text(element: bytes) -> str:
    """The JSON text of an element that cannot be read. A longer text is truncated and gets its hash."""
    text = element.decode("utf-8", "replace")
    return text if len(text) <= MAX_TEXT else json.dumps(f"{text[:MAX_TEXT]}… sha256 {hashlib.sha256(element).hexdigest()}")


def _truncate(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT else text[:MAX_TEXT]


def _integer(number: int | None, bits: int = 31) -> int | None:
    """The number, or None if a signed column of this size cannot hold it: JSON numbers are unlimited."""
    return number if number is not None and -(2**bits) <= number < 2**bits else None
