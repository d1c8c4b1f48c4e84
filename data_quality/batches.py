"""The suite for a batch as a whole: table rules over the one row of facts of include/sql/validate/<relation>_facts.sql.

A broken rule of severity critical stops the batch: nothing of it is merged, and yesterday's subscribers stay. A warning is
recorded, shown and, apart from `freshness`, told to a person; the batch is merged.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_quality.checks import STOP, WARN, rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

LEAST_SHARE_OF_KNOWN = 0.7
"""A full pass brings at least this share of what the warehouse holds live: a third of a list does not leave in a day.
Well above half, since what landed includes rows to be refused and what the warehouse holds does not."""
MAX_UNSEEN_SHARE = 0.3
"""At most this share of the known rows may be missing from a full pass: if all ids were renamed, everybody would be deleted
and welcomed anew."""
MAX_DELETED_SHARE = 0.02
"""More of the known rows than this are not deleted because one full pass does not show them: lists lose a hundredth in a
busy week, and an export that lost a part of its rows loses more."""
FEW_DELETIONS = 10
"""So many may always go: on a short list a share says nothing."""
MAX_GROWTH = 3.0
"""A batch brings at most so many times what the warehouse holds: more is another list, or a join gone wrong."""
GROWTH_FROM_ROWS = 200
"""Smaller batches may be a list that has just begun."""
MAX_WITHDRAWN_SHARE = 0.2
"""More of the known subscribed turning away at once than this is rather a default value than their wish."""
FEW_WITHDRAWALS = 10
MAX_QUARANTINED_SHARE = 0.2
"""More refused rows than this mean that the export is broken, not its rows."""
SHARE_FROM_ROWS = 100
"""Shares say something from here on; an hour's pass may hold three rows, one of them broken."""
STALE_DAYS = 7
"""Without any change for so long, a source is probably a forgotten copy. A warning: a small list can be quiet."""
SURE_ROWS, LEFT_SHARE = 20, 0.2
"""A column that should hold so many values by the pass before, and holds less than this share of them, has been emptied."""
_COUNTED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+", re.IGNORECASE)
"""What differs between two exports of one file: a UUID, as Spark writes it into a name, or a date or number."""
SWAPPED_ROWS, SWAPPED_SHARE = 10, 0.5
"""Two columns changed places if so many rows, and this share of those that can tell, hold each other's known values."""

TABLE_RULES = (
    "quarantined_share",
    "empty_batch",
    "volume",
    "unseen_share",
    "growth",
    "columns_vanished",
    "columns_swapped",
    "deletions",
    "withdrawals",
    "files_missing",
    "freshness",
)
"""The rules below, by reason."""


def held_deletions(*, unseen: int, agreed: int, known: int, is_whole: bool) -> int:
    """How many rows that a full pass does not show stay, for a person or the next full pass to confirm.

    `agreed` of the `unseen` were missing from an earlier full pass too: they go. The others go where they are few and the
    pass `is_whole`, with every file of the pass before and a key in every row; otherwise all of them stay.
    """
    fresh = unseen - agreed
    return 0 if is_whole and fresh <= max(FEW_DELETIONS, MAX_DELETED_SHARE * known) else fresh


def missing_files(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Files of the batch before that are gone and not replaced; a name that differs in digits or a UUID replaces one."""
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(before) - set(now)):
        gone[_pattern(name)].append(name)
    room = Counter(_pattern(name) for name in set(now) - set(before))
    return [name for pattern, names in gone.items() for name in names[room[pattern] :]]


def _pattern(name: str) -> str:
    return _COUNTED.sub("#", name)


def suite(*, full: bool) -> list[Expectation]:
    """The table rules of a full or an incremental pass."""
    return [*_always(), *(_full() if full else [])]


def _always() -> list[Expectation]:
    return [
        _at_most("quarantined_share", MAX_QUARANTINED_SHARE, "quarantined_share", "rows"),
        _at_most("growth", MAX_GROWTH, "growth", "rows"),
        _at_most("vanished_columns", 0, "columns_vanished", "columns"),
        _at_most("swapped_pairs", 0, "columns_swapped", "columns"),
        _at_most("withdrawn_share", MAX_WITHDRAWN_SHARE, "withdrawals", "status", severity=WARN),
        _at_most("missing_files", 0, "files_missing", "files", severity=WARN),
    ]


def _full() -> list[Expectation]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(column="raw_rows", min_value=1, **rule("empty_batch", "rows", severity=STOP)),
        gxe.ExpectColumnValuesToBeBetween(
            column="share_of_known", min_value=LEAST_SHARE_OF_KNOWN, **rule("volume", "rows", severity=STOP)
        ),
        _at_most("unseen_share", MAX_UNSEEN_SHARE, "unseen_share", "rows"),
        _at_most("held_deletions", 0, "deletions", "rows", severity=WARN),
        _at_most("days_since_newest", STALE_DAYS, "freshness", "newest change", severity=WARN),
    ]


def _at_most(column: str, most: float, reason: str, about: str, **settings: Any) -> Expectation:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=most, **rule(reason, about, **settings))
