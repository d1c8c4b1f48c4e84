"""Renders a view of the console as a page: navigation, filters, sections, and the data of its charts."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.core.errors import ConfigurationError, PublishError
from include.core.paths import DataPaths
from include.publish import formats, snapshot
from include.publish.console import cells
from include.publish.console.blocks import Block, Chart, Page, Prose, Row
from include.publish.console.scripts import PAGES, version
from include.publish.console.source import Live, NotPublishedError, Source
from include.publish.console.view import View, views

OLDER = "It was written by an older version, or before this table existed. The next run of nightly_analytics writes it."


class Drawn(NamedTuple):
    """A section with its blocks, read and ready to be written."""

    title: str
    note: str
    blocks: Sequence[Block]


def console_page(
    paths: DataPaths, route: str, query: Mapping[str, str], now: datetime, live: Callable[[], Live] = Live
) -> str:
    """The page of a view. Before the first publish, and for parts that the published file lacks, it says so.

    Raises `ConfigurationError` if there is no such view.
    """
    view, began = _view(route), time.perf_counter()
    try:
        build = snapshot.require_build(paths)
        manifest = snapshot.read_manifest(build)
    except PublishError as error:
        return _write(view, Page(lead=f"{error.what} {error.remedy}"), [], began)
    with snapshot.open_build(build) as connection:
        source = Source(connection, manifest, query, now, live)
        page, sections = _read(view, source)
        past = _simulated_past(source)
    return _write(view, page, sections, began, manifest["built_at"], past)


def _view(route: str) -> View:
    found = views().get(route)
    if found is None:
        close = difflib.get_close_matches(route, views(), 1)
        remedy = f"Did you mean '{close[0]}'?" if close else f"There are {', '.join(views())}."
        raise ConfigurationError(f"has no page '{route[:40]}'.", where="console", remedy=remedy)
    return found


def _read(view: View, source: Source) -> tuple[Page, list[Drawn]]:
    try:
        page = view.build(source)
    except NotPublishedError as error:
        return Page(lead=f"{error} {OLDER}"), []
    return page, [Drawn(section.title, section.note, _blocks(section.draw)) for section in page.sections]


def _simulated_past(source: Source) -> list[dict[str, Any]]:
    """The days that the demo played before its first run; none outside of the demo."""
    try:
        return source.rows("report/simulated_past")
    except NotPublishedError:
        return []


def _blocks(draw: Callable[[], Sequence[Block]]) -> Sequence[Block]:
    try:
        return draw()
    except NotPublishedError as error:
        return [Prose(f"{error} {OLDER}")]


def _write(
    view: View, page: Page, sections: Sequence[Drawn], began: float, built_at: str | None = None, past: Sequence[Row] = ()
) -> str:
    specs: dict[str, Any] = {}
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Chart):
                specs[f"c{len(specs)}"] = block.spec
    template = _environment().get_template("console.html.j2")
    return template.render(
        view=view,
        views=list(views().values()),
        page=page,
        sections=sections,
        specs=specs,
        built_at=built_at,
        past=past,
        version=version(),
        milliseconds=lambda: round((time.perf_counter() - began) * 1_000),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"default": float, "allow_nan": False}  # DECIMAL columns
    environment.filters.update(moment=formats.moment, written=cells.written)
    environment.globals.update(mark=cells.mark, body=cells.body)
    return environment
