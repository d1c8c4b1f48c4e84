"""The mail of a frozen plan as HTML, with the people who clicked written at each link."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser

from include.core.errors import PlanDamaged
from include.core.paths import DataPaths
from include.dispatch.plan_files import PlanReader
from include.ledger import plans
from include.ledger.database import Ledger

PERSONAL = "…"
"""What stands where each person's own values are."""
_IMAGE = re.compile(r"""(?<=["'(])https://[^"'()\s]*/images/([A-Za-z0-9._-]+)""")
_NO_MAIL = '<!doctype html><html lang="en"><title>No mail</title><p>{}</p></html>'


def frozen_mail(paths: DataPaths, ledger: Ledger, campaign: str, occurrence: str, clicks: Mapping[str, int]) -> str:
    """The first content of the plan (variant and locale), or a page that says why there is none.

    `clicks` has people by link. Values of people are an ellipsis: nobody's mail is shown.
    """
    plan = plans.find_plan(ledger, plans.plan_id_of(campaign, occurrence))
    if plan is None:
        return _NO_MAIL.format("The ledger has no plan of this campaign and occurrence.")
    folder = paths.root / plan.folder
    if not folder.is_dir():
        return _NO_MAIL.format("The files of this plan were deleted after their retention.")
    try:
        contents = PlanReader(folder, plan.manifest_sha256).contents
    except PlanDamaged:
        return _NO_MAIL.format("The files of this plan do not match its hash.")
    content = next(iter(contents.values()))
    if content.get("template_id"):
        return _NO_MAIL.format("The template of this mail is at SendGrid.")
    html = _with_images(paths, content["html"])
    for slot in content["slots"]:
        html = html.replace(slot["tag"], PERSONAL)
    return with_clicks(html, clicks)


def with_clicks(html: str, clicks: Mapping[str, int]) -> str:
    """The HTML with the number of people after the text of each link that was clicked.

    A link is found by its whole address, otherwise by that without its query.
    """
    page = LexborHTMLParser(html)
    short: dict[str, int] = {}
    for url, people in clicks.items():
        short[_without_query(url)] = short.get(_without_query(url), 0) + people
    for node in page.css("a[href]"):
        href = node.attributes.get("href") or ""
        people = clicks.get(href, short.get(_without_query(href), 0))
        if people:
            node.insert_child(f" [{people:,} clicked]")
    return page.html or html


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _with_images(paths: DataPaths, html: str) -> str:
    """The HTML with our own images in it, since the page of a frame loads nothing from the edge."""

    def embedded(found: re.Match[str]) -> str:
        file = paths.images / found[1]
        if not file.is_file():
            return found[0]
        kind = mimetypes.guess_type(file.name)[0] or "image/png"
        return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"

    return _IMAGE.sub(embedded, html)
