"""Address rules: whether mail can be sent to an address, decided from its text alone. No DNS or SMTP lookup is made.

The policies:

- Syntax is the part of RFC 5321 that is deliverable in practice: a dot in the domain, no quoted local part, no domain
  literal, no special-use domain except `.test` and `example.*`, which tests and demos use.
- The local part is ASCII. SendGrid accepts nothing else, and a full-width or Cyrillic letter there is nearly always a
  look-alike.
- An internationalised domain is accepted and stored in its ASCII form, unless a label mixes Latin with Cyrillic, Greek or
  Armenian.
- Technical role addresses (`postmaster@`, `abuse@`, RFC 2142; `noreply@`) and disposable domains are rejected: mail to them
  causes complaints and bounces. `info@` and `sales@` are accepted, since small companies use them as their only mailbox.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

MISSING, SYNTAX, CONFUSABLE = "address_missing", "address_syntax", "address_confusable"
ROLE, DISPOSABLE = "address_role", "address_disposable"
FAULTS = (MISSING, SYNTAX, CONFUSABLE, ROLE, DISPOSABLE)
_ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_PLAIN = rf"^{_ATEXT}+(\.{_ATEXT}+)*@[A-Za-z0-9.-]+$"
_FITS = "^[^@]{1,64}@[^@]{1,189}$"
_ROLES = (
    r"(?i)^(postmaster|abuse|hostmaster|mailer-daemon|noc|security|root|usenet|uucp|no[-_.]?reply|do[-_.]?not[-_.]?reply|"
    r"list-unsubscribe|unsubscribe|bounces?)@"
)


def address_faults(addresses: pa.Array) -> pa.Array:
    """For each trimmed address the first fault of `FAULTS`, null where it has none. About 2 µs per address.

    Plain ASCII addresses are checked by two patterns and by their domain, of which there are few; the others one by one.
    """
    plain = pc.and_(pc.match_substring_regex(addresses, _PLAIN), pc.match_substring_regex(addresses, _FITS))
    domains = pc.dictionary_encode(
        pc.utf8_lower(pc.struct_field(pc.extract_regex(addresses, "@(?P<domain>[^@]+)$"), "domain"))
    )
    by_domain = pa.array([_domain_fault(domain) for domain in domains.dictionary.to_pylist()], pa.string())
    of_plain = by_domain.take(domains.indices)
    role = pc.if_else(pc.match_substring_regex(addresses, _ROLES), ROLE, pa.scalar(None, pa.string()))
    unusual = pc.fill_null(pc.invert(plain), False)
    of_unusual = [address_fault(text) for text in addresses.filter(unusual).to_pylist()]
    found = pc.replace_with_mask(of_plain, unusual, pa.array(of_unusual, pa.string()))
    return pc.if_else(pc.is_null(addresses), MISSING, pc.coalesce(found, role))


def address_fault(address: str | None) -> str | None:
    """The fault of one address; `ROLE` is checked by `address_faults` only."""
    if not address:
        return MISSING
    try:
        found = validate_email(
            address,
            check_deliverability=False,
            test_environment=True,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            strict=True,
        )
    except (EmailNotValidError, UnicodeError):
        return SYNTAX
    if any(_mixes_scripts(label) for label in found.domain.split(".")):
        return CONFUSABLE
    return DISPOSABLE if _is_disposable(found.ascii_domain or "") else None


def ascii_form(address: str) -> str:
    """The address as it is sent: an internationalised domain in ASCII (IDNA). An invalid address is returned unchanged."""
    if address.isascii():
        return address
    try:
        return validate_email(address, check_deliverability=False, test_environment=True).ascii_email or address
    except (EmailNotValidError, UnicodeError):
        return address


@lru_cache(maxsize=200_000)
def _domain_fault(domain: str | None) -> str | None:
    return address_fault(f"a@{domain}")


def _is_disposable(domain: str) -> bool:
    parts = domain.lower().split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def _mixes_scripts(label: str) -> bool:
    if label.isascii():
        return False
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in label if letter.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN"})
