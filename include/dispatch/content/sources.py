"""Finds and loads template files: the parts for a locale, and the templates that they include."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, FileSystemLoader

from include.core.errors import PlanError
from include.dispatch.content.environment import MAX_FILE_BYTES, PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN
from include.dispatch.content.source_location import display_name

_LANGUAGE = re.compile(r"\{[{%][^}]*(?<![.\w])(?:language|locale)\b")
_NAMED = re.compile(r"""\{%-?\s*(?:include|import|from|extends)\s+["']([^"']+)["']""")
PARTS = {"subject": "txt.j2", "preheader": "txt.j2", "body_html": "html.j2", "body_text": "txt.j2"}
_ENDINGS = {part: (ending, *(("mjml.j2",) if part == "body_html" else ())) for part, ending in PARTS.items()}
"""The body may be written in MJML instead."""


def part_file(folder: Path, part: str, locale: str) -> str:
    """The file of a part for a locale: `subject.de-AT.txt.j2`, else `subject.de.txt.j2`, else `subject.txt.j2`."""
    stem = part.partition("_")[0]
    for tag in (f".{locale}", f".{locale.replace('_', '-').split('-')[0]}", ""):
        found = [name for ending in _ENDINGS[part] if (folder / (name := f"{stem}{tag}.{ending}")).is_file()]
        if len(found) > 1:
            raise PlanError(f"exists beside {found[0]}.", where=f"{folder.name}/{found[1]}", remedy="Delete one of the two.")
        if found:
            return found[0]
    name = f"{stem}.{PARTS[part]}"
    if not (folder / name).is_file():
        raise PlanError("does not exist.", where=f"{folder.name}/{name}", remedy=f"Write it: a template has {_all_parts()}.")
    return name


def names_of_parts(locales: Collection[str]) -> frozenset[str]:
    """The names that the files of a template in these locales can have."""
    tags = {"", *(f".{locale}" for locale in locales), *(f".{_language(locale)}" for locale in locales)}
    endings = ((part.partition("_")[0], ending) for part in PARTS for ending in _ENDINGS[part])
    return frozenset(f"{stem}{tag}.{ending}" for stem, ending in endings for tag in tags)


def named_files(source: str) -> list[str]:
    """The files that a template's text names."""
    return _NAMED.findall(source)


def has_text(folder: Path, locale: str) -> bool:
    """Whether the template has a text part of its own for a locale; else it is derived from the HTML."""
    language = locale.replace("_", "-").split("-")[0]
    names = ("body.txt.j2", *(f"body.{tag}.txt.j2" for tag in (locale, language)))
    return any((folder / name).is_file() for name in names)


def unwritten_parts(folder: Path, locale: str, default: str, parts: Iterable[str]) -> list[str]:
    """The files that are missing for a locale, because the parts would be those of the `default` locale.

    A file without a language may serve several: it is enough that it, or a file of the template that it includes, reads
    `language` or `locale`.
    """
    if _language(locale) == _language(default):
        return []
    written = [part for part in parts if part != "body_text" or has_text(folder, locale)]
    files = [part_file(folder, part, locale) for part in written]
    missing = [name for name in files if name.count(".") == 2 and not _reads_language(folder, name, frozenset())]
    return [name.replace(".", f".{locale}.", 1) for name in missing]


def _language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()


def _reads_language(folder: Path, name: str, seen: frozenset[str]) -> bool:
    """Whether a file of the template, or one that it names, distinguishes languages. The layout of all mails does not."""
    path = folder.parent / name if (folder.parent / name).is_file() and "/" in name else folder / name
    if name in seen or not path.is_file() or path.parent.name == "base":
        return False
    source = path.read_text(encoding="utf-8", errors="replace")
    if _LANGUAGE.search(source):
        return True
    return any(_reads_language(folder, other, seen | {name}) for other in named_files(source))


def _all_parts() -> str:
    return ", ".join(f"{part.partition('_')[0]}.{ending}" for part, ending in PARTS.items())


class TemplateLoader(BaseLoader):
    """Loads from the template's folder, then from the folder of all templates.

    Records the hash of every loaded file, and its text by the name that errors show. `inline` contains texts that have no
    file (a variant's subject): name to (text, location).
    """

    def __init__(self, folder: Path, inline: dict[str, tuple[str, str]]) -> None:
        self._files = FileSystemLoader([folder, folder.parent], encoding="utf-8-sig")
        self._inline = inline
        self.hashes: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def get_source(self, environment: Any, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """A template's text and file. Raises `PlanError` if it is too large or not UTF-8."""
        source, filename = self._read(environment, template)
        if len(source.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
            raise PlanError(
                "is too large.", where=template, remedy=f"A template file has at most {MAX_FILE_BYTES // 1024} KB."
            )
        if PLACEHOLDER_OPEN in source or PLACEHOLDER_CLOSE in source:
            raise PlanError("contains a private-use character (U+E000, U+E001).", where=template, remedy="Remove it.")
        self.texts[display_name(filename)] = source
        self.hashes[template] = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
        return source, filename, None

    def _read(self, environment: Any, template: str) -> tuple[str, str]:
        if template in self._inline:
            return self._inline[template]
        try:
            source, filename, _ = self._files.get_source(environment, template)
        except UnicodeDecodeError:
            raise PlanError("is not UTF-8.", where=template, remedy="Save the file as UTF-8.") from None
        return source, filename or template

    def list_templates(self) -> list[str]:
        """All loadable templates."""
        return self._files.list_templates()
