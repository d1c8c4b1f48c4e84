"""SPF (RFC 7208) of the domains in the return path: which servers may send for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.audit.name_server import NameServer
from include.audit.result import Finding, Result, conclude

VERSION = "v=spf1"
MAX_LOOKUPS = 10
"""Terms that ask the DNS; with more, receivers treat the record as broken (RFC 7208, section 4.6.4)."""
_ASKING, _ASKING_WITH = ("a", "mx", "ptr"), ("include:", "exists:", "redirect=")


def check(server: NameServer, hosts: Mapping[str, str]) -> Result:
    """The SPF records of `hosts`, {From domain: domain of its return path}."""
    evidence: dict[str, int | str] = {"domains": len(hosts)}
    findings: list[Finding] = []
    for domain, host in sorted(hosts.items()):
        records = _records(server, host)
        evidence[f"{domain}: records"] = len(records)
        if len(records) == 1:
            evidence[f"{domain}: lookups"] = _lookups(server, records[0])
        findings += _findings(host, records, int(evidence.get(f"{domain}: lookups", 0)))
    return conclude("spf", evidence, findings, fine="Each return path has one SPF record, which receivers can evaluate.")


def _records(server: NameServer, host: str) -> list[str]:
    return [text for text in server.texts(host) if text.lower().split(" ")[0] == VERSION]


def _findings(host: str, records: list[str], lookups: int) -> Iterator[Finding]:
    if not records:
        yield "fail", f"Publish an SPF record at {host}: Gmail, Yahoo and Microsoft refuse bulk mail without one."
    elif len(records) > 1:
        yield "fail", f"Merge the SPF records at {host} into one: with several, none is valid."
    elif lookups > MAX_LOOKUPS:
        yield "fail", f"The SPF record at {host} needs {lookups} lookups; receivers stop at {MAX_LOOKUPS}. Remove includes."
    else:
        yield from _ending(host, records[0].lower().split())


def _ending(host: str, terms: list[str]) -> Iterator[Finding]:
    if {"all", "+all"} & set(terms):
        yield "fail", f"The SPF record at {host} allows every server (+all). End it with ~all or -all."
    elif not {"-all", "~all"} & set(terms) and not any(term.startswith("redirect=") for term in terms):
        yield "warn", f"The SPF record at {host} does not say what holds for other servers. End it with ~all or -all."


def _lookups(server: NameServer, record: str) -> int:
    """Terms of the record, and of the records that it includes, that ask the DNS. Stops counting above the limit."""
    waiting, seen, count = [record], set[str](), 0
    while waiting and count <= MAX_LOOKUPS:
        for term in filter(_asks, waiting.pop().lower().split()[1:]):
            count += 1
            target = term.lstrip("+-~?").removeprefix("include:").removeprefix("redirect=")
            if target != term.lstrip("+-~?") and target not in seen and count <= MAX_LOOKUPS:
                seen.add(target)
                waiting += _records(server, target)[:1]
    return count


def _asks(term: str) -> bool:
    word = term.lstrip("+-~?")
    return word.startswith(_ASKING_WITH) or word.split(":")[0].split("/")[0] in _ASKING
