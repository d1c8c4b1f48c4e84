"""Campaign files: what is sent to whom, when, at what pace. One YAML file each in `include/campaigns/`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from include.core.errors import ConfigurationError
from include.core.paths import CAMPAIGNS

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sender(_Strict):
    """From or Reply-To. The address is ASCII and belongs to a verified sender (SendGrid answers 403 otherwise)."""

    email: Annotated[str, Field(pattern=r"^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=100)]

    @field_validator("name")
    @classmethod
    def _no_control(cls, value: str) -> str:
        if _CONTROL.search(value):
            raise ValueError("holds a control character")
        return value


class Variant(_Strict):
    """One arm of an experiment. `subject` replaces the template's subject; `weight` is its share of the arms' sum."""

    id: Identifier
    weight: Annotated[int, Field(gt=0, le=1000)] = 1
    subject: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class Pace(_Strict):
    """How fast. None means no limit of its own."""

    messages_per_second: Annotated[float, Field(gt=0)] | None = None
    daily_cap: Annotated[int, Field(gt=0)] | None = None


class SendWindow(_Strict):
    """Local hours, in the person's time zone, in which mail may arrive: from `start` up to `end` (0–24)."""

    start: Annotated[int, Field(ge=0, le=23)] = 9
    end: Annotated[int, Field(ge=1, le=24)] = 20
    missed: Literal["next_day", "skip"] = "next_day"

    @model_validator(mode="after")
    def _ordered(self) -> SendWindow:
        if self.end <= self.start:
            raise ValueError("end must come after start")
        return self


class Campaign(_Strict):
    """A campaign, as its file says.

    `occurrence` says what makes two runs the same message: `once` for a one-off, `day`, `week` or `month` for a recurring
    one, `signup` or `first_purchase` for mail that an event triggers (once a person, whichever run picks the event up).
    `topic` is the kind of mail that a person may decline on the preference page (`TOPICS` in include/ledger/consent.py);
    without one, only stopping everything declines it.
    """

    id: Identifier
    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1)]
    schedule: str | None = None
    occurrence: Literal["once", "day", "week", "month", "signup", "first_purchase"]
    segment: Identifier
    exclude_segments: tuple[Identifier, ...] = ()
    template: Identifier
    topic: Identifier | None = None
    locales: Annotated[tuple[str, ...], Field(min_length=1)] = ("en",)
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
            raise ValueError("categories are unique, ASCII and at most 255 characters (SendGrid)")
        return value

    @model_validator(mode="after")
    def _variants_differ(self) -> Campaign:
        if len({variant.id for variant in self.variants}) != len(self.variants):
            raise ValueError("two variants have the same id")
        return self


def load_campaign(name: str, folder: Path = CAMPAIGNS) -> Campaign:
    """The campaign of `<folder>/<name>.yaml`. Raises `ConfigurationError` with file, line and field."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy=f"Known campaigns: {', '.join(campaign_names(folder)) or 'none'}."
        )
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(
            f"is not YAML ({getattr(error, 'problem', None) or 'not UTF-8'}).",
            where=f"{path.name}{f', line {mark.line + 1}' if mark else ''}",
            remedy="Mend the file.",
        ) from None
    if not isinstance(values, dict):
        raise ConfigurationError("holds no fields.", where=path.name, remedy="See include/campaigns/newsletter.yaml.")
    try:
        campaign = Campaign.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        # A field that nobody knows comes first: it is often the misspelt name of the one that is missing.
        first = min(found, key=lambda problem: problem["type"] != "extra_forbidden")
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(
            f"{field}: {first['msg']}.", where=f"{path.name}, line {_line(tree, first['loc'])}", remedy="Mend that field."
        ) from None
    if campaign.id != path.stem:
        raise ConfigurationError(
            f"id: '{campaign.id}' is not the file's name.", where=path.name, remedy=f"Write id: {path.stem}."
        )
    return campaign


def campaign_names(folder: Path = CAMPAIGNS) -> list[str]:
    """The ids of all campaign files, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def place_of(name: str, *field: str, folder: Path = CAMPAIGNS) -> str:
    """Where a field stands, for an error that shows when it is used: `winback.yaml, line 12`; the file where unknown."""
    path = folder / f"{name}.yaml"
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return path.name
    return f"{path.name}, line {_line(tree, field)}" if isinstance(tree, yaml.MappingNode) else path.name


def _line(node: Any, place: tuple[int | str, ...]) -> int:
    """The line on which the deepest known part of `place` stands."""
    line = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
