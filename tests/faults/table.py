"""Sums the plays of each fault and writes the page docs/faults.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.catalogue import Fault
from tests.faults.checks import Findings

LINES = {
    1: "kill -9",
    2: "SendGrid's response does not match what it did",
    3: "The webhook",
    4: "Disk full, torn files, flipped bits",
    5: "Concurrent and suspended tasks, clocks",
    6: "Unsubscribes, erasures and template edits during a send",
    7: "The ledger is restored from a backup",
    8: "Scheduled mail is paused, resumed and cancelled",
    9: "Withdrawals of consent, in every way and at every stage",
}
HEAD = """# Faults

Written by `make faults` (`python -m tests.faults.run`); do not edit. What each fault does is in `tests/faults/`, and every
check in `tests/faults/checks.py`.

Each play is a separate campaign (120 people in chunks of at most 10, unless the fault needs another size) with real
processes: a simulated SendGrid that records every personalization it accepts, a ledger, an edge if the fault concerns the
webhook, and senders that call the product's own functions and are restarted until they finish, as Airflow would do. The seed
selects the moment, the request or the byte of the fault. A full disk is a small tmpfs that is filled; without the right to
mount one, the size of files is limited.

- **Duplicates**: personalizations that the simulator accepted (scheduled mail: sent on its way) more than once.
- **Omissions**: people who are missing from the ledger, still pending, or recorded as accepted, rejected, suppressed or
  skipped without a cause.
- **In doubt**: people who may or may not have received the message at the end, summed over the plays. They are never resent
  automatically, and they are at most the people of requests in flight at the fault (four requests per process), or those
  that a restored ledger does not contain.
- **Failed**: plays in which a check of the specification did not hold.
"""


@dataclass
class Row:
    """One fault's plays, summed."""

    plays: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    omissions: int = 0
    in_doubt: int = 0
    problems: int = 0

    def add(self, kind: str, found: Findings) -> None:
        self.plays[kind] += 1
        self.duplicates += found.duplicates
        self.omissions += found.omissions
        self.in_doubt += found.in_doubt
        self.problems += bool(found.problems)


def page(rows: Sequence[tuple[Fault, Row]], seconds: float) -> str:
    """The page, as Markdown."""
    plays = sum(sum(row.plays.values()) for _, row in rows)
    total = [sum(getattr(row, name) for _, row in rows) for name in ("duplicates", "omissions", "problems")]
    summary = f"{len(rows)} faults, {plays} plays in {seconds / 60:.0f} minutes: "
    summary += f"{total[0]} duplicates, {total[1]} omissions, {total[2]} failed."
    parts = [HEAD, summary]
    for line, title in LINES.items():
        if some := [(fault, row) for fault, row in rows if fault.line == line]:
            parts.append(f"## {line}. {title}\n\n{_table(some)}")
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _table(rows: Sequence[tuple[Fault, Row]]) -> str:
    head = "| Fault | Seeds | SQLite | PostgreSQL | Duplicates | Omissions | In doubt | Failed |\n"
    return head + "|---|--:|--:|--:|--:|--:|--:|--:|\n" + "\n".join(_line(fault, row) for fault, row in rows)


def _line(fault: Fault, row: Row) -> str:
    cells = [
        fault.name, row.plays.total(), row.plays["sqlite"], row.plays["postgres"], row.duplicates, row.omissions,
        row.in_doubt, row.problems,
    ]  # fmt: skip
    return f"| {' | '.join(str(cell) for cell in cells)} |"
