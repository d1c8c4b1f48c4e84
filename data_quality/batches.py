"""The suite for a batch as a whole: table rules over the one row of facts of include/sql/validate/<relation>_facts.sql.

A broken rule of severity critical stops the batch: nothing of it is merged, and yesterday's subscribers stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_quality.checks import STOP, WARN, rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

LEAST_SHARE_OF_KNOWN = 0.7
"""A full pass brings at least this share of what the warehouse holds live: a third of a list does not leave in a day.
Well above half, since what landed includes rows to be refused and what the warehouse holds does not."""
MOST_UNSEEN_SHARE = 0.3
"""At most this share of the known rows may be missing from a full pass: if all ids were renamed, everybody would be deleted
and welcomed anew."""
MOST_QUARANTINED_SHARE = 0.2
"""More refused rows than this mean that the export is broken, not its rows."""
SHARE_FROM_ROWS = 100
"""Shares say something from here on; an hour's pass may hold three rows, one of them broken."""
STALE_DAYS = 7
"""Without any change for so long, a source is probably a forgotten copy. A warning: a small list can be quiet."""

TABLE_RULES = ("quarantined_share", "empty_batch", "volume", "unseen_share", "freshness")
"""The rules below, by reason."""


def suite(*, full: bool) -> list[Expectation]:
    """The table rules of a full or an incremental pass."""
    return [*_always(), *(_full() if full else [])]


def _always() -> list[Expectation]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="quarantined_share", max_value=MOST_QUARANTINED_SHARE, **rule("quarantined_share", "rows", severity=STOP)
        )
    ]


def _full() -> list[Expectation]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(column="raw_rows", min_value=1, **rule("empty_batch", "rows", severity=STOP)),
        gxe.ExpectColumnValuesToBeBetween(
            column="share_of_known", min_value=LEAST_SHARE_OF_KNOWN, **rule("volume", "rows", severity=STOP)
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="unseen_share", max_value=MOST_UNSEEN_SHARE, **rule("unseen_share", "rows", severity=STOP)
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="days_since_newest", max_value=STALE_DAYS, **rule("freshness", "newest change", severity=WARN)
        ),
    ]
