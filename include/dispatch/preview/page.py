"""The HTML page of a preview. Mails are in sandboxed frames, which run no script and submit nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.dispatch.preview.model import Preview
from include.dispatch.preview.people import is_right_to_left

DESKTOP, PHONE = 640, 375
"""Widths of the frames, in CSS pixels."""
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def page(
    preview: Preview,
    script: str = "",
    nonce: str = "",
    *,
    pictures: Sequence[str] = (),
    has_browser: bool = True,
) -> str:
    """The page. `script` is inserted as inline JavaScript with a nonce, for pages that reload themselves.

    `pictures` are links to those of the first mails; without a browser (`has_browser`) there are none, and the page says so.
    """
    return render(
        "preview.html.j2", preview=preview, script=script, nonce=nonce, widths=(("desktop", DESKTOP), ("phone", PHONE)),
        in_words=in_words, direction=lambda text: "rtl" if is_right_to_left(text) else "ltr", most=max, pictures=pictures,
        has_browser=has_browser,
    )  # fmt: skip


def render(template: str, **values: Any) -> str:
    """One of the page templates, with escaped values."""
    return _PAGES.get_template(template).render(values)


def in_words(span: timedelta | None) -> str:
    """A time span for a person: `40 seconds`, `3 hours`, `12 days`."""
    if span is None:
        return "more than 60 days"
    seconds = span.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{max(seconds, 1):.0f} second{'s' if seconds >= 1.5 else ''}"
