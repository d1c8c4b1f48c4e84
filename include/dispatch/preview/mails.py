"""Renders the mails of a preview, and checks that a template can be filled for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb
from babel import Locale, UnknownLocaleError

from include.core.campaign import Campaign
from include.core.campaign_fields import Variant
from include.core.campaign_file import file_of
from include.core.errors import ConfigurationError, PlanError, TradewindError
from include.core.finding import Finding
from include.core.paths import template_folder
from include.core.secrets import Secrets
from include.core.suggestion import closest
from include.dispatch.content import Content, SlotFiller, render_one
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.content.dynamic import page_of
from include.dispatch.content.images import MARKER, public_urls
from include.dispatch.content.inspection import inspect_content, inspect_sources
from include.dispatch.content.translations import outdated
from include.dispatch.plan import freeze
from include.dispatch.plan.chunking import Chunking, read_people
from include.dispatch.plan.contents import compile_one
from include.dispatch.plan.writer import group_runs
from include.dispatch.preview.model import Choice, Mail, Problem
from include.dispatch.preview.people import Person, by_content

_LINKS = ("unsubscribe_url", "preferences_url", "confirm_url")


def inspect(campaign: Campaign, compiled: CompiledFiles | None = None) -> list[Finding]:
    """What `make check` finds in the text of the campaign's templates, old translations included."""
    folder = template_folder()
    used = {campaign.arm(variant.id).template for variant in campaign.variants}
    found = inspect_sources(campaign, file_of(campaign.id), folder, compiled)
    return [*found, *(finding for finding in outdated(folder) if finding.path.parent.name in used)]


def compile_each(
    campaign: Campaign, choice: Choice, compiled: CompiledFiles | None = None
) -> tuple[dict[str, Content], list[Problem]]:
    """The contents, by `variant.locale`, that compile, and every problem at once: also what a mail that is shown lacks."""
    compiled = compiled or CompiledFiles()
    contents, problems = {}, [Problem.of(finding) for finding in inspect(campaign, compiled)]
    known = {problem.where for problem in problems if problem.severity == "error"}
    for variant, locale in _wanted(campaign, choice):
        name = f"{variant.id}.{locale}"
        try:
            content = compile_one(campaign, name, is_linted=False, compiled=compiled)
        except PlanError as error:
            problems += [] if error.where in known else [Problem.of(error)]
        else:
            contents[name] = content
            problems += content_problems(campaign, name, content)
    return contents, list(dict.fromkeys(problems))


def content_problems(campaign: Campaign, name: str, content: Content) -> list[Problem]:
    """What the compiled content `variant.locale` lacks, and advice on it, with file and line."""
    variant, _, locale = name.partition(".")
    if content.template_id:
        where = f"template {content.template_id}, {language(locale)}"
        return [Problem("warning", f"{warning}.", where) for warning in content.warnings]
    chosen = next(each for each in campaign.variants if each.id == variant)
    found = inspect_content(content, campaign.arm(variant), chosen, locale, file_of(campaign.id), template_folder())
    return [Problem.of(finding) for finding in found]


def _wanted(campaign: Campaign, choice: Choice) -> list[tuple[Variant, str]]:
    """The chosen variants and locales. Raises `ConfigurationError` for one that the campaign does not have."""
    names = {variant.id: variant for variant in campaign.variants}
    if choice.variant is not None and "variants" not in campaign.model_fields_set:
        raise ConfigurationError(
            "has no variants: everybody gets the same mail.", where=f"campaign {campaign.id}", remedy="Leave out VARIANT."
        )
    chosen = _one({name: name.replace("_", " ") for name in names}, choice.variant, "variant", campaign.id)
    locales = _one({locale: language(locale) for locale in campaign.locales}, choice.locale, "locale", campaign.id)
    return [(names[variant], locale) for variant in chosen for locale in locales]


