"""From marks to slots: where each mark came to stand decides its escaping, and equal ones share a tag."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from include.core.errors import PlanError
from include.dispatch.content import source_location
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.environment import MARK_CLOSE, MARK_OPEN
from include.dispatch.content.escaping_context import HEADER, HTML, TEXT, Misplaced, PlainReader
from include.dispatch.content.html_reader import HtmlReader, Reader
from include.dispatch.content.placeholders import MARK, Fragment, Marks, Noted

MAX_SLOTS = 150
"""Substitutions a personalization may have (SendGrid)."""

_SHOWN = {"url_whole": "url", "url_part": "url"}


class _Table:
    """Slots in the order in which they are met; equal ones (same expression, same place) are one."""

    def __init__(self) -> None:
        self.found: dict[tuple[object, str], int] = {}
        self.noted: list[tuple[Noted, str]] = []

    def index(self, noted: Noted, place: str) -> int:
        key = (noted.identity(), place)
        if key not in self.found:
            self.found[key] = len(self.noted)
            self.noted.append((noted, place))
        return self.found[key]


def place_slots(rendered: Any, marks: Marks, *, names: dict[str, str], facts: str, tag_prefix: str | None) -> Content:
    """The content with tags. `facts` is a digest of all that was read; together with the parts it makes the hash."""
    table = _Table()
    subject = _replace(rendered.subject, PlainReader(HEADER), marks, table, names["subject"])
    html = _replace(rendered.html, HtmlReader(), marks, table, names["body_html"])
    text = _replace(rendered.text, PlainReader(TEXT), marks, table, names["body_text"])
    preheader = _replace(rendered.preheader, _AsHtml(), marks, table, names["preheader"])
    parts = [subject, html, text, preheader]
    described = [[noted.expression, place, source_location.at(noted.name, noted.line)] for noted, place in table.noted]
    content_hash = hashlib.sha256(json.dumps([facts, parts, described]).encode()).hexdigest()
    core = _core(parts, content_hash, tag_prefix)
    subject, html, text, preheader = (_tagged(part, core) for part in parts)
    slots = tuple(_slot(index, noted, place, core) for index, (noted, place) in enumerate(table.noted))
    fields = frozenset(name for slot in slots for name in slot.fields)
    return Content(subject, preheader, html, text, slots, fields, content_hash, (), core)


def check_before_inlining(html: str, marks: Marks) -> None:
    """Places that an HTML parser would move: text straight inside a table. Raises `PlanError`."""
    reader, at = HtmlReader(), 0
    for match in MARK.finditer(html):
        reader.feed(html[at : match.start()])
        _place(reader, marks.noted[int(match[1])])
        reader.value_here()
        at = match.end()


class _AsHtml(PlainReader):
    """The preheader's values stand in the HTML as text."""

    def __init__(self) -> None:
        super().__init__(HTML)


def _replace(text: str, reader: Reader, marks: Marks, table: _Table, name: str) -> str:
    """The text with each mark's number replaced by its slot's."""
    done, at = [], 0
    for match in MARK.finditer(text):
        before = text[at : match.start()]
        noted = marks.noted[int(match[1])]
        reader.feed(before)
        index = table.index(noted, _place(reader, noted))
        reader.value_here()
        done += [before, f"{MARK_OPEN}{index}{MARK_CLOSE}"]
        at = match.end()
    done.append(text[at:])
    if MARK_OPEN in MARK.sub("", text) or MARK_CLOSE in MARK.sub("", text):
        raise PlanError("A filter cut through a person's value.", where=name, remedy="Filter the value itself.")
    return "".join(done)


def _place(reader: Reader, noted: Noted) -> str:
    place_of = source_location.at(noted.name, noted.line)
    try:
        place = reader.place()
    except Misplaced as refused:
        raise PlanError(str(refused), where=place_of, remedy="Move it to the text, to an attribute or to a link.") from None
    if isinstance(noted.value, Fragment) and noted.value.is_markup and noted.value.place != place:
        raise PlanError(
            "The {% personal %} block came to stand elsewhere than where it was written (through a block or macro).",
            where=place_of,
            remedy="Write the tag or attribute around it in the same file.",
        )
    return place


def _core(parts: list[str], content_hash: str, tag_prefix: str | None) -> str:
    """What all tags hold: from the hash, so that nobody can guess it before the content exists, and in no text of ours."""
    if tag_prefix is not None and not re.fullmatch(r"[A-Za-z0-9]{4,20}", tag_prefix):
        raise PlanError("is no prefix for tags.", where="tag_prefix", remedy="Use 4 to 20 letters and digits.")
    candidates = [tag_prefix] if tag_prefix else [f"tw{content_hash[start : start + 6]}" for start in range(0, 58)]
    free = next((core for core in candidates if not any(core in part for part in parts)), None)
    if free is None:
        raise PlanError("occurs in the template's own text.", where="tag_prefix", remedy="Choose another.")
    return free


def _tagged(part: str, core: str) -> str:
    return MARK.sub(lambda match: _tag(core, int(match[1])), part)


def _tag(core: str, index: int) -> str:
    return f"-{core}x{index}-"


def _slot(index: int, noted: Noted, place: str, core: str) -> Slot:
    fields = tuple(sorted({path[0] for path in noted.paths}))
    shown = _SHOWN.get(place, place)
    return Slot(
        _tag(core, index), shown, fields, noted.expression, source_location.shown(noted.name), noted.line, place, noted
    )
