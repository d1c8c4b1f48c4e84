"""Tokens in the links of mails: opaque and unforgeable. Unsubscribe tokens never expire, confirmation tokens do.

Layout before base64url: version (1 byte, its upper half the generation of the address key, less one), key id (1), for a
confirmation the Unix second up to which it is valid (4), message key (16), address key (32), HMAC-SHA256 (16 bytes of it).
The address key is a keyed hash, so the link contains no address, and the edge can suppress the person at once with the
ledger alone.

The MAC includes the purpose: an unsubscribe link, which a forwarded message contains, cannot be turned into a link that
confirms a subscription.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from urllib.parse import unquote

from include.core.keys import address_key, keys_of, rekeyed
from include.core.secrets import Secrets

VERSION, VERSION_WITH_EXPIRY, VERSION_OF_TESTS = 1, 2, 3
UNSUBSCRIBE, CONFIRM, PROBE, TEST = "unsubscribe", "confirm", "probe", "test"
"""Purposes: unsubscribe and preferences, double opt-in, a probe of whether an edge has the same keys, and every link of a
test send, which changes nothing."""
_LASTING = {UNSUBSCRIBE: VERSION, TEST: VERSION_OF_TESTS}
"""The versions of tokens without expiry. They have the same length."""
PROBE_HEADER = "X-Tradewind-Probe"
MAC_BYTES = 16
_BODY_BYTES = 2 + 16 + 32
_EXPIRY_BYTES = 4
LENGTH = (_BODY_BYTES + MAC_BYTES) * 4 // 3
"""Characters of an unsubscribe token."""
LENGTH_WITH_EXPIRY = -(-(_BODY_BYTES + _EXPIRY_BYTES + MAC_BYTES) * 4 // 3)
_NOT_OURS = re.compile(r"=0[AD]|[^A-Za-z0-9_-]")
"""Characters outside base64url; `=0D=0A` is a line break in undecoded quoted-printable."""
_LONGEST = 1_000


@dataclass(frozen=True)
class Subject:
    """The message and address of a token; `valid_until`, in Unix seconds, is set in confirmation tokens only."""

    message_key: str
    address_key: str
    valid_until: int | None = None


TRIAL = "trial"
TRIAL_MESSAGE = str(uuid.uuid5(uuid.NAMESPACE_URL, "https://tradewind.example/trial"))
"""The message key of `trial`. No message has it, and no statistic counts it."""


def trial(secrets: Secrets) -> Subject:
    """The recipient of the audit's trial of an unsubscribe link: nobody, with the key of a text that is no address."""
    return Subject(TRIAL_MESSAGE, address_key(secrets.address_key, TRIAL))


def mint(secrets: Secrets, subject: Subject, purpose: str = UNSUBSCRIBE) -> str:
    """The token for a message to a person. Equal subjects and purposes give equal tokens."""
    key_id = secrets.signing_key_id
    who = uuid.UUID(subject.message_key).bytes + bytes.fromhex(subject.address_key)
    body = header(secrets, purpose, subject.valid_until) + who
    return base64.urlsafe_b64encode(body + _mac(secrets.token_keys[key_id], body, purpose)).decode().rstrip("=")


def header(secrets: Secrets, purpose: str, valid_until: int | None = None) -> bytes:
    """The bytes before message and address: version, key id, expiry of a confirmation. Equal for a whole plan."""
    generation = (secrets.generation - 1) << 4
    if purpose in _LASTING:
        return bytes((generation | _LASTING[purpose], secrets.signing_key_id))
    assert valid_until is not None, "a confirmation expires"
    return bytes((generation | VERSION_WITH_EXPIRY, secrets.signing_key_id)) + valid_until.to_bytes(_EXPIRY_BYTES, "big")


def verify(secrets: Secrets, token: str, purpose: str = UNSUBSCRIBE) -> Subject | None:
    """The subject of `token`; None if it is forged, damaged, signed with a retired key, or for another purpose.

    Does not check `valid_until`: the caller compares it with the clock. A link from before a rotation of the address key
    gives the person's present key.
    """
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    version, expiry = (_LASTING[purpose], 0) if purpose in _LASTING else (VERSION_WITH_EXPIRY, _EXPIRY_BYTES)
    if len(raw) != _BODY_BYTES + expiry + MAC_BYTES or raw[0] & 0x0F != version or raw[0] >> 4 >= secrets.generation:
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    key = secrets.token_keys.get(raw[1])
    if key is None or not hmac.compare_digest(mac, _mac(key, body, purpose)):
        return None
    who = body[2 + expiry :]
    valid_until = int.from_bytes(body[2 : 2 + expiry], "big") if expiry else None
    later = keys_of(secrets.address_key)[(raw[0] >> 4) + 1 :]
    return Subject(str(uuid.UUID(bytes=who[:16])), rekeyed(later, who[16:].hex()), valid_until)


def repaired(token: str, purpose: str = UNSUBSCRIBE) -> str:
    """`token` without what mail clients and copying add: dots, brackets, blanks, line breaks, escapes, trailing text.

    The result must still verify. Letters whose case was changed cannot be repaired.
    """
    kept = _NOT_OURS.sub("", unquote(token[:_LONGEST]))
    return kept[: LENGTH if purpose in _LASTING else LENGTH_WITH_EXPIRY]


def probe(secrets: Secrets) -> str:
    """A token for no person, with which an edge proves that it has the same token key and address key."""
    return mint(secrets, Subject(str(uuid.uuid4()), address_key(secrets.address_key, PROBE), valid_until=0), PROBE)


def is_valid_probe(secrets: Secrets, token: str) -> bool:
    """Whether `token` is a `probe` made with the same keys, of any age."""
    subject = verify(secrets, token, PROBE)
    return subject is not None and hmac.compare_digest(subject.address_key, address_key(secrets.address_key, PROBE))


def _mac(key: bytes, body: bytes, purpose: str) -> bytes:
    bound = body if purpose == UNSUBSCRIBE else purpose.encode() + b"\0" + body
    return hmac.new(key, bound, hashlib.sha256).digest()[:MAC_BYTES]