def _one(known: Mapping[str, str], wanted: str | None, kind: str, campaign: str) -> list[str]:
    """All names, or the one that is wanted, by its name or in words, in capitals or not; `known` has the words of each."""
    if wanted is None:
        return list(known)
    folded = wanted.strip().casefold()
    for name, words in known.items():
        if folded in (name.casefold(), words.casefold()):
            return [name]
    near = closest(wanted, [*known, *known.values()])
    meant = next((name for name, words in known.items() if near in (name, words)), None)
    listed = ", ".join(name if words == name else f"{name} ({words})" for name, words in sorted(known.items()))
    raise ConfigurationError(
        f"has no {kind} '{wanted[:40]}'.",
        where=f"campaign {campaign}",
        remedy=f"{f'Did you mean {meant}? ' if meant else ''}Known {kind}s: {listed}.",
    )


def render_mails(
    campaign: Campaign, contents: Mapping[str, Content], people: Sequence[Person], edge_url: str
) -> tuple[list[Mail], list[Problem]]:
    """The mail of each shown person, and what was found while filling it."""
    mails, problems = list[Mail](), list[Problem]()
    names = [(variant, locale) for variant, _, locale in (name.partition(".") for name in contents)]
    for (variant, locale), person in by_content(people, names) if names else ():
        try:
            mails.append(_mail(campaign, contents[f"{variant}.{locale}"], person, variant, locale, edge_url))
        except TradewindError as error:
            problems.append(Problem.of(error))
    return mails, list(dict.fromkeys(problems))


def _mail(campaign: Campaign, content: Content, person: Person, variant: str, locale: str, edge_url: str) -> Mail:
    public = public_urls(edge_url)
    content, images = content.with_images(public), content.images
    rendered = render_one(content, {**person.values, **dict.fromkeys(_LINKS, f"{edge_url.rstrip('/')}/…")})
    if content.template_id:
        fixed = "\n".join(f"{name}: {value}" for name, value in content.fixed_data.items())
        text = f"{rendered.text}\n{fixed}"
        rendered = replace(
            rendered, subject="(the subject is at SendGrid)", text=text, html=page_of(content.template_id, text)
        )
    arm = campaign.arm(variant)
    sender = f"{arm.sender.name} <{arm.sender.email}>"
    shown = rendered.html
    for image in images:
        shown = shown.replace(f"{public[MARKER]}{image.published}", image.data_url())
    return Mail(
        person.shown_as, language(locale), variant_name(campaign, variant), sender,
        rendered.subject, rendered.preheader, shown, rendered.text, len(rendered.html.encode()),
    )  # fmt: skip


def language(locale: str) -> str:
    """A locale in words: `German`, `French (Canada)`."""
    try:
        return Locale.parse(locale.replace("-", "_")).get_display_name("en") or locale
    except (ValueError, UnknownLocaleError):
        return locale


def variant_name(campaign: Campaign, variant: str) -> str:
    """A variant in words, as in `variant offer (own subject)`; '' if the campaign has only one."""
    if len(campaign.variants) == 1:
        return ""
    arm = next(each for each in campaign.variants if each.id == variant)
    own = [name for name in ("subject", "template", "sender") if getattr(arm, name) is not None]
    return f"variant {variant.replace('_', ' ')} ({'own ' + ' and '.join(own) if own else 'the subject of the template'})"


def fill_everybody(
    warehouse: duckdb.DuckDBPyConnection,
    secrets: Secrets,
    chunking: Chunking,
    edge_url: str,
    contents: Mapping[str, Content],
) -> None:
    """Fill the slots of all planned people. Raises `PlanError` for a template that fails for anybody."""
    fillers = freeze.with_tracking_variants({name: SlotFiller(content) for name, content in contents.items()})
    columns = {"mail_group"}.union(*(content.fields for content in contents.values()))
    contents_of = chunking.contents()
    for batch in read_people(warehouse, secrets, chunking, edge_url, columns):
        for group, some in group_runs(batch):
            fillers[contents_of[group]].fill(some)
