"""The forms of the DAGs that people trigger: a field a parameter, with what `airflow.sdk.Param` takes."""

from __future__ import annotations

from typing import Any

TABLE_RULES = [
    "quarantined_share", "empty_batch", "volume", "unseen_share", "growth", "columns_vanished", "columns_swapped",
    "deletions", "withdrawals", "files_missing", "freshness",
]  # fmt: skip
INGEST_FORM: dict[str, dict[str, Any]] = {
    "full": {
        "default": False, "type": "boolean", "title": "Full pass", "description": "Read the whole source; sees deletions.",
    },
    "accept": {
        "default": [], "type": "array", "items": {"type": "string", "enum": TABLE_RULES}, "title": "Accept table rules",
        "description": "Rules that somebody has looked at pass in this run; with `deletions`, held deletions go.",
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
        "description": "Subscriber ids, one a line. Never addresses: they would stay in Airflow's database.",
    },
    "occurrence": {
        "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9-]{1,40}$", "title": "Occurrence",
        "description": "Live only: go on with an earlier occurrence's plan, such as 2026-W48. Empty is the current one.",
    },
    "note": {
        "default": "", "type": ["string", "null"], "maxLength": 500, "title": "Note",
        "description": "Why this run; shown to whoever looks.",
    },
}  # fmt: skip
