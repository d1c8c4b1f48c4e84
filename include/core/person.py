"""The person of a privacy request: what identifies them in the stores, and which rows and texts are about them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, reduce

import pyarrow as pa
import pyarrow.compute as pc

ERASED_EMAIL = "erased@erased.invalid"
"""In the place of an address where a row must stay. RFC 6761: mail to .invalid goes nowhere."""
_ESCAPED_AT = {
    "@": r"\\[nrt]",
    "%40": "%[0-9a-f]{2}",
    "\\u0040": r"\\u[0-9a-f]{4}",
    "&#64;": "&[a-z0-9#]+;",
    "=40": "=[0-9a-f]{2}",
}
"""How @ appears in texts (URL, JSON, HTML, quoted-printable), with the escape that may stand before an address there."""


@dataclass(frozen=True)
class Person:
    """Subscriber ids, normalized addresses, their keys, and the id that takes the place of theirs where rows must stay."""

    subscriber_ids: tuple[str, ...]
    addresses: tuple[str, ...]
    address_keys: tuple[str, ...]
    pseudonym: str


def rows_of(person: Person, table: pa.Table) -> pa.ChunkedArray:
    """Which rows belong to the person: by subscriber id, or because a text column contains an address of theirs."""
    found = [
        _contains(person, table[name]) for name in table.column_names if pa.types.is_string(table.schema.field(name).type)
    ]
    if "subscriber_id" in table.column_names:
        found.append(pc.is_in(table["subscriber_id"], pa.array(person.subscriber_ids, pa.string())))
    return reduce(pc.or_, found, pa.chunked_array([pa.repeat(False, table.num_rows)]))


def contains_address(person: Person, content: bytes) -> bool:
    """Whether a text contains an address of the person, also in full-width letters or with an escaped @."""
    text = unicodedata.normalize("NFKC", content.decode("utf-8", "replace")).lower()
    forms = (form for address in person.addresses for form in escaped_forms(address))
    return any(form in text for form in forms) and re.search(address_pattern(person), text) is not None


@cache
def address_pattern(person: Person) -> str:
    """A regular expression that finds the person's addresses in a text in lower case; its group is the address.

    For Python, RE2 and DuckDB. Not within a longer address: ann@x.org is in neither joann@x.org nor ann@x.org.uk.
    """
    found = []
    for address in person.addresses:
        local, _, domain = address.rpartition("@")
        for at, escape in _ESCAPED_AT.items():
            before = rf"(?:^|[^a-z0-9._+'%\-]|{escape})"
            after = r"(?:$|[^a-z0-9.\-]|\.(?:$|[^a-z0-9]))"
            found.append(f"{before}({re.escape(local)}{re.escape(at)}{re.escape(domain)}){after}")
    return "|".join(found)


def escaped_forms(address: str) -> list[str]:
    """How an address appears in texts: as it is, and with an escaped @."""
    return [address.replace("@", at) for at in _ESCAPED_AT]


def _contains(person: Person, column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_lower(pc.utf8_normalize(column, form="NFKC"))
    return pc.fill_null(pc.match_substring_regex(text, address_pattern(person)), False)
