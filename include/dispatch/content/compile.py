"""Compile a template once for a request: everything common becomes text, everything personal becomes a tag."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import TemplateError

from include.core.campaign import Campaign, Variant
from include.core.errors import PlanError
from include.dispatch.content import source_location
from include.dispatch.content.content import Content
from include.dispatch.content.environment import MAX_RESULT, TemplateEnvironment
from include.dispatch.content.fields import LINKS_OF_PERSON
from include.dispatch.content.fill import try_out
from include.dispatch.content.lint import lint
from include.dispatch.content.person_proxy import PersonStandIn
from include.dispatch.content.personal import PersonalExtension
from include.dispatch.content.placeholders import MARK, Marks
from include.dispatch.content.slots import MAX_SLOTS, check_before_inlining, place_slots
from include.dispatch.content.sources import PARTS, Sources, file_of
from include.dispatch.content.syntax import Preparation
from include.dispatch.content.untracked import untracked

COMPILER_VERSION = "2"
"""Goes into every content hash: raise it when the same template would give other bytes."""


@dataclass(frozen=True)
class Rendered:
    """The four parts with marks in place."""

    subject: str
    preheader: str
    html: str
    text: str


def compile_content(
    folder: Path, *, campaign: Campaign, variant: Variant, locale: str, tag_prefix: str | None = None
) -> Content:
    """The content of a template folder for one variant and locale.

    `tag_prefix` replaces the unguessable middle of the tags (letters and digits), for tests and previews. Raises `PlanError`
    with file and line where a template does not hold: syntax, an unknown field, a use of `person` that cannot be noted, a
    place where no value is safe, a missing postal address or unsubscribe link, too many slots. Nothing was sent.

    SendGrid allows 10,000 bytes of substitutions a personalization and 150 of them, which is checked here and while filling.
    Another source says 50,000 bytes a request; with 1,000 people a request that would be 50 bytes each, less than one
    unsubscribe link, so it is not enforced.
    """
    if not folder.is_dir():
        raise PlanError(
            "does not exist.", where=f"template {folder.name}", remedy=f"Make the folder with {', '.join(PARTS)}."
        )
    sources = Sources(folder, _written(campaign, variant))
    marks = Marks()
    shared = _shared(campaign, variant, locale)
    environment = _environment(sources, marks, shared)
    names = _names(folder, variant, locale)
    rendered = _render(environment, names)
    facts = {"version": COMPILER_VERSION, "sources": sources.hashes, "shared": shared, "names": names}
    content = place_slots(rendered, marks, names=names, facts=_digest(facts), tag_prefix=tag_prefix)
    if len(content.slots) > MAX_SLOTS:
        raise PlanError(
            f"has {len(content.slots)} personal values.",
            where=f"template {folder.name}",
            remedy=f"SendGrid takes {MAX_SLOTS}.",
        )
    try_out(content)
    return lint(content, campaign=campaign, names={part: f"{folder.name}/{name}" for part, name in names.items()})


def _written(campaign: Campaign, variant: Variant) -> dict[str, tuple[str, str]]:
    if variant.subject is None:
        return {}
    return {"subject.variant.txt.j2": (variant.subject, f"campaigns/{campaign.id}.yaml (subject of variant {variant.id})")}


def _names(folder: Path, variant: Variant, locale: str) -> dict[str, str]:
    names = {part: file_of(folder, part, locale) for part in PARTS if part != "subject" or variant.subject is None}
    return names if variant.subject is None else {"subject": "subject.variant.txt.j2", **names}


def _shared(campaign: Campaign, variant: Variant, locale: str) -> dict[str, Any]:
    """What every template may say besides `person`. Plain values: no object of ours is in a template's reach."""
    confirming = {"confirm_within_days": campaign.confirm_within_days} if campaign.kind == "confirmation" else {}
    return {
        "campaign": {"id": campaign.id, "name": campaign.name, **confirming},
        "sender": {"name": campaign.sender.name, "email": campaign.sender.email},
        "postal_address": campaign.postal_address,
        "locale": locale,
        "language": locale.replace("_", "-").split("-")[0],
        "variant": {"id": variant.id},
    }


def _environment(sources: Sources, marks: Marks, shared: dict[str, Any]) -> TemplateEnvironment:
    person = PersonStandIn()
    environment = TemplateEnvironment(sources, {**shared, "person": person})
    environment.add_extension(PersonalExtension)
    extension: Any = environment.extensions[PersonalExtension.identifier]
    extension.person = person
    extension.marks = environment.marks = marks
    environment.prepare = lambda tree, name, filename: Preparation(environment, name, filename).prepare(tree)
    return environment


def _render(environment: TemplateEnvironment, names: dict[str, str]) -> Rendered:
    subject = " ".join(_part(environment, names["subject"]).split())
    preheader = " ".join(_part(environment, names["preheader"]).split())
    text = _part(environment, names["body_text"], preheader=preheader)
    html = _part(environment, names["body_html"], preheader=preheader)
    check_before_inlining(html, environment.marks)
    html = untracked(_inline(html, names["body_html"]), lambda tag: _leads_to_own_page(tag, environment.marks))
    return Rendered(subject, preheader, html, text.strip() + "\n")


def _leads_to_own_page(tag: str, marks: Marks) -> bool:
    """Whether a value in the tag reads one of the person's own links, whatever else it reads."""
    noted = (marks.noted[int(number)] for number in MARK.findall(tag))
    return any(path[0] in LINKS_OF_PERSON for one in noted for path in one.paths)


def _part(environment: TemplateEnvironment, name: str, **variables: Any) -> str:
    """One part rendered with marks. Every failure becomes a `PlanError` with the template's file and line."""
    environment.budget.renew()
    pieces, size = [], 0
    try:
        for piece in environment.get_template(name).generate(variables):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_RESULT:
                raise PlanError("grows too large.", where=name, remedy=f"A part has at most {MAX_RESULT:,} characters.")
    except PlanError:
        raise
    except RecursionError:
        raise PlanError(
            "calls itself without end.", where=name, remedy="Look for an include or macro that names itself."
        ) from None
    except TemplateError as error:
        raise PlanError(
            f"{error.message or type(error).__name__}.", where=source_location.of(error) or name, remedy="Mend that line."
        ) from None
    except Exception as error:  # noqa: BLE001  (a template can raise anything; the writer needs its line)
        what = f"{type(error).__name__}: {error}."
        raise PlanError(what, where=source_location.of(error) or name, remedy="Mend that line.") from None
    return "".join(pieces)


def _inline(html: str, name: str) -> str:
    """Styles written onto the elements, since several mail clients drop style sheets.

    The sheet itself stays: for media queries, and for what a `{% personal %}` block puts in later.
    """
    try:
        return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False).inline(html)
    except css_inline.InlineError as error:
        raise PlanError(f"has styles that cannot be read ({error}).", where=name, remedy="Mend the style sheet.") from None


def _digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
