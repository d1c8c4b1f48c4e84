"""The pages that people see: rendered from pages/, escaped, with nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse

_FOLDER = Path(__file__).parent / "pages"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
)
_environment.globals["style"] = Markup(_STYLE)  # noqa: S704 our own file, not input

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer: no script, no referrer (the token is in the path), no cache, no index, no frame."""


def show(name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page `pages/<name>.html`."""
    return HTMLResponse(_environment.get_template(f"{name}.html").render(values), status_code=status)


def problem(status: int, title: str, text: str) -> HTMLResponse:
    """A page that says what did not work and what to do."""
    return show("problem", status=status, title=title, text=text)


def damaged(contact: str) -> HTMLResponse:
    """The link does not verify: nothing was changed, and how to leave all the same. 404, for one-click posts too."""
    return show("damaged", status=404, contact=contact)


def try_again() -> HTMLResponse:
    """The ledger did not answer: nothing was changed, and the person (or their mail client) shall ask again."""
    answer = problem(503, "That did not work", "We could not save it. Please try again in a few minutes.")
    answer.headers["Retry-After"] = "60"
    return answer
