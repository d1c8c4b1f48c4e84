"""Reads the Jinja syntax of one template file without rendering it, and says what is wrong with it in a writer's words.

A tag that is not closed hides nothing else: the file is read on as if it were closed at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, TypeVar

from jinja2 import Environment, TemplateSyntaxError, nodes

from include.core.suggestion import suggest
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.jinja_words import in_words
from include.dispatch.content.personal import PersonalExtension

Kind = TypeVar("Kind", bound=nodes.Node)
PARSER = Environment(extensions=[PersonalExtension], trim_blocks=True, lstrip_blocks=True, autoescape=True)
MAX_UNCLOSED = 20
_TAGS = (
    "if", "elif", "else", "endif", "for", "endfor", "set", "endset", "block", "endblock", "extends", "include", "import",
    "from", "macro", "endmacro", "call", "endcall", "filter", "endfilter", "with", "endwith", "raw", "endraw",
    "personal", "endpersonal",
)  # fmt: skip
_MEANT = {"elseif": "elif", "elsif": "elif", "foreach": "for"}
"""Tags of other template languages."""
_INNERMOST = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_UNKNOWN = re.compile(r"Encountered unknown tag '(\w+)'\.( You probably made a nesting mistake)?")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Syntax(NamedTuple):
    """The syntax tree of a file, None if it cannot be read, what is wrong with its Jinja tags, and all nodes of the tree."""

    tree: nodes.Template | None
    problems: tuple[Problem, ...]
    nodes: tuple[nodes.Node, ...] = ()

    def all(self, *kinds: type[Kind]) -> Iterator[Kind]:
        """The nodes of one of these kinds, in the order of the file."""
        return (node for node in self.nodes if isinstance(node, kinds))


def all_nodes(tree: nodes.Node) -> list[nodes.Node]:
    """All nodes below `tree`, as its `find_all` returns them, in a fifth of the time."""
    found = list[nodes.Node]()
    _add_nodes(tree, found)
    return found


def _add_nodes(tree: nodes.Node, found: list[nodes.Node]) -> None:
    for name in tree.fields:
        value = getattr(tree, name)
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, nodes.Node):
                found.append(child)
                _add_nodes(child, found)


@lru_cache(maxsize=512)
def syntax(name: str, source: str) -> Syntax:
    """The syntax of the template `name`."""
    unclosed, text = list[Problem](), source
    for _ in range(MAX_UNCLOSED):
        try:
            tree = PARSER.parse(text, name)
        except TemplateSyntaxError as error:
            closed = _closed(text, error)
            if closed is None:
                return Syntax(None, (*unclosed, _problem(error)))
            tag, at = closed
            what, remedy = f"{{% {tag} %}} is not closed.", f"Write {{% end{tag} %}} where it ends."
            unclosed.append(Problem(_opened_at(text[:at], tag), what, remedy))
            text = f"{text[:at]}{{% end{tag} %}}{text[at:]}"
        else:
            every = all_nodes(tree)
            return Syntax(tree, (*unclosed, *_outside_blocks(tree, every)), tuple(every))
    return Syntax(None, tuple(unclosed))


def _closed(text: str, error: TemplateSyntaxError) -> tuple[str, int] | None:
    """The tag that is not closed, and where it has to be: at the end, or before the tag that closes an outer one."""
    message = str(error.message)
    innermost, unknown = _INNERMOST.search(message), _UNKNOWN.match(message)
    if innermost and message.startswith("Unexpected end"):
        return innermost[1], len(text)
    if not (innermost and unknown and unknown[2]):
        return None
    begin = sum(len(line) for line in text.splitlines(keepends=True)[: error.lineno - 1])
    found = re.compile(rf"\{{%[-+]?\s*{unknown[1]}\b").search(text, begin)
    return (innermost[1], found.start()) if found else None


def _problem(error: TemplateSyntaxError) -> Problem:
    """An error that makes a file unreadable, in a writer's words where Jinja's are not."""
    if not (unknown := _UNKNOWN.match(str(error.message))):
        return Problem(error.lineno, *in_words(error))
    if (tag := unknown[1]) in _TAGS:
        return Problem(
            error.lineno, f"{{% {tag} %}} closes nothing that is open here.", "Remove it, or write what it closes."
        )
    meant = f"Did you mean {_MEANT[tag]}?" if tag in _MEANT else suggest(tag, _TAGS, kind="tags")
    return Problem(error.lineno, f"there is no tag '{tag}'.", meant)


def _opened_at(text: str, tag: str) -> int:
    """The line of the last such tag that is open at the end of a text that can be read."""
    opened, is_first = list[tuple[str, int]](), False
    for line, kind, value in PARSER.lex(text):
        if kind == "block_begin":
            is_first = True
        elif kind == "name" and is_first:
            is_first = False
            if value.startswith("end"):
                while opened and opened.pop()[0] != value[3:]:
                    pass
            else:
                opened.append((value, line))
    return next(line for name, line in reversed(opened) if name == tag)


def text_between(source: str) -> str:
    """The source with spaces in the place of expressions, tags and comments, for a file that cannot be read."""
    return _EXPRESSION.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def _outside_blocks(tree: nodes.Template, every: list[nodes.Node]) -> Iterator[Problem]:
    """What a file prints outside of its blocks although it extends a layout: Jinja drops it without a word."""
    extends = next((node for node in every if isinstance(node, nodes.Extends)), None)
    if extends is None:
        return
    for node in tree.body[tree.body.index(extends) + 1 :] if extends in tree.body else ():
        if isinstance(node, nodes.Output) and (line := _first_line(node)):
            what = "this is outside of every block, so that nobody would see it."
            yield Problem(line, what, "Move it into {% block content %}, or into another block of the layout.")


def _first_line(output: nodes.Output) -> int | None:
    """The line of the first thing that an output prints; None if that is white space and comments."""
    for part in output.nodes:
        if not isinstance(part, nodes.TemplateData):
            return part.lineno
        text = _COMMENT.sub(lambda match: re.sub(r"\S", " ", match[0]), part.data)
        if text.strip():
            return part.lineno + text[: len(text) - len(text.lstrip())].count("\n")
    return None
