"""Finds blocks of a template file that the layout does not have: Jinja drops them, and the mail is empty without a word."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from jinja2 import nodes

from include.core import text_file
from include.core.suggestion import suggest
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.jinja_syntax import Syntax, syntax

_MAX_LAYOUTS = 10


def problems(path: Path, source: str) -> Iterator[Problem]:
    """The blocks of a file that no file that it extends has. Nothing is said if one of these cannot be read."""
    read = syntax(path.name, source)
    layout = _layout(read, path)
    if read.tree is None or layout is None:
        return
    known = _blocks(layout, text_file.stamps(layout.parent), _MAX_LAYOUTS)
    if known is None:
        return
    for block in _outer_blocks(read.tree):
        if block.name not in known:
            what = f"{layout.parent.name}/{layout.name} has no block {block.name}, so that nobody would see it."
            yield Problem(block.lineno, what, suggest(block.name, known, kind="blocks"))


def _layout(read: Syntax, path: Path) -> Path | None:
    """The file that a file extends; None if it extends none, or one that is chosen while it is rendered."""
    extends = next(read.all(nodes.Extends), None)
    if extends is None or not isinstance(extends.template, nodes.Const):
        return None
    name = str(extends.template.value)
    return next((one for one in (path.parent / name, path.parent.parent / name) if one.is_file()), None)


@lru_cache(maxsize=64)
def _blocks(path: Path, _stamps: frozenset[tuple[str, int]], layouts: int) -> frozenset[str] | None:
    """The blocks of a layout and of those that it extends; None if one of them cannot be read."""
    read = syntax(path.name, text_file.inspect(path)[0] or "")
    if read.tree is None or not layouts:
        return None
    own = frozenset(block.name for block in read.all(nodes.Block))
    if not any(read.all(nodes.Extends)):
        return own
    outer = _layout(read, path)
    inherited = _blocks(outer, text_file.stamps(outer.parent), layouts - 1) if outer else None
    return None if inherited is None else own | inherited


def _outer_blocks(node: nodes.Node) -> Iterator[nodes.Block]:
    """The blocks that are in no other block: those within one are printed where it is."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Block):
            yield child
        else:
            yield from _outer_blocks(child)
