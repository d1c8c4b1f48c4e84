"""The steps of a journey and what they consist of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from include.core.campaign_fields import Identifier
from include.core.field_errors import FieldError
from include.core.rules import Rule, RuledModel, rule
from include.core.yaml_file import StrictModel

ShortIdentifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=28)]
"""Of journeys and steps; both fit into the id of a campaign, with two underscores between them."""
END = "end"
"""The name of no step: going on to it leaves the journey."""


class Wait(StrictModel):
    """How long a person stays at the step; with `until_hour`, then until that hour (0 to 23) of the person's clock."""

    days: Annotated[int, Field(ge=0, le=400)] = Field(default=0, description="Days of 24 hours.", examples=[2])
    hours: Annotated[int, Field(ge=0, le=400)] = Field(default=0, description="Hours.", examples=[1])
    minutes: Annotated[int, Field(ge=0, le=600)] = Field(default=0, description="Minutes.", examples=[30])
    until_hour: Annotated[int, Field(ge=0, le=23)] | None = Field(
        default=None, description="Then until that hour of the person's clock.", examples=[10]
    )

    @property
    def seconds(self) -> int:
        return ((self.days * 24 + self.hours) * 60 + self.minutes) * 60


class Feature(StrictModel):
    """A comparison of a column of segment.features. A value that is missing fulfils no comparison."""

    column: Identifier = Field(description="A column of segment.features (docs/segments.md).", examples=["purchases"])
    at_least: float | None = Field(default=None, description="The smallest value that fulfils it.", examples=[3])
    at_most: float | None = Field(default=None, description="The largest value that fulfils it.", examples=[90])
    one_of: tuple[str, ...] = Field(default=(), description="The values that fulfil it.", examples=[["loyal", "active"]])

    @model_validator(mode="after")
    def _compares(self) -> Feature:
        if self.at_least is None and self.at_most is None and not self.one_of:
            raise ValueError("a feature needs at_least, at_most or one_of")
        return self


class Condition(StrictModel):
    """Which people go on to `then`: members of a segment, those with a feature, or those whom a query selects."""

    segment: Identifier | None = Field(
        default=None, description="Who is in the newest run of this segment.", examples=["loyal_customers"]
    )
    feature: Feature | None = Field(
        default=None, description="Whose feature compares so.", examples=[{"column": "purchases", "at_least": 3}]
    )
    query: Identifier | None = Field(
        default=None,
        description="Who is in the result of this query of include/sql/journey/conditions/.",
        examples=["clicked"],
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        if sum(part is not None for part in (self.segment, self.feature, self.query)) != 1:
            raise ValueError("a condition has exactly one of segment, feature and query")
        return self


class Arm(StrictModel):
    """One way of a split."""

    id: ShortIdentifier = Field(description="The name of the way in reports.", examples=["again"])
    percent: Annotated[float, Field(gt=0, le=100)] = Field(description="Its share; all add up to 100.", examples=[50])
    then: ShortIdentifier | None = Field(
        default=None, description="The step that it leads to; end leaves. By default the next step.", examples=["end"]
    )


@rule("arms")
def _split_is_whole(split: Split) -> Iterator[FieldError]:
    if abs(sum(arm.percent for arm in split.arms) - 100) > 1e-9:
        yield FieldError("the percentages of a split add up to 100")
    ids = [arm.id for arm in split.arms]
    for at, name in enumerate(ids):
        if name in ids[:at]:
            yield FieldError("two arms have the same id", "arms", at, "id")


class Split(RuledModel):
    """Random ways, drawn from a hash of salt, journey, person and trigger: the same in every run."""

    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=10)] = Field(
        description="The ways.",
        examples=[[{"id": "again", "percent": 50}, {"id": "leave_be", "percent": 50, "then": "end"}]],
    )
    salt: Annotated[str, Field(max_length=40)] = Field(default="", description="Change it to draw anew.", examples=["2026"])

    rules: ClassVar[tuple[Rule, ...]] = (_split_is_whole,)


@rule("mail", "wait", "condition", "split", "exit", "then", "otherwise")
def _step_is_one_thing(step: Step) -> Iterator[FieldError]:
    kinds = [name for name in ("mail", "wait", "condition", "split", "exit") if getattr(step, name) is not None]
    if len(kinds) != 1:
        yield FieldError("a step has exactly one of mail, wait, condition, split and exit")
    if step.otherwise and "condition" not in kinds:
        yield FieldError("only a condition has otherwise", "otherwise")
    if step.then and not {*kinds} - {"split", "exit"} and kinds:
        yield FieldError("the arms of a split have their own then, and an exit has none", "then")


class Step(RuledModel):
    """One step: exactly one of mail, wait, condition, split and exit. Steps only lead to later ones in the file.

    `then` is the step after it, by default the next in the file; a condition goes to `otherwise` where it does not hold.
    """

    id: ShortIdentifier = Field(
        description="The name of the step. Never change it while people are inside.", examples=["hello"]
    )
    mail: dict[str, Any] | None = Field(
        default=None,
        description="Sends a mail. Its fields are those of a campaign, beside those of the journey's mail.",
        examples=[{"template": "welcome"}],
    )
    wait: Wait | None = Field(default=None, description="Waits so long.", examples=[{"days": 2, "until_hour": 10}])
    condition: Condition | None = Field(
        default=None,
        description="Who fulfils it goes to `then`, the others to `otherwise`.",
        examples=[{"query": "clicked"}],
    )
    split: Split | None = Field(
        default=None,
        description="Random ways, the same in every run.",
        examples=[{"arms": [{"id": "a", "percent": 50}, {"id": "b", "percent": 50, "then": "end"}]}],
    )
    exit: Annotated[str, Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="Leaves the journey, with that reason.", examples=["no interest"]
    )
    then: ShortIdentifier | None = Field(
        default=None, description="The step after it; end leaves. By default the next one of the file.", examples=["second"]
    )
    otherwise: ShortIdentifier | None = Field(
        default=None, description="The step for those who do not fulfil a condition; end leaves.", examples=["end"]
    )

    @property
    def kind(self) -> str:
        return next(name for name in ("mail", "wait", "condition", "split", "exit") if getattr(self, name) is not None)

    rules: ClassVar[tuple[Rule, ...]] = (_step_is_one_thing,)


class AfterDays(StrictModel):
    """Another entry of the same person no sooner than so many days after the last."""

    after_days: Annotated[int, Field(ge=1, le=1000)] = Field(description="So many days after the last entry.", examples=[7])
