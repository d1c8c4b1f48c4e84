"""The anchors of the headings of a page."""

from __future__ import annotations

import re
from pathlib import Path


def headings(page: Path) -> set[str]:
    """The anchors of a Markdown page on GitHub: lower case, without punctuation, spaces as dashes."""
    lines = re.findall(r"^#{1,6} +(.+?) *$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
