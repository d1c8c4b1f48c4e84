"""Finds the line on which a text of a compiled mail is written."""

from __future__ import annotations

from pathlib import Path

from include.core import text_file
from include.dispatch.content.environment import is_markup


def written_at(text: str, part: Path, folder: Path) -> tuple[Path, int]:
    """The file and line of a text: in the part's own file, another one of the template, or the layout.

    `folder` has all templates. The first line of the part if the text is nowhere, because the template composes it.
    """
    nearby = [part, *_markup_files(part.parent), *_markup_files(folder / "base")]
    for path in nearby if text else ():
        source = text_file.inspect(path)[0] or ""
        if (at := source.find(text)) >= 0:
            return path, source.count("\n", 0, at) + 1
    return part, 1


def _markup_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.j2") if is_markup(path.name))
