"""What the rules ask of the account: who may send, which batches, groups and pools exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Account:
    """What the rules ask of the account."""

    verified_senders: tuple[str, ...]
    ip_pools: tuple[str, ...] = ()
    batches: Callable[[str], bool] = lambda batch_id: False
    groups: Callable[[int], bool] = lambda group_id: False

    def verified(self, email: str) -> bool:
        """Whether an address, its domain or a parent of its domain may send."""
        domain = email.lower().rpartition("@")[2]
        return any(sender in (email.lower(), domain) or domain.endswith(f".{sender}") for sender in self.verified_senders)
