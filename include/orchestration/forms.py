"""The forms of DAGs that people trigger: each field is a parameter, with the arguments of `airflow.sdk.Param`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Param

from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names
from include.core.errors import ConfigurationError
from include.core.journey_file import journey_names
from include.core.journey_mail import step_mails
from include.core.seeds import load_seeds
from include.orchestration.runs import AHEAD

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
RETENTION_FORM: dict[str, dict[str, Any]] = {
    "dry_run": {
        "default": True, "type": "boolean", "title": "Dry run",
        "description": "Only count what has expired. Scheduled runs delete it.",
    },
}  # fmt: skip
ANALYTICS_FORM: dict[str, dict[str, Any]] = {
    "whole": {
        "default": False, "type": "boolean", "title": "Build everything anew",
        "description": "Use nothing of the last build: marts and published file from the whole history. Takes much longer.",
    },
}  # fmt: skip
SEGMENTS_FORM: dict[str, dict[str, Any]] = {
    "whole": {
        "default": False, "type": "boolean", "title": "Compute everybody anew",
        "description": "Use no features of earlier runs: from everybody's purchases, activities and events. Takes longer.",
    },
}  # fmt: skip
CONTROL_FORM: dict[str, dict[str, Any]] = {
    "action": {
        "default": "pause", "enum": ["pause", "resume", "replace_content", "cancel"], "title": "Action",
        "description": "pause: send nothing further until resumed. resume: continue. replace_content: send the template and "
        "campaign as they are now to everybody who is still pending. cancel: end it for good; cannot be undone.",
    },
    "campaign": {
        "default": None, "type": ["string", "null"], "pattern": r"^[a-z][a-z0-9_]{0,59}$", "title": "Campaign or journey",
        "examples": [*campaign_names(), *journey_names()],
        "description": "A campaign; a journey; or one step of a journey, as in abandoned_basket__reminder.",
    },
    "occurrence": {
        "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9-]{1,40}$", "title": "Occurrence",
        "description": "Such as 2026-W48. Empty: the one that is being sent; if there are several, the task names them.",
    },
    "note": {
        "default": "", "type": ["string", "null"], "maxLength": 500, "title": "Why",
        "description": "Kept with the decision. No addresses or names of recipients.",
    },
}  # fmt: skip
PRIVACY_FORM: dict[str, dict[str, Any]] = {
    "request": {
        "default": None, "type": ["string", "null"], "pattern": r"^[0-9]{8}-[0-9a-f]{8}$", "title": "Request",
        "description": "The id that `make privacy` printed. Never an address: it would be stored in Airflow's database.",
    },
}  # fmt: skip


def send_form(campaign: Campaign) -> dict[str, dict[str, Any]]:
    """The form of a campaign's DAG. It offers the names of the team's seed addresses, never the addresses."""
    return {
        "mode": {
            "default": "preview", "title": "Mode",
            "enum": ["preview", "test", "live", *([AHEAD] if campaign.approval_rule else [])],
            "description": "preview sends nothing; test sends to the team; live sends to the segment"
            f"{'; approve asks for the approval of the next scheduled run' if campaign.approval_rule else ''}.",
        },
        "seeds": _seeds_field(),
        "variant": _choice("Test: variant", "every variant", [variant.id for variant in campaign.variants]),
        "locale": _choice("Test: language", "that of each person", campaign.locales),
        "occurrence": {
            "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9-]{1,40}$", "title": "Live: occurrence",
            "description": "Continue the plan of an earlier occurrence, such as 2026-W48. Empty: the current one.",
        },
        "note": {
            "default": "", "type": ["string", "null"], "maxLength": 500, "title": "Note",
            "description": "The reason for this run, shown with it.",
        },
    }  # fmt: skip


def journey_form() -> dict[str, dict[str, Any]]:
    """The form of the DAG that previews and tests the mail of a journey's step."""
    mails = step_mails()
    return {
        "mail": {
            "default": mails[0] if mails else None, "type": ["string", "null"], "title": "Mail", "enum": [*mails, None],
            "values_display": {"null": "none"},
            "description": "The journey and the step.",
        },
        "mode": {
            "default": "preview", "enum": ["preview", "test"], "title": "Mode",
            "description": "preview sends nothing; test sends to the team. Only run_journeys sends to people.",
        },
        "seeds": _seeds_field(),
        "variant": _text("Test: variant", "every variant"),
        "locale": _text("Test: language", "that of each person"),
    }  # fmt: skip


def _text(title: str, otherwise: str) -> dict[str, Any]:
    return {
        "default": None, "type": ["string", "null"], "pattern": r"^[A-Za-z0-9_-]{1,60}$", "title": title,
        "description": f"Empty: {otherwise}.",
    }  # fmt: skip


def _seeds_field() -> dict[str, Any]:
    """Offers the names of the team's seed addresses, never the addresses."""
    return {
        "default": [], "type": ["array", "null"], "items": {"type": "string", "pattern": r"^[^@\s]{1,40}$"},
        "maxItems": 50, "examples": _seed_names(), "title": "Test: send to",
        "description": "People of the team (include/seed_addresses.yaml). Names only: addresses would be stored in "
        "Airflow's database.",
    }  # fmt: skip


def _choice(title: str, otherwise: str, values: Iterable[str]) -> dict[str, Any]:
    return {
        "default": None, "type": ["string", "null"], "enum": [None, *values], "title": title,
        "values_display": {"null": otherwise}, "description": f"Without a choice: {otherwise}.",
    }  # fmt: skip


def _seed_names() -> list[str]:
    """The names of the seeds; none while their file has an error, which a test then reports."""
    try:
        return list(load_seeds())
    except ConfigurationError:
        return []


def params(form: dict[str, dict[str, Any]]) -> dict[str, Param]:
    """A form as `params` of a DAG."""
    return {name: Param(**field) for name, field in form.items()}
