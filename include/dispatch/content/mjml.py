"""MJML as another way to write the body of a mail: `body.mjml.j2` in the place of `body.html.j2`.

The template is rendered first, with placeholders for personal values, and MRML (https://github.com/jdrouet/mrml) turns the
result into HTML. It says neither where an error is, nor that it does not know an element or attribute, so the files are
inspected here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from jinja2 import nodes

from include.core.errors import PlanError
from include.dispatch.content.element_reader import Problem
from include.dispatch.content.jinja_syntax import syntax, text_between
from include.dispatch.content.markup import walk
from include.dispatch.content.mjml_reader import Inspection, MjmlReader

ENDING = ".mjml.j2"
_FRAME = "Write <mjml><mj-body>…</mj-body></mjml> around the mail; a body in HTML is body.html.j2."
_MAX_DEPTH = 20
_ELEMENT = re.compile(r"<(mj[\w-]*)")
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_SINGLE_QUOTED = re.compile(r"='([^']*)'")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
Find = Callable[[str], str | None]
"""Returns the text of another template by the name that `{% extends %}` gives it; None if there is none."""


def problems(name: str, source: str, find: Find) -> tuple[Problem, ...]:
    """Elements and attributes of the file `name` that MJML does not have, or not there, each with its line."""
    return _problems(name, source, frozenset(_blocks_of_layout(name, source, find).items()))


@lru_cache(maxsize=256)
def _problems(name: str, source: str, layout: frozenset[tuple[str, str | None]]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(_inspect(name, source, dict(layout)).problems))


def _inspect(name: str, source: str, layout: Mapping[str, str | None]) -> Inspection:
    found, tree = Inspection(), syntax(name, source).tree
    if tree is None:
        reader = MjmlReader(found, {}, is_placed=False)
        for reader.line, line in enumerate(text_between(source).split("\n"), start=1):
            for element in _ELEMENT.findall(line):
                reader.feed(f"<{element}/>")
    else:
        includes = any(tree.find_all(nodes.Include))  # An included file may open what this one closes.
        walk(tree.body, MjmlReader(found, layout, is_placed=not includes))
    return found


def _blocks_of_layout(name: str, source: str, find: Find, depth: int = 0) -> dict[str, str | None]:
    """The element in which each block stands in the layout that a file extends."""
    tree = syntax(name, source).tree
    extends = next(tree.find_all(nodes.Extends), None) if tree else None
    if extends is None or not isinstance(extends.template, nodes.Const) or depth > _MAX_DEPTH:
        return {}
    layout = str(extends.template.value)
    text = find(layout)
    if text is None:
        return {}
    outer = _blocks_of_layout(layout, text, find, depth + 1)
    return {**outer, **_inspect(layout, text, outer).blocks}


def to_html(text: str, name: str, sources: Mapping[str, str]) -> str:
    """The HTML of rendered MJML with placeholders. `sources` are the template's files by name.

    Raises `PlanError` with file and line for what MJML does not have, or not there, otherwise with the file `name`.
    """
    from mjml import mjml2html

    _refuse_problems(text, name, sources)
    try:
        html = mjml2html(_TAG.sub(_double_quoted, text), fonts={}, disable_comments=False)
    except ValueError:
        if "<mjml" not in text:
            raise PlanError("is not valid MJML: it has no <mjml>.", where=name, remedy=_FRAME) from None
        remedy = "Look for a tag that is not closed, in the order of the file; make check names its line."
        raise PlanError("is not valid MJML: its tags do not fit together.", where=name, remedy=remedy) from None
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), html)


def _refuse_problems(text: str, name: str, sources: Mapping[str, str]) -> None:
    """Raise the first problem of the files; if they have none, the first one of what macros and includes made together."""

    def find(name: str) -> str | None:
        return sources.get(name) or next((text for file, text in sources.items() if file.endswith(f"/{name}")), None)

    for file, source in sources.items():
        for problem in _certain(problems(file, source, find)) if file.endswith(ENDING) else ():
            raise PlanError(problem.what, where=f"{file}, line {problem.line}", remedy=problem.remedy)
    found = Inspection()
    MjmlReader(found, {}, is_placed=True).feed(text)
    for problem in _certain(found.problems):
        where = _origin(problem, text.split("\n")[problem.line - 1], sources) or name
        raise PlanError(problem.what, where=where, remedy=problem.remedy)


def _certain(found: Iterable[Problem]) -> Iterator[Problem]:
    return (problem for problem in found if problem.is_certain)


def _origin(problem: Problem, printed: str, sources: Mapping[str, str]) -> str | None:
    """The file and line that printed the element of a problem: the longest one that is in the printed line."""
    named = _ELEMENT.search(problem.what)
    files = {file: source.split("\n") for file, source in sources.items() if file.endswith(ENDING)}
    lines = [(line.strip(), f"{file}, line {at}") for file in files for at, line in enumerate(files[file], start=1)]
    fitting = [(line, place) for line, place in lines if line in printed and named and named[0] in line]
    return max(fitting, key=lambda found: len(found[0]), default=("", None))[1]


def _double_quoted(tag: re.Match[str]) -> str:
    """The tag with double quotes: MRML writes values between them without escaping."""
    return _SINGLE_QUOTED.sub(lambda value: '="{}"'.format(value[1].replace('"', "&quot;")), tag[0])
