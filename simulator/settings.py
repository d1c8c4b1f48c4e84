"""Settings of the simulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.recipients.rates import SPEED_LIMIT

DEFAULT_SCOPES = (
    "asm.groups.read", "categories.stats.read", "mail.batch.create", "mail.batch.read", "mail.send",
    "recipients.erasejob.create", "stats.read", "suppression.create", "suppression.delete", "suppression.read",
    "user.scheduled_sends.create", "user.scheduled_sends.delete", "user.webhooks.event.settings.read", "whitelabel.read",
)  # fmt: skip
"""What a sender needs, and nothing with which somebody could change the account."""
DEFAULT_SENDERS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True)
class Settings:
    """Settings that do not change while the simulator runs.

    `webhook` is the URL that receives events (None: they stay queued); `edge` is the base URL for link visits (None: they
    stay queued). `speed` divides all delays of the recipients: at 1, timelines end 30 to 45 s after acceptance. Without
    `api_keys`, any key that starts with `SG.` is accepted. A batch must be paused or cancelled `notice` seconds before its
    send_at; a paused batch is discarded `paused_retention` seconds after it. `scopes` are those of every API key.
    """

    data: Path
    seed: int = 1
    webhook: str | None = None
    edge: str | None = None
    speed: float = 1.0
    recipients: bool = True
    flush_seconds: float = 1.0
    verified_senders: tuple[str, ...] = DEFAULT_SENDERS
    api_keys: tuple[str, ...] = ()
    ip_pools: tuple[str, ...] = ()
    gzip: bool = False
    activity: bool = True
    requests_per_second: int = 10_000
    notice: int = 600
    paused_retention: int = 72 * 3600
    scopes: tuple[str, ...] = DEFAULT_SCOPES

    def __post_init__(self) -> None:
        if not 0 < self.speed <= SPEED_LIMIT:
            raise ValueError(f"--speed must be above 0 and at most {SPEED_LIMIT}, not {self.speed}")
