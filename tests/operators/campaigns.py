"""The campaign files and templates of these tests: one campaign a scenario, so that none can disturb another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from include.core.paths import TEMPLATES

PEOPLE = 480
SLOW: dict[str, Any] = {"pace": {"messages_per_second": 24}}
"""A campaign of 480 people takes 20 seconds: time for an operator to do something in the middle."""
EARLY = "0 0 1 1 *"
"""A schedule that never comes while a test runs."""

GOOD: dict[str, dict[str, Any]] = {
    "cleared": SLOW,
    "marked_success": SLOW,
    "marked_failed": SLOW,
    "again": {},
    "filled": {"schedule": EARLY},
    "halted": SLOW,
    "stopped": SLOW,
    "killed": SLOW,
    "asked": {"on_doubt": "ask"},
    "patient": {"on_doubt": "resend_after_24h"},
    "late": {"schedule": EARLY, "late_start_limit_hours": 1},
    "too_late": {"schedule": EARLY, "late_start_limit_hours": 1},
    "refused": {},
    "unharmed": {},
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


def write_campaigns(folder: Path) -> None:
    """A YAML file for each of `GOOD` and `BAD`."""
    folder.mkdir(parents=True)
    for name, changed in (GOOD | BAD).items():
        fields = {key: value for key, value in (_plain(name) | changed).items() if value is not None}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))


def write_templates(folder: Path) -> None:
    """The shipped templates, and those that are broken for some people."""
    shutil.copytree(TEMPLATES, folder)
    for name, source in BROKEN.items():
        shutil.copytree(TEMPLATES / "welcome", folder / name)
        body = folder / name / "body.html.j2"
        body.write_text(body.read_text().replace("<h1>", f"<p>{source}</p>\n<h1>", 1))


def _plain(name: str) -> dict[str, Any]:
    """Four arms, two tracking choices and one language make eight chunks of about 60."""
    return {
        "id": name, "name": f"Drill {name}", "owner": "delivery", "purpose": "A drill.", "occurrence": "once",
        "segment": "newsletter_readers", "template": "welcome", "locales": ["en"],
        "sender": {"email": "news@shop.example.com", "name": "Harbour Records"},
        "postal_address": "Harbour Records Ltd, 14 Quay Street, Bristol BS1 4QA, United Kingdom",
        "variants": [{"id": arm} for arm in ("a", "b", "c", "d")],
        "frequency_cap_hours": 0,
    }  # fmt: skip
