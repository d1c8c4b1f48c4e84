"""Spool files → one Arrow table of reports without addresses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.collect.event_report import MAX_TEXT, EventReport, problem_of, read_batch, read_one
from include.collect.scrub import scrub_column, scrub_link, scrub_text
from include.sendgrid.event_vocabulary import EVENTS
from include.sendgrid.webhook_body import split_array

_KNOWN = frozenset(EVENTS)
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
"""`batch_reports`, as arrivals_batch.sql reads it."""

Row = tuple[Any, ...]


def received_at(path: Path) -> datetime:
    """When the edge took the batch: its name says so (`20261124T024148123456Z-…`); else the file's own time."""
    try:
        return datetime.strptime(path.name.split("Z-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def read_file(path: Path, key_of: Callable[[str], str]) -> list[Row]:
    """The rows of one file, in `SCHEMA`'s order. Raises ValueError where it is not a JSON array."""
    content = path.read_bytes()
    came = received_at(path)
    reports = read_batch(content)
    if reports is not None:
        return [_row(path.name, came, place, report, key_of, b"") for place, report in enumerate(reports)]
    elements = [bytes(element) for element in split_array(content)]
    return [_row(path.name, came, place, read_one(raw), key_of, raw) for place, raw in enumerate(elements)]


def table(rows: Iterable[Row]) -> pa.Table:
    """The rows as Arrow, every text scrubbed of addresses."""
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    clean = [
        scrub_column(array) if field.type == pa.string() and field.name not in _PLAIN else array
        for array, field in zip(arrays, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(clean, schema=SCHEMA)


def _row(
    name: str, came: datetime, place: int, report: EventReport | None, key_of: Callable[[str], str], element: bytes
) -> Row:
    if report is None:
        empty = (None,) * (len(SCHEMA) - 5)
        return (name, came, place, *empty, "unreadable", _text(element))
    problem = problem_of(report, _KNOWN, came.timestamp())
    offset = report.url_offset
    return (
        name,
        came,
        place,
        report.sg_event_id,
        _cut(report.event),
        _cut(report.type),
        key_of(report.email) if report.email else None,
        _whole(report.timestamp, 63),
        _cut(report.tw_key) or None,
        _whole(report.tw_try),
        _cut(report.tw_chunk),
        report.sg_message_id.split(".", 1)[0] or None if report.sg_message_id else None,
        _cut(report.bounce_classification),
        _cut(report.smtp_status),
        _reason(report),
        _link(report),
        _whole(offset.index) if offset else None,
        _cut(offset.type) if offset else None,
        _cut(report.user_agent),
        report.sg_machine_open,
        _whole(report.delivery_attempt),
        problem,
        None,
    )


def _reason(report: EventReport) -> str | None:
    """What the mail server or SendGrid said; not for a delivery, which needs no reason."""
    said = report.reason or report.response
    return None if said is None or report.event == "delivered" else scrub_text(said[:MAX_TEXT], report.email)


def _link(report: EventReport) -> str | None:
    if report.url is None:
        return None
    url = scrub_link(report.url[:MAX_TEXT])
    return scrub_text(url, report.email) if report.email and report.email.lower() in url.lower() else url


def _text(element: bytes) -> str:
    """An element that cannot be read, as JSON text: bounded, and by its hash where it is longer."""
    text = element.decode("utf-8", "replace")
    return text if len(text) <= MAX_TEXT else json.dumps(f"{text[:MAX_TEXT]}… sha256 {hashlib.sha256(element).hexdigest()}")


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT else text[:MAX_TEXT]


def _whole(number: int | None, bits: int = 31) -> int | None:
    """For a column of so many bits and a sign: None for what does not fit. JSON's numbers have no end."""
    return number if number is not None and -(2**bits) <= number < 2**bits else None
