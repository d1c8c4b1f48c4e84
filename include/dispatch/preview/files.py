"""The pages of previews in the data folder: `previews/<campaign>/<page>.html`, and the list of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from include.core.paths import DataPaths
from include.dispatch.preview.page import render

WRITER = "writer.html"
"""The page that `make preview … ONCE=1` writes."""
_CAMPAIGN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PAGE = re.compile(r"[A-Za-z0-9-]{1,80}\.html")
_FOLDER = re.compile(r"[A-Za-z0-9-]{1,80}")
_PICTURE = re.compile(r"mail-[0-9]{1,3}\.png")
_TITLE = re.compile(r"<title>Preview: (.*?)</title>")
_HEAD = 1_000


@dataclass(frozen=True)
class Entry:
    """A page: its campaign, the campaign's name at that time, and when it was written."""

    campaign: str
    name: str
    page: str
    written_at: datetime


def page_name(run: str) -> str:
    """The name of the page of a run, by its id."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', run)[:80]}.html"


def newest_page(paths: DataPaths, campaign: str) -> str | None:
    """The name of the campaign's newest page; None if there is none."""
    return next((entry.page for entry in entries(paths) if entry.campaign == campaign), None)


def page_of(paths: DataPaths, campaign: str, page: str) -> str | None:
    """The text of a page; None if there is none."""
    file = _file(paths, (_CAMPAIGN, campaign), (_PAGE, page))
    return file.read_text(encoding="utf-8") if file else None


def picture_of(paths: DataPaths, campaign: str, folder: str, picture: str) -> bytes | None:
    """A picture of a mail; None if there is none."""
    file = _file(paths, (_CAMPAIGN, campaign), (_FOLDER, folder), (_PICTURE, picture))
    return file.read_bytes() if file else None


def _file(paths: DataPaths, *names: tuple[re.Pattern[str], str]) -> Path | None:
    """The file of these names below the folder of previews, if each matches its pattern.

    The names are checked before a path is made of them, and a link out of the folder is not followed.
    """
    if not all(pattern.fullmatch(name) for pattern, name in names):
        return None
    file = paths.previews.joinpath(*(name for _, name in names)).resolve()
    return file if file.is_relative_to(paths.previews.resolve()) and file.is_file() else None


def entries(paths: DataPaths) -> list[Entry]:
    """All pages, newest first."""
    return sorted(_entries(paths.previews), key=lambda entry: entry.written_at, reverse=True)


def list_page(paths: DataPaths) -> str:
    """A page that links all previews; with instructions if there are none."""
    return render("previews.html.j2", entries=entries(paths))


def _entries(folder: Path) -> Iterator[Entry]:
    for file in folder.glob("*/*.html"):
        if _CAMPAIGN.fullmatch(file.parent.name) and _PAGE.fullmatch(file.name) and not file.is_symlink():
            with file.open(encoding="utf-8") as opened:
                title = _TITLE.search(opened.read(_HEAD))
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            yield Entry(file.parent.name, unescape(title[1]) if title else file.parent.name, file.name, written)
