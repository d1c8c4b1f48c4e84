"""Finds names in a template file that nothing defines, and comparisons with values that no person has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, product
from pathlib import Path
from typing import Any

from jinja2 import TemplateAssertionError, meta, nodes
from jinja2.compiler import Frame
from jinja2.filters import FILTERS

from include.core import text_file
from include.core.known_columns import tables
from include.core.suggestion import did_you_mean, suggest
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.fields import PERSON_LINKS
from include.dispatch.content.filters import ADDED, FORBIDDEN
from include.dispatch.content.jinja_syntax import Syntax, syntax
from include.dispatch.content.markup import GLOBALS, defined_names
from include.dispatch.content.person import PERSON_FIELDS, UnknownField

_BUILT_IN = frozenset(["range", "dict", "namespace", "loop", "caller", "self", "super", "varargs", "kwargs"])
_TAG = re.compile(r"[a-z]{2,3}")
_FILTERS = (frozenset(FILTERS) - frozenset(FORBIDDEN)) | frozenset(ADDED)


def problems(path: Path, source: str) -> tuple[Problem, ...]:
    """The unknown names in a file. Names that another file of the template or the base folder defines are known."""
    return _problems(path.name, source, _defined_nearby(path))


@lru_cache(maxsize=512)
def _problems(name: str, source: str, nearby: frozenset[str]) -> tuple[Problem, ...]:
    read = syntax(name, source)
    if read.tree is None:
        return ()
    found = read.nodes
    return (*_fields(found), *_filters(found), *_comparisons(found), *_variables(read.tree, read, nearby))


def _fields(found: Sequence[nodes.Node]) -> Iterator[Problem]:
    for node in found:
        if isinstance(node, nodes.Getattr) and _is_person(node.node) and node.attr not in PERSON_FIELDS:
            unknown = UnknownField(node.attr)
            yield Problem(node.lineno, str(unknown), unknown.remedy)


def _filters(found: Sequence[nodes.Node]) -> Iterator[Problem]:
    for node in found:
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            remedy = did_you_mean(node.name, _FILTERS) or "docs/templates.md lists the filters."
            yield Problem(node.lineno, f"there is no filter {node.name}.", remedy)


def _comparisons(found: Sequence[nodes.Node]) -> Iterator[Problem]:
    """Comparisons of a person's field with a value that it never has, such as `person.lifecycle_stage == "Loyal"`."""
    for node in found:
        if not isinstance(node, nodes.Compare):
            continue
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        fields = [side.attr for side in sides if isinstance(side, nodes.Getattr) and _is_person(side.node)]
        if all(operand.op in ("eq", "ne", "in", "notin") for operand in node.ops):
            yield from _of_mail(node, sides)
            for value, field in product(chain.from_iterable(map(_constants, sides)), fields):
                yield from (Problem(node.lineno, f"person.{what}", remedy) for what, remedy in _never(field, value))


def _of_mail(node: nodes.Compare, sides: list[nodes.Expr]) -> Iterator[Problem]:
    """Comparisons of the mail's language or direction with a value that it never is: `language == "DE"`."""
    named = {side.name for side in sides if isinstance(side, nodes.Name)}
    for value in chain.from_iterable(map(_constants, sides)):
        if "language" in named and not _TAG.fullmatch(value):
            remedy = f"Write '{value[:2].lower()}'." if value[:2].isalpha() else "Write for example 'de'."
            what = f"language is never '{value[:60]}': it is a code in small letters."
            yield Problem(node.lineno, what, remedy, is_certain=False)
        if "direction" in named and value not in ("ltr", "rtl"):
            yield Problem(node.lineno, f"direction is never '{value[:60]}'.", "Its values: ltr, rtl.")


def _is_person(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "person"


def _constants(node: nodes.Node) -> Iterator[str]:
    """The texts in an operand: itself, or the items of a list."""
    for item in node.items if isinstance(node, (nodes.List, nodes.Tuple)) else [node]:
        if isinstance(item, nodes.Const) and isinstance(item.value, str):
            yield item.value


def _never(field: str, value: str) -> Iterator[tuple[str, str]]:
    found = (tables()[name].never(field, value) for name in ("segment.features", "core.subscribers"))
    yield from (each for each in found if each)


def _variables(tree: nodes.Template, read: Syntax, nearby: frozenset[str]) -> Iterator[Problem]:
    known = {*GLOBALS, *PERSON_LINKS, *nearby}
    tested = {node.node.name for node in read.all(nodes.Test) if isinstance(node.node, nodes.Name)}
    defined = known | tested | _BUILT_IN
    if all(node.name in defined for node in read.all(nodes.Name)):
        return  # Whatever is declared where: that takes Jinja longer than all other checks of the file.
    unknown = _undeclared(tree) - defined
    for node in read.all(nodes.Name):
        if node.name in unknown:
            names = {*known, *defined_names(read)}
            field = f"Did you mean person.{node.name}?" if node.name in PERSON_FIELDS else ""
            yield Problem(node.lineno, f"{node.name} is not defined.", field or suggest(node.name, names, kind="names"))


def _undeclared(tree: nodes.Template) -> set[str]:
    """Variables that the file does not define."""
    names = _Variables(tree.environment)
    try:
        names.visit(tree)
    except TemplateAssertionError:
        return set()
    return names.undeclared_identifiers


class _Variables(meta.TrackingCodeGenerator):
    """Looks for variables without computing constants: `"a" * 10 ** 9` would take a gigabyte."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.optimizer = None

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """Jinja stops at an unknown filter. Variables are read where a block begins, not where a filter is applied."""

    def _output_child_to_const(self, *_: Any) -> str:
        raise nodes.Impossible


def _defined_nearby(path: Path) -> frozenset[str]:
    defined = chain.from_iterable(_definitions(folder) for folder in {path.parent, path.parent.parent / "base"})
    return frozenset(name for file, names in defined if file != path for name in names)


def _definitions(folder: Path) -> tuple[tuple[Path, frozenset[str]], ...]:
    """The template files of a folder, with the names that each defines."""
    return _definitions_of(folder, text_file.stamps(folder))


@lru_cache(maxsize=128)
def _definitions_of(folder: Path, _stamps: frozenset[tuple[str, int]]) -> tuple[tuple[Path, frozenset[str]], ...]:
    return tuple((path, _defined_in(path)) for path in sorted(folder.glob("*.j2")))


def _defined_in(path: Path) -> frozenset[str]:
    return frozenset(defined_names(syntax(path.name, text_file.inspect(path)[0] or "")))
