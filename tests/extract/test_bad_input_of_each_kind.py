"""The list of bad input, from each kind of source through the steps of the DAG: quarantined with its reason, or merged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from include.core import clock
from include.core.errors import QualityStop, SourceError
from include.extract import api_request, postgres
from include.ledger.stores import Stores
from include.orchestration import configuration, ingest
from tests.extract.test_hostile_rows import TYPED
from tests.rows import Row, activity, purchase, subscriber
from tests.validate.conftest import query
from tests.validate.test_bad_input import (
    ACTIVITIES_PASS,
    ACTIVITIES_REFUSED,
    PASSES,
    PURCHASES_PASS,
    PURCHASES_REFUSED,
    REFUSED,
)  # fmt: skip

CASES: dict[str, tuple[Callable[..., Row], dict[str, tuple[Row, set[str]]]]] = {
    "subscribers": (subscriber, REFUSED | {name: (row, set()) for name, row in PASSES.items()}),
    "purchases": (purchase, PURCHASES_REFUSED | {name: (row, set()) for name, row in PURCHASES_PASS.items()}),
    "activities": (activity, ACTIVITIES_REFUSED | {name: (row, set()) for name, row in ACTIVITIES_PASS.items()}),
}
QUARANTINE = "select row_number, reasons from quality.quarantine where relation = '{}'"
TABLE = "select count(*) from core.{}"
EACH = ["sqlite", "csv", "jsonl.gz", "parquet", "s3", "api", pytest.param("postgres", marks=pytest.mark.postgres)]
Ingested = Callable[..., list[dict[str, Any]]]


class State(dict[str, Any]):
    """The state of the asset, as Airflow keeps it."""

    def set(self, key: str, value: Any, /) -> None:
        self[key] = value


def run(stores: Stores, state: State, name: str, *, full: bool) -> list[dict[str, Any]]:
    """What the tasks of ingest_subscribers do; returns the summaries of the check."""
    dag_run = SimpleNamespace(run_id=name, run_after=clock.now())
    manifests = ingest.land_relations(state, dag_run, full=full)
    checked = ingest.validate_batches(stores, manifests, accept=["quarantined_share"])
    ingest.merge_batches(stores, state, dag_run, manifests)
    return [dict(summary) for summary in checked]


@pytest.fixture
def ingested(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Ingested:
    """Ingests from a URL, with the watermarks of the earlier calls."""
    monkeypatch.setattr(configuration, "extract_overlap", lambda: timedelta(minutes=60))
    state = State()

    def ingest_from(url: str, name: str, *, full: bool = False) -> list[dict[str, Any]]:
        monkeypatch.setenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", url)
        return run(stores, state, name, full=full)

    return ingest_from


def relations(kind: str) -> dict[str, tuple[list[Row], list[set[str]]]]:
    """By relation: a row per case that the kind can hold, and the reasons that are expected of each."""
    found = {}
    for relation, (example, cases) in CASES.items():
        kept = [(change, reasons) for change, reasons in cases.values() if can_hold(kind, change)]
        rows = [example(number) | change for number, (change, _) in enumerate(kept)]
        found[relation] = (rows, [reasons for _, reasons in kept])
    return found


def can_hold(kind: str, change: Row) -> bool:
    """Text in Parquet and PostgreSQL is UTF-8 by definition, and in PostgreSQL without NUL."""
    if kind in TYPED and any(isinstance(value, bytes) for value in change.values()):
        return False
    return kind != "postgres" or "\0" not in "".join(map(str, change.values()))


Broken = Callable[[str, pytest.MonkeyPatch], AbstractContextManager[str]]


@contextmanager
def cut_off(url: str, _: pytest.MonkeyPatch) -> Iterator[str]:
    """The last file of a folder lacks its end: the export is still being written."""
    (*_others, path) = (path for path in sorted(Path(url.removeprefix("file://")).rglob("*")) if path.is_file())
    path.write_bytes(path.read_bytes()[:-30])
    yield url


@contextmanager
def removed(url: str, _: pytest.MonkeyPatch) -> Iterator[str]:
    Path(url.removeprefix("sqlite:///")).unlink()
    yield url


@contextmanager
def at_a_closed_port(url: str, _: pytest.MonkeyPatch) -> Iterator[str]:
    yield re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", url)


@contextmanager
def without_waits(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(api_request, "_sleep", lambda _: None)
    yield re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", url)


@contextmanager
def locked(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migration of the source's owner holds the table for longer than we wait."""
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.1)
    with psycopg.connect(url) as connection:
        connection.execute("lock table subscribers in access exclusive mode")
        yield url


FAILURES: dict[str, tuple[Broken, str]] = {
    "sqlite": (removed, "the file does not exist"),
    "csv": (cut_off, "is not complete: its last line is cut off"),
    "jsonl.gz": (cut_off, "is not complete: the end of its gzip stream is missing"),
    "parquet": (cut_off, "is not complete: its footer is missing"),
    "s3": (at_a_closed_port, "the objects cannot be listed"),
    "api": (without_waits, r"does not answer \(ConnectError\), after 5 attempts"),
    "postgres": (locked, r"cannot run the query of subscribers \(SQLSTATE 55P03\)"),
}
"""What happens to a source of each kind, and the error's words."""


@pytest.mark.parametrize("source", EACH, indirect=True)
def test_bad_rows_are_quarantined_and_a_source_that_fails_later_changes_nothing(
    stores: Stores,
    source: Callable[..., str],
    request: pytest.FixtureRequest,
    ingested: Ingested,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = request.node.callspec.params["source"]
    made = relations(kind)
    url = source(**{relation: rows for relation, (rows, _) in made.items()})
    checked = ingested(url, "first")
    assert Counter(summary["status"] for summary in checked) == {"accepted": 3}
    for summary in checked:
        relation = summary["relation"]
        rows, expected = made[relation]
        found = {number: set(reasons) for number, reasons in query(stores.paths, QUARANTINE.format(relation))}
        assert [found.get(number, set()) for number in range(len(rows))] == expected, relation
        refused = sum(bool(reasons) for reasons in expected)
        assert (summary["raw"], summary["quarantined"], summary["valid"]) == (len(rows), refused, len(rows) - refused)
        assert query(stores.paths, TABLE.format(relation)) == [(len(rows) - refused,)]
    _a_source_that_fails_or_shrinks_leaves_the_data_of_yesterday(stores, source, kind, ingested, monkeypatch)


def _a_source_that_fails_or_shrinks_leaves_the_data_of_yesterday(
    stores: Stores, source: Callable[..., str], kind: str, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = query(stores.paths, "from core.subscribers order by all")
    broken, message = FAILURES[kind]
    url = source(subscribers=[subscriber(number) for number in range(40)])
    with broken(url, monkeypatch) as failing, pytest.raises(SourceError, match=message):
        ingested(failing, "failed")
    with pytest.raises(QualityStop, match="less than 70 % of the rows that are known"):
        ingested(source(subscribers=[subscriber(0)]), "shrunk", full=True)
    assert query(stores.paths, "from core.subscribers order by all") == before
