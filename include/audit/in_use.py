"""What campaigns and journeys use: From domains, templates and segments; and what none of them uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.audit.result import Result, conclude
from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.core.journey import Journey
from include.core.journey_file import journey_names, load_journey
from include.core.paths import SEGMENTS, SQL, template_folder

SHARED = "base"
"""The template that others extend."""
_REFERENCE = re.compile(r"\bsegment\.(\w+)")
MAX_NAMED = 20


@dataclass(frozen=True)
class InUse:
    """The names that campaigns and journeys use. `broken` files could not be read, so that their names are missing."""

    domains: frozenset[str]
    templates: frozenset[str]
    segments: frozenset[str]
    broken: int


def in_use() -> InUse:
    """Read every campaign and journey file."""
    mails, journeys, broken = _mails()
    arms = [mail.arm(variant.id) for mail in mails for variant in mail.variants] or []
    segments = {name.segment for mail in mails if mail.occurrence != "trigger" for name in mail.segments.names()}
    conditions = {step.condition.segment for one in journeys for step in one.steps if step.condition}
    return InUse(
        domains=frozenset(arm.sender.email.partition("@")[2].lower() for arm in [*mails, *arms]),
        templates=frozenset(arm.template for arm in [*mails, *arms] if arm.template),
        segments=frozenset(segments | {name for name in conditions if name}),
        broken=broken,
    )


def check_templates(used: InUse) -> Result:
    """Templates that no campaign and no journey names."""
    known = {path.name for path in template_folder().glob("*/")} - {SHARED}
    return _unused("unused_templates", known, used.templates, used.broken, "templates")


def check_segments(used: InUse) -> Result:
    """Segments that no campaign, journey, product list or other segment names."""
    known = {path.stem for path in SEGMENTS.glob("*.sql")}
    return _unused("unused_segments", known, used.segments | set(_referred()), used.broken, "segments")


def _mails() -> tuple[list[Campaign], list[Journey], int]:
    """The campaigns and the mails of journeys, the journeys, and the number of files that cannot be read."""
    mails, journeys, broken = list[Campaign](), list[Journey](), 0
    for name in campaign_names():
        try:
            mails.append(load_campaign(name))
        except ConfigurationError:
            broken += 1
    for name in journey_names():
        try:
            journeys.append(load_journey(name))
            mails += [journeys[-1].campaign(step) for step in journeys[-1].steps if step.kind == "mail"]
        except ConfigurationError:
            broken += 1
    return mails, journeys, broken


def _referred() -> Iterator[str]:
    """Segments that SQL of segments, journeys and products reads. One that only a comment names counts as used."""
    for folder in (SEGMENTS, SQL / "journey", SQL / "products"):
        for path in folder.rglob("*.sql"):
            yield from (name for name in _REFERENCE.findall(_text(path)) if name != path.stem)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _unused(check: str, known: set[str], used: frozenset[str] | set[str], broken: int, what: str) -> Result:
    unused = sorted(known - used)
    evidence = {what: len(known), "unused": len(unused), "names": ", ".join(unused[:MAX_NAMED])}
    findings = []
    if broken:
        findings.append(("unknown", f"{broken} files cannot be read: run make check first."))
    elif unused:
        findings.append(("warn", f"Delete the {what} that nobody needs: each must be understood at every change."))
    return conclude(check, evidence, findings, fine=f"All {what} are used.")  # type: ignore[arg-type]
