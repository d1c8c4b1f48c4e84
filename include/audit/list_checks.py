"""What the audit finds in the warehouse about the list: addresses, engagement, consent, suppressions, complaints."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from data_quality.addresses import DISPOSABLE, ROLE, address_faults
from include.audit.result import Finding, Result, conclude
from include.warehouse.connection import fetch, run

BATCH_ROWS = 100_000
_SHARED_MAILBOX = r"(?i)^(info|sales|contact|hello|office|admin|support|help|service|team|webmaster|billing|jobs|press)@"
MAX_FAULTY = 0.01
"""Share of addresses with a fault above which hard bounces endanger the domain: breakers warn at 2 %."""
MAX_NEVER_REACTED, MAX_DORMANT_MAILED = 0.10, 0.10
"""Shares from which mail to people without a reaction weighs on the reputation. Our choice; providers publish none."""
STALE_HOURS = 48
"""A nightly comparison that is older was left out at least once."""
RETURNING_DAYS = 3
"""Differences on so many of 30 days come from something that writes to one side only."""


def check_addresses(warehouse: duckdb.DuckDBPyConnection, as_of: datetime) -> Result:
    """The addresses that may be mailed, by today's rules and lists: ingest checked each by those of its time."""
    faults: Counter[str] = Counter()
    checked = shared = 0
    for batch in run(warehouse, "audit", "mailable_addresses", {"as_of": as_of}).to_arrow_reader(BATCH_ROWS):
        emails = batch.column("email")
        checked += len(emails)
        shared += pc.sum(pc.match_substring_regex(emails, _SHARED_MAILBOX)).as_py() or 0
        faults.update(value for value in pa.array(address_faults(emails)).drop_null().to_pylist())
    faulty = faults.total()
    evidence = {
        "addresses": checked, "role (postmaster@)": faults.pop(ROLE, 0), "disposable": faults.pop(DISPOSABLE, 0),
        "invalid": faults.total(), "shared mailboxes (info@), allowed": shared,
    }  # fmt: skip
    findings: list[Finding] = []
    if faulty:
        verdict: Any = "fail" if faulty > MAX_FAULTY * checked else "warn"
        findings.append((verdict, "Correct or suppress these addresses (make suppress): they bounce or complain."))
    return conclude("addresses", evidence, findings, fine="Each address that may be mailed is valid by today's rules.")


def check_engagement(warehouse: duckdb.DuckDBPyConnection, as_of: datetime) -> list[Result]:
    """People who never reacted, and people who should be let go (sunset)."""
    row = fetch(warehouse, "audit", "list_engagement", {"as_of": as_of}).to_pylist()[0]
    return [_never_reacted(row), _sunset(row)]


def check_consent(warehouse: duckdb.DuckDBPyConnection, as_of: datetime) -> Result:
    """Whether everybody who may be mailed has a whole proof of consent, and whether the consent log is intact."""
    row = fetch(warehouse, "audit", "consent_proof", {"as_of": as_of}).to_pylist()[0]
    checked = fetch(warehouse, "audit", "consent_log", {"as_of": as_of}).to_pylist()
    findings: list[Finding] = []
    if row["without_proof"]:
        findings.append(("fail", "Ask these people again, or add the missing proof to the source: without it, do not mail."))
    if not checked:
        findings.append(("unknown", "The consent log was never checked: nightly_analytics does."))
    elif not checked[0]["is_intact"]:
        findings.append(("fail", "The consent log was changed: docs/runbook/consent-chain.md."))
    elif checked[0]["hours_ago"] > STALE_HOURS:
        findings.append(("warn", "The consent log was not checked lately: find out why nightly_analytics does not run."))
    evidence = {**row, "hours since the check of the log": checked[0]["hours_ago"] if checked else None}
    return conclude("consent", evidence, findings, fine="Everybody who may be mailed has a whole proof of consent.")


def check_suppressions(warehouse: duckdb.DuckDBPyConnection, as_of: datetime) -> Result:
    """Whether SendGrid's lists and ours are the same, by the nightly comparisons."""
    rows = fetch(warehouse, "audit", "suppression_differences", {"as_of": as_of}).to_pylist()
    findings: list[Finding] = []
    if not rows:
        findings.append(("unknown", "The lists were never compared: nightly_analytics does."))
    elif rows[0]["hours_ago"] > STALE_HOURS:
        findings.append(("warn", "The lists were not compared lately: find out why nightly_analytics does not run."))
    if rows and rows[0]["days_with_repairs"] >= RETURNING_DAYS:
        findings.append(("fail", "Differences return: find out what changes SendGrid's lists beside Tradewind."))
    elif rows and rows[0]["repaired"]:
        findings.append(("warn", "Entries that a side lacked were repaired; look again after the next night."))
    evidence = rows[0] if rows else {"comparisons": 0}
    return conclude("suppression_sync", evidence, findings, fine="SendGrid and the ledger suppress the same addresses.")


def _never_reacted(row: dict[str, Any]) -> Result:
    evidence = {name: row[name] for name in ("mailable", "often_mailed", "never_reacted")}
    findings: list[Finding] = []
    if not row["often_mailed"]:
        findings.append(("unknown", "Nobody got five messages yet."))
    elif row["never_reacted"] > MAX_NEVER_REACTED * row["often_mailed"]:
        findings.append(("warn", "Ask them once more whether they want the mail, then stop: they only raise the risk."))
    return conclude("never_reacted", evidence, findings, fine="Few people who get mail never reacted to it.")


def _sunset(row: dict[str, Any]) -> Result:
    evidence = {name: row[name] for name in ("mailable", "mailed", "dormant", "dormant_mailed")}
    findings: list[Finding] = []
    if row["mailable"] and not row["known"]:
        findings.append(("unknown", "No segments were built yet, so nobody's last sign of life is known."))
    elif row["dormant_mailed"]:
        verdict: Any = "fail" if row["dormant_mailed"] > MAX_DORMANT_MAILED * row["mailed"] else "warn"
        findings.append((verdict, "Exclude the segment dormant_readers from campaigns, but for one that asks them again."))
    return conclude("sunset", evidence, findings, fine="Nobody is mailed after 180 days without a sign of life.")
