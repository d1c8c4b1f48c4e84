"""A journey: mail in several steps that an event of a person starts, as its YAML file in `include/journeys/` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_fields import Budget, Identifier
from include.core.field_errors import FieldError
from include.core.journey_fields import END, AfterDays, ShortIdentifier, Step
from include.core.yaml_file import StrictModel

OF_THE_JOURNEY = frozenset(
    {"id", "name", "owner", "purpose", "kind", "schedule", "time_zone", "occurrence", "segment", "exclude_segments",
     "follows", "confirm_within_days", "late_start_limit_hours", "hold_out_percent", "winner", "budget", "approval"}
)  # fmt: skip
"""Fields of a campaign that the mail of a step does not have."""


class Journey(StrictModel):
    """The contents of a journey file.

    A person enters for a row of the trigger that is not older than `enter_within_hours`, at most `entries_per_day` people
    in 24 hours; those over it enter later, within the same limit. A mail step that is later than `late_limit_hours` is
    passed without mail. The `budget` is that of all its mail together. `when_deleted` says what becomes of the people inside
    when the file is deleted.
    """

    id: ShortIdentifier = Field(
        description="Equals the file name. Never change it after the first mail.", examples=["welcome"]
    )
    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="The name in reports.", examples=["Welcome series"]
    )
    owner: Annotated[str, Field(min_length=1)] = Field(description="The team to contact about it.", examples=["marketing"])
    purpose: Annotated[str, Field(min_length=1)] = Field(
        description="Why people get this mail, in a sentence.", examples=["Greet people who signed up."]
    )
    trigger: Identifier = Field(
        description="The query that starts it: a file in include/sql/journey/triggers/.", examples=["basket_adds"]
    )
    enter_within_hours: Annotated[int, Field(ge=1, le=24 * 31)] = Field(
        default=48, description="A trigger that is older when it is seen starts nothing.", examples=[336]
    )
    entries_per_day: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="At most so many people enter in 24 hours; the others enter later, within `enter_within_hours`.",
        examples=[50000],
    )
    reentry: Literal["never", "each_trigger"] | AfterDays = Field(
        default="never", description="Whether the same person enters again.", examples=[{"after_days": 7}, "each_trigger"]
    )
    goal: Identifier | None = Field(
        default=None,
        description="The query of what it is for, in include/sql/journey/goals/: who reaches it after the trigger leaves.",
        examples=["ordered"],
    )
    late_limit_hours: Annotated[int, Field(ge=1, le=24 * 31)] = Field(
        default=48, description="Mail that is later than that is passed without being sent.", examples=[24]
    )
    budget: Budget | None = Field(
        default=None,
        description="What all its mail together may cost, by `cost_per_thousand`, per month or year.",
        examples=[{"amount": 40, "per": "month"}],
    )
    when_deleted: Literal["finish", "leave"] = Field(
        default="finish", description="What becomes of the people inside when the file is deleted.", examples=["leave"]
    )
    mail: dict[str, Any] = Field(
        default={},
        description="Fields that all its mails share; they are those of a campaign.",
        examples=[{"topic": "offers", "locales": ["en", "de"]}],
    )
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)] = Field(
        description="The steps, in order; each leads only to later ones.", examples=[[{"id": "day", "wait": {"days": 1}}]]
    )

    @model_validator(mode="after")
    def _budget_is_of_a_period(self) -> Journey:
        if self.budget and self.budget.per == "occurrence":
            raise FieldError("a journey has no occurrences: its budget is per month or year", "budget", "per")
        return self

    def step(self, name: str) -> Step:
        """The step with that id."""
        return next(step for step in self.steps if step.id == name)

    def following(self, step: Step, then: str | None) -> str | None:
        """The id of the step after `step`: `then` if it is named, else the next in the file; None at the end."""
        ids = [each.id for each in self.steps]
        after = then or next(iter(ids[ids.index(step.id) + 1 :]), END)
        return None if after == END else after

    def campaign(self, step: Step) -> Campaign:
        """The mail of a step as a campaign of its own, from the journey's `mail` and that of the step."""
        fields = {**self.mail, **(step.mail or {})}
        if subject := fields.pop("subject", None):
            fields["variants"] = [{"id": "only", "subject": subject}]
        return Campaign(
            id=mail_id(self.id, step.id), name=f"{self.name}: {step.id}", owner=self.owner, purpose=self.purpose,
            occurrence="trigger", segment=self.trigger, budget=self.budget, **fields,
        )  # fmt: skip

    def ways(self) -> Iterator[tuple[Step, str, str | None]]:
        """Every way from a step to the next: the step, the label of the way, and where it leads (None: out)."""
        for step in self.steps:
            if step.split:
                yield from ((step, arm.id, self.following(step, arm.then)) for arm in step.split.arms)
            elif step.condition:
                yield step, "yes", self.following(step, step.then)
                yield step, "no", self.following(step, step.otherwise)
            else:
                yield step, "", None if step.exit else self.following(step, step.then)


def mail_id(journey: str, step: str) -> str:
    """The campaign id of a mail step, under which its plans and messages are kept."""
    return f"{journey}{JOURNEY_SEPARATOR}{step}"
