"""Who must approve a campaign before its mail is sent: the field `approval` of a campaign file."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from include.core.yaml_file import StrictModel

MAX_DAYS = 13
"""A run of a campaign ends after 14 days; a day is left for sending."""
_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Approval(StrictModel):
    """The approval of a live send, asked for in Airflow for each occurrence."""

    required: bool = Field(default=True, description="`false`: none is needed.", examples=[True])
    people: Annotated[int, Field(ge=1, le=5)] = Field(
        default=1,
        description="How many different people must approve. Two clicks of one person count once.",
        examples=[2],
    )
    within: str = Field(
        default="24h",
        description=f"How long the question waits for an answer, in minutes, hours or days: `90m`, `24h`, `2d`. At most "
        f"{MAX_DAYS} days.",
        examples=["24h"],
        json_schema_extra={"pattern": "^[1-9][0-9]{0,3}[mhd]$"},
    )
    on_timeout: Literal["skip", "fail"] = Field(
        default="skip",
        description="What happens if nobody answers in time. Nothing is sent in either case: `skip` ends the run quietly, "
        "`fail` fails it and alerts.",
        examples=["skip"],
    )

    @field_validator("within")
    @classmethod
    def _is_a_span(cls, value: str) -> str:
        if not _SPAN.fullmatch(value):
            raise ValueError(f"'{value[:20]}' is not a time span. Write a number and m, h or d, as in 24h")
        if _span(value) > timedelta(days=MAX_DAYS):
            raise ValueError(f"is longer than {MAX_DAYS} days, and a run of a campaign ends after 14")
        return value

    @property
    def time(self) -> timedelta:
        """How long the question waits for an answer."""
        return _span(self.within)


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    assert match is not None
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_WORD, _FIELDS = "<word>", "<fields>"
ApprovalChoice = Annotated[
    Annotated[Literal["required"], Tag(_WORD)] | Annotated[Approval, Tag(_FIELDS)],
    Discriminator(lambda value: _FIELDS if isinstance(value, (dict, Approval)) else _WORD),
]
"""`approval: required`, or the fields of `Approval`."""


def rule_of(choice: Literal["required"] | Approval | None) -> Approval | None:
    """The fields of the choice; None if no approval is needed."""
    if choice is None:
        return None
    rule = Approval() if choice == "required" else choice
    return rule if rule.required else None
