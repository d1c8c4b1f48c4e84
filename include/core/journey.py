"""Journey files: mail in several steps that an event of a person starts, one YAML file each in `include/journeys/`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from include.core import yaml_file
from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_fields import Budget, Identifier
from include.core.errors import ConfigurationError
from include.core.field_errors import FieldError, describe
from include.core.finding import Finding, of_exception, refuse
from include.core.paths import journey_folder, shop_file, template_folder
from include.core.shop import UnknownTopic, load_shop
from include.core.suggestion import suggest
from include.core.yaml_file import Document, Place, StrictModel

ShortIdentifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=28)]
"""Of journeys and steps; both fit into the id of a campaign, with two underscores between them."""
END = "end"
"""The name of no step: going on to it leaves the journey."""
EXAMPLE = "include/journeys/welcome_series.yaml"
_OF_THE_JOURNEY = frozenset(
    {"id", "name", "owner", "purpose", "kind", "schedule", "time_zone", "occurrence", "segment", "exclude_segments",
     "follows", "confirm_within_days", "late_start_limit_hours", "hold_out_percent", "winner", "budget", "approval"}
)  # fmt: skip
"""Fields of a campaign that the mail of a step does not have."""


class Wait(StrictModel):
    """How long a person stays at the step; with `until_hour`, then until that hour (0 to 23) of the person's clock."""

    days: Annotated[int, Field(ge=0, le=400)] = 0
    hours: Annotated[int, Field(ge=0, le=400)] = 0
    minutes: Annotated[int, Field(ge=0, le=600)] = 0
    until_hour: Annotated[int, Field(ge=0, le=23)] | None = None

    @property
    def seconds(self) -> int:
        return ((self.days * 24 + self.hours) * 60 + self.minutes) * 60


class Feature(StrictModel):
    """A comparison of a column of segment.features. A value that is missing fulfils no comparison."""

    column: Identifier
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _compares(self) -> Feature:
        if self.at_least is None and self.at_most is None and not self.one_of:
            raise ValueError("a feature needs at_least, at_most or one_of")
        return self


class Condition(StrictModel):
    """Which people go on to `then`: members of a segment, those with a feature, or those whom a query selects."""

    segment: Identifier | None = None
    feature: Feature | None = None
    query: Identifier | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        if sum(part is not None for part in (self.segment, self.feature, self.query)) != 1:
            raise ValueError("a condition has exactly one of segment, feature and query")
        return self


class Arm(StrictModel):
    """One way of a split."""

    id: ShortIdentifier
    percent: Annotated[float, Field(gt=0, le=100)]
    then: ShortIdentifier | None = None


class Split(StrictModel):
    """Random ways, drawn from a hash of salt, journey, person and trigger: the same in every run."""

    arms: Annotated[tuple[Arm, ...], Field(min_length=2, max_length=10)]
    salt: Annotated[str, Field(max_length=40)] = ""

    @model_validator(mode="after")
    def _whole(self) -> Split:
        if abs(sum(arm.percent for arm in self.arms) - 100) > 1e-9:
            raise ValueError("the percentages of a split add up to 100")
        if len({arm.id for arm in self.arms}) != len(self.arms):
            raise ValueError("two arms have the same id")
        return self


class Step(StrictModel):
    """One step: exactly one of mail, wait, condition, split and exit. Steps only lead to later ones in the file.

    `then` is the step after it, by default the next in the file; a condition goes to `otherwise` where it does not hold.
    """

    id: ShortIdentifier
    mail: dict[str, Any] | None = None
    wait: Wait | None = None
    condition: Condition | None = None
    split: Split | None = None
    exit: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    then: ShortIdentifier | None = None
    otherwise: ShortIdentifier | None = None

    @property
    def kind(self) -> str:
        return next(name for name in ("mail", "wait", "condition", "split", "exit") if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        kinds = [name for name in ("mail", "wait", "condition", "split", "exit") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError("a step has exactly one of mail, wait, condition, split and exit")
        if self.otherwise and kinds != ["condition"]:
            raise ValueError("only a condition has otherwise")
        if self.then and kinds[0] in ("split", "exit"):
            raise ValueError("the arms of a split have their own then, and an exit has none")
        return self


class AfterDays(StrictModel):
    """Another entry of the same person no sooner than so many days after the last."""

    after_days: Annotated[int, Field(ge=1, le=1000)]


class Journey(StrictModel):
    """The contents of a journey file.

    A person enters for a row of the trigger that is not older than `enter_within_hours`, at most `entries_per_day` people
    in 24 hours; those over it enter later, within the same limit. A mail step that is later than `late_limit_hours` is
    passed without mail. The `budget` is that of all its mail together. `when_deleted` says what becomes of the people inside
    when the file is deleted.
    """

    id: ShortIdentifier
    name: Annotated[str, Field(min_length=1, max_length=100)]
    owner: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1)]
    trigger: Identifier
    enter_within_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 48
    entries_per_day: Annotated[int, Field(ge=1)] | None = None
    reentry: Literal["never", "each_trigger"] | AfterDays = "never"
    goal: Identifier | None = None
    late_limit_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 48
    budget: Budget | None = None
    when_deleted: Literal["finish", "leave"] = "finish"
    mail: dict[str, Any] = {}
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]

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


