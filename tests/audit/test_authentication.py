"""SPF, DKIM, DMARC and BIMI, asked of a real name server on loopback."""

from __future__ import annotations

import pytest

from include.audit import dkim, dmarc, spf
from include.audit.name_server import NameServer, NameServerUnavailable
from include.audit.result import attempt
from tests.audit.zone import GOOD_KEY, RunningNameServer, Zone, dkim_record, good_zone

SHOP = "shop.example.com"
HOST = f"em.{SHOP}"
SPF_FAULTS: list[tuple[str, Zone, str, str]] = [
    ("none", {HOST: []}, "fail", "Publish an SPF record"),
    ("two", {HOST: ["v=spf1 -all", "v=spf1 ~all"]}, "fail", "into one"),
    ("everybody", {HOST: ["v=spf1 +all"]}, "fail", "every server"),
    ("open end", {HOST: ["v=spf1 ip4:192.0.2.1"]}, "warn", "does not say"),
    ("another text", {HOST: ["v=spf10 -all", "verification=1"]}, "fail", "Publish an SPF record"),
]
DMARC_FAULTS: list[tuple[str, list[str], str, str]] = [
    ("none", [], "fail", "Publish a DMARC record"),
    ("two", ["v=DMARC1; p=reject", "v=DMARC1; p=none"], "fail", "Leave one"),
    ("no policy", ["v=DMARC1; rua=mailto:a@b.example"], "fail", "no valid policy"),
    ("misspelt", ["v=DMARC1; p=rejct; rua=mailto:a@b.example"], "fail", "no valid policy"),
    ("observes", ["v=DMARC1; p=none; rua=mailto:a@b.example"], "warn", "only observes"),
    ("a part", ["v=DMARC1; p=quarantine; pct=20; rua=mailto:a@b.example"], "warn", "20 %"),
    ("silent", ["v=DMARC1; p=reject"], "warn", "reports to nobody"),
    ("version later", ["p=reject; v=DMARC1"], "fail", "Publish a DMARC record"),
]


def test_records_as_they_should_be_pass(dns_server: RunningNameServer) -> None:
    dns_server.zone = good_zone(SHOP)
    server = NameServer(dns_server.address)
    results = [
        spf.check(server, {SHOP: HOST}),
        dkim.check(server, {SHOP: [f"s1._domainkey.{SHOP}", f"s2._domainkey.{SHOP}"]}),
        dmarc.check_dmarc(server, [SHOP]),
        dmarc.check_bimi(server, [SHOP]),
    ]
    assert [(one.check, one.verdict) for one in results] == [
        ("spf", "pass"), ("dkim", "pass"), ("dmarc", "pass"), ("bimi", "pass"),
    ]  # fmt: skip
    assert results[0].evidence == {"domains": 1, f"{SHOP}: records": 1, f"{SHOP}: lookups": 1}
    assert results[1].evidence[f"s1._domainkey.{SHOP}"] == 2048, "the CNAME is followed"


@pytest.mark.parametrize(("_case", "zone", "verdict", "advice"), SPF_FAULTS, ids=[one[0] for one in SPF_FAULTS])
def test_spf_faults(dns_server: RunningNameServer, _case: str, zone: Zone, verdict: str, advice: str) -> None:
    dns_server.zone = good_zone(SHOP, zone)
    result = spf.check(NameServer(dns_server.address), {SHOP: HOST})
    assert (result.verdict, advice in result.advice) == (verdict, True), result


def test_more_than_ten_lookups_break_spf(dns_server: RunningNameServer) -> None:
    inner = {f"i{number}.example": ["v=spf1 a mx exists:%{i}.example -all"] for number in range(3)}
    dns_server.zone = {HOST: ["v=spf1 include:i0.example include:i1.example ?include:i2.example -all"], **inner}
    result = spf.check(NameServer(dns_server.address), {SHOP: HOST})
    assert (result.verdict, result.evidence[f"{SHOP}: lookups"]) == ("fail", 12)
    dns_server.zone[HOST] = ["v=spf1 include:i0.example include:i1.example ip4:192.0.2.1 all.example -all"]
    result = spf.check(NameServer(dns_server.address), {SHOP: HOST})
    assert (result.verdict, result.evidence[f"{SHOP}: lookups"]) == ("pass", 8)


def test_spf_records_that_include_each_other_end(dns_server: RunningNameServer) -> None:
    dns_server.zone = {HOST: ["v=spf1 include:b.example -all"], "b.example": [f"v=spf1 redirect={HOST}"]}
    result = spf.check(NameServer(dns_server.address), {SHOP: HOST})
    assert result.evidence[f"{SHOP}: lookups"] == 3


