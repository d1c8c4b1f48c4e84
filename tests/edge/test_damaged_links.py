"""A damaged link changes nothing and its page shows how to unsubscribe instead; the health page reports many of them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets, load_secrets
from include.core.shop import load_shop
from include.core.token import CONFIRM, PROBE_HEADER, Subject, mint, probe, repaired, verify
from include.ledger.database import Ledger, open_ledger
from include.ledger.suppressions import reasons_in_force
from include.ledger.tables import suppression_log
from tests.edge.conftest import Edge

FOREIGN = Secrets(b"f" * 32, {1: b"f" * 32})
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def subject(secrets: Secrets) -> Subject:
    return Subject(str(uuid.uuid4()), address_key(secrets.address_key, f"{uuid.uuid4()}@example.org"))


def log_length(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return len(connection.execute(select(suppression_log.c.seq)).all())


def flipped(token: str) -> str:
    return token[:40] + ("A" if token[40] != "A" else "B") + token[41:]


DAMAGES: dict[str, Callable[[str], str]] = {
    "truncated": lambda token: token[:-1],
    "half": lambda token: token[:44],
    "changed": flipped,
    "lower case": str.lower,
    "upper case": str.upper,
    "another text": lambda token: "x",
    "other secrets": lambda token: mint(FOREIGN, Subject(str(uuid.uuid4()), "ab" * 32)),
    "with a path": lambda token: f"{token[:20]}/{token[20:]}",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("route", ["u", "preferences", "confirm"])
def test_a_damaged_link_changes_nothing_and_says_so(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, route: str, damage: Callable[[str], str]
) -> None:
    before = log_length(ledger)
    link = f"{edge.url}/{route}/{damage(mint(secrets, subject))}"
    forms = {"u": ONE_CLICK, "preferences": {"action": "stop_all"}, "confirm": {"action": "confirm"}}
    for answer in (httpx.get(link), httpx.post(link, data=forms[route])):
        assert answer.status_code == 404
        assert "This link is damaged" in answer.text
        subject_line = "" if route == "confirm" else "?subject=Unsubscribe"
        assert f'href="mailto:{load_shop().contact}{subject_line}"' in answer.text
        assert "You are unsubscribed" not in answer.text
        assert "Saved" not in answer.text
        assert "<form" not in answer.text
    assert log_length(ledger) == before
    assert not reasons_in_force(ledger, subject.address_key)


ADDITIONS = {
    "a dot": "{}.", "a bracket": "{}%3E", "both": "%3C{}%3E", "blank": "{}%20", "line break": "{}%0D%0A", "quote": "{}%22",
    "padding": "{}%3D%3D", "escaped twice": "{}%253E", "comma": "{},", "text after it": "{}.Unsubscribe",
    "soft break": "{half}=%0D%0A{rest}", "undecoded break": "{half}%3D0D%3D0A{rest}", "query": "{}?utm_source=mail",
}  # fmt: skip


@pytest.mark.parametrize("form", ADDITIONS.values(), ids=ADDITIONS)
def test_characters_added_by_mail_clients_do_not_prevent_an_unsubscribe(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, form: str
) -> None:
    token = mint(secrets, subject)
    link = f"{edge.url}/u/{form.format(token, half=token[:50], rest=token[50:])}"
    page = httpx.get(link)
    assert (page.status_code, f'href="../preferences/{token}"' in page.text) == (200, True)
    assert httpx.post(link, data=ONE_CLICK).status_code == 200
    assert reasons_in_force(ledger, subject.address_key)


def test_repairing_does_not_make_a_damaged_token_valid(secrets: Secrets, subject: Subject) -> None:
    token = mint(secrets, subject)
    for damage in DAMAGES.values():
        if damage is not DAMAGES["with a path"]:
            assert verify(secrets, repaired(damage(token))) is None
    confirmation = mint(secrets, Subject(subject.message_key, subject.address_key, 2_000_000_000), CONFIRM)
    assert verify(secrets, repaired(f"<{confirmation}>.", CONFIRM), CONFIRM) is not None
    assert verify(secrets, repaired(confirmation)) is None


def test_the_health_page_reports_failing_links_until_one_verifies(start_edge: Callable[..., Edge], tmp_path: Path) -> None:
    root = tmp_path / "data"
    edge = start_edge(root, "")
    own_secrets = load_secrets(DataPaths(root))

    def health(**headers: str) -> dict[str, object]:
        answer = httpx.get(f"{edge.url}/healthz", headers=headers)
        assert answer.status_code == 200, "invented tokens must not remove the edge from a load balancer"
        return dict(answer.json())

    def fail(times: int) -> None:
        for _ in range(times):
            httpx.get(f"{edge.url}/u/{mint(FOREIGN, Subject(str(uuid.uuid4()), 'ab' * 32))}")

    for _ in range(9):
        httpx.get(f"{edge.url}/u/same")
    assert health()["tokens"] == "ok", "a page that is reloaded counts as one damaged link"
    fail(4)
    assert (health()["tokens"], health()["status"]) == ("all of the last 5 failed", "unwell")
    assert health(**{PROBE_HEADER: probe(FOREIGN)})["probe"] == "does not verify"
    assert health()["status"] == "unwell"
    assert health(**{PROBE_HEADER: probe(own_secrets)})["probe"] == "verifies"
    assert health()["status"] == "ok"
    fail(6)
    assert health()["tokens"] == "all of the last 6 failed"
    wait_for_counts(root, verified=0, damaged=9 + 4 + 6, damaged_in_a_row=6)
    httpx.get(f"{edge.url}/u/{mint(own_secrets, Subject(str(uuid.uuid4()), 'ab' * 32))}")
    assert health()["tokens"] == "ok"
    wait_for_counts(root, verified=1, damaged=9 + 4 + 6, damaged_in_a_row=0)


def wait_for_counts(root: Path, **expected: int) -> None:
    """Wait until the edge has written these counts, as it does shortly after each request."""
    deadline = time.monotonic() + 120
    while (found := written_counts(root, *expected)) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def written_counts(root: Path, *names: str) -> dict[str, int]:
    path = root / "spool" / "links.json"
    counts: dict[str, int] = json.loads(path.read_bytes()) if path.exists() else {}
    return {name: counts[name] for name in names if name in counts}


def test_an_edge_with_other_secrets_than_the_sender_rejects_its_links(
    start_edge: Callable[..., Edge], tmp_path: Path
) -> None:
    root = tmp_path / "data"
    sender = load_secrets(DataPaths(root))
    open_ledger(f"sqlite:///{DataPaths(root).ledger}", sender).close()
    edge = start_edge(root, "", TRADEWIND_ADDRESS_KEY="aa" * 32, TRADEWIND_TOKEN_KEYS="1:" + "bb" * 32)
    person = Subject(str(uuid.uuid4()), "cd" * 32)
    answer = httpx.post(f"{edge.url}/u/{mint(sender, person)}", data=ONE_CLICK)
    assert (answer.status_code, "You are unsubscribed" in answer.text) == (404, False)
    assert not (root / "spool" / "unsubscribes").exists()
    health = httpx.get(f"{edge.url}/healthz", headers={PROBE_HEADER: probe(sender)})
    assert (health.status_code, health.json()["probe"]) == (503, "does not verify")
