"""All faults, in the order of the specification. Importing this enters them into the catalogue."""

from __future__ import annotations

from tests.faults import answers, changes, disks, doubles, kills, scheduled, webhooks, withdrawals  # noqa: F401
from tests.faults.catalogue import FAULTS, Fault


def faults() -> list[Fault]:
    return sorted(FAULTS, key=lambda fault: fault.line)
