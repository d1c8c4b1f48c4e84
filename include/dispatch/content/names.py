"""Finds names in a template file that nothing defines: fields of a person, variables, macros and filters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from jinja2 import TemplateAssertionError, TemplateSyntaxError, meta, nodes
from jinja2.filters import FILTERS

from include.core import text_file
from include.core.suggestion import did_you_mean, suggest
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.fields import PERSON_LINKS
from include.dispatch.content.filters import ADDED, FORBIDDEN
from include.dispatch.content.markup import GLOBALS, PARSER, defined_names
from include.dispatch.content.person import PERSON_FIELDS, UnknownField

_BUILT_IN = frozenset(["range", "dict", "namespace", "loop", "caller", "self", "super", "varargs", "kwargs"])
_FILTERS = (frozenset(FILTERS) - frozenset(FORBIDDEN)) | frozenset(ADDED)


def problems(path: Path, source: str) -> tuple[Problem, ...]:
    """The unknown names in a file. Names that another file of the template or the base folder defines are known."""
    return _problems(path.name, source, _defined_nearby(path))


@lru_cache(maxsize=512)
def _problems(name: str, source: str, nearby: frozenset[str]) -> tuple[Problem, ...]:
    try:
        tree = PARSER.parse(source, name)
    except TemplateSyntaxError:
        return ()
    return (*_fields(tree), *_filters(tree), *_variables(tree, nearby))


def _fields(tree: nodes.Template) -> Iterator[Problem]:
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "person" and node.attr not in PERSON_FIELDS:
            unknown = UnknownField(node.attr)
            yield Problem(node.lineno, str(unknown), unknown.remedy)


def _filters(tree: nodes.Template) -> Iterator[Problem]:
    for node in tree.find_all(nodes.Filter):
        if node.name not in _FILTERS:
            remedy = did_you_mean(node.name, _FILTERS) or "docs/templates.md lists the filters."
            yield Problem(node.lineno, f"there is no filter {node.name}.", remedy)


def _variables(tree: nodes.Template, nearby: frozenset[str]) -> Iterator[Problem]:
    known = {*GLOBALS, *PERSON_LINKS, *nearby}
    tested = {node.node.name for node in tree.find_all(nodes.Test) if isinstance(node.node, nodes.Name)}
    unknown = _undeclared(tree) - known - tested - _BUILT_IN
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            names = {*known, *defined_names(tree)}
            field = f"Did you mean person.{node.name}?" if node.name in PERSON_FIELDS else ""
            yield Problem(node.lineno, f"{node.name} is not defined.", field or suggest(node.name, names, kind="names"))


def _undeclared(tree: nodes.Template) -> set[str]:
    """Variables that the file does not define. Jinja looks for filters too, so unknown ones are replaced in the tree."""
    for node in tree.find_all(nodes.Filter):
        node.name = node.name if node.name in FILTERS else "string"
    try:
        return meta.find_undeclared_variables(tree)
    except TemplateAssertionError:
        return set()


def _defined_nearby(path: Path) -> frozenset[str]:
    files = sorted({*path.parent.glob("*.j2"), *(path.parent.parent / "base").glob("*.j2")} - {path})
    return frozenset(name for file in files for name in _defined_in(file, file.stat().st_mtime_ns))


@lru_cache(maxsize=512)
def _defined_in(path: Path, _modified: int) -> frozenset[str]:
    try:
        return frozenset(defined_names(PARSER.parse(text_file.inspect(path)[0] or "", path.name)))
    except TemplateSyntaxError:
        return frozenset()
