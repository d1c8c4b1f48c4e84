"""Finds the fields of a person that a part of a template reads, from its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from include.core.errors import PlanError
from include.dispatch.content import source_location
from include.dispatch.content.person import JSON_FIELDS, PERSON_FIELDS, Path, UnknownField
from include.dispatch.content.products import PERSONAL, known_lists, unknown_list

PERSON_LINKS = frozenset({"unsubscribe_url", "preferences_url", "confirm_url"})
"""Fields that may be written without the prefix `person.`."""


_WHOLE = tuple((name,) for name in JSON_FIELDS)


class _LinkQualifier(NodeTransformer):
    """Rewrites `unsubscribe_url` to `person.unsubscribe_url`, so that it works the same inside and outside a block."""

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        """Jinja's visitor calls this for every name."""
        if node.name not in PERSON_LINKS or node.ctx != "load":
            return node
        person = nodes.Name("person", "load").set_lineno(node.lineno)
        return nodes.Getattr(person, node.name, "load").set_lineno(node.lineno)


def qualify_links(tree: nodes.Template) -> nodes.Template:
    """The tree with all link names qualified by `person.`."""
    _LinkQualifier().visit(tree)
    return tree


class FieldFinder:
    """Finds the fields that parts of one template read. Raises `PlanError` with file and line."""

    def __init__(self, environment: Any, name: str, filename: str | None) -> None:
        self.environment, self.name, self.filename = environment, name, filename

    def error(self, node: nodes.Node, what: str, remedy: str) -> PlanError:
        return PlanError(what, where=source_location.format_location(self.filename or self.name, node.lineno), remedy=remedy)

    def path(self, node: nodes.Node) -> Path | None:
        """The field that an expression like `person.attributes.shoe_size` names."""
        if isinstance(node, nodes.Getattr):
            key: Any = node.attr
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            key = node.arg.value
        else:
            return None
        if isinstance(node.node, nodes.Name) and node.node.name == "person":
            if key not in PERSON_FIELDS:
                unknown = UnknownField(str(key))
                raise self.error(node, str(unknown), unknown.remedy)
            return (key,)
        whole = self.path(node.node)
        if whole == ("products",) and key not in known_lists(PERSONAL):
            raise self.error(node, f"there is no list of products '{key}'.", unknown_list(str(key), PERSONAL))
        return (whole[0], str(key)) if whole in _WHOLE else None

    def paths(self, node: nodes.Node) -> Iterator[Path]:
        """All fields that a node reads, including those of literal includes."""
        path = self.path(node)
        if path and path not in _WHOLE:
            yield path
        elif path or (isinstance(node, nodes.Name) and node.name == "person"):
            whole = ".".join(["person", *(path or ())])
            raise self.error(node, f"{whole} is used whole in a {{% personal %}} block.", f"Name the fields: {whole}.….")
        else:
            for child in node.iter_child_nodes():
                yield from self.paths(child)
            if isinstance(node, nodes.Include):
                other, tree = self.included(node)
                for child in tree.body:
                    yield from other.paths(child)

    def included(self, link: Any) -> tuple[FieldFinder, nodes.Template]:
        name = link.template.value
        tree, filename = self.environment.parsed(name)
        tree = qualify_links(tree)
        return FieldFinder(self.environment, name, filename), tree

    def _macro_paths(self) -> Iterator[Path]:
        """Fields read by macros that the block might call: macros of this file and of its imports."""
        tree = qualify_links(self.environment.parsed(self.name)[0])
        sources = [(self, tree)] + [self.included(link) for link in tree.find_all((nodes.Import, nodes.FromImport))]
        for finder, other in sources:
            for macro in other.find_all(nodes.Macro):
                for child in macro.body:
                    yield from finder.paths(child)

    def paths_of_block(self, node: nodes.CallBlock) -> Iterator[Path]:
        """The fields of one block, including those of macros that it may call."""
        for child in node.body:
            yield from self.paths(child)
        if any(not isinstance(call.node, nodes.ExtensionAttribute) for call in node.find_all(nodes.Call)):
            yield from self._macro_paths()
