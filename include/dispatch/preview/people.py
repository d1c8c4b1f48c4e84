"""The people whose mail a preview shows: they differ in variant and language, and include extremes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import cycle, islice
from typing import Annotated, Any

import duckdb
from pydantic import Field

from include.core import yaml_file
from include.core.paths import EXAMPLE_PEOPLE
from include.core.products import load_products
from include.core.yaml_file import StrictModel
from include.dispatch.content.products import Row, row_of
from include.dispatch.product_rows import personal_lists
from include.warehouse.connection import fetch

SHOWN_AS = {
    "typical": "",
    "longest": "the longest values",
    "emptiest": "the emptiest values",
    "right_to_left": "a name that is written from right to left",
}
"""What `chosen_for` of preview_people.sql means; one chosen as typical needs no words."""
_RIGHT_TO_LEFT = {"AL", "R"}
_FIRST_NAMES = (
    "J", "Jo", "Ada", "Alex", "Clara", "Amelia", "Charlie", "Florence", "Alexandra", "Maximilian", "Constantine",
    "Anna-Katrina", "Mary-Florence", "Alexander-John", "Florence-Amelia", "Alexandra-Louise", "Maximilian-Joseph",
)  # fmt: skip
"""Latin names of one letter, two letters, and so on."""
_LONGEST = "Alexandra-Wilhelmina-Josephine"
_LONG_NAMES = {
    "CYRILLIC": "Александра Константиновна",
    "GREEK": "Αλεξάνδρα Κωνσταντίνα",
    "ARABIC": "عبد الرحمن الأندلسي",
    "HEBREW": "אלכסנדרה בנימין",
    "CJK": "山田太郎子",
    "HIRAGANA": "さくらはなこ",
    "KATAKANA": "サクラハナコ",
    "HANGUL": "김민서지우",
}


@dataclass(frozen=True)
class Person:
    """A person of a preview: the values of `PERSON_FIELDS` as far as they exist, and the content they would get.

    `variant` and `locale` are None for people whom no plan has assigned.
    """

    values: Mapping[str, Any]
    shown_as: str
    variant: str | None = None
    locale: str | None = None


class _Example(StrictModel):
    """One entry of include/example_people.yaml."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    shown_as: Annotated[str, Field(min_length=1, max_length=100)]
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None
    locale: str | None = None
    timezone: str | None = None
    signed_up_at: datetime | None = None
    purchases: int | None = None
    revenue: Decimal | None = None
    first_purchased_at: datetime | None = None
    last_purchased_at: datetime | None = None
    days_since_purchase: int | None = None
    lifecycle_stage: str | None = None
    attributes: dict[str, Any] = {}
    products: dict[str, list[str]] = {}


class _Examples(StrictModel):
    people: Annotated[tuple[_Example, ...], Field(min_length=1)]


def example_people() -> list[Person]:
    """The people of include/example_people.yaml. Raises `ConfigurationError` with file and line."""
    found = yaml_file.read(EXAMPLE_PEOPLE, _Examples, example="the file in the repository").people
    return [
        Person(
            {"subscriber_id": each.id, **each.model_dump(exclude={"id", "shown_as"}), "products": _listed(each.products)},
            each.shown_as,
        )
        for each in found
    ]


def _listed(lists: Mapping[str, Sequence[str]]) -> dict[str, list[Row]]:
    """The products of an example by the ids in its lists; those that the catalogue does not have are left out."""
    known = load_products()
    return {name: [row_of(known[one]) for one in ids if one in known] for name, ids in lists.items()}


def with_personal_lists(warehouse: duckdb.DuckDBPyConnection, people: Sequence[Person]) -> list[Person]:
    """The people with their personal lists of products; `write_personal_lists` has been called."""
    found = personal_lists(warehouse, [str(person.values["subscriber_id"]) for person in people])
    lists = [found.get(str(person.values["subscriber_id"])) for person in people]
    return [
        replace(one, values={**one.values, "products": each}) if each else one
        for one, each in zip(people, lists, strict=True)
    ]


def chosen_people(warehouse: duckdb.DuckDBPyConnection, *, named: bool = False) -> list[Person]:
    """A person for each variant and locale of temp table `audience`, and extremes, with invented names unless `named`."""
    rows = fetch(warehouse, "dispatch", "preview_people").to_pylist()
    return [_person(row if named else {**row, **_invented(row)}) for row in rows]


def _person(row: dict[str, Any]) -> Person:
    reasons = [words for words in map(SHOWN_AS.__getitem__, row.pop("chosen_for")) if words]
    variant, locale = row.pop("variant"), row.pop("content_locale")
    return Person(row, ", ".join(reasons), variant, locale)


def _invented(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: invented_name(row[name]) for name in ("first_name", "last_name")}


def invented_name(name: str | None) -> str | None:
    """A name that stands for `name`: of the same length and script, so that the mail looks as it would."""
    if not name or not name.strip():
        return name
    first = next((character for character in name if character.isalpha()), "A")
    script = unicodedata.name(first, "LATIN").split()[0]
    if script not in _LONG_NAMES and len(name) <= len(_FIRST_NAMES):
        return _FIRST_NAMES[len(name) - 1]
    return "".join(islice(cycle(f"{_LONG_NAMES.get(script, _LONGEST)} "), len(name))).strip()


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is written from right to left."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((found in _RIGHT_TO_LEFT for found in directions if found in {*_RIGHT_TO_LEFT, "L"}), False)


def by_content(people: Sequence[Person], contents: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Person]]:
    """Who is shown with which content (variant, locale): each content once, then the extremes with theirs."""
    typical = [person for person in people if not person.shown_as]
    shown = []
    for content in contents:
        person = next((each for each in typical if (each.variant, each.locale) == content), None)
        person = person or _reads(people, content[1])
        shown.append(person)
        yield content, replace(person, shown_as=person.shown_as or "chosen at random")
    for person in people:
        if person.shown_as and not any(person is each for each in shown):
            own = (person.variant or contents[0][0], person.locale or _offered(person, contents))
            yield own if own in contents else contents[0], person


def _reads(people: Sequence[Person], locale: str) -> Person:
    """The first person of that language, else the first person."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return next((each for each in people if str(each.values.get("locale") or "").lower().startswith(language)), people[0])


def _offered(person: Person, contents: Sequence[tuple[str, str]]) -> str:
    language = str(person.values.get("locale") or "").split("-")[0].lower()
    return next((locale for _, locale in contents if locale.lower().split("-")[0] == language), contents[0][1])
