"""Pages in Airflow's menu, behind its login: console, report, journeys, quality, calendar and previews; and JSON.

The pages show published files and previews; only console and calendar are computed when they are opened. `include` is
imported inside the handlers: if a plugin imports it at module level, every Airflow process that loads plugins keeps that
version of it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from airflow.api_fastapi.core_api.security import requires_authenticated
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

PREFIX = "/tradewind"
INK, INK_ON_DARK = "#1f3347", "#e3eaf1"
"""The colours of Airflow's own menu entries; a lighter entry looks disabled."""
NO_EXTERNAL_CONTENT = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
POLICY = f"{NO_EXTERNAL_CONTENT}; frame-ancestors 'self'"
REPORT_POLICY = f"{POLICY}; script-src 'unsafe-inline'"
"""The report also has a policy in its head, which allows two scripts by hash; browsers apply both policies."""

PREVIEW_POLICY = POLICY.replace("img-src data:", "img-src data: https:")
"""Mails show images from the web."""

CONSOLE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""No script in a page and no evaluation of text; Vega sets styles of its drawings in their elements."""

console = FastAPI(
    title="Tradewind console",
    dependencies=[Depends(requires_authenticated())],
    docs_url=None,  # FastAPI serves its documentation pages without the dependency.
    redoc_url=None,
    openapi_url=None,
)


@console.middleware("http")
async def harden(request: Request, call_next: Any) -> Response:
    """Set security headers on every response, errors included: no caching, no sniffing, no frames on other sites."""
    response: Response = await call_next(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@console.get("/report")
def report() -> Response:
    """The report, or a page with instructions if there is none yet."""
    from include.core.paths import data_paths
    from include.publish.views import report_page

    return HTMLResponse(report_page(data_paths()), headers={"Content-Security-Policy": REPORT_POLICY})


@console.get("/quality")
def quality() -> Response:
    """The latest data quality page."""
    from include.core.paths import data_paths
    from include.publish.views import quality_page

    return HTMLResponse(quality_page(data_paths()))


@console.get("/audit")
def audit() -> Response:
    """The page of the latest audit."""
    from include.core.paths import data_paths
    from include.publish.views import audit_page

    return HTMLResponse(audit_page(data_paths()))


@console.get("/previews")
def previews() -> Response:
    """The list of previews."""
    from include.core.paths import data_paths
    from include.dispatch.preview.files import list_page

    return HTMLResponse(list_page(data_paths()))


@console.get("/previews/{campaign}")
def newest_preview(campaign: str) -> Response:
    """Redirects to the newest preview of a campaign. 404 if there is none."""
    from include.core.paths import data_paths
    from include.dispatch.preview.files import newest_page

    page = newest_page(data_paths(), campaign)
    return RedirectResponse(f"{campaign}/{page}") if page else _no_preview()


@console.get("/previews/{campaign}/{page}")
def preview(campaign: str, page: str) -> Response:
    """One preview. 404 if there is none."""
    from include.core.paths import data_paths
    from include.dispatch.preview.files import page_of

    found = page_of(data_paths(), campaign, page)
    return _no_preview() if found is None else HTMLResponse(found, headers={"Content-Security-Policy": PREVIEW_POLICY})


@console.get("/previews/{campaign}/{folder}/{picture}")
def preview_picture(campaign: str, folder: str, picture: str) -> Response:
    """The picture of a mail. 404 if there is none."""
    from include.core.paths import data_paths
    from include.dispatch.preview.files import picture_of

    found = picture_of(data_paths(), campaign, folder, picture)
    return _no_preview() if found is None else Response(found, media_type="image/png")


def _no_preview() -> Response:
    return JSONResponse({"detail": "There is no such preview."}, status_code=404)


@console.get("/journeys")
def journeys() -> Response:
    """The pictures of all journeys, as of the last step that anybody took."""
    from include.core.paths import data_paths
    from include.publish.views import journeys_page

    return HTMLResponse(journeys_page(data_paths()))


@console.get("/calendar")
def calendar() -> Response:
    """What is planned in the next weeks, with expected volumes against the account's limits."""
    from include.core import clock
    from include.core.paths import data_paths
    from include.orchestration.configuration import account_pace_if_known
    from include.publish.calendar import calendar_page

    return HTMLResponse(calendar_page(data_paths(), account_pace_if_known(), clock.now()))


