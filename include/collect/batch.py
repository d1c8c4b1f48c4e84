"""Reads spool files into one Arrow table of event reports without addresses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from include.collect import spool
from include.collect.event_report import MAX_TEXT, EventReport, problem_of, read_element
from include.collect.scrub import scrub_column, scrub_link, scrub_text
from include.sendgrid.event_vocabulary import EVENTS
from include.sendgrid.webhook_body import split_array

_KNOWN = frozenset(EVENTS)
MAX_REMEMBERED = 1_000_000
"""Events by which redelivered ones are recognized: a hundred megabytes. What was forgotten, the warehouse compares."""
_PLAIN = frozenset({"spool_file", "address_key"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


@dataclass
class Rows:
    """The elements of some files that are not redelivered, column by column.

    For each one its file, when that was received (microseconds since 1970), its position there, its report, why it cannot be
    used (None if it can), and its text if it is unreadable. Lists, because a tuple per element takes a fifth of the time of
    reading it, in building, taking apart, and the collector of garbage.
    """

    files: list[str] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    reports: list[EventReport] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)

    def add(self, position: int, report: EventReport, problem: str | None, text: str | None = None) -> None:
        """Add one element of a file that `take` will name."""
        self.positions.append(position)
        self.reports.append(report)
        self.problems.append(problem)
        self.texts.append(text)

    def take(self, found: Rows, name: str, received: int) -> None:
        """Add the elements of one file, with its name and the time of its receipt."""
        self.files += [name] * len(found.reports)
        self.received += [received] * len(found.reports)
        self.positions += found.positions
        self.reports += found.reports
        self.problems += found.problems
        self.texts += found.texts


_UNREADABLE = EventReport()


class Redelivered:
    """Recognizes elements that SendGrid delivered again byte for byte, before they are decoded.

    That is most of them: an event comes three times on average. Clicks are left to deduplicated.sql, which counts those of
    one batch, and so are events that cannot be used, since their problem can depend on the time of receipt.

    An element is the same as one before if Python's keyed SipHash (64 bits) and the CRC-32 of their bytes are: for others
    once in 10^17 loads of a million events. Both together cost a third of a cryptographic hash, and are of use within this
    process only. Of two elements with the same SipHash, only the first is remembered.
    """

    def __init__(self) -> None:
        self._checksums: dict[int, int] = {}

    def has(self, element: bytes, mark: int) -> bool:
        """Whether the element, whose SipHash is `mark`, is remembered."""
        checksum = self._checksums.get(mark)
        return checksum is not None and checksum == crc32(element)

    def remember(self, element: bytes, mark: int, report: EventReport) -> None:
        """Remember an element, if it needs nothing but to be counted when it comes again."""
        if report.sg_event_id and report.event != "click":
            if len(self._checksums) >= MAX_REMEMBERED:
                self._checksums.clear()
            self._checksums.setdefault(mark, crc32(element))


def read_file(path: Path, redelivered: Redelivered, rows: Rows) -> int:
    """Add the elements of one file to `rows`; returns how many were left out as redelivered.

    Raises ValueError if the file is not a JSON array, and adds nothing.
    """
    received = spool.received_at(path)
    seconds, found = received.timestamp(), Rows()
    elements = split_array(path.read_bytes())
    for position, raw in enumerate(elements):
        element = bytes(raw)
        mark = hash(element)
        if redelivered.has(element, mark):
            continue
        report = read_element(element)
        if report is None:
            found.add(position, _UNREADABLE, "unreadable", _text(element))
            continue
        problem = problem_of(report, _KNOWN, seconds)
        found.add(position, report, problem)
        if problem is None:
            redelivered.remember(element, mark, report)
    rows.take(found, path.name, (received - _EPOCH) // timedelta(microseconds=1))
    return len(elements) - len(found.reports)


def table(rows: Rows, key_of: Callable[[str], str]) -> pa.Table:
    """The rows as an Arrow table, with keys in place of addresses, and the addresses removed from every text."""
    columns: dict[str, Iterable[Any]] = {
        **_columns(rows.reports),
        "spool_file": rows.files,
        "received_at": rows.received,
        "position": rows.positions,
        "address_key": [key_of(report.email) if report.email else None for report in rows.reports],
        "problem": rows.problems,
        "raw_text": rows.texts,
    }
    return pa.Table.from_arrays([_array(column, columns[column.name]) for column in SCHEMA], schema=SCHEMA)


def _columns(reports: Sequence[EventReport]) -> dict[str, Iterable[Any]]:
    """What the reports say, by column; the texts as long as they are."""
    offsets = [report.url_offset for report in reports]
    return {
        "sg_event_id": [report.sg_event_id for report in reports],
        "event_name": [report.event for report in reports],
        "bounce_type": [report.type for report in reports],
        "reported_at": [report.timestamp for report in reports],
        "message_key": [report.tw_key or None for report in reports],
        "attempt": [report.tw_try for report in reports],
        "chunk": [report.tw_chunk for report in reports],
        "x_message_id": [report.x_message_id for report in reports],
        "bounce_classification": [report.bounce_classification for report in reports],
        "smtp_status": [report.smtp_status for report in reports],
        "reason": [_reason(report) for report in reports],
        "url": [_link(report) for report in reports],
        "url_index": [offset.index if offset else None for offset in offsets],
        "url_type": [offset.type if offset else None for offset in offsets],
        "user_agent": [report.user_agent for report in reports],
        "sg_machine_open": [report.sg_machine_open for report in reports],
        "delivery_attempt": [report.delivery_attempt for report in reports],
    }


def _array(column: pa.Field, values: Iterable[Any]) -> pa.Array:
    """The values of a column: texts truncated and without addresses, integers that the column cannot hold as null."""
    if pa.types.is_timestamp(column.type):
        return pa.array(values, pa.int64()).cast(column.type)
    if pa.types.is_integer(column.type):
        return _integers(list(values), column.type)
    array = pa.array(values, column.type)
    if column.type != pa.string() or column.name in _PLAIN:
        return array
    is_long = column.name != "raw_text" and (pc.max(pc.binary_length(array)).as_py() or 0) > MAX_TEXT
    return scrub_column(pc.utf8_slice_codeunits(array, 0, MAX_TEXT) if is_long else array)


def _integers(values: list[int | None], kind: pa.DataType) -> pa.Array:
    """JSON numbers are unlimited: one that a signed column of this size cannot hold is null."""
    try:
        return pa.array(values, kind)
    except (OverflowError, pa.ArrowInvalid):
        limit = 1 << kind.bit_width - 1
        return pa.array([value if value is not None and -limit <= value < limit else None for value in values], kind)


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
