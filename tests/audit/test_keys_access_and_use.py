"""The age of keys, access to Airflow, and segments and templates that nothing uses."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.audit import in_use, key_age
from include.audit.access import AirflowAccess, check_access
from include.audit.result import Result
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.paths import CAMPAIGNS, DataPaths
from include.core.secrets import append_address_key, created_at
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse

ACCOUNT = SendGridAccount("http://127.0.0.1:9", "SG.first")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def audit(stores: Stores, account: SendGridAccount, days: int, webhook_key: str = "public") -> Result:
    keys = list(key_age.keys_in_use(stores.paths, account, webhook_key))
    with open_warehouse(stores.paths) as warehouse:
        return key_age.check_keys(warehouse, keys, FIRST + timedelta(days=days))


def test_the_age_of_a_key_is_bounded_by_the_audits(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_age, "created_at", lambda _paths: FIRST - timedelta(days=20))
    first = audit(stores, ACCOUNT, 0)
    assert first.verdict == "unknown", "nobody knows how old the API key is"
    assert first.evidence["link key: days at most"] == 20
    assert "SendGrid API key: days at most" not in first.evidence
    renewed = audit(stores, SendGridAccount(ACCOUNT.host, "SG.second"), 30)
    assert renewed.evidence["SendGrid API key: days at least"] == 0
    assert renewed.evidence["SendGrid API key: days at most"] == 30
    assert audit(stores, SendGridAccount(ACCOUNT.host, "SG.second"), 30) == renewed, "the task can run again"
    later = audit(stores, SendGridAccount(ACCOUNT.host, "SG.second"), 365)
    assert later.verdict == "warn"
    assert "Renew the webhook key" in later.advice
    assert "Renew the SendGrid API key" not in later.advice


def test_an_installations_new_keys_pass(stores: Stores) -> None:
    created = created_at(stores.paths)
    assert created is not None
    assert abs(created - clock.now()) < timedelta(minutes=1)
    keys = [one for one in key_age.keys_in_use(stores.paths, ACCOUNT, "") if one.created_at]
    with open_warehouse(stores.paths) as warehouse:
        result = key_age.check_keys(warehouse, keys, clock.now())
    assert (result.verdict, len(keys)) == ("pass", 3)


def test_a_rotated_key_is_a_new_key(stores: Stores) -> None:
    before = {one.kind: one.fingerprint for one in key_age.keys_in_use(stores.paths, ACCOUNT, "")}
    append_address_key(stores.paths)
    after = {one.kind: one.fingerprint for one in key_age.keys_in_use(stores.paths, ACCOUNT, "")}
    assert {kind for kind in before if before[kind] != after[kind]} == {"address key"}
    assert stores.paths.secrets.read_text().find(after["address key"]) == -1


def test_keys_of_the_environment_have_no_known_age(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", "ab" * 32)
    known = {one.kind: one.created_at for one in key_age.keys_in_use(paths, ACCOUNT, "")}
    assert known["address key"] is None
    assert known["link key"] is not None


def access(**changes: object) -> AirflowAccess:
    values: dict[str, object] = {
        "auth_manager": "FabAuthManager", "everybody_is_admin": False, "host": "0.0.0.0", "users": {"Admin": 1, "Viewer": 4},
        "shows_configuration": False, "encrypts_connections": True,
    }  # fmt: skip
    return AirflowAccess(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "pass"), ({"users": None}, "unknown"), ({"everybody_is_admin": True}, "fail"),
        ({"everybody_is_admin": True, "host": "127.0.0.1"}, "warn"), ({"auth_manager": "SimpleAuthManager"}, "warn"),
        ({"shows_configuration": True}, "warn"), ({"encrypts_connections": False}, "warn"),
    ],
)  # fmt: skip
def test_access(changes: Mapping[str, object], verdict: str) -> None:
    result = check_access(access(**changes))
    assert result.verdict == verdict
    if not changes:
        assert result.evidence["users with role Viewer"] == 4


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One campaign, no journey, and its template beside another that nothing uses."""
    for name in ("campaigns", "journeys", "templates/newsletter", "templates/forgotten", "templates/base"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(CAMPAIGNS / "newsletter.yaml", tmp_path / "campaigns")
    for name in ("campaigns", "journeys", "templates"):
        monkeypatch.setenv(f"TRADEWIND_{name.upper()}", str(tmp_path / name))
    return tmp_path


def test_what_nothing_uses_is_named(shop: Path) -> None:
    used = in_use.in_use()
    names_used = [set(names) for names in (used.domains, used.templates, used.segments)]
    assert names_used == [{"shop.example.com"}, {"newsletter"}, {"newsletter_readers"}]
    templates, segments = in_use.check_templates(used), in_use.check_segments(used)
    assert (templates.verdict, templates.evidence["names"]) == ("warn", "forgotten")
    names = str(segments.evidence["names"]).split(", ")
    assert "champions" in names
    assert not {"newsletter_readers", "engaged"} & set(names), "used by the campaign, and read by another segment"


def test_a_broken_file_makes_it_unknown(shop: Path) -> None:
    (shop / "campaigns" / "broken.yaml").write_text("id: broken")
    used = in_use.in_use()
    assert [in_use.check_templates(used).verdict, in_use.check_segments(used).verdict] == ["unknown", "unknown"]


def test_the_shipped_files_use_all_their_templates() -> None:
    assert in_use.check_templates(in_use.in_use()).verdict == "pass"
