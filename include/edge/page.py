"""The pages that people see: rendered from pages/, escaped, with nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from include.edge import branding
from include.edge.language import query_of, words_for

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


def show(request: Request, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page `pages/<name>.html`, in the language of the link or the browser, under the shop's name."""
    shop = branding.shop()
    say = words_for(request, shop.default_locale)
    said = _environment.get_template(f"{name}.html").render(say=say, shop=shop, query=query_of(request), **values)
    return HTMLResponse(said, status_code=status, headers={"Content-Language": say.locale})


def problem(request: Request, status: int, what: str) -> HTMLResponse:
    """A page that says what did not work and what to do: `expired`, `unreadable` or `away` of the texts."""
    return show(request, "problem", status=status, what=what)


def damaged(request: Request) -> HTMLResponse:
    """The link does not verify: nothing was changed, and how to leave all the same. 404, for one-click posts too."""
    return show(request, "damaged", status=404, confirming=request.url.path.startswith("/confirm/"))


def try_again(request: Request) -> HTMLResponse:
    """The ledger did not answer: nothing was changed, and the person (or their mail client) shall ask again."""
    answer = problem(request, 503, "away")
    answer.headers["Retry-After"] = "60"
    return answer