def journey_names(folder: Path | None = None) -> list[str]:
    """The ids of all journey files, sorted."""
    return sorted(path.stem for path in (folder or journey_folder()).glob("*.yaml"))


def load_journey(name: str, folder: Path | None = None) -> Journey:
    """The journey of `<folder>/<name>.yaml`. Raises `ConfigurationError` with file, line and field."""
    document = inspect_journey(name, folder)
    refuse(document.findings)
    assert document.model is not None
    return document.model


def inspect_journey(name: str, folder: Path | None = None) -> Document[Journey]:
    """The file of a journey with everything that is wrong in it: fields, ways between steps, and mail.

    Raises `ConfigurationError` if there is no such file.
    """
    path = (folder or journey_folder()) / f"{name}.yaml"
    if not path.exists():
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy=suggest(name, journey_names(folder), kind="journeys")
        )
    document = yaml_file.inspect(path, Journey, example=EXAMPLE)
    if document.model is None:
        return document
    further = dict.fromkeys(_findings(document, document.model))  # What the mails share is wrong in each of them.
    return replace(document, findings=(*document.findings, *further))


Problem = tuple[Place, str, str]
"""The field, what is wrong with it, and the remedy."""


def _findings(document: Document[Journey], journey: Journey) -> Iterator[Finding]:
    """What is wrong beyond the fields."""
    if journey.id != document.path.stem:
        yield document.error(("id",), f"'{journey.id}' is not the file's name.", f"Write id: {document.path.stem}.")
    yield from (document.error(*problem) for problem in _way_problems(journey))
    for place, step in enumerate(journey.steps):
        if step.kind == "mail":
            yield from (document.error(*problem) for problem in _mail_problems(journey, step, place))
    yield from _topic_findings(document, journey)


def _way_problems(journey: Journey) -> Iterator[Problem]:
    ids = [step.id for step in journey.steps]
    for place, name in enumerate(ids):
        if name in ids[:place] or name == END:
            yield ("steps", place, "id"), f"the step '{name}' exists already.", "Give each step its own id."
    for place, step in enumerate(journey.steps):
        later = ids[place + 1 :]
        for field, target in _named_targets(step, place):
            if target != END and target not in later:
                yield (
                    field,
                    _missing(target, ids[: place + 1]),
                    suggest(target, [*later, END], kind="later steps"),
                )
    if any(
        target not in (*ids, END) for place, step in enumerate(journey.steps) for _, target in _named_targets(step, place)
    ):
        return
    reached = {ids[0], *(target for _, _, target in journey.ways())}
    for place, name in enumerate(ids):
        if name not in reached:
            yield ("steps", place), f"no step leads to '{name}'.", "Remove it, or name it in a then or otherwise."


def _named_targets(step: Step, place: int) -> Iterator[tuple[Place, str]]:
    for name in ("then", "otherwise"):
        if target := getattr(step, name):
            yield ("steps", place, name), target
    for number, arm in enumerate(step.split.arms if step.split else ()):
        if arm.then:
            yield ("steps", place, "split", "arms", number, "then"), arm.then


def _missing(target: str, earlier: list[str]) -> str:
    if target in earlier:
        return f"the step '{target}' stands before it: steps only lead to later ones."
    return f"the step '{target}' does not exist."


def _mail_problems(journey: Journey, step: Step, place: int) -> Iterator[Problem]:
    """Of the fields of the mail, which are those of a campaign, and of its template and topic."""

    def at(*field: int | str) -> Place:
        """The place of a field: in the step or in the mail of the journey, where it is written. Budgets are beside it."""
        if field[0] == "budget" and "budget" not in {*journey.mail, *(step.mail or {})}:
            return field
        return ("steps", place, "mail", *field) if field[0] in (step.mail or {}) else ("mail", *field)

    foreign = sorted(_OF_THE_JOURNEY & {*journey.mail, *(step.mail or {})})
    if foreign:
        yield from ((at(name), "is not a field of a step's mail.", "Remove it; the journey decides it.") for name in foreign)
        return
    try:
        mail = journey.campaign(step)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            field, what, remedy = describe(Campaign, problem)
            yield at(*field), what, remedy
        return
    if mail.on_doubt == "ask":
        yield at("on_doubt"), "'ask' is not offered in a journey.", "Write skip or resend_after_24h."
    known = [path.name for path in template_folder().glob("*/") if path.name != "base"]
    if mail.template not in known:
        yield at("template"), f"'{mail.template}' does not exist.", suggest(mail.template, known, kind="templates")


def _topic_findings(document: Document[Journey], journey: Journey) -> Iterator[Finding]:
    """Topics that the shop does not declare."""
    parts: list[tuple[Place, dict[str, Any] | None]] = [(("mail",), journey.mail)]
    parts += [(("steps", at, "mail"), step.mail) for at, step in enumerate(journey.steps)]
    for field, part in parts:
        if not part or not isinstance(topic := part.get("topic"), str):
            continue
        try:
            load_shop().require_topics([topic], where="")
        except UnknownTopic as error:
            yield document.error((*field, "topic"), error.what, error.remedy)
        except ConfigurationError as error:
            yield of_exception(error, shop_file())
