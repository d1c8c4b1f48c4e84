"""Stored keys, durable files, the clock, and the retry classifier."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from include.core import clock, errors
from include.core.durable import write_durably
from include.core.paths import DataPaths
from include.core.secrets import Secrets, load_secrets
from include.ledger.database import open_ledger


def test_concurrent_first_loads_create_the_keys_once(paths: DataPaths) -> None:
    found: list[Secrets] = []
    threads = [threading.Thread(target=lambda: found.append(load_secrets(paths))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({keys.address_key for keys in found}) == 1
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o600
    assert [path.name for path in paths.root.iterdir()] == ["secrets.json"]


def test_keys_from_the_environment_take_precedence(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_ADDRESS_KEY", "11" * 32)
    monkeypatch.setenv("TRADEWIND_TOKEN_KEYS", f"1:{'22' * 32},7:{'33' * 32}")
    keys = load_secrets(paths)
    assert (keys.address_key, keys.signing_key_id) == (b"\x11" * 32, 7)
    assert "11" not in repr(keys)


@pytest.mark.parametrize("value", ["1:zz", "nonsense", "1:aabb", f"300:{'22' * 32}"])
def test_the_error_for_an_invalid_key_hides_it(paths: DataPaths, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRADEWIND_TOKEN_KEYS", value)
    with pytest.raises(errors.ConfigurationError) as refused:
        load_secrets(paths)
    assert value not in str(refused.value)


def test_a_ledger_does_not_open_with_another_address_key(paths: DataPaths) -> None:
    url = f"sqlite:///{paths.ledger}"
    open_ledger(url, Secrets(b"a" * 32, {1: b"k" * 32})).close()
    with pytest.raises(errors.ConfigurationError, match="another address key"):
        open_ledger(url, Secrets(b"b" * 32, {1: b"k" * 32}))


def test_a_durable_write_replaces_the_file_and_leaves_no_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    write_durably(target, b"one")
    write_durably(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_the_clock_applies_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clock.now()
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", "-86400")
    assert 86_000 < (before - clock.now()).total_seconds() < 86_800


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (errors.CampaignStopped("x"), False),
        (errors.ConservationBroken("x"), False),
        (errors.QualityStop("x"), False),
        (errors.EspUnavailable("x"), True),
        (errors.PaceHeld("x", retry_after=5), True),
        (errors.WarehouseBusy("x"), True),
        (errors.WarehouseOutOfMemory("x"), False),
        (TypeError("x"), False),
        (OSError("x"), True),
    ],
)
def test_may_retry_classifies_errors(error: Exception, is_retried: bool) -> None:
    assert errors.may_retry(error) is is_retried


def test_the_text_of_an_error_has_location_problem_and_remedy() -> None:
    error = errors.PlanError("is wrong.", where="a.yaml, line 3", remedy="Fix it.")
    assert str(error) == "a.yaml, line 3: is wrong. Fix it."
