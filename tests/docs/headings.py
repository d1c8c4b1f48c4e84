"""The headings of a page, as links name them."""

from __future__ import annotations

import re
from pathlib import Path


def headings(page: Path) -> set[str]:
    """The anchors that a Markdown page has on GitHub: lower case, punctuation dropped, spaces as dashes."""
    lines = re.findall(r"^#{1,6} +(.+?) *$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
