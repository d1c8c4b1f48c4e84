"""Several sources at once: which they are, and from which of them a value is taken (docs/data-contract.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from include.core import yaml_file
from include.core.connections import SOURCE
from include.core.errors import ConfigurationError
from include.core.manifest import source_fingerprint
from include.core.settings import settings, variable
from include.core.yaml_file import StrictModel
from include.extract.contract import SUBSCRIBERS

CONSENT = ("status", "lawful_basis", "consent_source", "consented_at", "consent_wording", "consent_expires_at")
"""These come from one source together, the one with the newest answer, so they have no precedence."""


_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class NamedSource:
    """One source: the URL of its connection, and the folder of its mapping if it has its own."""

    name: str
    url: str = field(repr=False)
    mapping: Path | None


@dataclass(frozen=True)
class Combination:
    """Several sources, in order of precedence; `precedence` has another order for some columns of subscribers."""

    sources: tuple[NamedSource, ...]
    precedence: Mapping[str, tuple[str, ...]]

    @property
    def fingerprint(self) -> str:
        """A short hash of where the sources are."""
        return source_fingerprint(" ".join(source_fingerprint(source.url) for source in self.sources))

    def order(self, column: str) -> list[str]:
        """The names of all sources in the order in which a value of the column is taken."""
        first = self.precedence.get(column, ())
        return [*first, *(source.name for source in self.sources if source.name not in first)]


class _Source(StrictModel):
    connection: str
    mapping: str = ""


class _File(StrictModel):
    sources: dict[str, _Source]
    precedence: dict[str, list[str]] = {}


def combination(connection_url: Callable[[str], str]) -> Combination | None:
    """The sources of `$TRADEWIND_SOURCES`; None without that file. `connection_url` resolves the id of a connection.

    Raises `ConfigurationError` for a malformed file, an unknown column or source, and another connection for the first.
    """
    path = settings().sources
    if path is None:
        return None
    if not path.is_file():
        raise _error(path, "does not exist.", f"Correct {variable('sources')}, or unset it for a single source.")
    found = yaml_file.read(path, _File, example="docs/data-contract.md")
    _check(path, found)
    sources = tuple(
        NamedSource(name, connection_url(one.connection), path.parent / one.mapping if one.mapping else None)
        for name, one in found.sources.items()
    )
    return Combination(sources, {column: tuple(names) for column, names in found.precedence.items()})


def _check(path: Path, found: _File) -> None:
    for name in found.sources:
        if not _NAME.fullmatch(name):
            raise _error(path, f"the source '{name[:40]}' has no plain name.", "Use small letters, digits and underscores.")
    connections = [one.connection for one in found.sources.values()]
    if not connections or connections[0] != SOURCE:
        raise _error(path, f"the first source does not have the connection {SOURCE}.", "Put it first.")
    if len(set(connections)) < len(connections):
        raise _error(path, "two sources have the same connection.", "Name each once.")
    columns = [one for one in SUBSCRIBERS.columns if one not in (*CONSENT, SUBSCRIBERS.key, SUBSCRIBERS.cursor)]
    for column, names in found.precedence.items():
        if column not in columns:
            raise _error(path, f"'{column}' has no precedence.", f"It is one of {', '.join(columns)}.")
        for name in names:
            if name not in found.sources:
                raise _error(path, f"the source '{name}' is unknown.", f"The sources are {', '.join(found.sources)}.")


def _error(path: Path, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=str(path), remedy=remedy)
