"""SQL files: one statement each, with a header that describes it.

    -- name: subscribers_insert
    -- owner: data
    -- grain: one row per subscriber
    -- params: run_id, as_of
    -- purpose: What it does and why, in a sentence or three;
    --          continued lines are indented like this.

The header documents the statement, declares its parameters, and is the source of docs/sql.md. A parameter can have a
default (`-- params: as_of, days = 90`), a literal of `include.core.sql_literal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from include.core import sql_literal
from include.core.errors import ConfigurationError
from include.core.paths import SQL
from include.core.sql_literal import Literal

FIELDS = ("name", "owner", "grain", "params", "purpose")
_PARAM = re.compile(rf"(?P<name>\w+)(?:\s*=\s*(?P<default>{sql_literal.PATTERN}))?(?:\s*,\s*|\s+|$)")
_LINE = re.compile(r"^--\s?(?:(?P<field>\w+):)?\s*(?P<text>.*)$")


@dataclass(frozen=True)
class SqlFile:
    """One statement and its header.

    `params` are the names that it binds as `$name`, `defaults` the values of those that have one; `extra` are the fields of
    the header beyond `FIELDS`.
    """

    path: Path
    name: str
    owner: str
    grain: str
    params: tuple[str, ...]
    purpose: str
    statement: str
    defaults: Mapping[str, Literal]
    extra: Mapping[str, str]

    def bind(self, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The value of each parameter: that of `params`, else its default. A missing one raises KeyError."""
        given = {**self.defaults, **(params or {})}
        return {name: given[name] for name in self.params}


def load(stage: str, name: str) -> SqlFile:
    """The file `include/sql/<stage>/<name>.sql` (`name` may hold a subfolder). Raises `ConfigurationError`."""
    return read(SQL / stage / f"{name}.sql")


def folder(stage: str) -> Iterator[SqlFile]:
    """Every file directly in `include/sql/<stage>/`, in the order of their names."""
    yield from (read(path) for path in sorted((SQL / stage).glob("*.sql"), key=attrgetter("name")))


def read(path: Path) -> SqlFile:
    """Parse a file, and parse it again after an edit. Raises `ConfigurationError` if its header is incomplete."""
    if not path.is_file():
        raise ConfigurationError("does not exist.", where=str(path), remedy="Create it, or correct the name.")
    return _parse(path, path.stat().st_mtime_ns)


@cache
def _parse(path: Path, _modified: int) -> SqlFile:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    size = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header: dict[str, str] = {}
    field = ""
    for line in lines[:size]:
        match = _LINE.match(line)
        field = (match and match["field"]) or field
        if match and field:
            header[field] = f"{header.get(field, '')} {match['text']}".strip()
    missing = [name for name in FIELDS if not header.get(name) and name != "params"]
    if missing or header.get("name") != path.stem:
        raise ConfigurationError(
            f"has a header without {', '.join(missing) or 'the name of the file'}.",
            where=str(path),
            remedy=f"Start the file with '-- field: …' lines for {', '.join(FIELDS)}; the name is that of the file.",
        )
    defaults = _params(header.get("params", ""), path)
    return SqlFile(
        path,
        header["name"],
        header["owner"],
        header["grain"],
        tuple(defaults),
        header["purpose"],
        "\n".join(lines[size:]).strip(),
        {name: value for name, value in defaults.items() if value is not None},
        {field: text for field, text in header.items() if field not in FIELDS},
    )


def _params(text: str, path: Path) -> dict[str, Literal | None]:
    """The declared names with their defaults, None without one."""
    found: dict[str, Literal | None] = {}
    place = 0
    while place < len(text) and text != "none":
        match = _PARAM.match(text, place)
        if not match:
            raise ConfigurationError(
                f"declares params that cannot be read: {text[place:]!r}.",
                where=str(path),
                remedy="Write names, with or without a default: `-- params: as_of, days = 90, genre = 'jazz'`.",
            )
        found[match["name"]] = sql_literal.read(match["default"]) if match["default"] else None
        place = match.end()
    return found
