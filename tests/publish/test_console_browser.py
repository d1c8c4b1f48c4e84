"""The console in Chromium: charts drawn under its policy, no scrolling sideways, WCAG, keyboard, both schemes and widths."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from include.core.paths import DataPaths
from include.publish.console.render import console_page
from include.publish.console.scripts import asset
from include.publish.console.view import views
from plugins.console import CONSOLE_POLICY

CHROMIUM = Path("/usr/bin/chromium")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADDRESSES = {"campaign": "campaign?run=winback%2F2026-11", "person": "person?subscriber=s000012"}
INSPECTED = ("overview", "campaign", "deliverability", "person")
"""Pages with every kind of block: all are written by one template, and axe takes seconds for each."""
SETTINGS = ((1280, "light"), (375, "dark"))
HIDDEN = """[...document.querySelectorAll('.scroll, .chart')]
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.ariaLabel)"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def url(published: DataPaths) -> Iterator[str]:
    """The pages with the policy of the plugin, without Airflow, whose login has its own tests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            name = asked.path.rpartition("/")[2]
            found = asset(name) if "/static/" in asked.path else None
            if found is None and name in views():
                found = console_page(published, name, dict(parse_qsl(asked.query)), NOW), "text/html; charset=utf-8"
            text, kind = found or ("<!doctype html><p>The mail", "text/html")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", CONSOLE_POLICY)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/console"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.parametrize(("width", "scheme"), SETTINGS)
def test_every_page_draws_fits_and_is_accessible(browser: Any, url: str, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    errors, hosts, wrong = list[str](), set[str | None](), list[Any]()
    page.set_default_timeout(120_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    for view in views():
        page.goto(f"{url}/{ADDRESSES.get(view, view)}", wait_until="domcontentloaded")
        for chart in page.locator(".chart").all():
            chart.locator("svg").first.wait_for(state="attached")
        wrong += [(view, "cut off", each) for each in page.evaluate(HIDDEN)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append((view, "scrolls sideways"))
        if view not in INSPECTED:
            continue
        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}).response["violations"]
        wrong += [(view, each["id"], node["target"], node["failureSummary"]) for each in found for node in each["nodes"]]
    page.close()
    assert wrong == []
    assert errors == []
    assert hosts <= {"127.0.0.1", None}


def test_filters_work_by_keyboard_and_are_in_the_address(browser: Any, url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(f"{url}/campaigns", wait_until="domcontentloaded")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.locator("select[name=campaign]").focus()
    page.keyboard.type("winback")
    page.locator("button[type=submit]").focus()
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.keyboard.press("Enter")
    assert "campaign=winback" in page.url
    assert page.locator("select[name=campaign]").input_value() == "winback"
    assert page.locator("#address").evaluate("each => each.href") == page.url
    page.close()
