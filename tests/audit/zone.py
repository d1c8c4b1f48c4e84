"""A name server on loopback that answers from a table of TXT records, with CNAMEs; and DKIM keys for it."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Mapping, Sequence

import dns.message
import dns.rcode
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dns.rdatatype import RdataType

Zone = dict[str, Sequence[str]]
CNAME = "→"
"""A record that begins with it is a CNAME: `→s1.domainkey.esp.example`."""


class RunningNameServer:
    """Answers over UDP: NXDOMAIN for a name that is not in the zone, SERVFAIL for one in `broken`."""

    def __init__(self) -> None:
        self.zone: Zone = {}
        self.broken: set[str] = set()
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(65_535)
            if not wire:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(wire)).to_wire(max_size=65_535), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query, recursion_available=True)
        name = query.question[0].name.to_text().rstrip(".").lower()
        self.asked.append(name)
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            self._add(answer, name)
        return answer

    def _add(self, answer: dns.message.Message, name: str) -> None:
        for text in self.zone.get(name, ()):
            if text.startswith(CNAME):
                target = text.removeprefix(CNAME)
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", RdataType.CNAME, f"{target}."))
                self._add(answer, target)
            else:
                parts = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", RdataType.TXT, parts))


def dkim_record(bits: int) -> str:
    """A DKIM record with a fresh RSA key."""
    key = rsa.generate_private_key(65_537, bits).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def good_zone(domain: str, changes: Mapping[str, Sequence[str]] | None = None) -> Zone:
    """All records of a domain that is authenticated with automated security, as they should be."""
    return {
        f"em.{domain}": ["→u7.wl.esp.example"],
        "u7.wl.esp.example": ["v=spf1 include:ips.esp.example -all"],
        "ips.esp.example": ["v=spf1 ip4:192.0.2.0/24 -all"],
        f"s1._domainkey.{domain}": ["→s1.domainkey.esp.example"],
        f"s2._domainkey.{domain}": [GOOD_KEY],
        "s1.domainkey.esp.example": [GOOD_KEY],
        f"_dmarc.{domain}": ["v=DMARC1; p=reject; rua=mailto:dmarc@reports.example"],
        f"default._bimi.{domain}": ["v=BIMI1; l=https://shop.example/logo.svg; a=https://shop.example/vmc.pem"],
    } | dict(changes or {})


GOOD_KEY = dkim_record(2048)
