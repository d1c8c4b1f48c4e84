"""Opaque keys of messages and addresses.

The SQL twins of these functions are macros: of `include/sql/warehouse/`, and for addresses of `include/sql/validate/`; tests
compare them.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
import uuid
from collections.abc import Iterable
from functools import lru_cache

NAMESPACE = uuid.UUID("6f0c1d1e-6a52-5d3c-9f4e-7472616465aa")
"""UUIDv5 namespace of message keys. Never changes: with another namespace, everybody would be mailed again."""

SEPARATOR = "\x1f"
"""Joins the parts of a key's name (ASCII unit separator, which no id contains)."""


def message_key(campaign: str, occurrence: str, subscriber_id: str) -> str:
    """The message key: identifies the message to `subscriber_id` for this occurrence of the campaign.

    It does not depend on run id, try number or map index, so that every re-run computes the same key.
    """
    return str(uuid.uuid5(NAMESPACE, SEPARATOR.join((campaign, occurrence, subscriber_id))))


def message_key_of_test(campaign: str, occurrence: str, recipient: str) -> str:
    """As `message_key`, for a test send: a UUID of version 8 (RFC 9562), so that its events are told from real ones."""
    key = message_key(campaign, occurrence, recipient)
    return f"{key[:14]}8{key[15:]}"


def normalise_address(email: str) -> str:
    """The normalised address: NFKC, without surrounding space, lower case.

    The local part too: RFC 5321 allows hosts to distinguish `U@` from `u@`, but no large provider does, and a person who
    unsubscribed as `u@` must not be mailed as `U@`.
    """
    return (email if email.isascii() else unicodedata.normalize("NFKC", email)).strip().lower()


AddressSecret = bytes | tuple[bytes, ...]
"""The secret of address keys: one key or, after rotations, all of them, oldest first."""


def address_key(secret: AddressSecret, email: str) -> str:
    """Keyed hash (HMAC-SHA256, hex) of the normalised address: kept after erasure, and meaningless without the key.

    Each further key of a rotation hashes the result of the one before (ADR 113).
    """
    first, *later = keys_of(secret)
    inner, outer = hmac_pads(first)
    within = hashlib.sha256(inner + normalise_address(email).encode("utf-8", "surrogatepass")).digest()
    return rekeyed(later, hashlib.sha256(outer + within).hexdigest())


@lru_cache(16)
def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block of HMAC-SHA256 (RFC 2104), also for the SQL twins. Computed once per key.

    With them, HMAC is two hashes, which take half as long as `hmac.digest`; collect keys each address that it meets.
    """
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def rekeyed(later: Iterable[bytes], key: str) -> str:
    """The address key after rotations to the `later` keys. Needs no address, so that nothing of the erased is lost."""
    for secret in later:
        key = hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()
    return key


def keys_of(secret: AddressSecret) -> tuple[bytes, ...]:
    """The keys, oldest first."""
    return (secret,) if isinstance(secret, bytes) else secret


def subscriber_key(secret: AddressSecret, subscriber_id: str) -> str:
    """Keyed hash of a subscriber id, by which an erased person is recognized in rows without an address; rotated alike."""
    first, *later = keys_of(secret)
    text = b"subscriber id\0" + subscriber_id.encode("utf-8", "surrogatepass")
    return rekeyed(later, hmac.new(first, text, hashlib.sha256).hexdigest())
