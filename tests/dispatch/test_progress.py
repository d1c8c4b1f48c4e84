"""The log of a long send has its progress and its waits."""

from __future__ import annotations

import logging

import pytest

from include.core.pace import AccountPace
from include.dispatch.send import progress
from include.dispatch.send.sender import send_range
from include.ledger.stores import Stores
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.sending import Sending


def lines(stores: Stores, esp: ScriptedEsp, caplog: pytest.LogCaptureFixture) -> list[str]:
    """The progress log of a send to forty people in chunks of ten, at twenty messages per second."""
    sending = Sending(stores, people=40, chunk_size=10)
    with caplog.at_level(logging.INFO, logger="include.dispatch.send.progress"):
        send_range(
            stores,
            esp.account,
            plan_id=sending.plan_id,
            first=0,
            last=3,
            account_pace=AccountPace(messages_per_second=20),
        )
    assert sum(esp.taken.values()) == 40
    return [record.getMessage() for record in caplog.records if record.name == "include.dispatch.send.progress"]


def test_long_send_logs_progress_and_waits(
    stores: Stores,
    esp: ScriptedEsp,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.2)
    logged = lines(stores, esp, caplog)
    assert any(line.startswith("spring once: the pace allows the next request in ") for line in logged), logged
    assert any("'accepted': 20" in line and "of 40 people" in line for line in logged), logged
    assert logged[-1] == "spring once: {'requests': 4, 'accepted': 40}"


def test_short_send_logs_only_its_counts(stores: Stores, esp: ScriptedEsp, caplog: pytest.LogCaptureFixture) -> None:
    assert lines(stores, esp, caplog) == ["spring once: {'requests': 4, 'accepted': 40}"]
