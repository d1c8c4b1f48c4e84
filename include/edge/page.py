"""Renders the pages in pages/: escaped, without external resources."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from include.edge import branding
from include.edge.language import language_query, texts_for

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
"""For every response: no scripts, no referrer (the token is in the path), no caching, no indexing, no frames."""


def render(request: Request, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page `pages/<name>.html`, in the language of the link or the browser, with the shop's name."""
    shop = branding.shop()
    text = texts_for(request, shop.default_locale)
    html = _environment.get_template(f"{name}.html").render(text=text, shop=shop, query=language_query(request), **values)
    return HTMLResponse(html, status_code=status, headers={"Content-Language": text.locale})


def render_problem(request: Request, status: int, what: str) -> HTMLResponse:
    """An error page with its remedy. `what` is a section of the texts: `expired`, `unreadable` or `unavailable`."""
    return render(request, "problem", status=status, what=what)


def render_damaged_link(request: Request) -> HTMLResponse:
    """404, also for one-click requests: the link is invalid, nothing was changed, and how to unsubscribe instead."""
    return render(request, "damaged", status=404, confirming=request.url.path.startswith("/confirm/"))


def render_unavailable(request: Request) -> HTMLResponse:
    """503: the ledger did not respond and nothing was changed; the client should retry."""
    answer = render_problem(request, 503, "unavailable")
    answer.headers["Retry-After"] = "60"
    return answer
