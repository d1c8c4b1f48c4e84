"""Unsubscribe and preference tokens (RFC 8058 links): opaque, unforgeable, without expiry.

Layout before base64url: version (1 byte), key id (1), message key K (16), address key (32), HMAC-SHA256 (16 bytes of it).
The address key is a keyed hash, so no address is in the link, and the edge can suppress the person at once without asking
anything but the ledger.

A token is bound to its purpose through the MAC: the link that stops mail, which a forwarded message carries along, cannot be
turned into the one that confirms a subscription.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass

from include.core.secrets import Secrets

VERSION = 1
UNSUBSCRIBE, CONFIRM = "unsubscribe", "confirm"
"""What a token is for: leaving and preferences, or the double opt-in."""
MAC_BYTES = 16
_BODY_BYTES = 2 + 16 + 32
LENGTH = (_BODY_BYTES + MAC_BYTES) * 4 // 3
"""Characters of a token."""


@dataclass(frozen=True)
class Subject:
    """Whom a token speaks for."""

    message_key: str
    address_key: str


def mint(secrets: Secrets, subject: Subject, purpose: str = UNSUBSCRIBE) -> str:
    """The token for a message to a person. Pure; the same subject and purpose give the same token."""
    key_id = secrets.signing_key_id
    body = bytes((VERSION, key_id)) + uuid.UUID(subject.message_key).bytes + bytes.fromhex(subject.address_key)
    return base64.urlsafe_b64encode(body + _mac(secrets.token_keys[key_id], body, purpose)).decode().rstrip("=")


def read(secrets: Secrets, token: str, purpose: str = UNSUBSCRIBE) -> Subject | None:
    """Whom `token` speaks for; None for anything forged, garbled, of a retired key or for another purpose."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if len(raw) != _BODY_BYTES + MAC_BYTES or raw[0] != VERSION:
        return None
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    key = secrets.token_keys.get(raw[1])
    if key is None or not hmac.compare_digest(mac, _mac(key, body, purpose)):
        return None
    return Subject(str(uuid.UUID(bytes=body[2:18])), body[18:].hex())


def _mac(key: bytes, body: bytes, purpose: str) -> bytes:
    bound = body if purpose == UNSUBSCRIBE else purpose.encode() + b"\0" + body
    return hmac.new(key, bound, hashlib.sha256).digest()[:MAC_BYTES]


def pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block of HMAC-SHA256 (RFC 2104), for the SQL twin `unsubscribe_token`."""
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
