"""Fixtures for collecting: a spool, a warehouse with sends, events as SendGrid writes them, and SendGrid's lists."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pyarrow as pa
import pytest

from include.collect.load import load_spool
from include.core.connections import SendGridAccount
from include.core.keys import address_key, message_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.warehouse.connection import open_warehouse

SENT = 1_790_000_000
"""When the mail of these tests was sent (Unix seconds)."""
RECEIVED = datetime(2026, 11, 24, 5, tzinfo=UTC)
"""When the edge received the first batch, by default; each further batch arrived 10 ms later."""


@dataclass(frozen=True)
class Person:
    """A person to whom message `key` was sent."""

    subscriber_id: str
    email: str
    key: str
    address_key: str


@dataclass
class World:
    """The spool and the warehouse of one test."""

    paths: DataPaths
    secrets: Secrets
    batches: int = 0
    people: list[Person] = field(default_factory=list)

    def send(self, count: int = 1, **columns: Any) -> list[Person]:
        """Record `count` accepted messages of the newsletter, each to a new person."""
        people = [self._person(columns.get("occurrence", "2026-W48")) for _ in range(count)]
        default = {
            "plan_id": "plan",
            "campaign": "newsletter",
            "occurrence": "2026-W48",
            "variant": "only",
            "mailbox_provider": "other",
            "state": "accepted",
            "chunk": 0,
            "attempt": 1,
            "x_message_id": "XMSG",
            "planned_at": datetime.fromtimestamp(SENT - 60, UTC),
            "sent_at": datetime.fromtimestamp(SENT, UTC),
        }
        rows = [
            {
                **default,
                **columns,
                "message_key": person.key,
                "subscriber_id": person.subscriber_id,
                "address_key": person.address_key,
            }
            for person in people
        ]
        with open_warehouse(self.paths) as warehouse:
            warehouse.register("fresh", pa.Table.from_pylist(rows))
            warehouse.execute("insert into dispatch.sends by name from fresh")
        return people

    def _person(self, occurrence: str) -> Person:
        number = len(self.people)
        email, subscriber = f"person{number}@example.org", f"s{number}"
        key = message_key("newsletter", occurrence, subscriber)
        self.people.append(Person(subscriber, email, key, address_key(self.secrets.address_key, email)))
        return self.people[-1]

    def spool(self, content: bytes | Iterable[Any], received: datetime = RECEIVED) -> str:
        """Write one batch to the spool, as the edge does; returns the file's name."""
        body = content if isinstance(content, bytes) else orjson.dumps(list(content))
        name = f"{received + self.batches * timedelta(milliseconds=10):%Y%m%dT%H%M%S%fZ}-{uuid.uuid4()}.json"
        self.batches += 1
        folder = self.paths.spool / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
        return name

    def load(self, *batches: bytes | Iterable[Any], received: datetime = RECEIVED) -> dict[str, int]:
        """Spool the batches and load them; returns the counts of `load_spool`."""
        for content in batches:
            self.spool(content, received)
        return load_spool(self.paths)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.paths) as warehouse:
            return [tuple(row.values()) for row in warehouse.execute(sql).to_arrow_table().to_pylist()]


@pytest.fixture
def world(paths: DataPaths, secrets: Secrets) -> World:
    return World(paths, secrets)


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    return make_event


def make_event(person: Person, kind: str, seconds: int = 60, **fields: Any) -> dict[str, Any]:
    """An event about a person's message, `seconds` after it was sent; a field that is None is left out."""
    full = {
        "email": person.email,
        "timestamp": SENT + seconds,
        "event": kind,
        "sg_event_id": uuid.uuid4().hex,
        "sg_message_id": "XMSG.recvd-1-2-3.0",
        "category": ["newsletter"],
        "tw_key": person.key,
        "tw_try": "1",
        "tw_chunk": "plan.0",
        **fields,
    }
    return {name: value for name, value in full.items() if value is not None}


KEY = "SG.very-secret"


class SendGrid:
    """SendGrid's lists by name. `answer` overrides every response with (status, body); `requests` are (list, query)."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Any]] = {
            name: [] for name in ("bounces", "invalid_emails", "spam_reports", "unsubscribes", "groups")
        }
        self.answer: tuple[int, bytes] | None = None
        self.slow = 0.0
        self.requests: list[tuple[str, dict[str, list[str]]]] = []

    def reply(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        name = parts.path.rpartition("/")[2]
        self.requests.append((name, query))
        time.sleep(self.slow)
        if self.answer:
            return self.answer
        if name not in self.lists:
            return 404, b'{"errors":[{"message":"not found"}]}'
        offset, limit = (int(query.get(part, ["0"])[0]) for part in ("offset", "limit"))
        since = int(query.get("start_time", ["0"])[0])
        rows = [row for row in self.lists[name] if not isinstance(row, dict) or (row.get("created") or since) >= since]
        return 200, json.dumps(rows[offset : offset + limit]).encode()


@pytest.fixture
def sendgrid() -> Iterator[tuple[SendGrid, SendGridAccount]]:
    state = SendGrid()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = state.reply(self.path) if self.headers["Authorization"] == f"Bearer {KEY}" else (401, b"{}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state, SendGridAccount(f"http://127.0.0.1:{server.server_port}", KEY)
    server.shutdown()
    server.server_close()
    thread.join()
