"""The views of the console. Each is a module of `include/publish/console/views/` with a `VIEW`: a new page is a new file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from include.publish.console.blocks import Page
from include.publish.console.source import Source

FOLDER = Path(__file__).with_name("views")


@dataclass(frozen=True)
class View:
    """A page of the console: the name in its address, its title, one sentence of purpose, its place in the menu.

    `build` may raise `NotPublishedError`; so may a section while it is drawn, which then says what is missing.
    """

    route: str
    title: str
    purpose: str
    order: int
    build: Callable[[Source], Page]


@cache
def views() -> Mapping[str, View]:
    """All views by route, in the order of the menu."""
    names = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    found = [import_module(f"include.publish.console.views.{name}").VIEW for name in names]
    return {view.route: view for view in sorted(found, key=lambda view: view.order)}
