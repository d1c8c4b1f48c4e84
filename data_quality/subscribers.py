"""The suite for subscribers: row rules over the metrics of include/sql/validate/subscribers_row_metrics.sql.

Every rule quarantines the row that breaks it, except for names that look like a template, where a setting decides. The
absence of other rules is deliberate: names may contain anything printable (formulas and right-to-left marks are data),
country, locale, time zone and sign-up time may be missing, and subscribers who are not subscribed need no proof of consent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data_quality.checks import WARN, rule
from include.core.places import country_codes, time_zones

if TYPE_CHECKING:
    import pyarrow as pa
    from great_expectations.expectations.expectation import Expectation

STATUSES = ("subscribed", "unsubscribed", "pending")
TRACKING = ("true", "false", "t", "f", "1", "0", "yes", "no", "y", "n", "on", "off")
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No mailing list is older: an earlier time is a default value or a corrupt date."""
AHEAD_DAYS = -1
"""How many days in the future a time may be: a source without time zones may write local time, up to 14 hours ahead."""
ID_LENGTH, NAME_LENGTH, CODE_LENGTH, ATTRIBUTES_LENGTH = 200, 200, 255, 16_384


def suite(now: datetime, *, template_names: str = WARN) -> list[Expectation]:
    """The row rules as of `now`; `template_names` is the severity of a name that looks like a template."""
    times = _times((now - EARLIEST).days)
    return [*_keys(), *_addresses(), *_consent(), *times, *_places(), *_text(), *_names(template_names)]


def coded(metrics: pa.Table) -> pa.Table:
    """The row metrics with the address replaced by its fault, and country and time zone by whether they are known.

    As values, the names of all countries and time zones are a third of the cost of the suite in a small batch: Great
    Expectations serializes them for every metric.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from data_quality.addresses import address_faults

    metrics = metrics.append_column("address_fault", address_faults(metrics["email"].combine_chunks()))
    for column, known in (("country", country_codes()), ("timezone", time_zones())):
        is_known = pc.is_in(metrics[column], pa.array(sorted(known)))
        metrics = metrics.append_column(f"{column}_is_known", pc.if_else(pc.is_valid(metrics[column]), is_known, None))
    return metrics.drop_columns(["email", "country", "timezone"])


def _keys() -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="id_length", **rule("id_missing", "subscriber_id")),
        ExpectColumnValuesToBeWithin(column="id_length", max_value=ID_LENGTH, **rule("id_too_long", "subscriber_id")),
        gxe.ExpectColumnValuesToBeInSet(column="id_has_at_or_space", value_set=[False], **rule("id_form", "subscriber_id")),
    ]


def _addresses() -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.addresses import FAULTS

    return [
        gxe.ExpectColumnValuesToNotBeInSet(column="address_fault", value_set=[fault], **rule(fault, "email"))
        for fault in FAULTS
    ]


def _consent() -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    proof = ("lawful_basis", "consent_source", "consented_at", "consent_wording")
    return [
        gxe.ExpectColumnValuesToBeInSet(column="state", value_set=list(STATUSES), **rule("status_unknown", "status")),
        *(
            gxe.ExpectColumnValuesToBeInSet(column=f"has_{part}", value_set=[True], **rule(f"{part}_missing", part))
            for part in proof
        ),
        ExpectColumnValuesToBeWithin(
            column="days_since_consent", min_value=AHEAD_DAYS, **rule("consent_in_future", "consented_at")
        ),
        ExpectColumnValuesToBeWithin(
            column="days_from_sign_up_to_consent", min_value=-1, **rule("consent_before_sign_up", "consented_at")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="tracking_consent", value_set=list(TRACKING), **rule("tracking_consent_unreadable", "tracking_consent")
        ),
    ]


def _times(oldest: int) -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    reads = [
        gxe.ExpectColumnValuesToBeInSet(column=f"{name}_reads", value_set=[True], **rule(f"{name}_unreadable", name))
        for name in ("signed_up_at", "consented_at", "consent_expires_at", "updated_at")
    ]
    span: dict[str, Any] = {"min_value": AHEAD_DAYS, "max_value": oldest}
    return [
        *reads,
        ExpectColumnValuesToBeWithin(
            column="days_since_sign_up", **span, **rule("signed_up_at_implausible", "signed_up_at")
        ),
        ExpectColumnValuesToBeWithin(
            column="days_since_consent", max_value=oldest, **rule("consented_at_implausible", "consented_at")
        ),
        ExpectColumnValuesToBeWithin(column="days_since_update", **span, **rule("updated_at_implausible", "updated_at")),
    ]


def _places() -> list[Expectation]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="country_is_known", value_set=[True], **rule("country_unknown", "country")),
        gxe.ExpectColumnValuesToBeInSet(
            column="timezone_is_known", value_set=[True], **rule("timezone_unknown", "timezone")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="locale_is_well_formed", value_set=[True], **rule("locale_malformed", "locale")
        ),
    ]


def _text() -> list[Expectation]:
    import great_expectations.expectations as gxe

    from data_quality.within import ExpectColumnValuesToBeWithin

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="has_control_character", value_set=[False], **rule("control_character", "any text")
        ),
        gxe.ExpectColumnValuesToBeInSet(column="has_undecodable_text", value_set=[False], **rule("undecodable", "any text")),
        ExpectColumnValuesToBeWithin(column="name_length", max_value=NAME_LENGTH, **rule("name_too_long", "names")),
        ExpectColumnValuesToBeWithin(column="code_length", max_value=CODE_LENGTH, **rule("code_too_long", "any code")),
        ExpectColumnValuesToBeWithin(
            column="attributes_length", max_value=ATTRIBUTES_LENGTH, **rule("attributes_too_long", "attributes")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="attributes_type", value_set=["OBJECT"], **rule("attributes_malformed", "attributes")
        ),
    ]


def _names(severity: str) -> list[Expectation]:
    import great_expectations.expectations as gxe

    about = rule("name_looks_like_template", "names", severity=severity)
    return [gxe.ExpectColumnValuesToBeInSet(column="name_looks_like_template", value_set=[False], **about)]
