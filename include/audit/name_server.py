"""Questions to the DNS. The name server can be replaced by `TRADEWIND_NAME_SERVER`, as tests do."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.resolver
from dns.rdatatype import RdataType

from include.core.errors import TradewindError
from include.core.public_name import why_not_public

SECONDS = 5.0
"""For one question, retries included."""
DEFAULT_PORT = 53
_ABSENT = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class NameServerUnavailable(TradewindError):
    """The DNS gave no answer: neither a record, nor that there is none."""

    retryable = True


@dataclass(frozen=True)
class NameServer:
    """A recursive resolver. `address` is `host` or `host:port` of an IPv4 address; empty means the system's."""

    address: str = ""

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each as one string; CNAMEs are followed. Empty if there is none.

        Raises `NameServerUnavailable`, also for a name that is reserved for documentation and can only be asked at a name
        server that was set on purpose.
        """
        if not self.address and (problem := why_not_public(name.rstrip("."))):
            raise NameServerUnavailable(f"{problem}; the DNS was not asked.", where=name, remedy="Use a domain of your own.")
        try:
            answer = self._resolver().resolve(name, RdataType.TXT, search=False)
        except _ABSENT:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise NameServerUnavailable(
                f"the DNS gave no answer ({type(error).__name__}).", where=name,
                remedy="Run the audit again; check the name servers of the domain if it repeats.",
            ) from None  # fmt: skip
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self.address)
        if self.address:
            host, _, port = self.address.partition(":")
            resolver.nameservers, resolver.port = [host], int(port or DEFAULT_PORT)
        resolver.lifetime = SECONDS
        return resolver
