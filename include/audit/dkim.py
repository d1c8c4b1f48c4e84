"""DKIM (RFC 6376, RFC 8301): the public keys with which receivers verify the signatures of our mail."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from include.audit.name_server import NameServer
from include.audit.result import Finding, Result, conclude
from include.audit.tags import tags_of

MIN_BITS, GOOD_BITS = 1024, 2048
"""RFC 8301: receivers ignore shorter keys than the first; signers should have the second, as Gmail recommends."""


def check(server: NameServer, selectors: Mapping[str, Sequence[str]]) -> Result:
    """The keys of `selectors`, {From domain: names of its DKIM records, as SendGrid signs with them}."""
    evidence: dict[str, int | str] = {"domains": len(selectors)}
    findings: list[Finding] = []
    for domain, names in sorted(selectors.items()):
        if not names:
            findings.append(("unknown", f"SendGrid names no DKIM record of {domain}: authenticate the domain there first."))
        for name in names:
            state, found = _key(name, server.texts(name))
            evidence[name] = state
            findings += found
    return conclude("dkim", evidence, findings, fine="Each DKIM key is published and long enough.")


def _key(name: str, records: list[str]) -> tuple[int | str, list[Finding]]:
    """The bits of the RSA key, or what the record is instead; and the findings."""
    keys = [tags_of(text) for text in records]
    keys = [tags for tags in keys if "p" in tags]
    if not keys:
        return "no record", [("fail", f"Publish the DKIM record {name} that SendGrid shows under Sender Authentication.")]
    if not keys[0]["p"]:
        return "revoked", [("fail", f"The DKIM key {name} is revoked (p= is empty). Validate the domain at SendGrid again.")]
    if keys[0].get("k", "rsa") == "ed25519":
        return "ed25519", []
    bits = _rsa_bits(keys[0]["p"])
    if bits is None:
        return "unreadable", [("fail", f"The DKIM key {name} cannot be read. Copy the record from SendGrid again.")]
    if bits < MIN_BITS:
        return bits, [("fail", f"The DKIM key {name} has {bits} bits; receivers ignore keys below {MIN_BITS}.")]
    if bits < GOOD_BITS:
        return bits, [("warn", f"The DKIM key {name} has {bits} bits; Gmail recommends {GOOD_BITS}.")]
    return bits, []


def _rsa_bits(text: str) -> int | None:
    try:
        key = load_der_public_key(base64.b64decode(text.replace(" ", ""), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None
