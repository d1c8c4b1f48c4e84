"""Compiles a template once per request: shared content becomes text, personal values become substitution tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import css_inline
from jinja2 import BytecodeCache, TemplateError

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.errors import PlanError
from include.core.shop import load_shop
from include.dispatch.content import jinja_words, mjml, source_location, utm
from include.dispatch.content.click_tracking import disable_click_tracking
from include.dispatch.content.content import Content
from include.dispatch.content.derived_text import derive
from include.dispatch.content.environment import MAX_PART_CHARACTERS, TemplateEnvironment
from include.dispatch.content.fill import check_with_sample
from include.dispatch.content.filters import text_direction
from include.dispatch.content.images import Images
from include.dispatch.content.lint import lint
from include.dispatch.content.person_proxy import PersonProxy
from include.dispatch.content.personal import PersonalExtension
from include.dispatch.content.placeholders import PLACEHOLDER, Placeholders
from include.dispatch.content.products import PERSONAL, SHARED, ProductLists, ProductRows, catalogue_images, digests
from include.dispatch.content.slots import MAX_SLOTS, assign_slots, check_contexts
from include.dispatch.content.sources import PARTS, TemplateLoader, has_text, part_file
from include.dispatch.content.syntax import TemplatePreparation

COMPILER_VERSION = "3"
"""Part of every content hash: increase it when the same template compiles to different bytes."""


@dataclass(frozen=True)
class RenderedParts:
    """The four parts, with placeholders."""

    subject: str
    preheader: str
    html: str
    text: str


def compile_content(
    folder: Path, *,
    campaign: Campaign, variant: Variant, locale: str, tag_prefix: str | None = None, products: ProductRows | None = None,
    values: Mapping[str, Any] | None = None, compiled: BytecodeCache | None = None,
) -> Content:  # fmt: skip
    """Compile a template folder for one variant and locale.

    `values` are further variables, the same for everybody: texts, numbers, and lists and mappings of them.
    `products` are the rows of the lists for everybody; without them the content has rows that stand for them, and a hash
    that does not depend on them. `tag_prefix` replaces the unguessable middle of the tags (letters and digits), for tests
    and previews. `compiled` is that of `compile_without_lint`.

    Raises `PlanError` with file and line for an invalid template: syntax errors, unknown fields, unsupported uses of
    `person`, values in unsafe contexts, a missing postal address or unsubscribe link, too many slots.

    SendGrid allows 150 substitutions and 10,000 bytes of them per personalization; this is checked here and while filling.
    Another source says 50,000 bytes per request; with 1,000 people per request that would be 50 bytes each, less than
    one unsubscribe link, so it is not enforced.
    """
    content = compile_without_lint(
        folder,
        campaign=campaign,
        variant=variant,
        locale=locale,
        tag_prefix=tag_prefix,
        compiled=compiled,
        products=products,
        values=values,
    )
    return lint(content, campaign=campaign, names=part_names(folder, variant, locale), folder=folder.parent)


def compile_without_lint(
    folder: Path, *,
    campaign: Campaign, variant: Variant, locale: str, tag_prefix: str | None = None, compiled: BytecodeCache | None = None,
    products: ProductRows | None = None, values: Mapping[str, Any] | None = None,
) -> Content:  # fmt: skip
    """As `compile_content`, without the requirements of lint.py.

    `compiled` keeps what does not depend on variant and locale, for a caller that compiles many of one folder.
    """
    if not folder.is_dir():
        raise PlanError(
            "does not exist.", where=f"template {folder.name}", remedy=f"Create the folder with {', '.join(PARTS)}."
        )
    sources = TemplateLoader(folder, _variant_subject(campaign, variant))
    placeholders = Placeholders()
    shared, images = {**shared_values(campaign, variant, locale), **(values or {})}, Images(folder)
    functions = {**images.functions(), "products": ProductLists(products)}
    environment = environment_for(sources, placeholders, {**shared, **functions}, compiled)
    names = _part_files(folder, variant, locale)
    rendered = _render(environment, names)
    inputs = {"version": COMPILER_VERSION, "sources": sources.hashes, "shared": shared, "names": names}
    if images.known:
        inputs["images"] = {name: image.published for name, image in images.known.items()}
    lists = _product_lists(environment, placeholders)
    if lists:
        inputs["products"] = lists
    if rule := load_shop().utm:
        tagging = utm.Tagging(rule, utm.parameters(rule, campaign, variant))
        inputs["utm"] = [tagging.query, *rule.sites]
        rendered = _with_parameters(rendered, placeholders, tagging)
        if any(entry.link for entry in placeholders.entries):
            inputs["utm"] = [tagging.query, *rule.sites, "on values"]
    content = assign_slots(rendered, placeholders, names=names, inputs=digest(inputs), tag_prefix=tag_prefix)
    if len(content.slots) > MAX_SLOTS:
        raise PlanError(
            f"has {len(content.slots)} personal values.",
            where=f"template {folder.name}",
            remedy=f"SendGrid takes {MAX_SLOTS}.",
        )
    check_with_sample(content)
    shown = (*images.known.values(), *(catalogue_images() if lists else ()))
    return replace(content, images=shown, product_lists=frozenset(environment.product_lists))


def _product_lists(environment: TemplateEnvironment, placeholders: Placeholders) -> dict[str, str]:
    """The hashes of the statements of all lists of products that the mail shows."""
    paths = (path for entry in placeholders.entries for path in entry.paths)
    personal = {path[1] for path in paths if path[0] == "products"}
    return digests(SHARED, environment.product_lists) | digests(PERSONAL, personal)


def rendered_subject(
    folder: Path, *, campaign: Campaign, variant: Variant, locale: str, compiled: BytecodeCache | None = None
) -> str:
    """The subject as the template prints it, with placeholders and line breaks. Raises `PlanError` with file and line."""
    sources = TemplateLoader(folder, _variant_subject(campaign, variant))
    shared = {**shared_values(campaign, variant, locale), **Images(folder).functions(), "products": ProductLists(None)}
    environment = environment_for(sources, Placeholders(), shared, compiled)
    return render_part(environment, _part_files(folder, variant, locale)["subject"])


def _variant_subject(campaign: Campaign, variant: Variant) -> dict[str, tuple[str, str]]:
    if variant.subject is None:
        return {}
    return {"subject.variant.txt.j2": (variant.subject, f"campaigns/{campaign.id}.yaml (subject of variant {variant.id})")}


def part_names(folder: Path, variant: Variant, locale: str) -> dict[str, str]:
    """The file of each part as errors show it: `newsletter/body.html.j2`."""
    return {part: f"{folder.name}/{name}" for part, name in _part_files(folder, variant, locale).items()}


def _part_files(folder: Path, variant: Variant, locale: str) -> dict[str, str]:
    """The file of each part; that of a derived text is the HTML's."""
    own = {} if variant.subject is None else {"subject": "subject.variant.txt.j2"}
    sources = {part: part for part in PARTS} | ({} if has_text(folder, locale) else {"body_text": "body_html"})
    names = {part: part_file(folder, source, locale) for part, source in sources.items() if part not in own}
    return {**own, **names}


