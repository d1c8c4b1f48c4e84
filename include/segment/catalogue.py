"""All segments of a run, each after those that it reads.

A segment is built with the defaults of its parameters, and once more for each other choice of a campaign or a segment.
"""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from include.core import query_comparisons
from include.core.errors import ConfigurationError
from include.core.paths import SEGMENTS
from include.core.segment_name import SegmentName, meant, settle
from include.core.segment_reference import MEMBERS_NOW, Reference, Variable, resolve
from include.core.sql_literal import Literal
from include.segment.definition import AS_OF, Definition, definition_paths, read_definition

TABLES_READ = ("features", "activity_counts")
"""Tables of the schema `segment` that a definition may read: names that a misspelt reference may have meant."""
READ = "tw_read_{}"
"""The bound name of the segment that reference `{}` reads."""


@dataclass(frozen=True)
class Segment:
    """A segment to build: a definition, the values of its parameters, and the segments that it reads."""

    name: SegmentName
    definition: Definition
    reads: tuple[SegmentName, ...]

    @property
    def values(self) -> dict[str, Literal]:
        return {**self.definition.defaults, **self.name.parameters}

    def statement(self, members: str = MEMBERS_NOW) -> str:
        """The query, with `members` in the place of each segment that it reads."""
        return resolve(self.definition.statement, self.definition.reads, members)

    def bind(self, as_of: datetime, statement: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parameters that `statement`, a text with the names of this segment's and of `more`, binds."""
        params: dict[str, Any] = {READ.format(number): str(name) for number, name in enumerate(self.reads)}
        params |= {**self.values, AS_OF: as_of, **(more or {})}
        return {name: params[name] for name in duckdb.extract_statements(statement)[0].named_parameters}


@dataclass(frozen=True)
class Catalogue:
    """`segments`: in an order in which they can be built. `broken`: why the others cannot, by name."""

    segments: tuple[Segment, ...]
    broken: dict[str, ConfigurationError] = field(default_factory=dict)


def read_catalogue(folder: Path = SEGMENTS, chosen: Iterable[SegmentName] = ()) -> Catalogue:
    """All definitions of a folder, with their defaults and with the parameters of `chosen`.

    A choice that does not fit its segment is left out: the campaign that makes it is refused when it is planned.
    """
    definitions: dict[str, Definition] = {}
    broken: dict[str, ConfigurationError] = {}
    for path in definition_paths(folder):
        try:
            definitions[path.stem] = read_definition(path)
        except ConfigurationError as error:
            broken[path.stem] = error
    return _ordered(definitions, broken, chosen)


def with_bases(catalogue: Catalogue, names: Collection[str]) -> Catalogue:
    """The segments of these names and what they read, in the same order."""
    wanted = set(names)
    for segment in reversed(catalogue.segments):
        if str(segment.name) in wanted:
            wanted.update(map(str, segment.reads))
    return Catalogue(tuple(segment for segment in catalogue.segments if str(segment.name) in wanted))


def reference_errors(
    definition: Definition, definitions: Mapping[str, Definition], unreadable: Collection[str] = ()
) -> Iterator[ConfigurationError]:
    """What is wrong with the segments that a definition reads, apart from cycles.

    `definitions` are all that exist, but for those whose file is `unreadable`.
    """
    for one in definition.reads:
        where = definition.location(one.line)
        if one.segment in definitions:
            base = definitions[one.segment]
            if problem := _wrong_argument(one, definition, base):
                remedy = "Write segment.<name>(<parameter> := <value>), with a literal or a parameter of this file."
                yield ConfigurationError(problem, where=where, remedy=remedy)
            else:
                for what, remedy in wrong_values(base, one.name(definition.defaults)):
                    yield ConfigurationError(f"reads {one.segment}: {what}", where=where, remedy=remedy)
        elif one.segment not in unreadable:
            known = {*definitions, *unreadable, *TABLES_READ}
            what = f"reads segment.{one.segment}, which does not exist{meant(one.segment, known)}"
            yield ConfigurationError(what, where=where, remedy="Name a file of include/sql/segment/definitions/.")


def wrong_values(definition: Definition, name: SegmentName) -> Iterator[tuple[str, str]]:
    """What is wrong with the values that a name gives to a segment's parameters, and the remedies: nobody can have them."""
    given = settle(name, definition.defaults).parameters
    return query_comparisons.wrong_values(definition.query.tree, {**definition.defaults, **given}, given)


def cycles(definitions: Mapping[str, Definition]) -> list[list[str]]:
    """Cycles of segments, each as the names in the order in which they read each other, the first once more at the end."""
    graph = {name: {one.segment for one in definition.reads} & set(definitions) for name, definition in definitions.items()}
    found: list[list[str]] = []
    while graph:
        try:
            graphlib.TopologicalSorter(graph).prepare()
            break
        except graphlib.CycleError as error:
            found.append(error.args[1][::-1])
            graph = {name: reads - set(found[-1]) for name, reads in graph.items() if name not in found[-1]}
    return found


def cycle_error(cycle: list[str], definition: Definition) -> ConfigurationError:
    """The error of a segment on a cycle, which names all of it."""
    place = cycle.index(definition.segment)
    around = [*cycle[place:-1], *cycle[: place + 1]]
    line = next(one.line for one in definition.reads if one.segment == around[1])
    return ConfigurationError(
        f"is read by what it reads: {' reads '.join(around)}.",
        where=definition.location(line),
        remedy="Remove one of these references.",
    )


def depends_on_broken(definition: Definition, base: Reference) -> ConfigurationError:
    """The error of a segment whose base cannot be built."""
    return ConfigurationError(
        f"reads segment.{base.segment}, which could not be built.",
        where=definition.location(base.line),
        remedy=f"Fix {base.segment}; nothing was found wrong with {definition.segment} itself.",
    )


def _ordered(
    definitions: dict[str, Definition], broken: dict[str, ConfigurationError], chosen: Iterable[SegmentName]
) -> Catalogue:
    unreadable = frozenset(broken)
    for name, definition in definitions.items():
        if wrong := next(reference_errors(definition, definitions, unreadable), None):
            broken[name] = wrong
    for cycle in cycles(definitions):
        for name in cycle[1:]:
            broken.setdefault(name, cycle_error(cycle, definitions[name]))
    segments: dict[str, Segment] = {}
    for one in [*map(SegmentName, definitions), *_settled(chosen, definitions)]:
        _add(one, definitions, broken, segments)
    return Catalogue(tuple(segments.values()), broken)


def _settled(chosen: Iterable[SegmentName], definitions: Mapping[str, Definition]) -> Iterator[SegmentName]:
    for name in chosen:
        try:
            if name.segment in definitions:
                yield settle(name, definitions[name.segment].defaults)
        except ValueError:
            continue


def _add(
    name: SegmentName,
    definitions: Mapping[str, Definition],
    broken: dict[str, ConfigurationError],
    segments: dict[str, Segment],
) -> None:
    """Add a segment after those that it reads, unless one of them is broken."""
    if str(name) in segments or name.segment in broken:
        return
    definition = definitions[name.segment]
    reads = []
    for one in definition.reads:
        if one.segment not in broken:
            reads.append(settle(one.name({**definition.defaults, **name.parameters}), definitions[one.segment].defaults))
            _add(reads[-1], definitions, broken, segments)
        if one.segment in broken:
            broken[name.segment] = depends_on_broken(definition, one)
            return
    segments[str(name)] = Segment(name, definition, tuple(reads))


def _wrong_argument(one: Reference, definition: Definition, base: Definition) -> str:
    """What is wrong with the arguments of a reference; empty if nothing is."""
    for name, value in one.arguments.items():
        if value is None:
            return f"gives segment.{one.segment} an argument that is no literal and no parameter: {name}."
        if isinstance(value, Variable) and value.name not in definition.defaults:
            return f"gives segment.{one.segment} the parameter ${value.name}, which it does not declare."
    try:
        settle(one.name(definition.defaults), base.defaults)
    except ValueError as error:
        return str(error)
    return ""
