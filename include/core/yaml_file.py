"""Reads YAML files into pydantic models; findings and errors name file, line and field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from include.core import text_file
from include.core.field_errors import FieldError, broken_rules, described, problems
from include.core.finding import Finding, refuse
from include.core.yaml_syntax import syntax_finding

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[int | str, ...]
MAX_REPLACED = 4
"""Rounds of leaving out fields that are wrong: some are only seen when the others are right."""
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where available, ten times as fast: campaign files are read whenever Airflow parses the DAG files."""


class StrictModel(BaseModel):
    """Base of the models: unknown fields are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Document(Generic[Model]):
    """A file that was read. `model` is None if the file is not valid; `values` are its fields as far as they can be read.

    `stand_in` is a model for a file that is not valid, so that what is right in it can be checked further: the fields that
    it has `replaced` were left out, or are their examples.
    """

    path: Path
    tree: Any
    values: dict[str, Any]
    model: Model | None
    findings: tuple[Finding, ...]
    stand_in: Model | None = None
    replaced: frozenset[str] = frozenset()

    def line(self, *field: int | str) -> int:
        """The line of a field, or of its deepest existing part."""
        return _line(self.tree, field) if self.tree is not None else 1

    def error(self, field: Place, what: str, remedy: str) -> Finding:
        """An error at a field."""
        return Finding("error", self.path, self.line(*field), f"{'.'.join(map(str, field))}: {what}", remedy)


def inspect(path: Path, model: type[Model], *, example: str) -> Document[Model]:
    """The file at `path` as a `model`, with everything that is wrong; `example` is named where it has no fields."""
    text, found = text_file.inspect(path)
    if text is None or not text.strip():
        return Document(path, None, {}, None, tuple(found))
    try:
        tree = yaml.compose(text, Loader=SafeLoader)
        values = yaml.load(text, Loader=SafeLoader)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        return Document(path, None, {}, None, (*found, syntax_finding(path, text, error)))
    if not isinstance(values, dict):
        found.append(Finding("error", path, 1, "holds no fields.", f"Write field: value, one per line; see {example}."))
        return Document(path, tree, {}, None, tuple(found))
    found += _duplicates(path, tree)
    try:
        return Document(path, tree, values, model.model_validate(values), tuple(found))
    except ValidationError as error:
        stand_in, replaced, hidden = _stand_in(model, values, error)
        found += [_field_error(path, tree, *problem) for problem in (*problems(model, error), *map(described, hidden))]
        return Document(path, tree, values, None, tuple(found), stand_in, replaced)


def read(path: Path, model: type[Model], *, example: str) -> Model:
    """The file at `path` as a `model`. Raises `ConfigurationError` with file and line of the first error."""
    document = inspect(path, model, example=example)
    refuse(document.findings)
    assert document.model is not None
    return document.model


def source_location(path: Path, *field: str | int) -> str:
    """The location of a field for later errors: `winback.yaml, line 12`; only the file if the line is unknown."""
    line = field_line(path, *field)
    return f"{path.name}, line {line}" if line else path.name


def field_line(path: Path, *field: str | int) -> int | None:
    """The line of a field, or of its deepest existing part; None if the file cannot be read."""
    text, _ = text_file.inspect(path)
    try:
        tree = yaml.compose(text or "", Loader=SafeLoader)
    except yaml.YAMLError:
        return None
    return _line(tree, field) if isinstance(tree, yaml.MappingNode) else None


def _field_error(path: Path, tree: Any, place: Place, what: str, remedy: str) -> Finding:
    return Finding("error", path, _line(tree, place), f"{'.'.join(map(str, place)) or 'file'}: {what}", remedy)


def _stand_in(
    model: type[Model], values: dict[str, Any], error: ValidationError
) -> tuple[Model | None, frozenset[str], list[FieldError]]:
    """A model without the fields that are wrong, if there can be one, and the names of these fields.

    Also the broken rules that depend on none of them: they are only seen when each field for itself is right.
    """
    kept, replaced, hidden = dict(values), set[str](), list[FieldError]()
    for _ in range(MAX_REPLACED):
        rules = broken_rules(error)
        hidden += [each for each in rules if replaced and not each.reads & replaced]
        places = [problem["loc"] for problem in error.errors(include_url=False) if problem["loc"]]
        for place in [*places, *(each.field for each in rules)]:
            name = str(place[0]) if place else ""
            field = model.model_fields.get(name)
            replaced.add(name)
            kept.pop(name, None)
            if field and field.is_required():
                kept[name] = (field.examples or [None])[0]
        try:
            return model.model_validate(kept), frozenset(replaced), hidden
        except ValidationError as further:
            error = further
    return None, frozenset(), hidden


def _duplicates(path: Path, tree: Any) -> Iterator[Finding]:
    """Keys that are written twice in one mapping: YAML keeps the last one and says nothing."""
    for node in _nodes(tree, set()):
        first: dict[Any, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value in first:
                what = f"{key.value}: is written twice, first in line {first[key.value]}."
                yield Finding("error", path, line, what, "Keep one of them.")
            elif isinstance(key, yaml.ScalarNode):
                first[key.value] = line


def _nodes(node: Any, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """All mappings of the tree, each once: an alias refers to the same node again."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _nodes(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _nodes(part, seen)


def _line(node: Any, place: Place) -> int:
    """The line of the deepest existing part of `place`; of two equal keys the last counts, as in YAML."""
    line: int = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in reversed(node.value) if key.value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
