"""Filters values that must not be printed: a name or attribute that looks like a template is treated as missing.

The warehouse keeps the source's value, so another policy (`include.core.template_names`) applies from the next plan on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.core import template_names

NAMES = ("first_name", "last_name")
_TEMPLATE = re.compile(template_names.LOOKS_LIKE_TEMPLATE)
_SUSPECT = rf"{template_names.LOOKS_LIKE_TEMPLATE}|\\[u/]"
"""The pattern for the JSON text of an object, which may contain escaped characters."""


def printable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same people, with null for each name, and without each attribute, that looks like a template."""
    if template_names.policy() == template_names.KEEP:
        return batch
    for name in NAMES:
        if name in batch.schema.names:
            batch = _with(batch, name, _without_templates(batch.column(name)))
    if "attributes" in batch.schema.names:
        batch = _with(batch, "attributes", _without_template_values(batch.column("attributes")))
    return batch


def _with(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), column)


def _without_templates(column: pa.Array) -> pa.Array:
    unsafe = pc.fill_null(pc.match_substring_regex(column, template_names.LOOKS_LIKE_TEMPLATE), False)
    return pc.if_else(unsafe, pa.scalar(None, column.type), column) if pc.any(unsafe).as_py() else column


def _without_template_values(column: pa.Array) -> pa.Array:
    texts = column.storage if isinstance(column.type, pa.BaseExtensionType) else column
    unsafe = pc.fill_null(pc.match_substring_regex(texts, _SUSPECT), False)
    if not pc.any(unsafe).as_py():
        return column
    cleaned = pa.array([_clean_attributes(text) for text in texts.filter(unsafe).to_pylist()], texts.type)
    done = pc.replace_with_mask(texts, unsafe, cleaned)
    return pa.ExtensionArray.from_storage(column.type, done) if texts is not column else done


def _clean_attributes(text: str) -> str:
    """The JSON object without values that look like templates; other texts are returned unchanged."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if not isinstance(found, dict) or not any(_template_keys(found)):
        return text
    for name in list(_template_keys(found)):
        del found[name]
    return orjson.dumps(found).decode()


def _template_keys(found: dict[str, Any]) -> Iterator[str]:
    return (name for name, value in found.items() if _is_template(value))


def _is_template(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(_is_template(part) for part in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and bool(_TEMPLATE.search(value))
