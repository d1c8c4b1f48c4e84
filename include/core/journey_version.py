"""A version of a journey: its file and its queries as they were, which is what the people inside stay on.

The queries are files, one SELECT each, that marketers write (`include/core/query.py` checks them):

    include/sql/journey/triggers/<name>.sql     subscriber_id, trigger_key, happened_at
    include/sql/journey/goals/<name>.sql        subscriber_id, happened_at
    include/sql/journey/conditions/<name>.sql   subscriber_id; with happened_at, it counts only after the trigger

`$as_of` is the time of the run, `$since` the time before which nothing is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from include.core.campaign import Campaign
from include.core.campaign_file import with_shops_quiet_hours
from include.core.finding import Finding, refuse
from include.core.journey import Journey
from include.core.journey_file import inspect_journey
from include.core.known_columns import tables
from include.core.paths import SEGMENTS, SQL
from include.core.query import inspect_query, source_location
from include.core.suggestion import suggest
from include.core.yaml_file import Document, Place

QUERIES = SQL / "journey"
PARAMS = ("as_of", "since")
COLUMNS: dict[str, list[tuple[str, ...]]] = {
    "triggers": [("subscriber_id", "trigger_key", "happened_at")],
    "goals": [("subscriber_id", "happened_at")],
    "conditions": [("subscriber_id",), ("subscriber_id", "happened_at")],
}
"""The columns of the queries of each folder."""


@dataclass(frozen=True)
class PinnedQuery:
    """A query as it was. `where` is its file and first line, for errors."""

    statement: str
    params: tuple[str, ...]
    columns: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class JourneyVersion:
    """A journey and its queries, by `<folder>/<name>`."""

    journey: Journey
    queries: dict[str, PinnedQuery]

    @cached_property
    def campaigns(self) -> dict[str, Campaign]:
        """The mail of each mail step."""
        return {
            step.id: with_shops_quiet_hours(self.journey.campaign(step))
            for step in self.journey.steps
            if step.kind == "mail"
        }

    @cached_property
    def definition(self) -> str:
        """Everything as JSON, from which `pinned` makes the same version again."""
        queries = {name: asdict(query) for name, query in self.queries.items()}
        return json.dumps({"journey": self.journey.model_dump(mode="json"), "queries": queries}, sort_keys=True)

    @cached_property
    def version(self) -> str:
        """A hash of the definition, without the lines at which the queries stand."""
        texts = {name: query.statement for name, query in self.queries.items()}
        text = json.dumps([self.journey.model_dump(mode="json"), texts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def pinned(definition: str) -> JourneyVersion:
    """The version of a definition that was kept."""
    kept = json.loads(definition)
    queries = {
        name: PinnedQuery(query["statement"], tuple(query["params"]), tuple(query["columns"]), query["where"])
        for name, query in kept["queries"].items()
    }
    return JourneyVersion(Journey.model_validate(kept["journey"]), queries)


def load_version(name: str, folder: Path | None = None, queries: Path = QUERIES) -> JourneyVersion:
    """The version of a journey's file and queries now. Raises `ConfigurationError` with file, line and remedy."""
    version, findings = inspect_version(name, folder, queries)
    refuse(findings)
    assert version is not None
    return version


def inspect_version(
    name: str, folder: Path | None = None, queries: Path = QUERIES
) -> tuple[JourneyVersion | None, list[Finding]]:
    """The version of a journey now, None if its file is not valid, and everything that is wrong with file and queries."""
    document = inspect_journey(name, folder)
    found, pinned_queries = [*document.findings], dict[str, PinnedQuery]()
    journey = document.model or document.stand_in
    if journey is None:
        return None, found
    for kind, query, field in _named_queries(journey):
        if field[0] in document.replaced:
            continue
        path = queries / kind / f"{query}.sql"
        if not path.is_file():
            known = [each.stem for each in (queries / kind).glob("*.sql")]
            what = f"there is no query '{query}' in include/sql/journey/{kind}/."
            found.append(document.error(field, what, suggest(query, known, kind=kind)))
            continue
        valid, wrong = inspect_query(path, columns=COLUMNS[kind], params=PARAMS)
        found += wrong
        if valid:
            where = source_location(path, valid.first_line)
            pin = PinnedQuery(valid.statement, tuple(sorted(valid.params)), valid.columns, where)
            pinned_queries[f"{kind}/{query}"] = pin
    if "steps" not in document.replaced:
        found += _unknown_names(document, journey)
    return (JourneyVersion(document.model, pinned_queries) if document.model else None), found


def _named_queries(journey: Journey) -> list[tuple[str, str, Place]]:
    """The folder and name of each query that the journey names, and the field that names it."""
    named: list[tuple[str, str, Place]] = [("triggers", journey.trigger, ("trigger",))]
    if journey.goal:
        named.append(("goals", journey.goal, ("goal",)))
    for place, step in enumerate(journey.steps):
        if step.condition and step.condition.query:
            named.append(("conditions", step.condition.query, ("steps", place, "condition", "query")))
    return named


def _unknown_names(document: Document[Journey], journey: Journey) -> Iterator[Finding]:
    """Segments and features that a condition names and that do not exist."""
    segments, features = [path.stem for path in SEGMENTS.glob("*.sql")], tables()["segment.features"].columns
    for place, step in enumerate(journey.steps):
        field: Place = ("steps", place, "condition")
        if step.condition and (segment := step.condition.segment) and segment not in segments:
            what = f"'{segment}' does not exist."
            yield document.error((*field, "segment"), what, suggest(segment, segments, kind="segments"))
        if step.condition and (feature := step.condition.feature) and feature.column not in features:
            what = f"there is no feature '{feature.column}'."
            yield document.error((*field, "feature", "column"), what, suggest(feature.column, features, kind="features"))
