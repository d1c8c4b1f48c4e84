"""Finds files in a template's folder that no mail reads, because their names are misspelt."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from include.core import text_file
from include.core.finding import Finding
from include.core.suggestion import closest
from include.dispatch.content.sources import named_files, names_of_parts

_TEXTS = (".j2", ".txt", ".html", ".mjml")


def unread_files(folder: Path, locales: Collection[str]) -> Iterator[Finding]:
    """The files that neither are a part of a mail in one of the `locales` nor are named by another file."""
    known = names_of_parts(locales)
    unread = [path for path in sorted(folder.iterdir()) if path.suffix in _TEXTS and path.name not in known]
    named = _named(folder) if unread else frozenset()
    for path in unread:
        if path.name not in named and f"{folder.name}/{path.name}" not in named:
            near = closest(path.name, known)
            meant = f"Did you mean {near}?" if near and not (folder / near).exists() else ""
            languages = f"Mails with this template are in {', '.join(sorted(locales))}."
            yield Finding("warning", path, 1, "is not read by any mail.", f"{meant} {languages}".strip())


def _named(folder: Path) -> frozenset[str]:
    """The files that any template names: in `include`, `import`, `from` and `extends`."""
    texts = (text_file.inspect(path)[0] or "" for path in folder.parent.glob("*/*.j2"))
    return frozenset(name for text in texts for name in named_files(text))
