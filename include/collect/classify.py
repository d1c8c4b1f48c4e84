"""Human or machine: verdicts as SQL, under a version, so that better rules can judge history again."""

from __future__ import annotations

import logging

import duckdb

from include.warehouse.connection import fetch, run, transaction

log = logging.getLogger(__name__)

RULE_VERSION = 2
"""Of the rules in include/sql/collect/classify.sql. Grows with every change there; a test holds the two together."""
MESSAGES_A_ROUND = 200_000


def judge_load(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Judge the messages that the load at hand touched (temp table `deduplicated`). Inside the load's transaction."""
    run(warehouse, "collect", "messages_to_classify_by_load")
    run(warehouse, "collect", "classify", {"rule_version": RULE_VERSION})


def judge_history(warehouse: duckdb.DuckDBPyConnection, rule_version: int = RULE_VERSION) -> int:
    """Judge again what was judged under other rules; returns how many messages were. A transaction a round."""
    params = {"rule_version": rule_version, "messages": MESSAGES_A_ROUND}
    judged = 0
    while True:
        with transaction(warehouse):
            run(warehouse, "collect", "messages_to_classify_by_version", params)
            messages = fetch(warehouse, "collect", "messages_to_classify_count").to_pylist()[0]["messages"]
            if not messages:
                return judged
            run(warehouse, "collect", "classify", params)
        judged += messages
        log.info("judged %d messages again under rule version %d", judged, rule_version)
