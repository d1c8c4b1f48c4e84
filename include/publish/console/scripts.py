"""The scripts and the style of the console, which it serves itself: nothing comes from another host.

Vega, Vega-Lite and vega-embed are those in vl-convert, from PyPI. vega-embed evaluates expressions with vega-interpreter
(`ast: true`), so the pages need no `unsafe-eval`, and no script is in a page.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path

import vl_convert

PAGES = Path(__file__).parents[1] / "pages"
SCRIPT, STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
_STYLES = ("report.css", "console.css")


def asset(name: str) -> tuple[str, str] | None:
    """The text and media type of a file of the console; None if there is no such file."""
    if name == "vega.js":
        return _vega(), SCRIPT
    if name == "report.js":
        return (PAGES / name).read_text(encoding="utf-8"), SCRIPT
    if name == "console.css":
        return "\n".join((PAGES / style).read_text(encoding="utf-8") for style in _STYLES), STYLE
    return None


@cache
def version() -> str:
    """What the addresses of the files carry, so that browsers may keep them: it changes with their content."""
    digest = hashlib.sha256(version_of("vl-convert-python").encode())
    for name in ("report.js", *_STYLES):
        digest.update((PAGES / name).read_bytes())
    return digest.hexdigest()[:12]


@cache
def _vega() -> str:
    """Vega, Vega-Lite and vega-embed as one script: a second of CPU, once in each process of Airflow's API server."""
    return str(vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;"))
