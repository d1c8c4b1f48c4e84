"""Opaque keys: of a message, and of an address.

The SQL twins of these functions are the macros of `include/sql/warehouse/`; a test holds them equal.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
import uuid

NAMESPACE = uuid.UUID("6f0c1d1e-6a52-5d3c-9f4e-7472616465aa")
"""UUIDv5 namespace of message keys. Never changes: a new namespace would mail everybody again."""

SEPARATOR = "\x1f"
"""Joins the parts of a key's name (ASCII unit separator: it stands in no id)."""


def message_key(campaign: str, occurrence: str, subscriber_id: str) -> str:
    """K: the key of the one message that `subscriber_id` gets for this occurrence of the campaign.

    No run id, try number or map index is in it, so that every re-run finds the same key.
    """
    return str(uuid.uuid5(NAMESPACE, SEPARATOR.join((campaign, occurrence, subscriber_id))))


def normalise_address(email: str) -> str:
    """The form of an address under which it is suppressed: NFKC, no surrounding space, lower case.

    Lower case for the local part too: RFC 5321 lets hosts tell `U@` from `u@`, none of the large providers does, and a
    person who left as `u@` must not be mailed as `U@`.
    """
    return unicodedata.normalize("NFKC", email).strip().lower()


def address_key(secret: bytes, email: str) -> str:
    """Keyed hash (HMAC-SHA256, hex) of the normalised address: stays after erasure, tells nothing without the key."""
    return hmac.new(secret, normalise_address(email).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
