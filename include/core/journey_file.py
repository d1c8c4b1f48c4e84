"""The journey files in `include/journeys/`: their names, their contents, and everything that is wrong in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from include.core import yaml_file
from include.core.campaign import Campaign
from include.core.campaign_file import same_as_file
from include.core.errors import ConfigurationError
from include.core.field_errors import problems
from include.core.finding import Finding, of_exception, refuse
from include.core.journey import OF_THE_JOURNEY, Journey
from include.core.journey_fields import END, Step
from include.core.paths import journey_folder, shop_file, template_folder
from include.core.shop import UnknownTopic, load_shop
from include.core.suggestion import suggest
from include.core.yaml_file import Document, Place

EXAMPLE = "include/journeys/welcome_series.yaml"


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
    journey = document.model or (None if document.replaced & {"id", "steps", "mail"} else document.stand_in)
    if journey is None:
        return document
    further = dict.fromkeys(_findings(document, journey))  # What the mails share is wrong in each of them.
    return replace(document, findings=(*document.findings, *further))


Problem = tuple[Place, str, str]
"""The field, what is wrong with it, and the remedy."""


def _findings(document: Document[Journey], journey: Journey) -> Iterator[Finding]:
    """What is wrong beyond the fields."""
    if journey.id != document.path.stem:
        yield document.error(("id",), f"'{journey.id}' is not the file's name.", same_as_file(document.path))
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

    foreign = sorted(OF_THE_JOURNEY & {*journey.mail, *(step.mail or {})})
    if foreign:
        yield from ((at(name), "is not a field of a step's mail.", "Remove it; the journey decides it.") for name in foreign)
        journey = journey.model_copy(update={"mail": _without(foreign, journey.mail)})
        step = step.model_copy(update={"mail": _without(foreign, step.mail)})
    written = {**journey.mail, **(step.mail or {})}
    try:
        journey.campaign(step)
    except ValidationError as error:
        for field, what, remedy in problems(Campaign, error):
            yield at(*field), what, remedy
    if written.get("dynamic_template"):
        yield at("dynamic_template"), "is not offered in a journey.", "Write a template."
    if written.get("on_doubt") == "ask":
        yield at("on_doubt"), "'ask' is not offered in a journey.", "Write skip or resend_after_24h."
    known = [path.name for path in template_folder().glob("*/") if path.name != "base"]
    if isinstance(template := written.get("template"), str) and template not in known:
        yield at("template"), f"'{template}' does not exist.", suggest(template, known, kind="templates")


def _without(names: Iterable[str], fields: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (fields or {}).items() if name not in names}


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
