"""The body of `POST /v3/mail/send` as typed structs: msgspec checks the types in C, `rules/` checks the values."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


class Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A JSON object that rejects undocumented keys."""


class Address(Strict):
    email: str = ""
    name: str | UnsetType = UNSET


Addresses = list[Address] | UnsetType
Strings = dict[str, str] | UnsetType


class Personalization(Strict):
    to: Addresses = UNSET
    cc: Addresses = UNSET
    bcc: Addresses = UNSET
    from_: Address | UnsetType = msgspec.field(name="from", default=UNSET)
    subject: str | UnsetType = UNSET
    headers: Strings = UNSET
    substitutions: Strings = UNSET
    dynamic_template_data: dict[str, Any] | UnsetType = UNSET
    custom_args: Strings = UNSET
    send_at: int | UnsetType = UNSET


class Content(Strict):
    type: str = ""
    value: str = ""


class Attachment(Strict):
    content: str = ""
    filename: str = ""
    type: str | UnsetType = UNSET
    disposition: str | UnsetType = UNSET
    content_id: str | UnsetType = UNSET


class Asm(Strict):
    group_id: int | UnsetType = UNSET
    groups_to_display: list[int] | UnsetType = UNSET


class Switch(Strict):
    enable: bool = False


class Footer(Strict):
    enable: bool = False
    text: str | UnsetType = UNSET
    html: str | UnsetType = UNSET


class MailSettings(Strict):
    bypass_list_management: Switch | UnsetType = UNSET
    bypass_spam_management: Switch | UnsetType = UNSET
    bypass_bounce_management: Switch | UnsetType = UNSET
    bypass_unsubscribe_management: Switch | UnsetType = UNSET
    footer: Footer | UnsetType = UNSET
    sandbox_mode: Switch | UnsetType = UNSET


class ClickTracking(Strict):
    enable: bool = False
    enable_text: bool = False


class OpenTracking(Strict):
    enable: bool = False
    substitution_tag: str | UnsetType = UNSET


class SubscriptionTracking(Strict):
    enable: bool = False
    text: str | UnsetType = UNSET
    html: str | UnsetType = UNSET
    substitution_tag: str | UnsetType = UNSET


class Analytics(Strict):
    enable: bool = False
    utm_source: str | UnsetType = UNSET
    utm_medium: str | UnsetType = UNSET
    utm_term: str | UnsetType = UNSET
    utm_content: str | UnsetType = UNSET
    utm_campaign: str | UnsetType = UNSET


class TrackingSettings(Strict):
    click_tracking: ClickTracking | UnsetType = UNSET
    open_tracking: OpenTracking | UnsetType = UNSET
    subscription_tracking: SubscriptionTracking | UnsetType = UNSET
    ganalytics: Analytics | UnsetType = UNSET


class Mail(Strict):
    personalizations: list[Personalization] = []
    from_: Address | UnsetType = msgspec.field(name="from", default=UNSET)
    reply_to: Address | UnsetType = UNSET
    reply_to_list: Addresses = UNSET
    subject: str | UnsetType = UNSET
    content: list[Content] | UnsetType = UNSET
    attachments: list[Attachment] | UnsetType = UNSET
    template_id: str | UnsetType = UNSET
    sections: Strings = UNSET
    headers: Strings = UNSET
    categories: list[str] | UnsetType = UNSET
    custom_args: Strings = UNSET
    send_at: int | UnsetType = UNSET
    batch_id: str | UnsetType = UNSET
    asm: Asm | UnsetType = UNSET
    ip_pool_name: str | UnsetType = UNSET
    mail_settings: MailSettings | UnsetType = UNSET
    tracking_settings: TrackingSettings | UnsetType = UNSET

    def sandbox(self) -> bool:
        """Whether sandbox mode is on: the request is validated but not sent."""
        return bool(self.mail_settings and self.mail_settings.sandbox_mode and self.mail_settings.sandbox_mode.enable)

    def campaign(self) -> str:
        """The first category, which senders use as the campaign's name."""
        return self.categories[0] if self.categories else ""


DECODER = msgspec.json.Decoder(Mail)
