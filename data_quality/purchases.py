"""The suite for purchases: row rules over the metrics of include/sql/validate/purchases_row_metrics.sql.

A negative amount is a refund and an amount of zero is a gift: both are accepted. So is a purchase by an unknown subscriber,
whose row may be in quarantine today and fixed tomorrow.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from data_quality.checks import rule
from data_quality.subscribers import AHEAD_DAYS, EARLIEST, ID_LENGTH

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(now: datetime) -> list[Expectation]:
    """The row rules as of `now`."""
    return [*key_rules("purchase_id"), *_facts((now - EARLIEST).days)]


def key_rules(key: str) -> list[Expectation]:
    """The rules of a relation's own key and of the subscriber that its rows are about; activities have the same."""
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    keys = ((f"{key}_length", key), ("id_length", "subscriber_id"))
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=column, **rule(f"{name}_missing", name)) for column, name in keys),
        *(
            ExpectColumnValuesToBeWithin(column=column, max_value=ID_LENGTH, **rule(f"{name}_too_long", name))
            for column, name in keys
        ),
        gxe.ExpectColumnValuesToBeInSet(column="id_has_at_or_space", value_set=[False], **rule("id_form", "subscriber_id")),
    ]


def _facts(oldest: int) -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    flags = (
        ("purchased_at_reads", True, "purchased_at_unreadable", "purchased_at"),
        ("amount_reads", True, "amount_unreadable", "amount"),
        ("currency_is_a_code", True, "currency_malformed", "currency"),
        ("has_control_character", False, "control_character", "any text"),
        ("has_undecodable_text", False, "undecodable", "any text"),
    )
    return [
        *(
            gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[good], **rule(reason, about))
            for column, good, reason, about in flags
        ),
        ExpectColumnValuesToBeWithin(
            column="days_since_purchase",
            min_value=AHEAD_DAYS,
            max_value=oldest,
            **rule("purchased_at_implausible", "purchased_at"),
        ),
        ExpectColumnValuesToBeWithin(column="items", min_value=0, **rule("items_malformed", "items")),
    ]
