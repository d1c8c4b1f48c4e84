"""What the audit asks SendGrid, of the strict simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from include.audit import account as sendgrid
from include.audit.account import SendingDomain
from include.audit.result import attempt
from include.core.connections import SendGridAccount
from simulator.settings import DEFAULT_SCOPES
from tests.running_simulator import RunningSimulator

Start = Callable[..., RunningSimulator]


def account_of(simulator: RunningSimulator) -> SendGridAccount:
    return SendGridAccount(simulator.base_url, simulator.key)


def test_an_account_as_it_should_be(start_simulator: Start) -> None:
    account = account_of(start_simulator(no_recipients=True, webhook="http://127.0.0.1:9/events/sendgrid"))
    domains = sendgrid.sending_domains(account)
    assert domains[0] == SendingDomain(
        "example.com", True, "em.example.com", ("s1._domainkey.example.com", "s2._domainkey.example.com")
    )
    results = [
        sendgrid.check_domains({"shop.example.com", "example.org"}, domains),
        sendgrid.check_scopes(account),
        sendgrid.check_webhook(account),
    ]
    assert [one.verdict for one in results] == ["pass"] * 3, results
    assert sendgrid.webhook_key(account)


def test_every_page_of_the_domains_is_read(start_simulator: Start) -> None:
    names = [f"d{number}.example" for number in range(101)]
    account = account_of(start_simulator(no_recipients=True, verified_senders=names))
    assert [one.domain for one in sendgrid.sending_domains(account)] == names


def test_scopes_that_are_missing_or_dangerous(start_simulator: Start) -> None:
    scopes = [one for one in DEFAULT_SCOPES if one != "suppression.read"] + ["api_keys.create", "api_keys.read"]
    result = sendgrid.check_scopes(account_of(start_simulator(no_recipients=True, scopes=scopes)))
    assert result.verdict == "fail"
    assert (result.evidence["missing"], result.evidence["powerful"]) == ("suppression.read", 1)
    assert "suppression.read" in result.advice
    assert "cannot change the account" in result.advice


def test_what_the_key_may_not_ask_is_unknown(start_simulator: Start) -> None:
    account = account_of(start_simulator(no_recipients=True, scopes=["mail.send"]))
    asked: list[Callable[[], Any]] = [
        lambda: sendgrid.check_domains({"example.com"}, sendgrid.sending_domains(account)),
        lambda: sendgrid.check_webhook(account),
    ]
    assert [attempt("check", ask).verdict for ask in asked] == ["unknown", "unknown"]
    assert sendgrid.check_scopes(account).verdict == "fail"


def test_a_webhook_that_is_off_fails(start_simulator: Start) -> None:
    result = sendgrid.check_webhook(account_of(start_simulator(no_recipients=True)))
    assert (result.verdict, result.evidence["enabled"]) == ("fail", False)


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [("shop.example", "pass"), ("news.shop.example", "pass"), ("myshop.example", "fail"), ("old.example", "fail")],
)
def test_from_domains(sender: str, verdict: str) -> None:
    domains = [SendingDomain("shop.example", True, "em.shop.example", ()), SendingDomain("old.example", False, "", ())]
    assert sendgrid.check_domains({sender}, domains).verdict == verdict


def test_the_longest_domain_signs() -> None:
    domains = [SendingDomain(name, True, "", ()) for name in ("example", "news.shop.example", "shop.example")]
    found = sendgrid.domain_of("a.news.shop.example", domains)
    assert found is not None
    assert found.domain == "news.shop.example"
