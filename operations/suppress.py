"""`make suppress REASON=spam_complaint < list.txt`: addresses that must not be mailed, as from another provider's list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

from include.core import clock
from include.core.keys import AddressSecret, address_key
from include.core.secrets import load_secrets
from include.ledger import opt_out_log, suppressions
from include.ledger.suppressions import Suppression
from operations.ledger import existing_ledger
from operations.progress import Progress
from operations.settings import Installation

SOURCE = "operator"
ENTRIES_PER_COMMIT = 10_000
_ADDRESS = re.compile(r"[^\s,;<>@]+@[^\s,;<>@]+")


def suppress_addresses(installation: Installation, reason: str, lines: TextIO) -> int:
    """Record one suppression per line, by the address's keyed hash; 0 if every line is an address, 1 otherwise.

    Lines that are no address are named by number and change nothing; blank lines are ignored. Addresses that are suppressed
    for the reason already are not recorded again.
    """
    secrets, unreadable = load_secrets(installation.paths), list[int]()
    read = new = 0
    with existing_ledger(installation) as ledger:
        entries = _entries(lines, secrets.address_key, reason, unreadable)
        while batch := list(islice(entries, ENTRIES_PER_COMMIT)):
            read, new = read + len(batch), new + suppressions.suppress(ledger, batch)
            opt_out_log.append(installation.paths, "suppress", *batch)
    Progress().print(f"{read:,} address{'es' * (read != 1)}, {new:,} of them newly suppressed ({reason})")
    if unreadable:
        shown = ", ".join(map(str, unreadable[:20]))
        Progress().print(
            f"{len(unreadable):,} lines are not an address: line {shown}{', …' if len(unreadable) > 20 else ''}"
        )
    return int(bool(unreadable))


def _entries(lines: Iterable[str], secret: AddressSecret, reason: str, unreadable: list[int]) -> Iterator[Suppression]:
    now = clock.now().timestamp()
    for number, line in enumerate(lines, 1):
        address = line.strip().strip('"').strip("\ufeff")
        if _ADDRESS.fullmatch(address):
            yield Suppression(address_key(secret, address), reason, SOURCE, now)
        elif address:
            unreadable.append(number)
