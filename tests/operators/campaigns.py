"""The campaign files and templates of these tests: one campaign per scenario, so that scenarios are independent."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from include.core import clock
from include.core.paths import TEMPLATES

PEOPLE = 480
SLOW: dict[str, Any] = {"pace": {"messages_per_second": 24}}
"""With this pace, a campaign takes 20 seconds, so that operators can act during the send."""
ONCE_A_YEAR = "0 0 1 1 *"
"""A schedule without a tick during the tests."""
RIVALS = 160
"""People besides `PEOPLE`, for campaigns that compete for people: of these and of nobody else."""
CLAIMED = 80
"""Of these, the people whom both campaigns want."""
LATER_TODAY = f"{clock.now() + timedelta(hours=12):%Y-%m-%d %H:%M}"

GOOD: dict[str, dict[str, Any]] = {
    "cleared": SLOW,
    "marked_success": SLOW,
    "marked_failed": SLOW,
    "again": {},
    "filled": {"schedule": ONCE_A_YEAR},
    "halted": SLOW,
    "stopped": SLOW,
    "killed": SLOW,
    "resent_on_approval": {"on_doubt": "ask"},
    "resent_after_24h": {"on_doubt": "resend_after_24h"},
    "late": {"schedule": ONCE_A_YEAR, "late_start_limit_hours": 1},
    "too_late": {"schedule": ONCE_A_YEAR, "late_start_limit_hours": 1},
    "refused": {},
    "unaffected": {},
    "approved": {"approval": "required"},
    "edited": {"approval": "required", "template": "to_approve"},
    "loser": {"segment": "loyal_customers", "exclude_segments": ["newsletter_readers"], "frequency_cap_hours": 24},
    "winner": {"segment": "champions", "frequency_cap_hours": 24, "priority": 70, "schedule": LATER_TODAY},
}
BAD: dict[str, dict[str, Any]] = {
    "no_segment": {"segment": "nobody_knows"},
    "no_template": {"template": "nowhere"},
    "no_address": {"postal_address": None},
    "unverified": {"sender": {"email": "news@unverified.test", "name": "Harbour Records"}},
    "overflow": {"template": "overflow"},
    "raises": {"template": "raises"},
}
BROKEN = {
    "overflow": "{% personal %}{% for turn in range(person.purchases) %}{{ person.country }}"
    + "x" * 2_000
    + "{% endfor %}{% endpersonal %}",
    "raises": "{% personal %}{{ 10 // person.purchases }}{% endpersonal %}",
}


def write_campaigns(folder: Path, wanted: Mapping[str, dict[str, Any]] = GOOD | BAD) -> None:
    """A YAML file for each campaign: what it changes of the plain one."""
    folder.mkdir(parents=True)
    for name, changed in wanted.items():
        fields = {key: value for key, value in (_plain(name) | changed).items() if value is not None}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))


def write_templates(folder: Path) -> None:
    """The shipped templates, one that a test edits, and templates that fail for some people."""
    shutil.copytree(TEMPLATES, folder)
    shutil.copytree(TEMPLATES / "welcome", folder / "to_approve")
    for name, source in BROKEN.items():
        shutil.copytree(TEMPLATES / "welcome", folder / name)
        body = folder / name / "body.html.j2"
        body.write_text(body.read_text().replace("<h1>", f"<p>{source}</p>\n<h1>", 1))


def _plain(name: str) -> dict[str, Any]:
    """Fields of a campaign. Four arms, two tracking states and one language give eight chunks of about 60 people."""
    return {
        "id": name, "name": f"Drill {name}", "owner": "delivery", "purpose": "A drill.", "occurrence": "once",
        "segment": "newsletter_readers", "template": "welcome", "locales": ["en"],
        "sender": {"email": "news@shop.example.com", "name": "Harbour Records"},
        "postal_address": "Harbour Records Ltd, 14 Quay Street, Bristol BS1 4QA, United Kingdom",
        "variants": [{"id": arm} for arm in ("a", "b", "c", "d")],
        "frequency_cap_hours": 0,
    }  # fmt: skip
