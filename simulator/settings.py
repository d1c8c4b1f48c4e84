"""What the simulator is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.recipients.rates import SPEED_LIMIT

DEFAULT_SENDERS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True)
class Settings:
    """Everything that does not change while it runs.

    `webhook` is where events are posted (None: they wait); `edge` is where people and scanners reach unsubscribe links
    (None: the visits wait). `speed` divides every delay of a life: at 1 it is over 30 to 45 s after acceptance. Without
    `api_keys` any key that starts with `SG.` will do. `notice` is how many seconds before send_at a batch must be held,
    `kept` for how many after it a paused one is.
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

    def __post_init__(self) -> None:
        if not 0 < self.speed <= SPEED_LIMIT:
            raise ValueError(f"--speed must be above 0 and at most {SPEED_LIMIT}, not {self.speed}")
