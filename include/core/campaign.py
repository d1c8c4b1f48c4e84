"""A campaign: audience, content, schedule and pace, as its YAML file in `include/campaigns/` says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from include.core.approval import Approval, ApprovalChoice, rule_of
from include.core.arrival_hours import ArrivalHours, QuietHours, SendWindow, arrival_hours
from include.core.campaign_fields import (
    CONTROL,
    Budget,
    DataName,
    DynamicTemplate,
    Follows,
    Identifier,
    Locale,
    Pace,
    Sender,
    Variant,
    Winner,
)
from include.core.campaign_rules import RULES
from include.core.campaign_schedule import as_text, next_run, one_date, require_schedule, require_time_zone
from include.core.rules import Rule, RuledModel
from include.core.segment_set import SegmentChoice, SegmentSet, SegmentText
from include.core.send_time import SendTime, arms

JOURNEY_SEPARATOR = "__"
"""Two underscores separate a journey and its step in the campaign id of the step's mail."""
REST = "-rest"
"""The suffix of the occurrence that sends the winner of an experiment to the rest of the audience: `2026-W48-rest`."""


class Campaign(RuledModel):
    """The contents of a campaign file. The descriptions are the source of docs/campaigns.md and of the JSON schema.

    `kind: confirmation` asks pending subscribers to confirm and is sent to nobody else. Its mail contains `confirm_url`,
    which works for `confirm_within_days`, and is not tracked. A reminder names the campaign that it `follows`.
    """

    rules: ClassVar[tuple[Rule, ...]] = RULES

    id: Identifier = Field(
        description="Equals the file's name. Never change it after the first send: it identifies mail already sent.",
        examples=["newsletter"],
    )
    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="The name in reports and in Airflow.", examples=["The weekly letter"]
    )
    owner: Annotated[str, Field(min_length=1)] = Field(
        description="The team to contact about this campaign.", examples=["marketing"]
    )
    purpose: Annotated[str, Field(min_length=1)] = Field(
        description="Why people get this mail, in a sentence.",
        examples=["Three records worth hearing, for people who read the letter."],
    )
    kind: Literal["marketing", "confirmation"] = Field(
        default="marketing",
        description="`confirmation` asks new subscribers to confirm: only pending subscribers get it, untracked.",
        examples=["marketing"],
    )
    schedule: Annotated[str | None, BeforeValidator(as_text)] = Field(
        default=None,
        description="When the campaign is sent: a cron expression (minute, hour, day of month, month, day of week; 2 = "
        "Tuesday), or one date. Without it, the campaign is started by hand.",
        examples=["0 9 * * 2", "2026-12-24 09:00"],
    )
    time_zone: str = Field(
        default="UTC",
        description="The time zone of the schedule, an IANA name. Days, weeks and months of `occurrence` begin there too.",
        examples=["Europe/Berlin"],
    )
    occurrence: Literal["once", "day", "week", "month", "signup", "each_signup", "first_purchase", "trigger"] = Field(
        description="At most one message per person and this: `once` for a one-off; `day`, `week` or `month` for a "
        "recurring campaign; `signup` or `first_purchase` for mail that an event triggers (once per person, whichever "
        "run finds the event); `each_signup` for one message per sign-up. Two runs of one occurrence send the same message.",
        examples=["week"],
        json_schema_extra={"enum": ["once", "day", "week", "month", "signup", "each_signup", "first_purchase"]},
    )
    segment: SegmentChoice = Field(
        description="The audience: a file in include/sql/segment/definitions/, without .sql; with other parameters than its "
        "defaults as in `engaged(days=30)`. Or a combination of segments, with the fields below.",
        examples=["newsletter_readers"],
    )
    exclude_segments: tuple[SegmentText, ...] = Field(
        default=(), description="People in any of these segments get no mail.", examples=[["new_subscribers"]]
    )
    template: Identifier | Literal[""] = Field(
        default="",
        description="The content: a folder in include/templates/. A campaign has either this or `dynamic_template`.",
        examples=["newsletter"],
    )
    dynamic_template: DynamicTemplate | dict[Locale, DynamicTemplate] | None = Field(
        default=None,
        description="In the place of `template`: the id of a dynamic template at SendGrid, where its subject and content "
        "are; or one for each language. What the template says cannot be checked here.",
        examples=["d-0123456789abcdef0123456789abcdef"],
    )
    dynamic_data: dict[DataName, Annotated[str, Field(max_length=2000)]] | None = Field(
        default=None,
        description="Of a dynamic template: the values that it prints, as in `{{first_name}}`, each written as in a "
        "template file. Without it, the fields of the person. `unsubscribe_url`, `preferences_url`, `postal_address`, "
        "`sender_name`, `campaign`, `variant`, `locale` and `test_mark` are always there.",
        examples=[{"first_name": '{{ person.first_name | title | default("there") }}'}],
    )
    topic: Identifier | None = Field(
        default=None,
        description="A kind of mail that people can decline on the preference page; declared in include/shop.yaml. People "
        "can decline mail without a topic only by unsubscribing from everything.",
        examples=["news"],
    )
    confirm_within_days: Annotated[int, Field(ge=1, le=30)] = Field(
        default=14, description="Of a confirmation: for how many days its link works.", examples=[14]
    )
    follows: Follows | None = Field(
        default=None,
        description="Of a confirmation: the campaign that this one reminds of. It goes to people whose earlier message was "
        "accepted that many days ago or earlier.",
        examples=[{"campaign": "confirm", "after_days": 3}],
    )
    locales: Annotated[tuple[Locale, ...], Field(min_length=1)] = Field(
        default=("en",),
        description="The languages of the mail. The first is that of the files without a language in their name.",
        examples=[["en", "de", "fr"]],
    )
    sender: Sender = Field(
        description="The From address.", examples=[{"email": "news@shop.example.com", "name": "Harbour Records"}]
    )
    reply_to: Sender | None = Field(
        default=None,
        description="The address for replies; without it, the sender's.",
        examples=[{"email": "hello@shop.example.com", "name": "Harbour Records"}],
    )
    postal_address: Annotated[str, Field(min_length=10, max_length=300)] = Field(
        description="The shop's postal address, in one line. The law requires it in every mail.",
        examples=["Harbour Records Ltd, 14 Quay Street, Bristol BS1 4QA, United Kingdom"],
    )
    categories: Annotated[tuple[str, ...], Field(max_length=9)] = Field(
        default=(),
        description="Categories in SendGrid's statistics, in ASCII; the campaign's id is always added.",
        examples=[["weekly"]],
    )
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=10)] = Field(
        default=(Variant(id="only"),),
        description="The arms of an A/B test. A person is always assigned to the same arm.",
        examples=[[{"id": "quiet"}, {"id": "offer", "weight": 1, "subject": "Ten percent to come back to"}]],
    )
    winner: Winner | None = Field(
        default=None,
        description="Tests the variants on a part of the audience, and sends the best to the rest by itself.",
        examples=[{"metric": "human_click", "test_percent": 20, "after_hours": 24}],
    )
    hold_out_percent: Annotated[float, Field(ge=0, lt=100)] = Field(
        default=0,
        description="A random part of the audience, in percent, that gets no mail, so that the effect can be measured.",
        examples=[10],
    )
    pace: Pace = Field(
        default=Pace(),
        description="The sending rate. Without it, the limits of the account apply.",
        examples=[{"messages_per_second": 500, "daily_cap": 50000}],
    )
    send_window: SendWindow | None = Field(
        default=None,
        description="The hours in which mail may arrive, in the recipient's time zone; without it, any hour.",
        examples=[{"start": 9, "end": 20, "missed": "next_day"}],
    )
    send_time: SendTime | Literal["per_person"] | None = Field(
        default=None,
        description="`per_person` sends to each person at the hour at which they opened and clicked most, on their clock, "
        "within a day after the schedule and in the hours of arrival. A control group gets the mail at the usual time, and "
        "the report shows the difference: the campaign has the variants `usual_time` and `own_time`, and no others.",
        examples=["per_person", {"by": "per_person", "control_percent": 20}],
    )
    quiet_hours: QuietHours | Literal["none"] | None = Field(
        default=None,
        description="Hours in which no mail may arrive, in the recipient's time zone (UTC where it is unknown): it arrives "
        "when they end. Without it, the `quiet_hours` of include/shop.yaml; `none` for no quiet hours. They do not apply to "
        "confirmations, for which people wait.",
        examples=[{"start": 22, "end": 7}],
    )
    frequency_cap_hours: Annotated[int, Field(ge=0, le=24 * 31)] = Field(
        default=16, description="Skips people who received other mail within this many hours. 0: nobody.", examples=[16]
    )
    priority: Annotated[int, Field(ge=0, le=100)] = Field(
        default=50,
        description="Which campaign's mail people get who may get only one, by the frequency caps: that of the higher "
        "priority, then of the higher `value_per_mail`, then the one that is due first. Confirmations are sent anyway.",
        examples=[70],
    )
    value_per_mail: Annotated[float, Field(ge=0)] | None = Field(
        default=None,
        description="What a mail is worth, in the shop's currency, to decide between campaigns of the same priority. "
        "Without it, the revenue per person that its hold-outs have shown; 0 before that.",
        examples=[0.35],
    )
    on_doubt: Literal["skip", "resend_after_24h", "ask"] = Field(
        default="skip",
        description="What happens with messages of which it is unknown whether they were sent: never again, after a day "
        "without any sign of them, or an operator decides.",
        examples=["skip"],
    )
    late_start_limit_hours: Annotated[int, Field(gt=0)] = Field(
        default=24,
        description="A scheduled run that starts later than this waits for somebody's approval.",
        examples=[24],
    )
    approval: ApprovalChoice | None = Field(
        default=None,
        description="Whether somebody must approve the preview, in Airflow, before a live send of each occurrence: "
        "`required`, or with the fields below. Every edit after it asks again. Without it, nobody is asked.",
        examples=["required", {"people": 2, "within": "24h", "on_timeout": "skip"}],
    )
    asm_group_id: int | None = Field(
        default=None, description="SendGrid's unsubscribe group, if the account uses them.", examples=[12345]
    )
    ip_pool_name: Annotated[str, Field(min_length=2, max_length=64)] | None = Field(
        default=None, description="SendGrid's IP pool that sends this campaign.", examples=["marketing"]
    )
    cost_per_thousand: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="For the report: SendGrid's price per thousand mails, in dollars.", examples=[0.40]
    )
    budget: Budget | None = Field(
        default=None,
        description="What the campaign may cost, by `cost_per_thousand`. A plan ends where the money ends, most engaged "
        "people first; the others are capped and counted.",
        examples=[{"amount": 250, "per": "month"}],
    )

    def arm(self, variant: str) -> Campaign:
        """The campaign as the people of one variant get it: with the variant's template, sender and send window."""
        own = next(each for each in self.variants if each.id == variant)
        named = {name: getattr(own, name) for name in ("template", "sender", "send_window")}
        return self.model_copy(update={name: value for name, value in named.items() if value is not None})

    @property
    def approval_rule(self) -> Approval | None:
        """Who must approve a live send; None if nobody is asked."""
        return rule_of(self.approval)

    @property
    def hours(self) -> ArrivalHours | None:
        """The hours in which the mail may arrive, of an arm; None: any."""
        quiet = self.quiet_hours if isinstance(self.quiet_hours, QuietHours) else None
        return arrival_hours(self.send_window, quiet)

    @property
    def waits_for_hours(self) -> bool:
        """Whether the mail of any variant waits for its hours."""
        return any(self.arm(variant.id).hours for variant in self.variants)

    @property
    def segments(self) -> SegmentSet:
        """Whom the campaign selects: `segment` without `exclude_segments`."""
        one = self.segment if isinstance(self.segment, SegmentSet) else SegmentSet(any=(self.segment,))
        return SegmentSet(any=one.any, all=one.all, none=tuple(dict.fromkeys((*one.none, *self.exclude_segments))))

    @field_validator("schedule")
    @classmethod
    def _schedule_comes(cls, value: str | None) -> str | None:
        return None if value is None else require_schedule(value)

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, value: str) -> str:
        return require_time_zone(value)

    @property
    def one_date(self) -> datetime | None:
        """The time (UTC) at which the campaign is sent, if its schedule is one date."""
        return one_date(self.schedule, self.time_zone)

    def next_run(self, after: datetime) -> datetime | None:
        """The next scheduled time (UTC) after `after`; None if there is none."""
        return next_run(self.schedule, self.time_zone, after)

    @field_validator("postal_address")
    @classmethod
    def _address_is_one_line(cls, value: str) -> str:
        if CONTROL.search(value):
            raise ValueError("must be one line")
        return value

    @field_validator("categories")
    @classmethod
    def _categories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value) or any(not (part.isascii() and 0 < len(part) <= 255) for part in value):
            raise ValueError("categories must be unique, ASCII and at most 255 characters long (SendGrid)")
        return value

    @field_validator("variants")
    @classmethod
    def _variant_names(cls, value: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if taken := {variant.id for variant in value} & {"treated", "held_out"}:
            raise ValueError(f"a variant is called {taken.pop()}, which is an arm of every hold-out in the results")
        return value

    @model_validator(mode="before")
    @classmethod
    def _send_time_has_its_arms(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("send_time") and "variants" not in values:
            return {**values, "variants": arms(values["send_time"])}
        return values

    def dynamic_template_of(self, locale: str) -> str:
        """The dynamic template of a locale; empty if the campaign has a `template`."""
        chosen = self.dynamic_template or ""
        return chosen if isinstance(chosen, str) else chosen[locale]
