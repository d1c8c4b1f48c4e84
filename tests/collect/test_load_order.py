"""The order and number of SendGrid's deliveries do not change the stored events."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.collect import batch, load
from include.core import clock
from include.sendgrid.event_vocabulary import bounce_classes, event_names
from include.warehouse.connection import configure, prepare
from tests.collect.conftest import SENT

PEOPLE = [(f"k{number}", f"s{number}", f"p{number}@example.org") for number in range(3)]
EVENTS = """
    select dedup_key, message_key, event, occurred_at, url, url_index, delivery_attempt, bounce_class, verdict, signals
    from engagement.events order by all
"""


def report(person: int, kind: str, seconds: int, **fields: Any) -> dict[str, Any]:
    key, _, email = PEOPLE[person]
    return {
        "email": email,
        "timestamp": SENT + seconds,
        "event": kind,
        "tw_key": key,
        "sg_message_id": f"M{person}.1",
        **fields,
    }


def clicked(person: int, seconds: int, link: int, index: int) -> dict[str, Any]:
    offset = {"index": index, "type": "html"}
    return report(
        person, "click", seconds, url=f"https://a.example/{link}", url_offset=offset, useragent="python-requests/2"
    )


def deferred(person: int, attempt: int) -> dict[str, Any]:
    return report(person, "deferred", 5, attempt=str(attempt))


def bounced(person: int, kind: str) -> dict[str, Any]:
    return report(person, "bounce", 9, type=kind, tw_key=None)


people = st.integers(0, 2)
seconds = st.one_of(st.integers(0, 12), st.sampled_from([-90_000, 7 * 86_400, 40 * 86_400]))
"""Most events are close together; some are of the day before the send, of the next week, and of the next month."""
reports = st.one_of(
    st.builds(report, people, st.sampled_from(["processed", "delivered", "open", "spamreport"]), seconds),
    st.builds(clicked, people, seconds, st.integers(0, 2), st.integers(0, 1)),
    st.builds(deferred, people, st.integers(1, 3)),
    st.builds(bounced, people, st.sampled_from(["bounce", "blocked"])),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """A batch of events, and the same batch with redeliveries of it in any order.

    A click may occur up to three times in a second, with different ids. A redelivery contains any part of the batch, each
    event with its own id or a new one, and each event except clicks up to 46 times.
    """
    distinct = draw(st.lists(reports, min_size=1, max_size=8, unique_by=repr))
    times = [draw(st.integers(1, 3)) if event["event"] == "click" else 1 for event in distinct]
    post = [
        {**event, "sg_event_id": f"{number}.{copy}"}
        for number, (event, count) in enumerate(zip(distinct, times, strict=True))
        for copy in range(count)
    ]
    again = draw(st.lists(redelivered(post), max_size=4))
    return post, draw(st.permutations([draw(st.permutations(post)), *again]))


@st.composite
def redelivered(draw: st.DrawFn, post: list[dict[str, Any]]) -> list[dict[str, Any]]:
    repeated = draw(st.lists(st.sampled_from(post), unique_by=lambda event: event["sg_event_id"]))
    repeated += [event for event in repeated if event["event"] != "click" for _ in range(draw(st.integers(0, 45)))]
    return [event if draw(st.booleans()) else {**event, "sg_event_id": uuid.uuid4().hex} for event in repeated]


@pytest.fixture(scope="module")
def cursor() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    configure(connection)
    prepare(connection)
    connection.register("event_names", event_names())
    connection.register("bounce_classes", bounce_classes())
    sends = [
        {
            "message_key": key, "plan_id": "p", "campaign": "c", "occurrence": "o", "subscriber_id": person,
            "address_key": f"h-{email}", "variant": "v", "mailbox_provider": "other", "state": "accepted", "attempt": 1,
            "x_message_id": f"M{number}", "planned_at": datetime.fromtimestamp(SENT, UTC),
        }
        for number, (key, person, email) in enumerate(PEOPLE)
    ]  # fmt: skip
    connection.register("planned", pa.Table.from_pylist(sends))
    return connection


Batches = list[list[dict[str, Any]]]


def loaded(
    connection: duckdb.DuckDBPyConnection, folder: Path, steps: list[Batches], *, late: frozenset[str] = frozenset()
) -> tuple[Any, int]:
    """Load the steps, each of several batches, into an empty table; returns the events and how many were new.

    The sends of messages in `late` are recorded after the last step, so that their events come out of the quarantine.
    """
    for table in ("engagement.events", "engagement.spool_files", "engagement.quarantined_events", "dispatch.sends"):
        connection.execute(f"delete from {table}")
    record = "insert into dispatch.sends by name select * from planned where (message_key in $late) = $is_late"
    connection.execute(record, {"late": sorted(late), "is_late": False})
    again = batch.Redelivered()
    new = sum(_load_step(connection, folder, batches, again) for batches in steps)
    connection.execute(record, {"late": sorted(late), "is_late": True})
    new += load._retry_quarantined(connection)["released"]
    return connection.execute(EVENTS).to_arrow_table().to_pylist(), new


def _load_step(connection: duckdb.DuckDBPyConnection, folder: Path, batches: Batches, again: batch.Redelivered) -> int:
    rows, repeated = batch.Rows(), dict[Path, int]()
    for events in batches:
        path = folder / f"{clock.now():%Y%m%dT%H%M%S%f}Z-{uuid.uuid4()}.json"
        path.write_bytes(orjson.dumps([{"sg_event_id": uuid.uuid4().hex, **event} for event in events]))
        repeated[path] = batch.read_file(path, again, rows)
        path.unlink()
    connection.register("batch_reports", batch.table(rows, lambda email: f"h-{email}"))
    connection.register("batch_files", load._listing(repeated))
    counts = load._store(connection, "arrivals_batch")
    assert counts["events"] == counts["new"] + counts["duplicates"] + counts["quarantined"] == len(rows.reports)
    return counts["new"]


@settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(deliveries(), st.lists(st.integers(1, 4), min_size=8, max_size=8), st.sets(st.sampled_from(["k0", "k1", "k2"])))
def test_any_order_multiplicity_and_step_gives_the_same_events(
    cursor: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    drawn: tuple[list[dict[str, Any]], Batches],
    sizes: list[int],
    late: set[str],
) -> None:
    """Also of messages that are recorded after their events: until then these are in quarantine."""
    post, batches = drawn
    waiting = iter(batches)
    steps = [step for size in sizes if (step := list(itertools.islice(waiting, size)))]
    once, _ = loaded(cursor, tmp_path, [[post]])
    many, new = loaded(cursor, tmp_path, steps, late=frozenset(late))
    assert many == once
    assert new == len(once) == len(post)


def test_every_order_of_a_timeline_is_classified_alike(cursor: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    timeline = [
        report(0, "delivered", 10),
        report(0, "click", 11, url="https://a.example/1", url_offset={"index": 0, "type": "html"}),
        report(0, "click", 12, url="https://a.example/2", url_offset={"index": 1, "type": "html"}),
        report(0, "open", 500),
    ]
    orders = itertools.islice(itertools.permutations(timeline), 0, None, 3)
    outcomes = [loaded(cursor, tmp_path, [[[event]] for event in order])[0] for order in orders]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    verdicts = {(row["event"], row["verdict"]) for row in outcomes[0]}
    assert verdicts == {("delivered", None), ("clicked", "machine"), ("opened", "human")}
