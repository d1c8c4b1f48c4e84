"""Campaign files: audience, content, schedule and pace of a campaign, one YAML file each in `include/campaigns/`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from include.core import yaml_file
from include.core.errors import ConfigurationError
from include.core.paths import campaign_folder
from include.core.shop import load_shop
from include.core.yaml_file import StrictModel

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$")]
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Sender(StrictModel):
    """From or Reply-To. The address is ASCII and belongs to a verified sender (SendGrid answers 403 otherwise)."""

    email: Annotated[str, Field(pattern=r"^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=100)]

    @field_validator("name")
    @classmethod
    def _no_control(cls, value: str) -> str:
        if _CONTROL.search(value):
            raise ValueError("contains a control character")
        return value


class Variant(StrictModel):
    """One arm of an experiment. `subject` replaces the template's subject; `weight` is its share of their sum."""

    id: Identifier
    weight: Annotated[int, Field(gt=0, le=1000)] = 1
    subject: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class Pace(StrictModel):
    """Rate limits of this campaign. None means that only the account's limits apply."""

    messages_per_second: Annotated[float, Field(gt=0)] | None = None
    daily_cap: Annotated[int, Field(gt=0)] | None = None


class SendWindow(StrictModel):
    """The hours in which mail may arrive, in the recipient's time zone: from `start` until `end` (0–24)."""

    start: Annotated[int, Field(ge=0, le=23)] = 9
    end: Annotated[int, Field(ge=1, le=24)] = 20
    missed: Literal["next_day", "skip"] = "next_day"

    @model_validator(mode="after")
    def _ordered(self) -> SendWindow:
        if self.end <= self.start:
            raise ValueError("end must come after start")
        return self


class Follows(StrictModel):
    """The campaign that this one follows, for people whose earlier message was accepted `after_days` ago or earlier."""

    campaign: Identifier
    after_days: Annotated[int, Field(ge=1, le=30)]


class Campaign(StrictModel):
    """The contents of a campaign file.

    `occurrence` determines which runs send the same message: `once` for a one-off; `day`, `week` or `month` for a recurring
    campaign; `signup` or `first_purchase` for mail that an event triggers (once per person, whichever run finds the event);
    `each_signup` for one message per signup of a person.
    `topic` is a kind of mail that people can decline on the preference page (declared in include/shop.yaml). People can
    decline mail without a topic only by unsubscribing from everything.

    `kind: confirmation` asks pending subscribers to confirm and is sent to nobody else. Its mail contains `confirm_url`,
    which works for `confirm_within_days`, and is not tracked. A reminder names the campaign that it `follows`.
    """

    id: Identifier
    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1)]
    kind: Literal["marketing", "confirmation"] = "marketing"
    schedule: str | None = None
    occurrence: Literal["once", "day", "week", "month", "signup", "each_signup", "first_purchase"]
    segment: Identifier
    exclude_segments: tuple[Identifier, ...] = ()
    template: Identifier
    topic: Identifier | None = None
    confirm_within_days: Annotated[int, Field(ge=1, le=30)] = 14
    follows: Follows | None = None
    locales: Annotated[tuple[Locale, ...], Field(min_length=1)] = ("en",)
    sender: Sender
    reply_to: Sender | None = None
    postal_address: Annotated[str, Field(min_length=10, max_length=300)]
    categories: Annotated[tuple[str, ...], Field(max_length=9)] = ()
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=10)] = (Variant(id="only"),)
    hold_out_percent: Annotated[float, Field(ge=0, lt=100)] = 0
    pace: Pace = Pace()
    send_window: SendWindow | None = None
    frequency_cap_hours: Annotated[int, Field(ge=0, le=24 * 31)] = 16
    on_doubt: Literal["skip", "resend_after_24h", "ask"] = "skip"
    late_start_limit_hours: Annotated[int, Field(gt=0)] = 24
    asm_group_id: int | None = None
    ip_pool_name: Annotated[str, Field(min_length=2, max_length=64)] | None = None
    cost_per_thousand: Annotated[float, Field(ge=0)] = 0.0

    @field_validator("postal_address")
    @classmethod
    def _address_is_one_line(cls, value: str) -> str:
        if _CONTROL.search(value):
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

    @model_validator(mode="after")
    def _variants_differ(self) -> Campaign:
        if len({variant.id for variant in self.variants}) != len(self.variants):
            raise ValueError("two variants have the same id")
        return self

    @model_validator(mode="after")
    def _confirmation_is_not_marketing(self) -> Campaign:
        if self.kind == "confirmation" and (self.topic or self.hold_out_percent):
            raise ValueError("a confirmation has neither topic nor hold-out: it goes to everybody who signed up")
        if self.kind == "confirmation" and self.occurrence not in ("signup", "each_signup"):
            raise ValueError("a confirmation is sent once per signup: its occurrence must be signup or each_signup")
        if self.kind != "confirmation" and self.follows:
            raise ValueError("follows is only valid for kind: confirmation")
        return self


def load_campaign(name: str, folder: Path | None = None) -> Campaign:
    """The campaign of `<folder>/<name>.yaml`. Raises `ConfigurationError` with file, line and field.

    A topic that the shop does not declare is an error: nobody could have declined a misspelt topic, so the mail would reach
    people who declined the intended one.
    """
    folder = folder or campaign_folder()
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy=f"Known campaigns: {', '.join(campaign_names(folder)) or 'none'}."
        )
    campaign = yaml_file.read(path, Campaign, example="include/campaigns/newsletter.yaml")
    if campaign.id != path.stem:
        raise ConfigurationError(
            f"id: '{campaign.id}' is not the file's name.", where=path.name, remedy=f"Write id: {path.stem}."
        )
    if campaign.topic is not None:
        load_shop().require_topics([campaign.topic], where=yaml_file.source_location(path, "topic"))
    if campaign.follows and campaign.follows.campaign not in campaign_names(folder):
        raise ConfigurationError(
            f"follows.campaign: '{campaign.follows.campaign}' does not exist.",
            where=yaml_file.source_location(path, "follows", "campaign"),
            remedy=f"Known campaigns: {', '.join(campaign_names(folder))}.",
        )
    return campaign


def campaign_names(folder: Path | None = None) -> list[str]:
    """The ids of all campaign files, sorted."""
    return sorted(path.stem for path in (folder or campaign_folder()).glob("*.yaml"))


def source_location(name: str, *field: str, folder: Path | None = None) -> str:
    """The location of a field for later errors: `winback.yaml, line 12`; only the file if the line is unknown."""
    return yaml_file.source_location((folder or campaign_folder()) / f"{name}.yaml", *field)
