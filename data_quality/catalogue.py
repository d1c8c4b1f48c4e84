"""The catalogue of rules: severity, meaning and remedy of each, in words for marketers, from data_quality/rules.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from include.core import yaml_file
from include.core.yaml_file import StrictModel

FILE = Path(__file__).with_name("rules.yaml")
Group = Literal["rows", "batch", "drift", "segments", "sends", "events", "marts"]
Severity = Literal["info", "warning", "critical"]
TITLES: dict[Group, str] = {
    "rows": "Rows of a source",
    "batch": "A batch as a whole",
    "drift": "Drift: a batch against the earlier runs of its source",
    "segments": "Segments, after each build",
    "sends": "Sends, after each campaign",
    "events": "Events, after each load",
    "marts": "Marts, before each publish",
}
STOPPED = "The batch is stopped: nothing of it is merged, and the data of the previous run stay."
ALERTED = "The batch is merged, and an alert is sent."
NOTED = "Nothing is held back. It is recorded and shown here."
EFFECTS: dict[tuple[Group, str], str] = {
    ("rows", "critical"): "The row goes to quarantine. The person gets no mail until a good row comes.",
    ("rows", "warning"): "The row is merged. It is counted here.",
    ("batch", "critical"): STOPPED,
    ("batch", "warning"): ALERTED,
    ("drift", "critical"): STOPPED,
    ("drift", "warning"): ALERTED,
    ("segments", "warning"): "The segment is used as it is, and an alert is sent.",
    ("sends", "critical"): "The task fails, and an alert is sent. Nothing is sent again.",
    ("sends", "warning"): "An alert is sent.",
    ("events", "critical"): "The task fails, and an alert is sent. The events are kept.",
    ("events", "warning"): "The events are kept, and an alert is sent.",
    ("marts", "critical"): "Nothing is published: analysts keep the previous file.",
    ("marts", "warning"): "The figures are published, and an alert is sent.",
}
"""What happens where a rule is broken; `NOTED` for severity info."""
ABOUT_OTHERS = "The row goes to quarantine; all other rows are merged."
"""What happens to a critical row of a relation other than subscribers."""


class Rule(StrictModel):
    """One rule. `effect` is empty where `EFFECTS` says what happens."""

    severity: Severity
    meaning: str
    remedy: str
    effect: str = ""


class _Catalogue(StrictModel):
    rows: dict[str, Rule]
    batch: dict[str, Rule]
    drift: dict[str, Rule]
    segments: dict[str, Rule]
    sends: dict[str, Rule]
    events: dict[str, Rule]
    marts: dict[str, Rule]


@cache
def groups() -> dict[Group, dict[str, Rule]]:
    """The rules by group and name. Raises `ConfigurationError` with file and line where the file is malformed."""
    found = yaml_file.read(FILE, _Catalogue, example="the comment at its top")
    return {
        "rows": found.rows, "batch": found.batch, "drift": found.drift, "segments": found.segments, "sends": found.sends,
        "events": found.events, "marts": found.marts,
    }  # fmt: skip


@cache
def rules() -> dict[str, Rule]:
    """Every rule by name."""
    return {name: rule for group in groups().values() for name, rule in group.items()}


def effect(name: str, severity: str, relation: str = "subscribers") -> str:
    """What happens where this rule is broken, as a sentence. A setting may have changed the severity from the file's."""
    rule, group = rules()[name], group_of(name)
    if rule.effect and rule.severity == severity:
        return rule.effect
    if group == "rows" and severity == "critical" and relation != "subscribers":
        return ABOUT_OTHERS
    return EFFECTS.get((group, severity), NOTED)


def group_of(name: str) -> Group:
    """The group that a rule is in."""
    return next(group for group, found in groups().items() if name in found)
