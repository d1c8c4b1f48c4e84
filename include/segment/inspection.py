"""Inspects all segment definitions without data: each file, what it reads, and the schema of the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from include.core import segment_name
from include.core.finding import Finding, errors, of_exception
from include.core.paths import SEGMENTS
from include.segment.catalogue import cycle_error, cycles, reference_errors, wrong_values
from include.segment.definition import Definition, definition_paths, inspect_definition
from include.warehouse.binding import bind


def wrong_parameters(text: str, folder: Path = SEGMENTS) -> Iterator[tuple[str, str]]:
    """What is wrong with the values in `engaged(days=-30)`, and the remedies: nobody can have them.

    Nothing for a name that is wrong in another way.
    """
    try:
        name = segment_name.read(text)
        path = folder / f"{name.segment}.sql"
        definition = inspect_definition(path)[0] if name.parameters and path.is_file() else None
        yield from wrong_values(definition, name) if definition else ()
    except ValueError:
        return


def inspect_segments(folder: Path = SEGMENTS) -> Iterator[Finding]:
    """Everything that is wrong with the definitions in a folder. A run refuses all errors among them."""
    definitions: dict[str, Definition] = {}
    unreadable: set[str] = set()
    for path in definition_paths(folder):
        definition, found = inspect_definition(path)
        yield from found
        if definition is None or any(errors(found)):
            unreadable.add(path.stem)
        else:
            definitions[path.stem] = definition
    for definition in definitions.values():
        wrong = [of_exception(error, definition.path) for error in reference_errors(definition, definitions, unreadable)]
        yield from wrong or bind(definition.query)
    for cycle in cycles(definitions):
        for name in cycle[1:]:
            yield of_exception(cycle_error(cycle, definitions[name]), definitions[name].path)
