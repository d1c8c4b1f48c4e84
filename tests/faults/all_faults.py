"""All faults, in the order of the specification. Importing this module registers them in the catalogue."""

from __future__ import annotations

from tests.faults import (  # noqa: F401
    approvals,
    changes,
    concurrency,
    disks,
    journeys,
    kills,
    responses,
    scheduled,
    webhooks,
    withdrawals,
)
from tests.faults.catalogue import FAULTS, Fault


def all_faults() -> list[Fault]:
    return sorted(FAULTS, key=lambda fault: fault.line)