def shared_values(campaign: Campaign, variant: Variant, locale: str) -> dict[str, Any]:
    """The variables of every template besides `person`. Plain values only: templates cannot reach application objects."""
    confirming = {"confirm_within_days": campaign.confirm_within_days} if campaign.kind == "confirmation" else {}
    return {
        "campaign": {"id": campaign.id, "name": campaign.name, **confirming},
        "sender": {"name": campaign.sender.name, "email": campaign.sender.email},
        "postal_address": campaign.postal_address,
        "locale": locale,
        "language": locale.replace("_", "-").split("-")[0],
        "direction": text_direction(locale),
        "variant": {"id": variant.id},
    }


def environment_for(
    sources: TemplateLoader, placeholders: Placeholders, shared: dict[str, Any], compiled: BytecodeCache | None
) -> TemplateEnvironment:
    """The environment in which the parts of one content are rendered."""
    person = PersonProxy()
    environment = TemplateEnvironment(sources, {**shared, "person": person}, compiled)
    environment.add_extension(PersonalExtension)
    extension: Any = environment.extensions[PersonalExtension.identifier]
    extension.person = person
    extension.placeholders = environment.placeholders = placeholders
    environment.prepare = lambda tree, name, filename: TemplatePreparation(environment, name, filename).prepare(tree)
    return environment


