"""How fast the account may send: its limits, and the warm-up of its IP addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from include.core.errors import ConfigurationError

WARMUP_HOURLY = (
    20, 28, 39, 55, 77, 108, 151, 211, 295, 413, 579, 810, 1_000, 1_587, 2_222, 3_111, 4_356, 6_098, 8_583, 11_953, 16_734,
    23_427, 32_798, 45_917, 64_284, 89_998, 125_997, 176_395, 246_953, 345_735, 484_029, 677_640, 948_696, 1_328_175,
    1_859_444, 2_603_222, 3_644_511, 5_102_316, 7_143_242, 10_000_539, 14_000_754, 19_601_056,
)  # fmt: skip
"""Messages per hour that one IP address may send, by day since its warm-up started (SendGrid, "Automated IP warmup")."""


@dataclass(frozen=True)
class AccountPace:
    """Limits of the whole account; None means none. Days are UTC days."""

    messages_per_second: float | None = None
    daily_cap: int | None = None
    warmup_started_on: date | None = None
    warmup_ips: int = 1

    def hourly_cap(self, at: datetime) -> int | None:
        """The limit that the warm-up sets for the hour of `at`; None after the warm-up, or without one."""
        if self.warmup_started_on is None:
            return None
        day = (at.astimezone(UTC).date() - self.warmup_started_on).days
        if day >= len(WARMUP_HOURLY):
            return None
        return WARMUP_HOURLY[max(day, 0)] * self.warmup_ips


def account_pace(variable: Callable[[str], Any]) -> AccountPace:
    """The account's limits from Airflow variables, each read with `variable(name)`: text, '' or None if it is not set.

    `account_messages_per_second`, `account_daily_cap`, `warmup_started_on` (ISO date) and `warmup_ips`. An unset or empty
    variable means no limit. Raises `ConfigurationError` for an invalid value.
    """

    def read(name: str, kind: Callable[[str], Any]) -> Any:
        text = str(variable(name) or "").strip()
        try:
            return kind(text) if text else None
        except ValueError:
            raise ConfigurationError(f"'{text[:40]}' is not valid.", where=f"variable {name}", remedy="Fix it.") from None

    return AccountPace(
        messages_per_second=read("account_messages_per_second", float),
        daily_cap=read("account_daily_cap", int),
        warmup_started_on=read("warmup_started_on", date.fromisoformat),
        warmup_ips=read("warmup_ips", int) or 1,
    )
