"""The suite for a batch as a whole: table rules over the metrics of include/sql/validate/<relation>_batch_metrics.sql.

A broken rule of severity critical stops the batch: nothing is merged, and the warehouse keeps the previous subscribers. A
warning is recorded, shown on the quality page and sent as an alert, an info is recorded and shown; the batch is merged. The
severities are in rules.yaml.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_quality.checks import rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

MIN_SHARE_OF_KNOWN = 0.7
"""A full pass contains at least this share of the live rows in the warehouse: a third of a list does not leave in a day.
Well above half, since the landed rows include rows to be quarantined and the warehouse does not."""
MAX_UNSEEN_SHARE = 0.3
"""At most this share of the known rows may be missing from a full pass: if the source renamed all ids, every subscriber
would be deleted and would get the welcome mail again."""
MAX_DELETED_SHARE = 0.02
"""If one full pass lacks a larger share of the known rows, it deletes none of them: a list loses about 1 % in a busy week,
and a truncated export loses more."""
FEW_DELETIONS = 10
"""This many may always be deleted: on a short list a share is not significant."""
MAX_GROWTH = 3.0
"""A batch contains at most this multiple of the rows in the warehouse: more is a different list, or a faulty join."""
GROWTH_MIN_ROWS = 200
"""Smaller batches may be a new list."""
MAX_WITHDRAWN_SHARE = 0.2
"""If more of the subscribed withdraw at once, a changed default value is a likelier cause than their choice."""
FEW_WITHDRAWALS = 10
MAX_QUARANTINED_SHARE = 0.2
"""A larger share of quarantined rows means that the export is broken, not single rows."""
QUARANTINED_MIN_ROWS = 100
"""The share is significant from this size on; an hourly pass may have three rows, one of them broken."""
STALE_DAYS = 7
"""A source without a change for so many days is probably an abandoned copy; of severity info, since a small list may not
change."""
VANISHED_MIN_ROWS, VANISHED_MAX_SHARE = 20, 0.2
"""A column has vanished where the previous pass predicts at least so many values and less than this share of them is
there."""
_VARIABLE_PART = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+", re.IGNORECASE)
"""The parts of a file name that differ between two exports: a UUID, as Spark writes it, or a date or number."""
SWAPPED_MIN_ROWS, SWAPPED_MIN_SHARE = 10, 0.5
"""Two columns are swapped if at least so many rows, and this share of the comparable ones, hold each other's known
values."""


def held_deletions(*, unseen: int, confirmed: int, known: int, is_whole: bool) -> int:
    """How many deletions are held, for the operator or the next full pass to confirm.

    `confirmed` of the `unseen` rows were missing from an earlier full pass too: they are deleted. The others are deleted
    where they are few and the pass `is_whole`, with every file of the previous pass and a key in every row; otherwise all
    are held.
    """
    unconfirmed = unseen - confirmed
    return 0 if is_whole and unconfirmed <= max(FEW_DELETIONS, MAX_DELETED_SHARE * known) else unconfirmed


def missing_files(previous: Sequence[str], current: Sequence[str]) -> list[str]:
    """Files of the previous batch without a successor. A file name that differs only in digits or a UUID is a successor."""
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(previous) - set(current)):
        gone[_pattern(name)].append(name)
    successors = Counter(_pattern(name) for name in set(current) - set(previous))
    return [name for pattern, names in gone.items() for name in names[successors[pattern] :]]


def _pattern(name: str) -> str:
    return _VARIABLE_PART.sub("#", name)


def suite(*, full: bool) -> list[Expectation]:
    """The table rules of a full or an incremental pass."""
    return [*_always(), *(_full() if full else [])]


def _always() -> list[Expectation]:
    return [
        _at_most("quarantined_share", MAX_QUARANTINED_SHARE, "quarantined_share", "rows"),
        _at_most("growth", MAX_GROWTH, "growth", "rows"),
        _at_most("vanished_columns", 0, "columns_vanished", "columns"),
        _at_most("swapped_pairs", 0, "columns_swapped", "columns"),
        _at_most("retyped_columns", 0, "columns_retyped", "columns"),
        _at_most("changed_columns", 0, "columns_changed", "columns"),
        _at_most("withdrawn_share", MAX_WITHDRAWN_SHARE, "withdrawals", "status"),
        _at_most("missing_files", 0, "files_missing", "files"),
    ]


def _full() -> list[Expectation]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(column="raw_rows", min_value=1, **rule("empty_batch", "rows")),
        gxe.ExpectColumnValuesToBeBetween(column="share_of_known", min_value=MIN_SHARE_OF_KNOWN, **rule("volume", "rows")),
        _at_most("unseen_share", MAX_UNSEEN_SHARE, "unseen_share", "rows"),
        _at_most("held_deletions", 0, "deletions", "rows"),
        _at_most("days_since_newest", STALE_DAYS, "freshness", "newest change"),
    ]


def _at_most(column: str, max_value: float, reason: str, about: str) -> Expectation:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=max_value, **rule(reason, about))
