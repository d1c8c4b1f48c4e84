"""DMARC (RFC 7489) and BIMI of the From domains: what receivers do with mail that nobody signed, and the logo beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from publicsuffixlist import PublicSuffixList

from include.audit.name_server import NameServer
from include.audit.result import Finding, Result, conclude
from include.audit.tags import of_version

POLICIES = ("none", "quarantine", "reject")
ENFORCED = frozenset({"quarantine", "reject"})


def check_dmarc(server: NameServer, domains: Iterable[str]) -> Result:
    """The DMARC record of each domain, or of the organisation's domain above it."""
    evidence: dict[str, int | str] = {}
    findings: list[Finding] = []
    for domain in sorted(domains):
        records, policy = _policy(server, domain)
        evidence[f"{domain}: records"] = len(records)
        evidence[f"{domain}: policy"] = policy
        findings += _dmarc_findings(domain, records, policy)
    fine = "Each From domain has a DMARC record that is enforced and reports."
    return conclude("dmarc", evidence, findings, fine=fine)


def check_bimi(server: NameServer, domains: Iterable[str]) -> Result:
    """The BIMI record of each domain. Optional: it shows the shop's logo, if DMARC is enforced."""
    evidence: dict[str, int | str] = {}
    findings: list[Finding] = []
    for domain in sorted(domains):
        records = _records(server, f"default._bimi.{domain}", f"default._bimi.{organisation(domain)}", "BIMI1")
        evidence[f"{domain}: records"] = len(records)
        findings += _bimi_findings(domain, records, _policy(server, domain)[1])
    return conclude("bimi", evidence, findings, fine="Each From domain has a logo that mailbox providers may show.")


def _policy(server: NameServer, domain: str) -> tuple[list[dict[str, str]], str]:
    """The records that apply to a domain, and the policy: that of subdomains if the record is the organisation's."""
    above = organisation(domain)
    records = of_version(server.texts(f"_dmarc.{domain}"), "DMARC1")
    if records or above == domain:
        return records, records[0].get("p", "missing").lower() if records else "missing"
    records = of_version(server.texts(f"_dmarc.{above}"), "DMARC1")
    return records, records[0].get("sp", records[0].get("p", "missing")).lower() if records else "missing"


def _records(server: NameServer, name: str, above: str, version: str) -> list[dict[str, str]]:
    found = of_version(server.texts(name), version)
    return found if found or name == above else of_version(server.texts(above), version)


def organisation(domain: str) -> str:
    """The registered domain: `shop.co.uk` of `news.shop.co.uk`."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _dmarc_findings(domain: str, records: list[dict[str, str]], policy: str) -> Iterator[Finding]:
    if not records:
        yield "fail", f"Publish a DMARC record at _dmarc.{domain}, at first v=DMARC1; p=none with rua= for reports."
    elif len(records) > 1:
        yield "fail", f"Leave one DMARC record for {domain}: with several, receivers apply none."
    elif policy not in POLICIES:
        yield "fail", f"The DMARC record for {domain} has no valid policy (p=none, quarantine or reject)."
    else:
        if policy not in ENFORCED:
            yield "warn", f"DMARC of {domain} only observes (p=none). When its reports show your mail alone, set quarantine."
        elif records[0].get("pct", "100") != "100":
            yield "warn", f"DMARC of {domain} holds for {records[0]['pct']} % of the mail only. Raise pct to 100."
        if not records[0].get("rua"):
            yield "warn", f"DMARC of {domain} reports to nobody. Add rua=mailto:… to see who sends in your name."


def _bimi_findings(domain: str, records: list[dict[str, str]], policy: str) -> Iterator[Finding]:
    if len(records) != 1:
        yield "warn", f"Optional: publish one BIMI record at default._bimi.{domain} with an SVG of the logo."
    elif not records[0].get("l", "").startswith("https://") or not records[0]["l"].endswith(".svg"):
        yield "fail", f"The logo in the BIMI record of {domain} must be an https address of an SVG (l=)."
    elif policy not in ENFORCED:
        yield "fail", f"BIMI of {domain} has no effect while DMARC is not enforced (quarantine or reject)."
    elif not records[0].get("a"):
        yield "warn", f"BIMI of {domain} has no certificate (a=). Gmail and Apple show the logo with one only."
