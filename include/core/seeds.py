"""Seed addresses: the people of the team who get test sends and the nightly report, by name.

The only file that has their addresses is `include/seed_addresses.yaml`, or the value of `TRADEWIND_SEED_ADDRESSES`.
Everything else, Airflow's database included, has names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, field_validator, model_validator

from include.core.campaign_fields import Locale, Sender
from include.core.field_errors import FieldError
from include.core.finding import Finding
from include.core.paths import EXAMPLE_PEOPLE, seed_file
from include.core.rules import Rule, RuledModel, rule
from include.core.suggestion import suggest
from include.core.yaml_file import StrictModel, inspect, read

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_ADDRESS = re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


class Seed(StrictModel):
    """Who gets a test send, in which language, and whose values fill the mail: a subscriber, or a fictional person.

    `person` is an id of include/example_people.yaml. Without either, it is the first fictional person.
    """

    address: Annotated[str, Field(max_length=254)]
    locale: Locale | None = None
    subscriber: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    person: Name | None = None

    @model_validator(mode="after")
    def _is_one_person(self) -> Seed:
        if self.subscriber and self.person:
            raise FieldError("has the values of one person: a subscriber or a fictional one", "person", remedy="Remove one.")
        return self

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("is not an address")
        return value


class NightlyReport(StrictModel):
    """Who gets the nightly report by mail (nobody: it is not sent), and what a mail has to say about its sender."""

    to: tuple[Name, ...] = ()
    sender: Sender
    postal_address: Annotated[str, Field(min_length=10, max_length=300)]


class _Fictional(BaseModel):
    """What a seed can name: the id of an entry of include/example_people.yaml."""

    id: str


class _People(BaseModel):
    people: tuple[_Fictional, ...]


@rule("seeds", "nightly_report")
def _report_goes_to_seeds(team: Seeds) -> Iterator[FieldError]:
    for index, name in enumerate(team.nightly_report.to if team.nightly_report else ()):
        if name not in team.seeds:
            remedy = suggest(name, team.seeds, kind="seeds")
            yield FieldError("is no seed", "nightly_report", "to", index, remedy=remedy)


class Seeds(RuledModel):
    """The contents of the file."""

    seeds: dict[Name, Seed]
    nightly_report: NightlyReport | None = None

    rules: ClassVar[tuple[Rule, ...]] = (_report_goes_to_seeds,)


def load_seeds() -> dict[str, Seed]:
    """The seeds by name. Raises `ConfigurationError` with file and line; the error contains no address."""
    return read(seed_file(), Seeds, example="include/seed_addresses.yaml").seeds


def load_nightly_report() -> tuple[NightlyReport, dict[str, Seed]] | None:
    """The nightly report by mail with its addressees by name; None if nobody gets it. Raises as `load_seeds`."""
    team = read(seed_file(), Seeds, example="include/seed_addresses.yaml")
    if team.nightly_report is None or not team.nightly_report.to:
        return None
    return team.nightly_report, {name: team.seeds[name] for name in dict.fromkeys(team.nightly_report.to)}


def inspect_seeds() -> tuple[Finding, ...]:
    """Everything that is wrong with the file; nothing contains an address."""
    document = inspect(seed_file(), Seeds, example="include/seed_addresses.yaml")
    known = {person.id for person in read(EXAMPLE_PEOPLE, _People, example="the file in the repository").people}
    seeds = document.values.get("seeds")
    given = seeds.items() if isinstance(seeds, dict) else ()
    named = {name: seed.get("person") for name, seed in given if isinstance(seed, dict)}
    unknown = [
        document.error(("seeds", name, "person"), f"'{person}' does not exist.", suggest(person, known, kind="people"))
        for name, person in named.items()
        if isinstance(person, str) and person not in known
    ]
    return (*document.findings, *unknown)
