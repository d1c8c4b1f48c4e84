"""Turns placeholders into slots: a placeholder's position determines its escaping, and equal placeholders share a tag."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from include.core.errors import PlanError
from include.dispatch.content import source_location
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.environment import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN
from include.dispatch.content.escaping_context import HEADER, HTML, TEXT, PlainReader, UnsafeContext
from include.dispatch.content.html_reader import HtmlReader, Reader
from include.dispatch.content.placeholders import PLACEHOLDER, Fragment, Placeholder, Placeholders

MAX_SLOTS = 150
"""SendGrid's limit on substitutions per personalization."""

_PUBLIC_CONTEXT = {"url_whole": "url", "url_part": "url"}


class _SlotTable:
    """Slots in order of first occurrence; placeholders with the same expression and context share one."""

    def __init__(self) -> None:
        self.found: dict[tuple[object, str], int] = {}
        self.entries: list[tuple[Placeholder, str]] = []

    def index(self, placeholder: Placeholder, context: str) -> int:
        key = (placeholder.identity(), context)
        if key not in self.found:
            self.found[key] = len(self.entries)
            self.entries.append((placeholder, context))
        return self.found[key]


def assign_slots(
    rendered: Any, placeholders: Placeholders, *, names: dict[str, str], inputs: str, tag_prefix: str | None
) -> Content:
    """The content with tags. `inputs` is a digest of all inputs; the content hash covers it and the parts."""
    table = _SlotTable()
    subject = _replace(rendered.subject, PlainReader(HEADER), placeholders, table, names["subject"])
    html = _replace(rendered.html, HtmlReader(), placeholders, table, names["body_html"])
    text = _replace(rendered.text, PlainReader(TEXT), placeholders, table, names["body_text"])
    preheader = _replace(rendered.preheader, _AsHtml(), placeholders, table, names["preheader"])
    parts = [subject, html, text, preheader]
    described = [
        [placeholder.expression, context, source_location.format_location(placeholder.name, placeholder.line)]
        for placeholder, context in table.entries
    ]
    content_hash = hashlib.sha256(json.dumps([inputs, parts, described]).encode()).hexdigest()
    core = _tag_core(parts, content_hash, tag_prefix)
    subject, html, text, preheader = (_insert_tags(part, core) for part in parts)
    slots = tuple(_slot(index, placeholder, context, core) for index, (placeholder, context) in enumerate(table.entries))
    fields = frozenset(name for slot in slots for name in slot.fields)
    return Content(subject, preheader, html, text, slots, fields, content_hash, (), core)


def check_contexts(html: str, placeholders: Placeholders) -> None:
    """Reject placeholders that an HTML parser would move, such as text directly inside a table. Raises `PlanError`."""
    reader, at = HtmlReader(), 0
    for match in PLACEHOLDER.finditer(html):
        reader.feed(html[at : match.start()])
        _context_of(reader, placeholders.entries[int(match[1])])
        reader.insert_value()
        at = match.end()


class _AsHtml(PlainReader):
    """The preheader: its values are printed as text in the HTML."""

    def __init__(self) -> None:
        super().__init__(HTML)


def _replace(text: str, reader: Reader, placeholders: Placeholders, table: _SlotTable, name: str) -> str:
    """The text with the number of each placeholder replaced by the number of its slot."""
    done, at = [], 0
    for match in PLACEHOLDER.finditer(text):
        before = text[at : match.start()]
        placeholder = placeholders.entries[int(match[1])]
        reader.feed(before)
        index = table.index(placeholder, _context_of(reader, placeholder))
        reader.insert_value()
        done += [before, f"{PLACEHOLDER_OPEN}{index}{PLACEHOLDER_CLOSE}"]
        at = match.end()
    done.append(text[at:])
    if PLACEHOLDER_OPEN in PLACEHOLDER.sub("", text) or PLACEHOLDER_CLOSE in PLACEHOLDER.sub("", text):
        raise PlanError(
            "A filter truncated a placeholder.", where=name, remedy="Apply the filter to the person's value itself."
        )
    return "".join(done)


def _context_of(reader: Reader, placeholder: Placeholder) -> str:
    where = source_location.format_location(placeholder.name, placeholder.line)
    try:
        context = placeholder.context or reader.context()
    except UnsafeContext as refused:
        raise PlanError(str(refused), where=where, remedy="Move it to the text, to an attribute or to a link.") from None
    if isinstance(placeholder.value, Fragment) and placeholder.value.is_markup and placeholder.value.context != context:
        raise PlanError(
            "A block or macro prints the {% personal %} block elsewhere, in another context than where it is written.",
            where=where,
            remedy="Write the tag or attribute around it in the same file.",
        )
    return context


def _tag_core(parts: list[str], content_hash: str, tag_prefix: str | None) -> str:
    """The common part of all tags: from the hash, so that it cannot be guessed, and not in the template's text."""
    if tag_prefix is not None and not re.fullmatch(r"[A-Za-z0-9]{4,20}", tag_prefix):
        raise PlanError("is not a valid prefix for tags.", where="tag_prefix", remedy="Use 4 to 20 letters and digits.")
    candidates = [tag_prefix] if tag_prefix else [f"tw{content_hash[start : start + 6]}" for start in range(0, 58)]
    free = next((core for core in candidates if not any(core in part for part in parts)), None)
    if free is None:
        raise PlanError("occurs in the template's own text.", where="tag_prefix", remedy="Choose another.")
    return free


def _insert_tags(part: str, core: str) -> str:
    return PLACEHOLDER.sub(lambda match: _tag(core, int(match[1])), part)


def _tag(core: str, index: int) -> str:
    return f"-{core}x{index}-"


def _slot(index: int, placeholder: Placeholder, context: str, core: str) -> Slot:
    fields = tuple(sorted({path[0] for path in placeholder.paths}))
    shown = _PUBLIC_CONTEXT.get(context, context)
    return Slot(
        _tag(core, index),
        shown,
        fields,
        placeholder.expression,
        source_location.display_name(placeholder.name),
        placeholder.line,
        context,
        placeholder,
    )
