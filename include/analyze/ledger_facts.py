"""Ledger data for the marts: suppressions and consent in force, unsubscribes by message, designs, counts by state."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, select

from include.analyze.changes import note_opt_outs
from include.core.token import TRIAL_MESSAGE
from include.ledger import consent
from include.ledger.counts import tally
from include.ledger.database import Ledger
from include.ledger.suppression_tables import in_force
from include.ledger.tables import decisions, plans, suppression_log
from include.warehouse.connection import replace_table, transaction
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

_BATCH = 10_000
_TALLIES = pa.schema([("plan_id", pa.string()), ("state", pa.string()), ("people", pa.int64())])
_OPT_OUTS = pa.schema([("message_key", pa.string()), ("happened_at", pa.float64())])


@dataclass(frozen=True)
class Design:
    """How the people of a plan were drawn: the weight of each variant, the first named first, and the held out share.

    `sent_to_rest` is the variant that the rest of the audience got after a test, and why: `winner` or `inconclusive`.
    """

    weights: tuple[tuple[str, float], ...] = ()
    held_out: float = 0.0
    sent_to_rest: tuple[str, str] | None = None

    @property
    def baseline(self) -> str | None:
        """The variant that the others are compared with."""
        return self.weights[0][0] if self.weights else None

    def shares(self, comparison: str) -> dict[str, float]:
        """The planned share of each arm of a comparison (`variants`, `hold_out`) in all of its people."""
        whole = sum(weight for _, weight in self.weights) or 1.0
        variants = {name: weight / whole for name, weight in self.weights}
        if comparison == "variants":
            return variants
        treated = 1 - self.held_out
        return {name: share * treated for name, share in variants.items()} | {"treated": treated, "held_out": self.held_out}


Designs = dict[tuple[str, str], Design]
"""{(campaign, occurrence): its design}."""


def copy_ledger(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Replace core.suppressions, core.consent_answers and engagement.opt_outs from one snapshot of the ledger."""
    with ledger.read() as ledger_connection:
        suppressions, _ = in_force(ledger_connection)
        answers = consent.in_force(ledger_connection)
        opt_outs = _opt_outs(ledger_connection)
    replace_suppressions(connection, suppressions)
    replace_consent(connection, answers)
    connection.register("ledger_opt_outs", opt_outs)
    with transaction(connection):
        note_opt_outs(connection)
        replace_table(connection, "engagement.opt_outs", "analyze", "opt_outs_insert")
    connection.unregister("ledger_opt_outs")


def designs(ledger: Ledger) -> Designs:
    """How each live plan's people were drawn, by the campaign file that it froze."""
    query = select(plans.c.plan_id, plans.c.campaign, plans.c.occurrence, plans.c.settings).where(plans.c.kind == "live")
    chosen = select(decisions.c.plan_id, decisions.c.details).where(decisions.c.action == "choose_winner")
    with ledger.read() as connection:
        rows = connection.execute(query).all()
        choices = {row.plan_id: json.loads(row.details) for row in connection.execute(chosen)}
    return {(row.campaign, row.occurrence): _design(json.loads(row.settings), choices.get(row.plan_id)) for row in rows}


def tallies(ledger: Ledger) -> pa.Table:
    """People per live plan and state, as the ledger counts them (columns plan_id, state, people)."""
    rows = []
    with ledger.read() as connection:
        for plan_id in connection.scalars(select(plans.c.plan_id).where(plans.c.kind == "live")).all():
            counts = asdict(tally(connection, plan_id))
            del counts["selected"]
            rows += [{"plan_id": plan_id, "state": state, "people": people} for state, people in counts.items()]
    return pa.Table.from_pylist(rows, schema=_TALLIES)


def _design(settings: dict[str, Any], choice: dict[str, Any] | None) -> Design:
    weights = tuple((variant["id"], float(variant["weight"])) for variant in settings.get("variants") or [])
    sent = (choice["variant"], "winner" if choice["is_clear"] else "inconclusive") if choice else None
    return Design(weights, settings.get("hold_out_percent", 0) / 100, sent)


def _opt_outs(connection: Connection) -> pa.Table:
    """Every unsubscribe with a message key, including those lifted since: the message still caused it; no trial."""
    log = suppression_log.c
    query = select(log.message_key, log.happened_at).where(
        log.action == "suppress", log.reason == "unsubscribe", log.message_key != TRIAL_MESSAGE
    )
    result = connection.execute(query.execution_options(yield_per=_BATCH))
    batches = [
        pa.RecordBatch.from_arrays([pa.array(column) for column in zip(*part, strict=True)], schema=_OPT_OUTS)
        for part in result.partitions()
        if part
    ]
    return pa.Table.from_batches(batches, schema=_OPT_OUTS)
