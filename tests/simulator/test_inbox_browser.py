"""The inbox in Chromium, at the width of a phone and of a desktop, in light and dark: accessible; a mail in it runs nothing.

After `make run`, `SCREENSHOTS=docs/images INBOX=http://127.0.0.1:8082 pytest tests/simulator/test_inbox_browser.py` renews
the pictures of README.md and docs/simulator.md with the mail of the demo shop.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.simulator.test_inbox import BODY

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")

CHROMIUM = Path("/usr/bin/chromium")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "iframes": False}
SHOWN = "/inbox?campaign=newsletter&q=hello"
"""What is shown: the mail of the newsletter in English."""
LONG = "A subject that is much longer than a phone is wide, as some people write them, [[name]]"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def inbox(idle: RunningSimulator) -> str:
    """The URL of a filled inbox."""
    idle.send(mail(3, subject=LONG, categories=["newsletter"]))
    body = mail(first=3)
    body["content"][1]["value"] = BODY + '<meta http-equiv="refresh" content="0; url=https://elsewhere.example/">'
    idle.send(body)
    return os.environ.get("INBOX", idle.base_url)


def faults_of(tab: Any) -> list[str]:
    """What axe finds, and whether the page is wider than the window."""
    found = axe.Axe().run(tab, options=RULES).response
    assert len(found["passes"]) > 10
    wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    nodes = [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]
    return nodes + ([f"{wide} pixels too wide"] if wide > 0 else [])


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")])
def test_pages_are_accessible_in_each_width_and_scheme(browser: Any, inbox: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab, folder = context.new_page(), os.environ.get("SCREENSHOTS")
    steps = {"inbox": SHOWN, "inbox-message": None, "headers": "Headers", "text": "Text", "none": "/inbox?q=zzz"}
    for name, step in steps.items():
        if step is None:
            tab.goto(inbox + SHOWN)
            tab.locator(".messages a").first.click()
            tab.frame_locator("iframe").locator("a").first.wait_for()
        elif step.startswith("/"):
            tab.goto(inbox + step)
        else:
            with tab.expect_navigation(wait_until="load"):  # A click alone returns before the style sheet is there.
                tab.get_by_role("link", name=step, exact=True).click()
        assert faults_of(tab) == [], name
        if folder and name in ("inbox", "inbox-message"):
            tab.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png")
    context.close()


def test_a_mail_runs_no_script_loads_nothing_and_leads_nowhere(browser: Any, inbox: str) -> None:
    context = browser.new_context()
    tab, asked = context.new_page(), list[Any]()
    tab.on("request", lambda request: asked.append(request))
    tab.goto(f"{inbox}/inbox")
    tab.locator(".messages a").first.click()
    mail_frame = tab.frame_locator("iframe")
    mail_frame.get_by_role("link", name="New").wait_for()
    tab.wait_for_timeout(300)
    assert {one.url: one.failure for one in asked if not one.url.startswith(inbox)} == {
        "https://tracker.example/p.gif": "csp"
    }
    assert mail_frame.locator("title").text_content() == "no preheader"
    assert mail_frame.get_by_role("heading", name="Autumn").count() == 1
    context.close()
