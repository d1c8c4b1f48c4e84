"""Compiled content: subject and bodies of a request, with a substitution tag for each personal value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from include.dispatch.content.images import Image
from include.dispatch.content.placeholders import Placeholder


@dataclass(frozen=True)
class Slot:
    """One substitution tag: an expression in one escaping context.

    `context` is html, attribute, url, text or header; `exact_context` also distinguishes a whole URL from a part of one.
    `fields` are the person's columns that the expression reads.
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
    """Subject and bodies of one request group (template × variant × locale), with tags.

    `preheader` is the hidden first line, escaped as HTML; it is already part of `html` and is used by previews. `fields` are
    the columns that `SlotFiller.fill` needs. `content_hash` is a SHA-256 over everything that determines the bytes: the
    rendered parts, all template files, the campaign's values, the compiler's version. `warnings` do not stop a send.
    `tag_core` is contained in every tag and in no value. `images` are those that the mail can show, `product_lists`
    the shared lists of products that it names. A content at SendGrid has its `template_id`, the names of its slots there
    (`data_names`), and data that is the same for everybody.
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
    images: tuple[Image, ...] = ()
    product_lists: frozenset[str] = frozenset()
    template_id: str = ""
    data_names: tuple[str, ...] = ()
    fixed_data: Mapping[str, str] = field(default_factory=dict)

    def with_images(self, urls: Mapping[str, str]) -> Content:
        """The content with URLs in the place of the markers of images, in personal blocks too. The hash stays the same."""
        if not urls:
            return self
        slots = tuple(replace(slot, placeholder=slot.placeholder.with_urls(urls)) for slot in self.slots)
        html = self.html
        for marker, url in urls.items():
            html = html.replace(marker, url)
        return replace(self, html=html, slots=slots)
