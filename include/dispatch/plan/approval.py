"""The approval of a campaign: what people approve, and the guard that refuses everything else.

Approved is one occurrence with everything that decides what is sent to whom and when: the compiled contents, the fields of
the campaign file, and the definitions of its segments. Each is a part with a hash, so that a refusal can name what changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from include.core.approval import Approval
from include.core.campaign import Campaign
from include.core.errors import NotApproved
from include.core.paths import SEGMENTS
from include.dispatch.content import Content
from include.dispatch.plan.split import first_part
from include.ledger import approvals, plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger
from include.ledger.decisions import Decision

_FIELDS = {
    "the sender": {"sender", "reply_to", "postal_address", "categories", "asm_group_id", "ip_pool_name"},
    "the schedule": {"schedule", "time_zone", "send_window", "pace"},
    "the variants": {"variants", "winner", "template", "locales"},
}
_NOT_APPROVED = {"id", "name", "owner", "purpose", "approval", "late_start_limit_hours"}
"""Fields that decide nothing about what is sent to whom and when."""
AUDIENCE, CONTENT = "the audience", "the mail "
_READS = re.compile(r"\bsegment\s*\.\s*\"?([a-z][a-z0-9_]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Subject:
    """What is approved: an occurrence, and the hash of each part of what would be sent."""

    campaign: str
    occurrence: str
    parts: Mapping[str, str]

    @property
    def plan_id(self) -> str:
        """The plan under which the answers are kept.

        The rest of an experiment is approved together with its test, and so are people who are taken back.
        """
        return plans.plan_id_of(self.campaign, first_part(self.occurrence))

    @cached_property
    def hash(self) -> str:
        """One hash of all parts."""
        return _hash(json.dumps(self.parts, sort_keys=True))


def subject(campaign: Campaign, contents: Mapping[str, Content], occurrence: str) -> Subject:
    """What a send of these contents would need an approval of. `campaign` is the one of the file, with all its variants."""
    grouped = set[str]().union(*_FIELDS.values())
    parts = {name: _hash(_dump(campaign, fields)) for name, fields in _FIELDS.items()}
    audience = _dump(campaign, set(Campaign.model_fields) - grouped - _NOT_APPROVED)
    parts[AUDIENCE] = _hash(audience + "".join(_definitions(name.segment for name in campaign.segments.names())))
    parts |= {f"{CONTENT}{name}": content.content_hash for name, content in contents.items()}
    return Subject(campaign.id, occurrence, parts)


def missing_people(ledger: Ledger, rule: Approval, wanted: Subject) -> int:
    """How many more people must approve; 0 if the subject may be sent."""
    with ledger.read() as connection:
        given = [one for one in approvals.in_force(connection, wanted.plan_id) if _covers(one, wanted)]
    return max(0, rule.people - len(approvals.people(given, distinct=rule.people > 1)))


def require(ledger: Ledger, campaign: Campaign, contents: Mapping[str, Content], occurrence: str) -> None:
    """The guard of every plan and correction. Raises `NotApproved` unless enough people approved exactly this.

    Does nothing for a campaign that needs no approval. `campaign` is the one of the file; `contents` are those to be frozen.
    """
    if (rule := campaign.approval_rule) is None:
        return
    wanted = subject(campaign, contents, occurrence)
    if missing := missing_people(ledger, rule, wanted):
        raise NotApproved(
            _why(ledger, wanted, missing), where=f"{campaign.id} {occurrence}",
            remedy=f"Start send_{campaign.id} with mode live: it shows the preview and asks. Nothing was sent.",
        )  # fmt: skip


def is_covered(plan: Plan, campaign: Campaign) -> bool:
    """Whether a frozen plan needs no further approval: none is needed, or as many people approved it when it was frozen."""
    rule, before = campaign.approval_rule, Campaign.model_validate_json(plan.settings).approval_rule
    return rule is None or (before is not None and before.people >= rule.people)


def _covers(one: Decision, wanted: Subject) -> bool:
    return bool(one.details["parts"] == dict(wanted.parts))


def _why(ledger: Ledger, wanted: Subject, missing: int) -> str:
    with ledger.read() as connection:
        given = approvals.in_force(connection, wanted.plan_id)
    if not given:
        return "is not approved."
    if _covers(given[-1], wanted):
        return f"is not approved by enough people: {missing} more must."
    approved = given[-1].details["parts"]
    changed = sorted({_name(part) for part in {*approved, *wanted.parts} if approved.get(part) != wanted.parts.get(part)})
    return f"was edited after it was approved: {', '.join(changed)} changed."


def _name(part: str) -> str:
    return f"{CONTENT}({part.removeprefix(CONTENT)})" if part.startswith(CONTENT) else part


def _definitions(names: Iterable[str], folder: Path = SEGMENTS) -> list[str]:
    """The definitions of the segments and of all that they read, in the order of their names.

    What looks like a reference counts as one, in comments too: at worst, an edit elsewhere asks again.
    """
    texts: dict[str, str] = {}
    unread = set(names)
    while unread:
        name = unread.pop()
        path = folder / f"{name}.sql"
        texts[name] = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        unread |= {found.lower() for found in _READS.findall(texts[name])} - texts.keys()
    return [f"{name}\n{texts[name]}\n" for name in sorted(texts)]


def _dump(campaign: Campaign, fields: set[str]) -> str:
    return json.dumps(campaign.model_dump(mode="json", include=fields), sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
