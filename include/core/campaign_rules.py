"""The rules across several fields of a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from include.core.campaign_fields import FIXED_DATA
from include.core.field_errors import FieldError
from include.core.rules import rule
from include.core.segment_set import SegmentSet
from include.core.send_time import OWN_TIME, USUAL_TIME

if TYPE_CHECKING:
    from include.core.campaign import Campaign


@rule("variants", "send_window", "quiet_hours")
def _quiet_hours_leave_some(campaign: Campaign) -> Iterator[FieldError]:
    arms = [campaign.arm(variant.id).hours for variant in campaign.variants]
    if any(hours and not hours.spans for hours in arms):
        yield FieldError("leave no hour of the send window", "quiet_hours")


@rule("segment", "exclude_segments")
def _selects_somebody(campaign: Campaign) -> Iterator[FieldError]:
    one = campaign.segment
    selected = {*one.any, *one.all} if isinstance(one, SegmentSet) else {one}
    if both := sorted(selected & {*campaign.exclude_segments}):
        yield FieldError(f"selects and leaves out {', '.join(both)}", "exclude_segments")


@rule("schedule", "time_zone")
def _date_exists(campaign: Campaign) -> Iterator[FieldError]:
    try:
        _ = campaign.one_date
    except ValueError as error:
        yield FieldError(str(error), "schedule")


@rule("budget", "cost_per_thousand")
def _budget_has_a_price(campaign: Campaign) -> Iterator[FieldError]:
    if campaign.budget and not campaign.cost_per_thousand:
        yield FieldError("a budget needs the price of a mail: cost_per_thousand", "budget")


@rule("send_time", "variants", "winner", "kind")
def _send_time_is_an_experiment_of_its_own(campaign: Campaign) -> Iterator[FieldError]:
    if not campaign.send_time:
        return
    if [variant.id for variant in campaign.variants] != [USUAL_TIME, OWN_TIME]:
        yield FieldError("a send time per person is an experiment of its own, without other variants", "variants")
    if campaign.winner:
        yield FieldError("a send time per person has no winner: its control group stays", "winner")
    if campaign.kind == "confirmation":
        yield FieldError("a send time per person is for marketing mail: people wait for this", "send_time")


@rule("template", "dynamic_template")
def _has_one_content(campaign: Campaign) -> Iterator[FieldError]:
    if bool(campaign.template) == bool(campaign.dynamic_template):
        where = "dynamic_template" if campaign.template else "template"
        yield FieldError("a campaign has either a template or a dynamic_template", where)


@rule("dynamic_template", "dynamic_data", "locales", "kind", "variants")
def _dynamic_template_has_its_fields(campaign: Campaign) -> Iterator[FieldError]:
    if not campaign.dynamic_template:
        if campaign.dynamic_data is not None:
            yield FieldError("is for a dynamic_template", "dynamic_data")
        return
    if isinstance(campaign.dynamic_template, dict) and set(campaign.dynamic_template) != set(campaign.locales):
        yield FieldError("needs an id for each of the locales, and no other", "dynamic_template")
    for taken in sorted(FIXED_DATA & set(campaign.dynamic_data or {})):
        yield FieldError(f"{taken} is always in the data", "dynamic_data", taken)
    if campaign.kind == "confirmation":
        yield FieldError("a confirmation needs a template, so that its link can be checked", "dynamic_template")
    for at, variant in enumerate(campaign.variants):
        for name in ("subject", "template"):
            if getattr(variant, name) is not None:
                yield FieldError("is at SendGrid for a dynamic_template; it can print {{variant}}", "variants", at, name)


@rule("variants")
def _variants_differ(campaign: Campaign) -> Iterator[FieldError]:
    ids = [variant.id for variant in campaign.variants]
    for at, name in enumerate(ids):
        if name in ids[:at]:
            yield FieldError("two variants have the same id", "variants", at, "id")


@rule("locales")
def _locales_differ(campaign: Campaign) -> Iterator[FieldError]:
    for at, locale in enumerate(campaign.locales):
        if locale in campaign.locales[:at]:
            yield FieldError(f"'{locale}' is named twice", "locales", at)


@rule("winner", "variants", "occurrence")
def _winner_has_variants_and_a_rest(campaign: Campaign) -> Iterator[FieldError]:
    if campaign.winner and len(campaign.variants) < 2:
        yield FieldError("a winner needs two variants or more", "winner")
    if campaign.winner and campaign.occurrence not in ("once", "day", "week", "month"):
        yield FieldError("mail that an event triggers has no rest for a winner", "winner")


@rule("kind", "topic", "hold_out_percent", "occurrence", "quiet_hours", "follows")
def _confirmation_is_not_marketing(campaign: Campaign) -> Iterator[FieldError]:
    if campaign.kind != "confirmation":
        if campaign.follows:
            yield FieldError("follows is only valid for kind: confirmation", "follows")
        return
    for name in ("topic", "hold_out_percent"):
        if getattr(campaign, name):
            yield FieldError("a confirmation has neither topic nor hold-out: it goes to everybody who signed up", name)
    if campaign.occurrence not in ("signup", "each_signup"):
        what = "a confirmation is sent once per signup: its occurrence must be signup or each_signup"
        yield FieldError(what, "occurrence")
    if campaign.quiet_hours:
        yield FieldError("a confirmation has no quiet hours: people wait for it", "quiet_hours")


RULES = (
    _quiet_hours_leave_some,
    _selects_somebody,
    _date_exists,
    _budget_has_a_price,
    _send_time_is_an_experiment_of_its_own,
    _has_one_content,
    _dynamic_template_has_its_fields,
    _variants_differ,
    _locales_differ,
    _winner_has_variants_and_a_rest,
    _confirmation_is_not_marketing,
)
