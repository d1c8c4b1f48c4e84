"""The evidence pack: one file with everything that proves a person's consent, and nothing that names them."""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from include.core import clock
from include.core.errors import ConfigurationError
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger import consent, consent_chain, consent_journal, suppressions
from include.ledger.consent import MARKETING, TRACKING, Consent
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import consent_log
from include.ledger.wording import Wording
from include.privacy.evidence import write_evidence
from operations.__main__ import main
from tests.rows import Row, subscriber
from tests.validate.people import ingest

OLD, NEW = "ada@old.example.com", "Ada@New.example.com"
WORDING = Wording("preferences", "en", "News\nWhat is new")
FIRST = subscriber(1, email=OLD, consent_source="checkout", consent_wording="v1", lawful_basis="implied")
LATER: Row = {"email": NEW, "consent_source": "form", "consent_wording": "v2", "lawful_basis": "consent"}


@cache
def _known() -> tempfile.TemporaryDirectory[str]:
    """A data folder to be copied, of a person who opted out.

    They changed address and consent at the source, declined a topic under the old
    address, and left under the new.
    """
    folder = tempfile.TemporaryDirectory(prefix="tradewind-known-")
    paths = DataPaths(Path(folder.name))
    secrets = load_secrets(paths)
    stores = Stores(paths, open_ledger(f"sqlite:///{paths.ledger}", secrets), secrets)
    ingest(paths, FIRST, subscriber(2))
    ingest(paths, FIRST | LATER | {"updated_at": "2025-08-01"}, subscriber(2))
    said = [(OLD, "news", False), (NEW, TRACKING, True), ("other@example.com", MARKETING, True), (NEW, TRACKING, False)]
    answers = [
        Consent(key(stores, email), topic, given, "preference_page", at, f"m{at}", WORDING, {"channel": "web"})
        for at, (email, topic, given) in enumerate(said, start=1)
    ]
    consent.record(stores.ledger, answers)
    consent_journal.append_new(paths, stores.ledger)
    suppressions.suppress(stores.ledger, [Suppression(key(stores, NEW), "unsubscribe", "one_click", 5.0)])
    stores.ledger.close()
    return folder


@pytest.fixture
def known_person(paths: DataPaths) -> None:
    """That person is in the data folder. Before `stores`, which read the keys that come with it."""
    shutil.copytree(_known().name, paths.root, dirs_exist_ok=True)


@pytest.fixture
def known(known_person: None, stores: Stores) -> Stores:
    return stores


def key(stores: Stores, email: str) -> str:
    return address_key(stores.secrets.address_key, email)


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def by_new_address(stores: Stores) -> Path:
    return write_evidence(stores, email=NEW).file


def by_old_address(stores: Stores) -> Path:
    return write_evidence(stores, email=f" {OLD.upper()} ").file


def by_id(stores: Stores) -> Path:
    return write_evidence(stores, subscriber_id="S1").file


@pytest.mark.parametrize("asked", [by_new_address, by_old_address, by_id])
def test_the_pack_has_every_answer_under_every_address_and_no_address(
    known: Stores, asked: Callable[[Stores], Path]
) -> None:
    file = asked(known)
    pack = read(file)
    assert [(row["seq"], row["topic"], row["given"], row["is_verified"]) for row in pack["consent"]] == [
        (1, "news", 0, True), (2, "tracking", 1, True), (4, "tracking", 0, True),
    ]  # fmt: skip
    assert pack["consent"][0]["evidence"] == {"channel": "web"}
    assert pack["consent"][0]["happened_at"] == "1970-01-01T00:00:01+00:00"
    assert [(row["wording"], row["text"], row["is_authentic"]) for row in pack["wordings"]] == [
        (WORDING.version, WORDING.text, True)
    ]
    assert [(row["reason"], row["source"]) for row in pack["suppressions"]] == [("unsubscribe", "one_click")]
    assert pack["suppressions_in_force"] == {key(known, NEW): ["unsubscribe"], key(known, OLD): []}
    assert [(row["lawful_basis"], row["consent_wording"]) for row in pack["subscribers"]] == [("consent", "v2")]
    assert [(row["consent_source"], row["consent_wording"]) for row in pack["former_consents"]] == [("checkout", "v1")]
    assert pack["subscriber_ids"] == ["S1"]
    assert pack["chain"]["is_intact"]
    assert pack["chain"]["journal_head"]["seq"] == pack["chain"]["head"]["seq"] == 4
    text = file.read_text().lower()
    assert not any(word in text for word in ("@", "example.com", "lovelace"))


def test_an_auditor_recomputes_the_hashes_of_the_pack_with_the_chains_key(known: Stores) -> None:
    for row in read(by_id(known))["consent"]:
        hashed = row | {
            "happened_at": row["happened_at_seconds"],
            "recorded_at": row["recorded_at_seconds"],
            "evidence": row["evidence_as_hashed"],
        }
        assert consent_chain.row_hash(known.ledger.chain_key, hashed) == row["row_hash"]


def test_the_pack_says_which_rows_are_not_verified(known: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    with known.ledger.write() as connection:
        connection.execute(update(consent_log).where(consent_log.c.seq == 2).values(given=0))
    assert main(["evidence", "--subscriber", "S1"]) == 1
    out = capsys.readouterr().out
    pack = read(Path(out.partition(":")[0]))
    assert "row 2 of the consent log was changed" in out
    assert [row["is_verified"] for row in pack["consent"]] == [True, False, False]
    assert (pack["chain"]["is_intact"], pack["chain"]["fault"]) == (False, "row 2 of the consent log was changed")


def test_only_the_owner_reads_the_file_and_the_command_does_not_print_the_address(
    known: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "--email", NEW, "--subscriber", ""]) == 0
    out = capsys.readouterr().out
    file = Path(out.partition(":")[0])
    assert file.parent == known.paths.root / "evidence"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]
    assert "3 answers, 1 suppressions" in out
    assert "@" not in out


def test_an_erased_person_is_found_by_the_keyed_hash(known: Stores) -> None:
    suppressions.suppress(known.ledger, [Suppression(key(known, "gone@example.com"), "erasure", "request", 1.0)])
    pack = read(write_evidence(known, email="gone@example.com").file)
    assert [row["reason"] for row in pack["suppressions"]] == ["erasure"]
    assert pack["subscribers"] == []


def test_a_person_of_whom_nothing_is_known_gets_no_file(known: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match="nothing is known") as error:
        write_evidence(known, email="nobody@example.com")
    assert "nobody" not in str(error.value)
    assert main(["evidence", "--subscriber", "S404"]) == 1
    assert main(["evidence", "--email", NEW, "--subscriber", "S1"]) == 1
    assert "one of EMAIL and SUBSCRIBER" in capsys.readouterr().err
    assert not known.paths.evidence.exists()


def test_the_eligibility_is_as_of_now(known: Stores) -> None:
    (row,) = read(by_id(known))["eligibility"]
    assert row["as_of"][:10] == f"{clock.now():%Y-%m-%d}"
