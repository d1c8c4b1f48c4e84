"""The forms of DAGs that people trigger: each field is a parameter, with the arguments of `airflow.sdk.Param`."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

TABLE_RULES = [
    "quarantined_share", "empty_batch", "volume", "unseen_share", "growth", "columns_vanished", "columns_swapped",
    "columns_retyped", "columns_changed", "deletions", "withdrawals", "files_missing", "freshness", "volume_drift",
    "null_share_drift", "domain_drift", "consent_drift", "value_drift", "volume_jump", "null_share_jump", "domain_jump",
    "consent_jump", "value_jump",
]  # fmt: skip
INGEST_FORM: dict[str, dict[str, Any]] = {
    "full": {
        "default": False, "type": "boolean", "title": "Full pass",
        "description": "Read the whole source, which also sees deletions.",
    },
    "accept": {
        "default": [], "type": "array", "items": {"type": "string", "enum": TABLE_RULES}, "title": "Accept table rules",
        "description": "Table rules that may be broken in this run. With `deletions`, held deletions are applied; after a "
        "rule of drift, its bounds are learnt anew.",
    },
}  # fmt: skip
SEND_FORM: dict[str, dict[str, Any]] = {
    "mode": {
        "default": "preview", "enum": ["preview", "test", "live"], "title": "Mode",
        "description": "preview sends nothing; test sends to the recipients below; live sends to the segment.",
    },
    "test_recipients": {
        "default": [], "type": ["array", "null"], "items": {"type": "string", "pattern": r"^[^@\s]{1,200}$"}, "maxItems": 50,
        "title": "Test recipients",
        "description": "Subscriber ids, one per line. Never addresses: they would be stored in Airflow's database.",
    },
    "occurrence": {
        "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9-]{1,40}$", "title": "Occurrence",
        "description": "Live only: continue the plan of an earlier occurrence, such as 2026-W48. Empty: the current one.",
    },
    "note": {
        "default": "", "type": ["string", "null"], "maxLength": 500, "title": "Note",
        "description": "The reason for this run, shown with it.",
    },
}  # fmt: skip

RETENTION_FORM: dict[str, dict[str, Any]] = {
    "dry_run": {
        "default": True, "type": "boolean", "title": "Dry run",
        "description": "Only count what has expired. Scheduled runs delete it.",
    },
}  # fmt: skip
PRIVACY_FORM: dict[str, dict[str, Any]] = {
    "request": {
        "default": None, "type": ["string", "null"], "pattern": r"^[0-9]{8}-[0-9a-f]{8}$", "title": "Request",
        "description": "The id that `make privacy` printed. Never an address: it would be stored in Airflow's database.",
    },
}  # fmt: skip


def params(form: dict[str, dict[str, Any]]) -> dict[str, Param]:
    """A form as `params` of a DAG."""
    return {name: Param(**field) for name, field in form.items()}
