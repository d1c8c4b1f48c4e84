"""Inspects the template of a campaign for every variant and locale without people; nothing is raised."""

from __future__ import annotations

import re
from pathlib import Path

from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.core.finding import Finding
from include.core.yaml_file import Document
from include.dispatch.content.compile import compile_content

_WHERE = re.compile(r"^(?P<file>.*?)(?:, line (?P<line>\d+))?$")


def inspect_template(document: Document[Campaign], folder: Path) -> list[Finding]:
    """What is wrong with the template in `folder`, the folder of all templates, as the campaign uses it."""
    campaign = document.model
    if campaign is None:
        return []
    found: dict[Finding, None] = {}
    for variant in campaign.variants:
        arm = campaign.arm(variant.id)
        for locale in campaign.locales:
            try:
                content = compile_content(folder / arm.template, campaign=arm, variant=variant, locale=locale)
                warnings = [Finding("warning", folder / arm.template / "body.html.j2", 1, each) for each in content.warnings]
            except PlanError as error:
                warnings = [_finding(error, document, folder)]
            found |= dict.fromkeys(warnings)
    return list(found)


def _finding(error: PlanError, document: Document[Campaign], folder: Path) -> Finding:
    """The error with the path of its file: a template, or the campaign file for the subject of a variant."""
    where = _WHERE.match(error.where)
    assert where is not None
    line = int(where["line"] or 1)
    path = folder / where["file"]
    if not path.exists() and document.model is not None:
        own = folder / document.model.template / where["file"]
        path = own if own.exists() else folder / document.model.template
    if where["file"].startswith("campaigns/") or where["file"].startswith("subject.variant"):
        path, line = document.path, document.line("variants") + line - 1
    return Finding("error", path, line, error.what, error.remedy)
