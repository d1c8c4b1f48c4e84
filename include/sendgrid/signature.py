"""The signature of SendGrid's event webhook: ECDSA P-256 with SHA-256 over the timestamp header and the raw body.

sendgrid-python's `EventWebhook` is not used: it takes text although bytes are signed, and raises on invalid input.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

log = logging.getLogger(__name__)

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
_TIMESTAMP = re.compile(r"[0-9]{1,20}", re.ASCII)
_MAX_SIGNATURE = 200
_ALGORITHM = ec.ECDSA(Prehashed(SHA256()))


def parse_public_keys(text: str) -> tuple[ec.EllipticCurvePublicKey, ...]:
    """The keys of `TRADEWIND_WEBHOOK_KEYS`: base64 DER, comma-separated.

    An invalid part is logged and ignored, so that the valid key works during a rotation.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    keys = [_parse_public_key(part) for part in parts]
    for number, key in enumerate(keys, start=1):
        if key is None:
            log.error("TRADEWIND_WEBHOOK_KEYS: part %d of %d is not a base64 DER P-256 public key", number, len(parts))
    return tuple(key for key in keys if key is not None)


def has_signature_format(timestamp: str, signature: str) -> bool:
    """Whether the headers have the format of a signature, which can be checked before the body is read."""
    raw = _decode(signature)
    return raw is not None and raw[:1] == b"\x30" and bool(_TIMESTAMP.fullmatch(timestamp))


def has_valid_signature(
    keys: Iterable[ec.EllipticCurvePublicKey], timestamp: str, body: bytes | bytearray, signature: str
) -> bool:
    """Whether any of `keys` signed exactly these bytes. Returns False for malformed input; never raises.

    The age of the timestamp is not checked: SendGrid retries for 24 h and does not document whether it signs again, and a
    replay is harmless, since events are deduplicated by content (see include/collect/load.py).
    """
    raw = _decode(signature)
    if raw is None or not _TIMESTAMP.fullmatch(timestamp):
        return False
    digest = hashlib.sha256(timestamp.encode())
    digest.update(body)
    return any(_verifies(key, raw, digest.digest()) for key in keys)


def _verifies(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def _decode(signature: str) -> bytes | None:
    if len(signature) > _MAX_SIGNATURE:
        return None
    try:
        return base64.b64decode(signature.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def _parse_public_key(part: str) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(base64.b64decode(part, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1" else None
