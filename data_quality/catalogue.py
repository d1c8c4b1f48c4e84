"""The catalogue of rules: severity, meaning and remedy of each, in words for marketers, from data_quality/rules.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from include.core import yaml_file
from include.core.yaml_file import StrictModel

FILE = Path(__file__).with_name("rules.yaml")
Group = Literal["rows", "batch", "drift"]
Severity = Literal["info", "warning", "critical"]
TITLES: dict[Group, str] = {
    "rows": "Rows of a source",
    "batch": "A batch as a whole",
    "drift": "Drift: a batch against the earlier runs of its source",
}
STOPPED = "The batch is stopped: nothing of it is merged, and the data of the previous run stay."
ALERTED = "The batch is merged, and an alert is sent."
NOTED = "Nothing is held back. It is recorded and shown here."
EFFECTS: dict[tuple[Group, Severity], str] = {
    ("rows", "critical"): "The row goes to quarantine. The person gets no mail until a good row comes.",
    ("rows", "warning"): "The row is merged. It is counted here.",
    ("batch", "critical"): STOPPED,
    ("batch", "warning"): ALERTED,
    ("drift", "critical"): STOPPED,
    ("drift", "warning"): ALERTED,
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


@cache
def groups() -> dict[Group, dict[str, Rule]]:
    """The rules by group and name. Raises `ConfigurationError` with file and line where the file is malformed."""
    found = yaml_file.read(FILE, _Catalogue, example="the comment at its top")
    return {"rows": found.rows, "batch": found.batch, "drift": found.drift}


@cache
def rules() -> dict[str, Rule]:
    """Every rule by name."""
    return {name: rule for group in groups().values() for name, rule in group.items()}


def effect(name: str, severity: Severity, relation: str = "subscribers") -> str:
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
