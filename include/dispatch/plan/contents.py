"""The contents of a plan: compiled for each variant and locale, completed with products and images, and as stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from include.core.campaign import Campaign
from include.core.campaign_file import file_of, source_location
from include.core.errors import PlanError
from include.core.finding import refuse
from include.core.paths import DataPaths, template_folder
from include.dispatch import plan_files
from include.dispatch.content import Content, Link, compile_content
from include.dispatch.content.compile import compile_without_lint
from include.dispatch.content.compiled_files import CompiledFiles
from include.dispatch.content.dynamic import compile_dynamic
from include.dispatch.content.images import public_urls, publish
from include.dispatch.content.inspection import inspect_sources
from include.dispatch.content.products import ProductRows


def checked_contents(campaign: Campaign) -> dict[str, Content]:
    """As `compile_contents`; also refuses what `make check` finds in the text of the templates."""
    compiled = CompiledFiles()
    contents = compile_contents(campaign, compiled)
    refuse(inspect_sources(campaign, file_of(campaign.id), template_folder(), compiled), PlanError)
    return contents


def compile_contents(campaign: Campaign, compiled: CompiledFiles | None = None) -> dict[str, Content]:
    """The content of each variant and locale, by `variant.locale`. Raises `PlanError` with file and line.

    `compiled` has, and gets, the files that they share with others.
    """
    compiled = compiled or CompiledFiles()
    names = (f"{variant.id}.{locale}" for variant in campaign.variants for locale in campaign.locales)
    return {name: compile_one(campaign, name, compiled=compiled) for name in names}


def compile_one(
    campaign: Campaign, name: str, products: ProductRows | None = None, *, is_linted: bool = True,
    compiled: CompiledFiles | None = None,
) -> Content:  # fmt: skip
    """The content `variant.locale`, with products if they are given. Raises `PlanError` with file and line.

    Without `is_linted` it may lack what every mail must have, so that people see the mail while they write it. `compiled`
    has, and gets, the files that it shares with others.
    """
    variant, _, locale = name.partition(".")
    arm = campaign.arm(variant)
    chosen = next(each for each in campaign.variants if each.id == variant)
    if arm.dynamic_template:
        return compile_dynamic(arm, chosen, locale)
    compile_it = compile_content if is_linted else compile_without_lint
    folder = require_template(arm)
    return compile_it(folder, campaign=arm, variant=chosen, locale=locale, products=products, compiled=compiled)


def with_products(
    campaign: Campaign, contents: Mapping[str, Content], rows: Callable[[Iterable[str]], ProductRows], *,
    is_linted: bool = True, compiled: CompiledFiles | None = None,
) -> dict[str, Content]:  # fmt: skip
    """The contents with the products that `rows` returns, in the place of those that stand for them."""
    wanted = frozenset[str]().union(*(content.product_lists for content in contents.values()))
    found, compiled = rows(wanted) if wanted else {}, compiled or CompiledFiles()
    return {
        name: compile_one(campaign, name, found, is_linted=is_linted, compiled=compiled)
        if content.product_lists
        else content
        for name, content in contents.items()
    }


def published(paths: DataPaths, contents: Mapping[str, Content], edge_url: str) -> dict[str, Content]:
    """The contents with the public URLs of their images, which are published now."""
    for content in contents.values():
        publish(paths, content.images)
    return {name: content.with_images(public_urls(edge_url)) for name, content in contents.items()}


def require_template(campaign: Campaign) -> Path:
    """The folder of the campaign's template. Raises `PlanError` if there is none."""
    folder = template_folder() / campaign.template
    if not folder.is_dir():
        known = sorted(path.name for path in template_folder().glob("*/") if path.name != "base")
        raise PlanError(
            f"the template '{campaign.template}' does not exist.",
            where=source_location(campaign.id, "template"),
            remedy=f"Name a folder of include/templates/: {', '.join(known)}.",
        )
    return folder


def content_hash(campaign: Campaign, contents: Mapping[str, Content]) -> str:
    """One hash of everything that all recipients of a variant share: contents, sender, reply address, categories."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}:{contents[name].content_hash}\n".encode())
    fields = ("sender", "reply_to", "categories", "asm_group_id", "ip_pool_name", "postal_address")
    digest.update(campaign.model_dump_json(include=set(fields)).encode())
    for variant in campaign.variants:
        if variant.sender:
            digest.update(f"{variant.id}:{variant.sender.model_dump_json()}\n".encode())
    return digest.hexdigest()


def contents_as_data(
    contents: Mapping[str, Content], links: Mapping[str, Mapping[str, Link]], edge_url: str, mark: str
) -> dict[str, dict[str, Any]]:
    """The contents as a plan stores them, with the column of each slot. `mark` begins the subject: of a test, else empty."""
    return {
        name: {
            "subject": f"{mark}{content.subject}",
            "text": content.text,
            "html": content.html,
            "edge_url": edge_url.rstrip("/"),
            "slots": _slots_as_data(content, links[name]),
            **_dynamic_as_data(content, mark),
        }
        for name, content in contents.items()
    }


def _dynamic_as_data(content: Content, mark: str) -> dict[str, Any]:
    """Of a content at SendGrid: its id and the data that is the same for everybody. Its template prints the mark itself."""
    if not content.template_id:
        return {}
    return {"template_id": content.template_id, "fixed_data": {**content.fixed_data, "test_mark": mark}}


def _slots_as_data(content: Content, links: Mapping[str, Link]) -> list[dict[str, str]]:
    """For each slot, the column with its value: its own column, or for a link the token's."""
    columns = iter(plan_files.slot_columns(len(content.slots) - len(links)))
    tags = content.data_names or [slot.tag for slot in content.slots]
    return [
        {"tag": tag, "column": "token", **links[slot.tag]._asdict()}
        if slot.tag in links
        else {"tag": tag, "column": next(columns), "before": "", "after": ""}
        for tag, slot in zip(tags, content.slots, strict=True)
    ]
