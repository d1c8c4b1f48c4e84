"""MJML as another way to write the body of a mail: `body.mjml.j2` in the place of `body.html.j2`.

The template is rendered first, with placeholders for personal values, and MRML (https://github.com/jdrouet/mrml) turns the
result into HTML. It says neither where an error is, nor that it left out an element that it does not know, so the files are
inspected here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from include.core.errors import PlanError
from include.core.suggestion import did_you_mean
from include.dispatch.content.element_reader import Problem

ENDING = ".mjml.j2"
ELEMENTS = frozenset([
    "mjml", "mj-head", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font", "mj-preview", "mj-style",
    "mj-title", "mj-body", "mj-accordion", "mj-accordion-element", "mj-accordion-text", "mj-accordion-title",
    "mj-button", "mj-carousel", "mj-carousel-image", "mj-column", "mj-divider", "mj-group", "mj-hero", "mj-image",
    "mj-navbar", "mj-navbar-link", "mj-raw", "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table",
    "mj-text", "mj-wrapper",
])  # fmt: skip
"""https://documentation.mjml.io; mj-include and mj-html-attributes are left out: Jinja includes files."""
_FRAME = "Write <mjml><mj-body>…</mj-body></mjml> around the mail; a body in HTML is body.html.j2."
_ELEMENT = re.compile(r"<(mj[a-z-]*)\b")
_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_SINGLE_QUOTED = re.compile(r"='([^']*)'")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]{1,6})\}")


@lru_cache(maxsize=256)
def problems(source: str) -> tuple[Problem, ...]:
    """Elements of a file that MJML does not have, each with its line."""
    return tuple(_problems(_COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)))


def _problems(source: str) -> Iterator[Problem]:
    for match in _ELEMENT.finditer(source):
        if match[1] not in ELEMENTS:
            line = source.count("\n", 0, match.start()) + 1
            remedy = did_you_mean(match[1], ELEMENTS) or "See https://documentation.mjml.io."
            yield Problem(line, f"MJML has no <{match[1]}>.", remedy)


def to_html(text: str, name: str, sources: Mapping[str, str]) -> str:
    """The HTML of rendered MJML with placeholders. `sources` are the template's files by name.

    Raises `PlanError` with file and line for an element that does not exist, otherwise with the file `name`.
    """
    from mjml import mjml2html

    for file, source in sources.items():
        for problem in problems(source) if file.endswith(ENDING) else ():
            raise PlanError(problem.what, where=f"{file}, line {problem.line}", remedy=problem.remedy)
    try:
        html = mjml2html(_TAG.sub(_double_quoted, text), fonts={}, disable_comments=False)
    except ValueError:
        if "<mjml" not in text:
            raise PlanError("is not valid MJML: it has no <mjml>.", where=name, remedy=_FRAME) from None
        remedy = "Look for a tag that is not closed, in the order of the file; make check names its line."
        raise PlanError("is not valid MJML: its tags do not fit together.", where=name, remedy=remedy) from None
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), html)


def _double_quoted(tag: re.Match[str]) -> str:
    """The tag with double quotes: MRML writes values between them without escaping."""
    return _SINGLE_QUOTED.sub(lambda value: '="{}"'.format(value[1].replace('"', "&quot;")), tag[0])
