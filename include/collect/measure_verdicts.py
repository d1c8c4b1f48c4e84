"""Measures the classification of events against the simulator's ground truth: which opens and clicks its machines made.

The ground truth is compared and forgotten: no table holds it, and nothing else asks for it. A real SendGrid has none.
"""

from __future__ import annotations

import logging

import duckdb
import httpx
import orjson
import pyarrow as pa

from include.collect.classify import RULE_VERSION
from include.core import clock
from include.core.connections import SendGridAccount, is_simulator
from include.core.errors import EspUnavailable
from include.core.http_client import client
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse, run, transaction

log = logging.getLogger(__name__)

PATH = "/control/truth.ndjson"
NO_TRUTH = {"measured": "no ground truth: a real SendGrid does not know which events a machine made"}
SCHEMA = pa.schema([("sg_event_id", pa.string()), ("is_machine", pa.bool_())])
_SECONDS = 60.0


def measure_verdicts(account: SendGridAccount, paths: DataPaths) -> dict[str, int | str]:
    """Replace the measurement of the current rules in `engagement.verdict_quality`; returns the events that were compared.

    With a real SendGrid nothing is requested and the result says so. Idempotent. Raises `EspUnavailable` if the simulator
    does not answer.
    """
    if not is_simulator(account):
        return dict(NO_TRUTH)
    truth = _ground_truth(account)
    if truth is None:
        return dict(NO_TRUTH)
    with open_warehouse(paths) as warehouse:
        return {"measured": store_measurement(warehouse, truth)}


def store_measurement(warehouse: duckdb.DuckDBPyConnection, truth: pa.Table) -> int:
    """Compare the verdicts with `truth` (sg_event_id, is_machine) and store the counts; returns the events compared."""
    warehouse.register("ground_truth", truth)
    try:
        with transaction(warehouse):
            run(warehouse, "collect", "verdict_quality_delete", {"rule_version": RULE_VERSION})
            run(warehouse, "collect", "verdict_quality_insert", {"rule_version": RULE_VERSION, "measured_at": clock.now()})
    finally:
        warehouse.unregister("ground_truth")
    return int(run(warehouse, "collect", "verdict_quality_events", {"rule_version": RULE_VERSION}).fetchall()[0][0])


def _ground_truth(account: SendGridAccount) -> pa.Table | None:
    """The simulator's answer; None if the server on loopback is another one."""
    try:
        with client(_SECONDS) as http:
            answer = http.get(f"{account.host}{PATH}")
    except httpx.HTTPError as error:
        raise EspUnavailable(
            f"gave no ground truth ({type(error).__name__}).",
            where="the simulator",
            remedy="Nothing was lost; run the task again.",
        ) from None
    if answer.status_code != httpx.codes.OK:
        return None
    return pa.Table.from_pylist([orjson.loads(line) for line in answer.content.splitlines()], schema=SCHEMA)
