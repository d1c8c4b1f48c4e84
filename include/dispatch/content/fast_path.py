"""The fast path for plain fields with many distinct values, such as links: Arrow checks all values, Python escapes a few."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from include.dispatch.content.columns import People
from include.dispatch.content.content import Slot
from include.dispatch.content.escape import escape, is_blank
from include.dispatch.content.escaping_context import ATTRIBUTE, HEADER, HTML, TEXT, URL_PART, URL_WHOLE
from include.dispatch.content.person_proxy import RecordedExpression

_WORDS = r"^[^{0}\p{{C}}\p{{Z}}]+( [^{0}\p{{C}}\p{{Z}}]+)*$"
UNCHANGED = {
    HTML: _WORDS.format("<>&\"'"),
    ATTRIBUTE: _WORDS.format("<>&\"'"),
    TEXT: _WORDS.format(""),
    HEADER: _WORDS.format(""),
    URL_WHOLE: r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?[/?#][A-Za-z0-9._~/?#=%-]*$",
    URL_PART: r"^[A-Za-z0-9._~-]+$",
}
"""For each context, a pattern of values that its escaper does not change (a test verifies this)."""

_SAMPLE_ROWS, _MIN_DISTINCT = 1_000, 900


def pass_through(people: People, slot: Slot, core: str) -> pa.Array | None:
    """The column, with unsafe values escaped; None if the fast path does not apply."""
    value = slot.placeholder.value
    if slot.placeholder.link:
        return None
    if not isinstance(value, RecordedExpression) or value._steps or len(value._path) > 1 or people.is_encoded(value._path):
        return None
    column = people.column(value._path[0])
    if not pa.types.is_string(column.type) or not _is_diverse(column):
        return None
    safe = pc.and_not(
        pc.match_substring_regex(column, UNCHANGED[slot.exact_context]), people.matching_tag(value._path[0], core)
    )
    unsafe = pc.invert(pc.fill_null(safe, False))
    return _escape_rows(column, unsafe, slot, core) if pc.any(unsafe).as_py() else column


def _is_diverse(column: pa.Array) -> bool:
    return len(column) >= _SAMPLE_ROWS and len(column.slice(0, _SAMPLE_ROWS).unique()) >= _MIN_DISTINCT


def _escape_rows(column: pa.Array, unsafe: pa.Array, slot: Slot, core: str) -> pa.Array | None:
    values = column.filter(unsafe).to_pylist()
    if any(value is None or is_blank(value) for value in values):
        return None
    escaped = [
        value.replace(core, f"{core[:2]}-{core[2:]}") for value in (escape(part, slot.exact_context) for part in values)
    ]
    return pc.replace_with_mask(column, unsafe, pa.array(escaped, type=pa.string()))
