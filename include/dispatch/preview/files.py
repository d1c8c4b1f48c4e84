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


def page_of(paths: DataPaths, campaign: str, page: str | None = None) -> str | None:
    """The text of a page, by default of the campaign's newest; None if there is none.

    Both names are checked before a path is made of them, and a link out of the folder is not followed.
    """
    if page is None:
        page = next((entry.page for entry in entries(paths) if entry.campaign == campaign), "")
    if not (_CAMPAIGN.fullmatch(campaign) and _PAGE.fullmatch(page)):
        return None
    file = (paths.previews / campaign / page).resolve()
    inside = file.is_relative_to(paths.previews.resolve())
    return file.read_text(encoding="utf-8") if inside and file.is_file() else None


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
