"""What the plays of a fault add up to, and the page that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.catalogue import Fault
from tests.faults.checks import Findings

LINES = {
    1: "kill -9",
    2: "SendGrid answers otherwise than it acts",
    3: "The webhook",
    4: "Disk full, torn files, flipped bits",
    5: "The same task twice, sleepers, clocks",
    6: "People leave, the template is edited",
    7: "The ledger comes from a backup",
    8: "Scheduled mail is paused, resumed and cancelled",
    9: "People say no, in every way and at every stage",
}
HEAD = """# Faults

Written by `make faults` (`python -m tests.faults.run`); do not edit. What each fault does is in `tests/faults/`, and every
check in `tests/faults/checks.py`.

Each play is a campaign of its own (120 people in chunks of at most 10, where nothing else is said) with real processes:
a simulated SendGrid that records every personalization it accepts, a ledger, an edge where the webhook matters, and senders
that run the product's own functions and are run again until they finish, as Airflow would. Seeds draw the moment, the
request, the byte. Where the disk is full it is a small tmpfs, filled up; a process that may not mount limits its files.

- **Duplicates**: personalizations that the simulator accepted (scheduled mail: sent on its way) more than once.
- **Omissions**: people whom the ledger forgot, left pending, or calls accepted, rejected, suppressed or skipped without
  cause.
- **In doubt**: people shown as "may or may not have got it" at the end, summed over the plays. Never sent again by itself;
  no more than were under way when the fault struck (four requests a process), or than a restored ledger had forgotten.
- **Failed**: plays in which any check of the specification did not hold.
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
    told = f"{len(rows)} faults, {plays} plays in {seconds / 60:.0f} minutes: "
    told += f"{total[0]} duplicates, {total[1]} omissions, {total[2]} failed."
    parts = [HEAD, told]
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
