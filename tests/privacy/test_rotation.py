"""Rotating the address key loses no suppression, no consent and no link, and can be interrupted at any step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, select

from include.analyze.consent_check import check_consent
from include.core.errors import ConfigurationError, ConsentChainBroken
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets, append_address_key, load_secrets
from include.core.token import CONFIRM, Subject, mint, verify
from include.dispatch.send.sender import send_range
from include.ledger import consent, consent_journal, opt_out_log, suppressions, withheld
from include.ledger.consent import TRACKING, Consent
from include.ledger.database import AddressKeyDiffers, Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import consent_log
from include.privacy import rotation
from include.privacy.evidence import write_evidence
from include.privacy.rotation import generation_of, rotate
from include.warehouse.connection import open_warehouse
from operations.__main__ import main
from tests.dispatch.frozen import email_of, frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_withdrawals import NEWER, PEOPLE, Sending, ingested_people, others, sending
from tests.ledger import first_edition
from tests.rows import subscriber
from tests.validate.people import ingest, mailed

__all__ = ["ingested_people", "sending"]
ERASED, LEFT, MOVED = "gone@example.com", "person1@example.com", "person2@example.com"
NEW, STAYS = "new@example.com", "person3@example.com"
MESSAGE = "00000000-0000-5000-8000-000000000001"


def url_of(ledger: Ledger) -> str:
    return ledger.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def before(stores: Stores) -> Stores:
    """Suppressions in the ledger, the warehouse and the spool, consent, and a person who moved."""
    ingest(stores.paths, *(subscriber(number) for number in range(1, 5)))
    ingest(stores.paths, subscriber(1), subscriber(2, email=NEW, updated_at="2025-09-01"), subscriber(3))
    for email, reason in ((ERASED, "erasure"), (LEFT, "unsubscribe"), (email_of(3), "unsubscribe")):
        entry = Suppression(key(stores.secrets, email), reason, "test", 5.0)
        suppressions.suppress(stores.ledger, [entry])
        opt_out_log.append(stores.paths, "suppress", entry)
    for email in (ERASED, MOVED):
        consent.record(stores.ledger, [Consent(key(stores.secrets, email), TRACKING, False, "page", 6.0)])
    check_consent(stores)
    return stores


def key(secrets: Secrets, email: str) -> str:
    return address_key(secrets.address_key, email)


@pytest.fixture
def rotated(before: Stores) -> Iterator[Stores]:
    """The same after two rotations."""
    for _ in range(2):
        append_address_key(before.paths)
        rotate(before.paths, load_secrets(before.paths), url_of(before.ledger))
    secrets = load_secrets(before.paths)
    ledger = open_ledger(url_of(before.ledger), secrets)
    yield Stores(before.paths, ledger, secrets)
    ledger.close()


def test_no_suppression_no_consent_and_no_former_address_is_lost(before: Stores, rotated: Stores) -> None:
    assert key(rotated.secrets, LEFT) != key(before.secrets, LEFT)
    for email, reason in ((ERASED, "erasure"), (LEFT, "unsubscribe")):
        assert suppressions.reasons_in_force(rotated.ledger, key(rotated.secrets, email)) == {reason}
        assert suppressions.reasons_in_force(rotated.ledger, key(before.secrets, email)) == frozenset()
    assert consent.of_person(rotated.ledger, key(rotated.secrets, ERASED)) == {TRACKING: False}
    logged = {entry.address_key for entry in opt_out_log.in_force(rotated.paths)}
    assert logged == {key(rotated.secrets, email) for email in (ERASED, LEFT, email_of(3))}
    pack = json.loads(write_evidence(rotated, email=MOVED).file.read_text())
    assert (pack["subscriber_ids"], [row["topic"] for row in pack["consent"]]) == (["S2"], ["tracking"])
    assert not keys_in_warehouse(rotated) & {key(before.secrets, email) for email in (LEFT, MOVED, NEW, STAYS)}
    assert {key(rotated.secrets, email) for email in (LEFT, MOVED, NEW, STAYS)} <= keys_in_warehouse(rotated)
    require_intact_chain(rotated)


def keys_in_warehouse(stores: Stores) -> set[str]:
    columns = "select distinct schema_name, table_name from duckdb_columns() where column_name = 'address_key'"
    with open_warehouse(stores.paths) as warehouse:
        tables = [f"{schema}.{name}" for schema, name in warehouse.execute(columns).fetchall()]
        return {row[0] for table in tables for row in warehouse.execute(f"select address_key from {table}").fetchall()}


def require_intact_chain(stores: Stores) -> None:
    """The chain goes on, and the journals of the two earlier chains are kept."""
    assert check_consent(stores) == {"rows": 2, "last_seq": 2}
    assert len(list(stores.paths.spool.glob("consent.log.*"))) == 2
    consent.record(stores.ledger, [Consent(key(stores.secrets, LEFT), TRACKING, True, "page", 9.0)])
    consent_journal.append_new(stores.paths, stores.ledger)
    assert check_consent(stores)["rows"] == 3


def test_every_key_in_the_ledger_is_replaced_on_both_databases(each_ledger: Ledger, paths: DataPaths) -> None:
    first, people = load_secrets(paths), [f"{n}@example.com" for n in range(5)]
    suppressions.suppress(each_ledger, [Suppression(key(first, email), "manual", "test", 1.0) for email in people])
    withheld.record_pending(each_ledger, [key(first, LEFT), key(first, ERASED)])
    given = {email: bool(n % 2) for n, email in enumerate(people)}
    consent.record(each_ledger, [Consent(key(first, email), TRACKING, given[email], "page", 1.0) for email in people])
    append_address_key(paths)
    secrets = load_secrets(paths)
    rotate(paths, secrets, url_of(each_ledger))
    ledger = open_ledger(url_of(each_ledger), secrets)
    for email in people:
        assert suppressions.reasons_in_force(ledger, key(secrets, email)) == {"manual"}
        assert consent.of_person(ledger, key(secrets, email)) == {TRACKING: given[email]}
    with ledger.read() as connection:
        assert set(withheld.in_force(connection)) == {key(secrets, LEFT), key(secrets, ERASED)}
    assert consent_journal.check(paths, ledger).require_intact().rows == 5
    ledger.close()


def test_a_reimport_after_the_rotation_stays_suppressed(rotated: Stores) -> None:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    again = [subscriber(number, updated_at="2025-10-01") for number in (1, 3)]
    assert ingest(rotated.paths, *again, subscriber(8, email=ERASED.upper()), subscriber(9), since=since)
    assert mailed(rotated) == {"S2", "S3", "S9"}


@pytest.mark.parametrize(("purpose", "until"), [("unsubscribe", None), (CONFIRM, 4_000_000_000)])
def test_links_of_every_generation_name_the_person(stores: Stores, purpose: str, until: int | None) -> None:
    links = []
    for _ in range(3):
        secrets = load_secrets(stores.paths)
        links.append(mint(secrets, Subject(MESSAGE, key(secrets, LEFT), until), purpose))
        append_address_key(stores.paths)
    secrets = load_secrets(stores.paths)
    assert len(set(links)) == 3
    assert {verify(secrets, link, purpose) for link in links} == {Subject(MESSAGE, key(secrets, LEFT), until)}
    older = secrets.of_generation(2)
    assert verify(older, links[2], purpose) is None


def test_a_frozen_plan_is_sent_without_the_people_who_left(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=5)
    suppressions.suppress(stores.ledger, [Suppression(key(stores.secrets, email_of(7)), "unsubscribe", "test", 7.0)])
    append_address_key(stores.paths)
    secrets = load_secrets(stores.paths)
    assert rotate(stores.paths, secrets, url_of(stores.ledger))["generation"] == 2
    ledger = open_ledger(url_of(stores.ledger), secrets)
    suppressions.suppress(ledger, [Suppression(key(secrets, email_of(2)), "unsubscribe", "test", 8.0)])
    send_range(Stores(stores.paths, ledger, secrets), esp.account, plan_id=plan_id, first=0, last=9)
    ledger.close()
    got = {person["to"][0]["email"] for body in esp.bodies for person in body["personalizations"]}
    assert got == {email_of(number) for number in range(10)} - {email_of(2), email_of(7)}
    token = esp.bodies[0]["personalizations"][0]["headers"]["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    subject = verify(secrets, token.partition("?")[0])
    assert subject
    assert subject.address_key in {key(secrets, email) for email in got}


def test_a_link_of_before_the_rotation_stops_a_frozen_plan_to_the_new_address(sending: Sending) -> None:
    link = mint(sending.stores.secrets, Subject(MESSAGE, sending.key(str(PEOPLE[0]["email"]))))
    sending.source(PEOPLE[0] | {"email": NEW, "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    append_address_key(sending.stores.paths)
    secrets, url = load_secrets(sending.stores.paths), url_of(sending.stores.ledger)
    rotate(sending.stores.paths, secrets, url)
    sending.stores = Stores(sending.stores.paths, open_ledger(url, secrets), secrets)
    subject = verify(secrets, link)
    assert subject
    assert subject.address_key == sending.key(str(PEOPLE[0]["email"]))
    suppressions.suppress(sending.stores.ledger, [Suppression(subject.address_key, "unsubscribe", "one_click", time.time())])
    sending.send(plan_id)
    sending.stores.ledger.close()
    assert sending.got() == others(0)


STEPS = ("_prepare_plan", "_replace_files", "_rekey_warehouse", "rekey_ledger", "_manifests", "_start_journal")


@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_rotation_is_finished_by_the_next(stores: Stores, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen_plan(stores, 4)
    suppressions.suppress(stores.ledger, [Suppression(key(stores.secrets, LEFT), "unsubscribe", "test", 5.0)])
    opt_out_log.append(stores.paths, "suppress", Suppression(key(stores.secrets, LEFT), "unsubscribe", "test", 5.0))
    append_address_key(stores.paths)
    secrets, url = load_secrets(stores.paths), url_of(stores.ledger)
    with pytest.raises(AddressKeyDiffers, match="make rotate"):
        open_ledger(url, secrets)
    with monkeypatch.context() as context:
        context.setattr(rotation, step, killed(step))
        with pytest.raises(KeyboardInterrupt):
            rotate(stores.paths, secrets, url)
    assert rotate(stores.paths, secrets, url)["generation"] == 2
    ledger = open_ledger(url, secrets)
    assert suppressions.reasons_in_force(ledger, key(secrets, LEFT)) == {"unsubscribe"}
    ledger.close()
    assert [entry.address_key for entry in opt_out_log.in_force(stores.paths)] == [key(secrets, LEFT)]
    assert not (stores.paths.root / rotation.PREPARED).exists()
    assert not list(stores.paths.root.rglob("*.rekeyed"))


def killed(step: str) -> Any:
    """The step as of a process that is killed at its end."""
    original = getattr(rotation, step)

    def run(*arguments: Any) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    return run


def test_the_audit_log_of_privacy_requests_is_rekeyed_and_an_open_request_is_waited_for(
    stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    audit, request = stores.paths.privacy / "audit.jsonl", stores.paths.privacy / "requests" / "r1.json"
    request.parent.mkdir(parents=True)
    request.write_text("{}")
    line = {"request": "r0", "address_keys": [key(stores.secrets, ERASED)]}
    audit.write_text(json.dumps(line) + "\n")
    audit.chmod(0o600)
    assert main(["rotate"]) == 1
    assert "a privacy request is open" in capsys.readouterr().err
    assert load_secrets(stores.paths).generation == 1
    request.unlink()
    assert main(["rotate"]) == 0
    assert json.loads(audit.read_text()) == line | {"address_keys": [key(load_secrets(stores.paths), ERASED)]}
    assert audit.stat().st_mode & 0o777 == 0o600


def test_a_broken_chain_is_not_rotated_away(stores: Stores) -> None:
    consent.record(stores.ledger, [Consent("a" * 64, TRACKING, True, "page", 1.0)])
    with stores.ledger.write() as connection:
        connection.execute(consent_log.update().values(given=0))
    append_address_key(stores.paths)
    with pytest.raises(ConsentChainBroken, match="row 1 of the consent log was changed"):
        rotate(stores.paths, load_secrets(stores.paths), url_of(stores.ledger))
    assert generation_of(url_of(stores.ledger), load_secrets(stores.paths)) == 1
    with stores.ledger.read() as connection:
        assert connection.scalars(select(consent_log.c.address_key)).all() == ["a" * 64]


def test_the_command_adds_one_key_and_finishes_an_interrupted_rotation(
    stores: Stores, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stores.paths.secrets.read_text()
    assert main(["rotate"]) == 0
    assert "2 address keys are in use" in capsys.readouterr().out
    append_address_key(stores.paths)  # As of a command that was killed here.
    assert main(["rotate"]) == 0
    assert "3 address keys are in use" in capsys.readouterr().out
    keys = json.loads(stores.paths.secrets.read_text())["address_key"].split(",")
    assert keys[0] == json.loads(first)["address_key"]
    assert stores.paths.secrets.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", ",".join(keys))
    assert main(["rotate"]) == 1
    assert "Append one, as in TRADEWIND_ADDRESS_KEY=" in capsys.readouterr().err
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", ",".join([*keys, "ab" * 32]))
    assert main(["rotate"]) == 0
    assert not any(secret in capsys.readouterr().out for secret in keys)


def test_running_services_are_not_rotated_under(
    stores: Stores, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.launcher.running", lambda installation, service: service.name == "edge")
    assert main(["rotate"]) == 1
    assert "is running: edge. Run make stop first." in capsys.readouterr().err


def test_an_older_ledger_with_another_key_is_not_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    engine = create_engine(url)
    with engine.begin() as connection:
        first_edition.metadata.create_all(connection)
        connection.execute(first_edition.identity.insert().values(name="address_key", value="another"))
    with pytest.raises(ConfigurationError, match="another address key"):
        open_ledger(url, Secrets(b"a" * 32, {1: b"k" * 32}))
    with engine.connect() as connection:
        assert not inspect(connection).has_table("consent_wordings")
