"""The console in a running Airflow: it is behind the login and in the menu, and reads only published files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.core.paths import PROJECT
from tests.plugins.conftest import Airflow

PAGES = (
    "report",
    "console/overview",
    "console/campaign?run=winback%2F2026-11",
    "journeys",
    "quality",
    "campaigns",
    "manifest",
    "calendar",
    "previews",
    "previews/spring/manual-1.html",
)
CHROMIUM = Path("/usr/bin/chromium")


@pytest.mark.parametrize("page", [*PAGES, "nothing", "docs", "openapi.json", ""])
def test_every_page_requires_a_login(airflow: Airflow, page: str) -> None:
    for cookie in (None, "forged.token.here"):
        status, _, body = airflow.get(f"/tradewind/{page}", cookie=cookie)
        assert status in {401, 403, 404}
        assert status != 404 or page not in PAGES
        assert "newsletter" not in body


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_has_access_by_cookie_and_bearer_token(airflow: Airflow, page: str) -> None:
    for status, headers, body in (
        airflow.get(f"/tradewind/{page}", cookie=airflow.token),
        airflow.get(f"/tradewind/{page}", token=airflow.token),
    ):
        assert status == 200
        assert body
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_show_the_published_data(airflow: Airflow) -> None:
    published = json.loads((airflow.paths.published / "manifest.json").read_text())
    assert json.loads(airflow.get("/tradewind/manifest", token=airflow.token)[2]) == published
    rows = json.loads(airflow.get("/tradewind/campaigns", token=airflow.token)[2])
    assert {row["campaign"] for row in rows} == {"newsletter", "winback", "welcome"}
    assert airflow.get("/tradewind/report", token=airflow.token)[2] == (airflow.paths.published / "report.html").read_text()
    assert "All valid" in airflow.get("/tradewind/quality", token=airflow.token)[2]


def test_previews_are_listed_and_shown_with_the_images_of_their_mails(airflow: Airflow) -> None:
    listed = airflow.get("/tradewind/previews", token=airflow.token)[2]
    assert listed.index("Spring &amp; more") < listed.index("Older")
    assert 'href="previews/spring/manual-1.html"' in listed
    status, headers, body = airflow.get("/tradewind/previews/spring", token=airflow.token)
    assert (status, "<h1>Newest</h1>" in body) == (200, True), "redirects to the campaign's newest"
    assert airflow.get("/tradewind/previews/spring/manual-1/mail-1.png", token=airflow.token)[2] == "a picture"
    assert "img-src data: https:" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]


def test_the_calendar_compares_what_is_planned_with_the_accounts_limits(airflow: Airflow) -> None:
    """The limit is Airflow's variable account_daily_cap, as the API server reads it."""
    page = airflow.get("/tradewind/calendar", token=airflow.token)[2]
    assert "of 10 allowed" in page
    assert "The weekly letter" in page


@pytest.mark.parametrize(
    "path",
    [
        "../published/analytics.duckdb", "..%2f..%2fsecrets.json", "report/../../secrets.json", "%2e%2e/x",
        "previews/..%2f..%2f/secrets.json", "previews/../secrets.json", "previews/spring/..%2f..%2fsecrets.json",
        "previews/spring/leak.html", "previews/.../manual-1.html", "previews/unknown", "previews/spring/manual-2.html",
        "previews/spring/manual-1/..%2fmail-1.png", "previews/spring/manual-1/mail-2.png", "previews/spring/../mail-1.png",
    ],
)  # fmt: skip
def test_other_files_are_not_served(airflow: Airflow, path: str) -> None:
    assert airflow.get(f"/tradewind/{path}", token=airflow.token)[0] == 404


def test_the_menu_has_the_console_and_only_two_plugins_are_loaded(airflow: Airflow) -> None:
    status, _, body = airflow.get("/api/v2/plugins", token=airflow.token)
    ours = [plugin for plugin in json.loads(body)["plugins"] if plugin["name"] == "tradewind_console"]
    assert status in {200, 403}
    assert status == 403 or [view["url_route"] for view in ours[0]["external_views"]] == [
        "tradewind-console",
        "tradewind-report",
        "tradewind-journeys",
        "tradewind-quality",
        "tradewind-audit",
        "tradewind-calendar",
        "tradewind-previews",
    ]
    loaded = {path.name for path in (PROJECT / "plugins").glob("**/*.py")}
    assert loaded == {"console.py", "deadlines.py", "airflow_local_settings.py"}


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)")
def test_the_report_opens_from_the_menu(airflow: Airflow, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{airflow.url}/auth/login/")
        page.locator("input[name=username]").fill("vera")
        page.locator("input[name=password]").fill("view")
        page.locator("button[type=submit]").click()
        page.get_by_role("link", name="Mail report").click(timeout=60_000)
        report = page.frame_locator("iframe[title='Mail report']")
        report.locator("#chart-funnel svg").wait_for(timeout=90_000)
        assert report.locator("h1").inner_text() == "Mail report"
        assert report.locator(".chart svg").count() == report.locator(".chart").count()
        page.screenshot(path=tmp_path / "report.png")
        browser.close()
