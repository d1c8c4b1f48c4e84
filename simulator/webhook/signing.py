"""The signature of the Event Webhook: ECDSA on P-256 with SHA-256 over timestamp + raw body."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
PUBLIC_FILE = "webhook_public_key.txt"


class Signer:
    """The signing key: created once in the data folder, with the public key in `webhook_public_key.txt` as base64 DER."""

    def __init__(self, folder: Path) -> None:
        private = folder / "webhook_private_key.pem"
        if not private.exists():
            _write(private, _new_key())
        key = load_pem_private_key(private.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{private} is not an elliptic curve key. Remove the file; a new key will be created.")
        self._key = key
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(der).decode()
        _write(folder / PUBLIC_FILE, self.public_key.encode() + b"\n")

    def headers(self, timestamp: int, body: bytes) -> dict[str, str]:
        """The signature headers of a body posted at `timestamp`."""
        signature = self._key.sign(str(timestamp).encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: str(timestamp)}


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write atomically, readable by the owner only."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)
