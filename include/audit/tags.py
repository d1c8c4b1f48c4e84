"""Tag lists, the syntax of DKIM, DMARC and BIMI records (RFC 6376, section 3.2): `v=DMARC1; p=none`."""

from __future__ import annotations


def tags_of(record: str) -> dict[str, str]:
    """The tags with their values, names in lower case; what is no tag is left out."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, separator, value in pairs if separator}


def of_version(records: list[str], version: str) -> list[dict[str, str]]:
    """The records that begin with this version, such as DMARC1, as tags."""
    found = [tags_of(record) for record in records]
    return [tags for tags in found if next(iter(tags.items()), None) == ("v", version)]
