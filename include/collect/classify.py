"""Classifies events as human or machine, by versioned rules in SQL, so that new rules also apply to old events."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import duckdb

from include.core import clock
from include.warehouse.connection import fetch, run, transaction

log = logging.getLogger(__name__)

RULE_VERSION = 4
"""The version of the rules in include/sql/collect/classify.sql. Increment it with every change there; a test checks it."""
MESSAGES_PER_ROUND = 200_000


def classify_load(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Classify the messages of the current load (temp table `deduplicated`), within the load's transaction."""
    run(warehouse, "collect", "messages_to_classify_by_load")
    _classify(warehouse, {"rule_version": RULE_VERSION})


def reclassify_history(warehouse: duckdb.DuckDBPyConnection, rule_version: int = RULE_VERSION) -> int:
    """Reclassify messages that have another rule version; returns their number. Commits after each round.

    What became of the verdicts is recorded in `engagement.verdict_changes`.
    """
    params = {"rule_version": rule_version, "messages": MESSAGES_PER_ROUND}
    total, started = 0, clock.now()
    while True:
        with transaction(warehouse):
            run(warehouse, "collect", "messages_to_classify_by_version", params)
            messages = fetch(warehouse, "collect", "messages_to_classify_count").to_pylist()[0]["messages"]
            if not messages:
                return total
            run(warehouse, "collect", "verdicts_before")
            _classify(warehouse, params)
            run(warehouse, "collect", "verdict_changes_insert", {"changed_at": started})
            run(warehouse, "collect", "changes_insert_reclassified")
        total += messages
        log.info("reclassified %d messages under rule version %d", total, rule_version)


def _classify(warehouse: duckdb.DuckDBPyConnection, params: Mapping[str, Any]) -> None:
    """Classify `messages_to_classify`, and note for the features whose opens and clicks have another verdict."""
    warehouse.register("classified", run(warehouse, "collect", "classify", params).to_arrow_table())
    run(warehouse, "collect", "verdicts_note")
    warehouse.unregister("classified")
