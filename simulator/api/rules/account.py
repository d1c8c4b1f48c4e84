"""The account data that the rules check: verified senders, batches, unsubscribe groups, IP pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Account:
    """The account data that the rules check."""

    verified_senders: tuple[str, ...]
    ip_pools: tuple[str, ...] = ()
    batches: Callable[[str], bool] = lambda batch_id: False
    groups: Callable[[int], bool] = lambda group_id: False

    def verified(self, email: str) -> bool:
        """Whether the address, its domain or a parent domain is verified."""
        domain = email.lower().rpartition("@")[2]
        return any(sender in (email.lower(), domain) or domain.endswith(f".{sender}") for sender in self.verified_senders)
