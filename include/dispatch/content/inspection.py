"""Inspects the templates of a campaign in every variant and locale, without people.

`inspect_sources` reads the files; its errors are refused when a plan is frozen. `inspect_mail` also compiles them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from include.core import products, text_file, yaml_file
from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_fields import Variant
from include.core.errors import PlanError, TradewindError
from include.core.finding import Finding, errors
from include.core.paths import product_folder, shop_file
from include.dispatch.content import blocks, dynamic, lint, markup, mjml, names
from include.dispatch.content.advice import advice
from include.dispatch.content.compile import compile_without_lint, part_names, rendered_subject
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.content.content import Content
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.sources import PARTS, part_file, unwritten_parts
from include.dispatch.content.written_at import written_at

_WHERE = re.compile(r"^(?P<file>.*?)(?:, line (?P<line>\d+))?$")
_PART = re.compile(r"^(subject|preheader|body)\.")
_DATA = re.compile(r"\bdynamic_data\.([a-z0-9_]+)(?:\)|\.txt\.j2)")
_PREHEADER = re.compile(r"^preheader\.")


def inspect_mail(
    campaign: Campaign, campaign_file: Path, folder: Path, compiled: CompiledFiles | None = None
) -> list[Finding]:
    """Everything that is wrong with the campaign's templates in `folder`, the folder of all templates; each once.

    `compiled` has what other mails share with this one, such as the layout.
    """
    if campaign.dynamic_template:
        return list(_inspect_dynamic(campaign, campaign_file))
    compiled = compiled or CompiledFiles()
    found = dict.fromkeys(inspect_sources(campaign, campaign_file, folder, compiled))
    known = {place for finding in errors(found) for place in ((finding.path, finding.line), (finding.path, finding.what))}
    for arm, variant in _arms(campaign, folder):
        for locale in campaign.locales:
            for finding in _compile(arm, variant, locale, campaign_file, folder, compiled):
                places = {(finding.path, finding.line), (finding.path, finding.what)}
                if finding.severity != "error" or not places & known:
                    found[finding] = None
    return list(found)


def _inspect_dynamic(campaign: Campaign, campaign_file: Path) -> Iterator[Finding]:
    """What is wrong with the values of a dynamic template, and that its content cannot be checked."""
    line = yaml_file.field_line(campaign_file, "dynamic_template") or 1
    yield Finding("hint", campaign_file, line, f"{dynamic.unchecked(campaign.dynamic_template_of(campaign.locales[0]))}.")
    values = [{name: text} for name, text in (campaign.dynamic_data or {}).items()]
    failed = [error for one in values if (error := _dynamic_error(campaign, one))]
    whole = None if failed else _dynamic_error(campaign, campaign.dynamic_data)
    for error in [*failed, *([whole] if whole else [])]:
        name = _DATA.search(error.where)
        at = (yaml_file.field_line(campaign_file, "dynamic_data", name[1]) if name else None) or line
        yield Finding("error", campaign_file, at, error.what, error.remedy)


def _dynamic_error(campaign: Campaign, data: dict[str, str] | None) -> TradewindError | None:
    """The first error of these values of a dynamic template; None if there is none in any locale."""
    try:
        for locale in campaign.locales:
            dynamic.compile_dynamic(campaign.model_copy(update={"dynamic_data": data}), campaign.variants[0], locale)
    except TradewindError as error:
        return error
    return None


def inspect_sources(
    campaign: Campaign, campaign_file: Path, folder: Path, compiled: CompiledFiles | None = None
) -> Iterator[Finding]:
    """What is wrong in the text of the files, and locales that they do not have. A template that is missing is left out."""
    arms = _arms(campaign, folder)
    used = dict.fromkeys(arm.template for arm, _ in arms)
    yield from inspect_files(folder, [*used, "base"])
    for template in used:
        yield from _unwritten_locales(campaign, template, campaign_file, folder)
    for arm, variant in arms:
        for locale in campaign.locales:
            yield from _subject_lines(arm, variant, locale, campaign_file, folder, compiled)


def inspect_files(folder: Path, templates: Iterable[str]) -> Iterator[Finding]:
    """What is wrong in the text of the files of the given templates, whichever campaign uses them."""
    for template in templates:
        for path in sorted((folder / template).glob("*.j2")):
            yield from _inspect_file(path)


def _arms(campaign: Campaign, folder: Path) -> list[tuple[Campaign, Variant]]:
    arms = [(campaign.arm(variant.id), variant) for variant in campaign.variants]
    return [(arm, variant) for arm, variant in arms if arm.template and (folder / arm.template).is_dir()]


def _inspect_file(path: Path) -> tuple[Finding, ...]:
    """The findings in one file. Many mails share the layout: it is read again only when it or its neighbours changed."""
    return _inspected(path, text_file.stamps(path.parent))


@lru_cache(maxsize=2_000)
def _inspected(path: Path, _stamps: frozenset[tuple[str, int]]) -> tuple[Finding, ...]:
    return tuple(_findings(path))


def _findings(path: Path) -> Iterator[Finding]:
    source, found = text_file.inspect(path)
    yield from (one for one in found if not (_PREHEADER.match(path.name) and one.what == "is empty."))
    if source is None:
        return
    whole = bool(_PART.match(path.name))
    elements = mjml.problems(path.name, source, partial(_other, path.parent)) if path.name.endswith(mjml.ENDING) else ()
    for problem in (
        *elements,
        *markup.problems(path.name, source, is_whole=whole),
        *names.problems(path, source),
        *blocks.problems(path, source),
    ):
        yield _of(problem, path)


def _other(folder: Path, name: str) -> str | None:
    """The text of another template that a file of the folder names."""
    path = next((path for path in (folder / name, folder.parent / name) if path.is_file()), None)
    return text_file.inspect(path)[0] if path else None


def _of(problem: Problem, path: Path) -> Finding:
    return Finding("error" if problem.is_certain else "warning", path, problem.line, problem.what, problem.remedy)


def _unwritten_locales(campaign: Campaign, template: str, campaign_file: Path, folder: Path) -> Iterator[Finding]:
    subjects = [variant.subject for variant in campaign.variants if campaign.arm(variant.id).template == template]
    parts = [part for part in PARTS if part != "subject" or None in subjects]
    for at, locale in enumerate(campaign.locales):
        try:
            missing = unwritten_parts(folder / template, locale, campaign.locales[0], parts)
        except PlanError:
            continue
        if missing:
            within = ("mail", "locales") if JOURNEY_SEPARATOR in campaign.id else ("locales",)
            line = yaml_file.field_line(campaign_file, *within, at) or 1
            what = f"locales.{at}: the template {template} is not written in '{locale}'."
            yield Finding("error", campaign_file, line, what, f"Write {', '.join(missing)}, or remove the locale.")


def _subject_lines(
    arm: Campaign, variant: Variant, locale: str, campaign_file: Path, folder: Path, compiled: CompiledFiles | None
) -> Iterator[Finding]:
    """A line break in a subject: the writer expects two lines, or one of them is there by mistake."""
    try:
        rendered = rendered_subject(folder / arm.template, campaign=arm, variant=variant, locale=locale, compiled=compiled)
    except TradewindError:
        return
    if "\n" in rendered.strip():
        line = 2 + rendered[: len(rendered) - len(rendered.lstrip())].count("\n")
        path, line = _subject_place(arm, variant, locale, line, campaign_file, folder)
        remedy = "Write it in one line; text that is not part of it goes into {# a comment #}."
        yield Finding("error", path, line, "the subject has a line break.", remedy)


def _compile(
    arm: Campaign, variant: Variant, locale: str, campaign_file: Path, folder: Path, compiled: CompiledFiles
) -> Iterator[Finding]:
    """The error of compiling one variant in one locale, or what the mail lacks, and advice on it."""
    try:
        content = compile_without_lint(
            folder / arm.template, campaign=arm, variant=variant, locale=locale, compiled=compiled
        )
    except TradewindError as error:
        yield _error(error, arm, variant, campaign_file, folder)
        return
    yield from inspect_content(content, arm, variant, locale, campaign_file, folder)


def inspect_content(
    content: Content, arm: Campaign, variant: Variant, locale: str, campaign_file: Path, folder: Path
) -> Iterator[Finding]:
    """What a compiled mail lacks, and advice on it. `arm` is the campaign with the fields of the variant."""
    files = part_names(folder / arm.template, variant, locale)
    for unmet in lint.unmet(content, campaign=arm, names=files):
        found = _error(unmet, arm, variant, campaign_file, folder)
        path, line = written_at(unmet.text, found.path, folder) if unmet.text else (found.path, found.line)
        yield replace(found, path=path, line=line)
    body = folder / files["body_html"]
    for warning in lint.with_warnings(content, files).warnings:
        yield Finding("warning", body, 1, f"{warning}.")
    for each in advice(content):
        if each.part == "subject" and variant.subject is not None:
            path, line = campaign_file, _variant_line(arm, variant, campaign_file)
        else:
            path, line = written_at(each.text, folder / files[each.part], folder)
        yield Finding(each.severity, path, line, each.what, each.remedy)


def _error(error: TradewindError, arm: Campaign, variant: Variant, campaign_file: Path, folder: Path) -> Finding:
    """The error with the path of its file: a template, or the campaign file for the subject of a variant."""
    where = _WHERE.match(error.where)
    assert where is not None
    name, line = where["file"], int(where["line"] or 1)
    if name == shop_file().name:
        path = shop_file()
    elif name == products.FILE:
        path = product_folder() / name
    elif name.startswith(("campaigns/", "subject.variant")):
        path, line = campaign_file, _variant_line(arm, variant, campaign_file)
    else:
        path = next((one for one in (folder / name, folder / arm.template / name) if one.is_file()), folder / arm.template)
    return Finding("error", path, line, error.what, error.remedy)


def _subject_place(
    arm: Campaign, variant: Variant, locale: str, line: int, campaign_file: Path, folder: Path
) -> tuple[Path, int]:
    if variant.subject is not None:
        return campaign_file, _variant_line(arm, variant, campaign_file)
    return folder / arm.template / part_file(folder / arm.template, "subject", locale), line


def _variant_line(arm: Campaign, variant: Variant, campaign_file: Path) -> int:
    return yaml_file.field_line(campaign_file, "variants", arm.variants.index(variant), "subject") or 1
