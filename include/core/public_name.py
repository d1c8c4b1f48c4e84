"""Whether a host can be public: names that RFCs reserve and addresses that are not global are not."""

from __future__ import annotations

import ipaddress
import socket

RESERVED_TLDS = frozenset({"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test", "arpa"})
"""RFC 2606, 6761, 6762, 7686, 9476, and ICANN's .internal."""
RESERVED_DOMAINS = frozenset({"example.com", "example.net", "example.org", "example.edu"})


def why_not_public(host: str) -> str | None:
    """Why a host cannot be public, judging by its name; None if it may be."""
    address = _address(host)
    if address is not None:
        return None if address.is_global else "is not a public address"
    labels = host.split(".")
    if labels[-1] in RESERVED_TLDS or ".".join(labels[-2:]) in RESERVED_DOMAINS:
        return "is reserved for documentation and tests"
    return None if len(labels) > 1 and all(labels) else "is not a public host name"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address of a host that is one, in any notation that browsers accept (127.1, 0x7f000001)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError, ValueError):
        return None
