"""The benchmark of journeys runs with few people: all of them enter, and each gets one mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.journeys import LATE, Shop
from tests.dispatch.scripted_esp import ScriptedEsp


def test_everybody_enters_and_is_mailed_once(tmp_path: Path, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRADEWIND_DATA", "TRADEWIND_JOURNEYS", "TRADEWIND_CLOCK_OFFSET_SECONDS"):
        monkeypatch.setenv(name, "0" if "OFFSET" in name else str(tmp_path))
    shop = Shop(tmp_path, esp.account, 20)
    shop.baskets("first", 0, 20)
    assert shop.minute()["entered"] == 20
    shop.baskets("late", 20, 20 + LATE)
    assert shop.minute()["entered"] == LATE
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", "2400")
    assert shop.minute()["planned"] == 20 + LATE
    assert sorted(esp.taken.values()) == [1] * (20 + LATE)
