"""Measures the classification of events against the simulator's ground truth: which opens and clicks its machines made.

The ground truth is compared and forgotten: no table holds it, and nothing else asks for it. A real SendGrid has none.
"""

from __future__ import annotations

import logging

import duckdb
import httpx
import msgspec
import pyarrow as pa

from include.collect.classify import RULE_VERSION
from include.core import clock
from include.core.connections import SendGridAccount, is_simulator
from include.core.http_client import client
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse, run, transaction

log = logging.getLogger(__name__)

PATH = "/control/truth.ndjson"
NO_TRUTH = {"measured": "no ground truth: a real SendGrid does not know which events a machine made"}
NO_ANSWER = {"measured": "not measured: the simulator did not answer; the next night measures again"}
SCHEMA = pa.schema([("sg_event_id", pa.string()), ("is_machine", pa.bool_())])
_SECONDS = 60.0


class _Truth(msgspec.Struct):
    """A line of the simulator's answer."""

    sg_event_id: str
    is_machine: bool


_lines = msgspec.json.Decoder(_Truth)


def measure_verdicts(account: SendGridAccount, paths: DataPaths) -> dict[str, int | str]:
    """Replace the measurement of the current rules in `engagement.verdict_quality`; returns the events that were compared.

    With a real SendGrid nothing is requested and the result says so. Idempotent. A server that does not answer stops
    nothing: the figures of campaigns do not depend on this measurement, and the previous one stays.
    """
    if not is_simulator(account):
        return dict(NO_TRUTH)
    try:
        truth = _ground_truth(account)
    except httpx.HTTPError as error:
        log.warning("the classification was not measured: the simulator did not answer (%s)", type(error).__name__)
        return dict(NO_ANSWER)
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
    """The simulator's answer; None if the server on loopback is another one, whatever it answers."""
    with client(_SECONDS) as http:
        answer = http.get(f"{account.host}{PATH}")
    if answer.status_code != httpx.codes.OK:
        return None
    try:
        lines = _lines.decode_lines(answer.content)
    except msgspec.MsgspecError:
        return None
    return pa.table([[line.sg_event_id for line in lines], [line.is_machine for line in lines]], schema=SCHEMA)
