"""A compiled content: what a request carries, with a tag wherever a person's value goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from include.dispatch.content.placeholders import Placeholder


@dataclass(frozen=True)
class Slot:
    """One tag and what is said in its stead: an expression, at one kind of place, so escaped in one way.

    `place` is html, attribute, url, text or header. `fields` are the columns of a person that it reads. `exact_place` tells
    a whole link from a part of one.
    """

    tag: str
    context: str
    fields: tuple[str, ...]
    expression: str
    file: str
    line: int
    exact_context: str = field(repr=False)
    placeholder: Placeholder = field(repr=False, compare=False)

    @property
    def where(self) -> str:
        """`newsletter/body.html.j2, line 12`."""
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class Content:
    """Subject and bodies of one request group (template × variant × locale), tags in place.

    `preheader` is the hidden first line, already part of `html` and given here for previews, escaped as HTML. `fields` are
    the columns that `SlotFiller.fill` needs. `content_hash` is a SHA-256 over everything that determines the bytes: the
    rendered parts, every template file read, what the campaign says, the compiler's version. `warnings` do not stop a send.
    `tag_core` is what each tag holds and no value may.
    """

    subject: str
    preheader: str
    html: str
    text: str
    slots: tuple[Slot, ...]
    fields: frozenset[str]
    content_hash: str
    warnings: tuple[str, ...] = ()
    tag_core: str = ""
