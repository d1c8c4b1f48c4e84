"""Reads YAML files into pydantic models; errors name file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where available: campaign files are read whenever Airflow parses the DAG files."""


class StrictModel(BaseModel):
    """Base of the models: unknown fields are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(path: Path, model: type[Model], *, example: str) -> Model:
    """The file at `path` as a `model`; `example` is named in errors. Raises `ConfigurationError` with file and line."""
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(
            f"is not YAML ({getattr(error, 'problem', None) or 'not UTF-8'}).",
            where=f"{path.name}{f', line {mark.line + 1}' if mark else ''}",
            remedy="Correct the file.",
        ) from None
    if not isinstance(values, dict):
        raise ConfigurationError("holds no fields.", where=path.name, remedy=f"See {example}.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        # Unknown fields come first: they are often misspelt names of missing ones.
        first = min(found, key=lambda problem: problem["type"] != "extra_forbidden")
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(
            f"{field}: {first['msg']}.", where=f"{path.name}, line {_line(tree, first['loc'])}", remedy="Correct that field."
        ) from None


def source_location(path: Path, *field: str | int) -> str:
    """The location of a field for later errors: `winback.yaml, line 12`; only the file if the line is unknown."""
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return path.name
    return f"{path.name}, line {_line(tree, field)}" if isinstance(tree, yaml.MappingNode) else path.name


def _line(node: Any, place: tuple[int | str, ...]) -> int:
    """The line of the deepest existing part of `place`."""
    line: int = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
