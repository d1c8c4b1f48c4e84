"""The body of `POST /v3/mail/send`, as typed structs, and what is said when a type is wrong.

Types are checked here, in C by msgspec; what the values must be is `rules.py`.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from simulator.answers import Problem

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


class Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A JSON object that may hold only the keys that are documented."""


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
        """Whether the request is only to be checked."""
        return bool(self.mail_settings and self.mail_settings.sandbox_mode and self.mail_settings.sandbox_mode.enable)

    def campaign(self) -> str:
        """The first category, which senders use for the campaign."""
        return self.categories[0] if self.categories else ""


NOT_JSON = Problem("Bad Request", None, None)
DECODER = msgspec.json.Decoder(Mail)
Decoded = TypeVar("Decoded")


def decode(body: bytes) -> Mail | list[Problem]:
    """The mail of a body, or what is wrong with its JSON and types: one problem a field and a personalization."""
    try:
        return DECODER.decode(body)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [NOT_JSON]
    try:
        return type_problems(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [NOT_JSON]


def type_problems(raw: Any) -> list[Problem]:
    """The slow way, only for bodies with a wrong type: each field and each personalization is converted by itself."""
    if not isinstance(raw, dict):
        return [Problem(f"Invalid type. Expected: object, given: {json_type(raw)}.", "(root)", HELP)]
    found = [_problem({key: value}, Mail, "") for key, value in raw.items() if key != "personalizations"]
    people = raw.get("personalizations", [])
    if isinstance(people, list):
        found += [_problem(person, Personalization, f"personalizations.{at}") for at, person in enumerate(people)]
    else:
        found.append(_problem({"personalizations": people}, Mail, ""))
    return [one for one in found if one]


def _problem(raw: Any, kind: type, prefix: str) -> Problem | None:
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return _said(str(error), raw, prefix)
    return None


def _said(text: str, raw: Any, prefix: str) -> Problem:
    """msgspec's sentence in SendGrid's words: its path becomes `personalizations.0.to.0.email`."""
    what, _, path = text.partition(" - at `$")
    field, value = _locate(path.rstrip("`"), raw)
    field = ".".join(part for part in (prefix, field) if part) or "(root)"
    if unknown := re.search(r"unknown field `(.*)`", what):
        return Problem(f"Additional property {unknown[1]} is not allowed", field, HELP)
    expected = re.search(r"Expected `([^`|]*)", what)
    wanted = NAMES.get(expected[1].strip(), expected[1].strip()) if expected else "valid value"
    return Problem(f"Invalid type. Expected: {wanted}, given: {json_type(value)}.", field, HELP)


def _locate(path: str, raw: Any) -> tuple[str, Any]:
    """The dotted path and the value at it; msgspec's `[...]` (some value of a dict) is the first that is no string."""
    parts: list[str] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        key: Any = name or index
        if index == "...":
            key = next(k for k, value in raw.items() if not isinstance(value, str))
        raw = raw[int(key) if isinstance(raw, list) else key]
        parts.append(str(key))
    return ".".join(parts), raw


NAMES = {"str": "string", "int": "integer", "bool": "boolean", "object": "object", "array": "array"}


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), type(value).__name__)
