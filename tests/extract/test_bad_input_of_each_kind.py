"""The list of bad input, from each kind of source through the steps of the DAG: quarantined with its reason, or merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from include.core import clock
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
EACH = ["sqlite", "csv", "tsv", "jsonl.gz", "parquet", "s3", "api", pytest.param("postgres", marks=pytest.mark.postgres)]
Ingested = Callable[[str, str], list[dict[str, Any]]]


class State(dict[str, Any]):
    """The state of the asset, as Airflow keeps it."""

    def set(self, key: str, value: Any, /) -> None:
        self[key] = value


def run(stores: Stores, state: State, name: str) -> list[dict[str, Any]]:
    """What the tasks of ingest_subscribers do; returns the summaries of the check."""
    dag_run = SimpleNamespace(run_id=name, run_after=clock.now())
    manifests = ingest.land_relations(state, dag_run, full=False)
    checked = ingest.validate_batches(stores, manifests, accept=["quarantined_share"])
    ingest.merge_batches(stores, state, dag_run, manifests)
    return [dict(summary) for summary in checked]


@pytest.fixture
def ingested(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> Ingested:
    """Ingests from a URL, with the watermarks of the earlier calls."""
    monkeypatch.setattr(configuration, "extract_overlap", lambda: timedelta(minutes=60))
    state = State()

    def ingest_from(url: str, name: str) -> list[dict[str, Any]]:
        monkeypatch.setenv("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", url)
        return run(stores, state, name)

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


@pytest.mark.parametrize("source", EACH, indirect=True)
def test_each_row_is_quarantined_with_its_reason_or_merged(
    stores: Stores, source: Callable[..., str], request: pytest.FixtureRequest, ingested: Ingested
) -> None:
    made = relations(request.node.callspec.params["source"])
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
