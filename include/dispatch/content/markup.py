"""Inspects the text of one template file: Jinja and HTML tags that are not closed, and placeholders with one brace.

The syntax tree is followed like a person reads it: alternatives from the same place, blocks and macros each on their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from include.core.suggestion import closest
from include.dispatch.content.element_reader import ElementReader, Elements, Problem
from include.dispatch.content.environment import is_markup
from include.dispatch.content.fields import PERSON_LINKS
from include.dispatch.content.jinja_syntax import Syntax, syntax, text_between
from include.dispatch.content.person import PERSON_FIELDS
from include.dispatch.content.personal import is_personal_block

GLOBALS = (
    "person",
    "campaign",
    "sender",
    "postal_address",
    "locale",
    "language",
    "direction",
    "variant",
    "preheader",
    "image",
    "image_url",
    "products",
)
"""The variables of every template; `preheader` in the bodies only."""
_ONE_BRACE = re.compile(r"(?<!\{)\{(?![{%#])\s*(?P<name>[A-Za-z_][\w.]*)\s*(?P<then>\(|\||\})")
_SPLIT_TAG = re.compile(r"\{\s+%|%\s+\}")
_FOREIGN = re.compile(r"\*\|[A-Za-z][\w:]*\|\*|\[\[\s*[A-Za-z][\w. ]*\]\]|%%[A-Za-z]\w*%%")
"""Placeholders of other programs for mail: `*|FNAME|*`, `[[first_name]]`, `%%name%%`."""
_STYLE = re.compile(r"<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


@lru_cache(maxsize=512)
def problems(name: str, source: str, *, is_whole: bool) -> tuple[Problem, ...]:
    """What is wrong in the text of the template `name`. `is_whole`: it is a part of a mail, not an included file."""
    read = syntax(name, source)
    tree, wrong = read.tree, read.problems
    if tree is None:
        known = frozenset({*GLOBALS, *PERSON_LINKS})
        return (*wrong, *_braces(text_between(source), 1, known))
    known = frozenset({*GLOBALS, *PERSON_LINKS, *defined_names(read)})
    found = [problem for text, line in _texts(read) for problem in _braces(text, line, known)]
    return (*wrong, *found, *(_unbalanced(tree, read, is_whole) if is_markup(name) else ()))


def defined_names(read: Syntax) -> Iterator[str]:
    """Names that the file defines or imports."""
    for node in read.nodes:
        if isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.Name) and node.ctx != "load":
            yield node.name


def _texts(read: Syntax) -> Iterator[tuple[str, int]]:
    """The pieces of text between expressions, without style sheets, each with its line."""
    for data in read.all(nodes.TemplateData):
        yield _STYLE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), data.data), data.lineno


def _braces(text: str, line: int, known: frozenset[str]) -> Iterator[Problem]:
    for match in _SPLIT_TAG.finditer(text):
        what = f"'{match[0]}' is printed as it stands."
        yield Problem(line + text.count("\n", 0, match.start()), what, "Write {% and %} without a space.")
    for match in _FOREIGN.finditer(text):
        what = f"'{match[0]}' is printed as it stands: it is a placeholder of another program."
        at, remedy = line + text.count("\n", 0, match.start()), "To print a value, write {{ person.first_name }}."
        yield Problem(at, what, remedy, is_certain=False)
    for match in _ONE_BRACE.finditer(text):
        name, at = match["name"], line + text.count("\n", 0, match.start())
        what = f"'{{ {name}{'(' if match['then'] == '(' else ''}' has one brace, so it is printed as it stands."
        if match["then"] != "}" or name.partition(".")[0] in known:
            shown = f"{name}(…)" if match["then"] == "(" else name
            yield Problem(at, what, f"Write {{{{ {shown} }}}} with two braces.")
        else:
            near = name if name in PERSON_FIELDS else closest(name, PERSON_FIELDS)
            meant = f"person.{near}" if near and near not in PERSON_LINKS else near or "person.first_name"
            yield Problem(at, what, f"To print a value, write {{{{ {meant} }}}}.", is_certain=False)


def _unbalanced(tree: nodes.Template, read: Syntax, is_whole: bool) -> Iterator[Problem]:
    elements = Elements()
    reader = walk(tree.body, ElementReader(elements))
    if is_whole or any(read.all(nodes.Extends, nodes.Block)):
        reader.finish()
    includes = any(read.all(nodes.Include))  # An included file may open what this one closes.
    return (replace(problem, is_certain=problem.is_certain and not includes) for problem in elements.problems)


def walk(body: Sequence[nodes.Node], reader: ElementReader) -> ElementReader:
    """Read the text of a template's nodes; the reader after them."""
    for node in body:
        reader = _visit(node, reader)
    return reader


def _visit(node: Any, reader: ElementReader) -> ElementReader:
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            _read(part, reader)
    elif isinstance(node, nodes.If):
        bodies = [node.body, *(branch.body for branch in node.elif_), node.else_]
        return _merged([walk(body, reader.copy()) for body in bodies])
    elif isinstance(node, nodes.For):
        return _merged([walk(node.body, reader.copy()), walk(node.else_, reader.copy())])
    elif is_personal_block(node) or isinstance(node, (nodes.With, nodes.Scope, nodes.FilterBlock)):
        return walk(node.body, reader)
    elif isinstance(node, (nodes.Macro, nodes.CallBlock, nodes.AssignBlock)):
        walk(node.body, reader.detached()).finish()
    elif isinstance(node, nodes.Block):
        walk(node.body, reader.within(node.name)).finish()
    return reader


def _read(part: nodes.Node, reader: ElementReader) -> None:
    if isinstance(part, nodes.TemplateData):
        reader.line = part.lineno
        reader.feed(part.data)
    else:
        reader.insert_value()


def _merged(ends: list[ElementReader]) -> ElementReader:
    """The state after alternatives; nothing is certain any more if they leave different elements open."""
    if len({end.position() for end in ends}) > 1:
        ends[0].elements.is_unsure = True
    return ends[0]