@pytest.mark.parametrize(
    ("record", "verdict", "shown"),
    [
        ([], "fail", "no record"), (["v=DKIM1; p="], "fail", "revoked"), (["v=DKIM1; p=abc"], "fail", "unreadable"),
        ([dkim_record(1024)], "warn", 1024), ([GOOD_KEY.removeprefix("v=DKIM1; k=rsa; ")], "pass", 2048),
        (["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="], "pass", "ed25519"),
    ],
    ids=["none", "revoked", "unreadable", "short", "without optional tags", "ed25519"],
)  # fmt: skip
def test_dkim_keys(dns_server: RunningNameServer, record: list[str], verdict: str, shown: object) -> None:
    dns_server.zone = {"s1._domainkey.shop.example": record}
    result = dkim.check(NameServer(dns_server.address), {"shop.example": ["s1._domainkey.shop.example"]})
    assert (result.verdict, result.evidence["s1._domainkey.shop.example"]) == (verdict, shown)


def test_a_key_that_receivers_ignore_fails(dns_server: RunningNameServer) -> None:
    short = (
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMTeGIUdTXTTuAcSXxqUbl9gIZKJ5VjL8vZt/ke3Gt1QuU4eSBOpeOxKz9fXbJJ5tRwcBNgwvRLo2+3r2ws1"
        "jFMCAwEAAQ=="
    )
    dns_server.zone = {"k.shop.example": [f"p={short}"]}
    result = dkim.check(NameServer(dns_server.address), {"shop.example": ["k.shop.example"]})
    assert (result.verdict, result.evidence["k.shop.example"]) == ("fail", 512)


def test_without_the_names_of_keys_dkim_is_unknown(dns_server: RunningNameServer) -> None:
    assert dkim.check(NameServer(dns_server.address), {SHOP: []}).verdict == "unknown"


@pytest.mark.parametrize(("_case", "records", "verdict", "advice"), DMARC_FAULTS, ids=[one[0] for one in DMARC_FAULTS])
def test_dmarc_faults(dns_server: RunningNameServer, _case: str, records: list[str], verdict: str, advice: str) -> None:
    dns_server.zone = good_zone(SHOP, {f"_dmarc.{SHOP}": records})
    result = dmarc.check_dmarc(NameServer(dns_server.address), [SHOP])
    assert (result.verdict, advice in result.advice) == (verdict, True), result


def test_a_subdomain_has_the_policy_of_its_organisation(dns_server: RunningNameServer) -> None:
    dns_server.zone = {"_dmarc.shop.co.uk": ["v=DMARC1; p=none; sp=reject; rua=mailto:a@b.example"]}
    result = dmarc.check_dmarc(NameServer(dns_server.address), ["news.shop.co.uk"])
    assert (result.verdict, result.evidence["news.shop.co.uk: policy"]) == ("pass", "reject")
    assert dns_server.asked == ["_dmarc.news.shop.co.uk", "_dmarc.shop.co.uk"], "not the public suffix"


@pytest.mark.parametrize(
    ("records", "policy", "verdict"),
    [
        ([], "reject", "warn"), (["v=BIMI1; l=http://x.example/a.svg"], "reject", "fail"),
        (["v=BIMI1; l=https://x.example/a.png"], "reject", "fail"), (["v=BIMI1; l=https://x.example/a.svg"], "none", "fail"),
        (["v=BIMI1; l=https://x.example/a.svg"], "reject", "warn"),
    ],
)  # fmt: skip
def test_bimi(dns_server: RunningNameServer, records: list[str], policy: str, verdict: str) -> None:
    dmarc_record = [f"v=DMARC1; p={policy}; rua=mailto:a@b.example"]
    dns_server.zone = good_zone(SHOP, {f"default._bimi.{SHOP}": records, f"_dmarc.{SHOP}": dmarc_record})
    assert dmarc.check_bimi(NameServer(dns_server.address), [SHOP]).verdict == verdict


def test_a_name_server_that_fails_is_no_missing_record(dns_server: RunningNameServer) -> None:
    dns_server.broken = {f"_dmarc.{SHOP}"}
    result = attempt("dmarc", lambda: dmarc.check_dmarc(NameServer(dns_server.address), [SHOP]))
    assert result.verdict == "unknown"
    assert "gave no answer" in result.advice


def test_a_reserved_name_is_not_asked_of_the_systems_name_server() -> None:
    with pytest.raises(NameServerUnavailable, match="reserved for documentation"):
        NameServer().texts("_dmarc.shop.example.com")