@console.get("/console")
def console_start() -> Response:
    """Redirects to the first page of the console."""
    return RedirectResponse("console/overview")


@console.get("/console/static/{name}")
def console_file(name: str) -> Response:
    """A script or the style of the console, which browsers keep: its address changes with it. 404 if there is none."""
    from include.publish.console.scripts import asset

    found = asset(name)
    if found is None:
        return JSONResponse({"detail": "There is no such file."}, status_code=404)
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(found[0], media_type=found[1], headers=kept)


@console.get("/console/mail")
def console_mail(run: str) -> Response:
    """The mail of a campaign occurrence with the people who clicked at each link, for the frame of its page."""
    from include.orchestration.console import mail

    return HTMLResponse(mail(run[:200]), headers={"Content-Security-Policy": f"{PREVIEW_POLICY}; sandbox"})


@console.get("/console/{view}")
def console_view(view: str, request: Request) -> Response:
    """A page of the console (include/publish/console/views/), by the query of its address. 404 if there is none."""
    from include.core import clock
    from include.core.errors import ConfigurationError
    from include.core.paths import data_paths
    from include.orchestration.console import live
    from include.publish.console.render import console_page

    try:
        page = console_page(data_paths(), view, dict(request.query_params), clock.now(), live)
    except ConfigurationError as error:
        return JSONResponse({"detail": error.what, "remedy": error.remedy}, status_code=404)
    return HTMLResponse(page, headers={"Content-Security-Policy": CONSOLE_POLICY})


@console.get("/campaigns")
def campaigns() -> Response:
    """The rows of marts.campaign_performance that the report shows, as JSON. 404 before the first publish."""
    from include.core.paths import data_paths
    from include.publish.views import campaign_rows

    return _json(campaign_rows, data_paths())


@console.get("/manifest")
def manifest() -> Response:
    """The published manifest: build, time, tables, hashes. 404 before the first publish."""
    from include.core.paths import data_paths
    from include.publish.views import published_manifest

    return _json(published_manifest, data_paths())


def _json(read: Any, paths: Any) -> Response:
    from include.core.errors import PublishError

    try:
        return JSONResponse(read(paths))
    except PublishError as error:
        return JSONResponse({"detail": error.what, "remedy": error.remedy}, status_code=404)


def _icon(path: str, colour: str) -> str:
    drawn = (
        f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'/>"
    )
    return "data:image/svg+xml," + quote(f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='2 2 20 20'>{drawn}</svg>")


def _view(name: str, route: str, icon: str) -> dict[str, Any]:
    """A menu entry that shows one of the pages in a frame, below the base path of Airflow."""
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return {
        "name": name,
        "href": f"{base}{PREFIX}/{route}",
        "destination": "nav",
        "url_route": f"tradewind-{route}",
        "nav_top_level": True,
        "icon": _icon(icon, INK),
        "icon_dark_mode": _icon(icon, INK_ON_DARK),
    }


class TradewindConsole(AirflowPlugin):
    """Registers the console and its menu entries."""

    name = "tradewind_console"
    fastapi_apps = [{"name": "Tradewind console", "app": console, "url_prefix": PREFIX}]
    external_views = [
        _view("Console", "console", "M4 5h16v14H4zM4 10h16M9 10v9"),
        _view("Mail report", "report", "M4 20h16M7 16v-5M12 16V6M17 16v-8"),
        _view("Journeys", "journeys", "M5 5h6v5H5zM13 14h6v5h-6zM8 10v6.5h5"),
        _view("Quality", "quality", "M5 12l4.5 4.5L19 7"),
        _view("Audit", "audit", "M12 3l7 3v5c0 4.5-3 8-7 10c-4-2-7-5.5-7-10V6zM9 12l2 2l4-4"),
        _view("Calendar", "calendar", "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5"),
        _view("Previews", "previews", "M4 6h16v12H4zM4 7l8 6l8-6"),
    ]
