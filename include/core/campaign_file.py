"""The campaign files in `include/campaigns/`: their names, their contents, and everything that is wrong in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from include.core import clock, yaml_file
from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_fields import Follows
from include.core.errors import ConfigurationError
from include.core.finding import Finding, of_exception, refuse
from include.core.occurrence import occurrence_of
from include.core.paths import campaign_folder, journey_folder, shop_file
from include.core.segment_name import SegmentName
from include.core.shop import UnknownTopic, load_shop
from include.core.suggestion import suggest
from include.core.yaml_file import Document

RUNS_LOOKED_AT = 8
"""Coming runs of a schedule that are compared: of two or three days a month, two are in one month soon."""


def load_campaign(name: str, folder: Path | None = None) -> Campaign:
    """The campaign of `<folder>/<name>.yaml`. Raises `ConfigurationError` with file, line and field.

    A topic that the shop does not declare is an error: nobody could have declined a misspelt topic, so the mail would reach
    people who declined the intended one.
    """
    document = inspect_campaign(name, folder)
    refuse(document.findings)
    assert document.model is not None
    return document.model


def inspect_campaign(name: str, folder: Path | None = None) -> Document[Campaign]:
    """The file of a campaign with everything that is wrong in it, unknown topics and campaigns included.

    Raises `ConfigurationError` if there is no such file.
    """
    folder = folder or campaign_folder()
    path = folder / f"{name}.yaml"
    if not path.exists() and not path.is_symlink():
        raise ConfigurationError(
            "does not exist.", where=str(path), remedy=suggest(name, campaign_names(folder), kind="campaigns")
        )
    document = yaml_file.inspect(path, Campaign, example="include/campaigns/newsletter.yaml")
    document = replace(document, findings=(*document.findings, *_references(document)))
    try:
        return replace(document, model=document.model and with_shops_quiet_hours(document.model))
    except ConfigurationError as error:
        found = of_exception(error, shop_file())
        return document if found in document.findings else replace(document, findings=(*document.findings, found))


def with_shops_quiet_hours(campaign: Campaign) -> Campaign:
    """The campaign with the shop's quiet hours, if it has none of its own; confirmations have none.

    Raises `ConfigurationError` if the shop's file has an error, or the quiet hours leave no hour of the send window.
    """
    quiet = load_shop().quiet_hours
    if quiet is None or campaign.quiet_hours is not None or campaign.kind == "confirmation":
        return campaign
    changed = campaign.model_copy(update={"quiet_hours": quiet})
    if any((hours := changed.arm(each.id).hours) and not hours.spans for each in campaign.variants):
        raise ConfigurationError(
            "the shop's quiet hours leave no hour of the send window.", where=source_location(campaign.id, "send_window"),
            remedy="Choose other hours, or write quiet_hours: none in the campaign.",
        )  # fmt: skip
    return changed


def campaign_names(folder: Path | None = None) -> list[str]:
    """The ids of all campaign files, sorted."""
    return sorted(path.stem for path in (folder or campaign_folder()).glob("*.yaml"))


def _references(document: Document[Campaign]) -> Iterator[Finding]:
    """Errors of what the file names: its id, topic and the campaign that it follows."""
    values, path = document.values, document.path
    if isinstance(given := values.get("id"), str) and given != path.stem:
        taken = f"'{given}' is the id of {given}.yaml." if (path.parent / f"{given}.yaml").exists() else ""
        yield document.error(("id",), taken or f"'{given}' is not the file's name.", same_as_file(path))
    if values.get("occurrence") == "trigger" or JOURNEY_SEPARATOR in path.stem:
        what = f"'trigger', and '{JOURNEY_SEPARATOR}' in an id, are for the steps of journeys."
        yield document.error(("occurrence",), what, "Choose another, or write a journey (docs/journeys.md).")
    if isinstance(topic := values.get("topic"), str):
        yield from _unknown_topic(document, topic)
    if (at := document.model and document.model.one_date) and at < clock.now():
        what, remedy = "the date has passed.", "Write a later one; to send again, start the campaign by hand."
        yield Finding("warning", path, document.line("schedule"), f"schedule: {what}", remedy)
    if document.model and (runs := _runs_for_nothing(document.model)):
        first, second = (f"{at:%-d %B, %H:%M}" for at in runs)
        what = f"the runs of {first} and {second} (UTC) are one occurrence, which is planned once: the second adds nobody."
        remedy = "Choose a shorter occurrence, or a schedule with one run in each."
        yield Finding("warning", path, document.line("schedule"), f"schedule: {what}", remedy)
    if isinstance(earlier := (document.model and document.model.follows), Follows):
        known = campaign_names(path.parent)
        if earlier.campaign not in known:
            what = f"'{earlier.campaign}' does not exist."
            yield document.error(("follows", "campaign"), what, suggest(earlier.campaign, known, kind="campaigns"))


def _runs_for_nothing(campaign: Campaign) -> tuple[datetime, datetime] | None:
    """The first two coming runs of which the second finds the plan of the first, and so sends to nobody new."""
    at = campaign.next_run(clock.now())
    for _ in range(RUNS_LOOKED_AT):
        following = campaign.next_run(at) if at else None
        if at is None or following is None:
            return None
        if occurrence_of(campaign, at) == occurrence_of(campaign, following):
            return at, following
        at = following
    return None


def same_as_file(path: Path) -> str:
    """The remedy for an id that is not the file's name; of a file whose name is no id, its name is to be changed."""
    if re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        return f"Write id: {path.stem}."
    return "Rename the file: small letters, digits and underscores, and the same id."


def _unknown_topic(document: Document[Campaign], topic: str) -> Iterator[Finding]:
    try:
        load_shop().require_topics([topic], where="")
    except UnknownTopic as error:
        yield document.error(("topic",), error.what, error.remedy)
    except ConfigurationError as error:
        yield of_exception(error, shop_file())


def chosen_segments() -> set[SegmentName]:
    """Every segment that a campaign names, with the parameters that it chooses; broken campaign files are left out."""
    found: set[SegmentName] = set()
    for name in campaign_names():
        try:
            found.update(load_campaign(name).segments.names())
        except ConfigurationError:
            continue
    return found


def file_of(campaign_id: str, folder: Path | None = None) -> Path:
    """The file in which a campaign is defined; for the mail of a step, that of its journey."""
    journey, separator, _ = campaign_id.partition(JOURNEY_SEPARATOR)
    return (journey_folder() if separator else folder or campaign_folder()) / f"{journey}.yaml"


def source_location(name: str, *field: str, folder: Path | None = None) -> str:
    """The location of a field for later errors: `winback.yaml, line 12`; only the file if the line is unknown."""
    return yaml_file.source_location(file_of(name, folder), *field)
