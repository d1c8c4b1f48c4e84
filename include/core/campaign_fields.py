"""The objects that the fields of a campaign file have: senders, variants, pace, budget, winner."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from include.core.arrival_hours import SendWindow
from include.core.languages import require_language
from include.core.yaml_file import StrictModel

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Locale = Annotated[
    str, Field(pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"), AfterValidator(require_language)
]  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""Control characters and line breaks, which a header of a mail must not have."""


class Sender(StrictModel):
    """From or Reply-To. The address is ASCII and belongs to a verified sender (SendGrid answers 403 otherwise)."""

    email: Annotated[str, Field(pattern=r"^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", max_length=254)] = Field(
        description="The address, in ASCII. Its domain must be verified at SendGrid.", examples=["news@shop.example.com"]
    )
    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="The name that mail programs show in the inbox.", examples=["Harbour Records"]
    )

    @field_validator("name")
    @classmethod
    def _no_control(cls, value: str) -> str:
        if CONTROL.search(value):
            raise ValueError("contains a control character")
        return value


class Pace(StrictModel):
    """Rate limits of this campaign. None means that only the account's limits apply."""

    messages_per_second: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="At most this many messages per second.", examples=[500]
    )
    daily_cap: Annotated[int, Field(gt=0)] | None = Field(
        default=None,
        description="At most this many messages per day (UTC); the rest waits for the next day.",
        examples=[50000],
    )


class Variant(StrictModel):
    """One arm of an experiment. What it names replaces the campaign's own; `weight` is its share of their sum."""

    id: Identifier = Field(
        description="The name of the arm in reports. Never change it after the first send.", examples=["offer"]
    )
    weight: Annotated[int, Field(gt=0, le=1000)] = Field(
        default=1, description="The arm's share of the audience, relative to the weights of the other arms.", examples=[3]
    )
    subject: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="The arm's own subject, Jinja as in a subject file; without it, that of the template.",
        examples=["Ten percent to come back to"],
    )
    template: Identifier | None = Field(
        default=None,
        description="The arm's own template; without it, that of the campaign. It needs all of the campaign's locales.",
        examples=["winback_short"],
    )
    sender: Sender | None = Field(
        default=None,
        description="The arm's own From address and name; without it, those of the campaign.",
        examples=[{"email": "mara@shop.example.com", "name": "Mara from Harbour Records"}],
    )
    send_window: SendWindow | None = Field(
        default=None,
        description="The arm's own hours of arrival, for an experiment on the time; without it, those of the campaign.",
        examples=[{"start": 18, "end": 21}],
    )


class Budget(StrictModel):
    """What a campaign may cost."""

    amount: Annotated[float, Field(gt=0)] = Field(description="In the currency of `cost_per_thousand`.", examples=[250])
    per: Literal["occurrence", "month", "year"] = Field(
        default="month",
        description="What it pays for: each occurrence, or all of a calendar month or year (UTC).",
        examples=["month"],
    )


class Winner(StrictModel):
    """How the best variant is found and sent to the rest. Never by opens: mail programs open mail by themselves."""

    metric: Literal["human_click", "purchase"] = Field(
        description="What decides: people delivered and tracked who clicked, or people who bought.",
        examples=["human_click"],
    )
    test_percent: Annotated[int, Field(ge=1, le=90)] = Field(
        default=20, description="The random part of the audience, in percent, that tests the variants.", examples=[20]
    )
    after_hours: Annotated[int, Field(ge=1, le=24 * 14)] = Field(
        default=24,
        description="How long after the plan of the test the winner is chosen. Then the rest gets it; where no variant is "
        "clearly better than all others, the rest gets the first one, and the report says so.",
        examples=[24],
    )


class Follows(StrictModel):
    """The campaign that this one follows, for people whose earlier message was accepted `after_days` ago or earlier."""

    campaign: Identifier = Field(description="The id of the earlier campaign.", examples=["confirm"])
    after_days: Annotated[int, Field(ge=1, le=30)] = Field(description="How many days after its mail.", examples=[3])


DynamicTemplate = Annotated[str, Field(pattern=r"^d-[0-9a-f]{32}$")]
"""The id of a dynamic template (SendGrid)."""
DataName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
FIXED_DATA = frozenset(
    ["unsubscribe_url", "preferences_url", "postal_address", "sender_name", "campaign", "variant", "locale", "test_mark"]
)
"""Names in the data of every mail by a dynamic template."""
