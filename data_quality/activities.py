"""The suite for activities: row rules over the metrics of include/sql/validate/activities_row_metrics.sql.

An activity of an unknown subscriber is accepted, as a purchase is: their row may be in quarantine today and fixed tomorrow.
The port (include/edge/activities/) applies the same rules to what is posted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from data_quality.checks import rule
from data_quality.purchases import key_rules
from data_quality.subscribers import AHEAD_DAYS, ATTRIBUTES_LENGTH, EARLIEST

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(now: datetime) -> list[Expectation]:
    """The row rules as of `now`."""
    return [*key_rules("activity_id"), *_facts((now - EARLIEST).days), *_properties()]


def _facts(oldest: int) -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    flags = (
        ("name_is_a_label", True, "name_malformed", "name"),
        ("happened_at_reads", True, "happened_at_unreadable", "happened_at"),
        ("has_control_character", False, "control_character", "any text"),
        ("has_undecodable_text", False, "undecodable", "any text"),
    )
    return [
        *(
            gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[good], **rule(reason, about))
            for column, good, reason, about in flags
        ),
        ExpectColumnValuesToBeWithin(
            column="days_since_activity",
            min_value=AHEAD_DAYS,
            max_value=oldest,
            **rule("happened_at_implausible", "happened_at"),
        ),
    ]


def _properties() -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    return [
        ExpectColumnValuesToBeWithin(
            column="properties_length", max_value=ATTRIBUTES_LENGTH, **rule("properties_too_long", "properties")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="properties_type", value_set=["OBJECT"], **rule("properties_malformed", "properties")
        ),
    ]