def _render(environment: TemplateEnvironment, names: dict[str, str]) -> RenderedParts:
    subject = " ".join(render_part(environment, names["subject"]).split())
    preheader = " ".join(render_part(environment, names["preheader"]).split())
    is_derived = names["body_text"] == names["body_html"]
    text = "" if is_derived else render_part(environment, names["body_text"], preheader=preheader)
    html = render_part(environment, names["body_html"], preheader=preheader)
    if names["body_html"].endswith(mjml.ENDING):
        html = mjml.to_html(html, names["body_html"], cast(TemplateLoader, environment.loader).texts)
    check_contexts(html, environment.placeholders)
    html = _inline_styles(html, names["body_html"])
    text = derive(html, environment.placeholders) if is_derived else text
    html = disable_click_tracking(html, lambda tag: _has_person_link(tag, environment.placeholders))
    return RenderedParts(subject, preheader, html, text.strip() + "\n")


def _has_person_link(tag: str, placeholders: Placeholders) -> bool:
    """Whether any placeholder in the tag reads one of the person's own links."""
    return any(placeholders.entries[int(number)].has_person_link for number in PLACEHOLDER.findall(tag))


def _with_parameters(rendered: RenderedParts, placeholders: Placeholders, tagging: utm.Tagging) -> RenderedParts:
    """The bodies with UTM parameters on links to the shop's sites, in personal blocks and values too.

    A value in the text is a link if it is one in the HTML: its place does not tell.
    """
    placeholders.entries = [entry.with_tagging(tagging) for entry in placeholders.entries]

    links = set[object]()

    def in_anchor(number: int) -> int:
        entry = placeholders.entries[number]
        if entry.has_person_link:
            return number
        links.add(entry.written())
        return placeholders.as_link(number, tagging)

    def in_text(number: int) -> int:
        is_link = placeholders.entries[number].written() in links
        return placeholders.as_link(number, tagging) if is_link else number

    html = tagging.in_html(rendered.html, whole=in_anchor)
    return replace(rendered, html=html, text=tagging.in_text(rendered.text, whole=in_text))


def render_part(environment: TemplateEnvironment, name: str, **variables: Any) -> str:
    """One part, rendered with placeholders. Every failure becomes a `PlanError` with the template's file and line."""
    environment.budget.reset()
    pieces, size = [], 0
    try:
        for piece in environment.get_template(name).generate(variables):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_PART_CHARACTERS:
                raise PlanError(
                    "grows too large.", where=name, remedy=f"A part has at most {MAX_PART_CHARACTERS:,} characters."
                )
    except PlanError:
        raise
    except RecursionError:
        raise PlanError(
            "recurses without end.", where=name, remedy="Look for an include or macro that includes or calls itself."
        ) from None
    except TemplateError as error:
        what, remedy = jinja_words.in_words(
            error, templates=_templates(environment), filters=environment.filters, macros=environment.macros
        )
        where = source_location.location_of(error, of_caller=jinja_words.is_of_caller(error))
        raise PlanError(what, where=where or name, remedy=remedy) from None
    except Exception as error:  # noqa: BLE001  (a template can raise anything; the writer needs its line)
        where = source_location.location_of(error) or name
        raise PlanError(jinja_words.of_python(error), where=where, remedy=jinja_words.FIX) from None
    return "".join(pieces)


def _templates(environment: TemplateEnvironment) -> list[str]:
    """The files that a template can include."""
    assert environment.loader is not None
    return environment.loader.list_templates()


def _inline_styles(html: str, name: str) -> str:
    """Copy styles to the elements, since several mail clients drop style sheets.

    The style sheet stays for media queries and for the content of `{% personal %}` blocks, which is inserted later.
    """
    try:
        return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False).inline(html)
    except css_inline.InlineError as error:
        raise PlanError(f"has an invalid style sheet ({error}).", where=name, remedy="Fix the style sheet.") from None


def digest(inputs: dict[str, Any]) -> str:
    """A SHA-256 of everything that a content is made of."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
